//! How the database itself is: whole, and what it has seen.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::columns::Columns as _;
use crate::error::Result;

/// The most complaints that are told.
const MOST: usize = 5;

/// What the database finds wrong with its own file; empty when it is whole. Reads all of it.
pub fn damage(connection: &Connection) -> Result<Vec<String>> {
    let mut found: Vec<String> = connection
        .prepare("PRAGMA integrity_check(5)")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    found.retain(|line| line != "ok");
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if found.len() >= MOST {
            break;
        }
        let (table, id, of): (String, Option<i64>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let id = id.map(|id| format!(" {id}")).unwrap_or_default();
        found.push(format!("{table}{id} refers to a {of} that is not there"));
    }
    Ok(found)
}

/// The version of its tables.
pub fn version(connection: &Connection) -> Result<i64> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The latest moment that it knows of: a message written down, an attempt, an import or sync.
pub fn latest(connection: &Connection) -> Result<Option<DateTime<Utc>>> {
    Ok(connection.query_row(
        "SELECT max(at) FROM (
           SELECT max(created_at) AS at FROM message
           UNION ALL SELECT max(at) FROM attempt
           UNION ALL SELECT max(CAST(value AS INTEGER)) FROM meta WHERE key LIKE 'refreshed.%')",
        [],
        |row| row.instant_opt(0),
    )?)
}

/// Messages whose outcome nobody knows.
pub fn unknown_messages(connection: &Connection) -> Result<u64> {
    Ok(connection.query_row(
        "SELECT count(*) FROM message WHERE status = 'unknown'",
        [],
        |row| row.get(0),
    )?)
}

/// Rows of a kind's table; `table` is one of our own names.
pub fn rows(connection: &Connection, table: &str) -> Result<u64> {
    Ok(
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })?,
    )
}
