//! A scripted IXC web service on a loopback port: honest by default, ugly on demand.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What the service was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    /// The body as it came.
    pub raw: String,
}

impl Asked {
    pub fn form(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// A value of the address's query.
    pub fn query(&self, key: &str) -> String {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        pair(query, key)
    }

    /// A value of a form.
    pub fn field(&self, key: &str) -> String {
        pair(&self.raw, key)
    }

    fn text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_default().to_owned()
    }
}

/// A value of an encoded form.
fn pair(text: &str, key: &str) -> String {
    let value = text
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .map_or("", |(_, value)| value);
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&hex, 16).expect("two hex digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What the service answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, content type, body.
    Body(u16, &'static str, Vec<u8>),
    /// A redirect to somewhere.
    Redirect(String),
    /// Nothing, ever, on an open connection.
    Hang,
    /// Half of an answer, and the line is cut.
    Half,
}

impl Reply {
    pub fn html(status: u16, body: &str) -> Self {
        Self::Body(
            status,
            "text/html; charset=ISO-8859-1",
            body.as_bytes().to_vec(),
        )
    }

    pub fn json(body: &Value) -> Self {
        Self::Body(
            200,
            "text/x-json; charset=utf-8",
            body.to_string().into_bytes(),
        )
    }
}

type Script = Box<dyn FnMut(&Asked, usize) -> Option<Reply> + Send>;
type Tamper = Box<dyn FnMut(&Asked, Reply) -> Reply + Send>;

#[derive(Default)]
struct State {
    rows: BTreeMap<String, Vec<Value>>,
    asked: Vec<Asked>,
    script: Option<Script>,
    tamper: Option<Tamper>,
}

/// The running service.
pub struct Erp {
    pub port: u16,
    /// How many answers with rows it gave, where somebody counts.
    pub counted: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

impl Erp {
    /// Starts it with no rows.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self {
            port,
            counted: Arc::default(),
            state,
        }
    }

    /// Puts rows (a JSON list) into a form, by id.
    pub fn put(&self, form: &str, rows: Value) {
        let Value::Array(mut rows) = rows else {
            panic!("rows are a list")
        };
        rows.sort_by_key(id);
        let mut state = self.state.lock().expect("the state");
        state.rows.insert(form.to_owned(), rows);
    }

    /// Answers by script where it gives an answer, honestly where it gives none.
    pub fn script(&self, script: impl FnMut(&Asked, usize) -> Option<Reply> + Send + 'static) {
        let mut state = self.state.lock().expect("the state");
        state.script = Some(Box::new(script));
        state.asked.clear();
    }

    /// Makes something else of whatever it would answer.
    pub fn tamper(&self, tamper: impl FnMut(&Asked, Reply) -> Reply + Send + 'static) {
        self.state.lock().expect("the state").tamper = Some(Box::new(tamper));
    }

    /// Everything it was asked since the last script.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("the state").asked.clone()
    }
}

fn id(row: &Value) -> i64 {
    row["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or(0)
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read_request(&mut reader) {
        let reply = {
            let mut state = state.lock().expect("the state");
            let turn = state.asked.len();
            state.asked.push(asked.clone());
            let mut script = state.script.take();
            let scripted = script.as_mut().and_then(|script| script(&asked, turn));
            state.script = script;
            let reply = scripted.unwrap_or_else(|| honest(&state.rows, &asked));
            match &mut state.tamper {
                Some(tamper) => tamper(&asked, reply),
                None => reply,
            }
        };
        let (status, head, body) = match reply {
            Reply::Body(status, kind, body) => (status, format!("Content-Type: {kind}\r\n"), body),
            Reply::Redirect(to) => (302, format!("Location: {to}\r\n"), Vec::new()),
            Reply::Hang => {
                // Until the other side gives up.
                let _ = reader.read(&mut [0]);
                return;
            }
            Reply::Half => {
                let _ = out
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"page\":\"1\",");
                return;
            }
        };
        let mut answer = format!(
            "HTTP/1.1 {status} X\r\n{head}Set-Cookie: IXC_Session=abc\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend(body);
        if out.write_all(&answer).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        method,
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        raw: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// What the real service does with a list request; without its header, it would insert a row.
fn honest(rows: &BTreeMap<String, Vec<Value>>, asked: &Asked) -> Reply {
    assert_eq!(
        asked.headers.get("ixcsoft").map(String::as_str),
        Some("listar"),
        "an insert!"
    );
    let form = asked.form();
    assert_eq!(asked.text("qtype"), format!("{form}.id"));
    assert_eq!(
        (asked.text("oper"), asked.text("page")),
        (">".into(), "1".into())
    );
    let after: i64 = asked.text("query").parse().expect("an id");
    let size: usize = asked.text("rp").parse().expect("a size");
    let since = serde_json::from_str::<Value>(&asked.text("grid_param"))
        .ok()
        .map(|grid| {
            assert_eq!(grid[0]["OP"], ">=");
            grid[0]["P"].as_str().expect("a time").to_owned()
        });
    let found: Vec<&Value> = rows
        .get(form)
        .into_iter()
        .flatten()
        .filter(|row| id(row) > after)
        .filter(|row| {
            since.as_ref().is_none_or(|since| {
                row["ultima_atualizacao"].as_str().unwrap_or_default() >= since.as_str()
            })
        })
        .collect();
    let page: Vec<&Value> = found.iter().take(size).copied().collect();
    Reply::json(&json!({"page": "1", "total": found.len().to_string(), "registros": page}))
}
