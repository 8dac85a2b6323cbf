//! Faults on demand: what can go wrong between a client and AWS, set with `--fault SPEC` or the control endpoint.
//!
//! A spec is `KIND[:TARGET][=VALUE][#TIMES]`: `throttle`, `deny:DescribeTasks`, `latency:ListServices=250ms`, `cut#2`.
//! A target is an operation (`*` or none: all of them) or a field of the answers; without `#TIMES` a fault stays until
//! it is removed. [`kinds`] lists them all.

mod distort;
mod session;
mod strike;

use std::{fmt, str::FromStr, time::Duration};

use super::quota;

pub use distort::{Distortion, LONG_REASON};
pub use session::SessionFault;
pub use strike::{Ending, Faults, Interruption, Strike};

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// Lets this many requests per second through; none if absent.
    Throttle(Option<f64>),
    Deny,
    /// The same, with its reason encoded.
    DenyEncoded,
    Expired,
    ServerError,
    Unavailable,
    Http500,
    Latency(Duration),
    Hang,
    Cut,
    /// The endpoint's clock is ahead by this many milliseconds.
    Skew(i64),
    Distort(Distortion),
    /// Disturbs open Live Tail sessions.
    Interrupt(Interruption),
    /// Disturbs sessions in containers.
    Session(SessionFault),
}

/// What a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Operation,
    Field,
    /// A field that has to be named.
    NamedField,
    Everything,
}

/// A kind of fault, as it is named and explained.
#[derive(Debug)]
pub struct KindInfo {
    pub name: &'static str,
    /// The spec's form, for help and messages.
    pub usage: &'static str,
    pub help: &'static str,
    aim: Aim,
    /// Creates the kind from a field target and a value; `None` if the value is invalid.
    make: fn(Option<&str>, Option<&str>) -> Option<Kind>,
}

/// Every kind of fault: parser, help and documentation use this.
pub fn kinds() -> impl Iterator<Item = &'static KindInfo> {
    KINDS.iter().chain(&session::KINDS)
}

/// Faults of requests, and of Live Tail.
#[rustfmt::skip]
const KINDS: &[KindInfo] = &[
    KindInfo { name: "throttle", usage: "throttle[:OPERATION][=N/s]", aim: Aim::Operation,
        help: "ThrottlingException; with a rate, for all requests above it",
        make: |_, value| match value {
            None => Some(Kind::Throttle(None)),
            Some(rate) => Some(Kind::Throttle(Some(positive(rate.strip_suffix("/s")?)?))),
        } },
    KindInfo { name: "deny", usage: "deny[:OPERATION]", aim: Aim::Operation,
        help: "AccessDeniedException, naming the missing action",
        make: |_, value| bare(value, Kind::Deny) },
    KindInfo { name: "deny-encoded", usage: "deny-encoded[:OPERATION]", aim: Aim::Operation,
        help: "AccessDeniedException with an encoded reason, for DecodeAuthorizationMessage",
        make: |_, value| bare(value, Kind::DenyEncoded) },
    KindInfo { name: "expired", usage: "expired[:OPERATION]", aim: Aim::Operation,
        help: "ExpiredTokenException: the credentials have expired",
        make: |_, value| bare(value, Kind::Expired) },
    KindInfo { name: "server-error", usage: "server-error[:OPERATION]", aim: Aim::Operation,
        help: "HTTP 500 with AWS's ServerException",
        make: |_, value| bare(value, Kind::ServerError) },
    KindInfo { name: "unavailable", usage: "unavailable[:OPERATION]", aim: Aim::Operation,
        help: "HTTP 503 with AWS's ServiceUnavailableException",
        make: |_, value| bare(value, Kind::Unavailable) },
    KindInfo { name: "http500", usage: "http500[:OPERATION]", aim: Aim::Operation,
        help: "HTTP 500 with an HTML page, as a proxy sends it",
        make: |_, value| bare(value, Kind::Http500) },
    KindInfo { name: "latency", usage: "latency[:OPERATION]=DURATION", aim: Aim::Operation,
        help: "answers this much later (250ms, 2s)",
        make: |_, value| duration(value?).map(Kind::Latency) },
    KindInfo { name: "hang", usage: "hang[:OPERATION]", aim: Aim::Operation,
        help: "takes the request and never answers",
        make: |_, value| bare(value, Kind::Hang) },
    KindInfo { name: "cut", usage: "cut[:OPERATION]", aim: Aim::Operation,
        help: "closes the connection instead of answering",
        make: |_, value| bare(value, Kind::Cut) },
    KindInfo { name: "truncate", usage: "truncate[:OPERATION]", aim: Aim::Operation,
        help: "closes the connection halfway through the body",
        make: |_, value| bare(value, Kind::Distort(Distortion::Truncate)) },
    KindInfo { name: "malformed", usage: "malformed[:OPERATION]", aim: Aim::Operation,
        help: "answers 200 with a body that is not JSON",
        make: |_, value| bare(value, Kind::Distort(Distortion::Malformed)) },
    KindInfo { name: "omit", usage: "omit[:FIELD][=N%]", aim: Aim::Field,
        help: "omits the field everywhere; without a field, any nested one with a chance of N (10) percent",
        make: |field, value| {
            let percent = match value {
                Some(percent) => percent.strip_suffix('%')?.parse().ok().filter(|percent| (1..=100).contains(percent))?,
                None if field.is_some() => 100,
                None => 10,
            };
            Some(Kind::Distort(Distortion::Omit { field: field.map(str::to_owned), percent }))
        } },
    KindInfo { name: "unknown", usage: "unknown:FIELD[=TEXT]", aim: Aim::NamedField,
        help: "sets the field to an unknown value (FROBNICATING)",
        make: |field, value| Some(Kind::Distort(Distortion::Unknown {
            field: field?.to_owned(),
            text: value.unwrap_or("FROBNICATING").to_owned(),
        })) },
    KindInfo { name: "long-reason", usage: "long-reason", aim: Aim::Everything,
        help: "makes every stoppedReason five lines and 900 characters long",
        make: |_, value| bare(value, Kind::Distort(Distortion::LongReason)) },
    KindInfo { name: "skew", usage: "skew=[-]DURATION", aim: Aim::Everything,
        help: "sets the endpoint's clock ahead (or back); signatures more than 5 minutes off are refused",
        make: |_, value| {
            let (sign, amount) = value?.strip_prefix('-').map_or((1, value?), |amount| (-1, amount));
            Some(Kind::Skew(sign * i64::try_from(duration(amount)?.as_millis()).ok()?))
        } },
    KindInfo { name: "empty-page", usage: "empty-page", aim: Aim::Everything,
        help: "FilterLogEvents returns an empty page before its events",
        make: |_, value| bare(value, Kind::Distort(Distortion::EmptyPage)) },
    KindInfo { name: "tail-cut", usage: "tail-cut", aim: Aim::Everything,
        help: "cuts the connection of Live Tail sessions, at their next update",
        make: |_, value| bare(value, Kind::Interrupt(Interruption::Cut)) },
    KindInfo { name: "tail-silent", usage: "tail-silent", aim: Aim::Everything,
        help: "Live Tail sessions send nothing, not even empty updates",
        make: |_, value| bare(value, Kind::Interrupt(Interruption::Silent)) },
    KindInfo { name: "tail-broken", usage: "tail-broken", aim: Aim::Everything,
        help: "ends Live Tail sessions with SessionStreamingException",
        make: |_, value| bare(value, Kind::Interrupt(Interruption::Broken)) },
    KindInfo { name: "tail-timeout", usage: "tail-timeout", aim: Aim::Everything,
        help: "ends Live Tail sessions with SessionTimeoutException, as AWS does after three hours",
        make: |_, value| bare(value, Kind::Interrupt(Interruption::TimedOut)) },
];

