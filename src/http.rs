//! The one door to ureq: what was asked, what was answered, and what is certain when no answer came.

use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::time::Duration;

use base64::Engine;
use chrono::{DateTime, NaiveDateTime, Utc};
use ureq::http as wire;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};

use crate::clock::Clock;

/// The most that is read of an answer, in bytes, unless a caller asks for more.
pub const BODY_LIMIT: usize = 1 << 20;

/// The longest that a provider may ask us to wait; longer is taken as this.
const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// How we name ourselves.
const USER_AGENT: &str = concat!("regua/", env!("CARGO_PKG_VERSION"));

/// How long each phase of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To resolve the name, and again to connect (with TLS).
    pub connect: Duration,
    /// To send, and again to wait for the answer, and again to read it.
    pub answer: Duration,
}

impl Patience {
    /// So many seconds for an answer; at most ten for a connection.
    pub fn seconds(answer: i64) -> Self {
        let answer = Duration::from_secs(u64::try_from(answer).unwrap_or(1).max(1));
        Self {
            connect: answer.min(Duration::from_secs(10)),
            answer,
        }
    }
}

/// A verb of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read (some services want a body with it).
    Get,
    /// Ask only for the answer's head.
    Head,
    /// Do.
    Post,
    /// Put in place.
    Put,
}

/// A body with its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Body<'a> {
    /// Its media type.
    pub kind: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest<'a> {
    /// The verb.
    pub method: Method,
    /// The whole address.
    pub url: &'a str,
    /// Headers besides those of the body.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; a GET may have one too.
    pub body: Option<Body<'a>>,
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks us to wait (`Retry-After`, as seconds or as a date), at most a week.
    pub retry_after: Option<Duration>,
    /// Its media type, as it was sent.
    pub content_type: Option<String>,
    /// Where it points to, when it is a redirect (which is never followed).
    pub location: Option<String>,
    /// The body, up to the limit.
    pub body: Vec<u8>,
}

/// No answer, and what is certain about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Not a byte of the request left: it can be repeated freely.
    NotSent(String),
    /// The request may have arrived.
    Unknown(String),
}

impl Failure {
    /// What happened, in words without a secret.
    pub fn text(&self) -> &str {
        match self {
            Self::NotSent(text) | Self::Unknown(text) => text,
        }
    }
}

/// Kept-alive connections to a service.
pub struct HttpClient {
    agent: ureq::Agent,
    limit: usize,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl HttpClient {
    /// A client for so many threads at once.
    pub fn new(threads: usize, patience: Patience) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(USER_AGENT)
            // Fewer idle places than threads, and nearly every request opens a connection.
            .max_idle_connections(threads + 2)
            .max_idle_connections_per_host(threads + 2)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_send_request(Some(patience.answer))
            .timeout_send_body(Some(patience.answer))
            .timeout_recv_response(Some(patience.answer))
            .timeout_recv_body(Some(patience.answer))
            .build();
        let connector = Connector::<()>::chain(DefaultConnector::default(), Witness);
        Self {
            agent: ureq::Agent::with_parts(config, connector, DefaultResolver::default()),
            limit: BODY_LIMIT,
        }
    }

