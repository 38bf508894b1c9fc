//! The one place that bounds reading: how many bytes of an answer, how long a line, how much time in all.

use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Stopwatch;

/// The longest line that is read of a conversation in lines, in bytes (RFC 5321 asks for 512).
pub const LONGEST_LINE: usize = 8 * 1024;
/// The longest answer that is read of a conversation in lines, in bytes.
pub const LONGEST_REPLY: usize = 64 * 1024;
/// Bytes read at a time: most answers are shorter, and the room for them is made anew for each.
const PIECE: usize = 2 * 1024;

/// Why no more is read of an answer.
#[derive(Debug)]
pub enum Ended {
    /// It is longer than so many bytes.
    TooLong(usize),
    /// One of its lines is longer than so many bytes.
    LongLine(usize),
    /// It was not there, or not whole, in the time it had.
    Late,
    /// The run was asked to stop.
    Interrupted,
    /// The other side closed the connection.
    Closed,
    /// The connection broke.
    Broken(io::Error),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(f, "the answer is longer than {}", size(*bytes)),
            Self::LongLine(bytes) => {
                write!(f, "a line of the answer is longer than {}", size(*bytes))
            }
            Self::Late => f.write_str("no answer in time"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

/// A number of bytes as people say it.
fn size(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

/// What one answer may still take: its bytes and its time, however many pieces it comes in.
#[derive(Debug)]
pub struct Allowance<'s> {
    most: usize,
    left: usize,
    time: Duration,
    watch: Stopwatch,
    stopped: Option<&'s AtomicBool>,
}

impl<'s> Allowance<'s> {
    /// So many bytes within so much time from now; `stopped` ends the wait at once.
    pub fn new(most: usize, time: Duration, stopped: Option<&'s AtomicBool>) -> Self {
        Self {
            most,
            left: most,
            time,
            watch: Stopwatch::start(),
            stopped,
        }
    }

    /// The time that is left.
    ///
    /// # Errors
    /// When there is none, or the run was asked to stop.
    pub fn time_left(&self) -> Result<Duration, Ended> {
        if self
            .stopped
            .is_some_and(|stopped| stopped.load(Ordering::Relaxed))
        {
            return Err(Ended::Interrupted);
        }
        self.in_time()
    }

    /// The time that is left, signal or none.
    fn in_time(&self) -> Result<Duration, Ended> {
        match self.time.checked_sub(self.watch.elapsed()) {
            None | Some(Duration::ZERO) => Err(Ended::Late),
            Some(left) => Ok(left),
        }
    }

    /// Counts bytes that came.
    fn spend(&mut self, bytes: usize) -> Result<(), Ended> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Ended::TooLong(self.most)),
        }
    }
}

/// Reads a body to its end, counted as it comes out of `source` (unpacked, where it was packed): the whole of
/// it, or its beginning with the reason why there is no more.
pub fn body(source: &mut dyn Read, allowance: &mut Allowance<'_>) -> (Vec<u8>, Result<(), Ended>) {
    let mut bytes = Vec::new();
    let mut piece = [0; PIECE];
    loop {
        if let Err(ended) = allowance.time_left() {
            return (bytes, Err(ended));
        }
        match source.read(&mut piece) {
            Ok(0) => return (bytes, Ok(())),
            Ok(read) => {
                let room = allowance.left.min(read);
                bytes.extend_from_slice(&piece[..room]);
                if let Err(ended) = allowance.spend(read) {
                    return (bytes, Err(ended));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (bytes, Err(Ended::Broken(error))),
        }
    }
}

/// Reads a line, however many pieces it comes in, without its end. What came beyond it stays in `beyond` for
/// the next; `source` gives up waiting now and then, so that time and signals are seen.
pub fn line(
    source: &mut dyn Read,
    beyond: &mut Vec<u8>,
    allowance: &mut Allowance<'_>,
) -> Result<Vec<u8>, Ended> {
    let mut looked_at = 0;
    loop {
        if let Some(end) = beyond[looked_at..].iter().position(|byte| *byte == b'\n') {
            let end = looked_at + end;
            allowance.spend(end + 1)?;
            if end > LONGEST_LINE {
                return Err(Ended::LongLine(LONGEST_LINE));
            }
            let mut line: Vec<u8> = beyond.drain(..=end).collect();
            while line
                .last()
                .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
            {
                line.pop();
            }
            return Ok(line);
        }
        looked_at = beyond.len();
        if looked_at > LONGEST_LINE {
            return Err(Ended::LongLine(LONGEST_LINE));
        }
        allowance.in_time()?;
        let mut piece = [0; PIECE];
        match source.read(&mut piece) {
            Ok(0) => return Err(Ended::Closed),
            Ok(read) => beyond.extend_from_slice(&piece[..read]),
            // What has come already is read even when the run is to stop; nothing more is waited for.
            Err(error) if is_pause(&error) => {
                allowance.time_left()?;
            }
            Err(error) => return Err(Ended::Broken(error)),
        }
    }
}

/// Whether a socket only gave up waiting for the moment.
pub fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its pieces one by one, and a pause between two.
    struct Pieces(Vec<&'static [u8]>, bool);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    fn minute(most: usize) -> Allowance<'static> {
        Allowance::new(most, Duration::from_mins(1), None)
    }

    #[test]
    fn a_line_is_a_line_however_it_comes() {
        let mut source = Pieces(
            vec![b"2", b"50 o", b"k\r", b"\n354 go\r\n221 b", b"ye\n"],
            false,
        );
        let mut beyond = Vec::new();
        let mut allowance = minute(100);
        for wanted in ["250 ok", "354 go", "221 bye"] {
            let line = line(&mut source, &mut beyond, &mut allowance).expect("a line");
            assert_eq!(String::from_utf8_lossy(&line), wanted);
        }
        assert!(matches!(
            line(&mut source, &mut beyond, &mut allowance),
            Err(Ended::Closed)
        ));
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut source = io::repeat(b'x');
        let ended = line(&mut source, &mut Vec::new(), &mut minute(1 << 30));
        assert!(matches!(ended, Err(Ended::LongLine(_))), "{ended:?}");
    }

    #[test]
    fn an_answer_without_end_is_given_up() {
        let (bytes, ended) = body(&mut io::repeat(b'x'), &mut minute(5_000));
        assert_eq!(bytes.len(), 5_000);
        assert!(matches!(ended, Err(Ended::TooLong(5_000))), "{ended:?}");
        let mut beyond = b"a\n".repeat(100);
        let mut allowance = minute(10);
        let mut read = 0;
        while line(&mut io::empty(), &mut beyond, &mut allowance).is_ok() {
            read += 1;
        }
        assert_eq!(read, 5);
    }

    #[test]
    fn the_time_is_for_all_of_it_and_a_signal_ends_it() {
        let mut allowance = Allowance::new(100, Duration::ZERO, None);
        let ended = line(
            &mut Pieces(vec![b"x"], false),
            &mut Vec::new(),
            &mut allowance,
        );
        assert!(matches!(ended, Err(Ended::Late)), "{ended:?}");
        let stopped = AtomicBool::new(true);
        let allowance = Allowance::new(100, Duration::from_mins(1), Some(&stopped));
        assert!(matches!(allowance.time_left(), Err(Ended::Interrupted)));
    }
}
