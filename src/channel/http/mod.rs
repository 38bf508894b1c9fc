//! The `http` provider: any gateway that can be described by its requests and answers.

use std::borrow::Cow;

use self::headers::Headers;
use self::pattern::{Pattern, json_escaped};
use self::settings::{ContentType, HttpSettings, read};
use self::verdict::Verdict;
use super::{Accepted, Limits, Offer, Outgoing, Provider, Refusal, by_status, lost, tag, world};
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::http::{
    Body, Cover, HttpClient, HttpRequest, Method, Patience, percent_encoded, secrets_in,
};
use crate::settings::Secret;
use crate::wire::url::Url;

mod headers;
mod pattern;
mod preset;
mod settings;
mod verdict;

/// Any gateway, for pushes and text messages.
pub(super) const OFFER: Offer = Offer {
    name: "http",
    channels: &[Channel::Push, Channel::Sms],
    usual: Limits {
        workers: 8,
        rate_per_minute: 600,
    },
    read,
};

/// Delivers through a gateway that the configuration describes.
struct HttpProvider {
    client: HttpClient,
    method: Method,
    url: Pattern,
    headers: Vec<(String, Pattern)>,
    content_type: String,
    escape: fn(&str) -> String,
    body: Option<Pattern>,
    sender: String,
    username: String,
    password: String,
    token: String,
    verdict: Verdict,
    check_url: Option<Url>,
    cover: Cover,
}

impl HttpProvider {
    /// A provider for the gateway that `settings` describe.
    ///
    /// # Errors
    /// When a secret cannot be read.
    fn new(settings: &HttpSettings, workers: usize) -> Result<Self> {
        let reveal = |secret: Option<&Secret>| secret.map_or(Ok(String::new()), Secret::reveal);
        let password = reveal(settings.credentials.password.as_ref())?;
        let token = reveal(settings.credentials.token.as_ref())?;
        let username = settings.credentials.username.clone().unwrap_or_default();
        let url = Pattern::of(settings.url.as_str());
        let body = settings.body.as_deref().map(Pattern::of);
        let placed = |name| url.uses(name) || body.as_ref().is_some_and(|body| body.uses(name));
        let mut headers = Headers::given(settings)?;
        headers.add_token(settings, &token, placed("token"));
        headers.add_user(
            &username,
            &password,
            placed("username") || placed("password"),
        );
        let (usual, escape): (_, fn(&str) -> String) = match settings.content_type {
            ContentType::Json => ("application/json", json_escaped),
            ContentType::Form => ("application/x-www-form-urlencoded", percent_encoded),
            ContentType::Plain => ("text/plain; charset=utf-8", str::to_owned),
        };
        Ok(Self {
            client: HttpClient::new(
                workers,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?,
            method: settings.method,
            url,
            headers: headers.list,
            content_type: headers.content_type.unwrap_or_else(|| usual.to_owned()),
            escape,
            body,
            sender: settings.sender.clone().unwrap_or_default(),
            username,
            password,
            token,
            verdict: settings.verdict.clone(),
            check_url: settings.check_url.clone(),
            cover: Cover::over(
                headers
                    .hidden
                    .into_iter()
                    .chain(secrets_in(&settings.url))
                    .chain(settings.check_url.iter().flat_map(secrets_in)),
            ),
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
}

impl Provider for HttpProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
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
            .call(&HttpRequest {
                method: self.method,
                url: &url,
                headers: &headers,
                body: text.as_deref().map(|text| Body {
                    kind: &self.content_type,
                    text,
                }),
            })
            .map_err(lost)?;
        self.verdict.judge(&answer, &self.cover)
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
                .call(&HttpRequest {
                    method: Method::Get,
                    url: url.as_str(),
                    headers: &headers,
                    body: None,
                })
                .map_err(unreached)?;
            if answer.is_success() {
                return Ok(format!("the gateway answers {}", answer.status));
            }
            let words = self
                .verdict
                .words(&answer, answer.json().as_ref(), &self.cover);
            return Err(world("the gateway", by_status(&answer, words)));
        }
        let url = plain(&self.url);
        let scheme = url.split("://").next().unwrap_or("https");
        let root = format!("{scheme}://{}/", crate::http::host(&url));
        let answer = self
            .client
            .call(&HttpRequest {
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
