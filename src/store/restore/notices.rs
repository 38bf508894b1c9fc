//! Notices that were given after the backup was made: each is given once, and its proof is kept.

use rusqlite::{Connection, Transaction};

use crate::error::Result;

/// Takes over the messages of notices that may have left, with their tries and receipts, under new ids. A case that
/// the backup does not have yet stands by a number made of its invoice and its count
/// until it comes: see [`crate::store::notice::adopt`].
pub(super) fn take_over(connection: &Transaction<'_>) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT n.message_id FROM replaced.notice n JOIN replaced.message r ON r.id = n.message_id
         WHERE r.status <> 'queued' AND NOT EXISTS (SELECT 1 FROM main.message m WHERE m.key = r.key)
         ORDER BY n.message_id",
    )?;
    let ids = statement.query_map([], |row| row.get(0))?;
    let ids: Vec<i64> = ids.collect::<rusqlite::Result<_>>()?;
    if ids.is_empty() {
        return Ok(());
    }
    let copies = [
        // The tries first: the ledger's record of a state has the latest.
        copy(connection, "attempt", "message_id", &[])?,
        copy(
            connection,
            "message",
            "id",
            &[
                ("case_id", "NULL"),
                (
                    "status",
                    "CASE WHEN status IN ('sending', 'shared') THEN 'unknown' ELSE status END",
                ),
            ],
        )?,
        copy(connection, "receipt", "message_id", &[("id", "NULL")])?,
        copy(connection, "notice", "message_id", &[])?,
        copy(
            connection,
            "notice_case",
            "message_id",
            &[("case_id", CASE)],
        )?,
    ];
    for old in ids {
        let new: i64 = connection.query_row(
            "SELECT coalesce(max(id), 0) + 1 FROM main.message",
            [],
            |row| row.get(0),
        )?;
        for sql in &copies {
            connection.prepare_cached(sql)?.execute((new, old))?;
        }
    }
    Ok(())
}

/// The case of a row of `notice_case` here: the same, or the one to come.
const CASE: &str = "CASE WHEN EXISTS (SELECT 1 FROM main.collection_case c
                       WHERE c.id = case_id AND c.invoice_id = notice_case.invoice_id) THEN case_id
     ELSE -(invoice_id * 1000 + (SELECT count(*) FROM replaced.collection_case c
                                 WHERE c.invoice_id = notice_case.invoice_id AND c.id <= case_id)) END";

/// The statement that copies a table's rows of a message, ?2, to its new id, ?1: the columns that both files have,
/// some by an expression.
fn copy(connection: &Connection, table: &str, key: &str, other: &[(&str, &str)]) -> Result<String> {
    let mut statement = connection.prepare(
        "SELECT m.name FROM pragma_table_info(?1, 'main') m
         JOIN pragma_table_info(?1, 'replaced') r ON r.name = m.name",
    )?;
    let names = statement.query_map([table], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    let value = |name: &String| match other.iter().find(|(known, _)| known == name) {
        _ if name == key => "?1".to_owned(),
        Some((_, expression)) => (*expression).to_owned(),
        None => format!("\"{name}\""),
    };
    let values: Vec<String> = names.iter().map(value).collect();
    Ok(format!(
        "INSERT INTO main.{table} (\"{}\") SELECT {} FROM replaced.{table} WHERE {key} = ?2",
        names.join("\", \""),
        values.join(", ")
    ))
}
