//! What clients said no to.

use rusqlite::{Connection, Row};

use super::columns::{Columns as _, Day};
use crate::domain::recipient::OptOut;
use crate::domain::words::{Channel, Purpose, Word as _};
use crate::error::Result;
use crate::store::meta;

/// An opt-out as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOptOut {
    /// Whose.
    pub client_id: i64,
    /// Their name.
    pub client_name: String,
    /// To what.
    pub opt_out: OptOut,
    /// Since when, as a day.
    pub since: Option<chrono::NaiveDate>,
    /// Who says so.
    pub source: Option<String>,
}

/// Reads an opt-out from two columns: an empty word stands for all.
pub(super) fn read(row: &Row<'_>, channel: &str, purpose: &str) -> rusqlite::Result<OptOut> {
    Ok(OptOut {
        channel: Channel::parse(row.get_ref(channel)?.as_str()?),
        purpose: Purpose::parse(row.get_ref(purpose)?.as_str()?),
    })
}

/// What a client said no to.
pub fn of_client(connection: &Connection, client_id: i64) -> Result<Vec<OptOut>> {
    let mut statement =
        connection.prepare_cached("SELECT channel, purpose FROM opt_out WHERE client_id = ?1")?;
    let rows = statement.query_map([client_id], |row| read(row, "channel", "purpose"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All of them, or one client's.
pub fn list(connection: &Connection, client_id: Option<i64>) -> Result<Vec<ListedOptOut>> {
    let mut statement = connection.prepare_cached(
        "SELECT o.client_id, c.name, o.channel, o.purpose, o.since, o.source
         FROM opt_out o JOIN client c ON c.id = o.client_id
         WHERE ?1 IS NULL OR o.client_id = ?1
         ORDER BY o.client_id, o.channel, o.purpose",
    )?;
    let rows = statement.query_map([client_id], |row| {
        Ok(ListedOptOut {
            client_id: row.get(0)?,
            client_name: row.get(1)?,
            opt_out: read(row, "channel", "purpose")?,
            since: row.day_opt(4)?,
            source: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An opt-out as its two columns hold it.
pub(super) fn keys(opt_out: OptOut) -> (&'static str, &'static str) {
    (
        opt_out.channel.map_or("", Channel::as_str),
        opt_out.purpose.map_or("", Purpose::as_str),
    )
}

/// Notes an opt-out; whether it is new.
pub fn add(
    connection: &Connection,
    client_id: i64,
    opt_out: OptOut,
    since: chrono::NaiveDate,
    source: &str,
) -> Result<bool> {
    meta::book_changed(connection)?;
    let (channel, purpose) = keys(opt_out);
    Ok(connection.execute(
        "INSERT INTO opt_out (client_id, channel, purpose, since, source)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        (client_id, channel, purpose, Day(since), source),
    )? > 0)
}

/// Takes an opt-out back; whether there was one.
pub fn remove(connection: &Connection, client_id: i64, opt_out: OptOut) -> Result<bool> {
    meta::book_changed(connection)?;
    let (channel, purpose) = keys(opt_out);
    Ok(connection.execute(
        "DELETE FROM opt_out WHERE client_id = ?1 AND channel = ?2 AND purpose = ?3",
        (client_id, channel, purpose),
    )? > 0)
}

/// Takes an opt-out back that came from this source, and leaves a person's own as it is.
pub fn take_back(
    connection: &Connection,
    client_id: i64,
    opt_out: OptOut,
    source: &str,
) -> Result<()> {
    let (channel, purpose) = keys(opt_out);
    connection.execute(
        "DELETE FROM opt_out
         WHERE client_id = ?1 AND channel = ?2 AND purpose = ?3 AND source = ?4",
        (client_id, channel, purpose, source),
    )?;
    Ok(())
}

/// The clients who have this number, in whichever column, as numbers are compared (E.164).
pub fn clients_of(connection: &Connection, number: &str) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM client WHERE mobile = ?1
         UNION SELECT id FROM client WHERE whatsapp = ?1
         UNION SELECT id FROM client WHERE phone = ?1
         UNION SELECT id FROM client WHERE work_phone = ?1
         ORDER BY 1",
    )?;
    let rows = statement.query_map([number], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
