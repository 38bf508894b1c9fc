//! A list: rows under the columns of a view, as a table, JSON, JSON Lines or CSV, written as they come.

use std::io::{self, BufWriter, Write};

use super::cell::Cell;
use super::columns::{Place, Row, View};
use super::{Format, Out, table};
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
    out: Out,
    view: View<'a, T>,
    paper: Paper,
    rows: u64,
}

impl<'a, T: ?Sized> List<'a, T> {
    pub(super) fn new(out: Out, view: View<'a, T>) -> Self {
        let buffered = || BufWriter::with_capacity(BUFFER, io::stdout());
        let paper = match out.format {
            Format::Table => Paper::Table(Vec::new(), buffered()),
            Format::Json => Paper::Json(buffered()),
            Format::Jsonl => Paper::Jsonl(buffered()),
            Format::Csv => Paper::Csv(Box::new(
                csv::WriterBuilder::new()
                    .buffer_capacity(BUFFER)
                    .from_writer(io::stdout()),
            )),
        };
        Self {
            out,
            view,
            paper,
            rows: 0,
        }
    }

    /// Writes one row.
    pub fn row(&mut self, row: &T) -> Result<()> {
        let first = self.rows == 0;
        self.rows += 1;
        match &mut self.paper {
            Paper::Table(block, writer) => {
                let shown = self.view.columns.iter();
                block.push(
                    shown
                        .filter(|column| column.place != Place::Nowhere)
                        .map(|column| (column.cell)(row))
                        .collect(),
                );
                if block.len() == BLOCK {
                    draw(self.out, &self.view, std::mem::take(block), writer)?;
                }
            }
            Paper::Json(writer) => {
                writer.write_all(if first { b"[\n  " } else { b",\n  " })?;
                serde_json::to_writer(writer, &Row(&self.view, row)).map_err(io::Error::from)?;
            }
            Paper::Jsonl(writer) => {
                serde_json::to_writer(&mut *writer, &Row(&self.view, row))
                    .map_err(io::Error::from)?;
                writer.write_all(b"\n")?;
            }
            Paper::Csv(writer) => {
                if first {
                    header(writer, &self.view)?;
                }
                for column in &self.view.columns {
                    let cell = (column.cell)(row);
                    let text = cell.for_sheets();
                    writer.write_field(text.as_bytes()).map_err(csv_error)?;
                }
                end_record(writer)?;
            }
        }
        Ok(())
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
        match self.paper {
            Paper::Table(block, mut writer) => {
                if !block.is_empty() || (self.rows == 0 && self.out.drawn) {
                    draw(self.out, &self.view, block, &mut writer)?;
                }
                if !totals.is_empty() {
                    writeln!(writer, "{totals}")?;
                }
                writer.flush()?;
            }
            Paper::Json(mut writer) => {
                writer.write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?;
                writer.flush()?;
            }
            Paper::Jsonl(mut writer) => writer.flush()?,
            Paper::Csv(mut writer) => {
                if self.rows == 0 {
                    header(&mut writer, &self.view)?;
                }
                writer.flush()?;
            }
        }
        Ok(())
    }
}

fn draw<T: ?Sized>(
    out: Out,
    view: &View<T>,
    rows: Vec<Vec<Cell>>,
    writer: &mut impl Write,
) -> Result<()> {
    for line in table::lines(out, view, rows) {
        writeln!(writer, "{line}")?;
    }
    Ok(())
}

fn header<T: ?Sized>(writer: &mut csv::Writer<io::Stdout>, view: &View<T>) -> Result<()> {
    for column in &view.columns {
        writer
            .write_field(column.name.as_bytes())
            .map_err(csv_error)?;
    }
    end_record(writer)
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
