//! Random keys against a console in its own terminal, with checks for crashes, hangs and leaked control characters.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use regex::Regex;

use super::{
    hostile::Chance,
    pty::{Program, Pty},
};

/// Number of keys between two checks that the console still responds.
const LOOK: usize = 200;
/// Number of keys after which the console is restarted, so that its first seconds are tested as well.
const LIFE: usize = 3_000;

const COMMANDS: &[&str] = &[
    "trouble",
    "failures",
    "clusters",
    "services",
    "tasks",
    "stopped",
    "containers",
    "instances",
    "deployments",
    "events",
    "timeline",
    "families",
    "revisions",
    "previous",
    "next",
    "home",
    "status all",
    "json",
    "describe",
    "explain",
    "copy",
    "save csv",
    "save json",
    "save view",
    "help",
    "alias",
    "messages",
    "refresh",
    "refresh 1s",
    "refresh off",
    "refresh auto",
    "pause",
    "redraw",
    "header compact",
    "header full",
    "crumbs",
    "theme paper",
    "theme mono",
    "ctx",
    "region eu-west-1",
    "profile",
    "whoami",
    "write 15m",
    "readonly",
    "filter exit=137",
    "faults",
    "wide",
    "sort",
    "unmark",
    "logs",
    "around 3",
    "include error",
    "exclude info",
    "highlight a",
    "level warn",
    "level off",
    "at -2h",
    "at 10:00..10:20",
    "at now",
    "at -009999-01-02T02:00:00Z..",
    "pattern ERROR",
    "pattern",
    "query",
    "elapsed",
    "nonsense",
    "events since=2d",
    "stopped since=3650d",
    "tasks /age<1s",
    "services /is:fault",
];
const FILTERS: &[&str] = &[
    "a",
    "exit=137",
    "age<30m",
    "is:fault",
    "(",
    "[",
    "\\",
    "a|b",
    "-f zz",
    "!x",
    "memory>=512Mi",
    "stopped>14:00",
    "\u{202e}",
    "🦠",
    "",
];
const SINGLE: &str = "abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789-=[]{}()<>!@#$%^&*_+;',./?|~`\"";
const CONTROL: &[u8] = &[1, 2, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25];
const SPECIAL: &[&str] = &[
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[H",
    "\x1b[F",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[3~",
    "\x1bOP",
    "\x1b[15~",
    "\x1b[Z",
    "\x1b[1;2C",
    "\x1b[1;5A",
    "\x1b[I",
    "\x1b[O",
];
const GARBAGE: &[&str] = &[
    "\x1b[",
    "\x1b[999999999999;1H",
    "\x1b[<35;10;10M",
    "\x1b]0;x\x07",
    "\x1b[1;1R",
    "\x1b[201~",
    "🦠",
    "\u{202e}\u{301}",
    "\x1bP+r\x1b\\",
];
const SIZES: &[(u16, u16)] =
    &[(1, 1), (80, 1), (1, 24), (20, 5), (40, 2), (80, 24), (120, 30), (160, 50), (300, 100), (25, 120), (3, 3)];

/// Result of a storm.
#[derive(Debug, Default)]
pub struct Outcome {
    pub keys: usize,
    /// Unexpected ends of the console, with its output.
    pub panics: Vec<String>,
    /// Longest time of a redraw.
    pub slowest: Duration,
    /// Output to the terminal that is not part of a frame.
    pub leaks: Vec<String>,
    pub peak_mib: u64,
}

/// Presses `keys` keys, chosen by `seed`, in consoles that `program` starts.
pub fn storm(keys: usize, seed: u64, program: impl Fn() -> Program) -> Outcome {
    let mut chance = Chance::new(seed);
    let mut outcome = Outcome::default();
    while outcome.keys < keys {
        let mut pty = program().start();
        for turn in 0..LIFE.min(keys - outcome.keys) {
            if chance.below(100) == 0 {
                let (columns, rows) = SIZES[chance.below(SIZES.len())];
                pty.resize_unseen(columns, rows);
            }
            if !pty.try_keys(&key(&mut chance)) {
                break;
            }
            outcome.keys += 1;
            if turn % 4 == 0 {
                std::thread::sleep(Duration::from_millis(2));
            }
            if turn % LOOK == LOOK - 1 {
                outcome.slowest = outcome.slowest.max(redrawn(&pty));
                outcome.peak_mib = outcome.peak_mib.max(pty.kib("VmHWM:") / 1024);
            }
        }
        match pty.ended() {
            None => pty.kill(),
            // 0: a command quit it. 130: ctrl-c did.
            Some(0 | 130) => {}
            Some(code) => outcome.panics.push(format!("exit code {code}\n{}", pty.contents())),
        }
        outcome.leaks.extend(leaks(&pty.everything()));
    }
    outcome
}

/// Time that the console takes for a full redraw.
fn redrawn(pty: &Pty) -> Duration {
    pty.resize_unseen(80, 24);
    // First end any paste or prompt.
    for keys in ["\x1b[201~\x1b", "\x1b"] {
        pty.try_keys(keys);
        std::thread::sleep(Duration::from_millis(60));
    }
    let (begun, bytes) = (Instant::now(), pty.bytes());
    pty.try_keys("\x0c");
    while pty.bytes() == bytes && begun.elapsed() < Duration::from_secs(10) && pty.lives() {
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed()
}

fn key(chance: &mut Chance) -> String {
    match chance.below(200) {
        0..90 => SINGLE.chars().nth(chance.below(SINGLE.len())).unwrap_or('j').to_string(),
        90..110 => chance.one_of(&["\r", "\r", "\r", "\x1b", "\t", " ", "\x7f"]).to_owned(),
        110..126 => "q".into(),
        126..144 => char::from(CONTROL[chance.below(CONTROL.len())]).to_string(),
        144..172 => chance.one_of(SPECIAL).to_owned(),
        172..188 => format!("\x1b:{}{}", chance.one_of(COMMANDS), chance.one_of(&["\r", "\r", "\r", "\t\r", ""])),
        188..195 => format!("/{}{}", chance.one_of(FILTERS), chance.one_of(&["\r", "\x1b", ""])),
        195..198 => chance.one_of(GARBAGE).to_owned(),
        _ => {
            let pasted: String = (0..[3, 50, 2000][chance.below(3)])
                .map(|_| chance.one_of(&["a", "b\n", "\x1b[]52;c;", "\u{202e}", "🦠 é\t", "\r:/"]))
                .collect();
            format!("\x1b[200~{}\x1b[201~", pasted.replace("\x1b[201~", ""))
        }
    }
}

/// Sequences that a console sends: colours, cursor, modes, erasing, the clipboard, and alerts.
static PICTURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\x1b\[(?:[0-9;:]*m|\d*(?:;\d*)?H|\?(?:25|1049|2004|1004|2026|7)[hl]|\d* q|[0-3]?[JK])",
        r"|\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x1b\\|\x07)",
        r"|\x07\x1b\]9;[^\p{Cc}]*\x1b\\",
    ))
    .expect("a pattern")
});

/// Control characters and deceptive characters in the output, each with its context. Only output while the console had the screen
/// counts: before and after, the kernel echoes the keys.
fn leaks(sent: &str) -> Vec<String> {
    let screens = sent.split("\x1b[?1049h").skip(1).filter_map(|screen| screen.split("\x1b[?1049l").next());
    let acts = |c: char| {
        (c.is_control() && !matches!(c, '\r' | '\n'))
            || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    let mut leaks = Vec::new();
    for screen in screens {
        let text = PICTURE.replace_all(screen, "");
        leaks.extend(text.char_indices().filter(|(_, c)| acts(*c)).map(|(at, c)| {
            let around: String = text[..at]
                .chars()
                .rev()
                .take(20)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .chain(text[at..].chars().take(20))
                .collect();
            format!("{c:?} in {around:?}")
        }));
    }
    leaks.truncate(10);
    leaks
}
