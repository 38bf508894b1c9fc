//! The access token of a run: fetched once, renewed by one worker while the others wait.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::account::ServiceAccount;
use crate::channel::{Next, Refusal};
use crate::clock::Clock;
use crate::http::{
    Body, Cover, Failure, HttpAnswer, HttpClient, HttpRequest, Method, form, shortened,
};

/// A token is renewed so many seconds before its end (as google-auth does).
const MARGIN: i64 = 225;

/// The token in use.
#[derive(Default)]
struct Token {
    /// The token with what hides it.
    held: Option<(Arc<str>, Arc<Cover>)>,
    /// Renewed from this instant on.
    renew_at: Option<DateTime<Utc>>,
    /// Counts the tokens, so that a worker knows whether another one renewed it meanwhile.
    generation: u64,
    /// This one was fetched because the one before was not accepted.
    after_refusal: bool,
}

/// A token in a worker's hand.
pub(super) struct Held {
    /// The token itself.
    pub(super) text: Arc<str>,
    /// What hides it in whatever the service says.
    pub(super) cover: Arc<Cover>,
    /// Which one it is.
    pub(super) generation: u64,
}

/// The tokens that a key file brings.
pub(super) struct Tokens {
    account: ServiceAccount,
    current: Mutex<Token>,
}

/// The longest life of a token, in seconds.
const HOUR: i64 = 3600;

impl Tokens {
    /// No token yet.
    pub(super) fn new(account: ServiceAccount) -> Self {
        Self {
            account,
            current: Mutex::new(Token::default()),
        }
    }

    /// The project that they are for.
    pub(super) fn project_id(&self) -> &str {
        &self.account.project_id
    }

    /// The token, fetched or renewed when it must be, by one worker while the others wait.
    /// `refused` is the one that the service did not accept, if that is why we ask.
    pub(super) fn held(&self, client: &HttpClient, refused: Option<u64>) -> Result<Held, Refusal> {
        let mut token = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // A token's life is measured by the real clock, whatever day the run pretends to have.
        let now = Clock::system(chrono_tz::UTC).now().at;
        let rejected = refused == Some(token.generation);
        if rejected && token.after_refusal {
            return Err(Refusal::new(
                Next::Stop,
                "Firebase does not accept our token, nor a new one",
            )
            .code("401"));
        }
        let good = token.renew_at.is_some_and(|end| now < end) && !rejected;
        if let (true, Some((text, cover))) = (good, &token.held) {
            return Ok(Held {
                text: Arc::clone(text),
                cover: Arc::clone(cover),
                generation: token.generation,
            });
        }
        let (text, seconds) = self.fetch(client, now)?;
        let cover = Arc::new(Cover::over([text.as_str()]));
        let text: Arc<str> = text.into();
        *token = Token {
            held: Some((Arc::clone(&text), Arc::clone(&cover))),
            renew_at: now.checked_add_signed(TimeDelta::seconds((seconds - MARGIN).max(1))),
            generation: token.generation + 1,
            after_refusal: rejected,
        };
        Ok(Held {
            text,
            cover,
            generation: token.generation,
        })
    }

    /// Asks for a token; a second time when the first failed for no reason of ours.
    fn fetch(&self, client: &HttpClient, now: DateTime<Utc>) -> Result<(String, i64), Refusal> {
        let assertion = self.account.assertion(now).ok_or_else(|| {
            Refusal::new(Next::Stop, "the private key of the key file cannot sign")
        })?;
        let body = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &assertion),
        ]);
        let request = HttpRequest {
            method: Method::Post,
            url: &self.account.token_uri,
            headers: &[],
            body: Some(Body {
                kind: "application/x-www-form-urlencoded",
                text: &body,
            }),
        };
        let mut answer = client.call(&request);
        let again = match &answer {
            Err(_) => true,
            Ok(answer) => answer.status >= 500,
        };
        if again {
            answer = client.call(&request);
        }
        // Whatever became of the request for a token, the message itself was not sent.
        let answer = answer.map_err(|failure: Failure| {
            Refusal::new(
                Next::NotSent,
                format!("no access token: {}", failure.text()),
            )
        })?;
        let json = answer.json().unwrap_or_default();
        // An hour is the most that Google gives; whatever is said beyond counts as that.
        let seconds = json["expires_in"].as_i64().unwrap_or(HOUR).clamp(0, HOUR);
        if let (true, Some(token)) = (answer.is_success(), json["access_token"].as_str()) {
            return Ok((token.to_owned(), seconds));
        }
        Err(refusal(&answer, &json, &assertion))
    }
}

/// What it means that no token came.
fn refusal(answer: &HttpAnswer, json: &Value, assertion: &str) -> Refusal {
    let error = json["error"].as_str().unwrap_or_default();
    let told = match json["error_description"].as_str() {
        Some(description) => format!("{error}: {}", shortened(description, 300)),
        // It may hold a token all the same, under another name.
        None if error.is_empty() && answer.is_success() => {
            "the answer has no access_token".to_owned()
        }
        None if error.is_empty() => answer.excerpt(),
        None => error.to_owned(),
    };
    let hint = if error == "invalid_grant" {
        " (the machine's clock is wrong, or the key was deleted)"
    } else {
        ""
    };
    let text = Cover::over([assertion]).cover(format!("no access token: {told}{hint}"));
    let passing = [
        "internal_failure",
        "server_error",
        "temporarily_unavailable",
    ];
    let next = match answer.status {
        408 | 429 | 500..=599 => Next::Later(answer.retry_after),
        _ if passing.contains(&error) => Next::Later(answer.retry_after),
        _ => Next::Stop,
    };
    Refusal::new(next, text).code(answer.status.to_string())
}
