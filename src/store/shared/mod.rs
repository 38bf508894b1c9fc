//! The queue that several hosts deliver, in PostgreSQL: what the planner and the hosts ask of it.
//!
//! **A message's row** has one round at a time. `waiting`: the planner handed it over, and any host may claim it.
//! `sending`: a host has it in hand, under the lease of its run. `done`: a host told what became of it, or its
//! lease ended and nobody can tell (`unclear`: the host may still say). `withdrawn`: taken back by the planner
//! before anybody claimed it. Only from `done` and `withdrawn` does a new round begin, which the planner alone
//! hands over, with a higher number: nothing is ever in two hands.
//!
//! **Each function of the schema is one statement and one commit**: a host that is killed, stopped or cut off in a
//! call holds no lock, and a call whose answer was lost is made again without harm. What a lost answer gave out
//! goes back by `put_back`, which names what is really in hand: under the lease it waits again; after that, where it
//! is `unclear`, it is told to be untouched, and the planner queues it again if it still stands as it was called
//! `unknown`. The calls of a run are numbered: one that arrives after a later one does nothing, so that no old word
//! about what is in hand is taken for a new one.
//!
//! **A lease is of a run** (one host, one channel). It is made longer with each round; once it ran out it never is
//! again, and the host goes by a clock that counts suspension, from before it asked: what was not begun is not
//! begun any more. What became of what was begun is taken from it all the same.
//!
//! **What can change is fenced.** A row is claimed only before its `valid_until` and while the planner has looked
//! at the whole queue within `stale_seconds`. All times travel as durations, so that only this server's clock
//! counts.
//!
//! **Outcomes** are numbered as they are committed: whoever writes one holds a lock with others, whoever asks for
//! the last one holds it alone, so that no lower number appears later. The planner's cursor lives in its own
//! database, and each outcome is brought home there in the transaction that moves the cursor. What providers
//! report to hosts comes home in the same way, by a cursor of its own.
//!
//! **One planner.** Each visit changes the planner's turn, which it writes down before and after: a copy of its
//! database, or another one, shows a turn that was passed, and is refused in every call.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};
use crate::wire::trust::{Trust, trust};

mod answer;
mod host;
mod payload;
mod planner;
mod report;
mod standing;

pub use host::{Begun, GivenOut, HostAsks, HostRound, HostRun, Manners, May};
pub use planner::{HandedOver, PlannerVisit};
pub use report::HostReport;
pub use standing::{ChannelStanding, ClosedChannel, HostStanding, PlannerStanding, SharedStanding};

/// The schema, in steps that are frozen once released.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_reports.sql"),
    include_str!("migrations/0003_calls.sql"),
    include_str!("migrations/0004_forget.sql"),
];

/// The oldest server that has all that the schema needs.
const OLDEST: i32 = 120_000;

/// Why a call of the shared queue did not succeed.
#[derive(Debug)]
pub enum SharedFailure {
    /// It is not there just now: the same call may be made again.
    Away(String),
    /// Anything else.
    Refused(Error),
}

impl From<SharedFailure> for Error {
    fn from(failure: SharedFailure) -> Self {
        match failure {
            SharedFailure::Away(why) => Self::world("the shared queue cannot be reached")
                .because(why)
                .hint("what waits stays in the queue and goes when PostgreSQL is there again"),
            SharedFailure::Refused(error) => error,
        }
    }
}

impl From<Error> for SharedFailure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// What a call comes to.
pub type Called<T> = Result<T, SharedFailure>;

/// A connection, made when it is needed and again when it was lost.
pub struct SharedQueue {
    config: Config,
    trust: Trust,
    link: Option<Link>,
}

impl fmt::Debug for SharedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedQueue")
    }
}

