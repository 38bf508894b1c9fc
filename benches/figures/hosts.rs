//! Delivery by three hosts over PostgreSQL beside one host over SQLite, with a provider that takes its time.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::book::Book;
use crate::measure::{Program, Taken, median};
use crate::rows::{Bench, RUNS, Row};
use crate::servers;
use crate::table::Table;

#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "the tests use the rest, and say what they skip"
)]
#[path = "../../tests/shared/postgres.rs"]
mod postgres;

/// How long the provider takes for each message.
const LATENCY: Duration = Duration::from_millis(20);
/// Requests at the same time, for each host.
const WORKERS: usize = 16;

/// What is measured of them.
pub const ROWS: &[Row] = &[("hosts", three_hosts)];

/// Three hosts take at most so much of one host's time.
fn three_hosts(bench: &mut Bench, table: &mut Table) {
    let Some(postgres) = postgres::Postgres::start() else {
        return;
    };
    let book = &bench.tenth;
    let queued = book.path(&book.queued("news-push", book.clients));
    let port = servers::http_after(LATENCY);
    let (mut three, mut one) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        one.push(alone(book, &queued, port));
        three.push(together(book, &queued, port, &postgres));
    }
    let name = format!(
        "delivery of {} pushes by three hosts, provider latency 20 ms",
        book.clients
    );
    table.ratio(&name, median(one), median(three), 0.4);
}

/// A folder with a configuration of its own, and what the push channel needs.
fn settle(folder: &Path, book: &Book, port: u16, more: &str) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("a folder");
    fs::copy(book.path("fcm.json"), folder.join("fcm.json")).expect("the account");
    let config = format!(
        "[push]\nprovider = \"fcm\"\nservice_account = \"fcm.json\"\n\
         base_url = \"http://localhost:{port}\"\nworkers = {WORKERS}\nrate_per_minute = 0\n{more}"
    );
    fs::write(folder.join("config.toml"), config).expect("a configuration");
}

fn alone(book: &Book, queued: &Path, port: u16) -> Taken {
    let folder = book.path("alone");
    settle(&folder, book, port, "");
    fs::copy(queued, folder.join("regua.db")).expect("a database");
    let arguments = ["queue", "deliver", "--channel", "push", "-q"];
    Program::regua(&folder, &arguments).run()
}

fn together(book: &Book, queued: &Path, port: u16, postgres: &postgres::Postgres) -> Taken {
    let url = postgres.url(&postgres.database());
    let shared = format!("[queue.shared]\nurl = \"{url}\"\nstale_seconds = 3600\n");
    let planner = book.path("planner");
    settle(&planner, book, port, &shared);
    fs::copy(queued, planner.join("regua.db")).expect("a database");
    Program::regua(&planner, &["queue", "share", "--setup", "-q"]).run();
    let hosts = ["host-1", "host-2", "host-3"].map(|name| {
        let folder = book.path(name);
        settle(&folder, book, port, &shared);
        folder
    });
    let begun = Instant::now();
    let working: Vec<Child> = hosts
        .iter()
        .map(|folder| {
            Command::new(env!("CARGO_BIN_EXE_regua"))
                .args(["queue", "work", "--channel", "push", "-q"])
                .current_dir(folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program runs")
        })
        .collect();
    for mut child in working {
        assert!(child.wait().expect("its end").success(), "a host failed");
    }
    let wall = begun.elapsed().as_secs_f64();
    Program::regua(&planner, &["queue", "gather", "-q"]).run();
    Taken {
        wall,
        ..Taken::default()
    }
}
