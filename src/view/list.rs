//! A list: rows under the columns of a view, as a table, JSON, JSON Lines or CSV, written as they come.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use super::cell::Cell;
use super::columns::{CellAt, Frame, Row, View};
use super::measure::folded;
use super::{Format, Out, harmless, json, language, table};
use crate::error::Result;

/// Rows of a table that are laid out together; a longer table goes on under a new header.
const BLOCK: usize = 2_000;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 16;

/// Where the rows go, in the form asked for.
enum Paper {
    /// Rows are laid out together.
    Table(Vec<Vec<Cell>>, BufWriter<io::Stdout>),
    Json(BufWriter<io::Stdout>),
    Jsonl(BufWriter<io::Stdout>),
    Csv(Box<csv::Writer<io::Stdout>>),
}

/// A list being written.
pub struct List<'a, T: ?Sized> {
    view: View<'a, T>,
    written: Written,
}

/// What was written of a list, whatever its rows are made of.
struct Written {
    out: Out,
    paper: Paper,
    rows: u64,
    /// Names of columns for which a table had no room.
    left_out: Vec<String>,
    /// A number being written.
    text: String,
}

/// One row of a CSV being written.
pub struct Fields<'f> {
    writer: &'f mut csv::Writer<io::Stdout>,
    out: Out,
    text: &'f mut String,
}

impl Fields<'_> {
    /// A text, a word, or nothing.
    pub fn text(&mut self, text: &str) -> Result<()> {
        field(self.writer, self.out, &self.out.sheet.text(text))
    }

    /// A whole number.
    pub fn number(&mut self, number: i64) -> Result<()> {
        self.text.clear();
        // Writing to memory does not fail.
        let _ = write!(self.text, "{number}");
        field(self.writer, self.out, self.text)
    }

    /// A day that is written as ISO 8601.
    pub fn day(&mut self, iso: &str) -> Result<()> {
        if !self.out.sheet.brazilian {
            return self.text(iso);
        }
        match iso.parse() {
            Ok(day) => self.cell(&Cell::Day(day)),
            Err(_) => self.text(iso),
        }
    }

    /// Any other value.
    pub fn cell(&mut self, cell: &Cell) -> Result<()> {
        field(self.writer, self.out, &cell.for_sheets(self.out.sheet))
    }
}

impl<'a, T: ?Sized> List<'a, T> {
    pub(super) fn new(out: Out, view: View<'a, T>) -> Self {
        Self {
            view,
            written: Written::begin(out),
        }
    }

    /// Writes one row.
    pub fn row(&mut self, row: &T) -> Result<()> {
        self.written.row(&self.view.frame, &self.view.cell_at(row))
    }

    /// Writes one row of a CSV field by field, without a cell for each; false, and nothing is written, when
    /// the list has another form.
    pub fn fields(&mut self, write: impl FnOnce(&mut Fields<'_>) -> Result<()>) -> Result<bool> {
        let Some(mut fields) = self.written.fields(&self.view.frame)? else {
            return Ok(false);
        };
        write(&mut fields)?;
        end_record(fields.writer)?;
        Ok(true)
    }

    /// Writes these rows.
    pub fn rows<'r>(&mut self, rows: impl IntoIterator<Item = &'r T>) -> Result<()>
    where
        T: 'r,
    {
        rows.into_iter().try_for_each(|row| self.row(row))
    }

    /// Ends the list; `totals` are said under a table.
    pub fn finish(self, totals: &str) -> Result<()> {
        self.written.finish(&self.view.frame, totals)
    }
}

impl Written {
    fn begin(out: Out) -> Self {
        let buffered = || BufWriter::with_capacity(BUFFER, io::stdout());
        let paper = match out.format {
            Format::Table => Paper::Table(Vec::new(), buffered()),
            Format::Json => Paper::Json(buffered()),
            Format::Jsonl => Paper::Jsonl(buffered()),
            Format::Csv => Paper::Csv(Box::new(
                csv::WriterBuilder::new()
                    .delimiter(out.sheet.delimiter())
                    .buffer_capacity(BUFFER)
                    .from_writer(io::stdout()),
            )),
        };
        Self {
            out,
            paper,
            rows: 0,
            left_out: Vec::new(),
            text: String::new(),
        }
    }

