//! The web service on the wire: one header that makes every request a read, and no way around it.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::button::Button;
use super::form::Form;
use super::page::{Fetch, NoAnswer, PageAnswer};
use super::settings::IxcSettings;
use crate::error::{Error, Result};
use crate::http::{
    self, Body, Cover, Failure, HttpClient, HttpRequest, Method, Patience, secrets_in,
};
use crate::source::erp;
use crate::wire::url::Url;

/// The most of one answer that is read for each row that was asked for, unpacked, in bytes.
const MOST_OF_A_ROW: usize = 64 << 10;
/// The least and the most that the limit of one answer comes to.
const LIMITS: (usize, usize) = (8 << 20, 128 << 20);

/// The header without which a POST to a form is an *insert*. It stands here and nowhere else.
const READ_ONLY: (&str, &str) = ("ixcsoft", "listar");

/// An IXC Provedor web service.
#[derive(Debug)]
pub struct WebService {
    client: HttpClient,
    cover: Cover,
    base_url: Url,
    authorization: Sealed,
    method: Method,
    columns: BTreeMap<String, Vec<String>>,
}

/// A header's value that never prints.
struct Sealed(String);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl WebService {
    /// The web service of these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// When the token cannot be had (exit 3).
    pub fn new(settings: &IxcSettings) -> Result<Self> {
        let token = settings.token.reveal()?;
        if token.is_empty() || token.chars().any(char::is_control) {
            return Err(
                Error::unacceptable("the token of the IXC web service is empty or broken")
                    .at("sync.ixc.token")
                    .hint("write id:hash as the ERP shows it, or the same in Base64"),
            );
        }
        let encoded = encoded(&token);
        let decoded = STANDARD
            .decode(&encoded)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default();
        let hash = decoded.split_once(':').map_or("", |(_, hash)| hash);
        Ok(Self {
            client: HttpClient::new(
                1,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?
            .reading(most_bytes(settings.page_size)),
            cover: Cover::over(
                [token.as_str(), &encoded, &decoded, hash]
                    .map(str::to_owned)
                    .into_iter()
                    .chain(secrets_in(&settings.base_url)),
            ),
            base_url: settings.base_url.clone(),
            authorization: Sealed(format!("Basic {encoded}")),
            method: if settings.get {
                Method::Get
            } else {
                Method::Post
            },
            columns: settings.columns.clone(),
        })
    }
}

impl WebService {
    /// Asks a form, or presses a button, with the header that makes it a read.
    fn ask(&self, name: &str, (method, body): (Method, &str)) -> Result<PageAnswer, NoAnswer> {
        let url = format!("{}/webservice/v1/{name}", self.base_url.as_str());
        let request = HttpRequest {
            method,
            url: &url,
            headers: &[("Authorization", &self.authorization.0), READ_ONLY],
            body: Some(Body {
                kind: "application/json",
                text: body,
            }),
        };
        match self.client.call(&request) {
            Ok(answer) => Ok(PageAnswer {
                status: answer.status,
                retry_after: answer.retry_after,
                body: answer.body,
            }),
            Err(failure) => Err(self.unanswered(name, &url, &failure)),
        }
    }

    /// What happened instead of an answer: a line that was cut may hold another time.
    fn unanswered(&self, name: &str, url: &str, failure: &Failure) -> NoAnswer {
        let error = Error::world(self.covered(format!(
            "the IXC web service did not answer: {}",
            failure.text()
        )))
        .at(format!("in {name} of {}", http::host(url)))
        .hint("check base_url under [sync.ixc], and that the server's database is up")
        .hint("timeout_seconds under [sync.ixc], when the server is only slow");
        let error = erp::with_authority(error, "sync.ixc", failure.text());
        match failure {
            Failure::Unknown(text) if !text.contains("timed out") => NoAnswer::Cut(error),
            _ => NoAnswer::Never(error),
        }
    }
}

impl Fetch for WebService {
    fn list(&self, form: Form, body: &str) -> Result<PageAnswer, NoAnswer> {
        self.ask(form.name(), (self.method, body))
    }

    fn press(&self, button: Button, body: &str) -> Result<PageAnswer, NoAnswer> {
        self.ask(button.name(), (Method::Post, body))
    }

    fn pause(&self, wait: Duration) {
        std::thread::sleep(wait);
    }

    fn columns(&self, form: Form) -> Option<&[String]> {
        self.columns.get(form.name()).map(Vec::as_slice)
    }

    fn covered(&self, words: String) -> String {
        self.cover.cover(words)
    }
}

/// The most that is read of an answer to a request for so many rows, unpacked, in bytes.
fn most_bytes(rows: i64) -> usize {
    usize::try_from(rows)
        .unwrap_or(0)
        .saturating_mul(MOST_OF_A_ROW)
        .clamp(LIMITS.0, LIMITS.1)
}

/// The token as Basic wants it: one that is already Base64 of `id:hash` stays as it is.
fn encoded(token: &str) -> String {
    let already = !token.contains(':')
        && STANDARD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .is_some_and(|text| text.contains(':'));
    if already {
        token.to_owned()
    } else {
        STANDARD.encode(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_come_raw_or_in_base64() {
        let raw = "53:9f00ab";
        let base64 = STANDARD.encode(raw);
        assert_eq!(encoded(raw), base64);
        assert_eq!(encoded(&base64), base64);
        // Neither: it is passed on as it was written, and the server says what it thinks.
        assert_eq!(encoded("abc"), STANDARD.encode("abc"));
    }
}
