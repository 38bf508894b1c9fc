//! Writing the book: upserts by key, each relation checked, an id that stands twice in one file found.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Statement, ToSql, ffi, params_from_iter};

use super::columns::Millis;
use super::presence::Bringer;
use super::relations::{self, Relations};
use super::unchanged::{Known, Unchanged};
use super::{access, book, erasure, meta};
use crate::domain::book::{FactKind, Value};
use crate::domain::money::Money;
use crate::error::Result;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is written, or the book said it already.
    Written,
    /// Its key stood already earlier in the same file, on this line.
    Twice(i64),
    /// It is new and lacks these required columns.
    Lacks(Vec<&'static str>),
    /// Its column names something of another kind that is not in the book.
    Orphan {
        /// The column.
        column: &'static str,
        /// The id it holds.
        id: i64,
        /// The kind it refers to.
        kind: &'static str,
    },
    /// It is of a client whose data was erased: passed over.
    Erased,
}

/// Memory for pages while importing, in KiB: rows come in any order of client and contract, and each
/// looks both up.
const CACHE_KIB: i64 = 20_000;
/// The same where rows are only added and indexes made at the end: sorting takes as much once more.
const ADDING_KIB: i64 = 8_000;

/// Writes the rows of one file of one kind.
pub struct Importer<'c> {
    connection: &'c Connection,
    kind: &'static FactKind,
    bringer: Bringer,
    /// This import's number; with the line it marks each row that it wrote.
    number: i64,
    upserts: HashMap<u32, Statement<'c>>,
    /// Something was written already.
    wrote: bool,
    /// Clients whose rows are passed over.
    erased: HashSet<i64>,
    /// What is checked here and not by SQLite.
    relations: Option<Relations<'c>>,
    /// What rows are compared with before they are written.
    unchanged: Option<Unchanged<'c>>,
    /// The table's indexes, as SQL, that are made when all rows are there.
    indexes: Vec<String>,
}

impl<'c> Importer<'c> {
    /// Begins the import of one file, or of what a source told.
    pub fn new(
        connection: &'c Connection,
        kind: &'static FactKind,
        bringer: Bringer,
    ) -> Result<Self> {
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        if kind.table == "contract" {
            access::drop_with_the_client(connection)?;
        }
        Ok(Self {
            connection,
            kind,
            bringer,
            number: meta::next(connection, "imports")?,
            upserts: HashMap::new(),
            wrote: false,
            erased: erasure::all_erased(connection)?,
            relations: None,
            unchanged: None,
            indexes: Vec::new(),
        })
    }

    /// The same for many rows, in a transaction in which SQLite checks no relation: they are checked here.
    /// Rows that say what the book says are left as they are, and an empty table's indexes are made at
    /// [`Self::finish`], which costs a part of keeping them up row by row.
    pub fn of_many(
        connection: &'c Connection,
        kind: &'static FactKind,
        bringer: Bringer,
    ) -> Result<Self> {
        let mut importer = Self::new(connection, kind, bringer)?;
        importer.relations = Some(Relations::new(connection));
        if importer.is_empty()? {
            importer.put_indexes_aside()?;
        } else if Unchanged::compares(kind) {
            importer.unchanged = Some(Unchanged::new(connection, kind, bringer, importer.number)?);
        }
        Ok(importer)
    }

