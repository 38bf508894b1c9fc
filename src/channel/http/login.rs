//! Logins: one request for a token, before the first message and once more when it is not accepted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::pattern::Words;
use super::plan::{ContentType, RequestPlan, read_method, secrets_of};
use super::request::{Form, OwnValues};
use super::rule::{required_pointer, scalar};
use crate::channel::{Next, Refusal, by_status};
use crate::clock::Stopwatch;
use crate::error::Result;
use crate::http::{Cover, HttpClient, Method};
use crate::settings::{Secret, required};
use crate::toml_table::Section;
use crate::wire::url::Url;

/// How a token is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginSettings {
    /// The verb.
    pub(super) method: Method,
    /// Where; a path is one of the gateway's own.
    pub(super) url: String,
    /// Headers; their values may be secrets.
    pub(super) headers: BTreeMap<String, Secret>,
    /// The body, with its places.
    pub(super) body: Option<String>,
    /// Where the answer holds the token.
    token_pointer: String,
    /// Its life in seconds; none: as long as it is accepted.
    seconds: Option<i64>,
}

/// Reads `[login]`, where it stands.
pub(super) fn read(section: &Section<'_, '_>, base: &Path) -> Option<LoginSettings> {
    let table = section.section("login")?;
    let url = required(&table, "url", "write the address that gives a token");
    let pointer = required_pointer(
        &table,
        "token_pointer",
        "write where the answer holds the token: /access_token",
    );
    let settings = (|| {
        Some(LoginSettings {
            method: read_method(&table).unwrap_or(Method::Post),
            headers: secrets_of(&table, "headers", base),
            body: table.text("body"),
            seconds: table.number("seconds", 1..=31_536_000),
            url: url?,
            token_pointer: pointer?,
        })
    })();
    // Every key is known, whatever was wrong with one.
    for key in ["method", "headers", "body", "seconds"] {
        table.has(key);
    }
    table.finish();
    settings
}

impl LoginSettings {
    /// The request for a token at an address.
    pub(super) fn plan(&self, url: Url) -> RequestPlan {
        let looks_like_json = |body: &String| body.trim_start().starts_with(['{', '[']);
        RequestPlan {
            method: self.method,
            url,
            headers: self.headers.clone(),
            content_type: if self.body.as_ref().is_none_or(looks_like_json) {
                ContentType::Json
            } else {
                ContentType::Form
            },
            body: self.body.clone(),
        }
    }
}

/// A token in a worker's hand.
#[derive(Clone)]
pub(super) struct Held {
    /// The token.
    pub(super) token: Arc<str>,
    /// What must never be shown, it among it.
    pub(super) cover: Arc<Cover>,
    /// Counts the tokens, so that a worker knows whether another one renewed it meanwhile.
    generation: u64,
}

impl Held {
    /// The token of a gateway that wants no login.
    pub(super) fn fixed(token: &str, cover: Cover) -> Self {
        Self {
            token: Arc::from(token),
            cover: Arc::new(cover),
            generation: 0,
        }
    }
}

/// The tokens that a login brings.
pub(super) struct Login {
    form: Form,
    own: OwnValues,
    pointer: String,
    life: Option<Duration>,
    hidden: Vec<String>,
    cover: Cover,
    current: Mutex<Option<(Held, Stopwatch)>>,
}

impl Login {
    /// No token yet. `hidden` must never be shown.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub(super) fn new(
        settings: &LoginSettings,
        plan: &RequestPlan,
        words: &Words,
        own: OwnValues,
        mut hidden: Vec<String>,
    ) -> Result<Self> {
        let form = Form::of(plan, words, false)?;
        hidden.extend(form.hidden.iter().cloned());
        Ok(Self {
            form,
            own,
            pointer: settings.token_pointer.clone(),
            life: settings
                .seconds
                .map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
            cover: Cover::over(&hidden),
            hidden,
            current: Mutex::new(None),
        })
    }

    /// What must never be shown of it, besides its tokens.
    pub(super) fn hidden(&self) -> &[String] {
        &self.hidden
    }

    /// The token, fetched when there is none or its life is over, by one worker while the others wait.
    /// `refused` is the one that the gateway did not accept, if that is why we ask.
    ///
    /// # Errors
    /// When it cannot be had: nothing of a message was sent.
    pub(super) fn held(
        &self,
        client: &HttpClient,
        refused: Option<&Held>,
    ) -> Result<Held, Refusal> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let mut generation = 1;
        if let Some((held, since)) = &*current {
            let rejected = refused.is_some_and(|refused| refused.generation == held.generation);
            let over = self.life.is_some_and(|life| since.elapsed() >= life);
            if !rejected && !over {
                return Ok(held.clone());
            }
            generation = held.generation + 1;
        }
        let since = Stopwatch::start();
        let token = self.fetch(client)?;
        let hidden = self.hidden.iter().map(String::as_str).chain([&*token]);
        let held = Held {
            cover: Arc::new(Cover::over(hidden)),
            token: Arc::from(token),
            generation,
        };
        *current = Some((held.clone(), since));
        Ok(held)
    }

    fn fetch(&self, client: &HttpClient) -> Result<String, Refusal> {
        let made = self.form.made(|word| self.own.get(word).to_owned().into());
        let answer = made.call(client).map_err(|failure| {
            // Whether the login arrived or not, no message did.
            Refusal::new(Next::NotSent, format!("login: {}", failure.text()))
        })?;
        if !answer.is_success() {
            let words = self.cover.cover(answer.excerpt());
            let refusal = by_status(&answer, format!("the login was refused: {words}"));
            return Err(Refusal {
                next: Next::Stop,
                ..refusal
            });
        }
        let token = answer
            .json()
            .and_then(|json| scalar(json.pointer(&self.pointer)?))
            .filter(|token| !token.trim().is_empty());
        // What it answers instead may hold a token somewhere else: it is not shown.
        token.ok_or_else(|| {
            Refusal::new(
                Next::Stop,
                format!("the login's answer has no token at {}", self.pointer),
            )
            .code(answer.status.to_string())
        })
    }
}
