//! What the values of flags are: read, checked, and offered by completion.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::{
    aws::regions::{REGIONS, plausible},
    demo::Scenario,
    kinds::{KINDS, kind},
    logging,
    model::settings,
    nearest::hint,
    resource::Kind,
};

/// A refresh interval in seconds; absent for each kind's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh(pub Option<u32>);

pub(super) fn refresh(text: &str) -> Result<Refresh, String> {
    settings::interval(text).map(Refresh)
}

pub(super) fn region(text: &str) -> Result<String, String> {
    if plausible(text) {
        return Ok(text.to_owned());
    }
    Err(format!("there is no such Region{}", hint(text, REGIONS.iter().copied())))
}

pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let uri: axum::http::Uri = text.parse().map_err(|error| format!("{error}; write http://HOST:PORT"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.to_owned()),
        _ => Err("a URL begins with http:// or https:// and names a host".into()),
    }
}

pub(super) fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.0..=10_000.0).contains(&factor) => Ok(factor),
        _ => Err("it goes from 0 (time stands still) to 10000".into()),
    }
}

pub(super) fn kinds() -> impl TypedValueParser<Value = &'static Kind> {
    let word = |known: &&'static Kind| {
        let aliases = known.names().filter(|name| *name != known.plural);
        PossibleValue::new(known.plural).aliases(aliases).help(known.about)
    };
    PossibleValuesParser::new(KINDS.iter().map(word).collect::<Vec<_>>())
        .try_map(|word| kind(&word).ok_or_else(|| format!("there is no kind `{word}`")))
}

pub(super) fn levels() -> impl TypedValueParser<Value = logging::Level> {
    PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"])
        .try_map(|word| word.parse::<logging::Level>())
}

pub(super) fn scenarios() -> impl TypedValueParser<Value = Scenario> {
    let value = |scenario: Scenario| PossibleValue::new(scenario.name()).help(scenario.about());
    PossibleValuesParser::new(Scenario::ALL.map(value)).try_map(|name| name.parse::<Scenario>())
}
