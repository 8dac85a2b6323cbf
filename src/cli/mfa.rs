//! The prompt for an MFA code on the terminal.

use std::io::{self, IsTerminal, Write};

use crossterm::{
    event::{self, Event, KeyEventKind},
    terminal::{disable_raw_mode, enable_raw_mode},
};
use tokio::{sync::mpsc, task::spawn_blocking};

use crate::{
    aws::{
        Clients, Failure,
        mfa::{CodeQuestion, CodeRequest, MfaCode},
    },
    model::{
        keymap::Key,
        prompt::{Pressed, Prompt},
    },
};

/// Signs in if the profile needs an MFA code, so that no time limit of a command includes the prompt. The prompt is on standard
/// error and needs standard input to be a terminal. It appears again whenever the credentials have expired.
///
/// # Errors
/// When there are no credentials.
pub(super) async fn sign_in(clients: &Clients) -> Result<(), Failure> {
    if !clients.takes_mfa_code() {
        return Ok(());
    }
    if io::stdin().is_terminal() {
        tokio::spawn(answer(clients.code_requests()));
    }
    clients.sign_in().await
}

async fn answer(mut requests: mpsc::Receiver<CodeRequest>) {
    while let Some(request) = requests.recv().await {
        let question = request.question.clone();
        if let Ok(Ok(Some(code))) = spawn_blocking(move || ask(&question)).await {
            request.answer(code);
        }
    }
}

/// Asks until the user enters six digits. `None` when the user cancels. Like in the AWS CLI, typed characters are not shown.
fn ask(question: &CodeQuestion) -> io::Result<Option<MfaCode>> {
    // Before the prompt is shown, so that no key is echoed from then on.
    let _raw = RawMode::enter()?;
    let mut err = io::stderr();
    if question.refused {
        write!(err, "AWS did not accept the code; wait for the next one\r\n")?;
    }
    loop {
        write!(err, "MFA code for {}: ", question.device)?;
        err.flush()?;
        let typed = read_line();
        write!(err, "\r\n")?;
        let Some(text) = typed? else { return Ok(None) };
        match MfaCode::parse(&text) {
            Ok(code) => return Ok(Some(code)),
            Err(reason) => write!(err, "{reason}\r\n")?,
        }
    }
}

/// Reads a line, edited with the same keys as all prompts. `None` when the user cancels.
fn read_line() -> io::Result<Option<String>> {
    let mut prompt = Prompt::default();
    loop {
        let pressed = match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => prompt.press(Key::from(key), &[]),
            Event::Paste(text) => prompt.paste(&text, &[]),
            _ => continue,
        };
        match pressed {
            Pressed::Submit => return Ok(Some(prompt.text().to_owned())),
            Pressed::Cancel => return Ok(None),
            _ => {}
        }
    }
}

/// Raw mode of the terminal (no echo, no conversion of line ends) until this is dropped.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}
