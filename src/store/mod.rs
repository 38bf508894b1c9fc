//! SQLite: the one file that holds everything, opened with its pragmas and brought up to date.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
pub use rusqlite::{Connection, Transaction};
use rusqlite::{ErrorCode, OpenFlags, TransactionBehavior};

use crate::clock::{Clock, Now};
use crate::domain::{message as domain_message, text};
use crate::error::{Error, Result};
use lock::Anchor;
pub use lock::{FileId, Lock};

pub mod access;
pub mod alert;
pub mod backup;
pub mod batch;
pub mod birthday;
pub mod block_list;
pub mod book;
pub mod client;
pub mod collection;
pub mod columns;
pub mod completion;
pub mod erasure;
pub mod evidence;
mod freed;
pub mod health;
pub mod hold;
pub mod import;
pub mod incident;
mod lock;
pub mod message;
pub mod meta;
mod migration;
pub mod notice;
pub mod number;
pub mod opt_out;
pub mod payment_code;
pub mod presence;
pub mod purge;
pub mod pursuit;
pub mod queue;
pub mod receipt;
mod relations;
pub mod reply;
pub mod report;
mod report_arrears;
mod report_value;
pub mod report_values;
pub mod restore;
pub mod rule;
pub mod sample;
#[cfg(feature = "postgres")]
pub mod shared;
pub mod sharing;
pub mod stats;
pub mod status;
pub mod sync;
pub mod task;
pub mod template;
pub mod ticket;
pub mod trigger;
mod unchanged;
pub mod waiting;

/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(30);

/// The clock that SQL of ours reads: the one of the run, once it is told.
#[derive(Debug, Clone)]
struct SharedClock(Arc<Mutex<Clock>>);

impl SharedClock {
    fn system() -> Self {
        let clock = Clock::system(chrono_tz::America::Sao_Paulo);
        Self(Arc::new(Mutex::new(clock)))
    }

    fn now(&self) -> Now {
        let clock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clock.now()
    }

    fn at(&self) -> DateTime<Utc> {
        let clock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clock.at()
    }
}

/// So many pages stand in the write-ahead log before it is written into the database: 16 MB. A page that is
/// written again and again, as those of the queue are, goes there once for all.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Memory for pages of a connection that reads beside another, in KiB.
const BESIDE_KIB: i64 = 6_000;

/// An open database.
#[derive(Debug)]
pub struct Store {
    // Dropped in this order: no descriptor of ours is closed before SQLite has closed its own.
    connection: Connection,
    anchor: Option<Arc<Anchor>>,
    path: PathBuf,
    created: bool,
    clock: SharedClock,
    /// The ledger's records are being added: until then nothing can be written.
    watched: Cell<bool>,
}

impl Store {
    /// Has what the database dates by itself follow the clock of the run.
    pub fn follow(&self, clock: Clock) {
        let mut known = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = clock;
    }

