//! The `http` provider: any gateway that can be described by its requests and answers.

use std::borrow::Cow;

use base64::Engine;
use serde_json::Value;

use super::{Limits, Next, Outgoing, Provider, Receipt, Refusal, by_status, lost, tag, world};
use crate::config::{HttpSettings, PLACEHOLDERS};
use crate::domain::words::Reason;
use crate::error::{Error, Result};
use crate::http::{
    Answer, Body, Client, Cover, Method, Patience, Request, percent_encoded, shortened,
};

/// A text with places for values.
#[derive(Clone, PartialEq, Eq)]
struct Pattern(Vec<Piece>);

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(&'static str),
}

impl Pattern {
    /// The places of a text; a number sign that opens no known word is text.
    fn of(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('#') {
            plain.push_str(before);
            let known = after.split_once('#').and_then(|(word, beyond)| {
                let name = PLACEHOLDERS.iter().find(|name| **name == word)?;
                Some((*name, beyond))
            });
            if let Some((name, beyond)) = known {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Value(name));
                rest = beyond;
            } else {
                plain.push('#');
                rest = after;
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Self(pieces)
    }

    /// Whether a value goes somewhere in it.
    fn uses(&self, wanted: &str) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Value(name) if *name == wanted))
    }

    /// The text with its values, each escaped; nothing within a value is looked at again.
    fn filled<'v>(
        &self,
        value: impl Fn(&str) -> Cow<'v, str>,
        escape: fn(&str) -> String,
    ) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(name) => out.push_str(&escape(&value(name))),
            }
        }
        out
    }
}

