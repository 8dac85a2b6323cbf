//! Why a session has ended.

use std::fmt;

use super::{message::ChannelClosed, protocol::ProtocolError};
use crate::aws::Failure;

/// The line that begins an error of the agent.
const ERROR_LINE: &str = "----------ERROR-------";

/// The reason for the end of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// The process has ended, or the session was terminated elsewhere: AWS does not say which.
    Ended,
    /// The process could not be started, or the agent failed; the text is the agent's.
    AgentError(String),
    /// AWS has ended the session because nothing was typed for too long.
    Idle,
    /// AWS has ended the session for another reason; the text is AWS's.
    EndedByAws(String),
    /// AWS no longer knows the session, so it can't be resumed.
    Expired,
    /// The session was interrupted and AWS refuses to resume it.
    CannotResume(Failure),
    /// The cluster encrypts sessions with this KMS key, and there is no data key.
    Encryption { key_id: String, why: String },
    /// What the agent sent makes no sense, or it acknowledges nothing.
    Protocol(ProtocolError),
    /// There is no connection to the gateway, or none again.
    Unreachable(Failure),
    /// The user has ended the session.
    User,
}

impl CloseReason {
    /// What the gateway reports as the end.
    pub fn from_remote(closed: &ChannelClosed) -> Self {
        let text = closed.output.trim();
        if text.is_empty() {
            Self::Ended
        } else if text.contains("timed out due to inactivity") {
            Self::Idle
        } else if let Some((_, error)) = text.split_once(ERROR_LINE) {
            Self::AgentError(error.trim_start_matches('-').trim().to_owned())
        } else {
            Self::EndedByAws(text.to_owned())
        }
    }

    /// Whether AWS has ended the session already, so that it need not be terminated.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Ended
            | Self::AgentError(_)
            | Self::Idle
            | Self::EndedByAws(_)
            | Self::Expired
            | Self::Encryption { .. } => true,
            Self::CannotResume(_) | Self::Protocol(_) | Self::Unreachable(_) | Self::User => false,
        }
    }

    /// Whether something went wrong.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Ended | Self::Idle | Self::User)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the session has ended"),
            Self::AgentError(text) => write!(f, "the session failed in the container: {text}"),
            Self::Idle => f.write_str("AWS ended the session: nothing was typed for too long"),
            Self::EndedByAws(text) => write!(f, "AWS ended the session: {text}"),
            Self::Expired => f.write_str("the session was interrupted for too long and has timed out"),
            Self::CannotResume(failure) => write!(f, "the session was interrupted and can't be resumed: {failure}"),
            Self::Encryption { key_id, why } => write!(
                f,
                "the cluster encrypts sessions with key {key_id}, and no data key could be generated: {why}; \
                 you need kms:GenerateDataKey on it, and the task role kms:Decrypt"
            ),
            Self::Protocol(error) => write!(f, "the session can't continue: {error}"),
            Self::Unreachable(failure) => write!(f, "no connection to the session: {failure}"),
            Self::User => f.write_str("you ended the session"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", CloseReason::Ended)]
    #[case("\n", CloseReason::Ended)]
    #[case("Your session timed out due to inactivity and has been terminated.", CloseReason::Idle)]
    #[case(
        "\n----------ERROR-------\nUnable to start command: Failed to start pty: no such file",
        CloseReason::AgentError("Unable to start command: Failed to start pty: no such file".to_owned())
    )]
    #[case("Session limit reached", CloseReason::EndedByAws("Session limit reached".to_owned()))]
    fn the_end_that_the_gateway_reports_is_recognised(#[case] output: &str, #[case] expected: CloseReason) {
        let closed = ChannelClosed { session_id: "s-1".to_owned(), output: output.to_owned() };
        let reason = CloseReason::from_remote(&closed);
        assert_eq!(reason, expected);
        assert!(reason.is_remote());
    }
}