    fn row(&mut self, frame: &Frame, cell: &CellAt<'_>) -> Result<()> {
        let first = self.rows == 0;
        self.rows += 1;
        match &mut self.paper {
            Paper::Table(block, writer) => {
                block.push(frame.shown().map(|(at, _)| cell(at)).collect());
                if block.len() == BLOCK {
                    let rows = std::mem::take(block);
                    draw(self.out, frame, &rows, &mut self.left_out, writer)?;
                }
            }
            Paper::Json(writer) => {
                writer.write_all(if first { b"[\n  " } else { b",\n  " })?;
                json::write(writer, &Row(frame, cell), self.out.drawn)?;
            }
            Paper::Jsonl(writer) => {
                json::write(&mut *writer, &Row(frame, cell), self.out.drawn)?;
                writer.write_all(b"\n")?;
            }
            Paper::Csv(writer) => {
                if first {
                    header(writer, frame, self.out)?;
                }
                for at in 0..frame.heads.len() {
                    let cell = cell(at);
                    field(writer, self.out, &cell.for_sheets(self.out.sheet))?;
                }
                end_record(writer)?;
            }
        }
        Ok(())
    }

    /// A row's fields, where the list is a CSV.
    fn fields(&mut self, frame: &Frame) -> Result<Option<Fields<'_>>> {
        let Paper::Csv(writer) = &mut self.paper else {
            return Ok(None);
        };
        if self.rows == 0 {
            header(writer, frame, self.out)?;
        }
        self.rows += 1;
        Ok(Some(Fields {
            writer,
            out: self.out,
            text: &mut self.text,
        }))
    }

    fn finish(mut self, frame: &Frame, totals: &str) -> Result<()> {
        let nothing = self.rows == 0;
        match self.paper {
            Paper::Table(block, mut writer) => {
                if !block.is_empty() || (nothing && self.out.drawn && frame.empty.is_none()) {
                    draw(self.out, frame, &block, &mut self.left_out, &mut writer)?;
                }
                if !self.left_out.is_empty() {
                    let names = self.left_out.join(", ");
                    let words = format!("no room for: {names} (wider, or -o csv)");
                    let words = language::said(&words);
                    let room = usize::from(self.out.width);
                    writeln!(writer, "{}", folded(&words, room).join("\n"))?;
                }
                if !totals.is_empty() {
                    let said = language::said(totals);
                    let said = harmless::lines(&said);
                    for line in said.lines() {
                        let parts = match self.out.drawn {
                            true => folded(line, usize::from(self.out.width)),
                            false => vec![line.to_owned()],
                        };
                        writeln!(writer, "{}", parts.join("\n"))?;
                    }
                }
                writer.flush()?;
                if nothing && let Some(empty) = &frame.empty {
                    self.out.say(&empty.none);
                    self.out.say(format!("  try: {}", empty.remedy));
                }
            }
            Paper::Json(mut writer) => {
                writer.write_all(if nothing { b"[]\n" } else { b"\n]\n" })?;
                writer.flush()?;
            }
            Paper::Jsonl(mut writer) => writer.flush()?,
            Paper::Csv(mut writer) => {
                if nothing {
                    header(&mut writer, frame, self.out)?;
                }
                writer.flush()?;
            }
        }
        Ok(())
    }
}

/// Draws rows and notes the columns that had no room.
fn draw(
    out: Out,
    frame: &Frame,
    rows: &[Vec<Cell>],
    left_out: &mut Vec<String>,
    writer: &mut impl Write,
) -> Result<()> {
    let laid = table::lay(out, frame, rows);
    for line in laid.lines {
        writeln!(writer, "{line}")?;
    }
    for name in laid.left_out {
        if !left_out.contains(&name) {
            left_out.push(name);
        }
    }
    Ok(())
}

fn header(writer: &mut csv::Writer<io::Stdout>, frame: &Frame, out: Out) -> Result<()> {
    // Nothing of the CSV has left its buffer yet: the mark comes before it.
    io::stdout().write_all(out.sheet.mark())?;
    for head in &frame.heads {
        writer
            .write_field(head.name.as_bytes())
            .map_err(csv_error)?;
    }
    end_record(writer)
}

/// Writes a field: a file gets what there is; a terminal only what it cannot obey.
fn field(writer: &mut csv::Writer<io::Stdout>, out: Out, text: &str) -> Result<()> {
    let text = if out.drawn {
        harmless::lines(text)
    } else {
        Cow::Borrowed(text)
    };
    Ok(writer.write_field(text.as_bytes()).map_err(csv_error)?)
}

fn end_record(writer: &mut csv::Writer<io::Stdout>) -> Result<()> {
    Ok(writer.write_record(None::<&[u8]>).map_err(csv_error)?)
}

/// What went wrong under the CSV: a reader that went away must be told from a full disk.
fn csv_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
