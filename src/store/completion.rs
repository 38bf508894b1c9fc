//! Names for whoever is typing one: looked up without making, migrating, locking or waiting for anything.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// What is kept under names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptNames {
    /// Templates.
    Templates,
    /// Saved reports.
    Reports,
    /// Collection rules.
    Rules,
    /// Triggers.
    Triggers,
    /// Tasks.
    Tasks,
    /// Incidents, open or closed.
    Incidents,
}

impl KeptNames {
    const fn query(self) -> &'static str {
        match self {
            Self::Templates => "SELECT name FROM template",
            Self::Reports => "SELECT name FROM report",
            Self::Rules => "SELECT name FROM rule",
            Self::Triggers => "SELECT name FROM \"trigger\"",
            Self::Tasks => "SELECT name FROM task",
            Self::Incidents => "SELECT DISTINCT name FROM incident",
        }
    }
}

/// Nobody reads through more.
const MOST: u32 = 500;

/// Whoever presses a key waits no longer for a database that is being written.
const PATIENCE: Duration = Duration::from_millis(100);

/// The names that begin so. None where there is no database, where it may not be read, or where it is of another
/// version: whoever is typing is never told of an error.
pub fn names(database: &Path, named: KeptNames, beginning: &str) -> Vec<String> {
    look_up(database, named, beginning).unwrap_or_default()
}

fn look_up(database: &Path, named: KeptNames, beginning: &str) -> rusqlite::Result<Vec<String>> {
    let connection = open(database)?;
    let query = format!(
        "{} WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name LIMIT {MOST}",
        named.query()
    );
    let mut statement = connection.prepare(&query)?;
    let rows = statement.query_map([beginning], |row| row.get(0))?;
    rows.collect()
}

/// Opens a database to read it and leave no trace. Where nobody has it open, its log and index would have to be made
/// beside it, and would belong to whoever looked: then the file is read as it lies there.
fn open(database: &Path) -> rusqlite::Result<Connection> {
    let beside = |ending: &str| {
        let mut path = database.as_os_str().to_owned();
        path.push(ending);
        Path::new(&path).exists()
    };
    let in_use = beside("-wal") && beside("-shm");
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if in_use {
        Connection::open_with_flags(database, flags)?
    } else {
        flags |= OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(as_it_lies(database), flags)?
    };
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// The address under which SQLite reads a file that nobody changes.
fn as_it_lies(database: &Path) -> String {
    let path = database.to_string_lossy();
    let path = path.replace('%', "%25").replace('?', "%3f");
    format!("file:{}?immutable=1", path.replace('#', "%23"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn names_are_found_by_their_beginning_and_nothing_is_left_beside_the_database() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("a?b#c%20.db");
        let save = |name: &str| {
            let mut store = Store::open(&path).expect("a database");
            store
                .write(|transaction| {
                    transaction.execute(
                        "INSERT INTO report VALUES (?1, 'contracts', '[]', '[]')",
                        [name],
                    )?;
                    Ok(())
                })
                .expect("a report");
        };
        save("cut-for-debt");
        save("cut-today");
        save("late");
        let files = || {
            let entries = std::fs::read_dir(folder.path()).expect("a folder");
            let mut names: Vec<_> = entries
                .map(|entry| entry.expect("an entry").file_name())
                .collect();
            names.sort();
            names
        };
        let before = files();
        assert_eq!(
            names(&path, KeptNames::Reports, "cut"),
            ["cut-for-debt", "cut-today"]
        );
        assert_eq!(names(&path, KeptNames::Rules, ""), Vec::<String>::new());
        assert_eq!(files(), before);
        // While others have it open, what is in the log alone counts too.
        let mut store = Store::open(&path).expect("a database");
        store.write(|_| Ok(())).expect("a transaction");
        save("cut-now");
        assert_eq!(names(&path, KeptNames::Reports, "cut-n"), ["cut-now"]);
    }

    #[test]
    fn without_a_database_there_is_no_name_and_none_is_made() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("regua.db");
        assert!(names(&path, KeptNames::Templates, "").is_empty());
        assert!(!path.exists());
        std::fs::write(&path, "no database").expect("a file");
        assert!(names(&path, KeptNames::Templates, "").is_empty());
    }
}
