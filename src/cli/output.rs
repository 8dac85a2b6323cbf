//! Output of commands without a screen. Everything printed passes through here, so that no control characters from AWS reach a
//! terminal.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::Refusal;
use crate::{
    model::Settings,
    ui::{Theme, theme::Depth},
    visible::{safe_json, safe_lines},
};

/// Prints text without colours.
///
/// # Errors
/// When standard output can't be written to.
pub(super) fn print(text: &str) -> Result<(), Refusal> {
    write(safe_lines(text, false))
}

/// Prints coloured text whose content has been made safe before.
///
/// # Errors
/// When standard output can't be written to.
pub(super) fn print_coloured(text: &str) -> Result<(), Refusal> {
    write(safe_lines(text, io::stdout().is_terminal()))
}

/// Prints text of our own unchanged: a script, a manual page, a byte order mark.
///
/// # Errors
/// When standard output can't be written to.
pub(super) fn print_own(text: impl AsRef<[u8]>) -> Result<(), Refusal> {
    write(text)
}

/// Writes to standard output. A closed pipe (`| head`) is not an error.
fn write(text: impl AsRef<[u8]>) -> Result<(), Refusal> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a message to standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", safe_lines(text, false));
}

/// Formats a value as indented JSON.
///
/// # Errors
/// When it can't be written as JSON.
pub(super) fn pretty(value: &impl Serialize) -> Result<String, Refusal> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Refusal::Failed(error.to_string()))?;
    Ok(safe_json(json) + "\n")
}

/// Theme for output; absent unless standard output is a terminal with colours.
pub(super) fn theme(settings: &Settings) -> Option<Theme> {
    let depth = Depth::detect(|name| std::env::var(name).ok());
    let coloured = io::stdout().is_terminal() && depth != Depth::Mono;
    coloured.then(|| Theme::named(&settings.theme).unwrap_or_default().at(depth))
}
