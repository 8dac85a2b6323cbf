//! Help, aliases, messages and the journal as lines of text. Help is generated from the actions and the prompt keys.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use super::{
    Model, Table, Viewer,
    action::{ACTIONS, Action, contexts},
    prompt::EDITS,
    screens::{
        logs::{LogView, stack},
        text::{TextLine, TextStyle, wrap},
    },
    text::safe,
};
use crate::{
    change::place,
    event::NoticeLevel,
    journal::JournalLine,
    resource::{Tone, format::last_part},
};

const PLAIN: TextStyle = TextStyle::Tone(Tone::Plain);
const MUTED: TextStyle = TextStyle::Tone(Tone::Muted);

/// The maximum width of keys in two columns, the gap between columns, and the minimum width for two columns.
const KEYS: usize = 10;
const GAP: usize = 2;
const TWO_COLUMNS: usize = 76;

/// Keys of prompts that line editors have in common, left out of the help of a screen.
const COMMON_EDITS: [&str; 12] =
    ["left", "home", "end", "backspace", "delete", "alt-f", "alt-b", "ctrl-w", "alt-d", "ctrl-u", "ctrl-k", "ctrl-y"];

/// Entry about help and the mouse.
const BESIDES: [(&str, &str); 1] =
    [("/", "search the keys of all screens and prompts; press ? in one for its own; the mouse is not used")];

/// Syntax of filters; the grammar is described in [`super::filter`].
const FILTERS: [(&str, &str); 8] = [
    ("tab", "complete columns, states and values as listed above the prompt; right accepts"),
    ("word !word", "in any shown column; a|b and other regular expressions work; ! negates a term"),
    ("\"two words\"", "the exact text"),
    ("column:text", "in this column; = the whole value, ~ a regular expression, != and !~ negate"),
    ("age<10m cpu>=0.5vcpu", "compared in the unit of the column; only rows with a value"),
    ("stopped>14:05", "times of today, or 2026-01-31T14:05"),
    ("is:fault", "a state; also is:marked, is:changed, and those of the kind: is:stopped, is:unhealthy"),
    (r"-f text \c \C", "fuzzy; ignore or respect case; by default respected if the term has a capital"),
];

/// Additional syntax of log filters; the grammar is described in [`crate::logs::filter`].
const LOG_FILTERS: [(&str, &str); 6] = [
    ("!text", "at the beginning: hide matching lines; ctrl-x switches to exclude and highlight"),
    ("level>=warn", "trace, debug, info, warn, error, fatal; lines without a level stay"),
    ("task:1a2b container=app", "the source of the line; also service:, revision:"),
    (".status>=500 .user.id=7", "a key of a JSON line"),
    ("is:late", "a state; also is:mark and is:output"),
    ("several filters", "a line is shown if an include matches it, or there is none, and no exclude does"),
];

/// Keys, words or terms, and their description.
struct HelpEntry {
    keys: String,
    about: String,
}

impl HelpEntry {
    fn new(keys: impl Into<String>, about: impl Into<String>) -> Self {
        Self { keys: keys.into(), about: about.into() }
    }
}

/// The keys of the screen that help was opened from, those of every screen, then prompts and filters. While searching,
/// the keys of all screens.
pub(super) fn help(model: &Model) -> Vec<TextLine> {
    let (all, screen) = match model.front.get::<Viewer>() {
        Some(viewer) => (viewer.search.is_some(), model.behind.last().unwrap_or(&model.front)),
        None => (false, &model.front),
    };
    let width = model.text_width();
    let (here, kind) = (screen.contexts(), screen.kind());
    let in_logs = screen.is::<LogView>();
    let mut lines = Vec::new();
    for context in contexts() {
        let title = context.title;
        let actions = ACTIONS.iter().filter(|action| action.place == context);
        if all {
            section(&mut lines, title, &actions.map(|action| in_full(model, action)).collect::<Vec<_>>(), 1, width);
        } else if here.contains(&context) {
            let actions = actions.filter(|action| action.works_on(kind)).map(|action| in_short(model, action));
            section(&mut lines, title, &actions.collect::<Vec<_>>(), columns(width), width);
        }
    }
    let terms =
        |terms: &[(&str, &str)]| terms.iter().map(|(term, about)| HelpEntry::new(*term, *about)).collect::<Vec<_>>();
    if all {
        let keys: Vec<_> = stack::KEYS.iter().map(|(keys, _, about)| HelpEntry::new(some(keys), *about)).collect();
        section(&mut lines, "In the list of a log's filters", &keys, columns(width), width);
    }
    if all || in_logs {
        section(&mut lines, "Filters of logs", &terms(&LOG_FILTERS), 1, width);
    }
    if all || screen.is::<Table>() || in_logs {
        section(&mut lines, "Filters", &terms(&FILTERS), 1, width);
    }
    // A log's own keys fill its help.
    if all || !in_logs {
        let shown =
            EDITS.iter().filter(|(keys, ..)| all || !keys.first().is_some_and(|key| COMMON_EDITS.contains(key)));
        let edits: Vec<_> = shown.map(|(keys, _, about)| HelpEntry::new(some(keys), *about)).collect();
        section(&mut lines, "In prompts", &edits, columns(width), width);
    }
    section(&mut lines, "Besides", &terms(&BESIDES), 1, width);
    lines
}

