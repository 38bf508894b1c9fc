//! A copy of the whole database, made while others work with it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::error::{Error, Result};

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
