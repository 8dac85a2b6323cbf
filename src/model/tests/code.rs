//! The dialog for an MFA code.

use super::*;
use crate::aws::mfa::{CodeQuestion, MfaCode};

fn code_needed(model: &mut Model) -> Vec<Effect> {
    let question = CodeQuestion { profile: "admin".into(), device: "mfa/me".into(), refused: false };
    model.update(at(1), Event::CodeNeeded(question))
}

fn asks(model: &Model) -> bool {
    matches!(model.overlay, Some(Overlay::Code(_)))
}

#[test]
fn enter_answers_with_a_code_of_six_digits() {
    let mut model = console();
    code_needed(&mut model);
    assert_eq!(press(&mut model, "1 2 3 j 4 5 enter"), []);
    let fault = model.overlay.as_ref().and_then(Overlay::prompt).and_then(|prompt| prompt.fault.clone());
    assert_eq!(fault.expect("a fault").reason, "an MFA code is six digits");
    let code = MfaCode::parse("123456").expect("a code");
    assert_eq!(press(&mut model, "6 7 enter"), [Effect::AnswerCode(Some(code))]);
    assert!(!asks(&model));
}

#[test]
fn esc_answers_without_a_code() {
    let mut model = console();
    code_needed(&mut model);
    assert_eq!(press(&mut model, "1 esc"), [Effect::AnswerCode(None)]);
    assert!(!asks(&model));
}

#[test]
fn the_dialog_waits_until_another_overlay_closes() {
    let mut model = console();
    press(&mut model, "/ a");
    code_needed(&mut model);
    assert!(!asks(&model));
    press(&mut model, "enter");
    assert!(asks(&model));
}

#[test]
fn switching_the_scope_discards_the_request_for_a_code() {
    let mut model = console();
    press(&mut model, ":");
    code_needed(&mut model);
    model.update(at(1), Event::Paste("profile dev".into()));
    press(&mut model, "enter");
    assert!(!asks(&model));
}
