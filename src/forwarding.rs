//! Port forwards as plain data: what is asked for, and how it goes. [`crate::session::forwarder`] carries the connections.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, de};

use crate::{
    aws::{Access, Identity},
    resource::{
        container::ExecTarget,
        format::{duration, short_id},
    },
};

/// The ports of a forward: `PORT`, `LOCAL:PORT`, `HOST:PORT` or `LOCAL:HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForwardPorts {
    /// The port on this machine, 0 for any free one. Absent: the same as the remote one if it can be used, or else any.
    pub local: Option<u16>,
    /// A host that the task reaches; absent for the task itself.
    pub host: Option<String>,
    /// The port there.
    pub port: u16,
}

/// Forms of [`ForwardPorts`], for messages.
const FORMS: &str = "try 8080, 5000:8080, db.internal:5432 or 5000:db.internal:5432";

impl FromStr for ForwardPorts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("invalid ports `{text}`; {FORMS}");
        let (before, port) = text.rsplit_once(':').map_or(("", text), |(before, port)| (before, port));
        let port = parse_port(port).filter(|port| *port > 0);
        let port = port.ok_or_else(|| match text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            true => format!("`{text}` is out of range; expected a port from 1 to 65535"),
            false => invalid(),
        })?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (local, host) = match before.split_once(':') {
            _ if before.is_empty() && !text.contains(':') => (None, None),
            _ if is_number(before) => (Some(before), None),
            // A colon in brackets belongs to an IPv6 address.
            Some((local, host)) if !local.starts_with('[') => (Some(local), Some(host)),
            _ => (None, Some(before)),
        };
        let local = local.map(|local| parse_port(local).ok_or_else(invalid)).transpose()?;
        let host = host.map(|host| parse_host(host).ok_or_else(invalid)).transpose()?;
        Ok(Self { local, host, port })
    }
}

fn parse_port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A host name or an address, without the brackets of an IPv6 address.
fn parse_host(text: &str) -> Option<String> {
    let host = match text.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(address) => address.filter(|address| address.contains(':'))?,
        None => Some(text).filter(|text| !text.contains(':'))?,
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    (!host.is_empty() && host.bytes().all(allowed)).then(|| host.to_owned())
}

impl fmt::Display for ForwardPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(local) = self.local {
            write!(f, "{local}:")?;
        }
        match &self.host {
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Some(host) => write!(f, "{host}:{}", self.port),
            None => write!(f, "{}", self.port),
        }
    }
}

impl ForwardPorts {
    /// The document of Systems Manager for them.
    pub fn document(&self) -> &'static str {
        match self.host {
            None => "AWS-StartPortForwardingSession",
            Some(_) => "AWS-StartPortForwardingSessionToRemoteHost",
        }
    }

    /// Its parameters.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let host = self.host.clone().map(|host| ("host", host));
        [("portNumber", self.port.to_string())].into_iter().chain(host).collect()
    }

    /// Where the connections end: `port 8080`, `db.internal:5432`.
    pub fn remote(&self) -> String {
        match &self.host {
            None => format!("port {}", self.port),
            Some(_) => Self { local: None, ..self.clone() }.to_string(),
        }
    }
}

/// The tasks that a forward may go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardSubject {
    /// One task, by ARN: its end is the end of the forward.
    Task(String),
    /// Any running task of a service, by name: another one takes over.
    Service(String),
    /// Any running task of a task definition family.
    Family(String),
}

impl fmt::Display for ForwardSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(arn) => write!(f, "task {}", short_id(arn)),
            Self::Service(name) => write!(f, "service {name}"),
            Self::Family(name) => write!(f, "family {name}"),
        }
    }
}

/// A forward of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SavedForward {
    #[serde(deserialize_with = "one_word")]
    pub name: String,
    pub cluster: String,
    /// A service or a task definition family: one of them is there.
    pub service: Option<String>,
    pub family: Option<String>,
    pub container: Option<String>,
    #[serde(deserialize_with = "remote_port")]
    pub port: u16,
    #[serde(deserialize_with = "host")]
    pub host: Option<String>,
    /// The port on this machine.
    pub local: Option<u16>,
}

impl SavedForward {
    pub fn ports(&self) -> ForwardPorts {
        ForwardPorts { local: self.local, host: self.host.clone(), port: self.port }
    }

    pub fn subject(&self) -> ForwardSubject {
        match (&self.service, &self.family) {
            (Some(service), _) => ForwardSubject::Service(service.clone()),
            (None, family) => ForwardSubject::Family(family.clone().unwrap_or_default()),
        }
    }

    /// What it does: `db.internal:5432 through service web in prod`.
    pub fn label(&self) -> String {
        format!("{} through {} in {}", self.ports().remote(), self.subject(), self.cluster)
    }

    /// What is wrong with it, besides the values of single keys.
    pub fn mistake(&self, others: &[Self]) -> Option<String> {
        let missing = [("name", self.name.is_empty()), ("cluster", self.cluster.is_empty()), ("port", self.port == 0)];
        if let Some((key, _)) = missing.into_iter().find(|(_, is_missing)| *is_missing) {
            return Some(format!("missing key `{key}`"));
        }
        match (&self.service, &self.family) {
            (Some(_), Some(_)) => Some("`service` and `family` exclude each other".to_owned()),
            (None, None) => Some("missing key `service` or `family`".to_owned()),
            _ => others.iter().any(|other| other.name == self.name).then(|| format!("`{}` is there twice", self.name)),
        }
    }
}