    /// The same client, reading up to so many bytes of an answer.
    #[must_use]
    pub fn reading(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Makes a request and reads its answer whole, errors too (so that the connection lives on).
    ///
    /// # Errors
    /// When no whole answer came: not sent when not a byte of the request left, else unknown.
    pub fn call(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, Failure> {
        LEFT.set(false);
        self.answer(request).map_err(|error| {
            let text = format!("{}: {}", host(request.url), describe(&error));
            if LEFT.get() {
                Failure::Unknown(text)
            } else {
                Failure::NotSent(text)
            }
        })
    }

    fn answer(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, ureq::Error> {
        let method = match request.method {
            Method::Get => wire::Method::GET,
            Method::Head => wire::Method::HEAD,
            Method::Post => wire::Method::POST,
            Method::Put => wire::Method::PUT,
        };
        let mut builder = wire::Request::builder()
            .method(method)
            .uri(request.url)
            .header("Accept", "application/json, */*;q=0.5");
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        if let Some(body) = request.body {
            builder = builder.header("Content-Type", body.kind);
        }
        let bodyless = matches!(request.method, Method::Get | Method::Head);
        let response = match request.body {
            None if bodyless => self.agent.run(builder.body(())?)?,
            body => {
                let bytes = body.map_or(&[][..], |body| body.text.as_bytes());
                self.agent.run(builder.body(bytes)?)?
            }
        };
        let (head, body) = response.into_parts();
        let header = |name: &str| {
            let value = head.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut bytes = Vec::new();
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        body.into_with_config()
            .limit(u64::MAX)
            .reader()
            .take(limit)
            .read_to_end(&mut bytes)?;
        let wait = header("retry-after").and_then(|value| {
            // The service's own clock is the one its date was written by.
            let now = header("date")
                .and_then(|date| http_date(&date))
                .unwrap_or_else(|| Clock::system(chrono_tz::UTC).now().at);
            retry_after(&value, now)
        });
        Ok(HttpAnswer {
            status: head.status.as_u16(),
            retry_after: wait,
            content_type: header("content-type"),
            location: header("location"),
            body: bytes,
        })
    }

    /// Cuts every request that is waiting; every later one fails as not sent.
    pub fn shutdown(&self) {
        self.agent.clone().shutdown();
    }
}

impl HttpAnswer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text, by its declared charset (UTF-8 otherwise).
    pub fn text(&self) -> String {
        let charset = self
            .content_type
            .as_deref()
            .and_then(|kind| {
                kind.split(';').skip(1).find_map(|part| {
                    let (name, value) = part.split_once('=')?;
                    name.trim()
                        .eq_ignore_ascii_case("charset")
                        .then(|| value.trim().trim_matches('"').to_owned())
                })
            })
            .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
            .unwrap_or(encoding_rs::UTF_8);
        charset.decode(&self.body).0.into_owned()
    }

    /// The body as JSON, if that is what it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.text()).ok()
    }

    /// The beginning of the body as one line of plain words, markup left out.
    pub fn excerpt(&self) -> String {
        let text = self.text();
        let mut out = String::new();
        let mut within_tag = false;
        for c in text.chars() {
            match c {
                '<' => within_tag = true,
                '>' if within_tag => {
                    within_tag = false;
                    out.push(' ');
                }
                _ if within_tag => {}
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
            if out.len() > 2000 {
                out.push('…');
                break;
            }
        }
        let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return format!("HTTP {} without a text", self.status);
        }
        shortened(&words, 300)
    }
}

/// The first `most` characters of a text, with an ellipsis when there are more.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// Texts that must never be shown: what a service says is passed through here before anybody reads it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cover {
    hidden: Vec<String>,
}

impl fmt::Debug for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Cover {
    /// A cover over these texts and what Base64, a URL and JSON make of them.
    pub fn over<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut hidden = Vec::new();
        for secret in secrets {
            let secret = secret.as_ref().trim();
            // Covering a text of one or two letters would only make a riddle of every answer.
            if secret.chars().count() < 4 {
                continue;
            }
            // PHP writes `\\/` for every slash in its JSON.
            let json = serde_json::Value::String(secret.to_owned()).to_string();
            let json = json[1..json.len() - 1].to_owned();
            hidden.push(json.replace('/', "\\/"));
            hidden.push(json);
            hidden.push(secret.to_owned());
            hidden.push(base64::engine::general_purpose::STANDARD.encode(secret));
            hidden.push(percent_encoded(secret));
        }
        hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        hidden.dedup();
        Self { hidden }
    }

    /// `text` with everything hidden shown as `***`, and what a shortened text kept of it too.
    pub fn cover(&self, text: impl Into<String>) -> String {
        let mut text = text.into();
        for secret in &self.hidden {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "***");
            }
        }
        if let Some(kept) = text.strip_suffix('…') {
            let left = self
                .hidden
                .iter()
                .flat_map(|secret| secret.char_indices().map(|(at, _)| &secret[..at]).skip(1))
                .filter(|beginning| kept.ends_with(beginning))
                .map(str::len)
                .max();
            // One letter that happens to be a secret's first gives nothing away.
            if let Some(left) = left.filter(|left| *left > 1) {
                return format!("{}***", &kept[..kept.len() - left]);
            }
        }
        text
    }
}

/// A text as a part of a URL or of a form: everything but unreserved characters is encoded (RFC 3986).
pub fn percent_encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// `name=value` pairs as a form's body.
pub fn form(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// A `Retry-After` header: seconds, or a date after `now`; at most a week.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let wait = http_date(value)?.signed_duration_since(now);
    Some(wait.to_std().unwrap_or(Duration::ZERO).min(LONGEST_WAIT))
}

/// A date as HTTP writes it, today's form and the two older ones (RFC 9110, section 5.6.7).
fn http_date(value: &str) -> Option<DateTime<Utc>> {
    let value = value.trim();
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(date.with_timezone(&Utc));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(value, format).ok())
        .map(|date| date.and_utc())
}

/// The host of an address, for words: the rest may hold secrets.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

