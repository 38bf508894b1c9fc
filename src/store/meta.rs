//! Small facts about the database itself: numbers that count up, and when things last happened.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Result;

/// The value kept under a key.
pub fn get(connection: &Connection, key: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// Keeps a value under a key.
pub fn set(connection: &Connection, key: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute([key, value])?;
    Ok(())
}

/// The next number of a counter, from 1.
pub fn next(connection: &Connection, key: &str) -> Result<i64> {
    let number = get(connection, key)?
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or(0)
        + 1;
    set(connection, key, &number.to_string())?;
    Ok(number)
}

/// The number of the book's state: another one whenever something changed that a text, an address or
/// a reason may depend on.
const BOOK: &str = "book";

/// The book's state as SQL reads it, where a statement keeps it.
pub(super) const BOOK_SQL: &str = "coalesce((SELECT value FROM meta WHERE key = 'book'), '0')";

/// The number of the book's present state.
pub fn book(connection: &Connection) -> Result<String> {
    Ok(get(connection, BOOK)?.unwrap_or_else(|| "0".to_owned()))
}

/// Notes that something changed which messages made before may depend on. To be called within the
/// transaction that changes it.
pub fn book_changed(connection: &Connection) -> Result<()> {
    next(connection, BOOK)?;
    Ok(())
}

/// The key under which the last import or sync of a kind is kept.
fn refreshed_key(kind: &str) -> String {
    format!("refreshed.{kind}")
}

/// Notes that a kind's facts were imported or synced at `at`.
pub fn set_refreshed(connection: &Connection, kind: &str, at: DateTime<Utc>) -> Result<()> {
    set(
        connection,
        &refreshed_key(kind),
        &at.timestamp_millis().to_string(),
    )
}

/// The day on which a kind was last read whole from a source; none when nobody noted one.
pub fn read_whole(connection: &Connection, source: &str, kind: &str) -> Result<Option<String>> {
    get(connection, &format!("whole.{source}.{kind}"))
}

/// Notes that a kind was read whole from a source on a day.
pub fn set_read_whole(connection: &Connection, source: &str, kind: &str, day: &str) -> Result<()> {
    set(connection, &format!("whole.{source}.{kind}"), day)
}

/// When a kind's facts were last imported or synced.
pub fn refreshed(connection: &Connection, kind: &str) -> Result<Option<DateTime<Utc>>> {
    Ok(get(connection, &refreshed_key(kind))?
        .and_then(|text| text.parse().ok())
        .and_then(DateTime::from_timestamp_millis))
}
