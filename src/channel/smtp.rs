//! The `smtp` provider: e-mail through a mail server; lettre does MIME, TLS and AUTH, and the
//! conversation is led here so that a message takes two round trips and not seven.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use lettre::{Address, Message};

use super::{Limits, Next, Outgoing, Provider, Receipt, Refusal, tag, world};
use crate::config::{EmailSettings, Tls};
use crate::domain::words::{Purpose, Reason};
use crate::error::{Error, Result};
use crate::http::{Cover, percent_encoded, shortened};

/// Waiting for an answer is cut into such slices, so that an interruption is seen soon.
const SLICE: Duration = Duration::from_secs(1);
/// A message of more bytes may take longer than a slice to be written.
const SMALL: usize = 48 * 1024;
/// A greylisting server wants us back after some minutes.
const GREYLISTED: Duration = Duration::from_mins(5);
/// A server that closes (421) is left alone for so long.
const CLOSING: Duration = Duration::from_mins(1);

/// Delivers e-mail through one server.
pub struct SmtpProvider {
    settings: EmailSettings,
    limits: Limits,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    helo: ClientId,
    tls: Option<TlsParameters>,
    password: String,
    cover: Cover,
    idle: Mutex<Vec<Connection>>,
    stopped: AtomicBool,
}

impl fmt::Debug for SmtpProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SmtpProvider({}:{})",
            self.settings.host, self.settings.port
        )
    }
}

/// One kept-open conversation.
struct Connection {
    inner: SmtpConnection,
    pipelining: bool,
    /// Messages begun on it.
    used: i64,
    /// A refused message is still on the table: RSET comes before the next.
    dirty: bool,
    /// The time-out set on the socket.
    slice: Option<Duration>,
}

/// What the server said to one command.
enum Said {
    Yes(u16, String),
    No(u16, String),
    /// Nothing, or nothing one can understand.
    Lost(String),
}

/// How one message's turn ended.
enum Turn {
    /// The server answered; the connection goes on.
    Settled(Result<Receipt, Refusal>),
    /// The connection is of no more use.
    Broken(Refusal),
    /// The connection was gone before the message itself left.
    Stale(String),
}

impl Connection {
    /// Sends something and reads the first answer to it.
    fn say(&mut self, text: &str, patience: Duration, stopped: &AtomicBool) -> Said {
        self.patient(patience, text.len());
        let first = self.inner.command(text);
        self.waited(first, patience, stopped)
    }

    /// Reads one more answer.
    fn hear(&mut self, patience: Duration, stopped: &AtomicBool) -> Said {
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
        Err(error) => match error.status() {
            Some(code) => {
                let text = error.source().map_or_else(String::new, ToString::to_string);
                Said::No(
                    code.into(),
                    text.split_whitespace().collect::<Vec<_>>().join(" "),
                )
            }
            None => Said::Lost(error.to_string()),
        },
    }
}

/// A reply's code with its enhanced status code, when it has one: `550 5.1.1`.
fn code_of(code: u16, text: &str) -> String {
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

/// At which command a refusal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Mail,
    Rcpt,
    Data,
    Dot,
}

/// What a refusal means.
fn meaning(step: Step, code: u16) -> Next {
    match (step, code) {
        (_, 421) => Next::Later(Some(CLOSING)),
        (Step::Rcpt, 450..=459) => Next::Later(Some(GREYLISTED)),
        (_, 400..=499) => Next::Later(None),
        // Our credentials, or the want of them; our sender, whoever it was for.
        (_, 530 | 534 | 535 | 538) | (Step::Mail, _) => Next::Stop,
        _ => Next::Never(Reason::Refused),
    }
}

