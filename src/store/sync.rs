//! What sync remembers: how far each kind was read, the source's names, codes nobody knew.

use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::columns::{Columns as _, Millis};
use crate::domain::book::{Kind, Value};
use crate::error::Result;

/// How far a kind was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The latest change that was read, in the server's wall-clock time.
    pub changed_until: String,
    /// When it was read.
    pub synced_at: Option<DateTime<Utc>>,
}

/// How far a kind was read; none when it never was.
pub fn cursor(connection: &Connection, kind: &str) -> Result<Option<Cursor>> {
    Ok(connection
        .prepare_cached("SELECT changed_until, synced_at FROM sync_cursor WHERE kind = ?1")?
        .query_row([kind], |row| {
            Ok(Cursor {
                changed_until: row.get(0)?,
                synced_at: row.instant_opt(1)?,
            })
        })
        .optional()?)
}

/// Notes how far a kind was read.
pub fn set_cursor(
    connection: &Connection,
    kind: &str,
    changed_until: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sync_cursor (kind, changed_until, synced_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (kind) DO UPDATE SET
               changed_until = excluded.changed_until, synced_at = excluded.synced_at",
        )?
        .execute((kind, changed_until, Millis(at)))?;
    Ok(())
}

/// Every name that is known: form, id and name (empty when the form has no such row).
pub fn names(connection: &Connection) -> Result<Vec<(String, i64, String)>> {
    let mut statement = connection.prepare_cached("SELECT form, id, name FROM sync_name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes what a row of a small form is called.
pub fn set_name(connection: &Connection, form: &str, id: i64, name: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sync_name (form, id, name) VALUES (?1, ?2, ?3)
             ON CONFLICT (form, id) DO UPDATE SET name = excluded.name",
        )?
        .execute((form, id, name))?;
    Ok(())
}

/// Notes the codes of a row that nobody knew, instead of those it had before.
pub fn set_codes(
    connection: &Connection,
    kind: &str,
    id: i64,
    codes: &[(&str, &str)],
) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM sync_code WHERE kind = ?1 AND id = ?2")?
        .execute((kind, id))?;
    for (field, code) in codes {
        connection
            .prepare_cached(
                "INSERT INTO sync_code (kind, id, field, code) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, id, field) DO UPDATE SET code = excluded.code",
            )?
            .execute((kind, id, field, code))?;
    }
    Ok(())
}

/// A code that nobody knew, and in how many rows it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The kind.
    pub kind: String,
    /// The source's field.
    pub field: String,
    /// The code as it came.
    pub code: String,
    /// Rows that hold it.
    pub rows: u64,
    /// The first of them.
    pub first_id: i64,
}

/// Every code that nobody knew.
pub fn codes(connection: &Connection) -> Result<Vec<Code>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, field, code, count(*), min(id) FROM sync_code
         GROUP BY kind, field, code ORDER BY kind, field, code",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Code {
            kind: row.get(0)?,
            field: row.get(1)?,
            code: row.get(2)?,
            rows: row.get(3)?,
            first_id: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Rows of a kind that the next sync reads again, whether they changed or not.
pub fn again(connection: &Connection, kind: &str) -> Result<Vec<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM sync_again WHERE kind = ?1 ORDER BY id")?;
    let rows = statement.query_map([kind], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes whether a row is to be read again.
pub fn set_again(connection: &Connection, kind: &str, id: i64, again: bool) -> Result<()> {
    let sql = if again {
        "INSERT INTO sync_again (kind, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM sync_again WHERE kind = ?1 AND id = ?2"
    };
    connection.prepare_cached(sql)?.execute((kind, id))?;
    Ok(())
}

/// How a row that came stands to the one in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The book does not have it.
    New,
    /// The book has it, and says the same.
    Same,
    /// The book has it, and says something else.
    Different,
}

/// Compares the columns that came with what the book says; those that did not come do not count.
pub fn standing(connection: &Connection, kind: &Kind, cells: &[Option<Value>]) -> Result<Standing> {
    let key: Vec<&Value> = cells[..kind.key].iter().flatten().collect();
    let conditions: Vec<String> = kind.columns[..kind.key]
        .iter()
        .enumerate()
        .map(|(i, column)| format!("\"{}\" = ?{}", column.name, i + 1))
        .collect();
    let present: Vec<(&str, &Value)> = kind
        .columns
        .iter()
        .zip(cells)
        .filter_map(|(column, cell)| Some((column.name, cell.as_ref()?)))
        .collect();
    let names: Vec<String> = present
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let same = connection
        .prepare_cached(&format!(
            "SELECT {} FROM {} WHERE {}",
            names.join(", "),
            kind.table,
            conditions.join(" AND ")
        ))?
        .query_row(params_from_iter(key), |row| {
            for (at, (_, value)) in present.iter().enumerate() {
                if !equal(row.get_ref(at)?, value) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .optional()?;
    Ok(match same {
        None => Standing::New,
        Some(true) => Standing::Same,
        Some(false) => Standing::Different,
    })
}

fn equal(kept: ValueRef<'_>, came: &Value) -> bool {
    match (kept, came) {
        (ValueRef::Null, Value::Null) => true,
        (ValueRef::Integer(kept), Value::Integer(came)) => kept == *came,
        (ValueRef::Text(kept), Value::Text(came)) => kept == came.as_bytes(),
        _ => false,
    }
}
