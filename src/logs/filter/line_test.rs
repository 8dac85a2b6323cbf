//! The terms of a log filter besides words.

use crate::{
    grammar::{Fault, FilterReader, Op, in_column},
    logs::{Level, Source},
    nearest::hint,
    resource::format::last_part,
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum LineTest {
    Level { op: Op, level: Level },
    Place { place: SourcePart, op: Op, value: String },
    Field { path: String, op: Op, value: String },
    State(LineState),
}

/// A property of a line's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourcePart {
    Task,
    Container,
    Service,
    Revision,
}

/// State of a line, as in `is:late`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineState {
    Late,
    Mark,
    Output,
}

/// A field name before an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldName {
    Level,
    Place(SourcePart),
}

/// The field names: spellings, description, field.
pub(super) const NAMES: &[(&[&str], &str, FieldName)] = &[
    (&["level", "lvl", "severity"], "trace, debug, info, warn, error, fatal", FieldName::Level),
    (&["task"], "id of the task", FieldName::Place(SourcePart::Task)),
    (&["container"], "name of the container", FieldName::Place(SourcePart::Container)),
    (&["service", "svc"], "service of the task", FieldName::Place(SourcePart::Service)),
    (&["revision"], "task definition of the task", FieldName::Place(SourcePart::Revision)),
];

/// The states: name, description, state.
pub(super) const STATES: &[(&str, &str, LineState)] = &[
    ("late", "arrived after newer lines", LineState::Late),
    ("mark", "a mark set by hand", LineState::Mark),
    ("output", "written by a container", LineState::Output),
];

impl FieldName {
    pub(super) fn parse(word: &str) -> Option<Self> {
        let known = |names: &&[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        NAMES.iter().find(|(names, ..)| known(names)).map(|(.., name)| *name)
    }

    /// Operators that can follow it.
    pub(super) fn operators(self) -> &'static str {
        match self {
            Self::Level => ">= at least, < below, = is, != is not",
            Self::Place(_) => "= is, : contains, ~ matches, != is not",
        }
    }
}

impl SourcePart {
    /// The names of a source in this respect, full and short.
    pub(super) fn names(self, source: &Source) -> impl Iterator<Item = &str> {
        let (name, short) = match self {
            Self::Task => (Some(last_part(&source.task_arn)), Some(source.task())),
            Self::Container => (Some(&*source.container), None),
            Self::Service => (source.service.as_deref(), None),
            Self::Revision => (source.revision.as_deref(), None),
        };
        name.into_iter().chain(short)
    }
}

/// Parses one of these terms, if there is one next.
pub(super) fn own(reader: &mut FilterReader<'_>) -> Result<Option<(usize, LineTest)>, Fault> {
    let begin = reader.characters();
    if reader.take("is:") {
        let at = reader.characters();
        let word = reader.until_space().to_lowercase();
        let hint = || hint(&word, STATES.iter().map(|(name, ..)| *name));
        return match STATES.iter().find(|(name, ..)| *name == word) {
            Some((.., state)) => Ok(Some((begin, LineTest::State(*state)))),
            None if word.is_empty() => Err(Fault::new(at, format!("a state is missing after is:{}", hint()))),
            None => Err(Fault::new(at, format!("unknown state `{word}`{}", hint()))),
        };
    }
    if let Some((path, op)) = reader.comparison(in_path, path) {
        let at = reader.characters();
        return Ok(Some((at, LineTest::Field { path, op, value: reader.value(op)? })));
    }
    let Some((name, op)) = reader.comparison(in_column, FieldName::parse) else {
        let names: Vec<&str> = NAMES.iter().flat_map(|(names, ..)| names.iter().copied()).collect();
        reader.refuse_unknown("field", "JSON keys begin with a dot, text goes in quotes", &names, |_| false)?;
        return Ok(None);
    };
    let at = reader.characters();
    let value = reader.value(op)?;
    let own = match name {
        FieldName::Place(place) => LineTest::Place { place, op, value },
        FieldName::Level if matches!(op, Op::Matches | Op::MatchesNot) => {
            return Err(Fault::new(at, "levels can only be compared, as in level>=warn or level=error"));
        }
        FieldName::Level => match Level::parse(&value) {
            Some(level) => LineTest::Level { op, level },
            None => {
                let reason = format!("unknown level `{value}`; expected trace, debug, info, warn, error or fatal");
                return Err(Fault::new(at, reason));
            }
        },
    };
    Ok(Some((at, own)))
}

/// Returns whether a character can be part of a JSON key in a filter.
fn in_path(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '!' | '~' | '<' | '>' | '=' | ':')
}

/// The path of a JSON key: the part after the dot, if it looks like a name. `./a:b` and `.*a=b` are words.
pub(super) fn path(name: &str) -> Option<String> {
    let path = name.strip_prefix('.').filter(|path| path.chars().all(in_path))?;
    let begins = |part: &str| part.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '$'));
    (path.split('.').all(begins) && !path.contains(['*', '+', '?', '(', '[', '|', '\\'])).then(|| path.to_owned())
}