fn describe(error: &ureq::Error) -> String {
    use ureq::Error as E;
    match error {
        E::Timeout(phase) => format!("timed out ({phase})"),
        E::HostNotFound => "the host was not found".to_owned(),
        E::Io(error) => error.to_string(),
        E::Tls(what) => format!("TLS: {what}"),
        E::Rustls(error) => format!("TLS: {error}"),
        E::ConnectProxyFailed(_) | E::InvalidProxyUrl => "the proxy failed".to_owned(),
        E::ConnectionFailed => "the connection failed".to_owned(),
        // These hold parts of the request, which may hold secrets.
        E::Http(_) | E::BadUri(_) => "the address or a header cannot be sent".to_owned(),
        E::LargeResponseHeader(..) => "the answer's head is too large".to_owned(),
        E::Protocol(_) => "the answer is not HTTP".to_owned(),
        E::Decompress(..) => "the answer cannot be unpacked".to_owned(),
        _ => "the request failed".to_owned(),
    }
}

thread_local! {
    /// Whether any byte of this thread's request may have left. A request is made and answered
    /// on one thread, and connections are opened (with TLS) before the first byte of it is written.
    static LEFT: Cell<bool> = const { Cell::new(false) };
}

/// Wraps every connection, new or kept alive, to see when a request begins to leave.
#[derive(Debug)]
struct Witness;

impl<In: Transport> Connector<In> for Witness {
    type Out = Witnessed<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(Witnessed))
    }
}

#[derive(Debug)]
struct Witnessed<T>(T);

impl<T: Transport> Transport for Witnessed<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if amount > 0 {
            LEFT.set(true);
        }
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text)
            .expect("an instant")
            .with_timezone(&Utc)
    }

    fn answer(kind: &str, body: &[u8]) -> HttpAnswer {
        HttpAnswer {
            status: 502,
            retry_after: None,
            content_type: Some(kind.to_owned()),
            location: None,
            body: body.to_vec(),
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_in_any_of_three_forms() {
        let now = at("1994-11-06T08:49:07Z");
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(604_800));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn an_excerpt_is_one_line_without_markup() {
        let page = b"<html><head><title>502 Bad\nGateway</title></head><body>nginx</body></html>"
            .as_slice();
        assert_eq!(answer("text/html", page).excerpt(), "502 Bad Gateway nginx");
        assert_eq!(
            answer("text/html", b"").excerpt(),
            "HTTP 502 without a text"
        );
        let long = "é".repeat(400);
        assert_eq!(
            answer("text/plain", long.as_bytes())
                .excerpt()
                .chars()
                .count(),
            301
        );
    }

    #[test]
    fn a_body_is_read_by_its_declared_charset() {
        assert_eq!(
            answer("text/html; charset=ISO-8859-1", b"n\xe3o").text(),
            "não"
        );
        assert_eq!(answer("application/json", "não".as_bytes()).text(), "não");
    }

    #[test]
    fn a_cover_hides_a_secret_in_every_form_it_travels_in() {
        let cover = Cover::over(["s3cret/key", "ab"]);
        let base64 = base64::engine::general_purpose::STANDARD.encode("s3cret/key");
        let text = format!("bad key s3cret/key ({base64}, s3cret%2Fkey) ab");
        assert_eq!(cover.cover(text), "bad key *** (***, ***) ab");
        assert_eq!(format!("{cover:?}"), "***");
        assert_eq!(cover.cover(r"bad key s3cret\/key"), "bad key ***");
    }

    #[test]
    fn a_secret_that_a_shortened_text_breaks_off_is_hidden_too() {
        let cover = Cover::over(["s3cret/key"]);
        for most in 0..30 {
            let told = cover.cover(shortened("your key is s3cret/key, or not?", most));
            assert!(!told.contains("s3"), "{told}");
        }
        assert_eq!(cover.cover("the end is s…"), "the end is s…");
        let page = format!("{}s3cret/key", "<b> </b>".repeat(999));
        let told = cover.cover(answer("text/html", page.as_bytes()).excerpt());
        assert!(!told.contains("s3"), "{told}");
    }

    #[test]
    fn words_about_an_address_name_only_its_host() {
        assert_eq!(
            host("https://user:pw@gw.example.com:8443/send?key=1"),
            "gw.example.com:8443"
        );
        assert_eq!(host("http://127.0.0.1:80?token=x"), "127.0.0.1:80");
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_form_value_can_never_become_another_field(value in ".*") {
            let body = form(&[("To", &value), ("From", "1")]);
            prop_assert_eq!(body.matches('&').count(), 1);
            prop_assert_eq!(body.matches('=').count(), 2);
            prop_assert!(body.is_ascii());
        }
    }
}
