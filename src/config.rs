//! Configuration: defaults < `config.toml` < environment < flags.
//!
//! The file is deserialised into the model's [`Settings`], whose defaults are the program's; environment and flags are
//! applied on top by [`crate::cli`]. All mistakes in the file are reported at once, each with line, key and the nearest
//! valid value.

use std::{io, path::Path};

use serde::Deserialize;
use toml::de::DeTable;

use crate::{
    files,
    kinds::KINDS,
    model::{Keymap, Settings, action::KnownArguments, alias},
    nearest::unknown,
};

mod error;
mod paths;

pub use error::{ConfigError, Mistake};
pub use paths::Paths;

/// Loads the settings from the file at `path`; `themes` are the names of the available themes.
///
/// # Errors
/// The file can't be read, or has mistakes.
pub fn load(path: &Path, themes: &[&str]) -> Result<Settings, ConfigError> {
    let text = files::read_text(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    parse(path, &text, themes)
}

/// Like [`load`], with default settings if the file doesn't exist.
///
/// # Errors
/// As for [`load`].
pub fn load_if_any(path: &Path, themes: &[&str]) -> Result<Settings, ConfigError> {
    match load(path, themes) {
        Err(ConfigError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Settings::default())
        }
        result => result,
    }
}

fn parse(path: &Path, text: &str, themes: &[&str]) -> Result<Settings, ConfigError> {
    let (settings, mut mistakes) = read(text);
    if !themes.contains(&settings.theme.as_str()) {
        let what = unknown("theme", &settings.theme, themes.iter().copied());
        mistakes.push(Mistake::at(text, &["theme"], what));
    }
    if let Err(keys) = keymap(&settings) {
        mistakes.extend(keys.into_iter().map(|mistake| {
            let keys: Vec<&str> = ["keys"].into_iter().chain(mistake.action.as_deref()).collect();
            Mistake::at(text, &keys, mistake.what)
        }));
    }
    // The available profiles are not checked: they can change independently of this file.
    let known = KnownArguments { kinds: KINDS, themes: themes.to_vec(), profiles: None };
    mistakes.extend(
        alias::mistakes(&settings.aliases, &known)
            .into_iter()
            .map(|(word, what)| Mistake::at(text, &["aliases", &word], what)),
    );
    // After another mistake, keys may be missing because of it.
    if mistakes.is_empty() {
        for (index, saved) in settings.forwards.iter().enumerate() {
            let what = saved.mistake(&settings.forwards[..index]);
            mistakes.extend(what.map(|what| Mistake::at(text, &["forward", &(index + 1).to_string()], what)));
        }
    }
    if mistakes.is_empty() {
        return Ok(settings);
    }
    mistakes.sort();
    Err(ConfigError::Invalid { path: path.to_owned(), mistakes })
}

/// Reads as much of a file as possible, with the mistakes: after each one the file is read again without it.
fn read(text: &str) -> (Settings, Vec<Mistake>) {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    // After a syntax error, the rest could be misread.
    if let Some(error) = errors.first() {
        return (Settings::default(), vec![Mistake::from_parser(text, &DeTable::new(), error)]);
    }
    let mut mistakes = Vec::new();
    loop {
        let error = match Settings::deserialize(toml::Deserializer::from(table.clone())) {
            Ok(settings) => return (settings, mistakes),
            Err(error) => error,
        };
        mistakes.push(Mistake::from_parser(text, table.get_ref(), &error));
        if !error::repair(table.get_mut(), &error) {
            return (Settings::default(), mistakes);
        }
    }
}

/// A mistake in `[keys]`.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyMistake {
    /// The action with the invalid keys; absent for a conflict of two actions.
    pub action: Option<String>,
    pub what: String,
}

