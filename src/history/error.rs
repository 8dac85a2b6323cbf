//! Errors of the history file.

use std::io;

use rusqlite::ErrorCode;

/// Why the history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("it was written by a newer version of ecsight (format {0})")]
    Newer(i64),
    #[error("it belongs to another program")]
    Foreign,
    #[error("there is no history")]
    Absent,
    #[error("its file was deleted while it was in use")]
    Deleted,
}

impl HistoryError {
    /// Returns whether another attempt on the same file would fail too.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Newer(_) | Self::Foreign => true,
            // Our own statements are valid: if one is refused, or returns the wrong type, the file is damaged.
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => true,
                Some(ErrorCode::Unknown) => true,
                Some(_) => false,
                None => true,
            },
            Self::File(_) | Self::Absent | Self::Deleted => false,
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// The message for the user.
    pub(super) fn user_message(&self) -> String {
        let Self::Sqlite(error) = self else { return self.to_string() };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program keeps it locked".into(),
            Some(ErrorCode::DiskFull) => "the disk is full".into(),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it may not be written".into(),
            Some(ErrorCode::CannotOpen) => "it can't be opened".into(),
            Some(ErrorCode::SystemIoFailure) => "the disk can't be read or written".into(),
            Some(_) | None => error.to_string(),
        }
    }
}
