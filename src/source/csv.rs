//! CSV with a header row: `,`, `;` or tab between cells, UTF-8 or Latin-1, with or without a BOM.

use std::io::BufRead as _;
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder, WriterBuilder};
use encoding_rs::WINDOWS_1252;

use super::input::{Counter, Guarded, unreadable};
use super::raw_row::{RawRow, Reading};
use crate::domain::book::Kind;
use crate::error::{Error, Flaw, Result, did_you_mean};

/// The column that a file of bad rows has at its end; reading it back passes it over.
const PROBLEMS_COLUMN: &str = "problems";

/// The rows of a CSV file.
pub struct CsvRows {
    reader: Reader<Guarded>,
    record: ByteRecord,
    header: Vec<String>,
    /// For each cell, the column of the kind it belongs to.
    columns: Vec<Option<usize>>,
    kind: &'static Kind,
    place: String,
    size: u64,
    counter: Rc<Counter>,
    /// Where the reader began: after a BOM.
    start: u64,
    delimiter: u8,
    latin1: bool,
}

impl CsvRows {
    pub(super) fn new(
        kind: &'static Kind,
        mut input: Guarded,
        place: &str,
        size: u64,
        reading: Reading,
    ) -> Result<Self> {
        let start = input.fill_buf().map_err(|error| unreadable(place, error))?;
        let delimiter = sniff(start);
        let counter = input.counter();
        let start = counter.total();
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(input);
        let mut record = ByteRecord::new();
        reader
            .read_byte_record(&mut record)
            .map_err(|error| broken(place, error))?;
        counter.row();
        let mut latin1 = false;
        let header: Vec<String> = record
            .iter()
            .map(|cell| text(cell, &mut latin1).trim().to_owned())
            .collect();
        let columns = positions(kind, &header, place, reading)?;
        Ok(Self {
            reader,
            record,
            header,
            columns,
            kind,
            place: place.to_owned(),
            size,
            counter,
            start,
            delimiter,
            latin1,
        })
    }

    pub(super) fn next(&mut self, row: &mut RawRow) -> Result<bool> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| broken(&self.place, error))?;
        self.counter.row();
        if !more {
            return Ok(false);
        }
        row.clear(self.kind.columns.len());
        row.line = self.line();
        if self.record.len() != self.header.len() {
            row.problems.push((
                String::new(),
                format!("the row has {} cells", self.record.len()),
                format!("the header names {} columns", self.header.len()),
            ));
        }
        if self.swallowed() {
            row.problems.push((
                String::new(),
                "a quote is opened that never closes".to_owned(),
                "close it, or write a quote within a cell as \"\"".to_owned(),
            ));
        }
        for (cell, column) in self.record.iter().zip(&self.columns) {
            if let Some(column) = column {
                match std::str::from_utf8(cell) {
                    Ok(text) => row.put(*column, text),
                    Err(_) => row.put(*column, &text(cell, &mut self.latin1)),
                }
            }
        }
        Ok(true)
    }

    /// The line that the latest record begins on. The reader's own count is taken before blank
    /// lines and before the second half of CRLF, so it is reckoned from the record's end.
    fn line(&self) -> u64 {
        let end = self.reader.position();
        let last = self.reader.get_ref().byte(self.end().saturating_sub(1));
        let ended = last == Some(b'\n') && !self.open_ended();
        let within = self.record.as_slice().iter().filter(|byte| **byte == b'\n');
        end.line() - u64::from(ended) - within.count() as u64
    }

    /// Whether a quote of the latest record closed too late or not at all, so that it swallowed rows.
    fn swallowed(&self) -> bool {
        if self.open_ended() {
            return true;
        }
        // The next quote opened a cell, then: it is left in the middle of this one.
        self.record.as_slice().contains(&b'\n')
            && self.record.iter().zip(&self.columns).any(|(cell, column)| {
                let free = column.is_some_and(|at| self.kind.columns[at].name == "alert_text");
                let holds = |byte| cell.contains(&byte);
                !free && holds(b'\n') && holds(b'"') && holds(self.delimiter)
            })
    }

    /// Whether the latest record ends within quotes: a last cell with line breaks was quoted, so the
    /// record's last character must be its quote.
    fn open_ended(&self) -> bool {
        let last = self.record.get(self.record.len().saturating_sub(1));
        last.is_some_and(|cell| cell.contains(&b'\n'))
            && self.reader.get_ref().last_of_text(self.end()) != Some(b'"')
    }

    /// How much of the input the records so far were.
    fn end(&self) -> u64 {
        self.start + self.reader.position().byte()
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.size, self.counter.total())
    }

    pub(super) const fn latin1(&self) -> bool {
        self.latin1
    }

    pub(super) fn rejected(&self, problems: &str) -> (Option<String>, String) {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            let mut writer = WriterBuilder::new()
                .delimiter(self.delimiter)
                .flexible(true)
                .from_writer(Vec::new());
            for cell in cells {
                // Writing to memory does not fail.
                let _ = writer.write_field(cell);
            }
            let _ = writer.write_record(None::<&[u8]>);
            String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
        };
        let known = self
            .header
            .iter()
            .position(|name| name == PROBLEMS_COLUMN)
            .unwrap_or(usize::MAX);
        let mut header = self
            .header
            .iter()
            .filter(|name| *name != PROBLEMS_COLUMN)
            .cloned()
            .chain([PROBLEMS_COLUMN.to_owned()]);
        let mut latin1 = false;
        let mut cells = self
            .record
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != known)
            .map(|(_, cell)| text(cell, &mut latin1))
            .chain([problems.to_owned()]);
        (Some(line(&mut header)), line(&mut cells))
    }
}

