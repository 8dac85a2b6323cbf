//! Which faults apply to a request.

use std::time::Duration;

use tokio::time::Instant;

use super::{Distortion, Fault, Kind};
use crate::demo::{
    quota::{self, Bucket},
    sts,
    wire::{ApiError, Call},
};

/// The effect of all faults on one request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strike {
    /// Delay of the answer.
    pub delay: Duration,
    /// How far ahead the endpoint's clock is, in milliseconds.
    pub skew_ms: i64,
    pub ending: Ending,
    /// Distortions of a successful answer, in order.
    pub distortions: Vec<Distortion>,
}

/// How a request ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Ending {
    /// Normally.
    #[default]
    Answer,
    Refuse(ApiError),
    /// An HTML page with HTTP 500.
    Html,
    /// Never answered.
    Hang,
    /// The connection is cut.
    Cut,
}

/// A disturbance of an open Live Tail session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    Cut,
    Silent,
    Broken,
    TimedOut,
}

/// The faults in force, in the order they were added.
#[derive(Debug, Default)]
pub struct Faults {
    pub(super) active: Vec<Active>,
}

#[derive(Debug)]
pub(super) struct Active {
    pub(super) fault: Fault,
    /// The requests that a throttle lets through.
    bucket: Option<Bucket>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault, now: Instant) {
        let bucket = match fault.kind {
            Kind::Throttle(Some(rate)) => Some(Bucket::full(rate.max(1.0), rate, now)),
            _ => None,
        };
        self.active.push(Active { fault, bucket });
    }

    /// Removes a fault, whatever its remaining count; returns whether it was there.
    pub fn remove(&mut self, fault: &Fault) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.fault.spec != fault.spec);
        self.active.len() < before
    }

    /// Removes all faults.
    pub fn clear(&mut self) {
        self.active.clear();
    }

    /// The faults in force, each with its remaining count.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.active.iter().map(|active| &active.fault)
    }

    /// The effect on a request by `caller` (an ARN). The first fault that ends the request decides; faults that don't
    /// get to apply keep their count.
    pub fn strike(&mut self, call: &Call, caller: &str, now: Instant) -> Strike {
        let mut strike = Strike::default();
        for Active { fault, bucket } in &mut self.active {
            if fault.operation.as_ref().is_some_and(|operation| *operation != call.operation) {
                continue;
            }
            let ended = strike.ending != Ending::Answer;
            match &fault.kind {
                Kind::Latency(delay) => strike.delay += *delay,
                Kind::Skew(skew_ms) => strike.skew_ms += skew_ms,
                Kind::Interrupt(_) | Kind::Session(_) => continue,
                _ if ended => continue,
                Kind::Distort(distortion) => strike.distortions.push(distortion.clone()),
                Kind::Throttle(_) if bucket.as_mut().is_some_and(|bucket| bucket.take(now)) => continue,
                Kind::Throttle(_) => strike.ending = Ending::Refuse(quota::throttled()),
                Kind::Deny => strike.ending = Ending::Refuse(denied(call, caller)),
                Kind::DenyEncoded => strike.ending = Ending::Refuse(denied_encoded(call, caller)),
                Kind::Expired => strike.ending = Ending::Refuse(expired()),
                Kind::ServerError => strike.ending = Ending::Refuse(server_error()),
                Kind::Unavailable => strike.ending = Ending::Refuse(unavailable()),
                Kind::Http500 => strike.ending = Ending::Html,
                Kind::Hang => strike.ending = Ending::Hang,
                Kind::Cut => strike.ending = Ending::Cut,
            }
            fault.times = fault.times.map(|times| times - 1);
        }
        self.active.retain(|active| active.fault.times != Some(0));
        strike
    }

    /// The effect on the next update of a Live Tail session.
    pub fn interrupt(&mut self) -> Option<Interruption> {
        let found = self.active.iter_mut().find_map(|active| match active.fault.kind {
            Kind::Interrupt(interruption) => {
                active.fault.times = active.fault.times.map(|times| times - 1);
                Some(interruption)
            }
            _ => None,
        });
        self.active.retain(|active| active.fault.times != Some(0));
        found
    }
}

