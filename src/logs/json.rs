//! JSON lines: keys keep their order, and numbers their digits.

use std::fmt::{self, Display, Formatter};

mod fields;
mod scan;

pub use fields::{Fields, key_fields};
pub(super) use scan::{Scanner, unescaped};

/// Longer lines are not parsed as JSON.
pub const LONGEST: usize = 16 << 10;
/// The deepest nesting that is parsed.
const DEEPEST: usize = 64;

/// Keys and values of an object, in order.
pub type Map = Vec<(String, JsonValue)>;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue {
    Null,
    Bool(bool),
    /// As written, so that large ids keep all their digits.
    Number(String),
    Text(String),
    List(Vec<JsonValue>),
    Object(Map),
}

/// Parses a line that is a JSON object.
pub fn object(text: &str) -> Option<Map> {
    if !looks_like_object(text) {
        return None;
    }
    let mut scanner = Scanner::new(text);
    let JsonValue::Object(map) = parse_value(&mut scanner, 0)? else { return None };
    scanner.is_done().then_some(map)
}

/// Returns whether a line may be a JSON object short enough to be parsed.
pub(super) fn looks_like_object(text: &str) -> bool {
    text.len() <= LONGEST && text.trim_start().starts_with('{')
}

/// Visits every value at `path` (`error.code`, `tags.0`) as text, and every item of a list. Keys are matched ignoring
/// case, and may contain dots. Stops where the text is no longer JSON.
pub(super) fn for_each_value(text: &str, path: &str, mut visit: impl FnMut(&str)) {
    seek(&mut Scanner::new(text), path, 0, &mut visit);
}

fn seek(scanner: &mut Scanner<'_>, path: &str, depth: usize, visit: &mut impl FnMut(&str)) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    match scanner.peek()? {
        b'{' if path.is_empty() => visit(scanner.skip()?),
        b'{' => scanner.each_key(|scanner, key| {
            let key = unescaped(key);
            let below = path.get(..key.len()).filter(|head| head.eq_ignore_ascii_case(&key));
            match below.map(|head| &path[head.len()..]) {
                Some("") => seek(scanner, "", depth + 1, visit),
                Some(rest) if rest.starts_with('.') => seek(scanner, &rest[1..], depth + 1, visit),
                _ => scanner.skip().map(drop),
            }
        })?,
        b'[' => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            let wanted: Option<usize> = first.parse().ok();
            let mut index = 0;
            scanner.each_item(|scanner| {
                index += 1;
                match wanted {
                    None => seek(scanner, path, depth + 1, visit),
                    Some(wanted) if wanted + 1 == index => seek(scanner, rest, depth + 1, visit),
                    Some(_) => scanner.skip().map(drop),
                }
            })?;
        }
        _ if !path.is_empty() => drop(scanner.skip()?),
        b'"' => visit(&unescaped(scanner.string()?)),
        _ => visit(scanner.skip()?),
    }
    Some(())
}

fn parse_value(scanner: &mut Scanner<'_>, depth: usize) -> Option<JsonValue> {
    if depth > DEEPEST {
        return None;
    }
    Some(match scanner.peek()? {
        b'{' => {
            let mut map = Map::new();
            scanner.each_key(|scanner, key| {
                map.push((unescaped(key).into_owned(), parse_value(scanner, depth + 1)?));
                Some(())
            })?;
            JsonValue::Object(map)
        }
        b'[' => {
            let mut list = Vec::new();
            scanner.each_item(|scanner| {
                list.push(parse_value(scanner, depth + 1)?);
                Some(())
            })?;
            JsonValue::List(list)
        }
        b'"' => JsonValue::Text(unescaped(scanner.string()?).into_owned()),
        _ => match scanner.word()? {
            "null" => JsonValue::Null,
            "true" => JsonValue::Bool(true),
            "false" => JsonValue::Bool(false),
            word => JsonValue::Number(is_number(word).then(|| word.to_owned())?),
        },
    })
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

impl JsonValue {
    /// The text of a scalar, without quotes.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Null => Some("null"),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::List(_) | Self::Object(_) => None,
        }
    }
}

/// On one line.
impl Display for JsonValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => {
                f.write_str("[")?;
                for (index, part) in list.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    part.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(map) => {
                f.write_str("{")?;
                for (index, (key, part)) in map.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    quoted(f, key)?;
                    f.write_str(":")?;
                    part.fmt(f)?;
                }
                f.write_str("}")
            }
            Self::Text(text) => quoted(f, text),
            part => f.write_str(part.text().unwrap_or_default()),
        }
    }
}

/// Writes a string with quotes and escapes.
fn quoted(out: &mut Formatter<'_>, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "{c}"),
        }?;
    }
    out.write_str("\"")
}

#[cfg(test)]
mod tests;
