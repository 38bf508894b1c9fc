//! CSV with a header row: `,`, `;` or tab between cells, UTF-8, Latin-1 or CP850, with or without a BOM.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::BufRead as _;
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder, WriterBuilder};

use super::encoding::Encoding;
use super::headings::{Headings, Meaning};
use super::input::{CONTROL_Z, Counter, Guarded, PROBLEMS_COLUMN, unreadable};
use super::raw_row::{RawRow, Reading};
use crate::domain::book::FactKind;
use crate::domain::cell::peeled;
use crate::error::{Error, Flaw, Result};

/// The rows of a CSV file.
pub struct CsvRows {
    reader: Reader<Guarded>,
    record: ByteRecord,
    header: Vec<String>,
    /// For each cell, the column of the kind it belongs to.
    columns: Vec<Option<usize>>,
    kind: &'static FactKind,
    place: String,
    size: u64,
    counter: Rc<Counter>,
    /// Where the reader began: after a BOM.
    start: u64,
    delimiter: u8,
    /// Lines before the header (`sep=;`).
    before: u64,
    letters: Letters,
}

impl CsvRows {
    pub(super) fn new(
        kind: &'static FactKind,
        mut input: Guarded,
        place: &str,
        size: u64,
        reading: &Reading,
    ) -> Result<Self> {
        let start = input.fill_buf().map_err(|error| unreadable(place, error))?;
        let (told, before) = separator(start);
        input.consume(before);
        let start = input.fill_buf().map_err(|error| unreadable(place, error))?;
        let delimiter = told.unwrap_or_else(|| sniff(start));
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
        let letters = Letters {
            given: reading.encoding,
            found: Cell::new(None),
        };
        let latest = reader.get_ref().latest();
        let header: Vec<String> = record
            .iter()
            .map(|cell| letters.text(cell, latest).trim().to_owned())
            .collect();
        let before = u64::from(before > 0);
        let columns = positions(kind, &header, &format!("{place}:{}", before + 1), reading)?;
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
            before,
            letters,
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
        if self.record.len() == 1 && self.record.get(0) == Some(b"\x1a".as_slice()) {
            return Ok(false);
        }
        row.clear(self.kind.columns.len());
        row.line = self.line();
        if self.record.len() != self.header.len() {
            row.problems.push((
                String::new(),
                match self.record.len() {
                    1 => "the row has 1 cell".to_owned(),
                    n => format!("the row has {n} cells"),
                },
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
        let latest = self.reader.get_ref().latest();
        for (cell, column) in self.record.iter().zip(&self.columns) {
            if let Some(column) = column {
                let text = self.letters.text(cell, latest);
                if self.letters.given == Some(Encoding::Utf8) && text.contains('\u{fffd}') {
                    row.problems.push((
                        self.kind.columns[*column].name.to_owned(),
                        format!("found `{text}`, which is not UTF-8"),
                        "leave --encoding out, or name the right one".to_owned(),
                    ));
                }
                row.put(*column, text.trim_end_matches(CONTROL_Z));
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
        self.before + end.line() - u64::from(ended) - within.count() as u64
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

    pub(super) const fn encoding(&self) -> Option<Encoding> {
        self.letters.found.get()
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
        let latest = self.reader.get_ref().latest();
        let mut cells = self
            .record
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != known)
            .map(|(_, cell)| as_text(&self.letters.text(cell, latest)))
            .chain([problems.to_owned()]);
        (Some(line(&mut header)), line(&mut cells))
    }
}

/// How a file's letters are written: as given, or as they look where they are not UTF-8.
struct Letters {
    given: Option<Encoding>,
    found: Cell<Option<Encoding>>,
}

impl Letters {
    /// A cell as text; what was read `latest` tells its encoding where nothing else does.
    fn text<'c>(&self, cell: &'c [u8], latest: &[u8]) -> Cow<'c, str> {
        if let Ok(text) = std::str::from_utf8(cell)
            && (self.given.is_none() || text.is_ascii())
        {
            return Cow::Borrowed(text);
        }
        let encoding = self
            .given
            .or(self.found.get())
            .unwrap_or_else(|| Encoding::of(latest));
        self.found.set(Some(encoding));
        encoding.decode(cell)
    }
}

/// A cell as a spreadsheet shows it where it would take it for a formula, which a mere number is not; the same when it
/// is read again.
fn as_text(cell: &str) -> String {
    let number = cell.strip_prefix(['+', '-']).is_some_and(|rest| {
        rest.bytes()
            .all(|byte| byte.is_ascii_digit() || b".,".contains(&byte))
    });
    let formula = cell.starts_with(['=', '+', '-', '@']) && !number && peeled(cell) == cell;
    if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// The delimiter that a first line `sep=;` tells, and how long that line is, its end included.
pub(super) fn separator(start: &[u8]) -> (Option<u8>, usize) {
    let end = start.iter().position(|byte| *byte == b'\n');
    let Some(end) = end else { return (None, 0) };
    let line = start[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let is_sep = line
        .get(..4)
        .is_some_and(|s| s.eq_ignore_ascii_case(b"sep="));
    match line.get(4) {
        Some(delimiter) if is_sep => (Some(*delimiter), end + 1),
        // A tab is cut off with the line's end.
        None if is_sep => (Some(b'\t'), end + 1),
        _ => (None, 0),
    }
}

/// The delimiter of a header row.
pub(super) fn sniff(start: &[u8]) -> u8 {
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

/// For each heading, the column that it means; `place` is the header's line.
fn positions(
    kind: &'static FactKind,
    header: &[String],
    place: &str,
    reading: &Reading,
) -> Result<Vec<Option<usize>>> {
    let mut columns: Vec<Option<usize>> = Vec::with_capacity(header.len());
    let mut problems = Vec::new();
    let mut unknown = false;
    for (i, name) in header.iter().enumerate() {
        let position = match reading.headings.meaning(kind, name) {
            Some(Meaning::Likely(at)) if columns.contains(&Some(at)) => None,
            Some(Meaning::Column(at)) if columns.contains(&Some(at)) => {
                problems.push(
                    Flaw::of(name, "the column stands twice", "name each column once")
                        .within(place),
                );
                None
            }
            Some(Meaning::Column(at) | Meaning::Likely(at)) => Some(at),
            Some(Meaning::Nothing) => None,
            None if reading.ignore_unknown || name == PROBLEMS_COLUMN => None,
            None if name.is_empty() => {
                problems.push(Flaw::at(
                    place,
                    format!("column {} has no name", i + 1),
                    "name it, or take it out (--ignore-unknown passes it over)",
                ));
                None
            }
            None => {
                problems.push(Headings::unknown(kind, name).within(place));
                unknown = true;
                None
            }
        };
        columns.push(position);
    }
    for column in &kind.columns[..kind.key] {
        if column.required
            && kind
                .position(column.name)
                .is_none_or(|at| !columns.contains(&Some(at)))
        {
            problems.push(Flaw::at(
                place,
                format!("the header lacks the key column `{}`", column.name),
                format!("found: {}", header.join(", ")),
            ));
        }
    }
    if problems.is_empty() {
        return Ok(columns);
    }
    Err(not_acceptable(kind, problems, unknown))
}

/// A header's flaws, and where some heading is `unknown`, what makes it known.
fn not_acceptable(kind: &FactKind, problems: Vec<Flaw>, unknown: bool) -> Error {
    let error = Error::flaws(
        "the header is not acceptable; nothing was imported",
        problems,
    );
    if !unknown {
        return error;
    }
    error.hint(format!(
        "[import.{}] in the configuration maps a file's own headings; --preset ixc knows those of the IXC grids",
        kind.name
    ))
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
