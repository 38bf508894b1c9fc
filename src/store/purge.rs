//! Deleting what is old and done: never what is queued, never a key.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Params};
use serde_json::json;

use super::columns::Millis;
use super::{Store, evidence, notice};
use crate::error::Result;

/// Messages looked at in one transaction, so that nobody else waits long.
const STEP: i64 = 20_000;

/// The states after which nothing more happens by itself. An unknown one waits for a person.
const DONE: &str = "status IN ('sent', 'failed', 'skipped', 'cancelled')";

/// Messages that gave a notice: proof, which only its own retention lets go.
const NOTICES: &str = "id IN (SELECT message_id FROM notice)";

/// Clears the text of messages that are done and older than `before`; how many had one. A failed
/// one keeps it until it has expired: until then a person may send it again. The ledger keeps their digests.
pub fn bodies(store: &mut Store, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64> {
    let old = format!(
        "id > ?1 AND id <= ?2 AND created_at < ?3 AND {DONE} AND NOT {NOTICES}
           AND (status <> 'failed' OR expires_at <= ?4)"
    );
    let texts =
        "(title IS NOT NULL OR body IS NOT NULL OR html IS NOT NULL OR variables IS NOT NULL
                  OR planned IS NOT NULL OR said IS NOT NULL)";
    let sql = format!(
        "UPDATE message SET title = NULL, body = NULL, html = NULL, variables = NULL, planned = NULL,
           said = NULL
         WHERE {old} AND {texts}"
    );
    let attempts = format!(
        "UPDATE attempt SET title = NULL, body = NULL
         WHERE (title IS NOT NULL OR body IS NOT NULL) AND message_id IN
           (SELECT id FROM message WHERE {old})"
    );
    let sealed = format!("SELECT id FROM message WHERE {old} AND {texts} AND {SEALED} ORDER BY id");
    in_steps(store, |connection, from, to| {
        let bound = (from, to, Millis(before), Millis(now));
        let ids = ids(connection, &sealed, bound)?;
        connection.prepare_cached(&attempts)?.execute(bound)?;
        let changed = connection.prepare_cached(&sql)?.execute(bound)?;
        if !ids.is_empty() {
            evidence::note(connection, "purge", &json!({ "texts": ranges(&ids) }))?;
        }
        Ok(changed)
    })
}

/// Whether the ledger has a record of a message.
const SEALED: &str = "EXISTS (SELECT 1 FROM evidence WHERE message_id = message.id)";

/// The ids that a query answers.
fn ids(connection: &Connection, sql: &str, bound: impl Params) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(bound, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Rising ids as a note writes them: `1-500,502`.
pub fn ranges(ids: &[i64]) -> String {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *id => *last = *id,
            _ => runs.push((*id, *id)),
        }
    }
    let words = runs.into_iter().map(|(from, to)| {
        if from == to {
            from.to_string()
        } else {
            format!("{from}-{to}")
        }
    });
    words.collect::<Vec<_>>().join(",")
}

/// Clears what people wrote back before `before`; how many there were.
pub fn replies(store: &mut Store, before: DateTime<Utc>) -> Result<u64> {
    let cleared = store.write(|connection| {
        Ok(connection.execute(
            "UPDATE reply SET text = NULL WHERE text IS NOT NULL AND at < ?1",
            [Millis(before)],
        )?)
    })?;
    Ok(cleared as u64)
}

/// Deletes messages that are done and older than `before`, with their attempts; how many. Their
/// keys stay, so that no decision is carried out twice.
///
/// Those of an incident that is open stay: its end is told to whom it was told.
pub fn messages(store: &mut Store, before: DateTime<Utc>) -> Result<u64> {
    delete(store, before, &format!("NOT {NOTICES}"))
}

/// The same of messages that gave a notice. The day it was given stays, and so do its cases.
pub fn notices(store: &mut Store, before: DateTime<Utc>) -> Result<u64> {
    store.write(|connection| {
        notice::keep_days(connection, before)?;
        Ok(())
    })?;
    delete(store, before, NOTICES)
}

