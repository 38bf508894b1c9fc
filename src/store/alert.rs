//! What the staff was alerted of, day by day.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rusqlite::Connection;

use super::columns::{Day, Millis};
use crate::domain::words::Channel;
use crate::error::Result;

/// Whether this was told on a day.
pub fn is_told(connection: &Connection, day: NaiveDate, about: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alert WHERE day = ?1 AND what = ?2)")?
        .query_row((Day(day), about), |row| row.get(0))?)
}

/// Notes that this was told on a day, by a message; 0: by one that is not here any more.
pub fn note(connection: &Connection, day: NaiveDate, about: &str, message_id: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO alert (day, what, message_id) VALUES (?1, ?2, ?3)")?
        .execute((Day(day), about, message_id))?;
    Ok(())
}

/// The channels on which alerts of today and yesterday wait, and may go now.
pub fn waiting(
    connection: &Connection,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Vec<Channel>> {
    let since = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT m.channel FROM alert a JOIN message m ON m.id = a.message_id
         WHERE a.day >= ?1 AND m.status = 'queued' AND m.not_before <= ?2",
    )?;
    let rows = statement.query_map((Day(since), Millis(now)), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Messages of which nobody can tell whether they went, of those made since an instant.
pub fn unknown_since(connection: &Connection, since: DateTime<Utc>) -> Result<u64> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM message WHERE status = 'unknown' AND created_at >= ?1",
        )?
        .query_row([Millis(since)], |row| row.get(0))?)
}
