//! Running one command in a container, with standard input, output, errors and exit code apart.
//!
//! ECS Exec offers one pseudo terminal: it merges errors into the output, rewrites line ends, echoes input, can't signal
//! the end of input, and reports no exit code. So the command runs under a small `sh` program that switches the terminal
//! to raw mode and writes records between the bytes of the output:
//!
//! ```text
//! RS marker ":" kind [text] RS        RS is the byte 0x1e, the marker is random
//!
//! r   ready, raw terminal: bytes pass unchanged
//! c   ready, but the image has no `stty`: every line feed arrives as CR LF
//! e   a line of standard error, without its line end: at a line feed some shells write what they have, and output of
//!     the command would get into the record
//! p   the last line of standard error, if it has no line end
//! q   the command has ended and reads no more input
//! x   exit code in decimal; nothing follows
//! ```
//!
//! Input is sent as lines of base64 and ended by a line with the marker. After the exit code, the program waits for another
//! such line: an agent gives the last output of a program that has ended two seconds to arrive.

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memchr;

/// Bytes of input in one line: 1,024 characters of base64.
const LINE: usize = 768;
const RS: u8 = 0x1e;

/// The command line that makes ECS Exec run `args` under the program, for [`RemoteOutput`] to take apart. `marker` is
/// random and consists of letters and digits. `input`: the command gets input from [`encode_input`]; otherwise it reads
/// an empty file.
pub fn command_line(args: &[String], marker: &str, input: bool) -> String {
    let (source, own) = match input {
        true => (r#"sed -n "/^$M\$/q;p" | base64 -d | "#, ""),
        false => ("", "</dev/null"),
    };
    // Descriptor 3 is the terminal, 4 carries the exit code past the reader of standard error.
    let program = format!(
        r#"M={marker}; if stty raw -echo 2>/dev/null; then k=r; else k=c; fi; printf "\036%s:%s\036" $M $k; exec 3>&1; "#
    ) + &format!(
        r#"x=$({{ {{ {{ {source}{{ "$@" {own} 3>&- 4>&-; s=$?; printf "\036%s:q\036" $M >&3; (exit $s); }}; }} 2>&1 >&3 4>&-; echo $? >&4; }}"#
    ) + r#" | { while IFS= read -r l; do printf "\036%s:e%s\036" $M "$l"; done; [ -z "$l" ] || printf "\036%s:p%s\036" $M "$l"; } >&3 4>&-; } 4>&1); "#
        + r#"printf "\036%s:x%s\036" $M "$x"; while IFS= read -r l && [ "$l" != $M ]; do :; done"#;
    ["sh", "-c", &program, "sh"]
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .map(quote)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The command line that makes ECS Exec run `args` on its terminal and report the exit code, for
/// [`RemoteOutput::on_terminal`].
pub fn terminal_command_line(args: &[String], marker: &str) -> String {
    let program = format!(r#""$@"; printf "\036%s:x%s\036" {marker} $?"#);
    ["sh", "-c", &program, "sh"]
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .map(quote)
        .collect::<Vec<_>>()
        .join(" ")
}

/// `word` for the agent, which splits the command line as a shell does.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Input as it is sent.
pub fn encode_input(bytes: &[u8]) -> String {
    bytes.chunks(LINE).map(|chunk| STANDARD.encode(chunk) + "\n").collect()
}

/// The end of the input as it is sent, and what lets the program end after the exit code.
pub fn end_of_input(marker: &str) -> String {
    format!("{marker}\n")
}

/// A part of what the program has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemotePart {
    /// The command starts: input can be sent. `raw` is false if the terminal echoes it.
    Ready {
        raw: bool,
    },
    Output(Vec<u8>),
    Error(Vec<u8>),
    /// The command reads no more input.
    InputClosed,
    /// The exit code; absent if the program could not tell.
    Exit(Option<u8>),
}

/// Takes apart what the program writes, in pieces of any size.
#[derive(Debug)]
pub struct RemoteOutput {
    /// `RS marker ":"`.
    start: Vec<u8>,
    state: OutputState,
    /// What may be the beginning of a record, or of a line end.
    held: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputState {
    /// Nothing of the program has arrived; until then the agent and the image may write anything.
    Waiting,
    Running {
        raw: bool,
    },
    Ended,
}

impl RemoteOutput {
    pub fn new(marker: &str) -> Self {
        Self { start: [&[RS], marker.as_bytes(), b":"].concat(), state: OutputState::Waiting, held: Vec::new() }
    }

    /// For [`terminal_command_line`]: all output is that of the command, on a terminal.
    pub fn on_terminal(marker: &str) -> Self {
        Self { state: OutputState::Running { raw: true }, ..Self::new(marker) }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<RemotePart> {
        self.held.extend_from_slice(bytes);
        let mut parts = Vec::new();
        while let Some((before, record, rest)) = self.next_record() {
            let record = self.held[record].to_vec();
            self.add_output(&mut parts, before);
            self.held.drain(..rest);
            parts.extend(self.read_record(&record));
        }
        let complete = self.complete();
        self.add_output(&mut parts, complete);
        self.held.drain(..complete);
        parts
    }

    /// Whether the command has started.
    pub fn has_started(&self) -> bool {
        self.state != OutputState::Waiting
    }

    /// What arrived before the program started, for a message when it never does.
    pub fn before_start(&self) -> &[u8] {
        if self.state == OutputState::Waiting { &self.held } else { &[] }
    }

    /// The first whole record: where output before it ends, its content, where it ends.
    fn next_record(&self) -> Option<(usize, std::ops::Range<usize>, usize)> {
        let at = self.find_start(0)?;
        let content = at + self.start.len();
        let end = content + memchr(RS, &self.held[content..])?;
        Some((at, content..end, end + 1))
    }

    fn find_start(&self, from: usize) -> Option<usize> {
        memchr::memmem::find(&self.held[from..], &self.start).map(|at| from + at)
    }

    /// How many of the held bytes are certainly output.
    fn complete(&self) -> usize {
        if self.state == OutputState::Waiting {
            return 0;
        }
        if let Some(at) = self.find_start(0) {
            return at;
        }
        // A record, or a line end, may have begun in the last bytes.
        let longest = self.held.len().min(self.start.len() - 1);
        let record = (1..=longest).rev().find(|length| self.held.ends_with(&self.start[..*length]));
        let carriage_return =
            usize::from(self.state == OutputState::Running { raw: false } && self.held.ends_with(b"\r"));
        self.held.len() - record.unwrap_or(carriage_return)
    }

    fn add_output(&self, parts: &mut Vec<RemotePart>, end: usize) {
        let OutputState::Running { raw } = self.state else { return };
        if end > 0 {
            parts.push(RemotePart::Output(line_ends(&self.held[..end], raw)));
        }
    }

    fn read_record(&mut self, record: &[u8]) -> Option<RemotePart> {
        let (kind, text) = record.split_first()?;
        match (kind, self.state) {
            (b'r' | b'c', OutputState::Waiting) => {
                let raw = *kind == b'r';
                self.state = OutputState::Running { raw };
                Some(RemotePart::Ready { raw })
            }
            (b'e', OutputState::Running { .. }) => Some(RemotePart::Error([text, b"\n"].concat())),
            (b'p', OutputState::Running { .. }) => Some(RemotePart::Error(text.to_vec())),
            (b'q', OutputState::Running { .. }) => Some(RemotePart::InputClosed),
            (b'x', OutputState::Running { .. }) => {
                self.state = OutputState::Ended;
                Some(RemotePart::Exit(std::str::from_utf8(text).ok().and_then(|code| code.trim().parse().ok())))
            }
            _ => None,
        }
    }
}

/// Undoes what a terminal that is not raw does to line feeds. Exact, since it does it to each of them.
fn line_ends(bytes: &[u8], raw: bool) -> Vec<u8> {
    let mut text = bytes.to_vec();
    if !raw {
        let mut at = 0;
        text.retain(|byte| {
            at += 1;
            !(*byte == b'\r' && bytes.get(at) == Some(&b'\n'))
        });
    }
    text
}

#[cfg(test)]
mod tests;
