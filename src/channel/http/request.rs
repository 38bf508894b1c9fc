//! The requests that a gateway is described by, and what fills their places.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::pattern::{Pattern, Words, is_of_message, json_escaped};
use super::plan::{ContentType, Credentials, RequestPlan, is_secret};
use crate::channel::Outgoing;
use crate::domain::message::{tag, uuid};
use crate::error::Result;
use crate::http::{Body, Failure, HttpAnswer, HttpClient, HttpRequest, Method, percent_encoded};
use crate::settings::Secret;

/// What stands for a secret where it is shown.
const HIDDEN: &str = "***";

/// What the configuration puts into the places of a request.
#[derive(Clone)]
pub(super) struct OwnValues {
    sender: String,
    username: String,
    password: String,
    /// The token, where it is not fetched by a login.
    pub(super) token: String,
    values: BTreeMap<String, String>,
    /// What must never be shown.
    pub(super) hidden: Vec<String>,
}

impl OwnValues {
    /// The values, with their secrets read.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub(super) fn revealed(credentials: &Credentials) -> Result<Self> {
        Self::of(credentials, Secret::reveal)
    }

    /// The values as they may be shown, no secret read.
    pub(super) fn covered(credentials: &Credentials) -> Result<Self> {
        Self::of(credentials, |_| Ok(HIDDEN.to_owned()))
    }

    fn of(credentials: &Credentials, read: impl Fn(&Secret) -> Result<String>) -> Result<Self> {
        let Credentials {
            username,
            password,
            token,
            ..
        } = credentials;
        let reveal = |secret: &Option<Secret>| secret.as_ref().map_or(Ok(String::new()), &read);
        let (password, token) = (reveal(password)?, reveal(token)?);
        let mut hidden = vec![password.clone(), token.clone()];
        let mut values = BTreeMap::new();
        for (name, secret) in &credentials.values {
            let value = if is_secret(name, secret) {
                let value = read(secret)?;
                hidden.push(value.clone());
                value
            } else {
                secret.reveal()?
            };
            values.insert(name.clone(), value);
        }
        Ok(Self {
            sender: credentials.sender.clone().unwrap_or_default(),
            username: username.clone().unwrap_or_default(),
            password,
            token,
            values,
            hidden,
        })
    }

    /// What a place of the configuration's holds.
    pub(super) fn get(&self, word: &str) -> &str {
        match word {
            "sender" => &self.sender,
            "username" => &self.username,
            "password" => &self.password,
            "token" => &self.token,
            own => self.values.get(own).map_or("", String::as_str),
        }
    }
}

/// What a message puts into the places of a request.
pub(super) fn of_message<'m>(word: &str, message: &'m Outgoing) -> Option<Cow<'m, str>> {
    Some(match word {
        "address" => message.address.as_str().into(),
        "address_digits" => digits(&message.address).into(),
        "address_national" => match message.address.strip_prefix("+55") {
            Some(national) => national.into(),
            None => digits(&message.address).into(),
        },
        "title" => message.title.as_deref().unwrap_or_default().into(),
        "body" => message.body.as_str().into(),
        "key" => message.key.as_str().into(),
        "tag" => tag(&message.key).into(),
        "uuid" => uuid(&message.key).into(),
        "id" => message.id.to_string().into(),
        "client_id" => {
            let id = message.client_id.map(|id| id.to_string());
            id.unwrap_or_default().into()
        }
        "template" => message.template.as_deref().unwrap_or_default().into(),
        _ => return None,
    })
}

/// The digits of an address.
pub(super) fn digits(address: &str) -> String {
    address.chars().filter(char::is_ascii_digit).collect()
}

/// A request with its places.
pub(super) struct Form {
    method: Method,
    url: Pattern,
    headers: Vec<(String, Pattern)>,
    kind: String,
    escape: fn(&str) -> String,
    body: Option<Pattern>,
    /// What its headers hide.
    pub(super) hidden: Vec<String>,
}

/// A request as it would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    /// The body and its type.
    pub(super) body: Option<(String, String)>,
}

