//! Settings: from the configuration file, the environment, flags, and `:` commands.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, Unit, tz::TimeZone};
use serde::{Deserialize, Deserializer, de};

use super::scope::{AccessMode, ScopeRule, ScopeState, WriteOverride};
use crate::{
    aws::{Identity, ScopeSpec, budget},
    data::HistoryLimits,
    forwarding::SavedForward,
    logs::{CallRate, ring},
    resource::{Zone, query::DAY},
};

/// Longest period to look back, in seconds.
const LONGEST: u32 = 3_650 * DAY;

/// The part of the header that is shown; less if the terminal is too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeaderSize {
    #[default]
    Full,
    /// One line.
    Compact,
    Off,
}

/// The effect of ctrl-c without a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quit {
    Single,
    /// Twice within two seconds.
    #[default]
    Double,
    Never,
}

/// The current settings: `config.toml`, overridden by the environment and flags. Defaults are those without a
/// configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Name of the theme.
    pub theme: String,
    /// Names of all themes, for completion.
    #[serde(skip)]
    pub themes: Vec<String>,
    pub header: HeaderSize,
    /// Show breadcrumbs in the last row.
    pub crumbs: bool,
    /// Show details of the row under the cursor in a pane, if the table has one.
    pub inspect: bool,
    pub quit: Quit,
    /// Show wide columns in tables from the start.
    pub wide: bool,
    /// Marking a row moves to the next.
    pub mark_moves: bool,
    /// Polling interval of visible rows in seconds; absent for the interval of each kind.
    #[serde(rename = "refresh", deserialize_with = "interval_in_file")]
    pub every: Option<u32>,
    /// Clusters for the keys 1 to 9; filled up with other clusters.
    #[serde(deserialize_with = "at_most_nine")]
    pub favourites: Vec<String>,
    /// Aliases for commands: `pay` → `service prod /payments`.
    pub aliases: BTreeMap<String, String>,
    /// Draw the console itself with ASCII characters only.
    pub ascii: bool,
    /// Time zone for reading and showing times: `local`, `utc`, or a name such as `Europe/Berlin`.
    #[serde(rename = "time_zone", deserialize_with = "zone_in_file")]
    pub home: Option<TimeZone>,
    /// The current time zone: that one, or UTC.
    #[serde(skip)]
    pub zone: Zone,
    /// Refuse calls that change something, unless a rule allows them.
    pub read_only: bool,
    /// Scope rules; the first match applies.
    #[serde(rename = "scope")]
    pub scopes: Vec<ScopeRule>,
    /// Forwards with a name.
    #[serde(rename = "forward")]
    pub forwards: Vec<SavedForward>,
    /// Keys by action; an action in this table loses its default keys.
    pub keys: BTreeMap<String, Vec<String>>,
    pub budget: Share,
    pub history: HistorySettings,
    pub logs: LogSettings,
    pub exec: ExecSettings,
    pub alert: AlertSettings,
}

/// How alerts reach the user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertSettings {
    /// Through the terminal: each in turn.
    pub by: Vec<AlertBy>,
    /// A program and its arguments, run with the text as the last argument.
    pub command: Vec<String>,
}

/// A way that a terminal shows an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertBy {
    Bell,
    /// The sequence of iTerm2, Windows Terminal, kitty and others.
    Osc9,
    /// The sequence of urxvt, foot and others.
    Osc777,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self { by: vec![AlertBy::Bell, AlertBy::Osc9], command: Vec::new() }
    }
}

/// Sessions in containers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecSettings {
    /// The command that a shell runs; absent for bash where the image has it, and sh elsewhere.
    pub shell: Option<String>,
}

/// What is recorded of what AWS forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistorySettings {
    #[serde(deserialize_with = "days")]
    pub days: u32,
    /// Maximum size of the file, in MiB.
    #[serde(deserialize_with = "megabytes")]
    pub megabytes: u32,
    /// Nothing is recorded beyond the session.
    pub off: bool,
}

impl Default for HistorySettings {
    fn default() -> Self {
        let HistoryLimits { days, megabytes } = HistoryLimits::default();
        Self { days, megabytes, off: false }
    }
}

/// How much of a log is kept, and how fast it is read.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    #[serde(deserialize_with = "lines")]
    pub lines: u32,
    /// Memory for lines, in MiB.
    #[serde(deserialize_with = "megabytes_of_lines")]
    pub megabytes: u32,
    /// Maximum number of calls per second for reading logs.
    #[serde(deserialize_with = "calls")]
    pub calls: f64,
}

impl Default for LogSettings {
    fn default() -> Self {
        let ring::RingLimits { lines, bytes } = ring::RingLimits::default();
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { lines: number(lines), megabytes: number(bytes >> 20), calls: CallRate::default().0 }
    }
}

impl LogSettings {
    /// The limits of a ring.
    pub fn limits(self) -> ring::RingLimits {
        let number = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        ring::RingLimits { lines: number(self.lines), bytes: number(self.megabytes) << 20 }
    }

    pub fn pace(self) -> CallRate {
        CallRate(self.calls)
    }
}

/// The share of AWS's request quotas that one console may use.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Share {
    /// Share of each quota class of the account, 0.01 to 1.
    #[serde(deserialize_with = "part")]
    pub share: f64,
}

impl Default for Share {
    fn default() -> Self {
        Self { share: budget::DEFAULT_SHARE }
    }
}

