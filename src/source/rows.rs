//! Rows of one kind from a file or standard input, CSV or JSON Lines, read one by one.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use super::csv::CsvRows;
use super::jsonl::JsonRows;
use crate::domain::book::Kind;
use crate::error::{Error, Flaw, Result};

/// The longest row that is believed, in bytes: more is a quote that never closes.
pub const LONGEST_ROW: u64 = 1 << 20;

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

/// A file of rows.
pub enum Rows {
    /// CSV with a header row.
    Csv(Box<CsvRows>),
    /// JSON Lines.
    Json(Box<JsonRows>),
}

/// How a file is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// Columns that the kind does not have are passed over.
    pub ignore_unknown: bool,
}

impl Rows {
    /// Opens a file, or standard input for `-`. `place` names it in problems.
    pub fn open(kind: &'static Kind, path: &Path, reading: Reading) -> Result<Self> {
        if path == Path::new("-") {
            return Self::read(kind, Box::new(io::stdin()), "standard input", 0, reading);
        }
        let place = path.display().to_string();
        let file = File::open(path).map_err(|error| {
            Error::unacceptable(format!("{place} cannot be read"))
                .because(error)
                .hint(format!("regua import {} FILE", kind.name))
        })?;
        let metadata = file.metadata().map_err(|error| {
            Error::unacceptable(format!("{place} cannot be read")).because(error)
        })?;
        if metadata.is_dir() {
            return Err(
                Error::unacceptable(format!("{place} is a folder")).hint(format!(
                    "regua import {place} takes a whole folder, with files named by kind"
                )),
            );
        }
        Self::read(kind, Box::new(file), &place, metadata.len(), reading)
    }

    /// Reads rows from anything; `size` in bytes, 0 when unknown.
    pub fn read(
        kind: &'static Kind,
        input: Box<dyn Read>,
        place: &str,
        size: u64,
        reading: Reading,
    ) -> Result<Self> {
        let mut input = Guarded::new(input);
        let start = input.fill_buf().map_err(|error| unreadable(place, error))?;
        if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
            return Err(
                Error::unacceptable(format!("{place} is UTF-16")).hint("save it as CSV in UTF-8")
            );
        }
        let line = start.split(|byte| *byte == b'\n').next();
        if line.is_some_and(|line| line.contains(&0)) {
            return Err(Error::unacceptable(format!(
                "{place} holds NUL bytes; it is no plain text"
            ))
            .hint("is it UTF-16, or a spreadsheet? save it as CSV in UTF-8"));
        }
        if start.starts_with(&[0xef, 0xbb, 0xbf]) {
            input.consume(3);
        }
        let start = input.fill_buf().map_err(|error| unreadable(place, error))?;
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            None => Err(
                Error::unacceptable(format!("{place} is empty")).hint(format!(
                    "the first line of a CSV names its columns: {}",
                    kind.columns
                        .iter()
                        .filter(|column| column.required)
                        .map(|column| column.name)
                        .collect::<Vec<_>>()
                        .join(",")
                )),
            ),
            Some(b'[') => Err(Error::unacceptable(format!(
                "{place} is one JSON array, not JSON Lines"
            ))
            .hint("write one object a line: jq -c '.[]' does it")),
            Some(b'{') => Ok(Self::Json(Box::new(JsonRows::new(
                kind, input, place, size, reading,
            )))),
            Some(_) => Ok(Self::Csv(Box::new(CsvRows::new(
                kind, input, place, size, reading,
            )?))),
        }
    }

    /// Reads the next row into `row`; false at the end.
    pub fn next(&mut self, row: &mut RawRow) -> Result<bool> {
        match self {
            Self::Csv(rows) => rows.next(row),
            Self::Json(rows) => rows.next(row),
        }
    }

    /// What problems call the file.
    pub fn place(&self) -> &str {
        match self {
            Self::Csv(rows) => rows.place(),
            Self::Json(rows) => rows.place(),
        }
    }

    /// Bytes in all (0 when unknown), and bytes read.
    pub fn progress(&self) -> (u64, u64) {
        match self {
            Self::Csv(rows) => rows.progress(),
            Self::Json(rows) => rows.progress(),
        }
    }

    /// Whether cells were read as Latin-1.
    pub fn latin1(&self) -> bool {
        match self {
            Self::Csv(rows) => rows.latin1(),
            Self::Json(_) => false,
        }
    }

    /// The header and the latest row with its problems, for a file of bad rows.
    pub fn rejected(&self, problems: &str) -> (Option<String>, String) {
        match self {
            Self::Csv(rows) => rows.rejected(problems),
            Self::Json(rows) => (None, rows.rejected(problems)),
        }
    }
}

pub(super) fn unreadable(place: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::InvalidData {
        return Error::flaws(
            "the file is not acceptable",
            vec![Flaw::at(place, error.to_string(), "")],
        );
    }
    Error::world(format!("{place} cannot be read to its end")).because(error)
}

/// How many bytes went by, and how many since the last row.
#[derive(Debug, Default)]
pub(super) struct Counter {
    total: Cell<u64>,
    row_start: Cell<u64>,
}

impl Counter {
    pub(super) fn total(&self) -> u64 {
        self.total.get()
    }

    /// A row ended here.
    pub(super) fn row(&self) {
        self.row_start.set(self.total.get());
    }
}

/// Buffered input that refuses a row longer than [`LONGEST_ROW`].
pub(super) struct Guarded {
    input: BufReader<Box<dyn Read>>,
    counter: Rc<Counter>,
    /// What the latest reading brought, for whoever must look back at a byte.
    latest: Vec<u8>,
}

impl Guarded {
    fn new(input: Box<dyn Read>) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 16, input),
            counter: Rc::default(),
            latest: Vec::new(),
        }
    }

    /// The byte at this offset of the input, if the latest reading brought it.
    pub(super) fn byte(&self, offset: u64) -> Option<u8> {
        let start = self
            .counter
            .total()
            .saturating_sub(self.latest.len() as u64);
        let at = usize::try_from(offset.checked_sub(start)?).ok()?;
        self.latest.get(at).copied()
    }

    /// The last byte before this offset that ends no line, if the latest reading brought it.
    pub(super) fn last_of_text(&self, offset: u64) -> Option<u8> {
        (0..offset)
            .rev()
            .map_while(|at| self.byte(at))
            .find(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    pub(super) fn counter(&self) -> Rc<Counter> {
        Rc::clone(&self.counter)
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        // At the end what came last stays, to look back at.
        if n > 0 {
            self.latest.clear();
            self.latest.extend_from_slice(&buffer[..n]);
        }
        self.count(n)?;
        Ok(n)
    }
}

impl Guarded {
    fn count(&self, n: usize) -> io::Result<()> {
        let total = self.counter.total.get() + n as u64;
        self.counter.total.set(total);
        if total - self.counter.row_start.get() > LONGEST_ROW + (1 << 17) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row is longer than 1 MiB; does a quote never close?",
            ));
        }
        Ok(())
    }
}

impl BufRead for Guarded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.input.consume(n);
        self.counter.total.set(self.counter.total.get() + n as u64);
    }
}
