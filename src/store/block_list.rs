//! Lists of numbers that must not be written to.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::Connection;

use super::columns::Columns as _;
use crate::error::Result;

/// The lists that a number stands on, each with the day since when; `compared` is its area code and last
/// eight digits.
pub fn naming(connection: &Connection, compared: &str) -> Result<Vec<(String, Option<NaiveDate>)>> {
    let mut statement = connection
        .prepare_cached("SELECT list, since FROM block_list WHERE compared = ?1 ORDER BY list")?;
    let rows = statement.query_map([compared], |row| Ok((row.get(0)?, row.day_opt(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether any number stands on any list.
pub fn any(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM block_list)")?
        .query_row([], |row| row.get(0))?)
}

/// Every list with the instant of its last import.
pub fn imported(connection: &Connection) -> Result<Vec<(String, DateTime<Utc>)>> {
    let mut statement =
        connection.prepare("SELECT list, imported_at FROM block_list_import ORDER BY list")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.instant(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
