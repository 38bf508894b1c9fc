//! The backup: the database's copy in a dated file, and the oldest ones beyond a number deleted.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

use crate::clock::Now;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::private_file;
use crate::store::{Store, backup};

/// How the date stands in a backup's name; by name they sort by time.
const STAMP: &str = "%Y-%m-%d-%H%M";

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSummary {
    /// The new file.
    pub file: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Older ones deleted.
    pub removed: u64,
}

/// Copies the database to `FOLDER/NAME-2026-11-21-0300.db` and keeps the last `[backup] keep`. The
/// copy has another name until it is whole; one of the same minute is replaced.
pub fn run(store: &Store, config: &Config, now: Now) -> Result<BackupSummary> {
    let keep = usize::try_from(config.backup.keep).unwrap_or(usize::MAX);
    let mut summary = into(store, &config.backup.folder, now)?;
    summary.removed = keep_last(&config.backup.folder, &stem(store), keep, &summary.file)?;
    Ok(summary)
}

/// The database's name, with which those of its backups begin.
fn stem(store: &Store) -> String {
    store.path().file_stem().map_or_else(
        || "regua".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// Copies the database to a dated file in `folder`, and deletes nothing there.
pub fn into(store: &Store, folder: &Path, now: Now) -> Result<BackupSummary> {
    let failed = |what: &str, error: std::io::Error| {
        Error::world(format!("the backup folder {} {what}", folder.display()))
            .because(error)
            .hint("[backup] folder in the configuration")
    };
    // Two at once would write one file, and the half of it could get the name of a whole one.
    let Some(_lock) = store.lock("backup")? else {
        return Err(
            Error::locked("another backup of this database is being made")
                .hint("run it again when that has ended"),
        );
    };
    private_file::folder(folder).map_err(|error| failed("cannot be made", error))?;
    let file = folder.join(format!("{}-{}.db", stem(store), now.local().format(STAMP)));
    let part = file.with_extension("part");
    // A part that is left over is of a run that died.
    let _ = fs::remove_file(&part);
    // It holds what the database holds: nobody else may read it.
    private_file::create_new(&part).map_err(|error| failed("cannot be written to", error))?;
    let copied = backup::copy(store.connection(), &part).and_then(|()| {
        fs::File::open(&part)?.sync_all()?;
        fs::rename(&part, &file)?;
        fs::File::open(folder)?.sync_all()?;
        Ok(())
    });
    if let Err(error) = copied {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    Ok(BackupSummary {
        bytes: fs::metadata(&file)?.len(),
        removed: 0,
        file,
    })
}

/// Deletes all but the last `keep` backups of a database, the new one always among them, whatever
/// the clock said when the others were made; files of other names are left alone.
fn keep_last(folder: &Path, stem: &str, keep: usize, new: &Path) -> Result<u64> {
    let mut backups: Vec<(NaiveDateTime, PathBuf)> = fs::read_dir(folder)?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((taken_at(path.file_name()?.to_str()?, stem)?, path))
        })
        .filter(|(_, path)| path != new)
        .collect();
    backups.sort();
    let beyond = (backups.len() + 1).saturating_sub(keep.max(1));
    let mut removed = 0;
    for (_, path) in backups.into_iter().take(beyond) {
        fs::remove_file(&path)?;
        removed += 1;
    }
    Ok(removed)
}

/// When a backup of that name was taken; none for a file that is no backup of this database.
fn taken_at(name: &str, stem: &str) -> Option<NaiveDateTime> {
    let stamp = name
        .strip_prefix(stem)?
        .strip_prefix('-')?
        .strip_suffix(".db")?;
    NaiveDateTime::parse_from_str(stamp, STAMP)
        .ok()
        .filter(|at| at.format(STAMP).to_string() == stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dated_copies_of_this_database_count_as_backups() {
        assert!(taken_at("regua-2026-11-21-0300.db", "regua").is_some());
        for other in [
            "regua.db",
            "regua-2026-11-21-0300.part",
            "regua-old-2026-11-21-0300.db",
            "regua-2026-11-31-0300.db",
            "regua-2026-11-21-300.db",
            "regua-2026-11-21-0300.db-wal",
        ] {
            assert_eq!(taken_at(other, "regua"), None, "{other}");
        }
    }

    #[test]
    fn two_backups_at_once_do_not_write_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("regua.db")).expect("a database");
        let now = Now::new(chrono::DateTime::UNIX_EPOCH, chrono_tz::America::Sao_Paulo);
        let lock = store.lock("backup").expect("a lock");
        let refused = into(&store, folder.path(), now).expect_err("another is at it");
        assert_eq!(refused.kind, crate::error::ErrorKind::Locked);
        drop(lock);
        assert!(
            into(&store, folder.path(), now)
                .expect("a backup")
                .file
                .exists()
        );
    }

    #[test]
    fn the_oldest_go_and_strangers_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "regua-2026-11-19-0300.db",
            "regua-2026-11-21-0300.db",
            "regua-2026-11-20-0300.db",
            "other-2020-01-01-0300.db",
            "notes.txt",
        ] {
            fs::write(folder.path().join(name), "x").expect("a file");
        }
        let new = folder.path().join("regua-2026-11-21-0300.db");
        let keep = |n| keep_last(folder.path(), "regua", n, &new).expect("kept");
        assert_eq!(keep(2), 1);
        assert!(!folder.path().join("regua-2026-11-19-0300.db").exists());
        assert!(folder.path().join("other-2020-01-01-0300.db").exists());
        assert_eq!(keep(2), 0);
        // A backup made while the clock was wrong does not cost the new one.
        fs::write(folder.path().join("regua-2031-01-01-0300.db"), "x").expect("a file");
        assert_eq!(keep(1), 2);
        assert!(new.exists());
    }
}
