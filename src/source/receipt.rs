//! Files of reports, as receivers of webhooks write them: JSON documents one after the other, forms one a
//! line, or CSV with a header. Each is read by itself, and one that is not acceptable does not hide the next.

use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Deserializer, Map, Value};

use super::csv::{separator, sniff};
use super::input::{CONTROL_Z, Lines};
use crate::domain::cell::peeled;
use crate::domain::words::plain;
use crate::error::{Error, Result};
use crate::wire::letters;

/// The longest document that is believed, in bytes.
const LONGEST: u64 = 16 << 20;

/// The longest line of forms that is believed, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// One document of a file, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file and the line.
    pub place: String,
    /// What it says, or why it cannot be read.
    pub value: Result<Value, String>,
}

/// Reads every document of an input, in its order.
///
/// # Errors
/// When the input cannot be read, or `each` fails.
pub fn documents(
    input: impl Read,
    place: &str,
    mut each: impl FnMut(Document) -> Result<()>,
) -> Result<()> {
    let mut input = Counted {
        input: BufReader::new(Lines::of(input)),
        lines: 1,
        bytes: 0,
    };
    let unreadable =
        |error: io::Error| Error::unacceptable(format!("{place} cannot be read")).because(error);
    skip_blank(&mut input).map_err(unreadable)?;
    let first = input.fill_buf().map_err(unreadable)?;
    let line: &[u8] = first
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    match line.first() {
        None => Ok(()),
        Some(b'{' | b'[') => json(&mut input, place, &mut each),
        // A form has no commas outside its escapes, and no header.
        Some(_) if line.contains(&b'=') && !line.iter().any(|byte| b",;\t".contains(byte)) => {
            forms(&mut input, place, &mut each)
        }
        // A lone word is no header either.
        Some(_) => csv(&mut input, place, &mut each),
    }
}

/// Input that knows its line, and how much was read since it was last asked.
struct Counted<R> {
    input: BufReader<R>,
    lines: u64,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = {
            let available = self.fill_buf()?;
            let n = available.len().min(buffer.len());
            buffer[..n].copy_from_slice(&available[..n]);
            n
        };
        self.consume(n);
        if self.bytes > LONGEST {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a document is longer than 16 MiB; write JSON Lines, one report a line",
            ));
        }
        Ok(n)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        let passed = &self.input.buffer()[..n.min(self.input.buffer().len())];
        self.lines += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.bytes += n as u64;
        self.input.consume(n);
    }
}

/// Passes over white space, commas between documents, and a mark at the beginning.
fn skip_blank(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let blank = available
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace() || b"\xef\xbb\xbf\x1a".contains(byte))
            .count();
        if blank == 0 {
            return Ok(());
        }
        input.consume(blank);
    }
}

fn json<R: Read>(
    input: &mut Counted<R>,
    place: &str,
    each: &mut impl FnMut(Document) -> Result<()>,
) -> Result<()> {
    loop {
        skip_blank(input)?;
        input.bytes = 0;
        if input.fill_buf()?.is_empty() {
            return Ok(());
        }
        let line = input.lines;
        let read = Deserializer::from_reader(&mut *input)
            .into_iter::<Value>()
            .next();
        let value = match read {
            None => return Ok(()),
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) if error.is_io() => {
                return Err(
                    Error::unacceptable(format!("{place}:{line} cannot be read")).because(error),
                );
            }
            Some(Err(_)) => {
                // The rest of the line belongs to what could not be read.
                skip_line(input)?;
                Err("is not JSON".to_owned())
            }
        };
        each(Document {
            place: format!("{place}:{line}"),
            value,
        })?;
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let n = end.map_or(available.len(), |at| at + 1);
        input.consume(n);
        if end.is_some() {
            return Ok(());
        }
    }
}

fn forms<R: Read>(
    input: &mut Counted<R>,
    place: &str,
    each: &mut impl FnMut(Document) -> Result<()>,
) -> Result<()> {
    let mut line = Vec::new();
    loop {
        let number = input.lines;
        line.clear();
        input.bytes = 0;
        let n = (&mut *input)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if n == 0 {
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        each(Document {
            place: format!("{place}:{number}"),
            value: Ok(object(form_fields(line.trim_ascii()))),
        })?;
    }
}

/// The fields of a form (`application/x-www-form-urlencoded`), in its order.
pub fn form_fields(form: &[u8]) -> Vec<(String, String)> {
    form.split(|byte| *byte == b'&')
        .filter(|field| !field.is_empty())
        .map(|field| {
            let at = field.iter().position(|byte| *byte == b'=');
            let (name, value) = match at {
                Some(at) => (&field[..at], &field[at + 1..]),
                None => (field, &[][..]),
            };
            (unescaped(name), unescaped(value))
        })
        .collect()
}

fn unescaped(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, beyond @ ..]) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                    rest = beyond;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Fields as one JSON object.
pub fn object(fields: Vec<(String, String)>) -> Value {
    let fields = fields.into_iter();
    Value::Object(
        fields
            .map(|(name, value)| (name, Value::from(value)))
            .collect(),
    )
}

