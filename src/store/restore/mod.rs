//! What a restored database must know that its backup did not: what may have left since it was made.

mod notices;

use std::path::Path;

use chrono::NaiveDate;
use rusqlite::{Connection, Transaction};
use serde_json::json;

use super::{Store, evidence, meta, purge, sharing};
use crate::error::Result;

/// Under which key the day is kept that counts as done, because nobody knows what was sent on it.
const DONE_DAY: &str = "restored.done_on";

/// What became of the messages that were on their way when the backup was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnTheirWay {
    /// Nobody knows whether they were delivered since.
    pub unknown: u64,
    /// They wait to be sent.
    pub queued: u64,
}

/// What the replaced file knew and the restored one did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CarriedOver {
    /// Keys of messages, kept as spent.
    pub keys: u64,
    /// Ids of events, kept as told.
    pub events: u64,
    /// Opt-outs.
    pub opt_outs: u64,
    /// Holds.
    pub holds: u64,
    /// Messages that waited there and were never sent; whoever decided them decides them again.
    pub never_sent: u64,
}

/// Settles what was on its way: it may have left since. With `resend`, what was queued stays so.
pub fn settle(connection: &Connection, resend: bool) -> Result<OnTheirWay> {
    let states = if resend {
        "('sending', 'shared')"
    } else {
        "('queued', 'sending', 'shared')"
    };
    sharing::restored(connection)?;
    let unknown = connection.execute(
        &format!(
            "UPDATE message SET status = 'unknown', reason = NULL,
               detail = 'it was on its way when the backup was made that was restored'
             WHERE status IN {states}"
        ),
        [],
    )?;
    let queued = connection.query_row(
        "SELECT count(*) FROM message WHERE status = 'queued'",
        [],
        |row| row.get(0),
    )?;
    Ok(OnTheirWay {
        unknown: unknown as u64,
        queued,
    })
}

/// Has the ledger go on from where it was in the replaced file, as far as that can be read and the backup's is
/// its beginning, and tell of the restore. What those records speak of is not in the restored file: their salts
/// stay behind.
pub fn carry_evidence(store: &mut Store, replaced: &Path) -> Result<()> {
    let path = replaced.to_string_lossy();
    let attached = replaced.exists()
        && store
            .connection
            .execute("ATTACH DATABASE ?1 AS replaced", [&*path])
            .is_ok();
    let readable = attached && is_whole(&store.connection);
    let done = store.write(|connection| {
        let head = evidence::head(connection)?;
        let until = head.as_ref().map_or(0, |head| head.number);
        let mut carried = 0;
        if readable && there(connection, "evidence")? {
            let same: bool = connection.query_row(
                "SELECT ?1 = 0 OR EXISTS (
                   SELECT 1 FROM replaced.evidence r JOIN main.evidence e ON e.number = r.number
                   WHERE r.number = ?1 AND r.sealed = e.sealed)",
                [until],
                |row| row.get(0),
            )?;
            if same {
                carried = connection.execute(
                    "INSERT INTO main.evidence (number, at, what, message_id, note, sealed)
                     SELECT number, at, what, message_id, note, sealed FROM replaced.evidence
                     WHERE number > ?1 ORDER BY number",
                    [until],
                )?;
            }
        }
        let note = json!({ "backup_until": until, "carried": carried, "replaced_read": readable });
        evidence::note(connection, "restore", &note)
    });
    if attached {
        store.connection.execute("DETACH DATABASE replaced", [])?;
    }
    done
}

