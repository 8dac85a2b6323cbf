//! JSON lines: main fields in one row, or all fields as a tree.

use super::rows::{LogStyle, Piece, looks};
use crate::{
    logs::{
        Level, Line,
        json::{self, Fields, JsonValue, Map},
    },
    model::text::safe,
};

/// The level, the message, then the other fields; further rows for a message with several. Includes its own time if no
/// other is shown.
pub(super) fn row(line: &Line, timed: bool) -> Option<Vec<Vec<Piece>>> {
    let Fields { time, level, message, rest } = json::key_fields(&line.text)?;
    let mut first = Vec::new();
    if let Some((_, time)) = time.filter(|_| !timed) {
        first.push(Piece::new(format!("{} ", shown(&time)), LogStyle::Time));
    }
    if let Some((_, part)) = level {
        let known = line.level.or_else(|| Level::parse(part.text()?));
        first.push(known.map_or_else(|| Piece::new(format!("{} ", shown(&part)), LogStyle::Faint), word));
    }
    let message = message.as_ref().and_then(|(_, part)| part.text()).unwrap_or_default().trim_end();
    let mut lines = message.split('\n').map(looks);
    first.extend(lines.next().unwrap_or_default());
    for (key, part) in &rest {
        let blank = if first.is_empty() { "" } else { " " };
        first.push(Piece::new(format!("{blank}{}=", safe(key)), LogStyle::Key));
        first.push(Piece::new(value(part), LogStyle::Faint));
    }
    Some([first].into_iter().chain(lines).collect())
}

/// All fields as names and values.
pub(super) fn list(line: &Line) -> Vec<(String, String)> {
    let Some(Fields { time, level, message, rest }) = json::key_fields(&line.text) else { return Vec::new() };
    let fields = [time, level, message].into_iter().flatten().chain(rest);
    fields.map(|(key, part)| (key, part.text().map_or_else(|| part.to_string(), str::to_owned))).collect()
}

/// `ERROR `, in five cells.
fn word(level: Level) -> Piece {
    Piece::new(format!("{:<5} ", level.word().to_uppercase()), LogStyle::Level(level))
}

fn shown(part: &JsonValue) -> String {
    let text = part.text().map_or_else(|| part.to_string(), str::to_owned);
    safe(&text).into_owned()
}

/// A value after its key; quoted only if it would be ambiguous otherwise.
fn value(part: &JsonValue) -> String {
    match part {
        JsonValue::Text(text) if text.is_empty() || text.contains([' ', '=', '"']) => {
            safe(&part.to_string()).into_owned()
        }
        part => shown(part),
    }
}

/// The line as a tree, one field per row.
pub(super) fn tree(text: &str) -> Option<Vec<Vec<Piece>>> {
    let mut tree = Tree { rows: vec![Vec::new()] };
    tree.object(&json::object(text)?, 0);
    Some(tree.rows)
}

struct Tree {
    rows: Vec<Vec<Piece>>,
}

impl Tree {
    fn put(&mut self, text: impl Into<String>, ink: LogStyle) {
        if let Some(row) = self.rows.last_mut() {
            row.push(Piece::new(text, ink));
        }
    }

    fn row(&mut self, depth: usize) {
        self.rows.push(Vec::new());
        if depth > 0 {
            self.put("  ".repeat(depth), LogStyle::Plain);
        }
    }

    fn object(&mut self, map: &Map, depth: usize) {
        self.put("{", LogStyle::Punctuation);
        for (at, (key, part)) in map.iter().enumerate() {
            self.row(depth + 1);
            self.put(safe(&JsonValue::Text(key.clone()).to_string()), LogStyle::Name);
            self.put(": ", LogStyle::Punctuation);
            self.part(part, depth + 1);
            if at + 1 < map.len() {
                self.put(",", LogStyle::Punctuation);
            }
        }
        if !map.is_empty() {
            self.row(depth);
        }
        self.put("}", LogStyle::Punctuation);
    }

    fn part(&mut self, part: &JsonValue, depth: usize) {
        match part {
            JsonValue::Object(map) => self.object(map, depth),
            JsonValue::List(list) => {
                self.put("[", LogStyle::Punctuation);
                for (at, part) in list.iter().enumerate() {
                    self.row(depth + 1);
                    self.part(part, depth + 1);
                    if at + 1 < list.len() {
                        self.put(",", LogStyle::Punctuation);
                    }
                }
                if !list.is_empty() {
                    self.row(depth);
                }
                self.put("]", LogStyle::Punctuation);
            }
            // A stack trace is shown in rows, not with `\n` in one.
            JsonValue::Text(text) if text.trim_end().contains('\n') => {
                for line in text.trim_end().lines() {
                    self.row(depth + 1);
                    self.put(safe(&line.replace('\t', "  ")), LogStyle::Text);
                }
            }
            JsonValue::Text(_) => self.put(safe(&part.to_string()), LogStyle::Text),
            JsonValue::Number(_) => self.put(part.to_string(), LogStyle::Number),
            JsonValue::Bool(_) | JsonValue::Null => self.put(part.to_string(), LogStyle::Literal),
        }
    }
}
