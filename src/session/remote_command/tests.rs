//! Against real shells on a real pseudo terminal, and against every way to cut the output.

use std::io::{Read, Write};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// More than any buffer on the way holds.
static MUCH: [u8; 100_000] = [b'x'; 100_000];

const MARKER: &str = "0123456789abcdef0123456789abcdef";

/// What a command does when it is run as the agent would run it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    output: Vec<u8>,
    error: Vec<u8>,
    exit: Option<u8>,
}

/// Runs `args` under `shell` on a pseudo terminal.
fn run(shell: &str, args: &[&str], input: Option<&[u8]>) -> Seen {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    // The words of the line are these; `splits_again` shows that the agent's lexing finds them.
    let words = split(&command_line(&args, MARKER, input.is_some()));
    let pty = native_pty_system().openpty(PtySize::default()).expect("a pseudo terminal");
    let mut command = CommandBuilder::new(shell);
    let applet: &[&str] = if shell == "busybox" { &["sh"] } else { &[] };
    command.args(applet);
    command.args(&words[1..]);
    let mut child = pty.slave.spawn_command(command).expect("the shell starts");
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().expect("a reader");
    let mut writer = pty.master.take_writer().expect("a writer");
    let mut output = RemoteOutput::new(MARKER);
    let mut seen = Seen::default();
    let mut buffer = [0; 4096];
    let mut sending = None;
    while seen.exit.is_none() {
        let Ok(count @ 1..) = reader.read(&mut buffer) else { break };
        for part in output.push(&buffer[..count]) {
            match part {
                RemotePart::Ready { .. } => {
                    if let Some(input) = input {
                        let text = encode_input(input) + &end_of_input(MARKER);
                        let mut writer = std::mem::replace(&mut writer, Box::new(std::io::sink()));
                        sending = Some(std::thread::spawn(move || {
                            writer.write_all(text.as_bytes()).expect("the terminal takes it");
                            writer
                        }));
                    }
                }
                RemotePart::Output(bytes) => seen.output.extend(bytes),
                RemotePart::Error(bytes) => seen.error.extend(bytes),
                RemotePart::InputClosed => {}
                RemotePart::Exit(code) => seen.exit = code,
            }
        }
    }
    if let Some(sending) = sending {
        writer = sending.join().expect("it has ended");
    }
    // The program ends when it gets this line, not before.
    assert!(child.try_wait().expect("a child").is_none());
    writer.write_all(end_of_input(MARKER).as_bytes()).expect("the terminal takes it");
    assert!(child.wait().expect("a child").success());
    seen
}

/// Splits a command line as the agent does: quotes and backslashes, no expansion.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut escaped = false;
    for c in line.chars() {
        let word = words.last_mut().expect("one word at least");
        match c {
            _ if std::mem::take(&mut escaped) => word.push(c),
            '\'' => quoted = !quoted,
            '\\' if !quoted => escaped = true,
            ' ' if !quoted => words.push(String::new()),
            _ => word.push(c),
        }
    }
    words
}

fn shells() -> Vec<&'static str> {
    ["sh", "dash", "bash", "busybox", "zsh"]
        .into_iter()
        .filter(|shell| ["/bin", "/usr/bin"].iter().any(|folder| std::path::Path::new(folder).join(shell).exists()))
        .collect()
}

#[rstest]
#[case::output(&["echo", "hi"], None, b"hi\n", b"", 0)]
#[case::exit_code(&["sh", "-c", "exit 7"], None, b"", b"", 7)]
#[case::missing_command(&["sh", "-c", "echo out; echo err >&2; exit 3"], None, b"out\n", b"err\n", 3)]
#[case::words_are_kept(&["printf", "%s|", "a b", "it's", "$HOME", "", "\\n", "ä"], None, "a b|it's|$HOME||\\n|ä|".as_bytes(), b"", 0)]
#[case::an_error_without_line_end(&["sh", "-c", "printf oops >&2"], None, b"", b"oops", 0)]
#[case::no_input(&["cat"], None, b"", b"", 0)]
#[case::input(&["cat"], Some(&b"hi\n"[..]), b"hi\n", b"", 0)]
#[case::input_that_is_not_read(&["true"], Some(&MUCH[..]), b"", b"", 0)]
#[case::carriage_returns(&["printf", "a\\r\\nb\\rc\\n"], None, b"a\r\nb\rc\n", b"", 0)]
#[case::a_signal(&["sh", "-c", "kill -9 $$"], None, b"", b"", 137)]
fn a_command_runs_as_it_would_locally(
    #[case] args: &[&str],
    #[case] input: Option<&[u8]>,
    #[case] output: &[u8],
    #[case] error: &[u8],
    #[case] exit: u8,
) {
    for shell in shells() {
        let seen = run(shell, args, input);
        // Some shells report a child that was killed on standard error.
        let error_seen: &[u8] = if exit == 137 { b"" } else { &seen.error };
        assert_eq!((&*seen.output, error_seen, seen.exit), (output, error, Some(exit)), "{shell}: {seen:?}");
    }
}

