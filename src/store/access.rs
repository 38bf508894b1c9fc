//! Changes of access that the book noticed, and which of them are still to be looked at.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Millis};
use crate::domain::access::{AccessChange, AccessListener};
use crate::domain::message::Outgoing;
use crate::domain::words::{AccessStatus, Channel};
use crate::error::Result;

/// Where a change is that was not dealt with yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Nobody has looked at it.
    New,
    /// Some trigger hears of it, in the run that noticed it.
    Wanted,
    /// It is held back until a person decides.
    Held,
}

impl Pending {
    const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Wanted => "wanted",
            Self::Held => "held",
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AccessChange> {
    Ok(AccessChange {
        contract_id: row.get(0)?,
        number: row.get(1)?,
        from: row.get(2)?,
        to: row.get(3)?,
    })
}

/// Changes that are looked at in one go: statements over all of them would hold all of them.
const PAGE: usize = 1_000;

/// Takes what the book noticed since the last call: what a listener hears of is wanted from now on, the
/// rest is done with. How many are wanted.
pub fn sort_out(
    connection: &Connection,
    listeners: &[AccessListener],
    at: DateTime<Utc>,
) -> Result<u64> {
    let mut wanted = 0;
    loop {
        let page = first(connection, Pending::New, PAGE)?;
        for change in &page {
            let heard = listeners
                .iter()
                .any(|listener| listener.hears(change.from, change.to));
            wanted += u64::from(heard);
            let pending = heard.then_some(Pending::Wanted.as_str());
            connection
                .prepare_cached(
                    "UPDATE access_change SET pending = ?3, at = ?4
                     WHERE contract_id = ?1 AND number = ?2",
                )?
                .execute(params![
                    change.contract_id,
                    change.number,
                    pending,
                    Millis(at)
                ])?;
        }
        if page.len() < PAGE {
            return Ok(wanted);
        }
    }
}

/// Holds back all that is wanted.
pub fn hold_back(connection: &Connection) -> Result<()> {
    move_all(connection, Pending::Wanted, Some(Pending::Held))?;
    Ok(())
}

/// Moves every change from one state to another, or is done with it; how many there were.
fn move_all(connection: &Connection, from: Pending, to: Option<Pending>) -> Result<u64> {
    let mut moved = 0;
    loop {
        let page = first(connection, from, PAGE)?;
        for change in &page {
            connection
                .prepare_cached(
                    "UPDATE access_change SET pending = ?3 WHERE contract_id = ?1 AND number = ?2",
                )?
                .execute((change.contract_id, change.number, to.map(Pending::as_str)))?;
        }
        moved += page.len() as u64;
        if page.len() < PAGE {
            return Ok(moved);
        }
    }
}

/// The first changes in a state, at most `limit`.
pub fn first(connection: &Connection, state: Pending, limit: usize) -> Result<Vec<AccessChange>> {
    let mut statement = connection.prepare_cached(
        "SELECT contract_id, number, from_status, to_status
         FROM access_change INDEXED BY access_change_pending
         WHERE pending = ?1 AND pending IS NOT NULL ORDER BY contract_id, number LIMIT ?2",
    )?;
    let rows = statement.query_map(params![state.as_str(), limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes that a change was dealt with.
pub fn done(connection: &Connection, change: &AccessChange) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE access_change SET pending = NULL WHERE contract_id = ?1 AND number = ?2",
        )?
        .execute((change.contract_id, change.number))?;
    Ok(())
}

/// Notes which state a message tells of.
pub fn note_message(connection: &Connection, message_id: i64, to: AccessStatus) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO access_message (message_id, to_status) VALUES (?1, ?2)
             ON CONFLICT (message_id) DO UPDATE SET to_status = excluded.to_status",
        )?
        .execute((message_id, to))?;
    Ok(())
}

/// The state that a message tells of.
pub fn told_by(connection: &Connection, message_id: i64) -> Result<Option<AccessStatus>> {
    Ok(connection
        .prepare_cached("SELECT to_status FROM access_message WHERE message_id = ?1")?
        .query_row([message_id], |row| row.get(0))
        .optional()?)
}