/// A cell as text: UTF-8, or else Latin-1 as Windows writes it.
fn text(cell: &[u8], latin1: &mut bool) -> String {
    std::str::from_utf8(cell).map_or_else(
        |_| {
            *latin1 = true;
            WINDOWS_1252
                .decode_without_bom_handling(cell)
                .0
                .into_owned()
        },
        str::to_owned,
    )
}

/// The delimiter of a header row.
fn sniff(start: &[u8]) -> u8 {
    let line = start
        .split(|byte| *byte == b'\n')
        .find(|line| !line.iter().all(u8::is_ascii_whitespace))
        .unwrap_or(start);
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|delimiter| (count(*delimiter), *delimiter == b','))
        .unwrap_or(b',')
}

fn positions(
    kind: &'static Kind,
    header: &[String],
    place: &str,
    reading: Reading,
) -> Result<Vec<Option<usize>>> {
    let mut columns: Vec<Option<usize>> = Vec::with_capacity(header.len());
    let mut problems = Vec::new();
    for (i, name) in header.iter().enumerate() {
        let position = kind.position(name);
        match position {
            None if name.is_empty() && !reading.ignore_unknown => problems.push(Flaw::at(
                format!("{place}:1"),
                format!("column {} has no name", i + 1),
                "name it, or take it out (--ignore-unknown passes it over)",
            )),
            Some(at) if columns.contains(&Some(at)) => problems.push(
                Flaw::of(name, "the column stands twice", "name each column once")
                    .within(format!("{place}:1")),
            ),
            None if !reading.ignore_unknown && name != PROBLEMS_COLUMN => {
                let names = kind.columns.iter().map(|column| column.name);
                let remedy = did_you_mean(name, names.clone()).map_or_else(
                    || format!("known: {}", names.collect::<Vec<_>>().join(", ")),
                    |question| format!("{question} (--ignore-unknown passes it over)"),
                );
                let found = format!("{} have no such column", kind.name);
                problems.push(Flaw::of(name, found, remedy).within(format!("{place}:1")));
            }
            _ => {}
        }
        columns.push(position);
    }
    for column in &kind.columns[..kind.key] {
        if column.required
            && kind
                .position(column.name)
                .is_none_or(|at| !columns.contains(&Some(at)))
        {
            problems.push(Flaw::at(
                format!("{place}:1"),
                format!("the header lacks the key column `{}`", column.name),
                format!("found: {}", header.join(", ")),
            ));
        }
    }
    if problems.is_empty() {
        Ok(columns)
    } else {
        Err(Error::flaws(
            "the header is not acceptable; nothing was imported",
            problems,
        ))
    }
}

fn broken(place: &str, error: csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => unreadable(place, error),
        kind => Error::flaws(
            "the file is not acceptable",
            vec![Flaw::at(format!("{place}:{line}"), format!("{kind:?}"), "")],
        ),
    }
}
