//! One request of a provider, answered: whose it is, whether it is signed, and 200 only when what it
//! reports is written down for good.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::receipt::{ReceiptSummary, Taking, adopt, take_document};
use crate::channel::receipts::{Letter, ReceiptForm, Seal, same_secret};
use crate::clock::Now;
use crate::config::{Config, ReceiveConfig};
use crate::error::{Error, Result};
use crate::source::receipt::{Document, form_fields, object};
use crate::source::request::{Fault, WebRequest};
use crate::store::Store;

/// How long a request waits for another process's write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seconds after which a provider may ask again, when the database was busy.
const AGAIN: &str = "30";

/// What is answered, and what the provider's log should know of it.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The header that belongs to it, if any.
    pub header: Option<(&'static str, String)>,
    /// The text; empty, for some providers send it on to the person.
    pub body: String,
    /// What went wrong on our side.
    pub trouble: Option<Error>,
    /// What was taken in.
    pub summary: ReceiptSummary,
}

impl Answered {
    fn new(status: u16) -> Self {
        Self {
            status,
            header: None,
            body: String::new(),
            trouble: None,
            summary: ReceiptSummary::default(),
        }
    }

    fn with(status: u16, name: &'static str, value: &str) -> Self {
        Self {
            header: Some((name, value.to_owned())),
            ..Self::new(status)
        }
    }

    /// Nobody could be asked: the provider comes again.
    pub fn trouble(error: Error) -> Self {
        Self {
            trouble: Some(error),
            ..Self::with(503, "Retry-After", AGAIN)
        }
    }

    /// The whole answer as it goes over the wire.
    pub fn on_the_wire(&self) -> String {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        if let Some((name, value)) = &self.header {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            text.push_str("Content-Type: text/plain; charset=utf-8\r\n");
        }
        text.push_str(&format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
            self.body.len(),
            self.body
        ));
        text
    }
}

/// The words of a status.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Answer",
    }
}

/// Answers a request.
pub fn answer(
    request: Result<WebRequest, Fault>,
    config: &Config,
    database: &Path,
    now: Now,
) -> Answered {
    match request {
        Err(fault) => Answered::new(fault.status()),
        Ok(request) => route(&request, config, database, now).unwrap_or_else(Answered::trouble),
    }
}

/// Whose request it is: the path holds our secret and the preset's name.
fn route(request: &WebRequest, config: &Config, database: &Path, now: Now) -> Result<Answered> {
    let Some(secret) = &config.receive.path_token else {
        return Err(
            Error::unacceptable("[receive] has no path_token: nobody is answered")
                .hint("path_token = \"file:/etc/regua/receive-path\""),
        );
    };
    let secret = secret.reveal()?;
    let parts = request
        .path()
        .strip_prefix('/')
        .and_then(|path| path.split_once('/'));
    let form = parts
        .filter(|(token, _)| same_secret(&secret, token))
        .and_then(|(_, preset)| ReceiptForm::named(preset).ok());
    let Some(form) = form else {
        return Ok(Answered::new(404));
    };
    match (request.method.as_str(), form.seal()) {
        ("POST", _) => report(request, form, config, database, now),
        ("GET", Seal::Hub) => challenge(request, &config.receive),
        (_, Seal::Hub) => Ok(Answered::with(405, "Allow", "GET, POST")),
        _ => Ok(Answered::with(405, "Allow", "POST")),
    }
}

/// Answers Meta's question whether the address is ours.
fn challenge(request: &WebRequest, config: &ReceiveConfig) -> Result<Answered> {
    let query = request.query();
    let field = |name: &str| {
        let mut named = query.iter().filter(|(known, _)| known == name);
        named.next().map_or("", |(_, value)| value.as_str())
    };
    let Some(token) = &config.meta_verify_token else {
        return Ok(Answered::new(403));
    };
    let token = token.reveal()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let challenge = field("hub.challenge");
    let known = field("hub.mode") == "subscribe" && same_secret(&token, field("hub.verify_token"));
    if !known || challenge.len() > 200 || !challenge.chars().all(plain) {
        return Ok(Answered::new(403));
    }
    Ok(Answered {
        body: challenge.to_owned(),
        ..Answered::new(200)
    })
}

/// Takes in what a provider reports.
fn report(
    request: &WebRequest,
    form: &ReceiptForm,
    config: &Config,
    database: &Path,
    now: Now,
) -> Result<Answered> {
    let is_form = request.header("content-type").is_some_and(|kind| {
        kind.to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded")
    });
    let fields = if is_form {
        form_fields(&request.body)
    } else {
        Vec::new()
    };
    let Some(signed) = is_signed(request, form.seal(), &config.receive, &fields)? else {
        return Ok(Answered::new(403));
    };
    let value: Value = if is_form {
        object(fields)
    } else {
        match serde_json::from_slice(&request.body) {
            Ok(value) => value,
            Err(_) => return Ok(Answered::new(400)),
        }
    };
    let stops = signed || config.receive.stop_unsigned;
    if is_host(config, database) {
        keep_for_planner(config, form, stops, &value)?;
        return Ok(Answered::new(200));
    }
    let taking = Taking {
        stops: stops.then_some(&config.receive.stops),
        now,
    };
    let mut store = Store::open_existing_within(database, PATIENCE)?;
    let document = Document {
        place: format!("a request of {}", form.name()),
        value: Ok(value),
    };
    let summary = store.write(|transaction| {
        let mut summary = ReceiptSummary::default();
        adopt(transaction, now, &mut summary)?;
        take_document(transaction, taking, Some(form), document, &mut summary)?;
        Ok(summary)
    })?;
    Ok(Answered {
        summary,
        ..Answered::new(200)
    })
}

/// Whether this machine only delivers what another one plans: it shares a queue, and has no database.
fn is_host(config: &Config, database: &Path) -> bool {
    config.queue.shared.is_some() && !database.exists()
}

/// Keeps what was reported in the shared queue, where the planner finds it.
#[cfg(feature = "postgres")]
fn keep_for_planner(
    config: &Config,
    form: &ReceiptForm,
    stops: bool,
    report: &Value,
) -> Result<()> {
    super::share::keep_report(config, form, stops, report)
}

/// A configuration that shares a queue is not accepted by this build.
#[cfg(not(feature = "postgres"))]
fn keep_for_planner(
    _config: &Config,
    form: &ReceiptForm,
    _stops: bool,
    _report: &Value,
) -> Result<()> {
    Err(Error::world(format!(
        "nobody keeps what {} reported",
        form.name()
    )))
}

/// Whether a request is signed; none where it should be, and is not rightly so.
fn is_signed(
    request: &WebRequest,
    seal: Seal,
    config: &ReceiveConfig,
    fields: &[(String, String)],
) -> Result<Option<bool>> {
    let secret = match seal {
        Seal::None => return Ok(Some(false)),
        Seal::Hub => match &config.meta_app_secret {
            Some(secret) => secret,
            None => return Ok(None),
        },
        Seal::Twilio => match &config.twilio_auth_token {
            Some(secret) => secret,
            None => return Ok(Some(false)),
        },
    };
    let secret = secret.reveal()?;
    let signature = seal.header().and_then(|name| request.header(name));
    let base = match &config.public_url {
        Some(url) => url.clone(),
        None => format!("https://{}", request.header("host").unwrap_or_default()),
    };
    let letter = Letter {
        url: &format!("{base}{}", request.target),
        body: &request.body,
        fields,
    };
    let holds = !secret.is_empty()
        && signature.is_some_and(|signature| seal.holds(&secret, signature, letter));
    Ok(holds.then_some(true))
}
