//! Statistics of the history file, for `ecsight info` and completion.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{
    HistoryError,
    record::RecordKind,
    schema::{OLDEST, VERSION, version},
};

/// Size and contents of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Size of the file and its write-ahead log.
    pub bytes: u64,
    pub tasks: u64,
    pub events: u64,
    pub deployments: u64,
}

/// Names of recorded clusters and services.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownNames {
    pub clusters: BTreeSet<String>,
    pub services: BTreeSet<String>,
}

/// The clusters and services in the file at `path`, opened read-only; empty if it can't be read.
pub fn read_names(path: &Path) -> KnownNames {
    let names = |column: &str, table: &str| -> Result<BTreeSet<String>, HistoryError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement =
            connection.prepare(&format!("SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''"))?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    };
    KnownNames {
        clusters: names("cluster", "place").unwrap_or_default(),
        services: names("service", "seen").unwrap_or_default(),
    }
}

/// The contents of the file at `path`, opened read-only; `None` if it doesn't exist.
///
/// # Errors
/// The reason in a few words.
pub fn read_usage(path: &Path) -> Result<Option<Usage>, String> {
    if !path.exists() {
        return Ok(None);
    }
    count(path).map(Some).map_err(|error| if error.is_damage() { "damaged".into() } else { error.user_message() })
}

fn count(path: &Path) -> Result<Usage, HistoryError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(1))?;
    match version(&connection)? {
        0 => return Ok(Usage::default()),
        OLDEST..=VERSION => {}
        newer => return Err(HistoryError::Newer(newer)),
    }
    let rows = |kind: RecordKind| {
        connection.query_row("SELECT count(*) FROM seen WHERE shelf = ?", [kind as i64], |row| row.get::<_, i64>(0))
    };
    let bytes = |suffix: &str| {
        let path = path.as_os_str().to_string_lossy().into_owned() + suffix;
        fs::metadata(path).map_or(0, |file| file.len())
    };
    Ok(Usage {
        bytes: bytes("") + bytes("-wal"),
        tasks: rows(RecordKind::Task)?.unsigned_abs(),
        events: rows(RecordKind::Event)?.unsigned_abs(),
        deployments: rows(RecordKind::Deployment)?.unsigned_abs(),
    })
}