    fn is_empty(&self) -> Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {})", self.kind.table);
        Ok(self.connection.query_row(&sql, [], |row| row.get(0))?)
    }

    /// Takes the table's own indexes away until all rows are there.
    fn put_indexes_aside(&mut self) -> Result<()> {
        self.connection
            .pragma_update(None, "cache_size", -ADDING_KIB)?;
        let mut statement = self.connection.prepare(
            "SELECT name, sql FROM sqlite_schema
             WHERE type = 'index' AND tbl_name = ?1 AND sql LIKE 'CREATE INDEX %'",
        )?;
        let found = statement.query_map([self.kind.table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: Vec<(String, String)> = found.collect::<rusqlite::Result<_>>()?;
        for (name, sql) in found {
            self.connection
                .execute_batch(&format!("DROP INDEX \"{name}\""))?;
            self.indexes.push(sql);
        }
        Ok(())
    }

    /// Ends the import: the indexes that were put aside are made.
    pub fn finish(&mut self) -> Result<()> {
        if self.indexes.is_empty() {
            return Ok(());
        }
        for sql in &self.indexes {
            self.connection.execute_batch(sql)?;
        }
        self.indexes.clear();
        Ok(())
    }

    /// How many rows the kind's table has.
    pub fn rows(&self) -> Result<i64> {
        Ok(self.connection.query_row(
            &format!("SELECT count(*) FROM {}", self.kind.table),
            [],
            |row| row.get(0),
        )?)
    }

    /// The client whose data was erased and whose a row is, by what it says or by what the book says of it.
    fn erased_owner(&self, cells: &[Option<Value>]) -> Result<Option<i64>> {
        if self.erased.is_empty() {
            return Ok(None);
        }
        let column = if self.kind.table == "client" {
            "id"
        } else {
            "client_id"
        };
        let Some(place) = self.kind.position(column) else {
            return Ok(None);
        };
        let owner = match (&cells[place], &cells[0]) {
            (Some(Value::Integer(id)), _) => Some(*id),
            (None, Some(key)) => self
                .connection
                .prepare_cached(&format!(
                    "SELECT client_id FROM {} WHERE \"{}\" = ?1",
                    self.kind.table, self.kind.columns[0].name
                ))?
                .query_row([key], |row| row.get(0))
                .optional()?
                .flatten(),
            _ => None,
        };
        Ok(owner.filter(|id| self.erased.contains(id)))
    }

    /// Takes the numbers of earlier imports out of the lists that this one brought, so that each is replaced
    /// whole.
    pub fn replace_lists(&self, at: DateTime<Utc>) -> Result<()> {
        self.connection.execute(
            "INSERT OR REPLACE INTO block_list_import (list, imported_at)
             SELECT DISTINCT list, ?2 FROM block_list WHERE imported >> 32 = ?1",
            (self.number, Millis(at)),
        )?;
        self.connection.execute(
            "DELETE FROM block_list WHERE imported >> 32 <> ?1
               AND list IN (SELECT list FROM block_list WHERE imported >> 32 = ?1)",
            [self.number],
        )?;
        Ok(())
    }

    /// Writes one row: a value for each column it says something about.
    pub fn put(&mut self, line: u64, cells: &[Option<Value>]) -> Result<Put> {
        if let Some(owner) = self.erased_owner(cells)? {
            erasure::take_away(self.connection, self.kind, cells, owner)?;
            return Ok(Put::Erased);
        }
        let mark = (self.number << 32) | i64::try_from(line & 0xffff_ffff).unwrap_or(0);
        let present = cells.iter().enumerate().fold(0u32, |mask, (i, cell)| {
            mask | (u32::from(cell.is_some()) << i)
        });
        let lacks: Vec<&'static str> = self
            .kind
            .columns
            .iter()
            .zip(cells)
            .filter(|(column, cell)| column.required && cell.is_none())
            .map(|(column, _)| column.name)
            .collect();
        if let Some(unchanged) = &mut self.unchanged {
            match unchanged.look(mark & 0xffff_ffff, present, cells)? {
                Known::Same => return Ok(Put::Written),
                Known::Twice(first) => return Ok(Put::Twice(first)),
                Known::Otherwise => {}
            }
        }
        if let Some(orphan) = self.missing(cells)? {
            return Ok(orphan);
        }
        let (kind, connection) = (self.kind, self.connection);
        let statement = match self.upserts.entry(present) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let sql = if lacks.is_empty() {
                    upsert(kind, present, self.bringer)
                } else {
                    update(kind, present, self.bringer)
                };
                entry.insert(connection.prepare(&sql)?)
            }
        };
        let bound = cells
            .iter()
            .flatten()
            .map(|value| value as &dyn ToSql)
            .chain([&mark as &dyn ToSql]);
        let changed = match statement.execute(params_from_iter(bound)) {
            Ok(changed) => changed,
            Err(error) if is_foreign_key(&error) => return self.orphan(cells, error),
            Err(error) => return Err(error.into()),
        };
        if changed > 0 {
            self.note_written()?;
            return Ok(Put::Written);
        }
        match self.line_of(cells)? {
            Some(first) if first >> 32 == self.number => Ok(Put::Twice(first & 0xffff_ffff)),
            _ => Ok(Put::Lacks(lacks)),
        }
    }

    /// The amount and the open amount that the book has of an invoice of which a row gives one only; none for any
    /// other row.
    pub fn kept_amounts(&self, cells: &[Option<Value>]) -> Result<Option<(Money, Option<Money>)>> {
        let given = |name| cells.get(self.kind.position(name)?)?.as_ref();
        let one_only = given("amount").is_some() != given("open_amount").is_some();
        match given("id") {
            Some(Value::Integer(id)) if one_only => book::amounts(self.connection, *id),
            _ => Ok(None),
        }
    }

    /// Notes that this one brings a row of which nothing else changes, and that it is there; `back`, when
    /// it was absent.
    pub fn claim(&mut self, cells: &[Option<Value>], back: bool) -> Result<()> {
        let Some(Some(key)) = cells.first() else {
            return Ok(());
        };
        let table = self.kind.table;
        self.connection
            .prepare_cached(&format!(
                "UPDATE {table} SET absent_since = NULL, brought = {} WHERE id = ?1",
                self.bringer.brings(table)
            ))?
            .execute([key])?;
        if back {
            self.note_written()?;
        }
        Ok(())
    }

    /// Notes, once, that the book says something else.
    fn note_written(&mut self) -> Result<()> {
        if !self.wrote {
            self.wrote = true;
            meta::book_changed(self.connection)?;
        }
        Ok(())
    }

    /// The mark of the row with this key.
    fn line_of(&self, cells: &[Option<Value>]) -> Result<Option<i64>> {
        let key = &self.kind.columns[..self.kind.key];
        let conditions: Vec<String> = key
            .iter()
            .enumerate()
            .map(|(i, column)| format!("\"{}\" = ?{}", column.name, i + 1))
            .collect();
        Ok(self
            .connection
            .prepare_cached(&format!(
                "SELECT imported FROM {} WHERE {}",
                self.kind.table,
                conditions.join(" AND ")
            ))?
            .query_row(
                params_from_iter(cells[..key.len()].iter().flatten()),
                |row| row.get(0),
            )
            .optional()?)
    }

    /// What a row refers to and is not there, where that is checked here.
    fn missing(&mut self, cells: &[Option<Value>]) -> Result<Option<Put>> {
        let Some(relations) = &mut self.relations else {
            return Ok(None);
        };
        let table = self.kind.table;
        let connection = self.connection;
        first_orphan(self.kind, cells, |other, id| {
            // The table's own rows are on their way.
            if other == table {
                relations::has(connection, other, id)
            } else {
                relations.has(other, id)
            }
        })
    }

    /// Finds the column whose id nothing has.
    fn orphan(&self, cells: &[Option<Value>], error: rusqlite::Error) -> Result<Put> {
        let found = first_orphan(self.kind, cells, |table, id| {
            relations::has(self.connection, table, id)
        })?;
        found.ok_or_else(|| error.into())
    }

    /// The parent that a row names and that is not in the book; topics alone have parents of their own kind.
    pub fn parent_to_come(&self, cells: &[Option<Value>]) -> Result<Option<i64>> {
        let own = |refers: Option<&str>| refers == Some(self.kind.name);
        let columns = self.kind.columns.iter().zip(cells);
        for (_, cell) in columns.filter(|(column, _)| own(column.refers)) {
            if let Some(Value::Integer(id)) = cell
                && !relations::has(self.connection, self.kind.table, *id)?
            {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }
}

/// The first column whose id `has` does not find.
fn first_orphan(
    kind: &FactKind,
    cells: &[Option<Value>],
    mut has: impl FnMut(&'static str, i64) -> Result<bool>,
) -> Result<Option<Put>> {
    for (column, cell) in kind.columns.iter().zip(cells) {
        let (Some(refers), Some(Value::Integer(id))) = (column.refers, cell) else {
            continue;
        };
        let Some(other) = FactKind::named(refers) else {
            continue;
        };
        if !has(other.table, *id)? {
            return Ok(Some(Put::Orphan {
                column: column.name,
                id: *id,
                kind: other.name,
            }));
        }
    }
    Ok(None)
}

/// The column whose changes are dated.
const ACCESS_STATUS: &str = "access_status";

/// Since when a contract's access has its new status: the day noted before while it is the same, or one cut
/// follows another.
fn since_when(known: &str, new: &str) -> String {
    const CUT: &str = "IN ('auto_block', 'manual_block')";
    format!(
        "CASE WHEN contract.access_since IS NOT NULL
              AND ({known} IS {new} OR ({known} {CUT} AND {new} {CUT}))
         THEN contract.access_since ELSE today() END"
    )
}

fn is_foreign_key(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, _)
            if *extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY
    )
}

