//! The person's data: all that is known of a client, and its erasure from every table, free page and log.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::columns::Millis;
use super::{Store, evidence, meta, purge};
use crate::domain::book::{CellType, FactKind, KINDS};
use crate::error::Result;

/// What stands in place of a name.
const ERASED: &str = "(apagado)";

/// The ids of a client's messages, those about them to staff too.
const MESSAGES: &str = "(SELECT id FROM message WHERE client_id = ?1)";

/// What is wiped besides what the book's columns say is personal: each statement takes the client's id.
const WIPES: &[&str] = &[
    "UPDATE client SET active = 0, in_collection = 0, in_reminders = 0, sms_allowed = 0,
       email_allowed = 0 WHERE id = ?1",
    "UPDATE payment_code SET code = NULL, why = NULL
     WHERE invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1)",
    "DELETE FROM device WHERE client_id = ?1",
    "UPDATE event SET text = NULL WHERE ticket_id IN (SELECT id FROM ticket WHERE client_id = ?1
       OR told_client_id = ?1)",
    "UPDATE ticket SET title = NULL WHERE client_id = ?1 OR told_client_id = ?1",
    "UPDATE opt_out SET source = NULL WHERE client_id = ?1",
    "UPDATE hold SET why = '(apagado)' WHERE client_id = ?1
       OR invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1)",
    "UPDATE attempt SET text = NULL, provider_id = NULL, address = NULL, title = NULL, body = NULL
     WHERE message_id IN (SELECT id FROM message WHERE client_id = ?1)",
    "UPDATE receipt SET text = NULL, provider_id = lower(hex(randomblob(16)))
     WHERE message_id IN (SELECT id FROM message WHERE client_id = ?1)",
    "UPDATE reply SET text = NULL, phone = '(apagado)', provider_id = lower(hex(randomblob(16)))
     WHERE client_id = ?1 OR message_id IN (SELECT id FROM message WHERE client_id = ?1)",
    "UPDATE message SET
       key = CASE WHEN key_start IS NULL THEN key
                  ELSE substr(key, 1, key_start) || '/' || lower(hex(randomblob(16))) END,
       address = NULL, title = NULL, body = NULL, html = NULL, variables = NULL, planned = NULL,
       said = NULL, detail = NULL, provider_id = NULL
     WHERE client_id = ?1",
    "UPDATE evidence SET salt = NULL WHERE message_id IN (SELECT id FROM message WHERE client_id = ?1)",
];

