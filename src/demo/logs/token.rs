//! Next tokens: opaque to clients, stateless here.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{invalid, store::Position};
use crate::demo::wire::ApiError;

/// Which way a token goes on from its boundary, and where that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// To later events.
    Forward(Position),
    /// To earlier events.
    Backward(Position),
}

impl Token {
    /// The token as clients see it: direction and 56 digits, as AWS's.
    pub fn write(self) -> String {
        let (direction, at) = match self {
            Token::Forward(at) => ('f', at),
            Token::Backward(at) => ('b', at),
        };
        format!("{direction}/{}/s", event_id(at))
    }

    /// Reads a token a client sent back.
    ///
    /// # Errors
    /// `InvalidParameterException` when it is none of ours.
    pub fn read(token: &str) -> Result<Self, ApiError> {
        let parse = || {
            let (direction, digits) = token.strip_suffix("/s")?.split_once('/')?;
            let (timestamp, number) = digits.split_at_checked(20)?;
            let at = Position { timestamp_ms: timestamp.parse().ok()?, number: number.parse().ok()? };
            match direction {
                "f" => Some(Token::Forward(at)),
                "b" => Some(Token::Backward(at)),
                _ => None,
            }
        };
        parse().ok_or_else(invalid_token)
    }
}

/// An event's id: 56 digits, as AWS's.
pub fn event_id(at: Position) -> String {
    format!("{:020}{:036}", at.timestamp_ms, at.number)
}

/// A token that names the last item of a page.
pub fn after(item: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(item)
}

/// The item a token names.
///
/// # Errors
/// `InvalidParameterException` when it is none of ours.
pub fn read_after(token: &str) -> Result<String, ApiError> {
    let item = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid_token())?;
    String::from_utf8(item).map_err(|_| invalid_token())
}

fn invalid_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        let at = Position { timestamp_ms: 1_769_900_000_123, number: 42 };
        for token in [Token::Forward(at), Token::Backward(at.after())] {
            assert_eq!(Token::read(&token.write()), Ok(token));
        }
        assert_eq!(Token::Forward(at).write().len(), "f/".len() + 56 + "/s".len());
        assert_eq!(read_after(&after("/ecs/käse")).unwrap(), "/ecs/käse");
    }

    proptest::proptest! {
        #[test]
        fn a_made_up_token_is_refused_not_fatal(token in "[fb]?/?[0-9é]{0,60}(/s)?") {
            let _ = Token::read(&token);
            let _ = read_after(&token);
        }
    }

    #[rstest::rstest]
    #[case("")]
    #[case("f//s")]
    #[case("x/00000001769900000123000000000000000000000000000000000042/s")]
    fn other_tokens_are_invalid(#[case] token: &str) {
        assert_eq!(Token::read(token).unwrap_err().message, "The specified nextToken is invalid.");
    }
}