impl Form {
    /// The request of a plan. `own` says what must be hidden in it, and whether secrets may be read.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub(super) fn of(plan: &RequestPlan, words: &Words, showing: bool) -> Result<Self> {
        let (usual, escape): (_, fn(&str) -> String) = match plan.content_type {
            ContentType::Json => ("application/json", json_escaped),
            ContentType::Form => ("application/x-www-form-urlencoded", percent_encoded),
            ContentType::Plain => ("text/plain; charset=utf-8", str::to_owned),
        };
        let mut form = Self {
            method: plan.method,
            url: Pattern::of(plan.url.as_str(), words),
            headers: Vec::new(),
            kind: usual.to_owned(),
            escape,
            body: plan.body.as_deref().map(|body| Pattern::of(body, words)),
            hidden: Vec::new(),
        };
        for (name, secret) in &plan.headers {
            if name.eq_ignore_ascii_case("content-type") {
                form.kind = secret.reveal()?;
                continue;
            }
            let hides = is_secret(name, secret);
            if showing && hides {
                let hidden = Pattern::plain(HIDDEN.to_owned());
                form.headers.push((name.clone(), hidden));
                continue;
            }
            let value = secret.reveal()?;
            // A secret from elsewhere is taken as it stands, number signs and all.
            let pattern = if secret.is_literal() {
                Pattern::of(&value, words)
            } else {
                Pattern::plain(value.clone())
            };
            if hides {
                let last = value.rsplit(' ').next().unwrap_or_default();
                form.hidden.push(last.to_owned());
                form.hidden.push(value);
            }
            form.headers.push((name.clone(), pattern));
        }
        Ok(form)
    }

    /// Whether a value goes somewhere in it.
    fn uses(&self, word: &str) -> bool {
        self.url.uses(word)
            || self.body.as_ref().is_some_and(|body| body.uses(word))
            || self.headers.iter().any(|(_, value)| value.uses(word))
    }

    /// Adds what we are known by: the token in the header that is named, or in the usual one unless it
    /// stands elsewhere; a user and password as HTTP's basic authentication, likewise.
    pub(super) fn authorized(
        mut self,
        credentials: &Credentials,
        own: &OwnValues,
        token: bool,
    ) -> Self {
        if token {
            let usual = (!self.uses("token")).then_some("Authorization");
            if let Some(name) = credentials.token_header.as_deref().or(usual) {
                let prefix = credentials.token_prefix.clone();
                self.headers
                    .push((name.to_owned(), Pattern::before(prefix, "token")));
            }
        }
        let placed = self.uses("username") || self.uses("password");
        let authorized = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let username = own.get("username");
        if !authorized && !username.is_empty() && !placed {
            let password = own.get("password");
            let pair = if password == HIDDEN {
                HIDDEN.to_owned()
            } else {
                STANDARD.encode(format!("{username}:{password}"))
            };
            self.hidden.push(pair.clone());
            let value = Pattern::plain(format!("Basic {pair}"));
            self.headers.push(("Authorization".to_owned(), value));
        }
        self
    }

    /// The request with its values.
    pub(super) fn made<'v>(&self, value: impl Fn(&str) -> Cow<'v, str>) -> Made {
        // What the configuration puts in a header is meant to stand there as it is.
        let in_header = |word: &str, text: &str| {
            if is_of_message(word) {
                percent_encoded(text)
            } else {
                text.to_owned()
            }
        };
        let headers = self.headers.iter();
        Made {
            method: self.method,
            url: self.url.filled(&value, in_url),
            headers: headers
                .map(|(name, pattern)| (name.clone(), pattern.filled(&value, in_header)))
                .collect(),
            body: self.body.as_ref().map(|body| {
                let escape = |word: &str, text: &str| match word {
                    // A list of numbers is written as the body wants it.
                    "numbers" => text.to_owned(),
                    _ => (self.escape)(text),
                };
                let text = body.filled(&value, escape);
                (self.kind.clone(), text)
            }),
        }
    }
}

impl Made {
    /// Makes the request.
    ///
    /// # Errors
    /// When no whole answer came.
    pub(super) fn call(&self, client: &HttpClient) -> Result<HttpAnswer, Failure> {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        client.call(&HttpRequest {
            method: self.method,
            url: &self.url,
            headers: &headers,
            body: self.body.as_ref().map(|(kind, text)| Body { kind, text }),
        })
    }
}

/// A value as a part of a URL. A colon may stand there, and bots' tokens have one.
fn in_url(word: &str, text: &str) -> String {
    if is_of_message(word) {
        percent_encoded(text)
    } else if text == HIDDEN {
        text.to_owned()
    } else {
        percent_encoded(text).replace("%3A", ":")
    }
}
