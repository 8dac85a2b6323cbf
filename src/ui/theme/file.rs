//! Theme files: parsing TOML into styles, with error messages that name line and key.

use std::{collections::BTreeMap, ops::Range};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use super::{Scope, THEMES};
use crate::nearest::hint;

/// A mistake in a theme file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    #[error("no theme is called \"{name}\"{hint}")]
    Unknown { name: String, hint: String },
    #[error("{file}:{line}: {problem}")]
    Invalid { file: String, line: usize, problem: String },
}

impl ThemeError {
    pub(super) fn unknown_theme(name: &str) -> Self {
        Self::Unknown { name: name.to_owned(), hint: hint(name, THEMES.iter().map(|(name, _)| *name)) }
    }
}

const ATTRIBUTES: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

/// Names of the terminal's own colours in theme files.
const COLORS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("darkgray", Color::DarkGray),
    ("lightred", Color::LightRed),
    ("lightgreen", Color::LightGreen),
    ("lightyellow", Color::LightYellow),
    ("lightblue", Color::LightBlue),
    ("lightmagenta", Color::LightMagenta),
    ("lightcyan", Color::LightCyan),
    ("white", Color::White),
];

type Entries = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    palette: Entries,
    #[serde(default)]
    styles: Entries,
}

/// A theme file overlaid on the themes it inherits.
#[derive(Default)]
struct Sheet {
    palette: BTreeMap<String, Color>,
    /// Style text by scope, with its position.
    styles: BTreeMap<String, (String, FilePosition)>,
}

/// Position in a file, for error messages.
#[derive(Clone)]
struct FilePosition {
    file: String,
    line: usize,
}

impl FilePosition {
    fn new(file: &str, text: &str, span: Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or_default();
        Self { file: file.to_owned(), line: before.matches('\n').count() + 1 }
    }

    fn error(&self, problem: String) -> ThemeError {
        ThemeError::Invalid { file: self.file.clone(), line: self.line, problem }
    }
}

/// Parses the style of every [`Scope`], ordered by number.
pub(super) fn styles(text: &str, file: &str) -> Result<Vec<Style>, ThemeError> {
    let sheet = Sheet::read(text, file)?;
    let mut resolved = BTreeMap::new();
    for (scope, (words, place)) in &sheet.styles {
        let style = sheet.style(words).map_err(|problem| place.error(format!("\"{scope}\": {problem}")))?;
        resolved.insert(scope.as_str(), style);
    }
    let fallback = |scope: &Scope| lineage(scope.name()).find_map(|name| resolved.get(name).copied());
    Ok(Scope::ALL.iter().map(|scope| fallback(scope).unwrap_or_default()).collect())
}

/// A scope and its fallbacks, from specific to general.
fn lineage(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.rsplit_once('.').map(|(general, _)| general))
}

fn is_scope(name: &str) -> bool {
    Scope::ALL.iter().any(|scope| lineage(scope.name()).any(|known| known == name))
}

impl Sheet {
    fn read(text: &str, file: &str) -> Result<Self, ThemeError> {
        let place = |span| FilePosition::new(file, text, span);
        let parsed: File = toml::from_str(text)
            .map_err(|error| place(error.span().unwrap_or_default()).error(error.message().to_owned()))?;

        let mut sheet = match parsed.inherits {
            None => Self::default(),
            Some(parent) => {
                let embedded = THEMES.iter().find(|(name, _)| name == parent.get_ref());
                let Some((name, text)) = embedded else {
                    let error = ThemeError::unknown_theme(parent.get_ref());
                    return Err(place(parent.span()).error(format!("inherits: {error}")));
                };
                Self::read(text, name)?
            }
        };
        for (name, value) in parsed.palette {
            let color = sheet.color(value.get_ref());
            let color =
                color.map_err(|problem| place(value.span()).error(format!("\"{}\": {problem}", name.get_ref())))?;
            sheet.palette.insert(name.into_inner(), color);
        }
        for (name, value) in parsed.styles {
            let (at, name) = (place(name.span()), name.into_inner());
            if !is_scope(&name) {
                let near = hint(&name, Scope::ALL.iter().map(|scope| scope.name()));
                return Err(at.error(format!("\"{name}\": no such scope{near}")));
            }
            sheet.styles.insert(name, (value.get_ref().clone(), place(value.span())));
        }
        Ok(sheet)
    }

    /// Parses a colour: palette name, terminal name, or `#rrggbb`.
    fn color(&self, word: &str) -> Result<Color, String> {
        if let Some(color) = self.palette.get(word) {
            return Ok(*color);
        }
        if let Some((_, color)) = COLORS.iter().find(|(name, _)| *name == word) {
            return Ok(*color);
        }
        match word.strip_prefix('#') {
            Some(hex) if hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                u32::from_str_radix(hex, 16).map(Color::from_u32).map_err(|_| format!("\"{word}\" is not #rrggbb"))
            }
            Some(_) => Err(format!("\"{word}\" is not #rrggbb")),
            None => {
                let known = self.palette.keys().map(String::as_str).chain(COLORS.iter().map(|(name, _)| *name));
                let known = known.chain(ATTRIBUTES.iter().map(|(name, _)| *name));
                Err(format!("no colour or attribute \"{word}\"{}", hint(word, known)))
            }
        }
    }

    /// Parses a style: `[colour] [on colour] [attribute…]`.
    fn style(&self, text: &str) -> Result<Style, String> {
        let mut style = Style::new();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if let Some((_, attribute)) = ATTRIBUTES.iter().find(|(name, _)| *name == word) {
                style = style.add_modifier(*attribute);
            } else if word == "on" {
                let ground = words.next().ok_or("a colour must follow \"on\"")?;
                style = style.bg(self.color(ground)?);
            } else if style.fg.is_some() {
                return Err(format!("a second colour, \"{word}\"; the background stands after \"on\""));
            } else {
                style = style.fg(self.color(word)?);
            }
        }
        Ok(style)
    }
}
