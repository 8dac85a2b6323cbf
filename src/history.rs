//! History: what ECS forgets, recorded in a SQLite file of this user.
//!
//! ECS forgets a stopped task after an hour, a service event after a hundred others, a deployment once it is over. All of
//! them that were seen are kept here: as JSON of our own structs, next to the few columns they are asked for by. Several
//! consoles share the file (SQLite in WAL mode). Rows are kept by endpoint, account, Region and cluster: profiles that lead
//! to the same account share what was seen there, and accounts whose clusters are called alike don't. It is bounded by age and by size; what is oldest goes first.
//!
//! Nothing here may cost a person their console: a file that is damaged, or that a newer version wrote, is set aside, and
//! where no file can be used at all, what was seen in this session is kept in RAM. Calls block; the data task makes them
//! on threads of their own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::resource::Row;

mod error;
mod file;
mod groups;
mod ids;
mod prune;
mod read;
mod reclassify;
mod record;
mod schema;
mod usage;
mod write;

pub use error::HistoryError;
pub use groups::in_group;
pub use read::{ArchivedRows, window_start};
pub use record::{occurred_at, with_archived};
pub use usage::{KnownNames, Usage, read_names, read_usage};

use file::DatabaseFile;

/// What the file in the state folder is called.
const FILE: &str = "history.db";

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    pub days: u32,
    pub megabytes: u32,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { days: 30, megabytes: 256 }
    }
}

/// Where what was seen is kept, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryConfig {
    /// Absent: in RAM, for as long as the session lasts.
    pub file: Option<PathBuf>,
    pub limits: HistoryLimits,
}

impl HistoryConfig {
    /// In the file below this state folder.
    pub fn in_folder(state: &Path, limits: HistoryLimits) -> Self {
        Self { file: Some(state.join(FILE)), limits }
    }
}

/// A row as it came from AWS, and as it was known before.
#[derive(Debug, Clone)]
pub struct Observation {
    pub row: Arc<dyn Row>,
    pub before: Option<Arc<dyn Row>>,
}

/// The history. Used from one place at a time.
#[derive(Debug)]
pub struct History {
    config: HistoryConfig,
    /// Absent when not even RAM is to be had.
    connection: Option<Connection>,
    /// The file in use; absent when it is RAM.
    file: Option<DatabaseFile>,
}

impl History {
    /// Opens the file, or makes it. What a person should know is told, and whatever happens, there is a history.
    pub fn open(config: HistoryConfig, now: Timestamp) -> (Self, Option<String>) {
        let mut history = Self { config, connection: None, file: None };
        let told = history.reopen(now);
        (history, told)
    }

    /// After `error`: sets a damaged file aside and begins a new one, or goes on in RAM where no file can be used. What
    /// was kept in the session so far is to be told again. Returns what a person should know.
    pub fn recover(&mut self, error: &HistoryError, now: Timestamp) -> Option<String> {
        tracing::warn!("history: {error}");
        self.connection = None;
        let Some(file) = self.file.take() else {
            self.connection = schema::open_in_ram().ok();
            return None;
        };
        if matches!(error, HistoryError::Deleted) {
            let told = self.reopen(now);
            return told.or_else(|| {
                let path = self.config.file.as_deref().unwrap_or(Path::new(FILE)).display();
                Some(format!("{path} was deleted while in use; what this session has seen is written to a new one"))
            });
        }
        if !error.is_damage() {
            return self.fall_back_to_ram(error);
        }
        match file.set_aside("damaged", now) {
            Ok(aside) => {
                let told = self.reopen(now);
                Some(told.unwrap_or_else(|| file::describe_set_aside(error, aside.as_deref())))
            }
            Err(error) => self.fall_back_to_ram(&error),
        }
    }

    /// Whether it outlives the session.
    fn is_on_disk(&self) -> bool {
        self.file.is_some()
    }

    fn reopen(&mut self, now: Timestamp) -> Option<String> {
        let Some(path) = self.config.file.clone() else {
            self.connection = schema::open_in_ram().ok();
            return None;
        };
        match DatabaseFile::open(&path, now) {
            Ok((file, connection, told)) => {
                self.file = Some(file);
                self.connection = Some(connection);
                told
            }
            Err(error) => self.fall_back_to_ram(&error),
        }
    }

    fn fall_back_to_ram(&mut self, error: &HistoryError) -> Option<String> {
        self.connection = schema::open_in_ram().ok();
        self.file = None;
        let path = self.config.file.as_deref().unwrap_or(Path::new(FILE)).display();
        Some(format!("nothing is remembered beyond this session: {path}: {}", error.user_message()))
    }

    fn connection(&mut self) -> Result<&mut Connection, HistoryError> {
        if self.file.as_ref().is_some_and(|file| !file.is_there()) {
            return Err(HistoryError::Deleted);
        }
        self.connection.as_mut().ok_or(HistoryError::Absent)
    }
}

#[cfg(test)]
mod tests;
