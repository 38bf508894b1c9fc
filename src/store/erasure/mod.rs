//! Erasing a client: from every table, free page and the write-ahead log.

mod traces;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use traces::{addresses, forget_keys, forget_mentions, forget_rows, writings};

use super::columns::{Json, Millis};
use super::{Lock, Store, evidence, meta, purge, sharing};
use crate::domain::book::{FactKind, KINDS, Value};
use crate::domain::client::ERASED;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};

/// What an erasure turns off of a client, and their return on again.
const SWITCHES: [&str; 5] = [
    "active",
    "in_collection",
    "in_reminders",
    "sms_allowed",
    "email_allowed",
];

/// What is wiped beside the personal columns of the book, in order: each statement takes the client's id.
const WIPES: &[&str] = &[
    "UPDATE client SET email_bounced = NULL, active = 0, in_collection = 0, in_reminders = 0, sms_allowed = 0,
       email_allowed = 0 WHERE id = ?1",
    "UPDATE payment_code SET code = NULL, why = NULL
     WHERE invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1)",
    "UPDATE event SET text = NULL WHERE ticket_id IN (SELECT id FROM ticket WHERE client_id = ?1
       OR told_client_id = ?1)",
    "UPDATE hold SET why = '(apagado)' WHERE client_id = ?1
       OR invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1)",
    "UPDATE reply SET text = NULL, phone = '(apagado)', provider_id = lower(hex(randomblob(16)))
     WHERE client_id = ?1 OR message_id IN (SELECT id FROM message WHERE client_id = ?1)",
];

/// What is wiped of the messages to a client and of those about them, in order: each statement takes their ids.
const WIPES_OF_MESSAGES: &[&str] = &[
    "UPDATE attempt SET text = NULL, title = NULL, body = NULL
     WHERE message_id IN (SELECT value FROM json_each(?1))",
    "UPDATE receipt SET text = NULL WHERE message_id IN (SELECT value FROM json_each(?1))",
    "UPDATE message SET title = NULL, body = NULL, html = NULL, variables = NULL, planned = NULL,
       said = NULL, detail = NULL
     WHERE id IN (SELECT value FROM json_each(?1))",
    "UPDATE evidence SET salt = NULL WHERE message_id IN (SELECT value FROM json_each(?1))",
];

/// The same of those that went to the client: a member of staff keeps the own address.
const WIPES_OF_OWN_MESSAGES: &[&str] = &[
    "UPDATE attempt SET provider_id = NULL, address = NULL
     WHERE message_id IN (SELECT value FROM json_each(?1))",
    "UPDATE receipt SET provider_id = lower(hex(randomblob(16)))
     WHERE message_id IN (SELECT value FROM json_each(?1))",
    "UPDATE message SET
       key = CASE WHEN key_start IS NULL THEN key
                  ELSE substr(key, 1, key_start) || '/' || lower(hex(randomblob(16))) END,
       address = NULL, provider_id = NULL
     WHERE id IN (SELECT value FROM json_each(?1))",
];

/// The statement that wipes what the book's rows of a kind hold of a client, if they hold anything: a value that
/// must be there becomes a word that says that it was erased, and a row that is found by one goes whole.
fn wipe(kind: &FactKind) -> Option<String> {
    let theirs = match kind.table {
        "client" => "id = ?1",
        "ticket" => "client_id = ?1 OR told_client_id = ?1",
        _ => "client_id = ?1",
    };
    if kind.columns[..kind.key].iter().any(|key| key.personal) {
        return Some(format!("DELETE FROM {} WHERE {theirs}", kind.table));
    }
    let wiped = wiped(kind);
    (!wiped.is_empty()).then(|| {
        format!(
            "UPDATE {} SET {} WHERE {theirs}",
            kind.table,
            wiped.join(", ")
        )
    })
}

/// How the personal columns of a kind are wiped.
fn wiped(kind: &FactKind) -> Vec<String> {
    let personal = kind.columns.iter().filter(|column| column.personal);
    let wiped = personal.map(|column| {
        let left = if column.required {
            "'(apagado)'"
        } else {
            "NULL"
        };
        format!("{} = {left}", column.name)
    });
    wiped.collect()
}

/// How a row of clients sets the switches that it does not speak of: they are kept, but for a client who was
/// erased and comes back.
pub(super) fn switches_back(given: &[&str]) -> Vec<String> {
    let switches = SWITCHES.iter().filter(|column| !given.contains(column));
    let sets = switches.map(|column| {
        format!("{column} = CASE WHEN client.name = '{ERASED}' THEN 1 ELSE client.{column} END")
    });
    sets.collect()
}

