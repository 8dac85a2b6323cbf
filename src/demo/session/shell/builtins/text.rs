//! Commands for text.

use std::fmt::Write;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::Outcome;
use crate::demo::session::shell::{Shell, files::absolute};

/// The most numbers that `seq` prints.
const NUMBERS: i64 = 1_000_000;

/// The files that a filter names; the others are options and their values.
pub(super) fn files_of<'a>(filter: &str, arguments: &'a [String]) -> &'a [String] {
    let pattern = usize::from(filter == "grep");
    let mut at = 0;
    while arguments.get(at).is_some_and(|argument| argument.starts_with('-') && argument.len() > 1) {
        let takes_value = matches!((filter, arguments[at].as_str()), ("head" | "tail", "-n" | "-c") | ("base64", "-w"));
        at += 1 + usize::from(takes_value);
    }
    if filter == "tr" { &[] } else { arguments.get(at + pattern..).unwrap_or_default() }
}

/// The contents of files, one after the other.
pub(super) fn read_files(shell: &Shell, command: &str, files: &[String]) -> (Vec<u8>, Outcome) {
    let (mut content, mut failure) = (Vec::new(), Outcome::default());
    for file in files {
        match shell.files.read(&absolute(&shell.directory, file)) {
            Ok(bytes) => content.extend_from_slice(&bytes),
            Err(error) => failure.add_failure(&format!("{command}: can't open '{file}': {error}")),
        }
    }
    (content, failure)
}

pub(super) fn echo(_: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let (mut words, mut line_end, mut escapes) = (arguments, "\n", false);
    while let Some((option @ ("-n" | "-e" | "-ne" | "-en"), rest)) =
        words.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        if option.contains('n') {
            line_end = "";
        }
        escapes |= option.contains('e');
        words = rest;
    }
    let text = words.join(" ") + line_end;
    Outcome { output: if escapes { unescape(&text) } else { text.into_bytes() }, ..Outcome::default() }
}

/// `printf`, with `%s`, `%d` and `%%`; the format repeats until all arguments are used.
pub(super) fn printf(_: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let Some((format, mut rest)) = arguments.split_first() else {
        return Outcome::failed("usage: printf FORMAT [ARGUMENT]...");
    };
    let mut text = Vec::new();
    loop {
        let before = rest.len();
        let mut parts = format.split('%');
        text.extend(unescape(parts.next().unwrap_or_default()));
        while let Some(part) = parts.next() {
            let mut characters = part.chars();
            match characters.next() {
                Some('s' | 'd' | 'i' | 'u' | 'b') => {
                    let (argument, others) =
                        rest.split_first().map_or(("", rest), |(first, others)| (first.as_str(), others));
                    text.extend(argument.bytes());
                    rest = others;
                }
                Some(other) => text.extend(format!("%{other}").bytes()),
                None => {
                    text.push(b'%');
                    characters = parts.next().unwrap_or_default().chars();
                }
            }
            text.extend(unescape(characters.as_str()));
        }
        if rest.is_empty() || rest.len() == before {
            return Outcome { output: text, ..Outcome::default() };
        }
    }
}

/// Replaces escapes: `\n`, `\033`, `\x1b` and the like.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let Some((escape, after)) = rest.split_first().filter(|_| *first == b'\\') else {
            bytes.push(*first);
            continue;
        };
        rest = after;
        let simple = b"abefnrtv\\".iter().position(|letter| letter == escape);
        if let Some(at) = simple {
            bytes.push(b"\x07\x08\x1b\x0c\n\r\t\x0b\\"[at]);
        } else {
            let (radix, digits, most) = match escape {
                b'x' => (16, after, 2),
                b'0' => (8, after, 2),
                b'1'..=b'7' => (8, &text.as_bytes()[text.len() - after.len() - 1..], 3),
                _ => (10, after, 0),
            };
            let length = digits.iter().take(most).take_while(|digit| char::from(**digit).is_digit(radix)).count();
            let number =
                std::str::from_utf8(&digits[..length]).ok().and_then(|digits| u32::from_str_radix(digits, radix).ok());
            match number {
                Some(number) => {
                    bytes.push(number as u8);
                    rest = &digits[length..];
                }
                None if *escape == b'0' => bytes.push(0),
                None => bytes.extend([b'\\', *escape]),
            }
        }
    }
    bytes
}

pub(super) fn seq(_: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let numbers: Option<Vec<i64>> = arguments.iter().map(|argument| argument.parse().ok()).collect();
    let (first, last) = match numbers.as_deref() {
        Some([last]) => (1, *last),
        Some([first, last]) => (*first, *last),
        _ => return Outcome::failed("usage: seq [FIRST] LAST"),
    };
    let last = last.min(first.saturating_add(NUMBERS - 1));
    let mut text = String::new();
    for number in first..=last {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{number}");
    }
    Outcome::text(text)
}

pub(super) fn basename(_: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let path = arguments.first().map_or("", |path| path.trim_end_matches('/'));
    Outcome::text(format!("{}\n", path.rsplit('/').next().unwrap_or_default()))
}

