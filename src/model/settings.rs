//! What a person can set: from the configuration file, the environment, flags, and `:` commands.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use crate::{aws::ScopeSpec, config::ScopeRule};

/// Which part of the header is shown; less where the terminal is too small for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeaderSize {
    #[default]
    Full,
    /// One line.
    Compact,
    Off,
}

/// What ctrl-c does where no prompt is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quit {
    Single,
    /// Twice within two seconds.
    #[default]
    Double,
    Never,
}

/// The settings in force. Defaults are those of a console without a configuration file.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the theme.
    pub theme: String,
    /// Names of the themes there are, for completion.
    pub themes: Vec<String>,
    pub header: HeaderSize,
    /// Show the way here in the last row.
    pub crumbs: bool,
    pub quit: Quit,
    /// Tables show their wide columns from the start.
    pub wide: bool,
    /// Marking a row moves on to the next.
    pub mark_moves: bool,
    /// Seconds between two looks at a visible row; each kind's own cadence when absent.
    pub every: Option<u32>,
    /// Clusters behind the keys 1 to 9; filled up with the clusters there are.
    pub favourites: Vec<String>,
    /// Words of one's own for commands: `pay` → `service prod /payments`.
    pub aliases: BTreeMap<String, String>,
    /// What scopes are called: the word on the band in the header. The first rule that matches counts.
    pub scopes: Vec<ScopeRule>,
    /// No characters beyond ASCII in what the console itself draws.
    pub ascii: bool,
    /// Where times of day are read and shown.
    pub zone: TimeZone,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "terminal".into(),
            themes: vec!["terminal".into()],
            header: HeaderSize::default(),
            crumbs: true,
            quit: Quit::default(),
            wide: false,
            mark_moves: true,
            every: None,
            favourites: Vec::new(),
            aliases: BTreeMap::new(),
            scopes: ScopeRule::shipped(),
            ascii: false,
            zone: TimeZone::UTC,
        }
    }
}

/// What the console starts with.
#[derive(Debug, Clone)]
pub struct Start {
    pub at: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub scope: ScopeSpec,
    /// Begin at this cluster's services rather than at the clusters.
    pub cluster: Option<Arc<str>>,
    /// A `:` command to run at once, with or without the colon.
    pub command: Option<String>,
    /// A filter for the first table.
    pub filter: Option<String>,
    /// Commands and filters of earlier sessions, oldest first.
    pub commands: Vec<String>,
    pub filters: Vec<String>,
}

impl Start {
    /// A start at the clusters, with nothing remembered.
    pub fn new(at: Timestamp, size: (u16, u16)) -> Self {
        Self {
            at,
            size,
            scope: ScopeSpec::default(),
            cluster: None,
            command: None,
            filter: None,
            commands: Vec::new(),
            filters: Vec::new(),
        }
    }
}
