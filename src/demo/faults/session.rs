//! Faults of sessions in containers, on their connections and in their agents.

use std::time::Duration;

use super::{Aim, Faults, Kind, KindInfo, bare, duration};

/// What goes wrong with a session. A count is one of frames, of connections or of sessions, whichever it applies to.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionFault {
    /// Loses frames, in both directions, with a chance in percent.
    Drop(u8),
    Duplicate(u8),
    /// Delivers frames late, so that others overtake them.
    Reorder(u8),
    Delay(Duration),
    BadDigest(u8),
    /// Loses the agent's acknowledgements.
    Unacknowledged,
    /// Loses everything, pongs too.
    Silent,
    /// Closes the connection with the code 1000 and the reason Bye, once it has carried this many frames.
    Bye(u32),
    /// Breaks the connection off, once it has carried this many frames.
    Reset(u32),
    /// Sends `pause_publication`, and `start_publication` this much later.
    Pause(Duration),
    UnknownType,
    UnknownPayload,
    Idle,
    Limit,
    Refused,
    NoToken,
    Encrypted,
    WrongChallenge,
    UnknownAction,
    LateHandshake(Duration),
    AgentVersion(String),
    CustomerMessage(String),
    AgentPending,
    ReadOnlyRoot,
    Unreachable,
}

/// The kinds of fault that disturb sessions.
#[rustfmt::skip]
pub(super) const KINDS: [KindInfo; 25] = [
    KindInfo { name: "session-drop", usage: "session-drop[=N%]", aim: Aim::Everything,
        help: "loses frames of sessions, in both directions, with a chance of N (5) percent",
        make: |_, value| chance(value, SessionFault::Drop) },
    KindInfo { name: "session-duplicate", usage: "session-duplicate[=N%]", aim: Aim::Everything,
        help: "delivers frames of sessions twice",
        make: |_, value| chance(value, SessionFault::Duplicate) },
    KindInfo { name: "session-reorder", usage: "session-reorder[=N%]", aim: Aim::Everything,
        help: "delivers frames of sessions out of order",
        make: |_, value| chance(value, SessionFault::Reorder) },
    KindInfo { name: "session-delay", usage: "session-delay=DURATION", aim: Aim::Everything,
        help: "delivers frames of sessions this much later",
        make: |_, value| session(SessionFault::Delay(duration(value?)?)) },
    KindInfo { name: "session-bad-digest", usage: "session-bad-digest[=N%]", aim: Aim::Everything,
        help: "damages frames that the agent sends, which a client drops",
        make: |_, value| chance(value, SessionFault::BadDigest) },
    KindInfo { name: "session-unacknowledged", usage: "session-unacknowledged", aim: Aim::Everything,
        help: "loses the agent's acknowledgements",
        make: |_, value| plain(value, SessionFault::Unacknowledged) },
    KindInfo { name: "session-silent", usage: "session-silent", aim: Aim::Everything,
        help: "leaves the connection of a session open and carries nothing any more",
        make: |_, value| plain(value, SessionFault::Silent) },
    KindInfo { name: "session-bye", usage: "session-bye[=FRAMES]", aim: Aim::Everything,
        help: "closes the connection as AWS does after an hour, at once or after this number of frames",
        make: |_, value| session(SessionFault::Bye(frames(value)?)) },
    KindInfo { name: "session-reset", usage: "session-reset[=FRAMES]", aim: Aim::Everything,
        help: "breaks the connection of a session off",
        make: |_, value| session(SessionFault::Reset(frames(value)?)) },
    KindInfo { name: "session-pause", usage: "session-pause=DURATION", aim: Aim::Everything,
        help: "tells clients to stop sending, for this time; with #1 once",
        make: |_, value| session(SessionFault::Pause(duration(value?)?)) },
    KindInfo { name: "session-unknown-type", usage: "session-unknown-type", aim: Aim::Everything,
        help: "sends a frame of an unknown message type; with #1 once",
        make: |_, value| plain(value, SessionFault::UnknownType) },
    KindInfo { name: "session-unknown-payload", usage: "session-unknown-payload", aim: Aim::Everything,
        help: "sends stream data of an unknown payload type; with #1 once",
        make: |_, value| plain(value, SessionFault::UnknownPayload) },
    KindInfo { name: "session-idle", usage: "session-idle", aim: Aim::Everything,
        help: "ends sessions as AWS does after 20 minutes without input",
        make: |_, value| plain(value, SessionFault::Idle) },
    KindInfo { name: "session-limit", usage: "session-limit", aim: Aim::Everything,
        help: "starts no agent for new sessions, as in a container that has two",
        make: |_, value| plain(value, SessionFault::Limit) },
    KindInfo { name: "session-refused", usage: "session-refused", aim: Aim::Everything,
        help: "answers 403 to the websocket of a session",
        make: |_, value| plain(value, SessionFault::Refused) },
    KindInfo { name: "session-no-token", usage: "session-no-token", aim: Aim::Everything,
        help: "ResumeSession returns an empty token: the session has timed out",
        make: |_, value| plain(value, SessionFault::NoToken) },
    KindInfo { name: "session-encrypted", usage: "session-encrypted", aim: Aim::Everything,
        help: "ECS Exec sessions are encrypted with a KMS key",
        make: |_, value| plain(value, SessionFault::Encrypted) },
    KindInfo { name: "session-wrong-challenge", usage: "session-wrong-challenge", aim: Aim::Everything,
        help: "the agent of an encrypted session has another key",
        make: |_, value| plain(value, SessionFault::WrongChallenge) },
    KindInfo { name: "session-unknown-action", usage: "session-unknown-action", aim: Aim::Everything,
        help: "the agent asks for an unknown action",
        make: |_, value| plain(value, SessionFault::UnknownAction) },
    KindInfo { name: "session-late-handshake", usage: "session-late-handshake=DURATION", aim: Aim::Everything,
        help: "the agent starts this much later",
        make: |_, value| session(SessionFault::LateHandshake(duration(value?)?)) },
    KindInfo { name: "session-agent", usage: "session-agent=VERSION", aim: Aim::Everything,
        help: "the agent has this version",
        make: |_, value| session(SessionFault::AgentVersion(value?.to_owned())) },
    KindInfo { name: "session-message", usage: "session-message=TEXT", aim: Aim::Everything,
        help: "the agent has a message for the user",
        make: |_, value| session(SessionFault::CustomerMessage(value?.to_owned())) },
    KindInfo { name: "exec-pending", usage: "exec-pending", aim: Aim::Everything,
        help: "the agents of ECS Exec are still starting",
        make: |_, value| plain(value, SessionFault::AgentPending) },
    KindInfo { name: "exec-read-only", usage: "exec-read-only", aim: Aim::Everything,
        help: "containers have a read-only root file system, which stops the agents of ECS Exec",
        make: |_, value| plain(value, SessionFault::ReadOnlyRoot) },
    KindInfo { name: "exec-unreachable", usage: "exec-unreachable", aim: Aim::Everything,
        help: "the agents of ECS Exec run but are not connected",
        make: |_, value| plain(value, SessionFault::Unreachable) },
];

