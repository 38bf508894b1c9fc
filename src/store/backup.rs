//! A copy of the whole database, made while others work with it; and a copy looked at before it is used.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{cannot_open, health, migration};
use crate::error::{Error, Flaw, Result};

/// Copies the database to a new file by SQLite's online backup, in one step: it reads one
/// consistent state, and in WAL mode nobody who writes meanwhile has to wait.
pub fn copy(connection: &Connection, to: &Path) -> Result<()> {
    let failed = |error: rusqlite::Error| {
        Error::world(format!("the backup {} cannot be written", to.display())).because(error)
    };
    let mut copy = Connection::open(to).map_err(failed)?;
    {
        let backup = Backup::new(connection, &mut copy).map_err(failed)?;
        backup
            .run_to_completion(i32::MAX, Duration::from_millis(50), None)
            .map_err(failed)?;
    }
    copy.close().map_err(|(_, error)| failed(error))
}

/// Opens a backup to read it, and changes nothing of it: not its file, nor its folder.
pub fn open(path: &Path) -> Result<Connection> {
    // A copy of a database at work has its newest pages in a file beside it.
    let beside = path_with(path, "-wal").exists();
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str(if beside { "?mode=ro" } else { "?immutable=1" });
    Connection::open_with_flags(
        uri,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )
    .map_err(|error| cannot_open(path, error))
}

/// A path with something after its last letter: what SQLite keeps beside a database.
pub fn path_with(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

/// What is wrong with a backup that cannot be read at all.
fn unreadable(path: &Path, error: rusqlite::Error) -> Error {
    let place = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            Error::unacceptable(format!("{place} is not a database of regua's"))
                .hint("`regua backup` and the task `backup` make what can be restored")
        }
        Some(ErrorCode::DatabaseCorrupt) => Error::unacceptable(format!("{place} is damaged"))
            .because(error)
            .hint("take another backup; nothing was changed"),
        _ => cannot_open(path, error),
    }
}

/// Whether a backup can be restored: whole, ours, and not of a newer program.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check(connection: &Connection, path: &Path) -> Result<()> {
    connection
        .pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))
        .map_err(|error| unreadable(path, error))?;
    migration::ours(connection, path)?;
    let damage = health::damage(connection).map_err(|error| {
        let damaged = Error::unacceptable(format!("{} is damaged", path.display()));
        Error {
            source: error.source,
            ..damaged.hint("take another backup; nothing was changed")
        }
    })?;
    if damage.is_empty() {
        return Ok(());
    }
    let flaws = damage
        .into_iter()
        .map(|found| Flaw::at("", found, ""))
        .collect();
    Err(
        Error::flaws(format!("{} is damaged", path.display()), flaws)
            .hint("take another backup; nothing was changed"),
    )
}
