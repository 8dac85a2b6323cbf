//! Opens, creates and sets aside the history file.

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

/// Suffixes of the files that belong to a database.
const COMPANIONS: &[&str] = &["-wal", "-shm"];

/// The file in use, identified by its inode: another file may have taken its path.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    inode: u64,
}

impl DatabaseFile {
    /// Opens or creates the file at `path`. A damaged file, or one of a newer version, is set aside and replaced; the
    /// text returned says so.
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
        // SQLite gives files it creates the mode of the database; existing ones get it here.
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

    /// Returns whether the file is still at its path: what is written to a deleted file is lost.
    pub(super) fn is_there(&self) -> bool {
        Self::locate(&self.path).is_ok_and(|there| there.inode == self.inode)
    }

    /// Renames the file and its companions. `None` if another console has done so already.
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

    /// `history.db.damaged-20260131-140509`, with a number appended if that exists.
    fn free_name(&self, word: &str, now: Timestamp) -> PathBuf {
        let stem = with_suffix(&self.path, &format!(".{word}-{}", now.strftime("%Y%m%d-%H%M%S")));
        let numbered = (1..).map(|number| with_suffix(&stem, &format!("-{number}")));
        std::iter::once(stem.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(stem)
    }
}

/// The notice about a file that was set aside because of `error`.
pub(super) fn describe_set_aside(error: &HistoryError, aside: Option<&Path>) -> String {
    let reason = match error {
        HistoryError::Newer(_) | HistoryError::Foreign => error.to_string(),
        _ => "it is damaged".into(),
    };
    match aside {
        Some(aside) => format!("history file set aside because {reason}: {}", aside.display()),
        None => format!("history file was set aside by another console because {reason}"),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
