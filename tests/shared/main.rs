//! Delivery by several hosts over a real PostgreSQL: nothing lost, nothing twice, whatever dies in between.

#![allow(
    clippy::items_after_statements,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "stories that say how large they are where they begin, and what they skip"
)]

mod answers;
mod crashes;
mod fences;
#[allow(dead_code, reason = "the stories use the rest")]
#[path = "../story/house.rs"]
mod house;
mod planner;
mod postgres;
mod reports;
#[allow(dead_code, reason = "the providers' tests use the rest")]
#[path = "../providers/server.rs"]
mod server;
mod together;
mod way;

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use house::{House, Ran};
use postgres::Postgres;
use server::{Act, Seen, Server};

/// A planner's house, and what its hosts need to know.
pub struct Scene {
    /// The planner's.
    pub planner: House,
    /// The provider.
    pub server: Server,
    /// The configuration that all have.
    pub config: String,
    /// The database of PostgreSQL's.
    pub database: String,
}

/// How long a host keeps what it has in hand without a word, in these tests.
pub const LEASE: Duration = Duration::from_secs(5);

impl Scene {
    /// A planner with so many clients of one device each, whose provider takes so long.
    pub fn new(postgres: &Postgres, n: usize, takes: Duration, settings: &str) -> Self {
        let server = Server::start(move |_| {
            thread::sleep(takes);
            Act::json(200, "{}")
        });
        Self::with(postgres, n, server, settings, "")
    }

    /// The same with a provider of one's own, and more of `[queue.shared]`.
    pub fn with(
        postgres: &Postgres,
        n: usize,
        server: Server,
        settings: &str,
        shared: &str,
    ) -> Self {
        let database = postgres.database();
        let url = postgres.url(&database);
        let config = format!(
            "{settings}\n[queue.shared]\nurl = \"{url}\"\nlease_seconds = {}\n{shared}\n",
            LEASE.as_secs()
        )
        .replace("SERVER", &server.url());
        let planner = House::new();
        planner.write("config.toml", &config);
        people(&planner, n);
        planner.run(&["queue", "share", "--setup"]).ok();
        Self {
            planner,
            server,
            config,
            database,
        }
    }

    /// Another host: a folder with the configuration, and nothing else.
    pub fn host(&self) -> House {
        let host = House::new();
        host.write("config.toml", &self.config);
        host
    }

    /// Queues a send to everybody.
    pub fn queue(&self) {
        let send = [
            "send",
            "contracts",
            "--template",
            "outage",
            "--yes",
            "--deliver",
            "queue",
            "-q",
        ];
        self.planner.run(&send).ok();
    }

    /// Queues a send to everybody and shares it.
    pub fn share(&self) {
        self.queue();
        self.planner.run(&["queue", "share"]).ok();
    }

    /// Brings everything home, once no lease is running any more.
    pub fn gather(&self) -> Ran {
        thread::sleep(LEASE + Duration::from_millis(300));
        self.planner.run(&["queue", "gather"])
    }

    /// The addresses of messages in a state.
    pub fn addresses(&self, status: &str) -> Vec<String> {
        let rows = self
            .planner
            .json(&["history", "--status", status, "--limit", "0"]);
        rows.as_array()
            .expect("a list")
            .iter()
            .map(|row| row["address"].as_str().expect("an address").to_owned())
            .collect()
    }

    /// How often each address was served.
    pub fn served(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for request in self.server.seen() {
            *times.entry(address(&request)).or_default() += 1;
        }
        times
    }

    /// After everything: each address served once, but those reported unknown; none missing. How many are unknown.
    pub fn nothing_lost_nothing_twice(&self, n: usize) -> usize {
        let served = self.served();
        for (address, times) in &served {
            assert_eq!(*times, 1, "{address} was served {times} times");
        }
        let (sent, unknown) = (self.addresses("sent"), self.addresses("unknown"));
        for address in &sent {
            assert!(
                served.contains_key(address),
                "{address} is called sent and was not served"
            );
        }
        assert_eq!(sent.len() + unknown.len(), n, "some are missing");
        let neither = served
            .keys()
            .find(|address| !sent.contains(address) && !unknown.contains(address));
        assert_eq!(neither, None, "served, and neither sent nor unknown");
        unknown.len()
    }
}

/// Push by a gateway that says what it got.
pub const PUSH: &str = "[push]\nprovider = \"http\"\nurl = \"SERVER/push\"\nrate_per_minute = 0\nworkers = 4\n\
     body = '{\"to\": \"#address#\", \"text\": \"#body#\"}'\n";

fn address(seen: &Seen) -> String {
    seen.json()["to"].as_str().expect("an address").to_owned()
}

fn people(house: &House, n: usize) {
    let mut clients = String::from("id,name,person_type,mobile\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    let mut devices = String::from("address,client_id\n");
    for id in 1..=n {
        clients.push_str(&format!(
            "{id},Client {id},F,(49) 99{:03}-{:04}\n",
            100 + id % 900,
            id
        ));
        contracts.push_str(&format!("{id},{id},A,A\n"));
        devices.push_str(&format!("device-{id},{id}\n"));
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.write("book/devices.csv", devices);
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "outage",
        "--channel",
        "push",
        "--kind",
        "support",
        "--title",
        "Aviso",
        "--body",
        "Olá, #cliente_nome#",
    ];
    house.run(&add).ok();
}

/// A host at work.
pub fn work(host: &House, seconds: &str) -> Child {
    host.command(&["queue", "work", "--seconds", seconds])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(5), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
