//! A list: rows under named columns, as a table, JSON, JSON Lines or CSV, written as they come.

use std::io::{self, BufWriter, Write};

use comfy_table::{
    Attribute, Cell as Drawn, CellAlignment, Color, ColumnConstraint, ContentArrangement,
    LineStyle, Table, presets,
};
use serde_json::{Map, Value};

use super::{Format, Out};
use crate::error::Result;

/// Rows of a table that are laid out together; a longer table goes on under a new header.
const BLOCK: usize = 2_000;

/// One column: its name in every form, and how a table aligns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    name: String,
    right: bool,
    table: bool,
}

impl Column {
    /// A column of words.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            right: false,
            table: true,
        }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self {
            right: true,
            ..Self::new(name)
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same column, left out of tables: it is there in the other forms.
    #[must_use]
    pub fn data_only(mut self) -> Self {
        self.table = false;
        self
    }
}

/// What a value means to the reader's eye; never told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of less weight.
    Dim,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// None.
    Null,
    /// A whole number.
    Number(i64),
    /// A measure.
    Measure(f64),
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// An amount in cents of a real: a number of reais in JSON and CSV.
    Cents(i64),
    /// A value that people read in another form than programs do.
    Shown {
        /// For programs.
        data: String,
        /// For people.
        shown: String,
    },
    /// A word with a meaning to the eye.
    Toned(String, Tone),
    /// Anything that JSON holds; a text in the other forms.
    Json(Value),
}

impl Cell {
    /// A text, or none.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    /// A number, or none.
    pub fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }

    /// A text from anything that prints.
    pub fn of(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// As JSON holds it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::from(*number),
            Self::Measure(measure) => Value::from(*measure),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Text(text) | Self::Toned(text, _) => Value::String(text.clone()),
            #[expect(
                clippy::cast_precision_loss,
                reason = "two decimals are exact far beyond any invoice"
            )]
            Self::Cents(cents) => Value::from(*cents as f64 / 100.0),
            Self::Shown { data, .. } => Value::String(data.clone()),
            Self::Json(value) => value.clone(),
        }
    }

    /// As people read it.
    pub fn shown(&self) -> String {
        self.to_table()
    }

    fn to_csv(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::Cents(cents) => decimal(*cents),
            Self::Shown { data, .. } => data.clone(),
            Self::Json(Value::Null) => String::new(),
            Self::Json(Value::String(text)) => text.clone(),
            Self::Json(value) => value.to_string(),
            other => other.to_table(),
        }
    }

    fn to_table(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Measure(measure) => format!("{measure:.2}"),
            Self::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
            Self::Text(text) | Self::Toned(text, _) => text.clone(),
            Self::Cents(cents) => reais(*cents),
            Self::Shown { shown, .. } => shown.clone(),
            Self::Json(_) => self.to_csv(),
        }
    }
}

/// Cents as programs read them: `1234.56`.
fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:02}",
        cents.unsigned_abs() / 100,
        cents.unsigned_abs() % 100
    )
}

/// Cents as people read them: `1.234,56`.
fn reais(cents: i64) -> String {
    let plain = decimal(cents);
    let (whole, decimals) = plain.split_at(plain.len() - 3);
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped},{}", &decimals[1..])
}

/// A list being written.
pub struct List {
    out: Out,
    columns: Vec<Column>,
    writer: BufWriter<io::Stdout>,
    csv: Vec<u8>,
    block: Vec<Vec<Cell>>,
    rows: u64,
}

impl List {
    pub(super) fn new(out: Out, columns: &[Column]) -> Self {
        Self {
            out,
            columns: columns.to_vec(),
            writer: BufWriter::with_capacity(1 << 16, io::stdout()),
            csv: Vec::new(),
            block: Vec::new(),
            rows: 0,
        }
    }

