//! The tables.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};

use super::{HistoryError, reclassify::rules_version};

/// Grows whenever the tables change in a way that an older program could not live with.
pub(super) const VERSION: i64 = 2;
/// The oldest version that is brought up to this one.
pub(super) const OLDEST: i64 = 1;
/// How long a statement waits for another console's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes that the log beside the file may keep when it is not needed.
const LOG: i64 = 4 << 20;

/// One table holds all kinds of rows: `shelf` tells which. `cause` says which group of failures a stopped task belongs
/// to; a group is found by a scan of a narrow index. `judgement` says which version of the program put them there, and how far
/// a newer one has come that puts them anew.
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

/// From version 1, whose places had no endpoint: all of them are AWS's own. An older program that has the file open goes
/// on with it.
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

/// Makes the tables where there are none, and sets how the connection works.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), HistoryError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    match version(connection)? {
        0 => {
            let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            // Another console may be making them at this moment; then the version is told with them.
            if tables > 0 && version(connection)? == 0 {
                return Err(HistoryError::Foreign);
            }
            // Has an effect only before the first table.
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

/// A history that ends with the session.
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
    // A table that others refer to is replaced, which the check of references would take for a loss.
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

/// Again while another console is in the way, where SQLite does not wait by itself.
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
