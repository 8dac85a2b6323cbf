//! Pagination tokens: opaque to clients, stateless here.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{invalid, store::Position};
use crate::demo::wire::ApiError;

/// How long a token is valid: 24 hours.
const LIFE_MS: i64 = 24 * 3_600_000;

/// A position and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub way: Way,
    /// A boundary between two events.
    pub at: Position,
    /// When it was issued, in milliseconds since the Unix epoch.
    pub given_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To later events.
    Forward,
    /// To earlier events.
    Backward,
}

impl Token {
    /// Formats the token as AWS does: direction and 56 digits.
    pub(super) fn write(self) -> String {
        let direction = match self.way {
            Way::Forward => 'f',
            Way::Backward => 'b',
        };
        format!("{direction}/{:018}{:018}{:020}/s", self.at.timestamp_ms, self.given_ms, self.at.number)
    }

    /// Parses a token that a client sent at `now_ms`.
    ///
    /// # Errors
    /// `InvalidParameterException` if it is not one of ours, or has expired.
    pub(super) fn read(token: &str, now_ms: i64) -> Result<Self, ApiError> {
        let parse = || {
            let (direction, digits) = token.strip_suffix("/s")?.split_once('/')?;
            let (timestamp, rest) = digits.split_at_checked(18)?;
            let (given, number) = rest.split_at_checked(18)?;
            let at = Position { timestamp_ms: timestamp.parse().ok()?, number: number.parse().ok()? };
            let way = match direction {
                "f" => Way::Forward,
                "b" => Way::Backward,
                _ => return None,
            };
            Some(Token { way, at, given_ms: given.parse().ok()? })
        };
        parse().filter(|token| now_ms.saturating_sub(token.given_ms) <= LIFE_MS).ok_or_else(invalid_token)
    }
}

/// An event's id: 56 digits, as at AWS.
pub(super) fn event_id(at: Position) -> String {
    format!("{:020}{:036}", at.timestamp_ms, at.number)
}

/// The position in an event's id.
pub(super) fn read_id(id: &str) -> Option<Position> {
    let (timestamp, number) = id.split_at_checked(20)?;
    Some(Position { timestamp_ms: timestamp.parse().ok()?, number: number.parse().ok()? })
}

/// A token with the last item of a page.
pub(super) fn after(item: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(item)
}

/// The item in a token.
///
/// # Errors
/// `InvalidParameterException` if it is not one of ours.
pub(super) fn read_after(token: &str) -> Result<String, ApiError> {
    let item = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid_token())?;
    String::from_utf8(item).map_err(|_| invalid_token())
}

fn invalid_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_769_900_000_123;

    #[test]
    fn tokens_are_parsed_as_they_were_written() {
        let at = Position { timestamp_ms: NOW_MS, number: 42 };
        for way in [Way::Forward, Way::Backward] {
            let token = Token { way, at, given_ms: NOW_MS };
            assert_eq!(Token::read(&token.write(), NOW_MS + LIFE_MS), Ok(token));
            assert_eq!(token.write().len(), "f/".len() + 56 + "/s".len());
            assert!(Token::read(&token.write(), NOW_MS + LIFE_MS + 1).is_err(), "a day is over");
        }
        assert_eq!(read_after(&after("/ecs/käse")).unwrap(), "/ecs/käse");
    }

    proptest::proptest! {
        #[test]
        fn an_invalid_token_is_refused_without_panic(token in "[fb]?/?[0-9é]{0,60}(/s)?") {
            let _ = Token::read(&token, NOW_MS);
            let _ = read_after(&token);
        }
    }

    #[rstest::rstest]
    #[case("")]
    #[case("f//s")]
    #[case("x/00000001769900000123000000000000000000000000000000000042/s")]
    fn other_tokens_are_invalid(#[case] token: &str) {
        assert_eq!(Token::read(token, NOW_MS).unwrap_err().message, "The specified nextToken is invalid.");
    }
}