impl SmtpProvider {
    /// A provider for the mail server of `settings`.
    ///
    /// # Errors
    /// When the sender is no mailbox, or the password or certificate authority cannot be read.
    pub fn new(settings: &EmailSettings, limits: Limits) -> Result<Self> {
        let mailbox = |key: &str, text: &str| {
            text.parse::<Mailbox>().map_err(|_| {
                Error::unacceptable(format!("email.{key}: `{text}` is not a mailbox"))
                    .hint("Name <address@example.com>")
            })
        };
        let from = mailbox("from", &settings.from)?;
        let reply_to = settings
            .reply_to
            .as_deref()
            .map(|text| mailbox("reply_to", text))
            .transpose()?;
        let password = settings
            .password
            .as_ref()
            .map_or(Ok(String::new()), crate::settings::Secret::reveal)?;
        let user = settings.username.clone().unwrap_or_default();
        let helo = settings
            .helo
            .clone()
            .unwrap_or_else(|| from.email.domain().to_owned());
        Ok(Self {
            tls: match settings.tls {
                Tls::None => None,
                Tls::Implicit | Tls::Starttls => Some(tls(settings)?),
            },
            cover: Cover::over([password.clone(), format!("\0{user}\0{password}")]),
            settings: settings.clone(),
            limits,
            from,
            reply_to,
            helo: ClientId::Domain(helo),
            password,
            idle: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.settings.timeout_seconds).unwrap_or(30))
    }

    fn refusal(&self, next: Next, code: u16, text: &str) -> Refusal {
        let whole = code_of(code, text);
        // The enhanced code goes with the other one, and need not be said twice.
        let enhanced = whole.split_once(' ').map_or("", |(_, enhanced)| enhanced);
        let told = text.trim().strip_prefix(enhanced).unwrap_or(text).trim();
        let words = if told.is_empty() {
            format!("the server answered {code}")
        } else {
            shortened(told, 300)
        };
        Refusal::new(next, self.cover.cover(words)).code(whole)
    }

