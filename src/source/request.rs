//! One HTTP request as it comes over a socket: read within a time and a size, or answered with what is
//! wrong about it.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::clock::Stopwatch;

/// The longest head that is believed, in bytes.
const LONGEST_HEAD: usize = 32 << 10;
/// The longest body, in bytes.
pub const LONGEST_BODY: usize = 1 << 20;
/// So many header lines at most.
const MOST_HEADERS: usize = 100;
/// How long the whole request may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// GET, POST…
    pub method: String,
    /// The path and the query, as they were sent.
    pub target: String,
    /// The header lines, their names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a request is not taken: the status of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no HTTP that can be understood.
    Malformed,
    /// It did not come whole in its time.
    Slow,
    /// A body without a length, chunks or an end.
    WithoutLength,
    /// More than is believed.
    TooLarge,
    /// A head longer than is believed.
    HeadTooLarge,
    /// Its body comes in a way that nobody here understands.
    UnknownCoding,
    /// The other side went away before it had asked.
    Gone,
}

impl Fault {
    /// The status that answers it.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::Gone => 400,
            Self::Slow => 408,
            Self::WithoutLength => 411,
            Self::TooLarge => 413,
            Self::HeadTooLarge => 431,
            Self::UnknownCoding => 501,
        }
    }
}

impl WebRequest {
    /// The value of a header, where it stands once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = named.next()?;
        named.next().is_none().then_some(value.as_str())
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The fields of the query.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        super::receipt::form_fields(query.as_bytes())
    }
}

/// Bytes as they come, and how long it took so far. They are read on a thread of its own, so that nobody
/// waits longer than is meant.
#[derive(Debug)]
pub struct Incoming {
    receiver: Receiver<Vec<u8>>,
    watch: Stopwatch,
    bytes: Vec<u8>,
}

impl Incoming {
    /// Begins to read.
    pub fn begin(input: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel::<Vec<u8>>(4);
        let mut input = input;
        // The thread ends with the process, or when nobody listens any more.
        std::thread::spawn(move || {
            let mut buffer = vec![0; 16 << 10];
            while let Ok(n) = input.read(&mut buffer) {
                if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            receiver,
            watch: Stopwatch::start(),
            bytes: Vec::new(),
        }
    }

    /// The request, within [`PATIENCE`]; `go_on` is called when the other side asks whether it may send its
    /// body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn request(
        &mut self,
        mut go_on: impl FnMut() -> std::io::Result<()>,
    ) -> Result<WebRequest, Fault> {
        let (mut request, head) = self.head()?;
        self.bytes.drain(..head);
        let length = length_of(&request)?;
        if let Length::Bytes(length) = length
            && length > LONGEST_BODY
        {
            return Err(Fault::TooLarge);
        }
        let asks = request
            .header("expect")
            .is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"));
        if asks && !matches!(length, Length::None) && self.bytes.is_empty() {
            go_on().map_err(|_| Fault::Gone)?;
        }
        request.body = match length {
            Length::None => Vec::new(),
            Length::Bytes(length) => self.counted(length)?,
            Length::Chunks => self.chunked()?,
        };
        Ok(request)
    }

    /// Passes over what still comes, for a short while: who is still sending reads no answer, and would lose
    /// it if the connection were cut.
    pub fn pass_over(&mut self) {
        const SHORT: Duration = Duration::from_secs(1);
        let watch = Stopwatch::start();
        while self
            .receiver
            .recv_timeout(SHORT.saturating_sub(watch.elapsed()))
            .is_ok()
        {}
    }

    /// Waits for more bytes; false at the end.
    fn more(&mut self) -> Result<bool, Fault> {
        let left = PATIENCE.saturating_sub(self.watch.elapsed());
        match self.receiver.recv_timeout(left) {
            Ok(bytes) => {
                self.bytes.extend_from_slice(&bytes);
                Ok(true)
            }
            Err(RecvTimeoutError::Timeout) => Err(Fault::Slow),
            Err(RecvTimeoutError::Disconnected) => Ok(false),
        }
    }

    /// The request without its body, and how long its head was.
    fn head(&mut self) -> Result<(WebRequest, usize), Fault> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut parsed = httparse::Request::new(&mut headers);
            match parsed.parse(&self.bytes) {
                Ok(httparse::Status::Complete(head)) if head > LONGEST_HEAD => {
                    return Err(Fault::HeadTooLarge);
                }
                Ok(httparse::Status::Complete(head)) => {
                    return Ok((owned(&parsed), head));
                }
                Ok(httparse::Status::Partial) if self.bytes.len() > LONGEST_HEAD => {
                    return Err(Fault::HeadTooLarge);
                }
                Ok(httparse::Status::Partial) => {}
                Err(httparse::Error::TooManyHeaders) => return Err(Fault::HeadTooLarge),
                Err(_) => return Err(Fault::Malformed),
            }
            if !self.more()? {
                return Err(Fault::Gone);
            }
        }
    }

    /// A body of so many bytes.
    fn counted(&mut self, length: usize) -> Result<Vec<u8>, Fault> {
        while self.bytes.len() < length {
            if !self.more()? {
                return Err(Fault::Gone);
            }
        }
        self.bytes.truncate(length);
        Ok(std::mem::take(&mut self.bytes))
    }

    /// A body in chunks (RFC 9112, section 7.1); what stands behind them is passed over.
    fn chunked(&mut self) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        loop {
            match httparse::parse_chunk_size(&self.bytes) {
                Ok(httparse::Status::Complete((_, 0))) => return Ok(body),
                Ok(httparse::Status::Complete((start, size))) => {
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    if size > LONGEST_BODY - body.len() {
                        return Err(Fault::TooLarge);
                    }
                    let end = start + size;
                    while self.bytes.len() < end + 2 {
                        if !self.more()? {
                            return Err(Fault::Gone);
                        }
                    }
                    if &self.bytes[end..end + 2] != b"\r\n" {
                        return Err(Fault::Malformed);
                    }
                    body.extend_from_slice(&self.bytes[start..end]);
                    self.bytes.drain(..end + 2);
                }
                Ok(httparse::Status::Partial) if self.bytes.len() > LONGEST_HEAD => {
                    return Err(Fault::Malformed);
                }
                Ok(httparse::Status::Partial) => {
                    if !self.more()? {
                        return Err(Fault::Gone);
                    }
                }
                Err(_) => return Err(Fault::Malformed),
            }
        }
    }
}

