//! Clients by their birthday, and whether this year's congratulations were decided.

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::domain::birthday;
use crate::domain::words::{Reason, Status};
use crate::error::Result;

/// The people whose birth date has one of these months and days, from after the client `after` on: at
/// most `limit` ids, in order.
pub fn born_on(
    connection: &Connection,
    days: &[(u32, u32)],
    after: i64,
    limit: usize,
) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT id FROM client
         WHERE birth_date IS NOT NULL AND person_type = 'individual' AND absent_since IS NULL
           AND substr(birth_date, 6) = ?1 AND id > ?2
         ORDER BY id LIMIT ?3",
    )?;
    for (month, day) in days {
        let rows = statement.query_map((format!("{month:02}-{day:02}"), after, limit), |row| {
            row.get::<_, i64>(0)
        })?;
        for id in rows {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    ids.truncate(limit);
    Ok(ids)
}

/// The people whose birth date stands for none, or is to come: nobody congratulates them.
pub fn unbelievable(connection: &Connection, today: NaiveDate) -> Result<u64> {
    Ok(connection.query_row(
        "SELECT count(*) FROM client
         WHERE person_type = 'individual' AND (birth_date = '1900-01-01' OR birth_date > ?1)",
        [today.to_string()],
        |row| row.get(0),
    )?)
}

/// Whether a client's congratulations of a year were decided, by whatever template, channel or
/// address, and even if the purge has deleted them since.
pub fn decided(connection: &Connection, year: i32, client_id: i64) -> Result<bool> {
    // Keys of the client are the key itself and those with `/` after it; `0` comes next to `/`.
    let key = birthday::key(year, client_id);
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message WHERE key >= ?1 AND key < ?1 || '0')
                 OR EXISTS (SELECT 1 FROM spent_key WHERE key >= ?1 AND key < ?1 || '0')",
        )?
        .query_row([key], |row| row.get(0))?)
}

/// How many birthday messages with ids from `first` to `last` stand in each state, for each reason.
pub fn totals(
    connection: &Connection,
    first: i64,
    last: i64,
) -> Result<Vec<(Status, Option<Reason>, u64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT status, reason, count(*) FROM message
         WHERE id BETWEEN ?1 AND ?2 AND origin = 'birthday' GROUP BY status, reason",
    )?;
    let rows = statement.query_map((first, last), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
