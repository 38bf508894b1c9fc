//! Bytes of a file as they come: counted, and never more in one row than is believed.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use crate::error::{Error, Flaw};

/// What DOS programs write at the end of a text.
pub(super) const CONTROL_Z: char = '\u{1a}';

/// The column that a file of bad rows has at its end; reading it back passes it over.
pub(super) const PROBLEMS_COLUMN: &str = "problems";

/// The longest row that is believed, in bytes: more is a quote that never closes.
pub(super) const LONGEST_ROW: u64 = 1 << 20;

pub(super) fn unreadable(place: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::InvalidData {
        return Error::flaws(
            "the file is not acceptable",
            vec![Flaw::at(place, error.to_string(), "")],
        );
    }
    Error::world(format!("{place} cannot be read to its end")).because(error)
}

/// So much is read at once, in bytes.
const CHUNK: usize = 1 << 16;

/// Input whose lines end in LF or CRLF, also where the file has CR alone, as old Macs write it: what
/// comes first tells, up to its first LF.
pub(super) struct Lines<R> {
    input: R,
    /// What came first, as far as it is not passed on yet.
    first: Vec<u8>,
    passed: usize,
    begun: bool,
    cr_alone: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(input: R) -> Self {
        Self {
            input,
            first: Vec::new(),
            passed: 0,
            begun: false,
            cr_alone: false,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        while self.first.len() < CHUNK && !self.first.contains(&b'\n') {
            let room = CHUNK - self.first.len();
            let n = self.input.read(&mut chunk[..room])?;
            if n == 0 {
                break;
            }
            self.first.extend_from_slice(&chunk[..n]);
        }
        self.cr_alone = self.first.contains(&b'\r') && !self.first.contains(&b'\n');
        self.begun = true;
        Ok(())
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.begun {
            self.begin()?;
        }
        let n = if self.passed < self.first.len() {
            let rest = &self.first[self.passed..];
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            self.passed += n;
            n
        } else {
            self.first = Vec::new();
            self.passed = 0;
            self.input.read(buffer)?
        };
        if self.cr_alone {
            for byte in buffer[..n].iter_mut().filter(|byte| **byte == b'\r') {
                *byte = b'\n';
            }
        }
        Ok(n)
    }
}

/// How many bytes went by, and how many since the last row.
#[derive(Debug, Default)]
pub(super) struct Counter {
    total: Cell<u64>,
    row_start: Cell<u64>,
}

impl Counter {
    pub(super) fn total(&self) -> u64 {
        self.total.get()
    }

    /// A row ended here.
    pub(super) fn row(&self) {
        self.row_start.set(self.total.get());
    }
}

/// Buffered input that refuses a row longer than [`LONGEST_ROW`].
pub(super) struct Guarded {
    input: BufReader<Box<dyn Read>>,
    counter: Rc<Counter>,
    /// What the latest reading brought, for whoever must look back at a byte.
    latest: Vec<u8>,
}

impl Guarded {
    pub(super) fn new(input: Box<dyn Read>) -> Self {
        Self {
            input: BufReader::with_capacity(CHUNK, Box::new(Lines::of(input))),
            counter: Rc::default(),
            latest: Vec::new(),
        }
    }

    /// The byte at this offset of the input, if the latest reading brought it.
    pub(super) fn byte(&self, offset: u64) -> Option<u8> {
        let start = self
            .counter
            .total()
            .saturating_sub(self.latest.len() as u64);
        let at = usize::try_from(offset.checked_sub(start)?).ok()?;
        self.latest.get(at).copied()
    }

    /// The last byte before this offset that ends no line, if the latest reading brought it.
    pub(super) fn last_of_text(&self, offset: u64) -> Option<u8> {
        (0..offset)
            .rev()
            .map_while(|at| self.byte(at))
            .find(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// What the latest reading brought.
    pub(super) fn latest(&self) -> &[u8] {
        &self.latest
    }

    pub(super) fn counter(&self) -> Rc<Counter> {
        Rc::clone(&self.counter)
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        // At the end what came last stays, to look back at.
        if n > 0 {
            self.latest.clear();
            self.latest.extend_from_slice(&buffer[..n]);
        }
        self.count(n)?;
        Ok(n)
    }
}

impl Guarded {
    fn count(&self, n: usize) -> io::Result<()> {
        let total = self.counter.total.get() + n as u64;
        self.counter.total.set(total);
        if total - self.counter.row_start.get() > LONGEST_ROW + (1 << 17) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row is longer than 1 MiB; does a quote never close?",
            ));
        }
        Ok(())
    }
}

impl BufRead for Guarded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.input.consume(n);
        self.counter.total.set(self.counter.total.get() + n as u64);
    }
}
