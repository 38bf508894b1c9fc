//! A scripted HTTP server: it remembers every request and connection, and can refuse, hang, cut and lie.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

/// One request as it was read.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Which request it is on its connection, from 1.
    pub nth: usize,
}

impl Seen {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the request's body is JSON")
    }

    /// A field of a form's body, or of the query, decoded.
    pub fn field(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        self.body
            .split('&')
            .chain(query.split('&'))
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| decoded(value))
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).expect("two hexadecimal digits"));
        } else if byte == b'+' {
            bytes.push(b' ');
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Reads it and closes the connection.
    Cut,
    /// Reads it and says nothing until the client goes away.
    Hang,
    /// Says how long the answer will be, sends half of it, and closes.
    Half(u16, String),
    /// Answers something that is not HTTP.
    Nonsense,
}

impl Act {
    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(
            status,
            vec![("Content-Type", "application/json".to_owned())],
            body.into(),
        )
    }

    /// The same answer with one more header.
    pub fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

type Script = dyn Fn(&Seen) -> Act + Send + Sync;

/// The server.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    scheme: &'static str,
}

impl Server {
    /// A server that answers by `script`.
    pub fn start(script: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(Some(Arc::new(script)), None)
    }

    /// A server that answers by `script`, over TLS, with a certificate of a private authority.
    #[allow(dead_code, reason = "not every set of tests that shares this needs it")]
    pub fn encrypted(script: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(Some(Arc::new(script)), Some(private_tls()))
    }

    /// A server that takes connections and closes them without reading a byte.
    pub fn cutting() -> Self {
        Self::listen(None, None)
    }

    fn listen(script: Option<Arc<Script>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            seen: Arc::default(),
            connections: Arc::default(),
            stopped: Arc::default(),
            scheme: if tls.is_some() { "https" } else { "http" },
        };
        let (seen, connections, stopped) = (
            Arc::clone(&server.seen),
            Arc::clone(&server.connections),
            Arc::clone(&server.stopped),
        );
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                stream.set_nodelay(true).expect("an option of sockets");
                let Some(script) = script.clone() else {
                    continue;
                };
                let seen = Arc::clone(&seen);
                let tls = tls.clone();
                thread::spawn(move || match tls {
                    None => serve(stream, &script, &seen),
                    Some(tls) => serve(within_tls(stream, &tls), &script, &seen),
                });
            }
        });
        server
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("the requests").clone()
    }

    /// The requests so far whose path contains this.
    pub fn seen_at(&self, part: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|request| request.path.contains(part));
        seen
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// TLS with the certificate of `tls/server.pem`, for localhost and 127.0.0.1.
#[allow(dead_code, reason = "not every set of tests that shares this needs it")]
pub fn private_tls() -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("tls/server.pem"))
        .collect::<Result<_, _>>()
        .expect("a certificate");
    let key =
        PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).expect("a private key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate and its key");
    Arc::new(config)
}

/// The same stream within TLS.
pub fn within_tls(
    stream: TcpStream,
    tls: &Arc<ServerConfig>,
) -> StreamOwned<ServerConnection, TcpStream> {
    let session = ServerConnection::new(Arc::clone(tls)).expect("a session");
    StreamOwned::new(session, stream)
}

fn serve<S: Read + Write>(stream: S, script: &Arc<Script>, seen: &Arc<Mutex<Vec<Seen>>>) {
    let mut reader = BufReader::new(stream);
    let mut nth = 0;
    while let Some(mut request) = read(&mut reader) {
        nth += 1;
        request.nth = nth;
        seen.lock().expect("the requests").push(request.clone());
        match script(&request) {
            Act::Answer(status, headers, body) => {
                let body = if request.method == "HEAD" {
                    String::new()
                } else {
                    body
                };
                let mut text = format!(
                    "HTTP/1.1 {status} Words\r\nContent-Length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    text.extend([name, ": ", &value, "\r\n"]);
                }
                text.push_str("\r\n");
                text.push_str(&body);
                if reader.get_mut().write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Act::Cut => return,
            Act::Hang => {
                let mut rest = Vec::new();
                let _ = reader.read_to_end(&mut rest);
                return;
            }
            Act::Half(status, body) => {
                let half = &body[..body.len() / 2];
                let text = format!(
                    "HTTP/1.1 {status} Words\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{half}",
                    body.len()
                );
                let _ = reader.get_mut().write_all(text.as_bytes());
                return;
            }
            Act::Nonsense => {
                let _ = reader
                    .get_mut()
                    .write_all(b"220 mail.example.com ESMTP\r\n\r\n");
                return;
            }
        }
    }
}

fn read<S: Read>(reader: &mut BufReader<S>) -> Option<Seen> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let method = words.next()?.to_owned();
    let path = words.next()?.to_owned();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen {
        nth: 0,
        method,
        path,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