    /// A new connection: greeted, encrypted and authenticated.
    fn connect(&self) -> Result<Connection, Refusal> {
        let not_sent = |what: &str, error: &lettre::transport::smtp::Error| {
            let told = match said_of(error) {
                Some((code, text)) => {
                    // A server that greets with a refusal may do better later.
                    let next = if code == 421 || (400..500).contains(&code) {
                        Next::Later(Some(CLOSING))
                    } else {
                        Next::Stop
                    };
                    return self.refusal(next, code, &text);
                }
                None => error.to_string(),
            };
            let text = format!("{}: {what}: {told}", self.settings.host);
            Refusal::new(Next::NotSent, self.cover.cover(text))
        };
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Refusal::new(Next::NotSent, "interrupted"));
        }
        let at_once = (self.settings.tls == Tls::Implicit)
            .then_some(self.tls.as_ref())
            .flatten();
        let mut inner = SmtpConnection::connect(
            (self.settings.host.as_str(), self.settings.port),
            Some(self.patience()),
            &self.helo,
            at_once,
            None,
        )
        .map_err(|error| not_sent("no connection", &error))?;
        if let (Tls::Starttls, Some(parameters)) = (self.settings.tls, &self.tls) {
            if !inner.can_starttls() {
                inner.abort();
                return Err(Refusal::new(
                    Next::Stop,
                    format!(
                        "{} does not offer STARTTLS; nothing is sent in the clear",
                        self.settings.host
                    ),
                ));
            }
            inner
                .starttls(parameters, &self.helo)
                .map_err(|error| not_sent("STARTTLS failed", &error))?;
        }
        // lettre does not keep this word of the greeting, so it is asked for again.
        let greeting = inner
            .command(Ehlo::new(self.helo.clone()))
            .map_err(|error| not_sent("EHLO failed", &error))?;
        let pipelining = greeting.message().any(|line| {
            line.split_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("PIPELINING"))
        });
        if let Some(user) = &self.settings.username {
            let credentials = Credentials::new(user.clone(), self.password.clone());
            let accepted = inner.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            if let Err(error) = accepted {
                let refusal = match said_of(&error) {
                    Some((code, text)) if (400..500).contains(&code) => {
                        self.refusal(Next::Later(None), code, &text)
                    }
                    Some((code, text)) => self.refusal(Next::Stop, code, &text),
                    None if error.is_client() => Refusal::new(
                        Next::Stop,
                        format!("{} offers no AUTH that we know", self.settings.host),
                    ),
                    None => not_sent("AUTH failed", &error),
                };
                inner.abort();
                return Err(refusal);
            }
        }
        Ok(Connection {
            inner,
            pipelining,
            used: 0,
            dirty: false,
            slice: None,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a connection back for the next message, or ends it when it has served long enough.
    fn put_back(&self, mut connection: Connection) {
        if connection.used >= self.settings.messages_per_connection
            || self.stopped.load(Ordering::Relaxed)
        {
            let _ = connection.say(&Quit.to_string(), SLICE, &self.stopped);
            return;
        }
        self.idle().push(connection);
    }

    /// The message as MIME, or why there is none for this address.
    fn mime(&self, to: &Address, message: &Outgoing) -> Result<Vec<u8>, Refusal> {
        let clean = |text: &str| -> String {
            let plain: String = text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            plain.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let header = |name: &'static str, value: String| {
            HeaderValue::dangerous_new_pre_encoded(
                HeaderName::new_from_ascii_str(name),
                value.clone(),
                value,
            )
        };
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(clean(message.title.as_deref().unwrap_or_default()))
            .date(SystemTime::from(message.at))
            .message_id(Some(format!(
                "<{}@{}>",
                tag(&message.key),
                self.from.email.domain()
            )))
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if message.purpose == Purpose::Marketing {
            let answers_to = &self.reply_to.as_ref().unwrap_or(&self.from).email;
            let by_mail = format!("<mailto:{answers_to}?subject=unsubscribe>");
            match &self.settings.unsubscribe_url {
                Some(url) => {
                    let client = message
                        .client_id
                        .map_or_else(String::new, |id| id.to_string());
                    let url = url
                        .replace("#client_id#", &client)
                        .replace("#address#", &percent_encoded(&message.address));
                    builder = builder
                        .raw_header(header(
                            "List-Unsubscribe",
                            format!("<{url}>,\r\n {by_mail}"),
                        ))
                        .raw_header(header(
                            "List-Unsubscribe-Post",
                            "List-Unsubscribe=One-Click".to_owned(),
                        ));
                }
                None => builder = builder.raw_header(header("List-Unsubscribe", by_mail)),
            }
        }
        let built = match &message.html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(
                message.body.clone(),
                html.clone(),
            )),
            None => builder.singlepart(SinglePart::plain(message.body.clone())),
        };
        built
            .map(|built| built.formatted())
            .map_err(|error| Refusal::new(Next::Never(Reason::Refused), error.to_string()))
    }

    /// One message's turn on a connection.
    fn turn(&self, connection: &mut Connection, to: &Address, text: &str) -> Turn {
        let patience = self.patience();
        let stopped = &self.stopped;
        let international = !to.to_string().is_ascii();
        if international
            && !connection
                .inner
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
        {
            return Turn::Settled(Err(Refusal::new(
                Next::Never(Reason::UnusableContact),
                "the mail server takes no address with accents (SMTPUTF8)",
            )));
        }
        let parameters = if international {
            vec![MailParameter::SmtpUtfEight]
        } else {
            Vec::new()
        };
        let mut commands = Vec::new();
        if std::mem::take(&mut connection.dirty) {
            commands.push((None, "RSET\r\n".to_owned()));
        }
        let mail = Mail::new(Some(self.from.email.clone()), parameters);
        commands.push((Some(Step::Mail), mail.to_string()));
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        commands.push((Some(Step::Rcpt), rcpt.to_string()));
        commands.push((Some(Step::Data), Data.to_string()));
        connection.used += 1;

        let together: String = commands.iter().map(|(_, text)| text.as_str()).collect();
        let mut refused: Option<(Step, u16, String)> = None;
        let mut open = false;
        for (index, (step, command)) in commands.iter().enumerate() {
            let answer = match (connection.pipelining, index) {
                (true, 0) => connection.say(&together, patience, stopped),
                (true, _) => connection.hear(patience, stopped),
                (false, _) if refused.is_some() => break,
                (false, _) => connection.say(command, patience, stopped),
            };
            match (answer, step) {
                (Said::Yes(354, _), Some(Step::Data)) => open = true,
                (Said::Yes(code, text), Some(Step::Data)) => {
                    return Turn::Broken(self.refusal(Next::Later(None), code, &text));
                }
                (Said::Yes(..), _) => {}
                (Said::No(code, text), step) => {
                    let step = step.unwrap_or(Step::Mail);
                    if code == 421 {
                        let first = refused.unwrap_or((step, code, text));
                        return Turn::Broken(self.refusal(
                            meaning(first.0, first.1),
                            first.1,
                            &first.2,
                        ));
                    }
                    refused.get_or_insert((step, code, text));
                }
                (Said::Lost(why), _) => {
                    return match refused {
                        Some((step, code, text)) => {
                            Turn::Broken(self.refusal(meaning(step, code), code, &text))
                        }
                        None => Turn::Stale(why),
                    };
                }
            }
        }
        if let Some((step, code, text)) = refused {
            let refusal = self.refusal(meaning(step, code), code, &text);
            connection.dirty = true;
            if open {
                // Waiting for a message that has nobody to go to: an empty one ends it (RFC 2920).
                return match connection.say(".\r\n", patience, stopped) {
                    Said::Lost(_) => Turn::Broken(refusal),
                    _ => Turn::Settled(Err(refusal)),
                };
            }
            return Turn::Settled(Err(refusal));
        }

        let last = Duration::from_secs(u64::try_from(self.settings.answer_seconds).unwrap_or(600));
        match connection.say(text, last, stopped) {
            // Only a 2xx takes it; a 3xx here is the answer to something else.
            Said::Yes(code @ 300.., text) => Turn::Broken(self.refusal(Next::Unknown, code, &text)),
            Said::Yes(code, text) => Turn::Settled(Ok(Receipt {
                provider_id: None,
                code: Some(code_of(code, &text)),
                text: Some(self.cover.cover(shortened(&text, 300))),
            })),
            Said::No(code, text) => {
                let refusal = self.refusal(meaning(Step::Dot, code), code, &text);
                if code == 421 {
                    Turn::Broken(refusal)
                } else {
                    Turn::Settled(Err(refusal))
                }
            }
            Said::Lost(why) => Turn::Broken(Refusal::new(
                Next::Unknown,
                self.cover.cover(format!(
                    "the message was sent, its answer never came: {why}"
                )),
            )),
        }
    }
}

