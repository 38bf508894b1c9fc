//! Who brings each row of the book, and the rows that nobody brings any more.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension as _};

use super::columns::Day;
use super::meta;
use crate::domain::book::FactKind;
use crate::error::{Error, Result};

/// The ids of absent clients, as SQL's `IN` takes them: read once a statement, from an index of theirs.
pub(super) const ABSENT_CLIENTS: &str = "(SELECT id FROM client WHERE absent_since IS NOT NULL)";

/// How many may bring rows: each is one bit of a column.
const MOST: i64 = 62;

/// What stands in the column for files.
const FILES: i64 = 1;

/// One who brings rows: the files that are imported, or a source under `[sync]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bringer {
    bit: i64,
}

impl Bringer {
    /// The files that are imported.
    pub const FILES: Self = Self { bit: FILES };

    /// The source of that name, which gets a number when it has none.
    ///
    /// # Errors
    /// When there are too many of them (exit 3).
    pub fn source(connection: &Connection, name: &str) -> Result<Self> {
        let known: Option<i64> = connection
            .prepare_cached("SELECT number FROM bringer WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => connection.query_row(
                "INSERT INTO bringer (number, name) SELECT max(number) + 1, ?1 FROM bringer
                 RETURNING number",
                [name],
                |row| row.get(0),
            )?,
        };
        if number >= MOST {
            return Err(Error::unacceptable(format!(
                "the source {name} would be the {number}th that this database has seen; it keeps {} apart",
                MOST - 1
            ))
            .hint("give it the name of a source under [sync] that is not used any more"));
        }
        Ok(Self { bit: 1 << number })
    }

    /// What a table's column `brought` holds once this one has brought the row. A file never takes a row
    /// from a source; a source takes it from the files, which may be as old as the day it was set up.
    pub(super) fn brings(self, table: &str) -> String {
        if self.bit == FILES {
            format!("CASE WHEN {table}.brought > {FILES} THEN {table}.brought ELSE {FILES} END")
        } else {
            format!("({table}.brought & ~{FILES}) | {}", self.bit)
        }
    }

    /// What it holds for a new row.
    pub(super) const fn first(self) -> i64 {
        self.bit
    }

    /// Whether a row is kept as this one's already, as SQL.
    pub(super) fn has(self, table: &str) -> String {
        if self.bit == FILES {
            format!("({table}.brought > 0)")
        } else {
            format!(
                "({table}.brought & {FILES} = 0 AND {table}.brought & {} <> 0)",
                self.bit
            )
        }
    }
}

/// The rows of one kind that came in this run, while they come.
pub struct Seen<'c> {
    connection: &'c Connection,
    kind: &'static FactKind,
    bringer: Bringer,
}

/// How many rows would be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Rows that this one brought, and that did not come.
    pub gone: u64,
    /// Rows that this one brought, and that nobody took as gone before.
    pub of: u64,
}

impl<'c> Seen<'c> {
    /// Begins with none; they lie in a temporary table, so that memory stays flat.
    pub fn begin(
        connection: &'c Connection,
        kind: &'static FactKind,
        bringer: Bringer,
    ) -> Result<Self> {
        connection.execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS seen_row (id INTEGER PRIMARY KEY) STRICT;
             DELETE FROM temp.seen_row;",
        )?;
        Ok(Self {
            connection,
            kind,
            bringer,
        })
    }

    /// Notes that a row came.
    pub fn note(&self, id: i64) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO temp.seen_row (id) VALUES (?1)")?
            .execute([id])?;
        Ok(())
    }

    /// How many of its rows did not come.
    pub fn missing(&self) -> Result<Missing> {
        let table = self.kind.table;
        let bit = self.bringer.bit;
        Ok(self.connection.query_row(
            &format!(
                "SELECT coalesce(sum(id NOT IN temp.seen_row), 0), count(*) FROM {table}
                 WHERE brought & {bit} <> 0 AND absent_since IS NULL"
            ),
            [],
            |row| {
                Ok(Missing {
                    gone: row.get(0)?,
                    of: row.get(1)?,
                })
            },
        )?)
    }

    /// The first ids, at most so many, of the rows that would be absent.
    pub fn first_missing(&self, most: usize) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT id FROM {} WHERE brought = {} AND absent_since IS NULL AND id NOT IN temp.seen_row
             ORDER BY id LIMIT ?1",
            self.kind.table, self.bringer.bit
        ))?;
        let rows =
            statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes those that did not come as not brought by this one any more; those that nobody else brings
    /// are absent from `today` on. How many are.
    pub fn take_as_gone(&self, today: NaiveDate) -> Result<u64> {
        let table = self.kind.table;
        let bit = self.bringer.bit;
        self.connection.execute(
            &format!(
                "UPDATE {table} SET brought = brought & ~{bit}
                 WHERE brought & {bit} <> 0 AND brought <> {bit} AND id NOT IN temp.seen_row"
            ),
            [],
        )?;
        let gone = self.connection.execute(
            &format!(
                "UPDATE {table} SET brought = 0, absent_since = ?1
                 WHERE brought = {bit} AND absent_since IS NULL AND id NOT IN temp.seen_row"
            ),
            [Day(today)],
        )?;
        if gone > 0 {
            meta::book_changed(self.connection)?;
        }
        Ok(u64::try_from(gone).unwrap_or(0))
    }

    /// The first ids, at most so many, of the invoices that [`Self::hold_back_what_owes`] would hold back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn first_held_back(&self, most: usize) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM invoice WHERE owing AND brought = ?1 AND id NOT IN temp.seen_row
             ORDER BY id LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map([self.bringer.bit, most], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes invoices that owe, that nobody else brings and that did not come, as awaiting confirmation:
    /// they owe nothing that anybody may ask for until they come again. How many.
    pub fn hold_back_what_owes(&self) -> Result<u64> {
        let held = self.connection.execute(
            "UPDATE invoice SET awaiting_confirmation = 1
             WHERE owing AND brought = ?1 AND id NOT IN temp.seen_row",
            [self.bringer.bit],
        )?;
        if held > 0 {
            meta::book_changed(self.connection)?;
        }
        Ok(u64::try_from(held).unwrap_or(0))
    }
}

/// Takes an invoice that owes as awaiting confirmation: what the book says of it may be true no more. Whether it owed.
///
/// # Errors
/// When the database cannot be written.
pub fn hold_back(connection: &Connection, invoice: i64) -> Result<bool> {
    let held = connection
        .prepare_cached("UPDATE invoice SET awaiting_confirmation = 1 WHERE owing AND id = ?1")?
        .execute([invoice])?;
    if held > 0 {
        meta::book_changed(connection)?;
    }
    Ok(held > 0)
}
