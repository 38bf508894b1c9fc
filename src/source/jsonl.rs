//! JSON Lines: one object a line, its keys the columns; null is an empty cell.

use std::io::BufRead as _;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::input::{Counter, Guarded, LONGEST_ROW, unreadable};
use super::raw_row::{RawRow, Reading};
use crate::domain::book::Kind;
use crate::error::{Result, did_you_mean};

/// The rows of a JSON Lines file.
pub struct JsonRows {
    input: Guarded,
    counter: Rc<Counter>,
    line: u64,
    text: Vec<u8>,
    kind: &'static Kind,
    place: String,
    size: u64,
    reading: Reading,
}

impl JsonRows {
    pub(super) fn new(
        kind: &'static Kind,
        input: Guarded,
        place: &str,
        size: u64,
        reading: Reading,
    ) -> Self {
        Self {
            counter: input.counter(),
            input,
            line: 0,
            text: Vec::new(),
            kind,
            place: place.to_owned(),
            size,
            reading,
        }
    }

    pub(super) fn next(&mut self, row: &mut RawRow) -> Result<bool> {
        loop {
            self.text.clear();
            if !self.read_line()? {
                return Ok(false);
            }
            self.line += 1;
            if !self.text.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        row.clear(self.kind.columns.len());
        row.cells.fill(None);
        row.line = self.line;
        let object: Map<String, Value> = match serde_json::from_slice(&self.text) {
            Ok(object) => object,
            Err(error) => {
                // Its line would be that within this one line.
                let error = error.to_string();
                let error = error.split(" at line ").next().unwrap_or_default();
                row.problems.push((
                    String::new(),
                    format!("is not a JSON object ({error})"),
                    "write one object a line".to_owned(),
                ));
                return Ok(true);
            }
        };
        for (key, value) in &object {
            let Some(column) = self.kind.position(key) else {
                if !self.reading.ignore_unknown && key != "problems" {
                    let names = self.kind.columns.iter().map(|column| column.name);
                    let remedy = did_you_mean(key, names.clone()).unwrap_or_else(|| {
                        format!("known: {}", names.collect::<Vec<_>>().join(", "))
                    });
                    row.problems.push((
                        key.clone(),
                        format!("{} have no such column", self.kind.name),
                        remedy,
                    ));
                }
                continue;
            };
            match text(value) {
                Some(text) => row.put(column, &text),
                None => row.problems.push((
                    key.clone(),
                    format!("found {value}"),
                    "accepted: a text, a number, true, false, null, or a list of texts".to_owned(),
                )),
            }
        }
        Ok(true)
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
                return Err(crate::error::Error::unacceptable(format!(
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

/// A JSON value as the text a CSV cell would hold; none for an object.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join("|")),
        Value::Object(_) => None,
    }
}
