//! Alerts: the terminal's bell and notifications, and a program of the user's choice.

use std::{io, process::Stdio};

use super::{App, clipboard, perform::notice_outcome};
use crate::{event::NoticeLevel, model::settings::AlertBy, tty::Host};

impl<H: Host> App<H> {
    /// Raises an alert with this text, which is safe to draw.
    pub(super) fn alert(&mut self, text: String) -> io::Result<()> {
        let settings = &self.model.settings.alert;
        let command = settings.command.clone();
        let sequences: Vec<String> = settings.by.iter().map(|by| sequence(*by, &text)).collect();
        for sequence in sequences {
            self.host.send(&clipboard::wrapped(sequence, self.terminal.multiplexer))?;
        }
        if let Some((program, arguments)) = command.split_first() {
            let (program, arguments) = (program.clone(), arguments.to_vec());
            self.jobs.add(async move {
                let run = tokio::process::Command::new(&program)
                    .args(arguments)
                    .arg(text)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                let what = match run.await {
                    Ok(status) if status.success() => return None,
                    Ok(status) => format!("alert: `{program}` ended with {status}"),
                    Err(error) => format!("alert: could not run `{program}`: {error}"),
                };
                Some(notice_outcome(NoticeLevel::Warn, what))
            });
        }
        Ok(())
    }
}

/// The control sequence for an alert. A semicolon separates its fields, so that the text must not have any.
fn sequence(by: AlertBy, text: &str) -> String {
    let text = text.replace(';', ",");
    match by {
        AlertBy::Bell => "\x07".to_owned(),
        AlertBy::Osc9 => format!("\x1b]9;{text}\x1b\\"),
        AlertBy::Osc777 => format!("\x1b]777;notify;ecsight;{text}\x1b\\"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_alert_ends_no_field() {
        assert_eq!(sequence(AlertBy::Osc777, "a; b"), "\x1b]777;notify;ecsight;a, b\x1b\\");
    }
}