#[test]
fn every_byte_passes_both_ways() {
    let bytes: Vec<u8> = (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for shell in shells() {
        let seen = run(shell, &["cat"], Some(&bytes));
        assert_eq!(seen.output.len(), bytes.len(), "{shell}");
        assert!(seen.output == bytes && seen.exit == Some(0), "{shell}");
    }
}

#[test]
fn output_and_errors_of_a_busy_command_do_not_mix() {
    let script = "i=0; while [ $i -lt 2000 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done";
    let expected = |word| (0..2000).map(|i| format!("{word}{i}\n")).collect::<String>().into_bytes();
    for shell in shells() {
        let seen = run(shell, &["sh", "-c", script], None);
        assert!(seen.output == expected("out") && seen.error == expected("err"), "{shell}");
    }
}

#[test]
fn nothing_before_the_start_is_output() {
    let mut output = RemoteOutput::new(MARKER);
    assert_eq!(output.push(b"Script started\r\n"), []);
    assert_eq!(output.before_start(), b"Script started\r\n");
    assert_eq!(output.push(format!("\x1e{MARKER}:r\x1e").as_bytes()), [RemotePart::Ready { raw: true }]);
    assert_eq!(output.before_start(), b"");
}

#[test]
fn a_terminal_without_stty_is_undone() {
    let mut output = RemoteOutput::new(MARKER);
    let text = format!("\x1e{MARKER}:c\x1ea\r\r\nb\r\n\x1e{MARKER}:eoops\x1e\x1e{MARKER}:x0\x1e");
    assert_eq!(
        output.push(text.as_bytes()),
        [
            RemotePart::Ready { raw: false },
            RemotePart::Output(b"a\r\nb\n".to_vec()),
            RemotePart::Error(b"oops\n".to_vec()),
            RemotePart::Exit(Some(0)),
        ]
    );
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_parts(
        body in prop::collection::vec(prop_oneof![3 => any::<u8>().prop_map(|b| vec![b]), 1 => Just(vec![RS]), 1 => Just(MARKER.into()),
            1 => Just(format!("\x1e{MARKER}:eoops\x1e").into_bytes()), 1 => Just(b"\r\n".to_vec())], 0..60),
        cuts in prop::collection::vec(1_usize..9, 1..40), raw: bool,
    ) {
        let kind = if raw { 'r' } else { 'c' };
        let whole = [format!("noise\x1e{MARKER}:{kind}\x1e").into_bytes(), body.concat(), format!("\x1e{MARKER}:x5\x1e").into_bytes()].concat();
        let merged = |parts: Vec<RemotePart>| parts.into_iter().fold(Vec::new(), |mut parts: Vec<RemotePart>, part| {
            match (parts.last_mut(), part) {
                (Some(RemotePart::Output(before)), RemotePart::Output(more)) => before.extend(more),
                (_, part) => parts.push(part),
            }
            parts
        });
        let at_once = merged(RemoteOutput::new(MARKER).push(&whole));
        let mut output = RemoteOutput::new(MARKER);
        let mut rest = &*whole;
        let mut parts = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (piece, more) = rest.split_at((*cut).min(rest.len()));
            parts.extend(output.push(piece));
            rest = more;
        }
        prop_assert_eq!(merged(parts), at_once);
    }

    #[test]
    fn the_agent_finds_the_words_again(args in prop::collection::vec("[ -~ä\n]{0,12}", 1..5)) {
        let words = split(&command_line(&args, MARKER, true));
        prop_assert_eq!(&words[..2], ["sh", "-c"]);
        prop_assert_eq!(&words[4..], &args[..]);
    }
}
