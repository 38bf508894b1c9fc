//! SQLite: the one file that holds everything, opened with its pragmas and brought up to date.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
pub use rusqlite::{Connection, Transaction};
use rusqlite::{ErrorCode, OpenFlags, TransactionBehavior};

use crate::domain::text;
use crate::error::{Error, Result};

pub mod backup;
pub mod batch;
pub mod birthday;
pub mod book;
pub mod callback;
pub mod collection;
pub mod columns;
pub mod health;
pub mod hold;
pub mod import;
pub mod message;
pub mod meta;
mod migration;
pub mod opt_out;
pub mod purge;
pub mod queue;
pub mod report;
pub mod report_values;
pub mod rule;
pub mod sync;
pub mod task;
pub mod template;
pub mod ticket;
pub mod trigger;

/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(30);

/// An open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    created: bool,
}

impl Store {
    /// Opens the database at `path`, making it when it does not exist, and migrates it.
    pub fn open(path: &Path) -> Result<Self> {
        let created = !path.exists();
        if created {
            // It will hold names, phones and tax ids: nobody's but its owner's to read. When it
            // cannot be made, opening says why.
            let _ = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path);
        }
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(|error| cannot_open(path, error))?;
        let mut store = Self {
            connection,
            path: path.to_owned(),
            created,
        };
        store.prepare().map_err(|error| cannot_open(path, error))?;
        store.migrate()?;
        Ok(store)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        let c = &self.connection;
        c.busy_timeout(BUSY)?;
        c.pragma_update(None, "cache_size", -16_000)?;
        c.pragma_update(None, "foreign_keys", true)?;
        c.set_prepared_statement_cache_capacity(128);
        // A cached statement is planned once: without this the bundled SQLite plans many anew for each
        // value that is bound to them, which costs more than they do.
        c.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        functions(c)
    }

    fn pragmas_for_writing(&self) -> Result<()> {
        self.connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .and_then(|()| self.connection.pragma_update(None, "synchronous", "FULL"))
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

    /// For reading.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` in one immediate transaction, which is kept only when it succeeds.
    pub fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// Runs `work` in one immediate transaction that is never kept.
    pub fn rehearse<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.rollback()?;
        Ok(answer)
    }

    /// Takes an operating-system lock of this name on a file beside the database: it holds until the
    /// file is dropped or its process ends. None when another process has it.
    pub fn lock(&self, name: &str) -> Result<Option<File>> {
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{name}.lock"));
        let path = PathBuf::from(path);
        let failed = |error: std::io::Error| {
            Error::world(format!("the lock {} cannot be taken", path.display())).because(error)
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Gives SQL what it lacks: `fold` and `nfc` of texts.
fn functions(connection: &Connection) -> rusqlite::Result<()> {
    let texts: [(&str, fn(&str) -> String); 2] = [
        ("fold", text::fold),
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
