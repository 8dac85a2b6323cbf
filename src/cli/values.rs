//! Values of flags: parsing, validation and completion candidates.

use std::{str::FromStr, time::Duration};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::{
    aws::regions::{REGIONS, plausible},
    demo::Scenario,
    kinds::{KINDS, kind},
    logging,
    model::{locator::Locator, settings},
    nearest::{hint, unknown},
    resource::{Kind, Status, query::PARTS},
};

/// Refresh interval in seconds; absent for the default of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh(pub Option<u32>);

pub(super) fn refresh(text: &str) -> Result<Refresh, String> {
    settings::interval(text).map(Refresh)
}

pub(super) fn region(text: &str) -> Result<String, String> {
    if plausible(text) {
        return Ok(text.to_owned());
    }
    Err(format!("unknown Region{}", hint(text, REGIONS.iter().copied())))
}

pub(super) fn locator(text: &str) -> Result<Locator, String> {
    let locator: Locator = text.parse()?;
    let word = locator.kind.as_str();
    let known = kind(word).is_some() || PARTS.iter().any(|(part, ..)| *part == word);
    if known { Ok(locator) } else { Err(unknown("kind", word, KINDS.iter().map(|kind| kind.name))) }
}

pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let uri: axum::http::Uri = text.parse().map_err(|error| format!("{error}; write http://HOST:PORT"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.to_owned()),
        _ => Err("expected a URL such as http://HOST:PORT".into()),
    }
}

pub(super) fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.0..=10_000.0).contains(&factor) => Ok(factor),
        _ => Err("expected a factor from 0 (time stands still) to 10000".into()),
    }
}

/// Parser for a whole number in `range`, which is only text for the error.
pub(super) fn number<T: FromStr>(range: &'static str) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| text.parse().map_err(|_| format!("expected a whole number from {range}"))
}

/// Kind to list, and the status that the word implies (`stopped`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    pub kind: &'static Kind,
    pub status: Option<Status>,
}

pub(super) fn listed() -> impl TypedValueParser<Value = Listed> {
    let word = |known: &&'static Kind| {
        let aliases = known.names().filter(|name| *name != known.plural);
        PossibleValue::new(known.plural).aliases(aliases).help(known.about)
    };
    let part = |(word, kind, _): &(&'static str, &str, _)| PossibleValue::new(*word).help(format!("{word} {kind}s"));
    PossibleValuesParser::new(KINDS.iter().map(word).chain(PARTS.iter().map(part)).collect::<Vec<_>>()).try_map(
        |word| {
            let part = PARTS.iter().find(|(part, ..)| *part == word);
            let (name, status) = part.map_or((word.as_str(), None), |(_, kind, status)| (*kind, Some(*status)));
            let kind = kind(name).ok_or_else(|| format!("unknown kind `{word}`"))?;
            Ok::<_, String>(Listed { kind, status })
        },
    )
}

pub(super) fn since(text: &str) -> Result<u32, String> {
    settings::since(text)
}

/// Parses a timeout.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    match settings::since(text)? {
        seconds @ ..=86_400 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(format!("`{text}` is out of range; expected 1s to 1d")),
    }
}

pub(super) fn levels() -> impl TypedValueParser<Value = logging::Verbosity> {
    PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"])
        .try_map(|word| word.parse::<logging::Verbosity>())
}

pub(super) fn scenarios() -> impl TypedValueParser<Value = Scenario> {
    let value = |scenario: Scenario| PossibleValue::new(scenario.name()).help(scenario.about());
    PossibleValuesParser::new(Scenario::ALL.map(value)).try_map(|name| name.parse::<Scenario>())
}
