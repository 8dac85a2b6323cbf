//! Tables of the history file.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};

use super::{HistoryError, reclassify::rules_version};

/// Incremented for changes that an older program can't handle.
pub(super) const VERSION: i64 = 2;
/// The oldest version that can be upgraded.
pub(super) const OLDEST: i64 = 1;
/// How long a statement waits for another console.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// The most bytes of the write-ahead log that are kept when it is idle.
const LOG: i64 = 4 << 20;

/// `seen` holds rows of all kinds: `shelf` is the [`super::record::RecordKind`], `place` the cluster, `cause` the failure
/// group of a stopped task. `judgement` is the version of the program that assigned the groups, and the progress of a
/// newer one that is reassigning them.
const TABLES: &str = "
CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    UNIQUE (endpoint, account, region, cluster)
);
CREATE TABLE cause (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES place,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    revision TEXT NOT NULL,
    container TEXT NOT NULL,
    cause TEXT NOT NULL,
    rule TEXT,
    failure INTEGER NOT NULL,
    UNIQUE (place, service, name)
);
CREATE TABLE seen (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES place,
    shelf INTEGER NOT NULL,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    cause INTEGER REFERENCES cause,
    exit_code INTEGER,
    body TEXT NOT NULL,
    UNIQUE (place, shelf, name)
);
CREATE INDEX seen_in_cluster ON seen (place, shelf, at);
CREATE INDEX seen_in_service ON seen (place, shelf, service, at);
CREATE INDEX seen_by_cause ON seen (cause, exit_code, at) WHERE cause IS NOT NULL;
CREATE TABLE judgement (version INTEGER NOT NULL, next INTEGER NOT NULL);
";

/// Upgrades version 1, whose places had no endpoint: all of them are AWS's own. An older program that has the file open
/// can continue to use it.
const UPGRADE_FROM_1: &str = "
CREATE TABLE place_2 (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    UNIQUE (endpoint, account, region, cluster)
);
INSERT INTO place_2 (id, account, region, cluster) SELECT id, account, region, cluster FROM place;
DROP TABLE place;
ALTER TABLE place_2 RENAME TO place;
";

/// Creates the tables if there are none, and configures the connection.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), HistoryError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match version(connection)? {
        0 => {
            let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            // Another console may be creating them right now; the version is set in the same transaction.
            if tables > 0 && version(connection)? == 0 {
                return Err(HistoryError::Foreign);
            }
            // Only has an effect before the first table is created.
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        OLDEST..=VERSION => {}
        newer => return Err(HistoryError::Newer(newer)),
    }
    retry_while_busy(|| Ok(connection.pragma_update(None, "journal_mode", "WAL")?))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG)?;
    create(connection)
}
/// Opens a history in memory.
pub(super) fn open_in_ram() -> Result<Connection, HistoryError> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    create(&mut connection)?;
    Ok(connection)
}

fn create(connection: &mut Connection) -> Result<(), HistoryError> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    // A table is replaced that others refer to: with foreign keys enforced, its rows would count as deleted.
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match version(&transaction)? {
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.execute("INSERT INTO judgement VALUES (?, 0)", [rules_version()])?;
        }
        1 => transaction.execute_batch(UPGRADE_FROM_1)?,
        _ => {}
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

pub(super) fn version(connection: &Connection) -> Result<i64, HistoryError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Retries while another console has the file locked, for statements where SQLite does not wait by itself.
fn retry_while_busy(attempt: impl Fn() -> Result<(), HistoryError>) -> Result<(), HistoryError> {
    #[expect(clippy::disallowed_methods, reason = "SQLite waits in real time")]
    let begun = Instant::now();
    loop {
        match attempt() {
            Err(error) if error.is_busy() && begun.elapsed() < BUSY_TIMEOUT => sleep(Duration::from_millis(5)),
            result => return result,
        }
    }
}