/// An open connection with the statements it knows.
struct Link {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// Values of a call.
type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// How often a call is made again that stood in another's way.
const CLASHES: u32 = 5;

impl SharedQueue {
    /// The shared queue at an address of PostgreSQL (`postgres://…`, or `host=… dbname=…`). To another machine
    /// it speaks by TLS, unless the address says `sslmode=disable`.
    /// `ca_file` holds authorities to trust besides the usual ones.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn at(url: &str, ca_file: Option<&Path>) -> Result<Self> {
        let mut config: Config = url.parse().map_err(|error| {
            // The address may hold a password: nothing of it is repeated.
            Error::unacceptable("[queue.shared] url is not an address of PostgreSQL")
                .because(cause(&error))
                .hint(
                    "postgres://USER:PASSWORD@HOST/DATABASE, or host=/run/postgresql dbname=regua",
                )
        })?;
        let elsewhere = config.get_hosts().iter().any(|host| match host {
            Host::Tcp(name) => !(name == "localhost" || name.starts_with("127.") || name == "::1"),
            Host::Unix(_) => false,
        });
        if elsewhere && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Require);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        config.tcp_user_timeout(Duration::from_secs(20));
        config.application_name("regua");
        Ok(Self {
            config,
            trust: trust(ca_file)?,
            link: None,
        })
    }

    fn connect(&self) -> Called<Link> {
        let tls = MakeRustlsConnect::new((*self.trust).clone());
        let mut client = self.config.connect(tls).map_err(failure)?;
        client
            .batch_execute(
                "BEGIN; SET statement_timeout = '60s'; SET lock_timeout = '20s';
                 SET idle_in_transaction_session_timeout = '10s'; SET synchronous_commit = 'on';
                 SET client_min_messages = 'warning'; SET jit = off; COMMIT",
            )
            .map_err(failure)?;
        Ok(Link {
            client,
            statements: HashMap::new(),
        })
    }

    /// Makes one call, on a connection that is made where there is none; one that failed is given up.
    fn rows(&mut self, sql: &'static str, values: Values<'_>) -> Called<Vec<Row>> {
        let mut clashes = 0;
        loop {
            let mut link = match self.link.take() {
                Some(link) if !link.client.is_closed() => link,
                _ => self.connect()?,
            };
            match link.call(sql, values) {
                Ok(rows) => {
                    self.link = Some(link);
                    return Ok(rows);
                }
                Err(error) if clashed(&error) && clashes < CLASHES => {
                    clashes += 1;
                    self.link = Some(link);
                }
                Err(error) => return Err(failure(error)),
            }
        }
    }

    /// Makes one call that answers one value of one row.
    fn one<T: for<'a> postgres::types::FromSql<'a>>(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Called<T> {
        let rows = self.rows(sql, values)?;
        let row = rows.first().ok_or_else(odd)?;
        row.try_get(0).map_err(failure)
    }

    /// Makes one call that answers a document.
    fn document<T: serde::de::DeserializeOwned>(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Called<T> {
        let text: String = self.one(sql, values)?;
        serde_json::from_str(&text).map_err(|error| {
            SharedFailure::Refused(
                Error::world("the shared queue answered something unknown").because(error),
            )
        })
    }

    /// Which version the server is, as a number such as 150004.
    pub fn server(&mut self) -> Called<i32> {
        self.one("SELECT current_setting('server_version_num')::integer", &[])
    }

    /// How many migrations the schema has had; none where there is none.
    pub fn schema(&mut self) -> Called<Option<i32>> {
        let there: bool = self.one("SELECT to_regclass('regua.version') IS NOT NULL", &[])?;
        if !there {
            return Ok(None);
        }
        self.one("SELECT number FROM regua.version", &[]).map(Some)
    }

    /// Refuses a schema that is not the one this program knows.
    pub fn is_set_up(&mut self) -> Called<()> {
        let known = MIGRATIONS.len();
        match self.schema()? {
            Some(number) if usize::try_from(number) == Ok(known) => Ok(()),
            Some(number) if usize::try_from(number).is_ok_and(|number| number > known) => {
                Err(Error::unacceptable(format!(
                    "the shared queue was set up by a newer regua (version {number} of its tables; this program knows {known})"
                ))
                .hint("use the newer regua on every host")
                .into())
            }
            Some(number) => Err(Error::unacceptable(format!(
                "the shared queue was set up by an older regua (version {number} of its tables; this program knows {known})"
            ))
            .hint("regua queue share --setup, on the planner")
            .into()),
            None => Err(Error::unacceptable("the shared queue is not set up yet")
                .hint("regua queue share --setup, on the planner")
                .into()),
        }
    }

    /// Makes the schema, or brings it up to date, all or nothing; whether anything was to be done.
    pub fn set_up(&mut self) -> Called<bool> {
        if self.server()? < OLDEST {
            return Err(
                Error::unacceptable("the shared queue needs PostgreSQL 12 or newer").into(),
            );
        }
        let had = usize::try_from(self.schema()?.unwrap_or(0)).unwrap_or(usize::MAX);
        let known = MIGRATIONS.len();
        if had > known {
            self.is_set_up()?;
        }
        if had >= known {
            return Ok(false);
        }
        let mut script = String::from("BEGIN; SELECT pg_advisory_xact_lock(1919249781, 0);\n");
        for migration in &MIGRATIONS[had..] {
            script.push_str(migration);
        }
        script.push_str(&format!(
            "INSERT INTO regua.version (number) VALUES ({known})
             ON CONFLICT (one) DO UPDATE SET number = excluded.number;
             COMMIT;"
        ));
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        link.client.batch_execute(&script).map_err(failure)?;
        Ok(true)
    }
}

impl Link {
    fn call(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>, postgres::Error> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(sql)?;
                self.statements.insert(sql, statement.clone());
                statement
            }
        };
        self.client.query(&statement, values)
    }
}

/// Two calls stood in each other's way, and nothing of this one was kept.
fn clashed(error: &postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE)
    )
}

/// An answer that no function gives.
fn odd() -> SharedFailure {
    SharedFailure::Refused(Error::world("the shared queue answered something unknown"))
}

/// What the library and the server say, without an address.
fn cause(error: &postgres::Error) -> String {
    let mut words = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(source) = below {
        let more = source.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        below = source.source();
    }
    words
}

/// Whether a failure passes by itself, or somebody has to mend something.
fn failure(error: postgres::Error) -> SharedFailure {
    let words = cause(&error);
    let Some(code) = error.code().map(SqlState::code) else {
        // No answer of the server: it was not reached, or the connection was lost.
        return SharedFailure::Away(words);
    };
    let passes = ["08", "40", "53", "55", "57", "58"]
        .iter()
        .any(|class| code.starts_with(class))
        // It waits for its recovery to end, a transaction was idle for too long, the server is a standby.
        || matches!(code, "25P03" | "25006");
    if passes {
        return SharedFailure::Away(words);
    }
    let refused = match code {
        "RG001" => Error::unacceptable("another planner has taken the shared queue over")
            .hint("one database plans; `regua queue share --setup --take-over` makes this one the planner"),
        _ if code.starts_with("28") => Error::world("PostgreSQL does not let us in")
            .because(words)
            .hint("check the user and the password in [queue.shared] url, and pg_hba.conf"),
        "3D000" => Error::world("the database of the shared queue does not exist")
            .because(words)
            .hint("createdb, as its owner"),
        "42501" => Error::world("the shared queue does not allow this")
            .because(words)
            .hint("the planner's role owns the schema `regua`; the hosts' role needs: GRANT USAGE ON SCHEMA regua TO …"),
        _ => Error::world("the shared queue failed").because(words),
    };
    SharedFailure::Refused(refused)
}
