//! Help, aliases and messages as lines of text. Help is the action table and the table of prompt keys, read aloud.

use unicode_width::UnicodeWidthStr;

use super::{
    Model,
    action::{ACTIONS, Action, Place},
    document::{Ink, TextLine},
    logs::stack,
    prompt::EDITS,
    text::safe,
};
use crate::{event::Level, resource::Tone};

const PLAIN: Ink = Ink::Tone(Tone::Plain);
const MUTED: Ink = Ink::Tone(Tone::Muted);

/// What filters can say; the grammar itself is told in [`super::filter`].
const FILTERS: [(&str, &str); 9] = [
    ("word", "in any column shown; a|b and other regular expressions work"),
    ("\"two words\"", "as they stand"),
    ("!word", "rows without it; ! goes before any term"),
    ("column:text", "in this column; = is the whole of it, ~ a regular expression, != and !~ the opposite"),
    ("age<10m cpu>=0.5vcpu", "compared in the column's unit; only rows that have a value"),
    ("stopped>14:05", "times of today, or 2026-01-31T14:05"),
    ("is:fault", "a state; also is:marked, is:changed, and those of the kind: is:stopped, is:unhealthy"),
    ("-f text", "fuzzy"),
    (r"\c \C", "case ignored, case respected; without: exact where there is a capital"),
];

/// What filters of logs can say besides; the grammar itself is told in [`crate::logs::filter`].
const LOG_FILTERS: [(&str, &str); 6] = [
    ("!text", "in front of all of it: no lines that match; tab goes on to exclude and highlight"),
    ("level>=warn", "trace, debug, info, warn, error, fatal; lines that tell no level stay"),
    ("task:1a2b container=app", "where the line comes from; also service:, revision:"),
    (".status>=500 .user.id=7", "a key of a line that is JSON"),
    ("is:late", "a state; also is:mark and is:output"),
    ("several filters", "a line is shown when any include matches it, or there is none, and no exclude does"),
];

/// Every action by place, then the prompts, then the filters.
pub(super) fn help(model: &Model) -> Vec<TextLine> {
    let mut lines = Vec::new();
    for (title, place) in [
        ("Everywhere", Place::Everywhere),
        ("In tables", Place::Table),
        ("In texts: describe, JSON, help, messages", Place::Text),
        ("In logs", Place::Logs),
    ] {
        let actions = ACTIONS.iter().filter(|action| action.place == place);
        section(&mut lines, title, actions.map(|action| action_entry(model, action)));
    }
    let edits = EDITS.iter().map(|(keys, _, about)| (keys.join(" "), String::new(), (*about).to_owned()));
    section(&mut lines, "In prompts", edits);
    let filters = FILTERS.iter().map(|(term, about)| ((*term).to_owned(), String::new(), (*about).to_owned()));
    section(&mut lines, "Filters", filters);
    let keys = stack::KEYS.iter().map(|(keys, _, about)| (keys.join(" "), String::new(), (*about).to_owned()));
    section(&mut lines, "In the list of a log's filters", keys);
    let filters = LOG_FILTERS.iter().map(|(term, about)| ((*term).to_owned(), String::new(), (*about).to_owned()));
    section(&mut lines, "Filters of logs", filters);
    lines
}

fn action_entry(model: &Model, action: &Action) -> (String, String, String) {
    let keys: Vec<String> = model.keymap.keys(action).iter().map(ToString::to_string).collect();
    let keys = match keys.as_slice() {
        [first, .., last] if keys.len() > 3 => format!("{first} … {last}"),
        keys => keys.join(" "),
    };
    let command = action.usage().map(|usage| format!(":{usage}")).unwrap_or_default();
    let about = match action.kinds {
        [] => action.about.to_owned(),
        kinds => format!("{} ({})", action.about, kinds.join(", ")),
    };
    (keys, command, about)
}

/// The words for views, commands without keys, and the person's own words.
pub(super) fn aliases(model: &Model) -> Vec<TextLine> {
    let mut lines = Vec::new();
    let kinds = model.kinds.iter().map(|kind| {
        let names: Vec<&str> = kind.names().skip(1).collect();
        (kind.name.to_owned(), names.join(" "), kind.about.to_owned())
    });
    section(&mut lines, "Views", kinds);
    let own = model
        .settings
        .aliases
        .iter()
        .map(|(word, command)| (safe(word).into_owned(), String::new(), safe(command).into_owned()));
    section(&mut lines, "Your own", own);
    let words = ACTIONS.iter().filter_map(|action| {
        Some((action.usage()?, action.words.get(1..).unwrap_or_default().join(" "), action.about.to_owned()))
    });
    section(&mut lines, "Commands", words);
    lines
}

/// The session's messages, newest first.
pub(super) fn messages(model: &Model) -> Vec<TextLine> {
    if model.messages.log.is_empty() {
        return vec![TextLine::new("No messages yet.", MUTED)];
    }
    let line = |message: &super::messages::Message| {
        let at = message.at.to_zoned(model.settings.zone.clone()).strftime("%H:%M:%S").to_string();
        let (word, tone) = match message.level {
            Level::Info => ("info ", Tone::Muted),
            Level::Warn => ("warn ", Tone::Warn),
            Level::Error => ("error", Tone::Bad),
        };
        let spans =
            vec![(format!("{at}  "), MUTED), (format!("{word}  "), Ink::Tone(tone)), (message.text.clone(), PLAIN)];
        TextLine { spans, hang: 17 }
    };
    model.messages.log.iter().rev().map(line).collect()
}

/// A title and its entries in three columns; nothing when there are none.
fn section(lines: &mut Vec<TextLine>, title: &str, entries: impl Iterator<Item = (String, String, String)>) {
    let entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        return;
    }
    let width =
        |of: fn(&(String, String, String)) -> &str| entries.iter().map(|entry| of(entry).width()).max().unwrap_or(0);
    let (first, second) = (width(|entry| &entry.0), width(|entry| &entry.1));
    lines.push(TextLine::new(title, Ink::Title));
    for (key, command, about) in &entries {
        let pad = |text: &str, width: usize| " ".repeat(width - text.width() + 2);
        let mut spans = vec![("  ".into(), PLAIN), (key.clone(), Ink::Key), (pad(key, first), PLAIN)];
        if second > 0 {
            spans.extend([(command.clone(), Ink::Label), (pad(command, second), PLAIN)]);
        }
        spans.push((about.clone(), PLAIN));
        let hang = 2 + first + 2 + if second > 0 { second + 2 } else { 0 };
        lines.push(TextLine { spans, hang: u16::try_from(hang).unwrap_or(0) });
    }
}
