//! Configuration: defaults < `config.toml` < environment < flags.
//!
//! The file is read straight into [`Config`], whose defaults are the program's; what the environment and the flags say is laid on
//! top by [`crate::cli`]. Every mistake in the file is told with its line, its key and the nearest valid word.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Deserializer, de};

mod error;
mod paths;

pub use error::ConfigError;
pub use paths::Paths;

mod scope;

pub use scope::{Glob, Mode, ScopeRule};

/// Everything that can be configured, with the program's defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of a theme.
    pub theme: String,
    /// Every polling interval is multiplied by this.
    #[serde(deserialize_with = "factor")]
    pub refresh: f64,
    pub header: Header,
    /// Plain ASCII for glyphs and lines.
    pub ascii: bool,
    /// Tables show their wide columns from the start.
    pub wide: bool,
    pub quit: Quit,
    /// Clusters on the keys 1 to 9.
    #[serde(deserialize_with = "at_most_nine")]
    pub favourites: Vec<String>,
    /// Calls that change something are refused.
    pub read_only: bool,
    /// Rules that name scopes, the first match counts.
    #[serde(rename = "scope")]
    pub scopes: Vec<ScopeRule>,
    /// Keys by action; an action that is named loses its usual keys.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Words for whole commands.
    pub aliases: BTreeMap<String, String>,
    pub budget: BudgetShare,
}

/// How much the header shows, where there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Header {
    #[default]
    Full,
    Compact,
    Off,
}

/// What ctrl-c does at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quit {
    Single,
    #[default]
    Double,
    Never,
}

/// The part of AWS's request quotas that one console may use.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetShare {
    /// 0.01 to 1, of each quota class of the account.
    #[serde(deserialize_with = "share")]
    pub share: f64,
}

impl Default for BudgetShare {
    fn default() -> Self {
        Self { share: crate::aws::budget::DEFAULT_SHARE }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: "default".into(),
            refresh: 1.0,
            header: Header::default(),
            ascii: false,
            wide: false,
            quit: Quit::default(),
            favourites: Vec::new(),
            read_only: true,
            scopes: ScopeRule::shipped(),
            keys: BTreeMap::new(),
            aliases: BTreeMap::new(),
            budget: BudgetShare::default(),
        }
    }
}

impl Config {
    /// The configuration in the file at `path`.
    ///
    /// # Errors
    /// When it can't be read, or says something that isn't understood.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// The same for a file that need not be there: its absence gives the defaults.
    pub fn load_if_any(path: &Path) -> Result<Self, ConfigError> {
        match Self::load(path) {
            Err(ConfigError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            result => result,
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::of(path, text, &error))
    }
}

fn within<'de, D: Deserializer<'de>>(deserializer: D, low: f64, high: f64) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(de::Error::custom(format!("{value} is out of range; it goes from {low} to {high}")))
    }
}

fn factor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    within(deserializer, 0.25, 60.0)
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    within(deserializer, 0.01, 1.0)
}

fn at_most_nine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    if names.len() <= 9 { Ok(names) } else { Err(de::Error::custom("there are nine keys, so at most nine clusters")) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn complaint(text: &str) -> String {
        Config::parse(Path::new("config.toml"), text).map(|config| format!("{config:?}")).unwrap_err().to_string()
    }

    #[rstest]
    #[case(
        "colour = 1",
        "line 1, key `colour`: there is no such key; one of theme, refresh, header, ascii, wide, quit, favourites, read_only, scope, keys, aliases, budget"
    )]
    #[case("\nthem = \"dark\"", "line 2, key `them`: there is no such key; did you mean theme?")]
    #[case("theme = 7", "line 1, key `theme`: expected a string, not integer `7`")]
    #[case("refresh = 0", "line 1, key `refresh`: 0 is out of range; it goes from 0.25 to 60")]
    #[case("refresh = \"fast\"", "line 1, key `refresh`: expected a number, not string \"fast\"")]
    #[case("header = \"ful\"", "line 1, key `header`: it can't be `ful`; did you mean full?")]
    #[case("quit = \"twice\"", "line 1, key `quit`: it can't be `twice`; one of single, double, never")]
    #[case("favourites = [1,2,3,4,5,6,7,8,9,10]", "line 1, key `favourites`: expected a string, not integer `1`")]
    #[case("[budget]\nshare = 2", "line 2, key `budget.share`: 2 is out of range; it goes from 0.01 to 1")]
    #[case("[budget]\nshar = 0.2", "line 2, key `budget.shar`: there is no such key; did you mean share?")]
    #[case(
        "[[scope]]\nenv = \"A\"\n[[scope]]\nenv=\"B\"\nmode = \"readonly\"",
        "line 5, key `scope.2.mode`: it can't be `readonly`; did you mean read-only?"
    )]
    #[case("[[scope]]\naccount = \"1\"", "line 1, key `scope.1`: it lacks `env`")]
    #[case(
        "[[scope]]\nenv = \"X\"\ncluster = \"\"",
        "line 3, key `scope.1.cluster`: an empty pattern matches nothing; leave the key out to match everything"
    )]
    #[case("[keys]\nrefresh = \"ctrl-r\"", "line 2, key `keys.refresh`: expected a list in [ ], not string \"ctrl-r\"")]
    #[case("theme = \"a\"\ntheme = \"b\"", "line 2: duplicate key")]
    #[case("theme = ", "line 1: string values must be quoted, expected literal string")]
    #[case("[keys\n", "line 1: unclosed table, expected `]`")]
    fn mistakes(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(complaint(text), format!("config.toml, {expected}"));
    }
}