/// A kind that takes no value.
fn bare(value: Option<&str>, kind: Kind) -> Option<Kind> {
    value.is_none().then_some(kind)
}

fn positive(number: &str) -> Option<f64> {
    number.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
}

/// A duration as jiff reads it, at most a year: `250ms`, `2s`, `1m30s`.
fn duration(text: &str) -> Option<Duration> {
    let duration: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(duration).ok().filter(|duration| *duration <= Duration::from_hours(24 * 365))
}

/// A fault: its kind, its operation and its remaining count.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    kind: Kind,
    /// `None`: every operation.
    operation: Option<String>,
    /// Number of requests it still applies to; `None`: until it is removed.
    times: Option<u32>,
    /// The spec without the count.
    spec: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec)?;
        self.times.map_or(Ok(()), |times| write!(f, "#{times}"))
    }
}

/// Why a fault spec is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("no fault {0:?}; there are {names}", names = names())]
    Kind(String),
    #[error("no operation {name:?} in {spec:?}; the nearest are {nearest}", nearest = nearest(name))]
    Operation { spec: String, name: String },
    #[error("{spec:?} is not of the form {usage}[#TIMES]")]
    Form { spec: String, usage: &'static str },
    #[error("{times:?} in {spec:?} is no number of times: a whole number above 0")]
    Times { spec: String, times: String },
}