/// Empties what a client's rows of a kind say of them; what a row cannot be without says that it was erased.
fn emptied(kind: &FactKind) -> String {
    let personal = kind.columns.iter().filter(|column| column.personal);
    let cells: Vec<String> = personal
        .map(|column| {
            let name = column.name;
            if column.required {
                format!("\"{name}\" = '{ERASED}'")
            } else {
                format!("\"{name}\" = NULL")
            }
        })
        .collect();
    let id = match kind.position("client_id") {
        Some(_) => "client_id",
        None => "id",
    };
    format!(
        "UPDATE {} SET {} WHERE {id} = ?1",
        kind.table,
        cells.join(", ")
    )
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

/// The clients whose data was erased.
pub fn all_erased(connection: &Connection) -> Result<HashSet<i64>> {
    let mut statement = connection.prepare_cached("SELECT client_id FROM erased_client")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Erases a client: names, contacts, documents, addresses and texts, from every table, from free pages and
/// from the write-ahead log. Opt-outs, counts, amounts and the ledger's digests stay.
pub fn erase(store: &mut Store, client_id: i64, why: &str, at: DateTime<Utc>) -> Result<Erasure> {
    store
        .connection
        .pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    let erasure = store.write(|connection| {
        let cancelled = connection.execute(
            "UPDATE message SET status = 'cancelled', detail = 'its client was erased'
             WHERE client_id = ?1 AND status IN ('queued', 'sending')",
            [client_id],
        )? as u64;
        let mut statement =
            connection.prepare("SELECT id FROM message WHERE client_id = ?1 ORDER BY id")?;
        let ids: Vec<i64> = statement
            .query_map([client_id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let note = json!({ "client_id": client_id, "messages": purge::ranges(&ids) });
        evidence::note(connection, "erase", &note)?;
        let addresses = addresses(connection, client_id)?;
        forget_keys(connection, client_id, &addresses)?;
        forget_mentions(connection, &addresses)?;
        for kind in ["clients", "contracts", "invoices", "logins"] {
            if let Some(kind) = FactKind::named(kind) {
                connection.execute(&emptied(kind), [client_id])?;
            }
        }
        for sql in WIPES {
            connection.execute(sql, [client_id])?;
        }
        connection.execute(
            "INSERT OR REPLACE INTO erased_client (client_id, at, why) VALUES (?1, ?2, ?3)",
            params![client_id, Millis(at), why],
        )?;
        meta::book_changed(connection)?;
        Ok(Erasure {
            messages: ids.len() as u64,
            cancelled,
        })
    })?;
    scrub(store)?;
    Ok(erasure)
}

/// Writes the whole file anew, so that no free page or unused part of one holds what was erased, and empties
/// the write-ahead log.
fn scrub(store: &Store) -> Result<()> {
    let c = &store.connection;
    // A vacuum is refused while a statement is kept in hand.
    c.flush_prepared_statement_cache();
    c.execute_batch("VACUUM")?;
    c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Every number, mailbox and device that a client has, or was written to.
fn addresses(connection: &Connection, client_id: i64) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!(
        "SELECT mobile FROM client WHERE id = ?1 UNION SELECT whatsapp FROM client WHERE id = ?1
         UNION SELECT phone FROM client WHERE id = ?1 UNION SELECT work_phone FROM client WHERE id = ?1
         UNION SELECT email FROM client WHERE id = ?1 UNION SELECT tax_id FROM client WHERE id = ?1
         UNION SELECT address FROM device WHERE client_id = ?1
         UNION SELECT address FROM message
               WHERE client_id = ?1 AND staff_id IS NULL AND origin <> 'test'
         UNION SELECT address FROM attempt WHERE message_id IN {MESSAGES}"
    ))?;
    let rows = statement.query_map([client_id], |row| row.get::<_, Option<String>>(0))?;
    let all: Vec<Option<String>> = rows.collect::<rusqlite::Result<_>>()?;
    let known = all.into_iter().flatten();
    Ok(known.filter(|text| text.trim().len() > 4).collect())
}

/// Spent keys that hold an address of the client end in a random word.
fn forget_keys(connection: &Transaction<'_>, client_id: i64, addresses: &[String]) -> Result<()> {
    let mut invoices = connection.prepare("SELECT id FROM invoice WHERE client_id = ?1")?;
    let invoices: HashSet<i64> = invoices
        .query_map([client_id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare("SELECT key FROM spent_key")?;
    let mut rows = statement.query([])?;
    let mut theirs = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if holds_an_address(&key, client_id, &invoices, addresses) {
            theirs.push(key);
        }
    }
    for key in theirs {
        let start = key.rsplit_once('/').map_or("", |(start, _)| start);
        connection
            .prepare_cached(
                "UPDATE spent_key SET key = ?2 || '/' || lower(hex(randomblob(16))) WHERE key = ?1",
            )?
            .execute((&key, start))?;
    }
    Ok(())
}

/// Whether a key ends in an address of a client's: it is one that is known, or stands where the client's own
/// keys have theirs.
fn holds_an_address(
    key: &str,
    client_id: i64,
    invoices: &HashSet<i64>,
    addresses: &[String],
) -> bool {
    let parts: Vec<&str> = key.split('/').collect();
    let Some(last) = parts.last() else {
        return false;
    };
    if addresses.iter().any(|address| address == last) {
        return true;
    }
    let number = |place: usize| parts.get(place).and_then(|part| part.parse::<i64>().ok());
    match parts.first().copied() {
        Some("send") => number(3) == Some(client_id) && parts.len() > 4,
        Some("collection") => {
            number(1).is_some_and(|id| invoices.contains(&id))
                && parts.iter().rev().nth(1) == Some(&"push")
        }
        Some("birthday") => number(2) == Some(client_id) && parts.len() > 4,
        Some("ticket") => {
            parts.contains(&format!("client:{client_id}").as_str())
                && parts.iter().rev().nth(1) == Some(&"push")
        }
        _ => false,
    }
}

/// Places where a provider's words may name an address of anybody: those that name one of these are emptied.
fn forget_mentions(connection: &Transaction<'_>, addresses: &[String]) -> Result<()> {
    for sql in [
        "UPDATE outage SET why = ?2 WHERE instr(why, ?1) > 0",
        "UPDATE outage SET alike = NULL WHERE instr(alike, ?1) > 0 OR ?2 IS NULL",
        "UPDATE task_run SET message = ?2 WHERE instr(message, ?1) > 0",
    ] {
        for address in addresses {
            connection.prepare_cached(sql)?.execute((address, ERASED))?;
        }
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

/// A part of what is known: its name, and its rows in SQL by the client's id.
const PARTS: &[(&str, &str)] = &[
    (
        "contracts",
        "SELECT * FROM contract WHERE client_id = ?1 ORDER BY id",
    ),
    (
        "invoices",
        "SELECT * FROM invoice WHERE client_id = ?1 ORDER BY id",
    ),
    (
        "logins",
        "SELECT * FROM login WHERE client_id = ?1 ORDER BY id",
    ),
    (
        "devices",
        "SELECT * FROM device WHERE client_id = ?1 ORDER BY address",
    ),
    (
        "tickets",
        "SELECT * FROM ticket WHERE client_id = ?1 OR told_client_id = ?1 ORDER BY id",
    ),
    (
        "ticket_events",
        "SELECT * FROM event WHERE ticket_id IN
           (SELECT id FROM ticket WHERE client_id = ?1 OR told_client_id = ?1) ORDER BY number",
    ),
    (
        "opt_outs",
        "SELECT * FROM opt_out WHERE client_id = ?1 ORDER BY channel, purpose",
    ),
    (
        "holds",
        "SELECT * FROM hold WHERE client_id = ?1
           OR invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1) ORDER BY id",
    ),
    (
        "cases",
        "SELECT * FROM collection_case
         WHERE invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1) ORDER BY id",
    ),
    (
        "replies",
        "SELECT * FROM reply WHERE client_id = ?1 ORDER BY id",
    ),
    (
        "notices",
        "SELECT * FROM notice WHERE client_id = ?1 ORDER BY message_id",
    ),
];

/// Everything known of a client: each row of theirs with all its columns, each message with its attempts and
/// receipts. None when the book does not have them.
pub fn everything(
    connection: &Connection,
    client_id: i64,
    iso: &dyn Fn(i64) -> String,
) -> Result<Option<Value>> {
    let one = rows(
        connection,
        "SELECT * FROM client WHERE id = ?1",
        client_id,
        iso,
    )?;
    let Some(client) = one.into_iter().next() else {
        return Ok(None);
    };
    let mut all = Map::new();
    all.insert("client".to_owned(), client);
    let erased = erased(connection, client_id)?;
    all.insert(
        "erased_at".to_owned(),
        json!(erased.map(|(at, _)| iso(at.timestamp_millis()))),
    );
    for (name, sql) in PARTS {
        all.insert(
            (*name).to_owned(),
            rows(connection, sql, client_id, iso)?.into(),
        );
    }
    let sql = "SELECT * FROM message WHERE client_id = ?1 ORDER BY id";
    let mut messages = rows(connection, sql, client_id, iso)?;
    for message in &mut messages {
        let id = message["id"].as_i64().unwrap_or_default();
        let attempts = "SELECT * FROM attempt WHERE message_id = ?1 ORDER BY number";
        message["attempt_log"] = rows(connection, attempts, id, iso)?.into();
        let receipts = "SELECT * FROM receipt WHERE message_id = ?1 ORDER BY at, id";
        message["receipts"] = rows(connection, receipts, id, iso)?.into();
    }
    all.insert("messages".to_owned(), messages.into());
    Ok(Some(all.into()))
}

/// Columns of the program's own, which say nothing of anybody.
const OWN: [&str; 8] = [
    "imported",
    "brought",
    "seen",
    "lot",
    "tried_last",
    "urgent",
    "key_start",
    "said",
];

fn rows(
    connection: &Connection,
    sql: &str,
    id: i64,
    iso: &dyn Fn(i64) -> String,
) -> Result<Vec<Value>> {
    let mut statement = connection.prepare(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map([id], |row| object(row, &names, iso))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn object(row: &Row<'_>, names: &[String], iso: &dyn Fn(i64) -> String) -> rusqlite::Result<Value> {
    let mut object = Map::new();
    for (place, name) in names.iter().enumerate() {
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let instant = name.ends_with("_at") || name == "at" || name == "not_before";
        let value = match row.get_ref(place)? {
            ValueRef::Integer(0) if name == "not_before" => Value::Null,
            ValueRef::Integer(number) if instant => iso(number).into(),
            ValueRef::Integer(number) => told(name, number),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        };
        object.insert(name.clone(), value);
    }
    Ok(object.into())
}

/// A number of the book as what it means: an amount, yes or no, or itself.
fn told(column: &str, number: i64) -> Value {
    let mut columns = KINDS.iter().flat_map(|kind| kind.columns);
    let cell = columns.find(|known| known.name == column);
    match (column, cell.map(|known| &known.cell)) {
        ("owed", _) | (_, Some(CellType::Money)) => {
            let amount = format!("{}.{:02}", number / 100, number.unsigned_abs() % 100);
            json!(amount.parse::<f64>().unwrap_or_default())
        }
        ("owing", _) | (_, Some(CellType::YesNo(_))) => (number != 0).into(),
        _ => number.into(),
    }
}

/// A client as a list shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedClient {
    /// Their id.
    pub id: i64,
    /// Their name.
    pub name: String,
    /// Their mobile.
    pub mobile: Option<String>,
    /// Their number for WhatsApp.
    pub whatsapp: Option<String>,
    /// Their e-mail.
    pub email: Option<String>,
    /// Their city.
    pub city: Option<String>,
    /// Whether their registration is active.
    pub active: bool,
    /// Whether their data was erased.
    pub erased: bool,
}

/// Whose contact is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoughtContact {
    /// Anybody's.
    Any,
    /// A number, by its area code and last eight digits.
    Number(String),
    /// A mailbox, in whatever case.
    Mailbox(String),
}

/// Streams clients by id, at most `limit` (0: all).
pub fn each(
    connection: &Connection,
    sought: &SoughtContact,
    limit: i64,
    mut each: impl FnMut(ListedClient) -> Result<()>,
) -> Result<()> {
    let number = |column: &str| {
        format!("(substr({column}, 4, 2) || substr({column}, -8) = ?1 AND {column} LIKE '+55%')")
    };
    let (condition, value) = match sought {
        SoughtContact::Any => ("?1 = ?1".to_owned(), ""),
        SoughtContact::Number(digits) => {
            let columns = ["mobile", "whatsapp", "phone", "work_phone"];
            (columns.map(number).join(" OR "), digits.as_str())
        }
        SoughtContact::Mailbox(text) => ("fold(trim(email)) = fold(?1)".to_owned(), text.as_str()),
    };
    let mut statement = connection.prepare(&format!(
        "SELECT id, name, mobile, whatsapp, email, city, active,
                EXISTS (SELECT 1 FROM erased_client e WHERE e.client_id = client.id)
         FROM client WHERE {condition} ORDER BY id LIMIT ?2"
    ))?;
    let limit = if limit == 0 { -1 } else { limit };
    let mut rows = statement.query((value, limit))?;
    while let Some(row) = rows.next()? {
        each(ListedClient {
            id: row.get(0)?,
            name: row.get(1)?,
            mobile: row.get(2)?,
            whatsapp: row.get(3)?,
            email: row.get(4)?,
            city: row.get(5)?,
            active: row.get(6)?,
            erased: row.get(7)?,
        })?;
    }
    Ok(())
}
