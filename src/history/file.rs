//! The file: opened, made, or set aside.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::{HistoryError, schema};
use crate::files;

/// What belongs to a database besides the file itself.
const COMPANIONS: &[&str] = &["-wal", "-shm"];

/// The file in use. Another one may meanwhile be where it was.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    inode: u64,
}

impl DatabaseFile {
    /// Opens the file at `path`, or makes it. One that is damaged, or not of this version, is set aside, and a new one
    /// takes its place; that is told.
    pub(super) fn open(path: &Path, now: Timestamp) -> Result<(Self, Connection, Option<String>), HistoryError> {
        match Self::try_open(path) {
            Ok((file, connection)) => Ok((file, connection, None)),
            Err(error) if error.is_damage() => {
                let word = if matches!(error, HistoryError::Newer(_)) { "newer" } else { "damaged" };
                let aside = Self::locate(path)?.set_aside(word, now)?;
                let (file, connection) = Self::try_open(path)?;
                Ok((file, connection, Some(describe_set_aside(&error, aside.as_deref()))))
            }
            Err(error) => Err(error),
        }
    }

    fn try_open(path: &Path) -> Result<(Self, Connection), HistoryError> {
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        // SQLite gives the files that it makes beside this one the same rights; those that were there before get them here.
        files::open_private(OpenOptions::new().write(true).create(true), path)?;
        for companion in COMPANIONS {
            files::make_private(&with_suffix(path, companion))?;
        }
        let file = Self::locate(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        schema::prepare(&mut connection)?;
        Ok((file, connection))
    }

    fn locate(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), inode: fs::metadata(path)?.ino() })
    }

    /// Whether it is still where it was: what is written to a file that was deleted is lost.
    pub(super) fn is_there(&self) -> bool {
        Self::locate(&self.path).is_ok_and(|there| there.inode == self.inode)
    }

    /// Renames it, and what belongs to it. `None` when another console has done so already.
    pub(super) fn set_aside(&self, word: &str, now: Timestamp) -> Result<Option<PathBuf>, HistoryError> {
        if !self.is_there() {
            return Ok(None);
        }
        let aside = self.free_name(word, now);
        fs::rename(&self.path, &aside)?;
        for companion in COMPANIONS {
            match fs::rename(with_suffix(&self.path, companion), with_suffix(&aside, companion)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Some(aside))
    }

    /// `history.db.damaged-20260131-140509`, with a number after it when that is taken.
    fn free_name(&self, word: &str, now: Timestamp) -> PathBuf {
        let stem = with_suffix(&self.path, &format!(".{word}-{}", now.strftime("%Y%m%d-%H%M%S")));
        let numbered = (1..).map(|number| with_suffix(&stem, &format!("-{number}")));
        std::iter::once(stem.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(stem)
    }
}

/// What a person should know of a file that was set aside for `error`.
pub(super) fn describe_set_aside(error: &HistoryError, aside: Option<&Path>) -> String {
    let reason = match error {
        HistoryError::Newer(_) | HistoryError::Foreign => error.to_string(),
        _ => "it is damaged".into(),
    };
    match aside {
        Some(aside) => format!("what was remembered is set aside, for {reason}: {}", aside.display()),
        None => format!("what was remembered was set aside, for {reason}"),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