fn denied(call: &Call, caller: &str) -> ApiError {
    let action = format!("{}:{}", call.service, call.operation);
    let message = format!(
        "User: {caller} is not authorized to perform: {action} on resource: * because no identity-based policy allows \
         the {action} action"
    );
    ApiError::client("AccessDeniedException", message)
}

fn denied_encoded(call: &Call, caller: &str) -> ApiError {
    let reason = sts::encode_denial(caller, &format!("{}:{}", call.service, call.operation));
    let message =
        format!("You are not authorized to perform this operation. Encoded authorization failure message: {reason}");
    ApiError::client("AccessDeniedException", message)
}

fn expired() -> ApiError {
    ApiError::client("ExpiredTokenException", "The security token included in the request is expired")
}

fn server_error() -> ApiError {
    let message = "Service Unavailable. Please try again later.";
    ApiError { status: 500, ..ApiError::client("ServerException", message) }
}

fn unavailable() -> ApiError {
    let message = "The request has failed due to a temporary failure of the server.";
    ApiError { status: 503, ..ApiError::client("ServiceUnavailableException", message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::wire::Service;

    const CALLER: &str = "arn:aws:sts::123456789012:assumed-role/demo/console";

    fn faults(specs: &[&str]) -> (Faults, Instant) {
        let (mut faults, now) = (Faults::default(), Instant::now());
        specs.iter().for_each(|spec| faults.add(spec.parse().unwrap(), now));
        (faults, now)
    }

    fn call(operation: &str) -> Call {
        Call { service: Service::Ecs, operation: operation.into() }
    }

    fn code(strike: &Strike) -> &str {
        match &strike.ending {
            Ending::Refuse(error) => error.code,
            _ => "",
        }
    }

    #[test]
    fn a_denial_names_caller_and_action() {
        let (mut faults, now) = faults(&["deny:DescribeServices"]);
        let Ending::Refuse(error) = faults.strike(&call("DescribeServices"), CALLER, now).ending else { panic!() };
        assert_eq!(
            error.message,
            "User: arn:aws:sts::123456789012:assumed-role/demo/console is not authorized to perform: \
             ecs:DescribeServices on resource: * because no identity-based policy allows the ecs:DescribeServices action"
        );
        assert_eq!(faults.strike(&call("ListServices"), CALLER, now), Strike::default());
    }

    #[test]
    fn the_count_of_a_fault_is_used_up_only_when_it_applies() {
        let (mut faults, now) = faults(&["expired#2", "throttle:ListTasks#1"]);
        let seen: Vec<_> = (0..4).map(|_| code(&faults.strike(&call("ListTasks"), CALLER, now)).to_owned()).collect();
        assert_eq!(seen, ["ExpiredTokenException", "ExpiredTokenException", "ThrottlingException", ""]);
        assert_eq!(faults.iter().count(), 0);
    }

    #[test]
    fn a_throttle_with_a_rate_lets_that_rate_through() {
        let (mut faults, now) = faults(&["throttle=2/s"]);
        let mut passed =
            |at| (0..10).filter(|_| faults.strike(&call("ListTasks"), CALLER, at).ending == Ending::Answer).count();
        assert_eq!(passed(now), 2);
        assert_eq!(passed(now + Duration::from_secs(1)), 2);
        assert_eq!(passed(now + Duration::from_millis(1500)), 1);
    }

    #[test]
    fn delays_add_up_and_precede_the_end() {
        let (mut faults, now) = faults(&["cut", "latency=1s", "latency:ListTasks=500ms", "truncate", "skew=-2s"]);
        let strike = faults.strike(&call("ListTasks"), CALLER, now);
        assert_eq!((strike.delay, strike.ending), (Duration::from_millis(1500), Ending::Cut));
        assert_eq!((strike.skew_ms, strike.distortions.len()), (-2000, 0));
    }

    #[test]
    fn a_fault_is_removed_by_its_spec() {
        let (mut faults, _) = faults(&["cut#5", "hang"]);
        assert!(faults.remove(&"cut".parse().unwrap()));
        assert!(!faults.remove(&"cut".parse().unwrap()));
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hang"]);
    }
}