/// Parses a refresh interval into seconds: `5s`, `2m`, a number of seconds, `auto` for the interval of each kind.
///
/// # Errors
///
/// If it is none of these, or not between a second and an hour.
pub fn interval(text: &str) -> Result<Option<u32>, String> {
    if text == "auto" {
        return Ok(None);
    }
    let seconds = match text.parse::<i64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => text.parse::<SignedDuration>().ok().map(|duration| duration.as_secs()),
    };
    match seconds {
        Some(seconds @ 1..=3600) => Ok(u32::try_from(seconds).ok()),
        Some(_) => Err(format!("`{text}` is out of range; expected 1s to 1h")),
        None => Err(format!("invalid interval `{text}`; try 5s, 2m or auto")),
    }
}

/// Parses a period to look back into seconds: `90m`, `6h`, `2d`.
///
/// # Errors
///
/// If it is invalid or out of range.
pub fn since(text: &str) -> Result<u32, String> {
    let span = text.parse::<Span>().ok();
    let seconds = span.and_then(|span| span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok());
    match seconds {
        Some(seconds) if (1.0..=f64::from(LONGEST)).contains(&seconds) => Ok(seconds as u32),
        Some(_) => Err(format!("`{text}` is out of range; expected 1s to {}d", LONGEST / DAY)),
        None => Err(format!("invalid duration `{text}`; try 90m, 6h or 2d")),
    }
}

fn interval_in_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    interval(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn zone_in_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeZone>, D::Error> {
    let name = String::deserialize(deserializer)?;
    match name.to_lowercase().as_str() {
        "local" => Ok(None),
        "utc" => Ok(Some(TimeZone::UTC)),
        _ => TimeZone::get(&name).map(Some).map_err(|_| {
            de::Error::custom(format!(
                "unknown time zone `{name}`; expected local, utc or a name such as Europe/Berlin"
            ))
        }),
    }
}

fn part<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let part = f64::deserialize(deserializer)?;
    if (0.01..=1.0).contains(&part) {
        Ok(part)
    } else {
        Err(de::Error::custom(format!("{part} is out of range; expected 0.01 to 1")))
    }
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(i64::deserialize(deserializer)?, 1, LONGEST / DAY)
}

fn megabytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(i64::deserialize(deserializer)?, 8, 100_000)
}

fn lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(i64::deserialize(deserializer)?, 1_000, 2_000_000)
}

fn megabytes_of_lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(i64::deserialize(deserializer)?, 4, 2_000)
}

fn calls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let calls = f64::deserialize(deserializer)?;
    if (0.1..=5.0).contains(&calls) {
        Ok(calls)
    } else {
        Err(de::Error::custom(format!("{calls} is out of range; expected 0.1 to 5")))
    }
}

fn within<E: de::Error>(number: i64, least: u32, most: u32) -> Result<u32, E> {
    let inside = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
    inside.ok_or_else(|| E::custom(format!("{number} is out of range; expected {least} to {most}")))
}

fn at_most_nine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    if names.len() <= 9 { Ok(names) } else { Err(de::Error::custom("there are nine keys, so at most nine clusters")) }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "terminal".into(),
            themes: vec!["terminal".into()],
            header: HeaderSize::default(),
            crumbs: true,
            inspect: true,
            quit: Quit::default(),
            wide: false,
            mark_moves: true,
            every: None,
            favourites: Vec::new(),
            aliases: BTreeMap::new(),
            ascii: false,
            home: None,
            zone: Zone::UTC,
            read_only: true,
            scopes: ScopeRule::shipped(),
            forwards: Vec::new(),
            keys: BTreeMap::new(),
            budget: Share::default(),
            history: HistorySettings::default(),
            logs: LogSettings::default(),
            exec: ExecSettings::default(),
            alert: AlertSettings::default(),
        }
    }
}

impl Settings {
    /// The rule for what is in `cluster`, where one is known to hold.
    pub fn scope_rule(&self, identity: &Identity, cluster: &str) -> Option<&ScopeRule> {
        self.scopes.get(self.scope_state(identity, Some(cluster)).rule?)
    }

    /// What the first rule that matches says. Where it takes the account to know which one that is, and the account is not
    /// known yet, there is no word, and nothing may be changed.
    pub fn scope_state(&self, identity: &Identity, cluster: Option<&str>) -> ScopeState {
        for (place, rule) in self.scopes.iter().enumerate() {
            match rule.matches(identity, cluster) {
                Some(true) => return ScopeState { rule: Some(place), mode: rule.mode.unwrap_or(self.mode()) },
                Some(false) => {}
                None => return ScopeState { rule: None, mode: AccessMode::ReadOnly },
            }
        }
        ScopeState { rule: None, mode: self.mode() }
    }

    /// The access mode if no rule sets it.
    fn mode(&self) -> AccessMode {
        if self.read_only { AccessMode::ReadOnly } else { AccessMode::Write }
    }
}

/// The initial state of the console.
#[derive(Debug, Clone)]
pub struct Start {
    pub at: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub scope: ScopeSpec,
    /// The access mode from the command line.
    pub write_override: Option<WriteOverride>,
    /// Show this cluster's services first instead of the clusters.
    pub cluster: Option<Arc<str>>,
    /// A `:` command to run at once, with or without the colon.
    pub command: Option<String>,
    /// A filter for the first table.
    pub filter: Option<String>,
    /// Commands, filters and queries of earlier sessions, oldest first.
    pub commands: Vec<String>,
    pub filters: Vec<String>,
    pub queries: Vec<String>,
}

impl Start {
    /// A start at the clusters, with empty histories.
    pub fn new(at: Timestamp, size: (u16, u16)) -> Self {
        Self {
            at,
            size,
            scope: ScopeSpec::default(),
            write_override: None,
            cluster: None,
            command: None,
            filter: None,
            commands: Vec::new(),
            filters: Vec::new(),
            queries: Vec::new(),
        }
    }
}
