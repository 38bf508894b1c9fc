//! The `smtp` provider: e-mail through a mail server; lettre does MIME, TLS and AUTH, and the
//! conversation is led here so that a message takes two round trips and not seven.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::message::header::HeaderValue;
use lettre::transport::smtp::extension::ClientId;

use self::connection::{Connection, code_of};
use self::mime::{on_the_wire, written_from};
use self::settings::{SmtpSettings, Tls, read};
use self::turn::Turn;
use super::{AboutWhom, Accepted, Limits, Next, Offer, Outgoing, Provider, Refusal, world};
use crate::domain::words::{Channel, Reason};
use crate::error::{Error, Result};
use crate::http::{Cover, shortened};
use crate::settings::{Ask, Secret};
use crate::wire::trust::{Trust, trust};

pub mod bounce;
mod connection;
mod dial;
mod meaning;
mod mime;
mod settings;
mod turn;

/// A server that closes (421) is left alone for so long.
const CLOSING: Duration = Duration::from_mins(1);

/// A mail server, for e-mail.
pub(super) const OFFER: Offer = Offer {
    name: "smtp",
    channels: &[Channel::Email],
    asks: &[
        Ask::plain("host", "the mail server, such as smtp.example.com"),
        Ask::plain("username", "the user at the mail server"),
        Ask::secret("password", "its password"),
        Ask::plain("from", "the sender, such as Provedor <aviso@example.com>"),
    ],
    usual: Limits {
        workers: 2,
        rate_per_minute: 0,
    },
    read,
};

/// Delivers e-mail through one server.
struct SmtpProvider {
    settings: SmtpSettings,
    from: Mailbox,
    /// The same as its header says it.
    written_from: HeaderValue,
    reply_to: Option<Mailbox>,
    helo: ClientId,
    trust: Option<Trust>,
    password: String,
    cover: Cover,
    idle: Mutex<Vec<Connection>>,
    stopped: AtomicBool,
    /// A kept connection was lost with a message on its way: each message of this run gets its own.
    fresh: AtomicBool,
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

impl SmtpProvider {
    /// A provider for the mail server of `settings`.
    ///
    /// # Errors
    /// When the sender is no mailbox, or the password or certificate authority cannot be read.
    fn new(settings: &SmtpSettings) -> Result<Self> {
        let mailbox = |key: &str, text: &str| {
            let mailbox = text.parse::<Mailbox>().ok();
            let ascii = mailbox
                .and_then(|mailbox| Some(Mailbox::new(mailbox.name, in_ascii(&mailbox.email)?)));
            ascii.ok_or_else(|| {
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
            .map_or(Ok(String::new()), Secret::reveal)?;
        let user = settings.username.clone().unwrap_or_default();
        let helo = settings
            .helo
            .clone()
            .unwrap_or_else(|| from.email.domain().to_owned());
        Ok(Self {
            trust: match settings.tls {
                Tls::None => None,
                Tls::Implicit | Tls::Starttls => Some(trust(settings.ca_file.as_deref())?),
            },
            cover: Cover::over([password.clone(), format!("\0{user}\0{password}")]),
            settings: settings.clone(),
            written_from: written_from(&from),
            from,
            reply_to,
            helo: ClientId::Domain(helo),
            password,
            idle: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
            fresh: AtomicBool::new(false),
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

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a connection back for the next message, or ends it when it has served long enough.
    fn put_back(&self, connection: Connection) {
        if connection.used >= self.settings.messages_per_connection
            || self.stopped.load(Ordering::Relaxed)
            || self.fresh.load(Ordering::Relaxed)
        {
            connection.quit(&self.stopped);
            return;
        }
        self.idle().push(connection);
    }
}

/// The same address with its domain as the name service knows it (`xn--…`): every server takes that.
fn in_ascii(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    let domain = idna::domain_to_ascii(address.domain()).ok()?;
    Address::new(address.user(), domain).ok()
}

impl Provider for SmtpProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    /// Opens the first connection: bad credentials are known before any message is begun.
    fn open(&self) -> Result<(), Refusal> {
        if self.idle().is_empty() {
            let connection = self.connect()?;
            self.idle().push(connection);
        }
        Ok(())
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let to = message
            .address
            .parse::<Address>()
            .ok()
            .and_then(|address| in_ascii(&address))
            .ok_or_else(|| {
                Refusal::new(
                    Next::Never(Reason::UnusableContact),
                    "it is not an e-mail address",
                )
                .about(AboutWhom::Recipient)
            })?;
        let text = on_the_wire(&self.mime(&to, message));
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
                    return outcome.map(|accepted| Accepted {
                        provider_id: Some(self.message_id(&message.key)),
                        ..accepted
                    });
                }
                // Many servers end a connection after so many messages: another one goes on at once.
                Turn::Ending(_) if was_kept && !self.stopped.load(Ordering::Relaxed) => {}
                Turn::Ending(refusal) => return Err(refusal),
                Turn::Broken(refusal) => {
                    if was_kept && refusal.next == Next::Unknown {
                        self.fresh.store(true, Ordering::Relaxed);
                        self.close();
                    }
                    return Err(refusal);
                }
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
        let connection = self
            .connect()
            .map_err(|refusal| world("the mail server", refusal))?;
        let encrypted = if connection.socket.is_encrypted() {
            "encrypted"
        } else {
            "not encrypted"
        };
        let user = match &self.settings.username {
            Some(user) => format!("{user} may log in"),
            None => "no login".to_owned(),
        };
        let pipelining = if connection.offers.pipelining {
            "pipelining"
        } else {
            "no pipelining"
        };
        connection.quit(&self.stopped);
        Ok(format!(
            "{}:{} answers, {encrypted}, {user}, {pipelining}",
            self.settings.host, self.settings.port
        ))
    }

    fn close(&self) {
        let kept = std::mem::take(&mut *self.idle());
        for connection in kept {
            connection.quit(&self.stopped);
        }
    }

    fn interrupt(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