fn names() -> String {
    kinds().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

/// The three operations with the most similar names.
fn nearest(name: &str) -> String {
    let alike = |other: &str| name.chars().zip(other.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let mut operations: Vec<_> = quota::operations().collect();
    operations.sort_by_key(|operation| (std::cmp::Reverse(alike(operation)), operation.len()));
    operations[..3].join(", ")
}

impl FromStr for Fault {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (spec, times) = match text.rsplit_once(['#', '×']) {
            Some((spec, times)) => (spec.trim(), Some(times.trim())),
            None => (text.trim(), None),
        };
        let (head, value) = spec.split_once('=').map_or((spec, None), |(head, value)| (head, Some(value)));
        let (name, target) = head.split_once(':').map_or((head, None), |(name, target)| (name, Some(target)));
        let info = kinds().find(|kind| kind.name == name).ok_or_else(|| ParseError::Kind(name.to_owned()))?;

        let form = || ParseError::Form { spec: spec.to_owned(), usage: info.usage };
        let target = target.filter(|target| *target != "*");
        let (operation, field) = match (info.aim, target) {
            (_, Some("")) | (Aim::NamedField, None) | (Aim::Everything, Some(_)) => return Err(form()),
            (Aim::Operation, Some(name)) if !quota::operations().any(|operation| operation == name) => {
                return Err(ParseError::Operation { spec: spec.to_owned(), name: name.to_owned() });
            }
            (Aim::Operation, operation) => (operation, None),
            (_, field) => (None, field),
        };
        let times = match times {
            None => None,
            Some(times) => Some(
                times
                    .parse()
                    .ok()
                    .filter(|times| *times > 0)
                    .ok_or_else(|| ParseError::Times { spec: text.to_owned(), times: times.to_owned() })?,
            ),
        };
        let kind = (info.make)(field, value).ok_or_else(form)?;
        Ok(Fault { kind, operation: operation.map(str::to_owned), times, spec: spec.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("throttle", Kind::Throttle(None), None, None)]
    #[case("throttle:ListTasks=2/s", Kind::Throttle(Some(2.0)), Some("ListTasks"), None)]
    #[case("throttle#3", Kind::Throttle(None), None, Some(3))]
    #[case("deny:DescribeTasks", Kind::Deny, Some("DescribeTasks"), None)]
    #[case("http500:*", Kind::Http500, None, None)]
    #[case("latency:ListServices=250ms", Kind::Latency(Duration::from_millis(250)), Some("ListServices"), None)]
    #[case("latency=1m30s×2", Kind::Latency(Duration::from_secs(90)), None, Some(2))]
    #[case("cut#1", Kind::Cut, None, Some(1))]
    #[case("omit", Kind::Distort(Distortion::Omit { field: None, percent: 10 }), None, None)]
    #[case("omit:startedAt", Kind::Distort(Distortion::Omit { field: Some("startedAt".into()), percent: 100 }), None, None)]
    #[case("omit=25%", Kind::Distort(Distortion::Omit { field: None, percent: 25 }), None, None)]
    #[case("unknown:lastStatus", Kind::Distort(Distortion::Unknown { field: "lastStatus".into(), text: "FROBNICATING".into() }), None, None)]
    #[case("long-reason", Kind::Distort(Distortion::LongReason), None, None)]
    #[case("skew=10m", Kind::Skew(600_000), None, None)]
    #[case("skew=-1s", Kind::Skew(-1_000), None, None)]
    fn specs_are_parsed(
        #[case] spec: &str,
        #[case] kind: Kind,
        #[case] operation: Option<&str>,
        #[case] times: Option<u32>,
    ) {
        let fault: Fault = spec.parse().unwrap();
        assert_eq!((&fault.kind, fault.operation.as_deref(), fault.times), (&kind, operation, times));
        assert_eq!(fault.to_string(), spec.replace('×', "#"));
        assert_eq!(fault.to_string().parse(), Ok(fault));
    }

    #[rstest]
    #[case("throtle", "no fault \"throtle\"; there are throttle, deny, deny-encoded, expired,")]
    #[case("", "no fault \"\"; there are")]
    #[case("deny:DescribeTask", "the nearest are DescribeTasks, DescribeTaskSets, DescribeTaskDefinition")]
    #[case("deny:", "\"deny:\" is not of the form deny[:OPERATION][#TIMES]")]
    #[case("deny=yes", "is not of the form deny[:OPERATION]")]
    #[case("latency", "is not of the form latency[:OPERATION]=DURATION")]
    #[case("latency=fast", "is not of the form latency[:OPERATION]=DURATION")]
    #[case("latency=-1s", "is not of the form latency[:OPERATION]=DURATION")]
    #[case("throttle=0/s", "is not of the form throttle[:OPERATION][=N/s]")]
    #[case("throttle=nan/s", "is not of the form throttle")]
    #[case("omit=101%", "is not of the form omit[:FIELD][=N%]")]
    #[case("unknown", "is not of the form unknown:FIELD[=TEXT]")]
    #[case("long-reason:x", "is not of the form long-reason[#TIMES]")]
    #[case("cut#0", "\"0\" in \"cut#0\" is no number of times")]
    #[case("cut#many", "\"many\" in \"cut#many\" is no number of times")]
    fn an_invalid_spec_is_refused_with_the_valid_form(#[case] spec: &str, #[case] message: &str) {
        let error = spec.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn every_kind_has_its_own_name_and_an_explanation() {
        for kind in kinds() {
            assert!(kind.usage.starts_with(kind.name) && !kind.help.is_empty());
            assert_eq!(kinds().filter(|other| other.name == kind.name).count(), 1);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Fault>();
        }

        #[test]
        fn no_text_that_begins_like_a_spec_makes_it_panic(kind in 0..kinds().count(), rest in "[:=#×*%/smh.0-9a-zA-Z-]{0,12}") {
            let _ = format!("{}{rest}", kinds().nth(kind).unwrap().name).parse::<Fault>();
        }
    }
}