/// A value within a JSON string.
fn json_escaped(value: &str) -> String {
    let quoted = Value::String(value.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// What the gateway's values at the result's place mean.
struct Results {
    pointer: String,
    accepted: Vec<String>,
    later: Vec<String>,
    never: Vec<String>,
    stop: Vec<String>,
}

/// Delivers through a gateway that the configuration describes.
pub struct HttpProvider {
    client: Client,
    limits: Limits,
    method: Method,
    url: Pattern,
    headers: Vec<(String, Pattern)>,
    kind: String,
    escape: fn(&str) -> String,
    body: Option<Pattern>,
    sender: String,
    username: String,
    password: String,
    token: String,
    accepted: Vec<i64>,
    later: Vec<i64>,
    never: Vec<i64>,
    stop: Vec<i64>,
    results: Option<Results>,
    id_pointer: Option<String>,
    message_pointers: Vec<String>,
    check_url: Option<String>,
    cover: Cover,
}

impl HttpProvider {
    /// A provider for the gateway that `settings` describe.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn new(settings: &HttpSettings, limits: Limits) -> Result<Self> {
        let reveal = |secret: &Option<crate::settings::Secret>| {
            secret
                .as_ref()
                .map_or(Ok(String::new()), crate::settings::Secret::reveal)
        };
        let password = reveal(&settings.password)?;
        let token = reveal(&settings.token)?;
        let username = settings.username.clone().unwrap_or_default();
        let url = Pattern::of(&settings.url);
        let body = settings.body.as_deref().map(Pattern::of);
        let placed = |name| url.uses(name) || body.as_ref().is_some_and(|body| body.uses(name));

        let mut secrets = vec![password.clone(), token.clone()];
        let mut headers = Vec::new();
        let mut kind = None;
        for (name, secret) in &settings.headers {
            let value = secret.reveal()?;
            if name.eq_ignore_ascii_case("content-type") {
                kind = Some(value);
                continue;
            }
            // A secret from elsewhere is taken as it stands, number signs and all.
            let pattern = if secret.is_literal() {
                Pattern::of(&value)
            } else {
                Pattern(vec![Piece::Text(value.clone())])
            };
            if !secret.is_literal() || may_be_secret(name) {
                secrets.push(value.rsplit(' ').next().unwrap_or_default().to_owned());
                secrets.push(value);
            }
            headers.push((name.clone(), pattern));
        }
        let text = |text: String| Pattern(vec![Piece::Text(text)]);
        if !token.is_empty() {
            let name = match &settings.token_header {
                Some(name) => Some(name.as_str()),
                None if placed("token") => None,
                None => Some("Authorization"),
            };
            if let Some(name) = name {
                let value = format!("{}{token}", settings.token_prefix);
                headers.push((name.to_owned(), text(value)));
            }
        }
        let authorized = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if !authorized && !username.is_empty() && !placed("username") && !placed("password") {
            let pair = format!("{username}:{password}");
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            secrets.push(pair.clone());
            headers.push(("Authorization".to_owned(), text(format!("Basic {pair}"))));
        }
        let kind = kind.unwrap_or_else(|| match settings.content_type.as_str() {
            "text/plain" => "text/plain; charset=utf-8".to_owned(),
            other => other.to_owned(),
        });
        let escape: fn(&str) -> String = match settings.content_type.as_str() {
            "application/json" => json_escaped,
            "application/x-www-form-urlencoded" => percent_encoded,
            _ => str::to_owned,
        };
        let results = settings.result_pointer.clone().map(|pointer| Results {
            pointer,
            accepted: settings.result_accepted.clone(),
            later: settings.result_later.clone(),
            never: settings.result_never.clone(),
            stop: settings.result_stop.clone(),
        });
        Ok(Self {
            client: Client::new(limits.workers, Patience::seconds(settings.timeout_seconds)),
            limits,
            method: match settings.method.as_str() {
                "GET" => Method::Get,
                "PUT" => Method::Put,
                _ => Method::Post,
            },
            url,
            headers,
            kind,
            escape,
            body,
            sender: settings.sender.clone().unwrap_or_default(),
            username,
            password,
            token,
            accepted: settings.accepted.clone(),
            later: settings.later.clone(),
            never: settings.never.clone(),
            stop: settings.stop.clone(),
            results,
            id_pointer: settings.id_pointer.clone(),
            message_pointers: settings.message_pointers.clone(),
            check_url: settings.check_url.clone(),
            cover: Cover::over(secrets),
        })
    }

    fn value<'a>(&'a self, name: &str, message: &'a Outgoing) -> Cow<'a, str> {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        match name {
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
            "id" => message.id.to_string().into(),
            "sender" => self.sender.as_str().into(),
            "username" => self.username.as_str().into(),
            "password" => self.password.as_str().into(),
            "token" => self.token.as_str().into(),
            _ => "".into(),
        }
    }

    /// The gateway's words, or the beginning of its answer, without a secret.
    fn words(&self, answer: &Answer, json: Option<&Value>) -> String {
        let told = self
            .message_pointers
            .iter()
            .filter_map(|pointer| scalar(json?.pointer(pointer)?))
            .find(|text| !text.trim().is_empty());
        let text = told.map_or_else(|| answer.excerpt(), |text| shortened(&text, 300));
        self.cover.cover(text)
    }

    fn judge(&self, answer: &Answer) -> Result<Receipt, Refusal> {
        let json = answer.json();
        let json = json.as_ref();
        let status = i64::from(answer.status);
        let words = || self.words(answer, json);
        let found = self
            .results
            .as_ref()
            .and_then(|results| scalar(json?.pointer(&results.pointer)?));
        let code = found.as_ref().map_or_else(
            || status.to_string(),
            |value| {
                self.cover
                    .cover(format!("{status} {}", shortened(value, 100)))
            },
        );
        let refuse = |next| Err(Refusal::new(next, words()).code(code.clone()));

        if let (Some(results), Some(value)) = (&self.results, &found) {
            if matches(&results.stop, value) {
                return refuse(Next::Stop);
            }
            if matches(&results.never, value) {
                return refuse(Next::Never(Reason::Refused));
            }
            if matches(&results.later, value) {
                return refuse(Next::Later(answer.retry_after));
            }
        }
        if self.stop.contains(&status) {
            return refuse(Next::Stop);
        }
        if self.never.contains(&status) {
            return refuse(Next::Never(Reason::Refused));
        }
        if self.later.contains(&status) {
            return refuse(Next::Later(answer.retry_after));
        }
        if !self.accepted.contains(&status) {
            return Err(by_status(answer, words()));
        }
        // The status says accepted; what was asked of the body must say so too.
        if let Some(results) = &self.results {
            let accepted = found.as_ref().is_some_and(|value| {
                results.accepted.is_empty() || matches(&results.accepted, value)
            });
            if !accepted {
                return refuse(Next::Unknown);
            }
        }
        let provider_id = match &self.id_pointer {
            None => None,
            Some(pointer) => match json.and_then(|json| scalar(json.pointer(pointer)?)) {
                Some(id) => Some(id),
                None => return refuse(Next::Unknown),
            },
        };
        Ok(Receipt {
            provider_id,
            code: Some(code.clone()),
            text: Some(words()),
        }
        .covered(&self.cover))
    }
}

/// Whether a header's value is better not shown.
fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "token", "key", "secret", "pass", "cookie"]
        .iter()
        .any(|part| name.contains(part))
}