/// The clients that the replaced file has erased.
pub fn erased_there(store: &Store, replaced: &Path) -> Result<Vec<(i64, String)>> {
    let path = replaced.to_string_lossy();
    if !replaced.exists()
        || store
            .connection
            .execute("ATTACH DATABASE ?1 AS replaced", [&*path])
            .is_err()
    {
        return Ok(Vec::new());
    }
    let read = || -> rusqlite::Result<Vec<(i64, String)>> {
        let mut statement = store
            .connection
            .prepare("SELECT client_id, why FROM replaced.erased_client ORDER BY client_id")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    // A file that cannot be read, or of before there was erasing, has erased nobody.
    let found = read().unwrap_or_default();
    store.connection.execute("DETACH DATABASE replaced", [])?;
    Ok(found)
}

/// Takes over what the file at `replaced` knows; none where it cannot be read, or is no whole database of
/// ours. Nobody else may be working with it.
pub fn carry_over(store: &mut Store, replaced: &Path) -> Result<Option<CarriedOver>> {
    if !replaced.exists() {
        return Ok(None);
    }
    let path = replaced.to_string_lossy();
    let attached = store
        .connection
        .execute("ATTACH DATABASE ?1 AS replaced", [&*path]);
    if attached.is_err() {
        return Ok(None);
    }
    let carried = if is_whole(&store.connection) {
        store.write(take_over).ok()
    } else {
        None
    };
    store.connection.execute("DETACH DATABASE replaced", [])?;
    Ok(carried)
}

/// Whether the attached file is a database of ours with nothing broken in it.
fn is_whole(connection: &Connection) -> bool {
    let ours = connection.query_row(
        "SELECT count(*) = 5 FROM replaced.sqlite_schema
         WHERE type = 'table' AND name IN ('message', 'spent_key', 'event', 'task', 'opt_out')",
        [],
        |row| row.get::<_, bool>(0),
    );
    let sound = || {
        connection.query_row("PRAGMA replaced.quick_check(1)", [], |row| {
            row.get::<_, String>(0)
        })
    };
    matches!(ours, Ok(true)) && sound().is_ok_and(|said| said == "ok")
}

fn take_over(connection: &Transaction<'_>) -> Result<CarriedOver> {
    let changed = |sql: &str| -> Result<u64> { Ok(connection.execute(sql, [])? as u64) };
    if there(connection, "notice")? {
        notices::take_over(connection)?;
    }
    // What is queued there has certainly not left, and is lost with the file: its key stays free. A message
    // that ended alike on both sides, or there without having left, guards its key itself, and may still be
    // revived by hand.
    let keys = changed(
        "INSERT OR IGNORE INTO spent_key (key)
         SELECT r.key FROM replaced.message r
         WHERE r.status <> 'queued'
           AND NOT EXISTS (SELECT 1 FROM message m WHERE m.key = r.key
                           AND (m.status = r.status OR r.status IN ('failed', 'skipped', 'cancelled')))
         UNION SELECT key FROM replaced.spent_key",
    )?;
    purge::guard_spent_keys(connection)?;
    let mut events = changed(
        "INSERT OR IGNORE INTO spent_event (id)
         SELECT id FROM replaced.event WHERE id NOT IN (SELECT id FROM event)",
    )?;
    if there(connection, "spent_event")? {
        events +=
            changed("INSERT OR IGNORE INTO spent_event (id) SELECT id FROM replaced.spent_event")?;
    }
    let opt_outs = changed(
        "INSERT OR IGNORE INTO opt_out (client_id, channel, purpose, since, source, imported)
         SELECT client_id, channel, purpose, since, source, imported FROM replaced.opt_out
         WHERE client_id IN (SELECT id FROM client)",
    )?;
    let holds = take_over_holds(connection)?;
    take_over_alerts(connection)?;
    take_over_access(connection)?;
    // What a task has run for since is done with.
    changed(
        "UPDATE task SET considered_at = max(considered_at, coalesce(
           (SELECT r.considered_at FROM replaced.task r WHERE r.name = task.name), 0))",
    )?;
    let never_sent = connection.query_row(
        "SELECT count(*) FROM replaced.message r
         WHERE r.status = 'queued' AND NOT EXISTS (SELECT 1 FROM message m WHERE m.key = r.key)",
        [],
        |row| row.get(0),
    )?;
    Ok(CarriedOver {
        keys,
        events,
        opt_outs,
        holds,
        never_sent,
    })
}