fn one_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match !name.is_empty() && !name.contains(char::is_whitespace) && name.parse::<ForwardPorts>().is_err() {
        true => Ok(name),
        false => Err(de::Error::custom(format!("`{name}` can't be a name; expected one word that is no port"))),
    }
}

fn remote_port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let port = i64::deserialize(deserializer)?;
    let valid = u16::try_from(port).ok().filter(|port| *port > 0);
    valid.ok_or_else(|| de::Error::custom(format!("{port} is out of range; expected 1 to 65535")))
}

fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let host = parse_host(&text).or_else(|| parse_host(&format!("[{text}]")));
    host.map(Some).ok_or_else(|| de::Error::custom(format!("invalid host `{text}`; expected a name or an address")))
}

/// A forward that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardRequest {
    /// The identity that it was asked for.
    pub identity: Arc<Identity>,
    /// The access mode that it began with. It keeps it, wherever the user looks meanwhile.
    pub access: Access,
    pub cluster: String,
    pub subject: ForwardSubject,
    /// The container to go through; absent for any that can be entered.
    pub container: Option<String>,
    pub ports: ForwardPorts,
}

impl ForwardRequest {
    /// Its name in a sentence: `db.internal:5432 through service web in prod`.
    pub fn label(&self) -> String {
        format!("{} through {} in {}", self.ports.remote(), self.subject, self.cluster)
    }
}

/// The counters of a forward at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ForwardCounts {
    /// Local connections that are open, and all there were.
    pub open: u64,
    pub connections: u64,
    /// How often the agent could not connect to the port.
    pub refused: u64,
    /// Bytes to the port, and bytes from it.
    pub sent: u64,
    pub received: u64,
}

/// What happens to a forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardNews {
    /// It listens at this local address.
    Listening(String),
    /// A session is being opened in this container.
    Opening(ExecTarget),
    /// Connections are carried through this container.
    Ready(ExecTarget),
    /// A local connection was accepted, the first one being 1.
    Connection(u64),
    /// There is no session for the moment, and why.
    Reconnecting(String),
    /// There is no session, and why: the next connection opens one.
    Idle(String),
    /// Something went wrong that did not end it.
    Problem(String),
    /// It has ended. Nothing follows.
    Ended(ForwardEnd),
}

/// How a forward has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardEnd {
    /// Why, in words.
    pub reason: String,
    /// Whether anything else than the user ended it.
    pub is_failure: bool,
}

impl ForwardEnd {
    /// The user has ended it.
    pub fn by_user() -> Self {
        Self { reason: "you ended the forward".to_owned(), is_failure: false }
    }

    pub fn failed(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_failure: true }
    }

    /// The journal's word, and the reason with how long it took in seconds.
    pub fn for_journal(&self, seconds: i64, was_ready: bool) -> (&'static str, String) {
        match was_ready {
            true => ("ended", format!("{} after {}", self.reason, duration(seconds))),
            false if self.is_failure => ("refused", self.reason.clone()),
            false => ("ended", self.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn ports(local: Option<u16>, host: Option<&str>, port: u16) -> ForwardPorts {
        ForwardPorts { local, host: host.map(str::to_owned), port }
    }

    #[rstest]
    #[case("80", ports(None, None, 80), "port 80")]
    #[case("8080:80", ports(Some(8080), None, 80), "port 80")]
    #[case("0:80", ports(Some(0), None, 80), "port 80")]
    #[case("db.internal:5432", ports(None, Some("db.internal"), 5432), "db.internal:5432")]
    #[case("5000:db.internal:5432", ports(Some(5000), Some("db.internal"), 5432), "db.internal:5432")]
    #[case("5000:10.0.0.7:5432", ports(Some(5000), Some("10.0.0.7"), 5432), "10.0.0.7:5432")]
    #[case("[fd00::1]:5432", ports(None, Some("fd00::1"), 5432), "[fd00::1]:5432")]
    #[case("5000:[fd00::1]:5432", ports(Some(5000), Some("fd00::1"), 5432), "[fd00::1]:5432")]
    fn ports_are_read_and_written(#[case] text: &str, #[case] expected: ForwardPorts, #[case] remote: &str) {
        assert_eq!(text.parse(), Ok(expected.clone()));
        assert_eq!((expected.to_string().as_str(), expected.remote().as_str()), (text, remote));
    }

    #[rstest]
    #[case("")]
    #[case(":80")]
    #[case("web")]
    #[case("web:")]
    #[case("80:web")]
    #[case("a:b:80")]
    #[case("70000:80")]
    #[case("fd00::1:80")]
    #[case("a b:80")]
    #[case("5000::80")]
    #[case("[web]:80")]
    #[case("+80")]
    fn other_texts_are_refused_with_the_forms(#[case] text: &str) {
        assert_eq!(text.parse::<ForwardPorts>(), Err(format!("invalid ports `{text}`; {FORMS}")));
    }

    #[rstest]
    #[case("0")]
    #[case("65536")]
    fn a_port_out_of_range_is_refused(#[case] text: &str) {
        let expected = format!("`{text}` is out of range; expected a port from 1 to 65535");
        assert_eq!(text.parse::<ForwardPorts>(), Err(expected));
    }
}