fn said_of(error: &lettre::transport::smtp::Error) -> Option<(u16, String)> {
    let code = error.status()?;
    let text = error.source().map_or_else(String::new, ToString::to_string);
    Some((
        code.into(),
        text.split_whitespace().collect::<Vec<_>>().join(" "),
    ))
}

fn tls(settings: &EmailSettings) -> Result<TlsParameters> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|error| {
            Error::unacceptable(format!("email.ca_file {} cannot be read", path.display()))
                .because(error)
        })?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| {
            Error::unacceptable(format!(
                "email.ca_file {} is not a certificate (PEM)",
                path.display()
            ))
        })?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| {
        Error::unacceptable(format!(
            "email.host: TLS to {} cannot be set up",
            settings.host
        ))
        .because(error)
    })
}

/// A message as it goes over the wire: lines end in CRLF, a leading dot is doubled, a dot ends it.
fn on_the_wire(mime: &[u8]) -> String {
    let mime = String::from_utf8_lossy(mime);
    let mut out = String::with_capacity(mime.len() + 64);
    let mut rest: &str = &mime;
    while !rest.is_empty() {
        // A lone CR or LF is a line's end too: servers differ about them, and a dot could hide there.
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let (line, beyond) = rest.split_at(end);
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
        out.push_str("\r\n");
        rest = beyond
            .strip_prefix("\r\n")
            .or_else(|| beyond.strip_prefix(['\r', '\n']))
            .unwrap_or(beyond);
    }
    out.push_str(".\r\n");
    out
}

