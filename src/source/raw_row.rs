//! One row of a file as it was read, and how files are read.

use super::encoding::Encoding;
use super::headings::Headings;

/// One row as it was read: the text of each column of its kind that the row has.
#[derive(Debug, Default)]
pub struct RawRow {
    /// The line it begins on, from 1.
    pub line: u64,
    /// By column of the kind; none where the row says nothing about it.
    pub cells: Vec<Option<String>>,
    /// What is wrong with the row as a row (too many cells, no JSON).
    pub problems: Vec<(String, String, String)>,
}

impl RawRow {
    /// Makes it empty, for a kind with so many columns, keeping its memory.
    pub(super) fn clear(&mut self, columns: usize) {
        self.cells.resize(columns, None);
        self.problems.clear();
    }

    /// Puts a cell's text, in the memory it had.
    pub(super) fn put(&mut self, column: usize, text: &str) {
        match &mut self.cells[column] {
            Some(cell) => {
                cell.clear();
                cell.push_str(text);
            }
            empty => *empty = Some(text.to_owned()),
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Columns that the kind does not have are passed over.
    pub ignore_unknown: bool,
    /// How its letters are written; none: as they look.
    pub encoding: Option<Encoding>,
    /// What its headings mean, besides the book's own names.
    pub headings: Headings,
}