    /// Opens the database at `path`, making it when it does not exist, and migrates it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_within(path, BUSY)
    }

    /// The same, where a statement waits no longer than `patience` for another process's write.
    fn open_within(path: &Path, patience: Duration) -> Result<Self> {
        let created = !path.exists();
        let anchor = Anchor::new(path).map_err(|error| unreachable_file(path, &error))?;
        if !anchor.share() {
            return Err(Error::locked(format!(
                "the database {} is being restored",
                path.display()
            ))
            .hint("run it again when `regua restore` has ended"));
        }
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(|error| cannot_open(path, error))?;
        let store = Self {
            connection,
            anchor: Some(Arc::new(anchor)),
            path: path.to_owned(),
            created,
            clock: SharedClock::system(),
            watched: Cell::new(false),
        };
        store.still_there()?;
        store.made_ready(patience)
    }

    /// The same as this program needs it, and not to be written to until somebody begins to.
    fn made_ready(mut self, patience: Duration) -> Result<Self> {
        self.prepare(patience)
            .map_err(|error| cannot_open(&self.path, error))?;
        self.migrate()?;
        self.connection
            .pragma_update(None, "query_only", true)
            .map_err(|error| cannot_open(&self.path, error))?;
        Ok(self)
    }

    /// Opens the database at `path`, which must exist.
    pub fn open_existing(path: &Path) -> Result<Self> {
        Self::open_existing_within(path, BUSY)
    }

    /// The same, where a statement waits no longer than `patience` for another process's write.
    pub fn open_existing_within(path: &Path, patience: Duration) -> Result<Self> {
        if !path.exists() {
            return Err(
                Error::world(format!("there is no database {} yet", path.display()))
                    .hint("name another with --db FILE, or with `database` in the configuration")
                    .hint("begin with `regua import DIR`, `regua sync` or `regua demo`"),
            );
        }
        Self::open_within(path, patience)
    }

    /// An empty database that is nowhere, in place of the one that does not exist at `path` yet: for
    /// looking at what would be done.
    pub fn imagined(path: &Path) -> Result<Self> {
        Self {
            connection: Connection::open_in_memory().map_err(|error| cannot_open(path, error))?,
            anchor: None,
            path: path.to_owned(),
            created: false,
            clock: SharedClock::system(),
            watched: Cell::new(false),
        }
        .made_ready(BUSY)
    }

    /// A second connection to the same database that can only read; none where the database is nowhere. It holds
    /// what this one holds open: a descriptor of its own would take this one's locks with it when it is closed.
    pub fn beside(&self) -> Result<Option<Self>> {
        let Some(anchor) = &self.anchor else {
            return Ok(None);
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Self {
            connection: Connection::open_with_flags(&self.path, flags)
                .map_err(|error| cannot_open(&self.path, error))?,
            anchor: Some(Arc::clone(anchor)),
            path: self.path.clone(),
            created: false,
            clock: self.clock.clone(),
            watched: Cell::new(false),
        };
        store.still_there()?;
        store
            .prepare(BUSY)
            .and_then(|()| store.connection.pragma_update(None, "query_only", true))
            .and_then(|()| {
                store
                    .connection
                    .pragma_update(None, "cache_size", -BESIDE_KIB)
            })
            .map_err(|error| cannot_open(&self.path, error))?;
        Ok(Some(store))
    }

    /// The path still leads to the file that was opened: nobody put another in its place.
    fn still_there(&self) -> Result<()> {
        let Some(anchor) = &self.anchor else {
            return Ok(());
        };
        if FileId::of(&self.path).is_ok_and(|id| id == anchor.id()) {
            return Ok(());
        }
        Err(Error::world(format!(
            "the database {} was replaced or removed while it was in use",
            self.path.display()
        ))
        .hint("run it again"))
    }

    fn prepare(&self, patience: Duration) -> rusqlite::Result<()> {
        let c = &self.connection;
        c.busy_timeout(patience)?;
        c.pragma_update(None, "cache_size", -16_000)?;
        c.pragma_update(None, "foreign_keys", true)?;
        c.set_prepared_statement_cache_capacity(128);
        // A cached statement is planned once: without this the bundled SQLite plans many anew for each
        // value that is bound to them, which costs more than they do.
        c.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        functions(c)?;
        evidence::functions(c, &self.clock)?;
        dates(c, &self.clock)
    }

    fn pragmas_for_writing(&self) -> Result<()> {
        self.connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .and_then(|()| self.connection.pragma_update(None, "synchronous", "FULL"))
            .and_then(|()| {
                let pragma = "wal_autocheckpoint";
                let ignore = |_: &rusqlite::Row<'_>| Ok(());
                self.connection
                    .pragma_update_and_check(None, pragma, CHECKPOINT_PAGES, ignore)
            })
            .map_err(|error| cannot_open(&self.path, error))
    }

    /// Whether this opening made the file.
    pub const fn created(&self) -> bool {
        self.created
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For reading: until something was written by [`Self::write`], nothing can be.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` on the database as it is at one moment.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let transaction = self.connection.unchecked_transaction()?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// Lets the connection write, with the ledger watching: whoever only reads need not wait for that.
    fn watch(&self) -> Result<()> {
        if !self.watched.get() {
            self.connection.pragma_update(None, "query_only", false)?;
            evidence::watch(&self.connection)?;
            freed::keep();
            self.watched.set(true);
        }
        Ok(())
    }

    /// Begins an immediate transaction.
    fn begin(&mut self) -> Result<Transaction<'_>> {
        self.watch()?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        sharing::heed(&transaction)?;
        Ok(transaction)
    }

    /// Runs `work` in one immediate transaction, which is kept only when it succeeds.
    pub fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.begin()?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// The same for work that checks each relation itself: SQLite does not.
    pub fn write_checked<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        self.connection.pragma_update(None, "foreign_keys", false)?;
        let answer = self.write(work);
        self.connection.pragma_update(None, "foreign_keys", true)?;
        answer
    }

    /// Runs `work` in one immediate transaction that is never kept.
    pub fn rehearse<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.begin()?;
        let answer = work(&transaction)?;
        transaction.rollback()?;
        Ok(answer)
    }

    /// Writes everything into the one file and closes it.
    pub fn close(self) -> Result<()> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(std::fs::File::open(&self.path)?.sync_all()?)
    }

    /// Takes the lock of this name on the database file, whatever path it was reached by: it holds until
    /// it is dropped or its process ends. None when another process has it.
    pub fn lock(&self, name: &str) -> Result<Option<Lock>> {
        let Some(anchor) = &self.anchor else {
            return Ok(Some(Lock::nowhere()));
        };
        let lock = anchor.lock(name).map_err(|error| {
            Error::world(format!(
                "the lock `{name}` of {} cannot be taken",
                self.path.display()
            ))
            .because(error)
        })?;
        self.still_there()?;
        Ok(lock)
    }
}

/// Being alone with a database file, until this is dropped.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "it holds the lock")] Anchor);

/// Makes sure that nobody else works with the database at `path`, and that nobody can begin to.
///
/// # Errors
/// Locked, when somebody does.
pub fn alone(path: &Path) -> Result<Alone> {
    let anchor = Anchor::new(path).map_err(|error| unreachable_file(path, &error))?;
    let alone = anchor.alone().map_err(|error| {
        Error::world(format!("the database {} cannot be locked", path.display())).because(error)
    })?;
    if !alone {
        return Err(
            Error::locked(format!("another regua is working with {}", path.display())).hint(
                "wait until it has ended, or stop it and the timer or cron line that starts it",
            ),
        );
    }
    Ok(Alone(anchor))
}

/// A file that the system does not let us open.
fn unreachable_file(path: &Path, error: &std::io::Error) -> Error {
    Error::world(format!("the database {} cannot be opened", path.display()))
        .because(error.to_string())
        .hint("its folder must exist and be writable")
}

/// What SQL calls a change of a text, and the change.
type Change = (&'static str, fn(&str) -> String);

/// Gives SQL what it lacks: `fold` and `nfc` of texts, `tag` of keys.
fn functions(connection: &Connection) -> rusqlite::Result<()> {
    let texts: [Change; 4] = [
        ("fold", text::fold),
        ("tag", domain_message::tag),
        ("uuid", domain_message::uuid),
        ("nfc", |text| text::nfc(text).into_owned()),
    ];
    for (name, function) in texts {
        connection.create_scalar_function(
            name,
            1,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
            move |context| {
                let text = context.get_raw(0).as_str_or_null().ok().flatten();
                Ok(text.map(function))
            },
        )?;
    }
    Ok(())
}

/// Gives SQL the run's own day.
fn dates(connection: &Connection, clock: &SharedClock) -> rusqlite::Result<()> {
    let today = clock.clone();
    connection.create_scalar_function("today", 0, FunctionFlags::SQLITE_UTF8, move |_| {
        Ok(today.now().today.to_string())
    })
}

fn cannot_open(path: &Path, error: rusqlite::Error) -> Error {
    let place = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::world(format!("{place} is not a SQLite database"))
            .hint("name regua's own with --db FILE, or with `database` in the configuration"),
        Some(ErrorCode::DatabaseCorrupt) => {
            Error::world(format!("the database {place} is damaged"))
                .because(error)
                .hint("restore the newest backup; `sqlite3 FILE .recover` saves what can be read")
        }
        Some(ErrorCode::CannotOpen) => {
            Error::world(format!("the database {place} cannot be opened"))
                .because(error)
                .hint("its folder must exist and be writable")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Error::world(format!("the database {place} cannot be written"))
                .because(error)
                .hint("check the owner and permissions of the file and of its folder")
        }
        _ => Error::world(format!("the database {place} cannot be used")).because(error),
    }
}

/// Whether an error passes by itself: the database was busy, or the disk full.
pub fn passes(error: &Error) -> bool {
    let Some(source) = error.source.as_deref() else {
        return false;
    };
    if let Some(error) = source.downcast_ref::<rusqlite::Error>() {
        return matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull)
        );
    }
    source
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull)
}

/// What a failing statement means to a person.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                Self::world("the disk is full; nothing of this step was kept")
                    .because(error)
                    .hint("make room and run it again")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::world("the database cannot be written")
                    .because(error)
                    .hint("check the owner and permissions of the file and of its folder")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::world("the database is busy: another regua has been writing for too long")
                    .because(error)
                    .hint("run it again in a moment")
            }
            Some(ErrorCode::DatabaseCorrupt) => Self::world("the database is damaged")
                .because(error)
                .hint("restore the newest backup"),
            _ => Self::world("the database failed").because(error),
        }
    }
}