/// How the length of a body is told.
enum Length {
    None,
    Bytes(usize),
    Chunks,
}

fn owned(parsed: &httparse::Request<'_, '_>) -> WebRequest {
    let headers = parsed.headers.iter();
    WebRequest {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: headers
            .map(|header| {
                let value = String::from_utf8_lossy(header.value).trim().to_owned();
                (header.name.to_ascii_lowercase(), value)
            })
            .collect(),
        body: Vec::new(),
    }
}

/// How long a body is; a request that tells it in two ways might be read in two ways.
fn length_of(request: &WebRequest) -> Result<Length, Fault> {
    let all = |name: &str| -> Vec<&str> {
        let named = request.headers.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    };
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    match (&lengths[..], &codings[..]) {
        ([], []) if request.method == "POST" => Err(Fault::WithoutLength),
        ([], []) => Ok(Length::None),
        ([length], []) => {
            let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            if !plain {
                return Err(Fault::Malformed);
            }
            // More digits than a number holds is more than is believed.
            Ok(Length::Bytes(length.parse().unwrap_or(usize::MAX)))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(Length::Chunks),
        ([], [_]) => Err(Fault::UnknownCoding),
        _ => Err(Fault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn of(text: &str) -> Result<WebRequest, Fault> {
        Incoming::begin(Cursor::new(text.as_bytes().to_vec())).request(|| Ok(()))
    }

    #[test]
    fn a_body_is_read_by_its_length_or_its_chunks() {
        let request =
            of("POST /a/b?c=%41&d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcdef")
                .expect("a request");
        assert_eq!(request.body, b"abc");
        assert_eq!(
            (request.path(), request.header("host")),
            ("/a/b", Some("x"))
        );
        let query = [
            ("c".to_owned(), "A".to_owned()),
            ("d".to_owned(), String::new()),
        ];
        assert_eq!(request.query(), query);
        let request = of("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            .expect("a request");
        assert_eq!(request.body, b"abcde");
        assert!(of("GET / HTTP/1.0\r\n\r\n").is_ok());
    }

    #[test]
    fn what_cannot_be_right_is_told_by_its_status() {
        let long = "x".repeat(LONGEST_HEAD + 1);
        for (text, fault) in [
            ("POST / HTTP/1.1\r\n\r\nabc".to_owned(), Fault::WithoutLength),
            ("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n".to_owned(), Fault::TooLarge),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n".to_owned(), Fault::TooLarge),
            ("POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc".to_owned(), Fault::Malformed),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd".to_owned(), Fault::Malformed),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), Fault::Malformed),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), Fault::UnknownCoding),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n".to_owned(), Fault::TooLarge),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n".to_owned(), Fault::Malformed),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".to_owned(), Fault::Malformed),
            ("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc".to_owned(), Fault::Gone),
            (format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"), Fault::HeadTooLarge),
            (format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200)), Fault::HeadTooLarge),
            ("\u{0}\u{1}\r\n\r\n".to_owned(), Fault::Malformed),
            (String::new(), Fault::Gone),
        ] {
            assert_eq!(of(&text), Err(fault), "{}", &text[..text.len().min(80)]);
        }
    }

    #[test]
    fn whoever_asks_first_is_told_to_go_on() {
        let mut asked = 0;
        // The body comes after the word to go on only when it was not sent at once.
        let head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        let input = Cursor::new(head.as_bytes()).chain(Cursor::new(&b"abc"[..]));
        let request = Incoming::begin(input).request(|| {
            asked += 1;
            Ok(())
        });
        assert_eq!(request.expect("a request").body, b"abc");
        assert_eq!(asked, 1);
    }
}
