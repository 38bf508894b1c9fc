//! One conversation with a mail server: what is said, and what is heard within a time and a length.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::commands::Quit;

use crate::wire::bounds::{Allowance, Ended, LONGEST_REPLY, line};
use crate::wire::letters;
use crate::wire::socket::Socket;

/// A goodbye is waited for no longer.
const GOODBYE: Duration = Duration::from_secs(1);

/// One kept-open conversation.
pub(super) struct Connection {
    pub(super) socket: Socket,
    /// What came beyond the last line that was read.
    pub(super) beyond: Vec<u8>,
    /// What the server says it can do.
    pub(super) offers: Offers,
    /// Messages begun on it.
    pub(super) used: i64,
    /// A refused message is still on the table: RSET comes before the next.
    pub(super) dirty: bool,
}

/// What a mail server says it can do, in its answer to EHLO.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// Commands may be sent together (RFC 2920).
    pub(super) pipelining: bool,
    /// TLS may begin (RFC 3207).
    pub(super) starttls: bool,
    /// Addresses may have accents (RFC 6531).
    pub(super) international: bool,
    /// How one may log in, of what we know.
    pub(super) mechanisms: Vec<Mechanism>,
}

impl Offers {
    /// By the lines of the answer to EHLO.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in &reply.lines {
            let line = line.to_ascii_uppercase();
            // Old servers write `AUTH=PLAIN`.
            let mut words = line.split([' ', '=', '\t']).filter(|word| !word.is_empty());
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("STARTTLS") => offers.starttls = true,
                Some("SMTPUTF8") => offers.international = true,
                Some("AUTH") => {
                    let offered: Vec<&str> = words.collect();
                    for (name, mechanism) in
                        [("PLAIN", Mechanism::Plain), ("LOGIN", Mechanism::Login)]
                    {
                        if offered.contains(&name) && !offers.mechanisms.contains(&mechanism) {
                            offers.mechanisms.push(mechanism);
                        }
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// One answer of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its code.
    pub(super) code: u16,
    /// The words of its lines.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Its words on one line; an enhanced code that every line repeats is said once.
    pub(super) fn words(&self) -> String {
        let mut lines = self.lines.iter();
        let first = lines.next().map_or("", String::as_str);
        let repeated = enhanced(first);
        let mut words: Vec<&str> = first.split_whitespace().collect();
        for line in lines {
            let rest = repeated.and_then(|code| line.trim_start().strip_prefix(code));
            words.extend(rest.unwrap_or(line).split_whitespace());
        }
        words.join(" ")
    }
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
    /// A conversation that has been opened, of which nothing was heard yet.
    pub(super) const fn new(socket: Socket) -> Self {
        Self {
            socket,
            beyond: Vec::new(),
            offers: Offers {
                pipelining: false,
                starttls: false,
                international: false,
                mechanisms: Vec::new(),
            },
            used: 0,
            dirty: false,
        }
    }

    /// Says goodbye.
    pub(super) fn quit(mut self, stopped: &AtomicBool) {
        let _ = self.say(&Quit.to_string(), GOODBYE, stopped);
    }

    /// Sends something and reads the first answer to it.
    pub(super) fn say(&mut self, text: &str, patience: Duration, stopped: &AtomicBool) -> Said {
        said(self.ask(text, patience, stopped))
    }

    /// Reads one more answer.
    pub(super) fn hear(&mut self, patience: Duration, stopped: &AtomicBool) -> Said {
        said(self.reply(patience, stopped))
    }

    /// Sends something and reads the first answer to it, line by line.
    pub(super) fn ask(
        &mut self,
        text: &str,
        patience: Duration,
        stopped: &AtomicBool,
    ) -> Result<Reply, Ended> {
        let allowance = Allowance::new(LONGEST_REPLY, patience, Some(stopped));
        self.socket.send(text.as_bytes(), &allowance)?;
        self.reply(patience, stopped)
    }

    /// Reads one answer: the whole of it has so much time.
    pub(super) fn reply(
        &mut self,
        patience: Duration,
        stopped: &AtomicBool,
    ) -> Result<Reply, Ended> {
        let mut allowance = Allowance::new(LONGEST_REPLY, patience, Some(stopped));
        let (mut begun, mut lines) = (None, Vec::new());
        loop {
            let line = line(&mut self.socket, &mut self.beyond, &mut allowance)?;
            let (code, goes_on, words) = parts(&letters::text(&line)).ok_or_else(nonsense)?;
            if code != *begun.get_or_insert(code) {
                return Err(nonsense());
            }
            lines.push(words);
            if !goes_on {
                return Ok(Reply { code, lines });
            }
        }
    }
}

fn nonsense() -> Ended {
    Ended::Broken(std::io::Error::other("the answer is not SMTP"))
}

/// A line's code, whether more lines follow, and its words.
fn parts(line: &str) -> Option<(u16, bool, String)> {
    let code = line.get(..3)?;
    if !code.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(code.as_bytes()[0], b'2'..=b'5')
    {
        return None;
    }
    let rest = &line[3..];
    let (goes_on, words) = match rest.chars().next() {
        None => (false, ""),
        Some(' ') => (false, &rest[1..]),
        Some('-') => (true, &rest[1..]),
        Some(_) => return None,
    };
    Some((code.parse().ok()?, goes_on, words.trim_end().to_owned()))
}

fn said(reply: Result<Reply, Ended>) -> Said {
    match reply {
        Ok(reply) if reply.code < 400 => Said::Yes(reply.code, reply.words()),
        Ok(reply) => Said::No(reply.code, reply.words()),
        Err(ended) => Said::Lost(ended.to_string()),
    }
}

/// The enhanced status code that words begin with: `5.1.1`.
fn enhanced(text: &str) -> Option<&str> {
    text.split_whitespace().next().filter(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3
            && matches!(parts[0], "2" | "4" | "5")
            && parts[1..].iter().all(|part| {
                (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            })
    })
}

/// A reply's code with its enhanced status code, when it has one: `550 5.1.1`.
pub(super) fn code_of(code: u16, text: &str) -> String {
    match enhanced(text) {
        Some(enhanced) => format!("{code} {enhanced}"),
        None => code.to_string(),
    }
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

    #[test]
    fn a_line_has_a_code_and_words() {
        assert_eq!(parts("250 ok"), Some((250, false, "ok".to_owned())));
        assert_eq!(parts("250-SIZE 1"), Some((250, true, "SIZE 1".to_owned())));
        assert_eq!(parts("354"), Some((354, false, String::new())));
        for nonsense in ["", "25", "what?", "2500 x", "199 x", "650 x", "éé0 x"] {
            assert_eq!(parts(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn words_of_several_lines_say_their_code_once() {
        let reply = Reply {
            code: 550,
            lines: vec!["5.1.1 no such".to_owned(), "5.1.1 user  here".to_owned()],
        };
        assert_eq!(reply.words(), "5.1.1 no such user here");
    }

    #[test]
    fn offers_are_read_however_they_are_written() {
        let lines = [
            "mx.example.com",
            "pipelining",
            "AUTH=LOGIN",
            "AUTH LOGIN PLAIN",
        ];
        let offers = Offers::of(&Reply {
            code: 250,
            lines: lines.map(str::to_owned).to_vec(),
        });
        assert!(offers.pipelining && !offers.starttls && !offers.international);
        assert_eq!(offers.mechanisms, [Mechanism::Login, Mechanism::Plain]);
    }
}