/// Takes a row of the book from the client who had it, when it comes as an erased one's: nobody is told of it, or
/// reached by it, any more.
pub(super) fn take_away(
    connection: &Connection,
    kind: &FactKind,
    cells: &[Option<Value>],
    owner: i64,
) -> Result<()> {
    let (1, Some(Some(key)), Some(_)) = (kind.key, cells.first(), kind.position("client_id"))
    else {
        return Ok(());
    };
    let (table, column) = (kind.table, &kind.columns[0]);
    let theirs = format!("WHERE \"{}\" = ?1 AND client_id IS NOT ?2", column.name);
    let sql = if column.personal {
        format!("DELETE FROM {table} {theirs}")
    } else {
        let wiped = wiped(kind).into_iter();
        let sets: Vec<String> = wiped.chain(["client_id = ?2".to_owned()]).collect();
        format!("UPDATE {table} SET {} {theirs}", sets.join(", "))
    };
    let changed = connection.prepare_cached(&sql)?.execute((key, owner))?;
    if changed > 0 {
        meta::book_changed(connection)?;
    }
    Ok(())
}

/// What an erasure came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Messages whose texts and addresses are gone.
    pub messages: u64,
    /// Those among them that were queued, and are cancelled.
    pub cancelled: u64,
}

/// How many cases of a client are open.
pub fn open_cases(connection: &Connection, client_id: i64) -> Result<u64> {
    Ok(connection.query_row(
        "SELECT count(*) FROM collection_case c JOIN invoice i ON i.id = c.invoice_id
         WHERE i.client_id = ?1 AND c.outcome IS NULL",
        [client_id],
        |row| row.get(0),
    )?)
}

