//! The escapes of a session, as in ssh: after a line end, `~.` leaves it from this side however dead the other one is,
//! `~?` lists the escapes, and `~~` sends a tilde.

/// Finds the escapes in what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EscapeScanner {
    state: ScanState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanState {
    LineStart,
    WithinLine,
    /// A tilde at the start of a line, held back.
    Tilde,
}

/// What a piece of typed text asks for, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    Send(Vec<u8>),
    Leave,
    Help,
}

/// The lines of `~?`, for a terminal in raw mode.
pub(super) const HELP: &str =
    "\r\n~.  leave the session\r\n~?  list these escapes\r\n~~  send a tilde\r\nEach works after enter.\r\n";

impl Default for EscapeScanner {
    fn default() -> Self {
        Self { state: ScanState::LineStart }
    }
}

impl EscapeScanner {
    /// Reads the next bytes; nothing after [`Typed::Leave`] counts.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        let mut plain = Vec::new();
        for &byte in bytes {
            match (self.state, byte) {
                (ScanState::LineStart, b'~') => self.state = ScanState::Tilde,
                (ScanState::Tilde, b'.') => {
                    flush(&mut plain, &mut typed);
                    typed.push(Typed::Leave);
                    return typed;
                }
                (ScanState::Tilde, b'?') => {
                    flush(&mut plain, &mut typed);
                    typed.push(Typed::Help);
                    self.state = ScanState::LineStart;
                }
                (state, byte) => {
                    if state == ScanState::Tilde {
                        plain.push(b'~');
                    }
                    if (state, byte) != (ScanState::Tilde, b'~') {
                        plain.push(byte);
                    }
                    self.state =
                        if matches!(byte, b'\r' | b'\n') { ScanState::LineStart } else { ScanState::WithinLine };
                }
            }
        }
        flush(&mut plain, &mut typed);
        typed
    }
}

fn flush(plain: &mut Vec<u8>, typed: &mut Vec<Typed>) {
    if !plain.is_empty() {
        typed.push(Typed::Send(std::mem::take(plain)));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn send(text: &str) -> Typed {
        Typed::Send(text.into())
    }

    #[rstest]
    #[case::at_the_start("~.", &[Typed::Leave])]
    #[case::after_enter("ls\r~.", &[send("ls\r"), Typed::Leave])]
    #[case::within_a_line("a~.", &[send("a~.")])]
    #[case::a_tilde("~~x", &[send("~x")])]
    #[case::a_home_folder("~/bin\r", &[send("~/bin\r")])]
    #[case::tilde_and_enter("~\r~.", &[send("~\r"), Typed::Leave])]
    #[case::help_and_leave("~?~.", &[Typed::Help, Typed::Leave])]
    #[case::nothing_after_it("~.exit\r", &[Typed::Leave])]
    fn escapes_count_after_a_line_end(#[case] text: &str, #[case] expected: &[Typed]) {
        assert_eq!(EscapeScanner::default().read(text.as_bytes()), expected);
        // Typed by hand, one byte arrives at a time.
        let mut scanner = EscapeScanner::default();
        let mut typed: Vec<Typed> = Vec::new();
        for byte in text.bytes() {
            if typed.last() == Some(&Typed::Leave) {
                break;
            }
            for one in scanner.read(&[byte]) {
                match (typed.last_mut(), one) {
                    (Some(Typed::Send(before)), Typed::Send(more)) => before.extend(more),
                    (_, one) => typed.push(one),
                }
            }
        }
        assert_eq!(typed, expected);
    }
}
