//! Arguments of `:` commands, and their checks.

use jiff::{Timestamp, tz::TimeZone};

use super::Outcome;
use crate::{
    aws::{profiles, regions},
    model::{command::read_filter, locator::Locator, screens::logs::stack},
    nearest,
    resource::Kind,
};

/// The argument of a `:` command, for completion and checks.
#[derive(Debug, Clone, Copy)]
pub enum Arg {
    None,
    Cluster,
    Profile,
    Region,
    /// A profile, a Region, or both: `@profile/region`.
    Scope,
    Theme,
    /// The name of a forward in the configuration, or ports.
    Forward,
    Column,
    /// The name of a row.
    Row,
    /// A filter for the screen: of rows, or of lines.
    Filter,
    /// A filter of lines.
    LineFilter,
    Locator,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Free text, with its name in help and its check.
    Text(&'static str, fn(&str) -> Outcome),
}

/// Valid values for checks of arguments.
#[derive(Debug, Clone)]
pub struct KnownArguments<'a> {
    pub kinds: &'a [&'static Kind],
    pub themes: Vec<&'a str>,
    /// Absent until they have been read.
    pub profiles: Option<&'a [String]>,
}

impl Arg {
    /// Its name in help; empty for a command without an argument.
    pub(super) fn usage(self) -> Option<String> {
        Some(match self {
            Self::None => return None,
            Self::Cluster => "cluster".into(),
            Self::Profile => "profile".into(),
            Self::Region => "region".into(),
            Self::Scope => "@profile/region".into(),
            Self::Theme => "theme".into(),
            Self::Forward => "name|ports".into(),
            Self::Column => "column".into(),
            Self::Row => "name".into(),
            Self::Filter | Self::LineFilter => "filter".into(),
            Self::Locator => "locator".into(),
            Self::OneOf(words) => words.join("|"),
            Self::Text(name, _) => name.into(),
        })
    }

    /// Maximum number of words; absent if it may contain spaces.
    pub(super) fn most(self) -> Option<usize> {
        match self {
            Self::None => Some(0),
            Self::Cluster | Self::Region | Self::Theme | Self::Forward | Self::Column | Self::OneOf(_) => Some(1),
            Self::Profile
            | Self::Scope
            | Self::Row
            | Self::Filter
            | Self::LineFilter
            | Self::Locator
            | Self::Text(..) => None,
        }
    }

    /// Refuses `text` if it is invalid on every screen. Rows and columns are checked by the screen.
    ///
    /// # Errors
    ///
    /// What is wrong, and the nearest valid value.
    pub(super) fn check(self, text: &str, known: &KnownArguments<'_>) -> Outcome {
        match self {
            Self::None | Self::Cluster | Self::Row | Self::Column | Self::Filter | Self::Forward => Ok(()),
            Self::Profile => check_profile(text, known.profiles),
            Self::Region => check_region(text),
            Self::Scope => check_scope(text.trim_start_matches('@'), known.profiles),
            Self::Theme => one_of("theme", text, &known.themes),
            Self::LineFilter => stack::check(text),
            Self::Locator => check_locator(text, known.kinds),
            Self::OneOf(words) => one_of("argument", text, words),
            Self::Text(_, check) => check(text),
        }
    }
}

fn one_of(what: &str, text: &str, words: &[&str]) -> Outcome {
    if words.contains(&text) { Ok(()) } else { Err(nearest::unknown(what, text, words.iter().copied())) }
}

/// Refuses an unknown profile, if the profiles are known.
fn check_profile(name: &str, known: Option<&[String]>) -> Outcome {
    match known {
        Some(known) if !known.iter().any(|known| known == name) => Err(profiles::unknown(name, known)),
        _ => Ok(()),
    }
}

/// Refuses an unknown Region.
fn check_region(name: &str) -> Outcome {
    if regions::plausible(name) { Ok(()) } else { Err(regions::unknown(name)) }
}

/// Refuses a scope (`profile/region`, `profile` or `/region`) with an unknown part.
///
/// # Errors
///
/// The nearest names.
pub(in crate::model) fn check_scope(text: &str, profiles: Option<&[String]>) -> Outcome {
    let (profile, region) = text.split_once('/').unwrap_or((text, ""));
    if !profile.is_empty() {
        check_profile(profile, profiles)?;
    }
    if region.is_empty() { Ok(()) } else { check_region(region) }
}

/// Refuses a locator with an unknown kind or an invalid filter. Its scope may be known on another machine only.
fn check_locator(text: &str, kinds: &[&'static Kind]) -> Outcome {
    let locator: Locator = text.parse()?;
    let (kind, _) = locator.view(kinds)?;
    locator.filter.map_or(Ok(()), |filter| check_filter(&filter, kind))
}

/// Refuses a filter that is invalid for rows of `kind`.
///
/// # Errors
///
/// What is invalid, and where.
pub(in crate::model) fn check_filter(text: &str, kind: &Kind) -> Outcome {
    // The result does not depend on the time.
    read_filter(text, kind, Timestamp::UNIX_EPOCH, &TimeZone::UTC).map(drop)
}
