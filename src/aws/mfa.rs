//! MFA codes: requests for a code, and the answers of the user.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{mpsc, oneshot};

use super::error_chain;

/// Number of digits of an MFA code.
pub const DIGITS: usize = 6;

/// An MFA code. `Debug` hides it, so that it never reaches a log.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaCode(String);

impl MfaCode {
    /// The digits, to be sent to AWS.
    pub(super) fn digits(&self) -> &str {
        &self.0
    }

    /// Parses a code that the user typed.
    ///
    /// # Errors
    /// When the text is not six digits.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let fits = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err("an MFA code is six digits") }
    }
}

impl fmt::Debug for MfaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaCode(..)")
    }
}

/// What the user needs to know to enter an MFA code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeQuestion {
    /// The profile with the role that requires the code.
    pub profile: String,
    /// Serial number or ARN of the device: `mfa_serial` of that profile.
    pub device: String,
    /// Whether AWS refused the previous code.
    pub refused: bool,
}

/// A pending request for an MFA code. Dropping it cancels the request.
#[derive(Debug)]
pub struct CodeRequest {
    pub question: CodeQuestion,
    answer: oneshot::Sender<MfaCode>,
}

impl CodeRequest {
    /// Answers the request.
    pub fn answer(self, code: MfaCode) {
        // The receiver is gone if the scope was left meanwhile.
        let _ = self.answer.send(code);
    }
}

/// Why there is no valid MFA code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MfaError {
    #[error("nobody can be asked for the MFA code")]
    NobodyToAsk,
    #[error("no MFA code was given")]
    Cancelled,
    #[error("the MFA code was refused")]
    Refused,
}

impl MfaError {
    /// The MFA error in the chain of causes of `error`, if there is one.
    pub(super) fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        error_chain::links(error).find_map(|error| error.downcast_ref().copied())
    }
}

/// Channel to whatever can ask the user for MFA codes. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CodeSource(Arc<Mutex<Option<mpsc::Sender<CodeRequest>>>>);

impl CodeSource {
    /// Returns a receiver for all requests from now on.
    pub fn requests(&self) -> mpsc::Receiver<CodeRequest> {
        let (sender, requests) = mpsc::channel(1);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        requests
    }

    pub(super) async fn ask(&self, question: CodeQuestion) -> Result<MfaCode, MfaError> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(MfaError::NobodyToAsk)?;
        let (answer, code) = oneshot::channel();
        sender.send(CodeRequest { question, answer }).await.map_err(|_| MfaError::NobodyToAsk)?;
        code.await.map_err(|_| MfaError::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("123456", true)]
    #[case(" 123456\n", true)]
    #[case("", false)]
    #[case("12345", false)]
    #[case("1234567", false)]
    #[case("12345a", false)]
    fn a_code_is_six_digits(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(MfaCode::parse(text).is_ok(), fits);
    }

    #[test]
    fn a_code_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", MfaCode::parse("123456")), "Ok(MfaCode(..))");
    }

    #[tokio::test]
    async fn the_receiver_answers_a_request_and_dropping_it_cancels() {
        let question = || CodeQuestion { profile: "admin".into(), device: "device".into(), refused: false };
        let codes = CodeSource::default();
        assert_eq!(codes.ask(question()).await, Err(MfaError::NobodyToAsk));
        let mut requests = codes.requests();
        let code = MfaCode::parse("123456").expect("a code");
        let answer = async {
            let request = requests.recv().await.expect("a request");
            assert_eq!(request.question, question());
            request.answer(code.clone());
            drop(requests.recv().await);
        };
        let ask = async { [codes.ask(question()).await, codes.ask(question()).await] };
        let (answers, ()) = tokio::join!(ask, answer);
        assert_eq!(answers, [Ok(code), Err(MfaError::Cancelled)]);
        drop(requests);
        assert_eq!(codes.ask(question()).await, Err(MfaError::NobodyToAsk));
    }
}
