//! History: stopped tasks, events and deployments that ECS forgets, in a SQLite file of this user.
//!
//! ECS forgets a stopped task after an hour, a service event after a hundred others, a deployment once it is over. The
//! history records every one that was fetched: as JSON of our own structs, next to the few columns used in queries.
//! Several consoles share the file (SQLite in WAL mode). Rows are kept by endpoint, account, Region and cluster: profiles that lead
//! to the same account share what was seen there, and accounts whose clusters are called alike don't. It is limited by age and size; the oldest rows go first.
//!
//! No problem here may stop the console: a damaged file, or one written by a newer version, is set aside, and if no
//! file can be used at all, the history is kept in memory for the session. Calls block; the data task makes them on
//! threads of their own.

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

/// Name of the file in the state folder.
const FILE: &str = "history.db";

/// Limits of the history.
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

/// Where the history is stored, and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryConfig {
    /// The database; absent: in memory, for this session only.
    pub file: Option<PathBuf>,
    pub limits: HistoryLimits,
}

impl HistoryConfig {
    /// A history in this state folder.
    pub fn in_folder(state: &Path, limits: HistoryLimits) -> Self {
        Self { file: Some(state.join(FILE)), limits }
    }
}

/// A row as it came from AWS, and as it was before.
#[derive(Debug, Clone)]
pub struct Observation {
    pub row: Arc<dyn Row>,
    pub before: Option<Arc<dyn Row>>,
}

/// The history. Not shared between threads.
#[derive(Debug)]
pub struct History {
    config: HistoryConfig,
    /// Absent if not even a database in memory could be opened.
    connection: Option<Connection>,
    /// The file in use; absent for a database in memory.
    file: Option<DatabaseFile>,
}

impl History {
    /// Opens or creates the file; returns a notice for the user if something is wrong. There is a history in any case.
    pub fn open(config: HistoryConfig, now: Timestamp) -> (Self, Option<String>) {
        let mut history = Self { config, connection: None, file: None };
        let notice = history.reopen(now);
        (history, notice)
    }

    /// Recovers from `error`: sets a damaged file aside and creates a new one, or continues in memory if no file can be
    /// used. What the session has recorded has to be recorded again. Returns a notice for the user.
    pub fn recover(&mut self, error: &HistoryError, now: Timestamp) -> Option<String> {
        tracing::warn!("history: {error}");
        self.connection = None;
        let Some(file) = self.file.take() else {
            self.connection = schema::open_in_ram().ok();
            return None;
        };
        if matches!(error, HistoryError::Deleted) {
            let notice = self.reopen(now);
            return notice.or_else(|| {
                let path = self.config.file.as_deref().unwrap_or(Path::new(FILE)).display();
                Some(format!("{path} was deleted while in use; a new one was created from what this session has seen"))
            });
        }
        if !error.is_damage() {
            return self.fall_back_to_ram(error);
        }
        match file.set_aside("damaged", now) {
            Ok(aside) => {
                let notice = self.reopen(now);
                Some(notice.unwrap_or_else(|| file::describe_set_aside(error, aside.as_deref())))
            }
            Err(error) => self.fall_back_to_ram(&error),
        }
    }

    /// Returns whether it outlives the session.
    fn is_on_disk(&self) -> bool {
        self.file.is_some()
    }

    fn reopen(&mut self, now: Timestamp) -> Option<String> {
        let Some(path) = self.config.file.clone() else {
            self.connection = schema::open_in_ram().ok();
            return None;
        };
        match DatabaseFile::open(&path, now) {
            Ok((file, connection, notice)) => {
                self.file = Some(file);
                self.connection = Some(connection);
                notice
            }
            Err(error) => self.fall_back_to_ram(&error),
        }
    }

    fn fall_back_to_ram(&mut self, error: &HistoryError) -> Option<String> {
        self.connection = schema::open_in_ram().ok();
        self.file = None;
        let path = self.config.file.as_deref().unwrap_or(Path::new(FILE)).display();
        Some(format!("history is kept in memory only: {path}: {}", error.user_message()))
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
