//! The dialog for an MFA code.

use super::Overlay;
use crate::{
    aws::mfa::{self, CodeQuestion, MfaCode},
    event::Effect,
    grammar::Fault,
    model::{Model, prompt::Prompt},
};

/// The dialog for an MFA code. Like in the AWS CLI, the code is not shown.
#[derive(Debug)]
pub struct CodePrompt {
    pub prompt: Prompt,
    pub question: CodeQuestion,
}

impl Model {
    /// Opens the dialog for a requested code, unless another overlay is open.
    pub(in crate::model) fn ask_for_code(&mut self) {
        if self.overlay.is_none() {
            let prompt = Prompt::default();
            self.overlay = self.code_question.take().map(|question| Overlay::Code(CodePrompt { prompt, question }));
        }
    }

    /// Removes everything but digits: the dialog opens by itself, and the user may be pressing other keys.
    pub(super) fn code_changed(code: &mut CodePrompt) {
        let digits: String = code.prompt.text().chars().filter(char::is_ascii_digit).take(mfa::DIGITS).collect();
        if digits != code.prompt.text() {
            code.prompt.set(&digits);
        }
        code.prompt.fault = None;
    }

    pub(super) fn code_entered(&mut self, mut code: CodePrompt) {
        match MfaCode::parse(code.prompt.text()) {
            Ok(code) => self.out.push(Effect::AnswerCode(Some(code))),
            Err(reason) => {
                code.prompt.fault = Some(Fault { at: 0, reason: reason.into() });
                self.overlay = Some(Overlay::Code(code));
            }
        }
    }
}
