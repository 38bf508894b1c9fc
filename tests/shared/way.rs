//! A host's way to PostgreSQL, that a test can cut at the worst moment.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tempfile::TempDir;

use crate::Scene;
use crate::house::House;
use crate::postgres::Postgres;

/// What gives messages out, in the words of the shared queue.
const GIVES_OUT: &[u8] = b"\"taken\" : [{";

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// It is cut in the place of the next answer that gives messages out.
    Waiting,
    Cut,
}

/// A socket of its own before the server's.
pub struct Way {
    folder: TempDir,
    inside: Arc<Mutex<Inside>>,
}

struct Inside {
    server: PathBuf,
    state: State,
    ends: Vec<UnixStream>,
}

impl Inside {
    fn cut(&mut self) {
        self.state = State::Cut;
        for end in self.ends.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn within(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Way {
    /// An open way.
    pub fn to(postgres: &Postgres) -> Self {
        let folder = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).expect("a socket");
        let inside = Arc::new(Mutex::new(Inside {
            server: postgres.socket().join(".s.PGSQL.5432"),
            state: State::Open,
            ends: Vec::new(),
        }));
        let gate = Arc::clone(&inside);
        thread::spawn(move || {
            for host in listener.incoming().flatten() {
                connect(&gate, host);
            }
        });
        Self { folder, inside }
    }

    /// A host of a scene that goes this way.
    pub fn host(&self, scene: &Scene, postgres: &Postgres) -> House {
        let host = House::new();
        let server = postgres.socket().display().to_string();
        let config = scene
            .config
            .replace(&server, &self.folder.path().display().to_string());
        host.write("config.toml", config);
        host
    }

    /// The next messages that are given out are given out, and the host does not hear of it: the way is cut.
    pub fn cut_at_the_next_answer(&self) {
        within(&self.inside).state = State::Waiting;
    }

    /// It is cut now.
    pub fn cut(&self) {
        within(&self.inside).cut();
    }

    /// Whether it is cut.
    pub fn is_cut(&self) -> bool {
        within(&self.inside).state == State::Cut
    }

    /// The way is there again.
    pub fn mend(&self) {
        within(&self.inside).state = State::Open;
    }
}

fn connect(gate: &Arc<Mutex<Inside>>, host: UnixStream) {
    let mut inside = within(gate);
    if inside.state == State::Cut {
        return;
    }
    let Ok(server) = UnixStream::connect(&inside.server) else {
        return;
    };
    let copy = |end: &UnixStream| end.try_clone().expect("another end");
    inside.ends.extend([copy(&host), copy(&server)]);
    let (to_host, to_server) = (copy(&host), copy(&server));
    let watched = Arc::clone(gate);
    thread::spawn(move || pass(host, to_server, None));
    thread::spawn(move || pass(server, to_host, Some(&watched)));
}

/// Passes on what comes, until either end is gone.
fn pass(mut from: UnixStream, mut to: UnixStream, watched: Option<&Mutex<Inside>>) {
    let mut block = [0; 8192];
    let mut before: Vec<u8> = Vec::new();
    while let Ok(n @ 1..) = from.read(&mut block) {
        let came = &block[..n];
        if let Some(watched) = watched {
            before.extend_from_slice(came);
            let gives_out = before
                .windows(GIVES_OUT.len())
                .any(|part| part == GIVES_OUT);
            let mut inside = within(watched);
            if gives_out && inside.state == State::Waiting {
                inside.cut();
                return;
            }
            drop(inside);
            let kept = before.len().saturating_sub(GIVES_OUT.len() - 1);
            before.drain(..kept);
        }
        if to.write_all(came).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