/// The keys of all actions, with the changes of `settings` applied.
///
/// # Errors
/// Every unknown action or key, and every key bound to two actions in the same place.
pub fn keymap(settings: &Settings) -> Result<Keymap, Vec<KeyMistake>> {
    let mut keymap = Keymap::default();
    let mut mistakes = Vec::new();
    for (action, keys) in &settings.keys {
        let rebound = keymap.rebind(action, keys);
        mistakes.extend(rebound.err().map(|what| KeyMistake { action: Some(action.clone()), what }));
    }
    mistakes.extend(keymap.conflicts().into_iter().map(|what| KeyMistake { action: None, what }));
    if mistakes.is_empty() { Ok(keymap) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn error_message(text: &str) -> String {
        parse(Path::new("config.toml"), text, &["terminal", "midnight"])
            .map(|settings| format!("{settings:?}"))
            .unwrap_err()
            .to_string()
    }

    #[rstest]
    #[case(
        "colour = 1",
        "line 1, key `colour`: unknown key; one of theme, header, crumbs, inspect, quit, wide, mark_moves, refresh, favourites, aliases, ascii, time_zone, read_only, scope, forward, keys, …"
    )]
    #[case("\nthem = \"dark\"", "line 2, key `them`: unknown key; did you mean theme?")]
    #[case("theme = 7", "line 1, key `theme`: expected a string, not integer `7`")]
    #[case("refresh = \"0s\"", "line 1, key `refresh`: `0s` is out of range; expected 1s to 1h")]
    #[case("refresh = \"fast\"", "line 1, key `refresh`: invalid interval `fast`; try 5s, 2m or auto")]
    #[case(
        "time_zone = \"Berlin\"",
        "line 1, key `time_zone`: unknown time zone `Berlin`; expected local, utc or a name such as Europe/Berlin"
    )]
    #[case("header = \"ful\"", "line 1, key `header`: invalid value `ful`; did you mean full?")]
    #[case("quit = \"twice\"", "line 1, key `quit`: invalid value `twice`; one of single, double, never")]
    #[case("favourites = [1,2,3,4,5,6,7,8,9,10]", "line 1, key `favourites`: expected a string, not integer `1`")]
    #[case("[budget]\nshare = 2", "line 2, key `budget.share`: 2 is out of range; expected 0.01 to 1")]
    #[case("[history]\ndays = 0", "line 2, key `history.days`: 0 is out of range; expected 1 to 3650")]
    #[case("[history]\ndays = \"many\"", "line 2, key `history.days`: expected a number, not string \"many\"")]
    #[case("[history]\ndays = -3", "line 2, key `history.days`: -3 is out of range; expected 1 to 3650")]
    #[case("[history]\nmegabytes = 1", "line 2, key `history.megabytes`: 1 is out of range; expected 8 to 100000")]
    #[case("[logs]\nlines = 10", "line 2, key `logs.lines`: 10 is out of range; expected 1000 to 2000000")]
    #[case("[logs]\nmegabytes = 1", "line 2, key `logs.megabytes`: 1 is out of range; expected 4 to 2000")]
    #[case("[logs]\ncalls = 20.0", "line 2, key `logs.calls`: 20 is out of range; expected 0.1 to 5")]
    #[case("[budget]\nshar = 0.2", "line 2, key `budget.shar`: unknown key; did you mean share?")]
    #[case(
        "[[scope]]\nenv = \"A\"\n[[scope]]\nenv=\"B\"\nmode = \"readonly\"",
        "line 5, key `scope.2.mode`: invalid value `readonly`; did you mean read-only?"
    )]
    #[case(
        "[[scope]]\nenv = \"X\"\ndeny = [\"dran\"]",
        "line 3, key `scope.1.deny`: unknown change `dran`; did you mean drain?"
    )]
    #[case(
        "[[scope]]\nenv = \"X\"\nconfirm = \"nam\"",
        "line 3, key `scope.1.confirm`: invalid value `nam`; did you mean name?"
    )]
    #[case("[[scope]]\naccount = \"1\"", "line 1, key `scope.1`: missing key `env`")]
    #[case(
        "[[scope]]\nenv = \"X\"\ncluster = \"\"",
        "line 3, key `scope.1.cluster`: an empty pattern matches nothing; leave the key out to match everything"
    )]
    #[case(
        "[[forward]]\nname = \"db\"\ncluster = \"prod\"\nservice = \"web\"\nports = 80",
        "line 5, key `forward.1.ports`: unknown key; did you mean port?"
    )]
    #[case(
        "[[forward]]\nname = \"db\"\ncluster = \"prod\"\nservice = \"web\"\nport = 0",
        "line 5, key `forward.1.port`: 0 is out of range; expected 1 to 65535"
    )]
    #[case(
        "[[forward]]\nname = \"my db\"\ncluster = \"prod\"\nservice = \"web\"\nport = 80",
        "line 2, key `forward.1.name`: `my db` can't be a name; expected one word that is no port"
    )]
    #[case(
        "[[forward]]\nname = \"db\"\ncluster = \"prod\"\nservice = \"web\"\nport = 80\nhost = \"a b\"",
        "line 6, key `forward.1.host`: invalid host `a b`; expected a name or an address"
    )]
    #[case(
        "[[forward]]\nname = \"db\"\ncluster = \"prod\"\nport = 80",
        "line 1, key `forward.1`: missing key `service` or `family`"
    )]
    #[case(
        "ascii = true\n[[forward]]\nname = \"db\"\nservice = \"web\"\nport = 80",
        "line 2, key `forward.1`: missing key `cluster`"
    )]
    #[case("[keys]\nrefresh = \"ctrl-r\"", "line 2, key `keys.refresh`: expected a list in [ ], not string \"ctrl-r\"")]
    #[case(
        "ascii = true\ntheme = \"midnigth\"",
        "line 2, key `theme`: unknown theme `midnigth`; did you mean midnight?"
    )]
    #[case("[keys]\nrefesh = [\"f6\"]", "line 2, key `keys.refesh`: unknown action `refesh`; did you mean refresh?")]
    #[case(
        "[keys]\ncopy = []\nrefresh = [\"f6\", \"ctrl-entre\"]",
        "line 3, key `keys.refresh`: unknown key `ctrl-entre`; did you mean enter?"
    )]
    #[case("[keys]\nrefresh = [\"j\"]", "line 1, key `keys`: j calls both `down` and `refresh`")]
    #[case("[keys]\nrefresh = [\"ctrl-m\"]", "line 2, key `keys.refresh`: `ctrl-m` is the same as enter in a terminal")]
    #[case(
        "[aliases]\noom = \"tsks /exit=137\"",
        "line 2, key `aliases.oom`: unknown command `tsks`; did you mean tasks or task or taskdef?"
    )]
    #[case(
        "[aliases]\nb = \"stopped\"\nx = \"b /exti=1\"",
        "line 3, key `aliases.x`: filter, character 1: unknown column `exti`; did you mean exit?; text goes in quotes"
    )]
    #[case(
        "[aliases]\nb = \"services @ops/eu-wset-1\"\nx = \"theme midnigth\"",
        "line 2, key `aliases.b`: unknown Region `eu-wset-1`; did you mean eu-west-1 or eu-west-2 or eu-west-3?\n\
         config.toml, line 3, key `aliases.x`: unknown theme `midnigth`; did you mean midnight?"
    )]
    #[case("[aliases]\nq = \"services\"", "line 2, key `aliases.q`: `q` is a command already; choose another word")]
    #[case("theme = \"a\"\ntheme = \"b\"", "line 2: duplicate key")]
    #[case("theme = ", "line 1: string values must be quoted, expected literal string")]
    #[case("[keys\n", "line 1: unclosed table, expected `]`")]
    fn mistakes_are_reported_with_line_key_and_nearest_value(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(error_message(text), format!("config.toml, {expected}"));
    }

    #[test]
    fn all_mistakes_are_reported_by_line() {
        let text = "refresh = \"fast\"\nthem = 1\ntheme = \"midnigth\"\nquit = \"twice\"\n[history]\ndays = 0\nmegs = 2\n\
                    [[scope]]\nenv = \"A\"\nmode = \"x\"\n[[scope]]\nenv = \"B\"\nmod = \"y\"\n\
                    [keys]\nrefesh = [\"f6\"]\ncopy = [\"ctrl-entre\"]\n\
                    [aliases]\na = \"b\"\nb = \"a\"\ntasks = \"services\"\n";
        let message = error_message(text);
        let lines: Vec<&str> = message.lines().map(|line| line.strip_prefix("config.toml, ").unwrap()).collect();
        let heads: Vec<&str> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(
            heads,
            [
                "line 1, key `refresh`",
                "line 2, key `them`",
                "line 3, key `theme`",
                "line 4, key `quit`",
                "line 6, key `history.days`",
                "line 7, key `history.megs`",
                "line 10, key `scope.1.mode`",
                "line 13, key `scope.2.mod`",
                "line 15, key `keys.refesh`",
                "line 16, key `keys.copy`",
                "line 18, key `aliases.a`",
                "line 19, key `aliases.b`",
                "line 20, key `aliases.tasks`",
            ],
            "{message}"
        );
    }
}