/// What a person put on hold there is on hold; how many holds.
fn take_over_holds(connection: &Transaction<'_>) -> Result<u64> {
    if !there(connection, "hold")? {
        return Ok(0);
    }
    let taken = connection.execute(
        "INSERT INTO hold (client_id, invoice_id, until, why, created_at, removed_at)
         SELECT client_id, invoice_id, until, why, created_at, removed_at FROM replaced.hold r
         WHERE (client_id IS NULL OR client_id IN (SELECT id FROM client))
           AND (invoice_id IS NULL OR invoice_id IN (SELECT id FROM invoice))
           AND NOT EXISTS (SELECT 1 FROM hold h
                           WHERE h.created_at = r.created_at AND h.client_id IS r.client_id
                             AND h.invoice_id IS r.invoice_id)",
        [],
    )?;
    Ok(taken as u64)
}

/// What the staff was told there is told; nobody here has that message.
fn take_over_alerts(connection: &Transaction<'_>) -> Result<()> {
    if there(connection, "alert")? {
        connection.execute(
            "INSERT OR IGNORE INTO alert (day, what, message_id)
             SELECT day, what, 0 FROM replaced.alert",
            [],
        )?;
    }
    Ok(())
}

/// Changes of access go on from where they were counted there, since keys that are spent have those numbers: with
/// the states that were noticed, so that none is noticed again. What is done with on either side is so; what was
/// told by a message that never left is told by the next import.
fn take_over_access(connection: &Transaction<'_>) -> Result<()> {
    if !there(connection, "access_change")? {
        return Ok(());
    }
    connection.execute_batch(
        "UPDATE main.contract SET access_status = r.access_status, access_since = r.access_since
         FROM replaced.contract r
         WHERE r.id = contract.id AND r.client_id = contract.client_id
           AND r.access_status IS NOT contract.access_status
           AND EXISTS (SELECT 1 FROM replaced.access_change c
                       WHERE c.contract_id = r.id
                         AND c.number > coalesce((SELECT max(a.number) FROM main.access_change a
                                                  WHERE a.contract_id = r.id), 0));
         DELETE FROM main.access_change WHERE pending = 'new';
         INSERT INTO main.access_change (contract_id, number, from_status, to_status, at, pending)
         SELECT r.contract_id, r.number, r.from_status, r.to_status, r.at,
                CASE WHEN r.pending IS NULL AND EXISTS (
                       SELECT 1 FROM replaced.message m
                       WHERE m.key >= 'access/' || r.contract_id || '/' || r.number || '/'
                         AND m.key < 'access/' || r.contract_id || '/' || r.number || '0'
                         AND m.status = 'queued')
                     THEN 'new' ELSE r.pending END
         FROM replaced.access_change r WHERE true
         ON CONFLICT (contract_id, number) DO UPDATE SET pending = NULL
           WHERE excluded.pending IS NULL;",
    )?;
    meta::book_changed(connection)
}

fn there(connection: &Connection, table: &str) -> Result<bool> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM replaced.sqlite_schema WHERE type = 'table' AND name = ?1)",
        [table],
        |row| row.get(0),
    )?)
}

/// Nobody knows what was sent since the backup: today counts as done for every rule and every send, and no
/// task runs until a person enables it. How many tasks were disabled.
pub fn count_today_as_done(connection: &Connection, today: NaiveDate) -> Result<u64> {
    let day = today.to_string();
    meta::set(connection, DONE_DAY, &day)?;
    connection.execute(
        "UPDATE rule SET evaluated_on = max(coalesce(evaluated_on, ''), ?1)",
        [&day],
    )?;
    Ok(connection.execute("UPDATE task SET enabled = 0 WHERE enabled", [])? as u64)
}

/// Whether `today` counts as done since a backup was restored over a file that could not be read.
pub fn is_done(connection: &Connection, today: NaiveDate) -> Result<bool> {
    Ok(meta::get(connection, DONE_DAY)?.is_some_and(|day| day == today.to_string()))
}