/// The lists of numbers that must not be written to in which a client's stand: they stay, as opt-outs do.
pub fn lists_with(connection: &Connection, client_id: i64) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT b.list FROM block_list b JOIN client c ON c.id = ?1
           AND b.phone IN (c.mobile, c.whatsapp, c.phone, c.work_phone) ORDER BY b.list",
    )?;
    let rows = statement.query_map([client_id], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// When and why a client was erased, if they were.
pub fn erased(connection: &Connection, client_id: i64) -> Result<Option<(DateTime<Utc>, String)>> {
    Ok(connection
        .prepare_cached("SELECT at, why FROM erased_client WHERE client_id = ?1")?
        .query_row([client_id], |row| {
            let Millis(at) = row.get(0)?;
            Ok((at, row.get(1)?))
        })
        .optional()?)
}

/// Whether what a message `m` said was erased with its client: what is told of it later keeps no words either.
pub(super) const IS_ERASED: &str =
    "m.address IS NULL AND EXISTS (SELECT 1 FROM erased_client e WHERE e.client_id = m.client_id)";

/// The clients whose data was erased.
pub fn all_erased(connection: &Connection) -> Result<HashSet<i64>> {
    let mut statement = connection.prepare_cached("SELECT client_id FROM erased_client")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Erases a client: names, contacts, documents, addresses and texts, from every table, from free pages and
/// from the write-ahead log. Opt-outs, counts, amounts and the ledger's digests stay.
///
/// # Errors
/// Locked, while somebody sends a message of theirs: what the provider answers would be written down after it.
pub fn erase(store: &mut Store, client_id: i64, why: &str, at: DateTime<Utc>) -> Result<Erasure> {
    store
        .connection
        .pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    let held = hold(store, client_id)?;
    let erasure = store.write(|connection| {
        let messages = Messages::read(connection, client_id)?;
        let in_hand = messages.in_hand(connection)?;
        if in_hand
            .iter()
            .any(|one| held.iter().all(|(held, _)| held != one))
        {
            return Err(in_delivery(client_id));
        }
        sharing::forget(connection, &messages.all)?;
        let cancelled = messages.put_an_end(connection, at)?;
        let note = json!({ "client_id": client_id, "messages": purge::ranges(&messages.all) });
        evidence::note(connection, "erase", &note)?;
        let addresses = addresses(connection, client_id)?;
        forget_keys(connection, client_id, &addresses)?;
        forget_mentions(connection, &writings(connection, client_id, &addresses)?)?;
        forget_rows(connection, &addresses)?;
        let of_book: Vec<String> = KINDS.iter().filter_map(wipe).collect();
        for sql in of_book
            .iter()
            .map(String::as_str)
            .chain(WIPES.iter().copied())
        {
            connection.execute(sql, [client_id])?;
        }
        for sql in WIPES_OF_MESSAGES {
            connection.execute(sql, [Json(&messages.all)])?;
        }
        for sql in WIPES_OF_OWN_MESSAGES {
            connection.execute(sql, [Json(&messages.own)])?;
        }
        connection.execute(
            "INSERT OR REPLACE INTO erased_client (client_id, at, why) VALUES (?1, ?2, ?3)",
            params![client_id, Millis(at), why],
        )?;
        meta::book_changed(connection)?;
        Ok(Erasure {
            messages: messages.all.len() as u64,
            cancelled,
        })
    })?;
    drop(held);
    scrub(store)?;
    Ok(erasure)
}

/// The messages that hold something of a client's.
struct Messages {
    /// Those to the client.
    own: Vec<i64>,
    /// These and those that told the staff of their tickets, by id.
    all: Vec<i64>,
}

impl Messages {
    fn read(connection: &Connection, client_id: i64) -> Result<Self> {
        let ids = |sql: &str| -> Result<Vec<i64>> {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([client_id], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        let own = ids("SELECT id FROM message WHERE client_id = ?1 ORDER BY id")?;
        // A ticket may have become another's since: what was said of it then stands with the message.
        let mut all = ids(
            "SELECT id FROM message
             WHERE staff_id IS NOT NULL AND client_id IS NULL AND ticket_id IS NOT NULL
               AND (ticket_id IN (SELECT id FROM ticket WHERE client_id = ?1 OR told_client_id = ?1)
                    OR CASE WHEN json_valid(said) THEN json_extract(said, '$.client_id') = ?1 END)",
        )?;
        all.extend(&own);
        all.sort_unstable();
        Ok(Self { own, all })
    }

    /// The channels on which one of them is being sent, or was when a run died.
    fn in_hand(&self, connection: &Connection) -> Result<Vec<Channel>> {
        let mut statement = connection.prepare(
            "SELECT DISTINCT channel FROM message
             WHERE status = 'sending' AND id IN (SELECT value FROM json_each(?1))",
        )?;
        let rows = statement.query_map([Json(&self.all)], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Cancels what waits, and says of what a dead run had in hand that nobody knows; how many were cancelled.
    fn put_an_end(&self, connection: &Connection, at: DateTime<Utc>) -> Result<u64> {
        connection.execute(
            "INSERT OR IGNORE INTO attempt (message_id, number, at, provider, outcome)
             SELECT id, attempts, ?2, 'unknown', 'unknown' FROM message
             WHERE status = 'sending' AND id IN (SELECT value FROM json_each(?1))",
            (Json(&self.all), Millis(at)),
        )?;
        connection.execute(
            "UPDATE message SET status = 'unknown'
             WHERE status = 'sending' AND id IN (SELECT value FROM json_each(?1))",
            [Json(&self.all)],
        )?;
        let cancelled = connection.execute(
            "UPDATE message SET status = 'cancelled', detail = 'its client was erased'
             WHERE status IN ('queued', 'shared') AND id IN (SELECT value FROM json_each(?1))",
            [Json(&self.all)],
        )?;
        Ok(cancelled as u64)
    }
}

/// Keeps everybody from sending on the channels on which a message of a client's is in hand.
fn hold(store: &Store, client_id: i64) -> Result<Vec<(Channel, Lock)>> {
    let connection = store.connection();
    let mut held = Vec::new();
    for channel in Messages::read(connection, client_id)?.in_hand(connection)? {
        let lock = store.lock(channel.as_str())?;
        held.push((channel, lock.ok_or_else(|| in_delivery(client_id))?));
    }
    Ok(held)
}

fn in_delivery(client_id: i64) -> Error {
    Error::locked(format!(
        "a message of client {client_id} is being sent; nothing was erased"
    ))
    .hint("erase once more when that has ended")
}

/// Writes the whole file anew, so that no free page or unused part of one holds what was erased, and empties
/// the write-ahead log.
///
/// # Errors
/// When somebody else reads the database all the while, so that the log cannot be emptied.
fn scrub(store: &Store) -> Result<()> {
    let c = &store.connection;
    // A vacuum is refused while a statement is kept in hand.
    c.flush_prepared_statement_cache();
    c.execute_batch("VACUUM")?;
    let busy: bool = c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(Error::locked(
            "the client was erased, but somebody reads the database, whose write-ahead log still holds the data",
        )
        .hint("erase once more when that has ended: the log is emptied then"));
    }
    Ok(())
}

/// Takes an erasure back: later imports bring the client's rows again. Whether there was one.
pub fn restore(connection: &Connection, client_id: i64) -> Result<bool> {
    let there = connection.execute(
        "DELETE FROM erased_client WHERE client_id = ?1",
        [client_id],
    )?;
    if there > 0 {
        evidence::note(connection, "unerase", &json!({ "client_id": client_id }))?;
    }
    Ok(there > 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Every table with its columns of text or bytes that the book's definition does not name: first those that
    /// may hold a person's value, which an erasure takes away, then those that hold nobody's: words of ours, days,
    /// the provider's own definitions.
    const COLUMNS: &[(&str, &str, &str)] = &[
        ("access_change", "", "from_status to_status pending"),
        ("access_message", "", "to_status"),
        ("alert", "", "day what"),
        (
            "attempt",
            "text provider_id address title body",
            "provider outcome code",
        ),
        ("batch", "filters", "report template"),
        ("block_list_import", "", "list"),
        ("bringer", "", "name"),
        ("client", "email_bounced", "absent_since"),
        ("collection_bureau", "", "listed_on put_off_on told_on"),
        (
            "collection_case",
            "",
            "rule stage since due_on outcome closed_on",
        ),
        ("collection_handover", "", "stage handed_on"),
        ("collection_move", "", "moved_on move"),
        ("collection_reminder", "", "due_on rule fired_on"),
        ("contract", "", "access_since absent_since"),
        ("device", "", "gone_reason"),
        (
            "early_receipt",
            "provider_id text",
            "source providers kind code stopped_channel stopped_purpose",
        ),
        ("erased_client", "", "why"),
        (
            "event",
            "text",
            "id type from_status to_status priority author",
        ),
        ("evidence", "salt", "what note sealed"),
        ("hold", "why", "until"),
        (
            "incident",
            "filters kept_filters",
            "name report kind kept_orders",
        ),
        ("incident_step", "", "kind template"),
        ("invoice", "", "absent_since"),
        ("login", "", "absent_since"),
        (
            "message",
            "key address title body html variables detail provider_id planned said",
            "channel purpose kind template origin event address_kind provider_channel provider_template \
             status reason lot seen due_on",
        ),
        ("meta", "", "key value"),
        (
            "notice",
            "",
            "kind rule stage channel suspend_from rescind_from",
        ),
        ("notice_case", "", "number due_on"),
        ("number_asked", "number", "channel"),
        ("outage", "why alike", "channel"),
        (
            "payment_code",
            "code why",
            "kind source due_on status asked_on",
        ),
        ("payment_code_day", "", "source day"),
        ("pursuit", "", "rule"),
        ("receipt", "provider_id text", "source kind code"),
        ("reply", "provider_id phone text", "source channel"),
        ("report", "filters", "name kind orders"),
        (
            "rule",
            "",
            "name reminder_deliver closing_deliver evaluated_on first_evaluated_on skip_payment_methods",
        ),
        ("rule_portfolio", "", "portfolio rule"),
        ("rule_reminder", "", "rule"),
        ("rule_stage", "", "rule stage deliver notice"),
        ("rule_template", "", "rule phase template"),
        ("spent_event", "", "id"),
        ("spent_key", "key", ""),
        ("staff", "", "absent_since"),
        ("sync_again", "", "source kind"),
        ("sync_code", "", "source kind field code"),
        ("sync_cursor", "", "source kind changed_until"),
        ("sync_name", "", "source form name"),
        (
            "task",
            "",
            "name run minute hour day month weekday channels report template kinds",
        ),
        ("task_run", "message", "task run outcome counts"),
        (
            "template",
            "",
            "name channel kind purpose title body html description provider_channel provider_template \
             variables push",
        ),
        ("ticket", "", "absent_since"),
        ("topic", "", "absent_since"),
        ("shared", "", "tag wish wish_reason wish_detail"),
        ("shared_forget", "", "tag"),
        (
            "trigger",
            "",
            "name event topics subtopics from_statuses to_statuses priorities audience teams staff fallback \
             templates",
        ),
    ];

    fn owned((table, column): (&str, &str)) -> (String, String) {
        (table.to_owned(), column.to_owned())
    }

    /// Every column that may hold a person's value, with its table.
    fn personal() -> Vec<(&'static str, &'static str)> {
        let of_kind = |kind: &'static FactKind| {
            let columns = kind.columns.iter().filter(|column| column.personal);
            columns.map(|column| (kind.table, column.name))
        };
        let beside = COLUMNS.iter().flat_map(|(table, theirs, _)| {
            let columns = theirs.split_whitespace();
            columns.map(|column| (*table, column))
        });
        KINDS.iter().flat_map(of_kind).chain(beside).collect()
    }

    #[test]
    fn every_column_is_named_as_erased_or_as_nobodys() {
        let store = Store::imagined(Path::new("nowhere.db")).expect("a database");
        let mut there: BTreeSet<(String, String)> = BTreeSet::new();
        let mut statement = store
            .connection
            .prepare(
                "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND c.type NOT IN ('INTEGER', 'REAL')",
            )
            .expect("a statement");
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("columns");
        there.extend(rows.map(|row| row.expect("a column")));
        let of_book: BTreeSet<(String, String)> = KINDS
            .iter()
            .flat_map(|kind| kind.columns.iter().map(|column| (kind.table, column.name)))
            .map(owned)
            .collect();
        let mut known = BTreeSet::new();
        for (table, theirs, nobodys) in COLUMNS {
            for name in [theirs, nobodys]
                .into_iter()
                .flat_map(|names| names.split_whitespace())
            {
                let column = owned((table, name));
                assert!(
                    !of_book.contains(&column),
                    "{column:?} is the book's to name"
                );
                assert!(known.insert(column), "{table}.{name} stands twice");
            }
        }
        there.retain(|column| !of_book.contains(column));
        let unnamed: Vec<_> = there.difference(&known).collect();
        assert!(
            unnamed.is_empty(),
            "say of each whether an erasure takes it away: {unnamed:?}"
        );
        let gone: Vec<_> = known.difference(&there).collect();
        assert!(gone.is_empty(), "not there any more: {gone:?}");
    }

    /// What every value of the client's begins with, and nothing else.
    const MARK: &str = "Zq9";

    /// The rows that hold the client's values, and those in which others mention them. Client 2 is somebody else.
    const ROWS: &str = "
        INSERT INTO client (id, name, person_type) VALUES (1, 'x', 'individual'), (2, 'Outra', 'individual');
        INSERT INTO contract (id, client_id, status) VALUES (21, 1, 'active');
        INSERT INTO invoice (id, client_id, due_on, amount, status) VALUES (11, 1, '2026-11-10', 1, 'open');
        INSERT INTO login (id, client_id, username) VALUES (31, 1, 'x');
        INSERT INTO device (address, client_id) VALUES ('x', 1);
        INSERT INTO ticket (id, client_id) VALUES (41, 1);
        INSERT INTO event (id, ticket_id, type, at, told_at) VALUES ('e', 41, 'opened', 0, 0);
        INSERT INTO opt_out (client_id) VALUES (1);
        INSERT INTO hold (client_id, why, created_at) VALUES (1, 'x', 0);
        INSERT INTO payment_code (invoice_id, kind, source, amount, due_on, status, asked_at, asked_on)
          VALUES (11, 'pix', 'ixc', 1, '2026-11-10', 'open', 0, '2026-11-10');
        INSERT INTO message (id, key, channel, purpose, kind, origin, event, client_id, status, created_at,
          key_start) VALUES (1, 'send/t/d/1/x', 'sms', 'collection', 'financial', 'send', '1', 1, 'sent', 0, 10);
        INSERT INTO attempt (message_id, number, at, provider, outcome) VALUES (1, 1, 0, 'file', 'accepted');
        INSERT INTO receipt (message_id, source, kind, at, received_at) VALUES (1, 'csv', 'delivered', 0, 0);
        INSERT INTO reply (source, provider_id, channel, phone, client_id, at, received_at)
          VALUES ('csv', 'x', 'sms', 'x', 1, 0, 0);
        INSERT INTO evidence (number, at, what, message_id, salt, sealed) VALUES (1, 0, 'sent', 1, x'00', x'00');
        INSERT INTO number_asked (channel, number, there, asked_at) VALUES ('whatsapp', 'x', 1, 0);
        INSERT INTO early_receipt (source, providers, provider_id, kind, permanent, at, received_at)
          VALUES ('csv', '[]', 'x', 'failed', 1, 0, 0);
        INSERT INTO spent_key (key) VALUES ('x');
        INSERT INTO outage (channel, since, tried_at, is_later, why) VALUES ('sms', 0, 0, 0, 'x');
        INSERT INTO task_run (id, task, run, started_at, outcome) VALUES (1, 't', 'send', 0, 'failed');
        INSERT INTO batch (id, report, template, filters, created_at, matched, recipients, duplicates)
          VALUES (1, 'r', 't', '[]', 0, 1, 1, 0);
        INSERT INTO report (name, kind, filters, orders) VALUES ('r', 'contracts', '[]', '[]');
        INSERT INTO incident (name, report, filters, kind, kept_filters, kept_orders, opened_at)
          VALUES ('i', 'r', '[]', 'logins', '[]', '[]', 0);";

    /// Tables whose values mention the client, rather than being theirs; and those that stand by an address.
    const MENTIONING: [&str; 6] = [
        "outage",
        "task_run",
        "batch",
        "report",
        "incident",
        "spent_key",
    ];

    /// Fills each column that is erased with a value of the client's, after an older one that is written over.
    fn fill(c: &Connection) {
        c.execute_batch(ROWS).expect("rows");
        for old in ["-old", ""] {
            for (table, column) in personal() {
                let of_client = if table == "client" {
                    " WHERE id = 1"
                } else {
                    ""
                };
                let own = format!("{MARK}-{table}-{column}{old}");
                let value = match (table, column) {
                    ("evidence", _) => continue,
                    ("spent_key", _) => {
                        format!("send/t/2026-01-01/2/{MARK}-client-mobile{old}")
                    }
                    ("message", "key") => format!("send/t/d/1/{own}"),
                    ("number_asked", _) => format!("{MARK}-client-work_phone{old}"),
                    ("early_receipt", "provider_id") => format!("{MARK}-client-phone{old}"),
                    ("early_receipt", _) => format!("no route to {MARK}-client-mobile{old}"),
                    (table, _) if MENTIONING.contains(&table) => {
                        format!("[\"of {MARK}-client-name{old} and {MARK}-client-email{old}\"]")
                    }
                    _ => own,
                };
                let sql = format!("UPDATE {table} SET {column} = ?1{of_client}");
                c.execute(&sql, [&value])
                    .unwrap_or_else(|error| panic!("{table}.{column}: {error}"));
            }
        }
        c.execute(
            "UPDATE evidence SET salt = CAST(?1 AS BLOB)",
            [format!("{MARK}-salt")],
        )
        .expect("a salt");
        // What the staff was told names them too, in the manner of people.
        c.execute_batch(
            "UPDATE client SET whatsapp = '+5549988887777' WHERE id = 1;
             INSERT INTO message (id, key, channel, purpose, kind, origin, event, body, status, created_at)
               VALUES (2, 'alert/d/w', 'chat', 'service', 'support', 'alert', 'w',
                 'Zq9-client-name, (49) 98888-7777, 49988887777 ou 5549988887777', 'sent', 0);
             INSERT INTO alert (day, what, message_id) VALUES ('2026-11-23', 'w', 2);",
        )
        .expect("an alert");
    }

    fn holds(path: &Path, what: &str) -> bool {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes
            .windows(what.len())
            .any(|part| part == what.as_bytes())
    }

    #[test]
    fn an_erasure_leaves_no_value_in_the_database_its_log_or_its_free_pages() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("regua.db");
        let log = folder.path().join("regua.db-wal");
        let mut store = Store::open(&path).expect("a database");
        {
            let c = Connection::open(&path).expect("the database");
            crate::store::functions(&c).expect("functions");
            fill(&c);
        }
        assert!(holds(&path, MARK) || holds(&log, MARK));
        let at = DateTime::UNIX_EPOCH;
        erase(&mut store, 1, "asked", at).expect("erased");
        for (table, column) in personal() {
            let sql =
                format!("SELECT count(*) FROM {table} WHERE instr(CAST({column} AS TEXT), ?1) > 0");
            let left: i64 = store
                .connection
                .query_row(&sql, [MARK], |row| row.get(0))
                .expect("a count");
            assert_eq!(left, 0, "{table}.{column} still holds a value");
        }
        for value in [MARK, "98888-7777", "88887777"] {
            assert!(!holds(&path, value), "{value} stands in the database");
            assert!(!holds(&log, value), "{value} stands in its log");
        }
        // Somebody else's row is as it was.
        let other: String = store
            .connection
            .query_row("SELECT name FROM client WHERE id = 2", [], |row| row.get(0))
            .expect("a name");
        assert_eq!(other, "Outra");
    }
}