fn delete(store: &mut Store, before: DateTime<Utc>, which: &str) -> Result<u64> {
    // The newest message stays: an id that the ledger speaks of never becomes another message's.
    let old = format!(
        "id > ?1 AND id <= ?2 AND created_at < ?3 AND {DONE} AND {which}
           AND id < (SELECT max(id) FROM message)
           AND NOT EXISTS (SELECT 1 FROM incident_message t JOIN incident i ON i.id = t.incident_id
                           WHERE t.message_id = message.id AND i.closed_at IS NULL)"
    );
    let keys = format!("INSERT OR IGNORE INTO spent_key (key) SELECT key FROM message WHERE {old}");
    let attempts =
        format!("DELETE FROM attempt WHERE message_id IN (SELECT id FROM message WHERE {old})");
    let spoken = format!(
        "DELETE FROM message_speaks_for WHERE message_id IN (SELECT id FROM message WHERE {old})"
    );
    let of_incidents = format!(
        "DELETE FROM incident_message WHERE message_id IN (SELECT id FROM message WHERE {old})"
    );
    let of_access = format!(
        "DELETE FROM access_message WHERE message_id IN (SELECT id FROM message WHERE {old})"
    );
    let of_alerts =
        format!("DELETE FROM alert WHERE message_id IN (SELECT id FROM message WHERE {old})");
    let rows = format!("DELETE FROM message WHERE {old}");
    let sealed = format!("SELECT id FROM message WHERE {old} AND {SEALED} ORDER BY id");
    in_steps(store, |connection, from, to| {
        let bound = (from, to, Millis(before));
        if connection.prepare_cached(&keys)?.execute(bound)? > 0 {
            guard_spent_keys(connection)?;
        }
        let ids = ids(connection, &sealed, bound)?;
        connection.prepare_cached(&attempts)?.execute(bound)?;
        connection.prepare_cached(&spoken)?.execute(bound)?;
        connection.prepare_cached(&of_incidents)?.execute(bound)?;
        connection.prepare_cached(&of_access)?.execute(bound)?;
        connection.prepare_cached(&of_alerts)?.execute(bound)?;
        let changed = connection.prepare_cached(&rows)?.execute(bound)?;
        if !ids.is_empty() {
            evidence::note(connection, "purge", &json!({ "messages": ranges(&ids) }))?;
        }
        Ok(changed)
    })
}

/// From now on no message is written down under a spent key.
pub fn guard_spent_keys(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch(
        "CREATE TRIGGER IF NOT EXISTS message_key_spent BEFORE INSERT ON message
         WHEN EXISTS (SELECT 1 FROM spent_key WHERE key = NEW.key)
         BEGIN SELECT RAISE(IGNORE); END",
    )?)
}

/// Keeps a key as spent: its message counts as sent.
pub fn spend_key(connection: &Connection, key: &str) -> Result<()> {
    guard_spent_keys(connection)?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO spent_key (key) VALUES (?1)")?
        .execute([key])?;
    Ok(())
}

/// Whether any message was deleted whose key is remembered.
pub fn any_spent(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM spent_key)")?
        .query_row([], |row| row.get(0))?)
}

/// Whether a key's message was deleted.
pub fn is_spent(connection: &Connection, key: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM spent_key WHERE key = ?1)")?
        .query_row([key], |row| row.get(0))?)
}

/// Deletes the records of task runs that ended before `before`; how many. The last of each task
/// stays.
pub fn runs(store: &mut Store, before: DateTime<Utc>) -> Result<u64> {
    let deleted = store.write(|connection| {
        Ok(connection.execute(
            "DELETE FROM task_run
             WHERE ended_at < ?1 AND id NOT IN (SELECT max(id) FROM task_run GROUP BY task)",
            [Millis(before)],
        )?)
    })?;
    Ok(deleted as u64)
}

fn in_steps(
    store: &mut Store,
    step: impl Fn(&Connection, i64, i64) -> Result<usize>,
) -> Result<u64> {
    let last: i64 =
        store
            .connection()
            .query_row("SELECT coalesce(max(id), 0) FROM message", [], |row| {
                row.get(0)
            })?;
    let mut total = 0;
    let mut from = 0;
    while from < last {
        let to = from + STEP;
        let changed = store.write(|transaction| step(transaction, from, to))?;
        total += changed as u64;
        from = to;
    }
    Ok(total)
}