fn present_columns(kind: &FactKind, present: u32) -> Vec<&'static str> {
    kind.columns
        .iter()
        .enumerate()
        .filter(|(i, _)| present & (1 << i) != 0)
        .map(|(_, column)| column.name)
        .collect()
}

/// Writes the columns that are present, who brought the row, and that it is there; a row of this very
/// import is left alone.
fn upsert(kind: &FactKind, present: u32, bringer: Bringer) -> String {
    let columns = present_columns(kind, present);
    let key: Vec<&str> = kind.columns[..kind.key].iter().map(|c| c.name).collect();
    let names: Vec<String> = columns.iter().map(|c| format!("\"{c}\"")).collect();
    let names: Vec<String> = names.into_iter().chain(["imported".to_owned()]).collect();
    let places: Vec<String> = (1..=columns.len() + 1).map(|i| format!("?{i}")).collect();
    let mut sets: Vec<String> = columns
        .iter()
        .filter(|c| !key.contains(c))
        .map(|c| format!("\"{c}\" = excluded.\"{c}\""))
        .collect();
    sets.push("imported = excluded.imported".to_owned());
    let (mut names, mut places) = (names, places);
    if kind.can_be_gone() {
        sets.push("absent_since = NULL".to_owned());
        sets.push(format!("brought = {}", bringer.brings(kind.table)));
        names.push("brought".to_owned());
        places.push(bringer.first().to_string());
    }
    if columns.contains(&"last_seen_at") && kind.table == "device" {
        // A device that was called gone is back once it was seen after that.
        sets.push(
            "gone_at = CASE WHEN excluded.last_seen_at > device.gone_at THEN NULL ELSE device.gone_at END"
                .to_owned(),
        );
    }
    if kind.table == "client" {
        sets.extend(erasure::switches_back(&columns));
    }
    if kind.table == "contract" && columns.contains(&ACCESS_STATUS) {
        let since = since_when("contract.access_status", "excluded.access_status");
        sets.push(format!("access_since = {since}"));
        names.push("access_since".to_owned());
        places.push("today()".to_owned());
    }
    let quoted_key: Vec<String> = key.iter().map(|c| format!("\"{c}\"")).collect();
    format!(
        "INSERT INTO {table} ({names}) VALUES ({places})
         ON CONFLICT ({key}) DO UPDATE SET {sets}
         WHERE {table}.imported >> 32 <> excluded.imported >> 32",
        table = kind.table,
        names = names.join(", "),
        places = places.join(", "),
        key = quoted_key.join(", "),
        sets = sets.join(", "),
    )
}

/// Changes a known row only, which is there again: the file lacks columns that a new one needs.
fn update(kind: &FactKind, present: u32, bringer: Bringer) -> String {
    let columns = present_columns(kind, present);
    let mark = columns.len() + 1;
    let mut sets = vec![format!("imported = ?{mark}")];
    let mut conditions = vec![format!("imported >> 32 <> ?{mark} >> 32")];
    if kind.can_be_gone() {
        sets.push("absent_since = NULL".to_owned());
        sets.push(format!("brought = {}", bringer.brings(kind.table)));
    }
    for (i, column) in columns.iter().enumerate() {
        if kind.table == "contract" && *column == ACCESS_STATUS {
            let since = since_when("access_status", &format!("?{}", i + 1));
            sets.push(format!("access_since = {since}"));
        }
        let part = format!("\"{column}\" = ?{}", i + 1);
        if kind.columns[..kind.key].iter().any(|c| c.name == *column) {
            conditions.push(part);
        } else {
            sets.push(part);
        }
    }
    format!(
        "UPDATE {} SET {} WHERE {}",
        kind.table,
        sets.join(", "),
        conditions.join(" AND ")
    )
}
