//! What sync remembers of each source: how far its kinds were read, its names, codes nobody knew.

use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::columns::{Columns as _, Millis};
use super::presence::Bringer;
use crate::domain::book::{FactKind, Value};
use crate::error::Result;

/// How far a kind was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The source's own mark of the latest change that was read.
    pub changed_until: String,
    /// When it was read.
    pub synced_at: Option<DateTime<Utc>>,
}

/// How far a kind was read from a source; none when it never was.
pub fn cursor(connection: &Connection, source: &str, kind: &str) -> Result<Option<Cursor>> {
    Ok(connection
        .prepare_cached(
            "SELECT changed_until, synced_at FROM sync_cursor WHERE source = ?1 AND kind = ?2",
        )?
        .query_row([source, kind], |row| {
            Ok(Cursor {
                changed_until: row.get(0)?,
                synced_at: row.instant_opt(1)?,
            })
        })
        .optional()?)
}

/// Notes how far a kind was read from a source, and when.
pub fn set_cursor(
    connection: &Connection,
    source: &str,
    kind: &str,
    (changed_until, at): (&str, DateTime<Utc>),
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sync_cursor (source, kind, changed_until, synced_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (source, kind) DO UPDATE SET
               changed_until = excluded.changed_until, synced_at = excluded.synced_at",
        )?
        .execute((source, kind, changed_until, Millis(at)))?;
    Ok(())
}

/// What something at a source is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownName {
    /// The source's list that it stands in.
    pub list: String,
    /// Its id there.
    pub id: i64,
    /// Its name; empty when it is known not to be there.
    pub name: String,
}

/// Every name that is known of a source.
pub fn names(connection: &Connection, source: &str) -> Result<Vec<KnownName>> {
    let mut statement =
        connection.prepare_cached("SELECT form, id, name FROM sync_name WHERE source = ?1")?;
    let rows = statement.query_map([source], |row| {
        Ok(KnownName {
            list: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes what something at a source is called.
pub fn set_name(
    connection: &Connection,
    source: &str,
    list: &str,
    (id, name): (i64, &str),
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sync_name (source, form, id, name) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (source, form, id) DO UPDATE SET name = excluded.name",
        )?
        .execute((source, list, id, name))?;
    Ok(())
}

/// Notes the codes of a row that nobody knew, instead of those it had before.
pub fn set_codes(
    connection: &Connection,
    source: &str,
    (kind, id): (&str, i64),
    codes: &[(&str, &str)],
) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM sync_code WHERE source = ?1 AND kind = ?2 AND id = ?3")?
        .execute((source, kind, id))?;
    for (field, code) in codes {
        connection
            .prepare_cached(
                "INSERT INTO sync_code (source, kind, id, field, code) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (source, kind, id, field) DO UPDATE SET code = excluded.code",
            )?
            .execute((source, kind, id, field, code))?;
    }
    Ok(())
}

/// A code that nobody knew, and in how many rows it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode {
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
pub fn codes(connection: &Connection) -> Result<Vec<UnknownCode>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, field, code, count(*), min(id) FROM sync_code
         GROUP BY source, kind, field, code ORDER BY source, kind, field, code",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(UnknownCode {
            kind: row.get(0)?,
            field: row.get(1)?,
            code: row.get(2)?,
            rows: row.get(3)?,
            first_id: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Rows of a kind that the next sync of a source reads again, whether they changed or not.
pub fn again(connection: &Connection, source: &str, kind: &str) -> Result<Vec<i64>> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM sync_again WHERE source = ?1 AND kind = ?2 ORDER BY id")?;
    let rows = statement.query_map([source, kind], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes whether a row is to be read again.
pub fn set_again(
    connection: &Connection,
    source: &str,
    (kind, id): (&str, i64),
    again: bool,
) -> Result<()> {
    let sql = if again {
        "INSERT INTO sync_again (source, kind, id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM sync_again WHERE source = ?1 AND kind = ?2 AND id = ?3"
    };
    connection
        .prepare_cached(sql)?
        .execute((source, kind, id))?;
    Ok(())
}

/// How a row that came stands to the one in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChange {
    /// The book does not have it.
    New,
    /// The book has it, and says the same.
    Same,
    /// The book has it, and says something else.
    Different,
}

/// How the book's row stands to who brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is kept as brought by this one; or it cannot be gone, or is not there.
    Held,
    /// It is kept as brought by others.
    Unclaimed,
    /// It was absent.
    Absent,
}

/// Compares the columns that came with what the book says; those that did not come do not count.
pub fn change(
    connection: &Connection,
    kind: &FactKind,
    cells: &[Option<Value>],
    bringer: Bringer,
) -> Result<(RowChange, Presence)> {
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
    let presence = if kind.can_be_gone() {
        format!(
            "CASE WHEN absent_since IS NOT NULL THEN 2 WHEN {} THEN 0 ELSE 1 END",
            bringer.has(kind.table)
        )
    } else {
        "0".to_owned()
    };
    let found = connection
        .prepare_cached(&format!(
            "SELECT {}, {presence} FROM {} WHERE {}",
            names.join(", "),
            kind.table,
            conditions.join(" AND ")
        ))?
        .query_row(params_from_iter(key), |row| {
            let presence = match row.get::<_, i64>(present.len())? {
                0 => Presence::Held,
                1 => Presence::Unclaimed,
                _ => Presence::Absent,
            };
            for (at, (_, value)) in present.iter().enumerate() {
                if !equal(row.get_ref(at)?, value) {
                    return Ok((RowChange::Different, presence));
                }
            }
            Ok((RowChange::Same, presence))
        })
        .optional()?;
    Ok(found.unwrap_or((RowChange::New, Presence::Held)))
}

/// The columns of a row that came with another value than the book has; none where the book has no such row.
pub fn differing(
    connection: &Connection,
    kind: &FactKind,
    cells: &[Option<Value>],
) -> Result<Option<Vec<&'static str>>> {
    let key = kind.columns[..kind.key].iter().enumerate();
    let key: Vec<String> = key
        .map(|(i, column)| format!("\"{}\" = ?{}", column.name, i + 1))
        .collect();
    let all: Vec<String> = kind
        .columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE {}",
        all.join(", "),
        kind.table,
        key.join(" AND ")
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(
            params_from_iter(cells[..kind.key].iter().flatten()),
            |row| {
                let mut columns = Vec::new();
                for (at, (column, cell)) in kind.columns.iter().zip(cells).enumerate() {
                    if let Some(came) = cell
                        && !equal(row.get_ref(at)?, came)
                    {
                        columns.push(column.name);
                    }
                }
                Ok(columns)
            },
        )
        .optional()?)
}

fn equal(kept: ValueRef<'_>, came: &Value) -> bool {
    match (kept, came) {
        (ValueRef::Null, Value::Null) => true,
        (ValueRef::Integer(kept), Value::Integer(came)) => kept == *came,
        (ValueRef::Text(kept), Value::Text(came)) => kept == came.as_bytes(),
        _ => false,
    }
}
