//! Ticket events as JSON Lines: one object a line, of a file or of standard input.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use crate::clock::Now;
use crate::domain::ticket::event::Event;
use crate::error::{Error, Flaw, Result};

mod parse;

pub use parse::parse;

/// The longest line that is believed, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// So much is read at once, in bytes.
const READ_AT_ONCE: usize = 1 << 16;

/// One line that held something: where it stands, and the event or what is wrong with it.
#[derive(Debug)]
pub struct EventLine {
    /// The line's number, from 1.
    pub number: u64,
    /// The file and the line, as a flaw names them.
    pub place: String,
    /// How long it is, in bytes.
    pub bytes: usize,
    /// The event, or every problem of the line.
    pub event: Result<Event, Vec<Flaw>>,
}

/// A file of events, read line by line.
pub struct Events {
    input: BufReader<Box<dyn Read + Send>>,
    place: String,
    number: u64,
    now: Now,
    text: Vec<u8>,
}

impl Events {
    /// Opens a file, or standard input for `-`; `now` dates the events that do not say when.
    pub fn open(path: &Path, now: Now) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::read(Box::new(io::stdin()), "standard input", now));
        }
        let place = path.display().to_string();
        let cannot = |error: io::Error| {
            Error::unacceptable(format!("{place} cannot be read"))
                .because(error)
                .hint("name a file of events, one JSON object a line, or - for standard input")
        };
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(Error::unacceptable(format!("{place} is a folder"))
                .hint("name a file of events, one JSON object a line"));
        }
        Ok(Self::read(Box::new(file), &place, now))
    }

    /// Reads events from anything; `place` names it in problems.
    pub fn read(input: Box<dyn Read + Send>, place: &str, now: Now) -> Self {
        Self {
            input: BufReader::with_capacity(READ_AT_ONCE, input),
            place: place.to_owned(),
            number: 0,
            now,
            text: Vec::new(),
        }
    }

    /// The next line that holds anything; none at the end.
    pub fn next_line(&mut self) -> Result<Option<EventLine>> {
        loop {
            self.text.clear();
            let read = (&mut self.input)
                .take(LONGEST_LINE + 1)
                .read_until(b'\n', &mut self.text)
                .map_err(|error| {
                    Error::world(format!("{} cannot be read to its end", self.place)).because(error)
                })?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let place = format!("{}:{}", self.place, self.number);
            if self.text.len() as u64 > LONGEST_LINE {
                self.skip_line()?;
                let problem = Flaw::at(&place, "is longer than 1 MiB", "write one event a line");
                return Ok(Some(EventLine {
                    number: self.number,
                    place,
                    bytes: 0,
                    event: Err(vec![problem]),
                }));
            }
            let text = self
                .text
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(&self.text);
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some(EventLine {
                number: self.number,
                bytes: text.len(),
                event: parse(text, &place, self.now),
                place,
            }));
        }
    }

    fn skip_line(&mut self) -> Result<()> {
        while !self.text.ends_with(b"\n") {
            self.text.clear();
            let read = (&mut self.input)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut self.text)?;
            if read == 0 {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn now() -> Now {
        let zone = chrono_tz::America::Sao_Paulo;
        let at = clock::parse_instant("2026-11-21T12:00", zone).expect("an instant");
        Now::new(at, zone)
    }

    #[test]
    fn lines_are_counted_and_a_bad_one_does_not_end_the_reading() {
        let text = "\u{feff}{\"id\":\"a\",\"type\":\"opened\",\"ticket_id\":1}\r\n\n{oops\n{\"id\":\"b\",\"type\":\"opened\",\"ticket_id\":2}";
        let mut events = Events::read(Box::new(text.as_bytes()), "standard input", now());
        let mut told = Vec::new();
        while let Some(line) = events.next_line().expect("readable") {
            told.push((
                line.number,
                line.event.map(|e| e.id).map_err(|p| p[0].place.clone()),
            ));
        }
        assert_eq!(
            told,
            [
                (1, Ok("a".to_owned())),
                (3, Err("standard input:3".to_owned())),
                (4, Ok("b".to_owned())),
            ]
        );
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let mut text = vec![b'x'; 3 << 20];
        text.extend_from_slice(b"\n{\"id\":\"b\",\"type\":\"opened\",\"ticket_id\":2}");
        let mut events = Events::read(Box::new(io::Cursor::new(text)), "f", now());
        let long = events.next_line().expect("readable").expect("a line");
        assert!(long.event.is_err());
        let next = events.next_line().expect("readable").expect("a line");
        assert_eq!(
            (next.number, next.event.expect("an event").id),
            (2, "b".to_owned())
        );
    }
}