fn csv<R: Read>(
    input: &mut Counted<R>,
    place: &str,
    each: &mut impl FnMut(Document) -> Result<()>,
) -> Result<()> {
    let (told, before) = separator(input.fill_buf()?);
    input.consume(before);
    let before = u64::from(before > 0);
    let delimiter = told.unwrap_or(sniff(input.fill_buf()?));
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        // So that lines are counted right: the CR before it is trimmed.
        .terminator(::csv::Terminator::Any(b'\n'))
        .trim(::csv::Trim::All)
        .from_reader(input);
    let names: Vec<String> = reader
        .byte_headers()
        .map_err(|error| Error::unacceptable(format!("{place} cannot be read")).because(error))?
        .iter()
        .map(|name| plain(&letters::text(name)))
        .collect();
    let mut row = ::csv::ByteRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                return Err(
                    Error::unacceptable(format!("{place}:{line} cannot be read")).because(error),
                );
            }
        }
        let line = before + row.position().map_or(line, ::csv::Position::line);
        if row.len() == 1 && row.get(0) == Some(b"\x1a".as_slice()) {
            return Ok(());
        }
        if row.len() == 1 && row.get(0).is_some_and(<[u8]>::is_empty) {
            continue;
        }
        let cells: Map<String, Value> = names
            .iter()
            .zip(row.iter())
            .map(|(name, cell)| (name.clone(), Value::from(text(cell))))
            .collect();
        each(Document {
            place: format!("{place}:{line}"),
            value: Ok(Value::Object(cells)),
        })?;
    }
}

/// A cell as a person means it, without what spreadsheets and old programs put around it.
fn text(cell: &[u8]) -> String {
    let cell = letters::text(cell);
    peeled(cell.trim_end_matches(CONTROL_Z)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all(text: &str) -> Vec<(String, Result<Value, String>)> {
        let mut found = Vec::new();
        documents(text.as_bytes(), "f", |document| {
            found.push((document.place, document.value));
            Ok(())
        })
        .expect("readable");
        found
    }

    #[test]
    fn a_bad_document_does_not_hide_the_next() {
        let found = all("\u{feff}{\"a\":1}\nnonsense {\n\n[\n {\"b\":2}\n]\n{\"c\":\n");
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["f:1", "f:2", "f:4", "f:7"]);
        assert_eq!(found[0].1, Ok(json!({"a": 1})));
        assert!(found[1].1.is_err());
        assert_eq!(found[2].1, Ok(json!([{"b": 2}])));
        assert!(found[3].1.is_err());
        assert!(all(" \n").is_empty());
    }

    #[test]
    fn a_file_may_hold_rows_or_forms() {
        let found = all("Id;Status;Motivo\n7;entregue;\"a;b\"\n8;lido;\n");
        assert_eq!(
            found[0],
            (
                "f:2".to_owned(),
                Ok(json!({"id": "7", "status": "entregue", "motivo": "a;b"}))
            )
        );
        assert_eq!(found.len(), 2);
        let found =
            all("MessageSid=SM1&MessageStatus=delivered&Body=n%C3%A3o+%2B\n\nMessageSid=SM2\n");
        assert_eq!(
            found[0].1,
            Ok(json!({"MessageSid": "SM1", "MessageStatus": "delivered", "Body": "não +"}))
        );
        assert_eq!(found[1].0, "f:3");
    }

    #[test]
    fn trial_34_reports_are_read_as_spreadsheets_and_old_programs_write_them() {
        let report = |id: &str, status: &str| Ok(json!({"id": id, "status": status}));
        let expected = [
            ("f:3".to_owned(), report("000123", "delivered")),
            ("f:4".to_owned(), report("b;c", "read")),
        ];
        let text = "sep=;\nid;status\n=\"000123\";delivered\n\"b;c\";read\n\u{1a}";
        assert_eq!(all(text), expected);
        assert_eq!(all(&text.replace('\n', "\r")), expected, "CR alone");
        assert_eq!(all(&text.replace('\n', "\r\n")), expected);
        assert_eq!(all("id,status\n7,read\u{1a}")[0].1, report("7", "read"));
    }

    #[test]
    fn a_document_without_an_end_is_refused() {
        let endless = format!("[{}", "1,".repeat(9 << 20));
        let refused = documents(endless.as_bytes(), "f", |_| Ok(()));
        assert!(refused.is_err());
    }

    #[test]
    fn escapes_of_forms_are_undone() {
        assert_eq!(unescaped(b"%zz%2"), "%zz%2");
        assert_eq!(unescaped(b"%41+b%"), "A b%");
    }
}
