//! The one door to ureq: what was asked, what was answered, and what is certain when no answer came.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::http as ureq_http;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};

use self::answer::http_date;
use self::proxy::{Proxies, Way};
use self::straight::Straight;
use self::transport::{Encrypting, Keeping, KeptNames, Witness, look_back, set_out};
use crate::clock::Clock;
use crate::error::Result;
use crate::wire::bounds::{self, Allowance, Ended};
use crate::wire::names::Names;
use crate::wire::trust::{Trust, trust};

mod answer;
mod cover;
mod proxy;
mod straight;
mod transport;

pub use crate::wire::url::host;
pub use answer::{HttpAnswer, retry_after, shortened};
pub use cover::{Cover, form, percent_encoded, secrets_in};
pub use proxy::in_use as proxies_in_use;

/// The most that is read of an answer, unpacked, in bytes, unless a caller asks for more.
pub const BODY_LIMIT: usize = 1 << 20;

/// How we name ourselves.
const USER_AGENT: &str = concat!("regua/", env!("CARGO_PKG_VERSION"));

/// How long each phase of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To resolve the name, and again to connect (with TLS).
    pub connect: Duration,
    /// To send, and again for the whole of the answer.
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

impl Method {
    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
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
    direct: ureq::Agent,
    /// The same through the proxies for https and for http addresses.
    https_proxy: Option<ureq::Agent>,
    http_proxy: Option<ureq::Agent>,
    proxies: Proxies,
    keeping: Arc<Keeping>,
    patience: Patience,
    limit: usize,
    /// An answer that is longer than the limit is none.
    whole: bool,
    cover: Cover,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl HttpClient {
    /// A client for so many threads at once, which trusts the authorities in `ca_file` besides the usual ones,
    /// and goes through the proxies of the environment.
    ///
    /// # Errors
    /// When the file holds no certificate, or a variable no proxy.
    pub fn new(threads: usize, patience: Patience, ca_file: Option<&Path>) -> Result<Self> {
        let proxies = Proxies::of_environment()?;
        let trust = trust(ca_file)?;
        let keeping = Arc::new(Keeping::default());
        let agent = |proxy| agent(threads, patience, proxy, &trust, &keeping);
        let through = |named: &Option<proxy::Named>| {
            named.as_ref().map(|named| agent(Some(named.proxy.clone())))
        };
        Ok(Self {
            direct: agent(None),
            https_proxy: through(&proxies.https),
            http_proxy: through(&proxies.http),
            cover: proxy::cover(&proxies),
            proxies,
            keeping,
            patience,
            limit: BODY_LIMIT,
            whole: false,
        })
    }

    /// The same client, reading up to so many bytes of an answer, unpacked; a longer one is a failure.
    #[must_use]
    pub fn reading(mut self, limit: usize) -> Self {
        self.limit = limit;
        self.whole = true;
        self
    }

    /// Makes a request and reads its answer whole, errors too (so that the connection lives on).
    ///
    /// # Errors
    /// When no whole answer came: not sent when not a byte of the request left, else unknown.
    pub fn call(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, Failure> {
        set_out();
        let answer = self.answer(request);
        let journey = look_back();
        match &answer {
            Ok(_) => self.keeping.answered(&journey),
            Err(ureq::Error::Timeout(_)) => {}
            Err(_) => self.keeping.lost(&journey),
        }
        answer.map_err(|error| {
            let text = format!("{}: {}", host(request.url), describe(&error));
            let text = self.cover.cover(text);
            if journey.left {
                Failure::Unknown(text)
            } else {
                Failure::NotSent(text)
            }
        })
    }

    fn answer(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer, ureq::Error> {
        let method = match request.method {
            Method::Get => ureq_http::Method::GET,
            Method::Head => ureq_http::Method::HEAD,
            Method::Post => ureq_http::Method::POST,
            Method::Put => ureq_http::Method::PUT,
        };
        let mut builder = ureq_http::Request::builder()
            .method(method)
            .uri(request.url)
            .header("Accept", "application/json, */*;q=0.5");
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        if let Some(body) = request.body {
            builder = builder.header("Content-Type", body.kind);
        }
        let agent = self.agent(request.url);
        let bodyless = matches!(request.method, Method::Get | Method::Head);
        let response = match request.body {
            None if bodyless => agent.run(builder.body(())?)?,
            body => {
                let bytes = body.map_or(&[][..], |body| body.text.as_bytes());
                agent.run(builder.body(bytes)?)?
            }
        };
        let (head, body) = response.into_parts();
        let bytes = self.body(body)?;
        let header = |name: &str| {
            let value = head.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
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

    /// A body as it comes out unpacked, up to the limit.
    fn body(&self, body: ureq::Body) -> Result<Vec<u8>, ureq::Error> {
        // ureq's own limit counts what comes over the wire, which may be little.
        let mut reader = body.into_with_config().limit(u64::MAX).reader();
        let mut allowance = Allowance::new(self.limit, self.patience.answer, None);
        let (bytes, ended) = bounds::body(&mut reader, &mut allowance);
        match ended {
            Ok(()) => Ok(bytes),
            Err(Ended::TooLong(_)) if !self.whole => Ok(bytes),
            Err(Ended::Late) => Err(ureq::Error::Timeout(ureq::Timeout::RecvBody)),
            Err(Ended::Broken(error)) => Err(ureq::Error::from(error)),
            Err(ended) => Err(ureq::Error::Other(ended.to_string().into())),
        }
    }

    fn agent(&self, url: &str) -> &ureq::Agent {
        let through = match self.proxies.way(url) {
            Way::Direct => &None,
            Way::HttpsProxy => &self.https_proxy,
            Way::HttpProxy => &self.http_proxy,
        };
        through.as_ref().unwrap_or(&self.direct)
    }

    /// Cuts every request that is waiting; every later one fails as not sent.
    pub fn shutdown(&self) {
        let proxied = [&self.https_proxy, &self.http_proxy].into_iter().flatten();
        for agent in proxied.chain([&self.direct]) {
            agent.clone().shutdown();
        }
    }
}

/// What makes requests, through a proxy or straight.
fn agent(
    threads: usize,
    patience: Patience,
    proxy: Option<ureq::Proxy>,
    trust: &Trust,
    keeping: &Arc<Keeping>,
) -> ureq::Agent {
    let proxied = proxy.is_some();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        .proxy(proxy)
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
    let connector = Connector::<()>::chain((), ConnectProxyConnector::default())
        .chain(Straight)
        .chain(Encrypting(Arc::clone(trust)))
        .chain(Witness {
            answer: patience.answer,
            keeping: Arc::clone(keeping),
            proxied,
        });
    ureq::Agent::with_parts(config, connector, KeptNames(Names::shared()))
}

fn describe(error: &ureq::Error) -> String {
    use ureq::Error as E;
    match error {
        E::Timeout(phase) => format!("timed out ({phase})"),
        E::HostNotFound => "the host was not found".to_owned(),
        E::Io(error) => error.to_string(),
        E::Tls(what) => format!("TLS: {what}"),
        E::Rustls(error) => format!("TLS: {error}"),
        E::ConnectProxyFailed(why) => format!("the proxy did not open the way: {why}"),
        E::InvalidProxyUrl => "the proxy failed".to_owned(),
        E::ConnectionFailed => "the connection failed".to_owned(),
        // These hold parts of the request, which may hold secrets.
        E::Http(_) | E::BadUri(_) => "the address or a header cannot be sent".to_owned(),
        E::LargeResponseHeader(..) => "the answer's head is too large".to_owned(),
        E::Protocol(_) => "the answer is not HTTP".to_owned(),
        E::Other(error) => error.to_string(),
        E::Decompress(..) => "the answer cannot be unpacked".to_owned(),
        _ => "the request failed".to_owned(),
    }
}
