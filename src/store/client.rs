//! The person's data: all that is known of a client, and clients found by a contact.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::erasure::erased;
use crate::domain::book::{CellType, KINDS};
use crate::error::Result;

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
        "payment_codes",
        "SELECT * FROM payment_code
         WHERE invoice_id IN (SELECT id FROM invoice WHERE client_id = ?1) ORDER BY invoice_id, kind",
    ),
    (
        "access_changes",
        "SELECT * FROM access_change
         WHERE contract_id IN (SELECT id FROM contract WHERE client_id = ?1) ORDER BY contract_id, number",
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
