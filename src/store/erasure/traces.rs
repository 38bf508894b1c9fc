//! What knows of a client elsewhere: keys that end in an address of theirs, texts that mention them, rows that stand
//! under a number.

use std::collections::HashSet;

use rusqlite::{Connection, Transaction};

use crate::domain::client::ERASED;
use crate::domain::phone;
use crate::error::Result;

/// Every number, mailbox and device that a client has, or was written to.
pub(super) fn addresses(connection: &Connection, client_id: i64) -> Result<Vec<String>> {
    let of_client = [
        "mobile",
        "whatsapp",
        "phone",
        "work_phone",
        "email",
        "email_bounced",
        "tax_id",
    ];
    let of_client = of_client.map(|column| format!("SELECT {column} FROM client WHERE id = ?1"));
    texts(
        connection,
        client_id,
        &format!(
            "{}
             UNION SELECT address FROM device WHERE client_id = ?1
             UNION SELECT address FROM message
               WHERE client_id = ?1 AND staff_id IS NULL AND origin <> 'test'
             UNION SELECT address FROM attempt WHERE message_id IN
               (SELECT id FROM message WHERE client_id = ?1 AND staff_id IS NULL AND origin <> 'test')",
            of_client.join(" UNION ")
        ),
    )
}

/// The texts of a query that are long enough to mean somebody.
fn texts(connection: &Connection, client_id: i64, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([client_id], |row| row.get::<_, Option<String>>(0))?;
    let all: Vec<Option<String>> = rows.collect::<rusqlite::Result<_>>()?;
    let known = all.into_iter().flatten();
    Ok(known.filter(|text| text.trim().len() > 4).collect())
}

/// In what writings a client may be mentioned: names, addresses, and numbers as people and providers write them.
pub(super) fn writings(
    connection: &Connection,
    client_id: i64,
    addresses: &[String],
) -> Result<Vec<String>> {
    let mut writings = texts(
        connection,
        client_id,
        "SELECT name FROM client WHERE id = ?1
         UNION SELECT username FROM login WHERE client_id = ?1",
    )?;
    for address in addresses {
        writings.push(address.clone());
        writings.push(address.to_lowercase());
        if let Some(national) = address.strip_prefix("+55") {
            writings.push(national.to_owned());
            let shown = phone::shown(address);
            writings.extend(shown.strip_prefix("+55 ").map(str::to_owned));
        }
    }
    // A longer writing goes before what it contains.
    writings.sort_by_key(|text| std::cmp::Reverse(text.len()));
    writings.dedup();
    Ok(writings)
}

/// Spent keys that hold an address of the client end in a random word.
pub(super) fn forget_keys(
    connection: &Transaction<'_>,
    client_id: i64,
    addresses: &[String],
) -> Result<()> {
    let ids = |sql: &str| -> Result<HashSet<i64>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([client_id], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let invoices = ids("SELECT id FROM invoice WHERE client_id = ?1")?;
    let contracts = ids("SELECT id FROM contract WHERE client_id = ?1")?;
    let mut statement = connection.prepare("SELECT key FROM spent_key")?;
    let mut rows = statement.query([])?;
    let mut theirs = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if holds_an_address(&key, client_id, (&invoices, &contracts), addresses) {
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
    (invoices, contracts): (&HashSet<i64>, &HashSet<i64>),
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
        Some("access") => {
            number(1).is_some_and(|id| contracts.contains(&id))
                && parts.iter().rev().nth(1) == Some(&"push")
        }
        Some("incident") => number(3) == Some(client_id) && parts.len() > 5,
        Some("ticket") => {
            parts.contains(&format!("client:{client_id}").as_str())
                && parts.iter().rev().nth(1) == Some(&"push")
        }
        _ => false,
    }
}

/// Texts that belong to no client and may mention one: what providers said, what was told of it, and whom people
/// asked for by name.
const MENTIONS: &[(&str, &str)] = &[
    ("outage", "why"),
    ("outage", "alike"),
    ("task_run", "message"),
    ("early_receipt", "text"),
    ("batch", "filters"),
    ("report", "filters"),
    ("incident", "filters"),
    ("incident", "kept_filters"),
    ("hold", "why"),
];

/// The same of the messages that alert the staff, and of their attempts.
const MENTIONS_OF_ALERTS: &[(&str, &str, &str)] = &[
    ("message", "title", "id"),
    ("message", "body", "id"),
    ("message", "detail", "id"),
    ("attempt", "title", "message_id"),
    ("attempt", "body", "message_id"),
    ("attempt", "text", "message_id"),
];

/// Takes the client's names, addresses and numbers out of texts of nobody's.
pub(super) fn forget_mentions(connection: &Transaction<'_>, writings: &[String]) -> Result<()> {
    let mut statements: Vec<String> = MENTIONS
        .iter()
        .map(|(table, column)| {
            format!(
                "UPDATE {table} SET {column} = replace({column}, ?1, ?2) WHERE instr({column}, ?1) > 0"
            )
        })
        .collect();
    statements.extend(MENTIONS_OF_ALERTS.iter().map(|(table, column, id)| {
        format!(
            "UPDATE {table} SET {column} = replace({column}, ?1, ?2)
             WHERE {id} IN (SELECT message_id FROM alert) AND instr({column}, ?1) > 0"
        )
    }));
    for sql in &statements {
        let mut statement = connection.prepare(sql)?;
        for writing in writings {
            statement.execute((writing, ERASED))?;
        }
    }
    Ok(())
}

/// Rows that stand under an address alone: whether it exists, what came early about it, what somebody unknown
/// wrote from it.
pub(super) fn forget_rows(connection: &Transaction<'_>, addresses: &[String]) -> Result<()> {
    for sql in [
        "DELETE FROM number_asked WHERE number = ?1",
        "DELETE FROM early_receipt WHERE provider_id = ?1",
        "UPDATE reply SET text = NULL, phone = '(apagado)', provider_id = lower(hex(randomblob(16)))
         WHERE phone = ?1 AND client_id IS NULL",
    ] {
        let mut statement = connection.prepare(sql)?;
        for address in addresses {
            statement.execute([address])?;
        }
    }
    Ok(())
}
