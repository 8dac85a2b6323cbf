//! Copies to the user's clipboard, which may not be on this machine.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use crossterm::{Command, clipboard::CopyToClipboard};

/// The most text copied by OSC 52: terminals drop sequences that are too long (hterm beyond 100,000 bytes).
const MAX_OSC52: usize = 74_994;
/// The most that screen accepts in one device control string.
const SCREEN_CHUNK: usize = 768;

/// A terminal multiplexer, which would swallow the sequences of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplexer {
    Tmux,
    Screen,
}

/// How to reach the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The clipboard of the desktop on this machine.
    Desktop,
    /// OSC 52: ask the terminal to set its clipboard.
    Terminal,
}

impl Route {
    /// Chooses the terminal over SSH, and without a desktop. Otherwise the desktop is more reliable: many terminals
    /// ignore OSC 52 without notice.
    pub fn choose(variable: impl Fn(&str) -> Option<String>, remote: bool) -> Self {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let desktop = cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY");
        if desktop && !remote { Self::Desktop } else { Self::Terminal }
    }
}

impl Multiplexer {
    /// The multiplexer this process runs in.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        if set("TMUX") {
            Some(Self::Tmux)
        } else if set("STY") {
            Some(Self::Screen)
        } else {
            None
        }
    }
}

/// The OSC 52 sequence that copies `text`.
///
/// # Errors
/// `text` is too long for terminals, which would copy nothing.
pub(super) fn osc52(text: &str, multiplexer: Option<Multiplexer>) -> Result<String, String> {
    if text.len() > MAX_OSC52 {
        return Err(format!(
            "{} kB is too large for the terminal's clipboard (at most {} kB); save with ctrl-s instead",
            text.len().div_ceil(1000),
            MAX_OSC52 / 1000
        ));
    }
    let mut plain = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain).map_err(|error| error.to_string())?;
    Ok(wrapped(plain, multiplexer))
}

/// `plain` for the terminal around a multiplexer.
pub(super) fn wrapped(plain: String, multiplexer: Option<Multiplexer>) -> String {
    match multiplexer {
        None => plain,
        // tmux handles it itself with `set-clipboard on`, or passes it through with `allow-passthrough on`; both is
        // harmless.
        Some(Multiplexer::Tmux) => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        // ASCII throughout, so that any cut is a character boundary.
        Some(Multiplexer::Screen) => {
            let mut wrapped = String::new();
            for chunk in plain.as_bytes().chunks(SCREEN_CHUNK) {
                let _ = write!(wrapped, "\x1bP{}\x1b\\", String::from_utf8_lossy(chunk));
            }
            wrapped
        }
    }
}

/// The desktop's clipboard. It stays open: under X11 the copied text is served by this program.
#[derive(Clone, Default)]
pub(super) struct Desktop(Arc<Mutex<Option<arboard::Clipboard>>>);

impl Desktop {
    /// Copies `text`; blocks until the desktop has accepted it.
    ///
    /// # Errors
    /// There is no desktop, or it refuses.
    pub(super) fn copy(&self, text: String) -> Result<(), arboard::Error> {
        let mut clipboard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match clipboard.as_mut() {
            Some(clipboard) => clipboard.set_text(text),
            None => clipboard.insert(arboard::Clipboard::new()?).set_text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[rstest]
    #[case::remote(&[("DISPLAY", ":0")], true, Route::Terminal)]
    #[case::remote_without_desktop(&[], true, Route::Terminal)]
    fn over_ssh_the_terminal_is_used(
        #[case] variables: &[(&str, &str)],
        #[case] remote: bool,
        #[case] expected: Route,
    ) {
        assert_eq!(Route::choose(environment(variables), remote), expected);
    }

    #[cfg(target_os = "linux")]
    #[rstest]
    #[case(&[("DISPLAY", ":0")], Route::Desktop)]
    #[case(&[("WAYLAND_DISPLAY", "wayland-0")], Route::Desktop)]
    #[case(&[], Route::Terminal)]
    #[case(&[("DISPLAY", "")], Route::Terminal)]
    fn locally_the_desktop_is_used_if_there_is_one(#[case] variables: &[(&str, &str)], #[case] expected: Route) {
        assert_eq!(Route::choose(environment(variables), false), expected);
    }

    #[rstest]
    #[case(&[("TMUX", "/tmp/tmux-0/default,1,0"), ("STY", "1.pts")], Some(Multiplexer::Tmux))]
    #[case(&[("STY", "1.pts")], Some(Multiplexer::Screen))]
    #[case(&[("TMUX", "")], None)]
    fn a_multiplexer_is_detected(#[case] variables: &[(&str, &str)], #[case] expected: Option<Multiplexer>) {
        assert_eq!(Multiplexer::detect(environment(variables)), expected);
    }

    #[rstest]
    #[case(None, "\x1b]52;c;cGF5bWVudHM=\x1b\\")]
    #[case(Some(Multiplexer::Tmux), "\x1b]52;c;cGF5bWVudHM=\x1b\\\x1bPtmux;\x1b\x1b]52;c;cGF5bWVudHM=\x1b\x1b\\\x1b\\")]
    #[case(Some(Multiplexer::Screen), "\x1bP\x1b]52;c;cGF5bWVudHM=\x1b\\\x1b\\")]
    fn sequences_are_wrapped_for_the_multiplexer(#[case] multiplexer: Option<Multiplexer>, #[case] expected: &str) {
        assert_eq!(osc52("payments", multiplexer).as_deref(), Ok(expected));
    }

    #[test]
    fn screen_gets_short_chunks() {
        let sequence = osc52(&"x".repeat(3000), Some(Multiplexer::Screen)).expect("short enough");
        let pieces: Vec<_> = sequence.split("\x1b\\").collect();
        assert!(pieces.iter().all(|piece| piece.len() <= SCREEN_CHUNK + 2), "{pieces:?}");
        assert!(pieces.len() > 5);
    }

    #[test]
    fn text_that_is_too_long_is_refused() {
        assert!(osc52(&"x".repeat(MAX_OSC52), None).is_ok_and(|sequence| sequence.len() <= 100_010));
        let refusal = osc52(&"x".repeat(MAX_OSC52 + 1), None).expect_err("too long");
        assert!(refusal.contains("75 kB") && refusal.contains("74 kB"), "{refusal}");
    }
}
