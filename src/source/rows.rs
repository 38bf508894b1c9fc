//! Rows of one kind from a file or standard input, CSV or JSON Lines, read one by one.

use std::fs::File;
use std::io::{self, BufRead as _, Read};
use std::path::Path;

use super::csv::CsvRows;
use super::encoding::Encoding;
use super::input::{CONTROL_Z, Guarded, unreadable};
use super::jsonl::JsonRows;
use super::raw_row::{RawRow, Reading};
use crate::domain::book::FactKind;
use crate::error::{Error, Result};

/// A file of rows.
pub enum FileRows {
    /// CSV with a header row.
    Csv(Box<CsvRows>),
    /// JSON Lines.
    Json(Box<JsonRows>),
}

impl FileRows {
    /// Opens a file, or standard input for `-`. `place` names it in problems.
    pub fn open(kind: &'static FactKind, path: &Path, reading: &Reading) -> Result<Self> {
        let place = Self::place_of(path);
        if path == Path::new("-") {
            return Self::read(kind, Box::new(io::stdin()), &place, 0, reading);
        }
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

    /// What problems call the file of this path.
    pub fn place_of(path: &Path) -> String {
        if path == Path::new("-") {
            return "standard input".to_owned();
        }
        path.display().to_string()
    }

    /// Reads rows from anything; `size` in bytes, 0 when unknown.
    pub fn read(
        kind: &'static FactKind,
        input: Box<dyn Read>,
        place: &str,
        size: u64,
        reading: &Reading,
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
            Some(&byte) if char::from(byte) == CONTROL_Z => {
                Err(Error::unacceptable(format!("{place} is empty")))
            }
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

    /// How its letters were taken, where they are not UTF-8.
    pub fn encoding(&self) -> Option<Encoding> {
        match self {
            Self::Csv(rows) => rows.encoding(),
            Self::Json(rows) => rows.encoding(),
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