/// A value of JSON as the configuration would write it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value is one of those listed; `REJECTED*` means any that begins so.
fn matches(listed: &[String], value: &str) -> bool {
    listed.iter().any(|item| match item.strip_suffix('*') {
        Some(start) => value.starts_with(start),
        None => item == value,
    })
}

impl Provider for HttpProvider {
    fn name(&self) -> &'static str {
        "http"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn send(&self, message: &Outgoing) -> Result<Receipt, Refusal> {
        let value = |name: &str| self.value(name, message);
        let url = self.url.filled(value, percent_encoded);
        let headers: Vec<(&str, String)> = self
            .headers
            .iter()
            .map(|(name, pattern)| (name.as_str(), pattern.filled(value, percent_encoded)))
            .collect();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let text = self
            .body
            .as_ref()
            .map(|body| body.filled(value, self.escape));
        let answer = self
            .client
            .call(&Request {
                method: self.method,
                url: &url,
                headers: &headers,
                body: text.as_deref().map(|text| Body {
                    kind: &self.kind,
                    text,
                }),
            })
            .map_err(lost)?;
        self.judge(&answer)
    }

    /// Asks `check_url`, when there is one; else only whether the gateway's host answers at all.
    fn check(&self) -> Result<String> {
        let unreached = |failure: crate::http::Failure| {
            Error::world(format!("the gateway does not answer: {}", failure.text()))
        };
        let plain = |pattern: &Pattern| pattern.filled(|_| "".into(), str::to_owned);
        let headers: Vec<(&str, String)> = self
            .headers
            .iter()
            .map(|(name, pattern)| (name.as_str(), plain(pattern)))
            .collect();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        if let Some(url) = &self.check_url {
            let answer = self
                .client
                .call(&Request {
                    method: Method::Get,
                    url,
                    headers: &headers,
                    body: None,
                })
                .map_err(unreached)?;
            if answer.is_success() {
                return Ok(format!("the gateway answers {}", answer.status));
            }
            let words = self.words(&answer, answer.json().as_ref());
            return Err(world("the gateway", by_status(&answer, words)));
        }
        let url = plain(&self.url);
        let scheme = url.split("://").next().unwrap_or("https");
        let root = format!("{scheme}://{}/", crate::http::host(&url));
        let answer = self
            .client
            .call(&Request {
                method: Method::Head,
                url: &root,
                headers: &[],
                body: None,
            })
            .map_err(unreached)?;
        Ok(format!(
            "{} answers ({}); credentials are not checked without check_url",
            crate::http::host(&url),
            answer.status
        ))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_known_words_are_places_and_a_lone_sign_is_text() {
        let pattern = Pattern::of("#id# of #1 in #fff: #address##body#");
        let filled = pattern.filled(|name| format!("<{name}>").into(), str::to_owned);
        assert_eq!(filled, "<id> of #1 in #fff: <address><body>");
        assert!(pattern.uses("body") && !pattern.uses("title"));
    }

    #[test]
    fn listed_values_may_end_in_a_star() {
        let listed = ["PENDING*".to_owned(), "0".to_owned()];
        assert!(matches(&listed, "PENDING_ENROUTE") && matches(&listed, "0"));
        assert!(!matches(&listed, "00") && !matches(&listed, "pending"));
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_value_stays_one_json_string_whatever_it_holds(value in ".*") {
            let pattern = Pattern::of(r##"{"to":"x","text":"#body#","n":1}"##);
            let filled = pattern.filled(|_| value.clone().into(), json_escaped);
            let json: Value = serde_json::from_str(&filled).expect("still JSON");
            prop_assert_eq!(json["text"].as_str(), Some(value.as_str()));
            prop_assert_eq!(json.as_object().map(serde_json::Map::len), Some(3));
        }

        #[test]
        fn a_value_never_introduces_a_place(value in ".*#address#.*") {
            let pattern = Pattern::of("#body#");
            prop_assert_eq!(pattern.filled(|_| value.clone().into(), str::to_owned), value);
        }
    }
}