pub(super) fn dirname(_: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let path = arguments.first().map_or("", |path| path.trim_end_matches('/'));
    let directory =
        path.rsplit_once('/').map_or(".", |(directory, _)| if directory.is_empty() { "/" } else { directory });
    Outcome::text(format!("{directory}\n"))
}

/// The number after `-n` or `-c`, or of `-5`, and whether it counts bytes.
fn count(arguments: &[String]) -> (usize, bool) {
    let option = arguments.iter().position(|argument| argument.starts_with('-'));
    let Some(at) = option else { return (10, false) };
    let text = arguments[at].trim_start_matches(['-', 'n', 'c']);
    let text = if text.is_empty() { arguments.get(at + 1).map_or("", String::as_str) } else { text };
    (text.trim_start_matches('+').parse().unwrap_or(10), arguments[at].starts_with("-c"))
}

pub(super) fn head(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    let output = match count(arguments) {
        (bytes, true) => input[..bytes.min(input.len())].to_vec(),
        (lines, false) => input.split_inclusive(|byte| *byte == b'\n').take(lines).flatten().copied().collect(),
    };
    Outcome { output, ..Outcome::default() }
}

pub(super) fn tail(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    let output = match count(arguments) {
        (bytes, true) => input[input.len().saturating_sub(bytes)..].to_vec(),
        (lines, false) => {
            let all: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
            all[all.len().saturating_sub(lines)..].concat()
        }
    };
    Outcome { output, ..Outcome::default() }
}

pub(super) fn wc(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    let lines = memchr::memchr_iter(b'\n', input).count();
    let words = input.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    Outcome::text(match arguments.first().map(String::as_str) {
        Some("-l") => format!("{lines}\n"),
        Some("-w") => format!("{words}\n"),
        Some("-c") => format!("{}\n", input.len()),
        _ => format!("{lines:>7} {words:>7} {:>7}\n", input.len()),
    })
}

pub(super) fn sort(_: &mut Shell, _: &[String], input: &[u8]) -> Outcome {
    let mut lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    Outcome { output: lines.concat(), ..Outcome::default() }
}

/// `grep TEXT`: no patterns, but `-v`, `-i` and `-c`.
pub(super) fn grep(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    let option = |letter| arguments.iter().any(|argument| argument.starts_with('-') && argument.contains(letter));
    let Some(pattern) = arguments.iter().find(|argument| !argument.starts_with('-')) else {
        return Outcome::failed("usage: grep [-civ] TEXT [FILE]...");
    };
    let folded = |text: &str| if option('i') { text.to_lowercase() } else { text.to_owned() };
    let text = String::from_utf8_lossy(input);
    let found: Vec<&str> = text.lines().filter(|line| folded(line).contains(&folded(pattern)) != option('v')).collect();
    let output =
        if option('c') { format!("{}\n", found.len()) } else { found.iter().map(|line| format!("{line}\n")).collect() };
    Outcome { status: u8::from(found.is_empty()), ..Outcome::text(output) }
}

/// `tr A B` for single characters and for ranges of equal length, and `tr -d A`.
pub(super) fn tr(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    let set = |text: &str| match unescape(text).as_slice() {
        [first, b'-', last] => (*first..=*last).collect(),
        bytes => bytes.to_vec(),
    };
    let output = match arguments {
        [option, from] if option == "-d" => input.iter().filter(|byte| !set(from).contains(byte)).copied().collect(),
        [from, to] => {
            let (from, to) = (set(from), set(to));
            let replaced = |byte: &u8| {
                let at = from.iter().position(|other| other == byte);
                at.and_then(|at| to.get(at).or(to.last())).copied().unwrap_or(*byte)
            };
            input.iter().map(replaced).collect()
        }
        _ => return Outcome::failed("usage: tr [-d] SET [SET]"),
    };
    Outcome { output, ..Outcome::default() }
}

pub(super) fn sha256sum(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    let digest = digest::digest(&digest::SHA256, input);
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Outcome::text(format!("{hex}  {}\n", arguments.last().map_or("-", String::as_str)))
}

pub(super) fn cksum(_: &mut Shell, _: &[String], input: &[u8]) -> Outcome {
    Outcome::text(format!("{} {}\n", crc(input), input.len()))
}

/// The checksum of POSIX `cksum`.
fn crc(input: &[u8]) -> u32 {
    let length = input.len().to_le_bytes();
    let digits = length.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let add = |crc: u32, byte: &u8| {
        (0..8)
            .fold(crc ^ u32::from(*byte) << 24, |crc, _| if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 })
    };
    !input.iter().chain(&length[..digits]).fold(0, add)
}

pub(super) fn base64(_: &mut Shell, arguments: &[String], input: &[u8]) -> Outcome {
    if arguments.iter().any(|argument| argument == "-d") {
        let text: Vec<u8> = input.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
        let decoded = STANDARD.decode(text);
        return decoded.map_or_else(
            |_| Outcome::failed("base64: invalid input"),
            |output| Outcome { output, ..Outcome::default() },
        );
    }
    let encoded = STANDARD.encode(input);
    let lines = encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    Outcome::text(lines.collect::<String>())
}