    /// Writes one row: a cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        match self.out.format {
            Format::Table => {
                self.block.push(cells);
                self.rows += 1;
                if self.block.len() == BLOCK {
                    self.draw()?;
                }
                return Ok(());
            }
            Format::Json => {
                self.writer
                    .write_all(if self.rows == 0 { b"[\n  " } else { b",\n  " })?;
                self.object(&cells)?;
            }
            Format::Jsonl => {
                self.object(&cells)?;
                self.writer.write_all(b"\n")?;
            }
            Format::Csv => {
                if self.rows == 0 {
                    self.header()?;
                }
                let line: Vec<String> = cells.iter().map(Cell::to_csv).collect();
                self.csv_line(&line)?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the list; `totals` are said under a table.
    pub fn finish(mut self, totals: &str) -> Result<()> {
        match self.out.format {
            Format::Table => {
                if !self.block.is_empty() || (self.rows == 0 && self.out.drawn) {
                    self.draw()?;
                }
                if !totals.is_empty() {
                    self.writer.write_all(totals.as_bytes())?;
                    self.writer.write_all(b"\n")?;
                }
            }
            Format::Json => {
                self.writer
                    .write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?;
            }
            Format::Jsonl => {}
            Format::Csv => {
                if self.rows == 0 {
                    self.header()?;
                }
            }
        }
        Ok(self.writer.flush()?)
    }

    fn object(&mut self, cells: &[Cell]) -> Result<()> {
        serde_json::to_writer(&mut self.writer, &object(&self.columns, cells))
            .map_err(io::Error::from)?;
        Ok(())
    }

    fn header(&mut self) -> Result<()> {
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        self.csv_line(&names)
    }

    fn csv_line(&mut self, cells: &[String]) -> Result<()> {
        self.csv.clear();
        {
            let mut writer = csv::WriterBuilder::new()
                .buffer_capacity(1 << 10)
                .from_writer(&mut self.csv);
            writer.write_record(cells).map_err(io::Error::other)?;
            writer.flush()?;
        }
        Ok(self.writer.write_all(&self.csv)?)
    }

    fn draw(&mut self) -> Result<()> {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|i| self.columns[*i].table)
            .collect();
        let mut table = Table::new();
        if self.out.drawn {
            table
                .load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─')))
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(self.out.width);
        } else {
            table
                .load_style(presets::NOTHING)
                .set_content_arrangement(ContentArrangement::Disabled)
                .force_no_tty();
        }
        if self.out.colour {
            table.enforce_styling();
        }
        table.set_header(shown.iter().map(|i| {
            // Where room is short, a name of several words stands on several lines.
            let name = &self.columns[*i].name;
            let cell = if self.out.drawn {
                Drawn::new(name.replace('_', "\n"))
            } else {
                Drawn::new(name)
            };
            if self.out.colour {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        }));
        for cells in self.block.drain(..) {
            table.add_row(shown.iter().map(|i| drawn(&cells[*i], self.out.colour)));
        }
        for (place, i) in shown.iter().enumerate() {
            if let Some(column) = table.column_mut(place) {
                if self.columns[*i].right {
                    column.set_cell_alignment(CellAlignment::Right);
                }
                // Nothing stands after the last one: its padding would go over the edge.
                let after = if place + 1 == shown.len() { 0 } else { 2 };
                column.set_padding((0, after));
            }
        }
        if self.out.drawn {
            keep_short_columns_whole(&mut table, self.out.width);
        }
        for line in table.lines() {
            self.writer.write_all(line.trim_end().as_bytes())?;
            self.writer.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Columns of short words and numbers are not broken over lines while the longer ones have room to give.
fn keep_short_columns_whole(table: &mut Table, width: u16) {
    /// What counts as short, tried from the widest; and what a long column needs at the least.
    const SHORT: [u16; 4] = [22, 18, 14, 11];
    const LEAST: u16 = 9;
    const PADDING: u16 = 2;
    let widths = table.column_max_content_widths();
    let fits = |short: &u16| {
        let needed: u32 = widths
            .iter()
            .map(|w| u32::from(if w <= short { *w } else { LEAST } + PADDING))
            .sum();
        needed <= u32::from(width) + u32::from(PADDING)
    };
    let Some(short) = SHORT.into_iter().find(fits) else {
        return;
    };
    for (place, w) in widths.iter().enumerate() {
        if *w <= short
            && let Some(column) = table.column_mut(place)
        {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// One row as a JSON object.
pub(super) fn object(columns: &[Column], cells: &[Cell]) -> Map<String, Value> {
    columns
        .iter()
        .zip(cells)
        .map(|(column, cell)| (column.name.clone(), cell.to_json()))
        .collect()
}

fn drawn(cell: &Cell, colour: bool) -> Drawn {
    // A text from outside must not move the cursor or break the row.
    let text: String = cell
        .to_table()
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect();
    let drawn = Drawn::new(text);
    match cell {
        Cell::Toned(_, tone) if colour => drawn.fg(match tone {
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Dim => Color::DarkGrey,
        }),
        _ => drawn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_one_value_and_two_faces() {
        let cell = Cell::Cents(123_456);
        assert_eq!(cell.to_json(), serde_json::json!(1234.56));
        assert_eq!(cell.to_csv(), "1234.56");
        assert_eq!(cell.to_table(), "1.234,56");
        assert_eq!(Cell::Cents(5).to_table(), "0,05");
        assert_eq!(Cell::Cents(-100_000).to_table(), "-1.000,00");
    }
}