/// The channels on which messages of changes of access are due.
pub fn waiting(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<Channel>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT channel FROM message
         WHERE status = 'queued' AND origin = 'access' AND not_before <= ?1",
    )?;
    let rows = statement.query_map([Millis(now)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A later change of the same contract, to the state that a message tells, which is told on the same channel by a
/// message that lives or went.
pub fn told_later(
    connection: &Connection,
    (contract_id, to): (i64, AccessStatus),
    message: &Outgoing,
) -> Result<Option<i64>> {
    // A key goes on after the contract with the change's number; `0` comes next to the slash.
    Ok(connection
        .prepare_cached(
            "SELECT max(number) FROM (
               SELECT cast(substr(m.key, length('access/' || ?1 || '/') + 1) AS INTEGER) AS number
               FROM message m JOIN access_message a ON a.message_id = m.id AND a.to_status = ?2
               WHERE m.key >= 'access/' || ?1 || '/' AND m.key < 'access/' || ?1 || '0'
                 AND m.channel = ?3
                 AND m.status IN ('queued', 'shared', 'sending', 'sent', 'unknown'))
             WHERE number > cast(substr(?4, length('access/' || ?1 || '/') + 1) AS INTEGER)",
        )?
        .query_row((contract_id, to, message.channel, &message.key), |row| {
            row.get(0)
        })?)
}

/// Changes that are held back, by the states they go from and to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The state they had.
    pub from: AccessStatus,
    /// The state they came to.
    pub to: AccessStatus,
    /// How many.
    pub changes: u64,
    /// When the first of them was noticed.
    pub since: Option<DateTime<Utc>>,
}

/// What is held back.
pub fn held_back(connection: &Connection) -> Result<Vec<HeldBack>> {
    let mut statement = connection.prepare_cached(
        "SELECT from_status, to_status, count(*), min(at)
         FROM access_change INDEXED BY access_change_pending
         WHERE pending = 'held' AND pending IS NOT NULL
         GROUP BY from_status, to_status ORDER BY from_status, to_status",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(HeldBack {
            from: row.get(0)?,
            to: row.get(1)?,
            changes: row.get(2)?,
            since: row.instant_opt(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Has the rest of a transaction, and those after it, drop what is held back of a contract that goes to another
/// client: whoever has it then never had the former state. Only where anything is held back.
pub(super) fn drop_with_the_client(connection: &Connection) -> Result<()> {
    let is_needed: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM access_change INDEXED BY access_change_pending
                            WHERE pending IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'access_taken_over')",
        )?
        .query_row([], |row| row.get(0))?;
    if is_needed {
        connection.execute_batch(
            "CREATE TEMP TRIGGER access_taken_over AFTER UPDATE OF client_id ON main.contract
             WHEN OLD.client_id <> NEW.client_id
             BEGIN
               UPDATE access_change SET pending = NULL
               WHERE contract_id = NEW.id AND pending IS NOT NULL;
             END",
        )?;
    }
    Ok(())
}

/// Drops what is held back; how much.
pub fn drop_held(connection: &Connection) -> Result<u64> {
    move_all(connection, Pending::Held, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn only_a_change_from_one_known_state_to_another_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&folder.path().join("regua.db")).expect("a database");
        store.write(|_| Ok(())).expect("writing has begun");
        let connection = store.connection();
        connection
            .execute_batch(
                "INSERT INTO client (id, name, person_type)
                 VALUES (1, 'Ana', 'individual'), (2, 'Bia', 'individual');
                 INSERT INTO contract (id, client_id, status) VALUES (11, 1, 'active');
                 UPDATE contract SET access_status = 'active' WHERE id = 11;
                 UPDATE contract SET access_status = 'active', plan = 'Fibra' WHERE id = 11;
                 UPDATE contract SET access_status = 'auto_block' WHERE id = 11;
                 UPDATE contract SET access_status = NULL WHERE id = 11;
                 UPDATE contract SET access_status = 'disabled' WHERE id = 11;
                 UPDATE contract SET access_status = 'active', client_id = 2 WHERE id = 11;",
            )
            .expect("written");
        let at = DateTime::UNIX_EPOCH;
        let all = AccessListener {
            from: Vec::new(),
            to: Vec::new(),
            templates: Vec::new(),
            name: "t".to_owned(),
        };
        assert_eq!(sort_out(connection, &[all], at).expect("sorted"), 1);
        let wanted = first(connection, Pending::Wanted, 10).expect("read");
        let change = AccessChange {
            contract_id: 11,
            number: 1,
            from: AccessStatus::Active,
            to: AccessStatus::AutoBlock,
        };
        assert_eq!(wanted, [change]);
    }
}