/// Number of columns for keys.
fn columns(width: usize) -> usize {
    if width >= TWO_COLUMNS { 2 } else { 1 }
}

/// As many of the keys as fit, at least the first.
fn some<K: ToString>(keys: &[K]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    match keys.as_slice() {
        [first, .., last] if keys.len() > 3 && keys.iter().all(|key| key.len() == 1) => format!("{first} … {last}"),
        [first, rest @ ..] => rest.iter().fold(first.clone(), |text, key| {
            if text.width() + 1 + key.width() <= KEYS { format!("{text} {key}") } else { text }
        }),
        [] => String::new(),
    }
}

/// An action by its keys, or by its command if it has none.
fn in_short(model: &Model, action: &Action) -> HelpEntry {
    let keys = some(model.keymap.keys(action));
    let command = action.words.first().filter(|_| keys.is_empty());
    HelpEntry::new(command.map_or(keys, |word| format!(":{word}")), action.about)
}

/// An action by its keys and its command, with the kinds of rows.
fn in_full(model: &Model, action: &Action) -> HelpEntry {
    let command = action.usage().map(|usage| format!(":{usage}"));
    let keys = [Some(some(model.keymap.keys(action))), command].into_iter().flatten().filter(|text| !text.is_empty());
    HelpEntry::new(keys.collect::<Vec<_>>().join(" "), action.about_in_full())
}

/// The words for views and commands, including aliases of the user.
pub(super) fn aliases(model: &Model) -> Vec<TextLine> {
    let with = |about: &str, others: &[&str]| match others {
        [] => about.to_owned(),
        others => format!("{about} ({})", others.join(", ")),
    };
    let mut lines = Vec::new();
    let mut list = |title, entries: Vec<HelpEntry>| section(&mut lines, title, &entries, 1, model.text_width());
    let kinds = model
        .kinds
        .iter()
        .map(|kind| HelpEntry::new(kind.name, with(kind.about, &kind.names().skip(1).collect::<Vec<_>>())));
    list("Views", kinds.collect());
    let own = model.settings.aliases.iter().map(|(word, command)| HelpEntry::new(safe(word), safe(command)));
    list("Your own", own.collect());
    let words = ACTIONS.iter().filter_map(|action| {
        Some(HelpEntry::new(action.usage()?, with(action.about, action.words.get(1..).unwrap_or_default())))
    });
    list("Commands", words.collect());
    lines
}

/// The session's messages, newest first.
pub(super) fn messages(model: &Model) -> Vec<TextLine> {
    if model.messages.log.is_empty() {
        return vec![TextLine::new("No messages yet.", MUTED)];
    }
    let line = |message: &super::messages::Message| {
        let at = message.at.to_zoned_datetime(model.settings.zone.zone.clone()).strftime("%H:%M:%S").to_string();
        let (word, tone) = match message.level {
            NoticeLevel::Info => ("info ", Tone::Muted),
            NoticeLevel::Warn => ("warn ", Tone::Warn),
            NoticeLevel::Error => ("error", Tone::Bad),
        };
        let spans = vec![
            (format!("{at}  "), MUTED),
            (format!("{word}  "), TextStyle::Tone(tone)),
            (message.text.clone(), PLAIN),
        ];
        TextLine { spans, hang: 17 }
    };
    model.messages.log.iter().rev().map(line).collect()
}

