//! One conversation with a mail server: what is said, and what is heard within a time.

use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::Quit;
use lettre::transport::smtp::response::Response;

/// Waiting for an answer is cut into such slices, so that an interruption is seen soon.
const SLICE: Duration = Duration::from_secs(1);
/// A message of more bytes may take longer than a slice to be written.
const SMALL: usize = 48 * 1024;

/// One kept-open conversation.
pub(super) struct Connection {
    pub(super) inner: SmtpConnection,
    /// Whether commands may be sent together (RFC 2920).
    pub(super) pipelining: bool,
    /// Messages begun on it.
    pub(super) used: i64,
    /// A refused message is still on the table: RSET comes before the next.
    pub(super) dirty: bool,
    /// The time-out set on the socket.
    slice: Option<Duration>,
}

/// What the server said to one command.
pub(super) enum Said {
    /// Yes, with its code and words.
    Yes(u16, String),
    /// No, with its code and words.
    No(u16, String),
    /// Nothing, or nothing one can understand.
    Lost(String),
}

impl Connection {
    /// A conversation that has been opened and carries no message yet.
    pub(super) const fn new(inner: SmtpConnection, pipelining: bool) -> Self {
        Self {
            inner,
            pipelining,
            used: 0,
            dirty: false,
            slice: None,
        }
    }

    /// Says goodbye.
    pub(super) fn quit(mut self, stopped: &AtomicBool) {
        let _ = self.say(&Quit.to_string(), SLICE, stopped);
    }

    /// Sends something and reads the first answer to it.
    pub(super) fn say(&mut self, text: &str, patience: Duration, stopped: &AtomicBool) -> Said {
        self.patient(patience, text.len());
        let first = self.inner.command(text);
        self.waited(first, patience, stopped)
    }

    /// Reads one more answer.
    pub(super) fn hear(&mut self, patience: Duration, stopped: &AtomicBool) -> Said {
        self.patient(patience, 0);
        let first = self.inner.read_response();
        self.waited(first, patience, stopped)
    }

    fn patient(&mut self, patience: Duration, bytes: usize) {
        let slice = if bytes > SMALL {
            patience
        } else {
            patience.min(SLICE)
        };
        if self.slice != Some(slice) && self.inner.set_timeout(Some(slice)).is_ok() {
            self.slice = Some(slice);
        }
    }

    fn waited(
        &mut self,
        first: Result<Response, lettre::transport::smtp::Error>,
        patience: Duration,
        stopped: &AtomicBool,
    ) -> Said {
        let slice = self.slice.unwrap_or(patience).as_millis().max(1);
        let mut slices = patience.as_millis().div_ceil(slice);
        let mut answer = first;
        loop {
            match answer {
                Err(error) if timed_out(&error) => {
                    slices = slices.saturating_sub(1);
                    if slices == 0 {
                        return Said::Lost("no answer in time".to_owned());
                    }
                    if stopped.load(Ordering::Relaxed) {
                        return Said::Lost("interrupted".to_owned());
                    }
                    answer = self.inner.read_response();
                }
                answer => return said(answer),
            }
        }
    }
}

fn timed_out(error: &lettre::transport::smtp::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(
                error.kind(),
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
            );
        }
        source = error.source();
    }
    false
}

fn said(answer: Result<Response, lettre::transport::smtp::Error>) -> Said {
    match answer {
        Ok(response) => {
            let lines: Vec<&str> = response.message().collect();
            Said::Yes(response.code().into(), lines.join(" "))
        }
        Err(error) => match said_of(&error) {
            Some((code, text)) => Said::No(code, text),
            None => Said::Lost(error.to_string()),
        },
    }
}

/// A reply's code with its enhanced status code, when it has one: `550 5.1.1`.
pub(super) fn code_of(code: u16, text: &str) -> String {
    let enhanced = text.split_whitespace().next().filter(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3
            && matches!(parts[0], "2" | "4" | "5")
            && parts[1..].iter().all(|part| {
                (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            })
    });
    match enhanced {
        Some(enhanced) => format!("{code} {enhanced}"),
        None => code.to_string(),
    }
}

/// The code and the words of an answer that lettre takes for an error; none where there was no answer.
pub(super) fn said_of(error: &lettre::transport::smtp::Error) -> Option<(u16, String)> {
    let code = error.status()?;
    let text = error.source().map_or_else(String::new, ToString::to_string);
    Some((
        code.into(),
        text.split_whitespace().collect::<Vec<_>>().join(" "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_kept() {
        assert_eq!(code_of(550, "5.1.1 no such user"), "550 5.1.1");
        assert_eq!(code_of(250, "2.0.0 Ok: queued"), "250 2.0.0");
        assert_eq!(code_of(550, "no such user"), "550");
        assert_eq!(code_of(550, "1.2.3.4 is blocked"), "550");
    }
}
