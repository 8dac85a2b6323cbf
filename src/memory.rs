//! Memory: what ECS forgets, kept in a file of this user's.
//!
//! ECS forgets a stopped task after an hour, a service event after a hundred others, a deployment once it is over. All of
//! them that were seen are kept here: as JSON of our own structs, next to the few columns they are asked for by. Several
//! consoles share the file (SQLite in WAL mode). It is bounded by age and by size; what is oldest goes first.
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
mod judge;
mod place;
mod recall;
mod record;
mod schema;
mod stock;
mod tidy;
mod write;

pub use error::Error;
pub use groups::in_group;
pub use recall::{Recalled, window};
pub use record::{as_kept, moment};
pub use stock::{Known, Stock, known, stock};

use file::File;

/// What the file in the state folder is called.
const FILE: &str = "memory.db";

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub days: u32,
    pub megabytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { days: 30, megabytes: 256 }
    }
}

/// Where what was seen is kept, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keep {
    /// Absent: in RAM, for as long as the session lasts.
    pub file: Option<PathBuf>,
    pub limits: Limits,
}

impl Keep {
    /// In the file below this state folder.
    pub fn below(state: &Path, limits: Limits) -> Self {
        Self { file: Some(state.join(FILE)), limits }
    }
}

/// Whose clusters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    pub account: String,
    pub region: String,
    /// The endpoint URL; empty for AWS's own. An emulator has the account ids of others.
    pub endpoint: String,
}

/// A row as it came from AWS, and as it was known before.
#[derive(Debug, Clone)]
pub struct Sighting {
    pub row: Arc<dyn Row>,
    pub before: Option<Arc<dyn Row>>,
}

/// What is remembered. One at a time uses it.
#[derive(Debug)]
pub struct Memory {
    keep: Keep,
    /// Absent when not even RAM is to be had.
    connection: Option<Connection>,
    /// The file in use; absent when it is RAM.
    file: Option<File>,
}

impl Memory {
    /// Opens the file, or makes it. What a person should know is told, and whatever happens, there is a memory.
    pub fn open(keep: Keep, now: Timestamp) -> (Self, Option<String>) {
        let mut memory = Self { keep, connection: None, file: None };
        let told = memory.reopen(now);
        (memory, told)
    }

    /// After `error`: sets a damaged file aside and begins a new one, or goes on in RAM where no file can be used. What
    /// was kept in the session so far is to be told again. Returns what a person should know.
    pub fn mend(&mut self, error: &Error, now: Timestamp) -> Option<String> {
        tracing::warn!("memory: {error}");
        self.connection = None;
        let Some(file) = self.file.take() else {
            self.connection = schema::in_ram().ok();
            return None;
        };
        if matches!(error, Error::Deleted) {
            let told = self.reopen(now);
            return told.or_else(|| {
                let path = self.keep.file.as_deref().unwrap_or(Path::new(FILE)).display();
                Some(format!("{path} was deleted while in use; what this session has seen is written to a new one"))
            });
        }
        if !error.is_damage() {
            return self.without_file(error);
        }
        match file.set_aside("damaged", now) {
            Ok(aside) => {
                let told = self.reopen(now);
                Some(told.unwrap_or_else(|| file::told_aside(error, aside.as_deref())))
            }
            Err(error) => self.without_file(&error),
        }
    }

    /// Whether it outlives the session.
    fn lasts(&self) -> bool {
        self.file.is_some()
    }

    fn reopen(&mut self, now: Timestamp) -> Option<String> {
        let Some(path) = self.keep.file.clone() else {
            self.connection = schema::in_ram().ok();
            return None;
        };
        match File::open(&path, now) {
            Ok((file, connection, told)) => {
                self.file = Some(file);
                self.connection = Some(connection);
                told
            }
            Err(error) => self.without_file(&error),
        }
    }

    fn without_file(&mut self, error: &Error) -> Option<String> {
        self.connection = schema::in_ram().ok();
        self.file = None;
        let path = self.keep.file.as_deref().unwrap_or(Path::new(FILE)).display();
        Some(format!("nothing is remembered beyond this session: {path}: {}", error.words()))
    }

    fn connection(&mut self) -> Result<&mut Connection, Error> {
        if self.file.as_ref().is_some_and(|file| !file.is_there()) {
            return Err(Error::Deleted);
        }
        self.connection.as_mut().ok_or(Error::Absent)
    }
}

#[cfg(test)]
mod tests;