impl Provider for SmtpProvider {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    /// Opens the first connection: bad credentials are known before any message is begun.
    fn open(&self) -> Result<(), Refusal> {
        if self.idle().is_empty() {
            let connection = self.connect()?;
            self.idle().push(connection);
        }
        Ok(())
    }

    fn send(&self, message: &Outgoing) -> Result<Receipt, Refusal> {
        let to: Address = message.address.parse().map_err(|_| {
            Refusal::new(
                Next::Never(Reason::UnusableContact),
                "it is not an e-mail address",
            )
        })?;
        let text = on_the_wire(&self.mime(&to, message)?);
        loop {
            let kept = self.idle().pop();
            let was_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.connect()?,
            };
            match self.turn(&mut connection, &to, &text) {
                Turn::Settled(outcome) => {
                    self.put_back(connection);
                    return outcome;
                }
                Turn::Broken(refusal) => return Err(refusal),
                // The server closed it while it was idle: the message itself has not left.
                Turn::Stale(_) if was_kept && !self.stopped.load(Ordering::Relaxed) => {}
                Turn::Stale(why) => {
                    return Err(Refusal::new(
                        Next::NotSent,
                        self.cover.cover(format!("{}: {why}", self.settings.host)),
                    ));
                }
            }
        }
    }

    fn check(&self) -> Result<String> {
        let mut connection = self
            .connect()
            .map_err(|refusal| world("the mail server", refusal))?;
        let encrypted = if connection.inner.is_encrypted() {
            "encrypted"
        } else {
            "not encrypted"
        };
        let user = match &self.settings.username {
            Some(user) => format!("{user} may log in"),
            None => "no login".to_owned(),
        };
        let pipelining = if connection.pipelining {
            "pipelining"
        } else {
            "no pipelining"
        };
        let _ = connection.say(&Quit.to_string(), SLICE, &self.stopped);
        Ok(format!(
            "{}:{} answers, {encrypted}, {user}, {pipelining}",
            self.settings.host, self.settings.port
        ))
    }

    fn close(&self) {
        let kept = std::mem::take(&mut *self.idle());
        for mut connection in kept {
            let _ = connection.say(&Quit.to_string(), SLICE, &self.stopped);
        }
    }

    fn interrupt(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_leading_dot_is_doubled_and_lines_end_in_crlf() {
        assert_eq!(on_the_wire(b"a\n.b\r\n..c"), "a\r\n..b\r\n...c\r\n.\r\n");
        assert_eq!(on_the_wire(b"a\r.b\r\n"), "a\r\n..b\r\n.\r\n");
        assert_eq!(on_the_wire(b""), ".\r\n");
    }

    #[test]
    fn enhanced_codes_are_kept() {
        assert_eq!(code_of(550, "5.1.1 no such user"), "550 5.1.1");
        assert_eq!(code_of(250, "2.0.0 Ok: queued"), "250 2.0.0");
        assert_eq!(code_of(550, "no such user"), "550");
        assert_eq!(code_of(550, "1.2.3.4 is blocked"), "550");
    }

    #[test]
    fn refusals_mean_what_their_step_says() {
        assert_eq!(meaning(Step::Mail, 550), Next::Stop);
        assert_eq!(meaning(Step::Rcpt, 550), Next::Never(Reason::Refused));
        assert_eq!(meaning(Step::Rcpt, 450), Next::Later(Some(GREYLISTED)));
        assert_eq!(meaning(Step::Dot, 452), Next::Later(None));
        assert_eq!(meaning(Step::Dot, 554), Next::Never(Reason::Refused));
        assert_eq!(meaning(Step::Rcpt, 421), Next::Later(Some(CLOSING)));
        assert_eq!(meaning(Step::Mail, 530), Next::Stop);
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn nothing_within_a_message_ends_it(text in "(\\.|[a-z]|\\r|\\n){0,60}") {
            let wire = on_the_wire(text.as_bytes());
            // A dot alone on a line ends the message: only the last may be one.
            let ends = wire.split("\r\n").filter(|line| *line == ".").count();
            prop_assert_eq!(ends, 1);
            prop_assert!(wire.ends_with(".\r\n"));
        }
    }
}
