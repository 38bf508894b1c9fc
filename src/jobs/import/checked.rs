//! Rows of a file as they are read, each cell checked: what is needed of them to put them into the book.

use crate::clock::Now;
use crate::domain::book::{self, FactKind, Value};
use crate::error::{Flaw, Result};
use crate::source::RawRow;
use crate::source::rows::FileRows;

/// One row, checked.
#[derive(Default)]
pub(super) struct Checked {
    /// The line it begins on, from 1.
    pub line: u64,
    /// By column of the kind; none where the row says nothing about it, or nothing that can be read.
    pub values: Vec<Option<Value>>,
    /// What its first column says, as text.
    pub key: Option<String>,
    /// Everything wrong with it.
    pub problems: Vec<Flaw>,
    /// Cells that could not be read, and were emptied.
    pub emptied: Vec<Flaw>,
}

/// Reads the rows of a file, and checks their cells.
pub(super) struct Checker {
    pub kind: &'static FactKind,
    pub rows: FileRows,
    pub now: Now,
    pub empty_bad: bool,
    raw: RawRow,
}

impl Checker {
    pub fn new(kind: &'static FactKind, rows: FileRows, now: Now, empty_bad: bool) -> Self {
        Self {
            kind,
            rows,
            now,
            empty_bad,
            raw: RawRow::default(),
        }
    }

    /// Reads the next row into `row`; false at the end.
    pub fn next(&mut self, row: &mut Checked) -> Result<bool> {
        if !self.rows.next(&mut self.raw)? {
            return Ok(false);
        }
        row.line = self.raw.line;
        row.values.clear();
        row.emptied.clear();
        let first = self.raw.cells.first().and_then(Option::as_deref);
        match (&mut row.key, first) {
            (Some(key), Some(first)) => first.clone_into(key),
            (key, first) => *key = first.map(str::to_owned),
        }
        let raw = &self.raw;
        row.problems = raw
            .problems
            .iter()
            .map(|(column, found, accepted)| {
                self.flaw(row.line, column, found.clone(), accepted.clone())
            })
            .collect();
        if row.problems.is_empty() {
            self.check(row);
        }
        Ok(true)
    }

    /// Reads the cells into values.
    fn check(&self, row: &mut Checked) {
        for (i, (column, cell)) in self.kind.columns.iter().zip(&self.raw.cells).enumerate() {
            // A key column that the file lacks is empty: an opt-out from all.
            let cell = match cell {
                None if i < self.kind.key => Some(""),
                cell => cell.as_deref(),
            };
            let value = cell.map(|text| book::read(column, text, &self.now));
            match value.transpose() {
                Ok(value) => row.values.push(value),
                Err(refused) => {
                    let flaw = self.flaw(row.line, column.name, refused.found, refused.accepted);
                    if self.empty_bad && !column.required {
                        row.values.push(book::read(column, "", &self.now).ok());
                        row.emptied.push(flaw);
                    } else {
                        row.values.push(None);
                        row.problems.push(flaw);
                    }
                }
            }
        }
        if row.problems.is_empty()
            && let Some((column, wrong)) = self.kind.contradiction(&row.values)
        {
            let flaw = self.flaw(row.line, column, wrong.found, wrong.accepted);
            row.problems.push(flaw);
        }
    }

    fn flaw(&self, line: u64, column: &str, found: String, accepted: String) -> Flaw {
        Flaw::of(column, found, accepted).within(format!("{}:{line}", self.rows.place()))
    }
}
