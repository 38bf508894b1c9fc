//! The restore: a backup in place of the database, which must tell nobody twice what left since it was made.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Datelike as _;

use crate::clock::{Clock, Now};
use crate::domain::birthday;
use crate::error::{Error, Result};
use crate::private_file;
use crate::store::backup::{self, path_with};
use crate::store::restore::{self as store, CarriedOver, OnTheirWay};
use crate::store::{
    Connection, FileId, Store, alone, birthday as birthdays, erasure, health, purge,
};

/// How the moment stands in the replaced file's name.
const STAMP: &str = "%Y-%m-%d-%H%M%S";

/// Clients read at once.
const PAGE: usize = 1000;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupContents {
    /// The file.
    pub file: PathBuf,
    /// The version of its tables.
    pub version: i64,
    /// Clients in it.
    pub clients: u64,
    /// Messages in it.
    pub messages: u64,
    /// The latest moment that it knows of.
    pub latest: Option<chrono::DateTime<chrono::Utc>>,
}

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: BackupContents,
    /// The database.
    pub database: PathBuf,
    /// Where the file is now that was there before.
    pub replaced: Option<PathBuf>,
    /// What became of the messages that were on their way.
    pub on_their_way: OnTheirWay,
    /// What that file knew; none where it could not be read.
    pub carried_over: Option<CarriedOver>,
    /// Tasks disabled, because it could not be read.
    pub disabled_tasks: u64,
}

/// Looks whether a backup can be restored, and changes nothing.
pub fn check(file: &Path) -> Result<BackupContents> {
    examine(&open(file)?, file)
}

fn open(file: &Path) -> Result<Connection> {
    if !file.is_file() {
        return Err(
            Error::unacceptable(format!("there is no backup {}", file.display()))
                .hint("`regua backup` and the task `backup` make them, in [backup] folder"),
        );
    }
    backup::open(file)
}

fn examine(connection: &Connection, file: &Path) -> Result<BackupContents> {
    backup::check(connection, file)?;
    Ok(BackupContents {
        file: file.to_owned(),
        version: health::version(connection)?,
        clients: health::rows(connection, "client")?,
        messages: health::rows(connection, "message")?,
        latest: health::latest(connection)?,
    })
}

/// Puts the backup `file` in the place of `database`. Nobody else may be working with either.
pub fn restore(database: &Path, file: &Path, resend: bool, now: Now) -> Result<Restored> {
    // A link to the database goes on pointing to it.
    let database = database
        .canonicalize()
        .unwrap_or_else(|_| database.to_owned());
    if FileId::of(&database).is_ok_and(|id| FileId::of(file).is_ok_and(|other| other == id)) {
        return Err(
            Error::unacceptable(format!("{} is the database itself", file.display()))
                .hint("name a backup of it"),
        );
    }
    has_a_folder(&database)?;
    let there = database.exists();
    let alone = there.then(|| alone(&database)).transpose()?;
    let connection = open(file)?;
    let checked = examine(&connection, file)?;
    let part = path_with(&database, ".restoring");
    clear(&part)?;
    let prepared = prepare(&connection, &part, &database, resend, now);
    drop(connection);
    let (on_their_way, carried_over, disabled_tasks) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            let _ = clear(&part);
            return Err(error);
        }
    };
    let replaced = if there {
        let stamp = now.local().format(STAMP);
        let kept = free_name(&path_with(&database, &format!(".replaced-{stamp}")));
        set_aside(&database, &kept)?;
        Some(kept)
    } else {
        None
    };
    fs::rename(&part, &database)?;
    if let Some(folder) = database.parent() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        fs::File::open(folder)?.sync_all()?;
    }
    drop(alone);
    Ok(Restored {
        backup: checked,
        database,
        replaced,
        on_their_way,
        carried_over,
        disabled_tasks,
    })
}

/// Refuses a database whose folder is not there.
fn has_a_folder(database: &Path) -> Result<()> {
    match database.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => Err(
            Error::unacceptable(format!("there is no folder {}", folder.display()))
                .hint("make it, or name another database with --db FILE"),
        ),
        _ => Ok(()),
    }
}

/// The backup as it is to be: copied, brought up to date, and knowing what left since.
fn prepare(
    connection: &Connection,
    part: &Path,
    replaced: &Path,
    resend: bool,
    now: Now,
) -> Result<(OnTheirWay, Option<CarriedOver>, u64)> {
    private_file::create_new(part)?;
    backup::copy(connection, part)?;
    let mut new = Store::open(part)?;
    new.follow(Clock::fixed(now.at, now.zone));
    store::carry_evidence(&mut new, replaced)?;
    let on_their_way = new.write(|transaction| store::settle(transaction, resend))?;
    let carried_over = store::carry_over(&mut new, replaced)?;
    let disabled = if carried_over.is_some() {
        0
    } else {
        new.write(|transaction| {
            congratulated(transaction, now)?;
            store::count_today_as_done(transaction, now.today)
        })?
    };
    for (id, why) in store::erased_there(&new, replaced)? {
        erasure::erase(&mut new, id, &why, now.at)?;
    }
    new.close()?;
    Ok((on_their_way, carried_over, disabled))
}

/// Counts today's birthdays as done.
fn congratulated(connection: &Connection, now: Now) -> Result<()> {
    let days = birthday::celebrated(now.today);
    let mut after = i64::MIN;
    loop {
        let ids = birthdays::born_on(connection, &days, after, PAGE)?;
        let Some(last) = ids.last() else {
            return Ok(());
        };
        after = *last;
        for id in ids {
            purge::spend_key(connection, &birthday::key(now.today.year(), id))?;
        }
    }
}

/// Gives the database another name, with what SQLite keeps beside it: a log that stayed would be read into
/// the new file.
fn set_aside(database: &Path, kept: &Path) -> Result<()> {
    for end in ["-wal", "-shm"] {
        let beside = path_with(database, end);
        if beside.exists() {
            fs::rename(&beside, path_with(kept, end))?;
        }
    }
    // By a second name, so that there is a database at every instant.
    if fs::hard_link(database, kept).is_err() {
        fs::rename(database, kept)?;
    }
    Ok(())
}

/// Removes what a restore that died left.
fn clear(part: &Path) -> Result<()> {
    for end in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(path_with(part, end)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// The name, or with a number after it, where nothing is yet.
fn free_name(path: &Path) -> PathBuf {
    let mut name = path.to_owned();
    let mut number = 2;
    while name.exists() {
        name = path_with(path, &format!("-{number}"));
        number += 1;
    }
    name
}
