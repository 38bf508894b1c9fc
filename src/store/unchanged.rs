//! Rows that say what the book says already: found before they are written, and then left as they are.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Statement, params_from_iter};

use super::presence::Bringer;
use crate::domain::book::{FactKind, Value};
use crate::error::Result;

/// What the book says of a row that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing, or something else.
    Otherwise,
    /// All that the row says.
    Same,
    /// The row came already in this import, on this line.
    Twice(i64),
}

/// Compares the rows of one import with the book.
pub(super) struct Unchanged<'c> {
    connection: &'c Connection,
    kind: &'static FactKind,
    /// Who brings the rows.
    bringer: Bringer,
    /// This import's number.
    number: i64,
    /// What is asked, by the columns that a row says something about.
    statements: HashMap<u32, Statement<'c>>,
    /// Some row was the same.
    any: bool,
}

impl<'c> Unchanged<'c> {
    /// Nothing was compared yet. What came and was the same lies in a temporary table: memory stays flat.
    pub(super) fn new(
        connection: &'c Connection,
        kind: &'static FactKind,
        bringer: Bringer,
        number: i64,
    ) -> Result<Self> {
        connection.execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS import_same (id INTEGER PRIMARY KEY, line INTEGER NOT NULL) STRICT;
             DELETE FROM temp.import_same;",
        )?;
        Ok(Self {
            connection,
            kind,
            bringer,
            number,
            statements: HashMap::new(),
            any: false,
        })
    }

    /// Whether rows of a kind can be compared: those that have a number of their own.
    pub(super) const fn compares(kind: &FactKind) -> bool {
        kind.key == 1
    }

    /// What the book says of a row: a value for each column that it says something about.
    pub(super) fn look(
        &mut self,
        line: i64,
        present: u32,
        cells: &[Option<Value>],
    ) -> Result<Known> {
        let (kind, connection) = (self.kind, self.connection);
        let statement = match self.statements.entry(present) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(connection.prepare(&comparison(kind, present, self.bringer))?)
            }
        };
        let found: Option<(i64, i64, bool)> = statement
            .query_row(params_from_iter(cells.iter().flatten()), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((id, mark, same)) = found else {
            return Ok(Known::Otherwise);
        };
        if mark >> 32 == self.number {
            return Ok(Known::Twice(mark & 0xffff_ffff));
        }
        if same {
            self.any = true;
            let is_first = connection
                .prepare_cached(
                    "INSERT INTO temp.import_same (id, line) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute((id, line))?
                > 0;
            if is_first {
                return Ok(Known::Same);
            }
        }
        if !self.any {
            return Ok(Known::Otherwise);
        }
        let first = connection
            .prepare_cached("SELECT line FROM temp.import_same WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(first.map_or(Known::Otherwise, Known::Twice))
    }
}

/// The row's number, its mark, and whether it says the same in all these columns.
fn comparison(kind: &FactKind, present: u32, bringer: Bringer) -> String {
    let columns = kind.columns.iter().enumerate();
    let present = columns.filter(|(i, _)| present & (1 << i) != 0);
    let names: Vec<&str> = present.map(|(_, column)| column.name).collect();
    let mut same: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(place, name)| format!("\"{name}\" IS ?{}", place + 1))
        .collect();
    if kind.can_be_gone() {
        // It is kept as this one's, and is there.
        same.push(format!(
            "absent_since IS NULL AND {}",
            bringer.has(kind.table)
        ));
    }
    if kind.table == "contract" && names.contains(&"access_status") {
        // From the first import that says it on, it is known since when.
        same.push("access_since IS NOT NULL".to_owned());
    }
    if names.contains(&"last_seen_at") && kind.table == "device" {
        // A device that was called gone since then may be back.
        same.push("NOT coalesce(last_seen_at > gone_at, 0)".to_owned());
    }
    format!(
        "SELECT rowid, imported, {} FROM {} WHERE \"{}\" = ?1",
        same.join(" AND "),
        kind.table,
        kind.columns[0].name
    )
}