fn session(fault: SessionFault) -> Option<Kind> {
    Some(Kind::Session(fault))
}

fn plain(value: Option<&str>, fault: SessionFault) -> Option<Kind> {
    bare(value, Kind::Session(fault))
}

fn chance(value: Option<&str>, fault: fn(u8) -> SessionFault) -> Option<Kind> {
    let percent = value.map_or(Some(5), |value| value.strip_suffix('%')?.parse().ok());
    percent.filter(|percent| (1..=100).contains(percent)).and_then(|percent| session(fault(percent)))
}

fn frames(value: Option<&str>) -> Option<u32> {
    value.map_or(Some(0), |value| value.parse().ok())
}

impl Faults {
    /// Offers the faults of sessions, in order; those that `applies` accepts lose one of their count.
    pub fn strike_session(&mut self, mut applies: impl FnMut(&SessionFault) -> bool) {
        for active in &mut self.active {
            if let Kind::Session(fault) = &active.fault.kind
                && applies(fault)
            {
                active.fault.times = active.fault.times.map(|times| times - 1);
            }
        }
        self.active.retain(|active| active.fault.times != Some(0));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::time::Instant;

    use super::{super::Fault, *};

    #[rstest]
    #[case("session-drop", SessionFault::Drop(5))]
    #[case("session-reorder=50%", SessionFault::Reorder(50))]
    #[case("session-delay=20ms", SessionFault::Delay(Duration::from_millis(20)))]
    #[case("session-bye", SessionFault::Bye(0))]
    #[case("session-bye=12#1", SessionFault::Bye(12))]
    #[case("session-agent=2.3.700.0", SessionFault::AgentVersion("2.3.700.0".into()))]
    fn specs_are_parsed(#[case] spec: &str, #[case] expected: SessionFault) {
        let fault: Fault = spec.parse().unwrap();
        assert_eq!(fault.kind, Kind::Session(expected));
        assert_eq!(fault.to_string(), spec);
    }

    #[rstest]
    #[case("session-drop=0%")]
    #[case("session-drop=5")]
    #[case("session-bye=soon")]
    #[case("session-delay")]
    #[case("session-idle=1")]
    #[case("session-drop:StartSession")]
    fn invalid_specs_are_refused(#[case] spec: &str) {
        let error = spec.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("is not of the form session-"), "{error}");
    }

    #[test]
    fn a_fault_is_counted_when_it_applies() {
        let mut faults = Faults::default();
        faults.add("session-idle#1".parse().unwrap(), Instant::now());
        faults.add("session-drop".parse().unwrap(), Instant::now());
        faults.strike_session(|fault| matches!(fault, SessionFault::Drop(_)));
        assert_eq!(faults.iter().count(), 2);
        faults.strike_session(|_| true);
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), ["session-drop"]);
    }
}