/// The changes that were made, newest first.
pub(super) fn journal(model: &Model, journal: Option<&Result<Arc<Vec<JournalLine>>, String>>) -> Vec<TextLine> {
    let lines = match journal {
        None => return vec![TextLine::new("reading the journal ...", TextStyle::Tone(Tone::Busy))],
        Some(Err(reason)) => return vec![TextLine::new(safe(reason), TextStyle::Tone(Tone::Bad))],
        Some(Ok(lines)) if lines.is_empty() => return vec![TextLine::new("No changes yet.", MUTED)],
        Some(Ok(lines)) => lines,
    };
    let line = |entry: &JournalLine| {
        let JournalLine { at, state, change, kind, name, cluster, .. } = entry;
        let tone = match state.as_str() {
            "accepted" => Tone::Good,
            "sent" => Tone::Muted,
            _ => Tone::Bad,
        };
        let by = entry.caller.as_deref().or(entry.profile.as_deref()).map(last_part);
        let by = by.map(|who| format!(", by {who}")).unwrap_or_default();
        let says = entry.details().map(|details| format!(": {details}")).unwrap_or_default();
        let spans = vec![
            (format!("{}  ", model.settings.zone.short(*at, model.now)), MUTED),
            (format!("{state:<8}  "), TextStyle::Tone(tone)),
            (safe(&format!("{change} {}{says}{by}", place(kind, name, cluster))).into_owned(), PLAIN),
        ];
        TextLine { spans, hang: 4 }
    };
    lines.iter().map(line).collect()
}

/// A title and its entries, in columns that read downwards; nothing without entries.
fn section(lines: &mut Vec<TextLine>, title: &str, entries: &[HelpEntry], columns: usize, width: usize) {
    if entries.is_empty() {
        return;
    }
    lines.push(TextLine::new(title, TextStyle::Title));
    let most = if columns > 1 { KEYS } else { width / 3 };
    let keys = entries.iter().map(|entry| entry.keys.width()).max().unwrap_or(0).min(most);
    if columns < 2 {
        return lines.extend(entries.iter().flat_map(|entry| set(entry, keys)));
    }
    let column = (width - GAP) / 2;
    let cut = |entry: &HelpEntry| cut(set(entry, keys), column);
    let mut left: Vec<_> = entries.iter().map(cut).collect();
    // The columns are as even as whole entries allow; the left one is never shorter.
    let total: usize = left.iter().map(Vec::len).sum();
    let mut taken = 0;
    let half = left.iter().position(|rows| {
        taken += rows.len();
        taken * 2 >= total
    });
    let right = left.split_off(half.map_or(left.len(), |half| half + 1));
    let mut right = right.into_iter().flatten();
    for mut row in left.into_iter().flatten() {
        if let Some(beside) = right.next() {
            let text: usize = row.spans.iter().map(|(text, _)| text.width()).sum();
            row.spans.push((" ".repeat(column + GAP - text.min(column)), PLAIN));
            row.spans.extend(beside.spans);
        }
        row.hang = 0;
        lines.push(row);
    }
}

/// An entry as a line with hanging indent; keys that are too long for their column get their own line.
fn set(entry: &HelpEntry, keys: usize) -> Vec<TextLine> {
    let hang = u16::try_from(2 + keys + GAP).unwrap_or(0);
    let key = (format!("  {}", entry.keys), TextStyle::Key);
    let about = (entry.about.clone(), PLAIN);
    let pad = |cells: usize| (" ".repeat(cells), PLAIN);
    match (keys + GAP).checked_sub(entry.keys.width()).filter(|left| *left >= GAP) {
        Some(left) => vec![TextLine { spans: vec![key, pad(left), about], hang }],
        None => {
            vec![TextLine { spans: vec![key], hang: 2 }, TextLine { spans: vec![pad(usize::from(hang)), about], hang }]
        }
    }
}

/// Wraps lines to rows of `width` cells.
fn cut(lines: Vec<TextLine>, width: usize) -> Vec<TextLine> {
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    wrap::rows(&lines, width).into_iter().map(|row| lines[row.line].part(&row)).collect()
}
