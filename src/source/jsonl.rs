//! JSON Lines: one object a line, its keys the columns; null is an empty cell.

use std::borrow::Cow;
use std::io::BufRead as _;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::encoding::Encoding;
use super::headings::{Headings, Meaning};
use super::input::{CONTROL_Z, Counter, Guarded, LONGEST_ROW, PROBLEMS_COLUMN, unreadable};
use super::pairs::Pairs;
use super::raw_row::{RawRow, Reading};
use crate::domain::book::{CellType, FactKind};
use crate::error::{Error, Result};

/// The rows of a JSON Lines file.
pub struct JsonRows {
    input: Guarded,
    counter: Rc<Counter>,
    line: u64,
    text: Vec<u8>,
    kind: &'static FactKind,
    place: String,
    size: u64,
    reading: Reading,
    encoding: Option<Encoding>,
}

impl JsonRows {
    pub(super) fn new(
        kind: &'static FactKind,
        input: Guarded,
        place: &str,
        size: u64,
        reading: &Reading,
    ) -> Self {
        Self {
            counter: input.counter(),
            input,
            line: 0,
            text: Vec::new(),
            kind,
            place: place.to_owned(),
            size,
            reading: reading.clone(),
            encoding: None,
        }
    }

    pub(super) fn next(&mut self, row: &mut RawRow) -> Result<bool> {
        loop {
            self.text.clear();
            if !self.read_line()? {
                return Ok(false);
            }
            self.line += 1;
            let blank = |byte: &u8| byte.is_ascii_whitespace() || char::from(*byte) == CONTROL_Z;
            if !self.text.iter().all(blank) {
                break;
            }
        }
        row.clear(self.kind.columns.len());
        row.cells.fill(None);
        row.line = self.line;
        let text = match std::str::from_utf8(&self.text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                let encoding = self.reading.encoding.unwrap_or(Encoding::Utf8);
                self.encoding = Some(encoding);
                encoding.decode(&self.text)
            }
        };
        match serde_json::from_str::<Pairs>(text.trim_end_matches(CONTROL_Z)) {
            Ok(Pairs(pairs)) => self.take(&pairs, row)?,
            Err(error) => {
                // Its line would be that within this one line.
                let error = error.to_string();
                let error = error.split(" at line ").next().unwrap_or_default();
                row.problems.push((
                    String::new(),
                    format!("is not a JSON object ({error})"),
                    "write one object a line".to_owned(),
                ));
            }
        }
        Ok(true)
    }

    /// Puts what an object says into the row; a key that nobody knows refuses the file, since it
    /// would refuse every line.
    fn take(&self, pairs: &[(String, Value)], row: &mut RawRow) -> Result<()> {
        let mut unknown = Vec::new();
        let mut seen: Vec<usize> = Vec::new();
        for (key, value) in pairs {
            let at = match self.reading.headings.meaning(self.kind, key) {
                Some(Meaning::Likely(at)) if seen.contains(&at) => continue,
                Some(Meaning::Column(at) | Meaning::Likely(at)) => at,
                Some(Meaning::Nothing) => continue,
                None => {
                    if !self.reading.ignore_unknown && key != PROBLEMS_COLUMN {
                        let place = format!("{}:{}", self.place, self.line);
                        unknown.push(Headings::unknown(self.kind, key).within(place));
                    }
                    continue;
                }
            };
            if seen.contains(&at) {
                row.problems.push((
                    key.clone(),
                    "stands twice in this line".to_owned(),
                    "give each key once".to_owned(),
                ));
                continue;
            }
            seen.push(at);
            let column = &self.kind.columns[at];
            match text(value, &column.cell) {
                Some(text) => row.put(at, &text),
                None => row.problems.push((
                    key.clone(),
                    format!("found {value}"),
                    format!("accepted: {}", of_json(&column.cell)),
                )),
            }
        }
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(Error::flaws(
                "the file is not acceptable; nothing was imported",
                unknown,
            ))
        }
    }

    /// Reads one line, however long up to the guard's limit.
    fn read_line(&mut self) -> Result<bool> {
        let mut any = false;
        loop {
            let buffer = self
                .input
                .fill_buf()
                .map_err(|error| unreadable(&self.place, error))?;
            if buffer.is_empty() {
                self.counter.row();
                return Ok(any);
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let n = end.map_or(buffer.len(), |at| at + 1);
            self.text.extend_from_slice(&buffer[..n]);
            self.input.consume(n);
            if self.text.len() as u64 > LONGEST_ROW {
                return Err(Error::unacceptable(format!(
                    "{}:{}: a line is longer than 1 MiB",
                    self.place,
                    self.line + 1
                )));
            }
            if end.is_some() {
                self.counter.row();
                return Ok(true);
            }
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.size, self.counter.total())
    }

    pub(super) const fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    pub(super) fn rejected(&self, problems: &str) -> String {
        match serde_json::from_slice::<Map<String, Value>>(&self.text) {
            Ok(mut object) => {
                object.insert("problems".to_owned(), Value::String(problems.to_owned()));
                format!("{}\n", Value::Object(object))
            }
            Err(_) => format!("{}\n", String::from_utf8_lossy(&self.text).trim_end()),
        }
    }
}

/// A JSON value as the text that a CSV cell of this type would hold; none where it is of another type.
pub(super) fn text(value: &Value, cell: &CellType) -> Option<String> {
    match (value, cell) {
        (Value::Null, _) => Some(String::new()),
        (Value::Bool(flag), CellType::YesNo(_) | CellType::Word(_)) => Some(flag.to_string()),
        (Value::Number(number), CellType::Money) => Some(number.to_string()),
        (Value::Number(number), _) if number.is_u64() || number.is_i64() => {
            Some(number.to_string())
        }
        (Value::String(text), _) => Some(text.clone()),
        (Value::Array(items), CellType::List | CellType::Ids) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join("|")),
        _ => None,
    }
}

/// What JSON may have in a column of this type.
pub(super) fn of_json(cell: &CellType) -> &'static str {
    match cell {
        CellType::List => "a list of texts, a text, null",
        CellType::Ids => "a list of numbers, a text, null",
        CellType::YesNo(_) => "true, false, a text, null",
        CellType::Id | CellType::Money => "a number, a text, null",
        _ => "a text, null",
    }
}
