//! Locks between processes on one database, whatever path it was reached by: they go by the file itself.
//!
//! Each lock is a byte range far beyond the data, held by an open file description of our own (`F_OFD_SETLK`):
//! so it ends with its process, needs no file beside the database, and a link deceives nobody. SQLite's locks
//! are of the other, older kind, which closing *any* descriptor of the file drops. Ours is therefore closed
//! only once the process has no store of that file open any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::private_file;

/// Everything below this offset is data or SQLite's.
const FIRST: i64 = 1 << 61;

/// What every open database holds in common, and whoever must be alone with it takes whole.
const USE: i64 = FIRST;

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file behind a path.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&path.metadata()?))
    }
}

impl From<&Metadata> for FileId {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// The files that this process has open, with how many use each, and the descriptors that wait to be closed.
static OPEN: Mutex<BTreeMap<FileId, (usize, Vec<File>)>> = Mutex::new(BTreeMap::new());

fn open_files() -> MutexGuard<'static, BTreeMap<FileId, (usize, Vec<File>)>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Our own descriptor of a database file, beside SQLite's.
#[derive(Debug)]
pub struct Anchor {
    id: FileId,
    /// There until it is dropped.
    file: Option<File>,
    /// What this descriptor holds: the system does not refuse it to the same one.
    held: Mutex<BTreeSet<i64>>,
}

impl Anchor {
    /// Opens the database file, and makes it when it does not exist. Where it cannot be written, it is
    /// opened to read.
    pub fn new(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private_file::open(path, &options).or_else(|error| {
            File::open(path).map_err(|_| error) // The first says what is wrong.
        })?;
        let id = FileId::from(&file.metadata()?);
        open_files().entry(id).or_default().0 += 1;
        Ok(Self {
            id,
            file: Some(file),
            held: Mutex::default(),
        })
    }

    /// Which file it is.
    pub const fn id(&self) -> FileId {
        self.id
    }

    /// Says that the database is in use, until this is dropped. False when somebody must be alone with it.
    pub fn share(&self) -> bool {
        // A file system without such locks has nobody who is alone either.
        !matches!(
            self.set(libc::F_RDLCK, USE),
            Err(Errno::EAGAIN | Errno::EACCES)
        )
    }

    /// Whether nobody else uses the database, and from now on nobody can.
    pub fn alone(&self) -> io::Result<bool> {
        self.try_set(libc::F_WRLCK, USE)
    }

    /// Takes the lock of this name; none when another has it.
    pub fn lock(self: &Arc<Self>, name: &str) -> io::Result<Option<Lock>> {
        let offset = offset(name);
        if !self.held().insert(offset) {
            return Ok(None);
        }
        let lock = Lock {
            anchor: Some(Arc::clone(self)),
            offset,
        };
        // Where it is not to be had, dropping the guard forgets it.
        Ok(self.try_set(libc::F_WRLCK, offset)?.then_some(lock))
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_set(&self, kind: libc::c_int, offset: i64) -> io::Result<bool> {
        match self.set(kind, offset) {
            Ok(()) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, kind: libc::c_int, offset: i64) -> nix::Result<()> {
        let Some(file) = &self.file else {
            return Err(Errno::EBADF);
        };
        let range = libc::flock {
            l_type: i16::try_from(kind).unwrap_or_default(),
            l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
            l_start: offset,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(file, FcntlArg::F_OFD_SETLK(&range)).map(drop)
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        // The descriptor may stay open for a while: what it holds is let go now.
        let offsets = std::mem::take(&mut *self.held());
        for offset in offsets.into_iter().chain([USE]) {
            let _ = self.set(libc::F_UNLCK, offset);
        }
        let mut open = open_files();
        if let Some((users, waiting)) = open.get_mut(&self.id) {
            waiting.extend(self.file.take());
            *users -= 1;
            if *users == 0 {
                open.remove(&self.id);
            }
        }
    }
}

/// A lock that is held until this is dropped or its process ends.
#[derive(Debug)]
pub struct Lock {
    /// None: of a database that is nowhere, and that nobody else can have.
    anchor: Option<Arc<Anchor>>,
    offset: i64,
}

impl Lock {
    /// The lock of a database that is nowhere.
    pub(super) const fn nowhere() -> Self {
        Self {
            anchor: None,
            offset: 0,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(anchor) = &self.anchor {
            let _ = anchor.set(libc::F_UNLCK, self.offset);
            anchor.held().remove(&self.offset);
        }
    }
}

/// Where the lock of a name lies: the same in every process and version (FNV-1a over its bytes).
fn offset(name: &str) -> i64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    FIRST + 1 + i64::try_from(hash >> 4).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(path: &Path) -> Arc<Anchor> {
        Arc::new(Anchor::new(path).expect("a file"))
    }

    #[test]
    fn trial_72_a_lock_goes_by_the_file_and_not_by_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("regua.db");
        let first = anchor(&path);
        let (soft, hard) = (folder.path().join("soft"), folder.path().join("hard"));
        std::os::unix::fs::symlink(&path, &soft).expect("a link");
        std::fs::hard_link(&path, &hard).expect("a link");
        let lock = first.lock("push").expect("no fault").expect("free");
        assert!(first.lock("push").expect("no fault").is_none());
        for name in [&path, &soft, &hard] {
            let other = anchor(name);
            assert!(other.lock("push").expect("no fault").is_none());
            assert!(other.lock("sms").expect("no fault").is_some());
        }
        drop(lock);
        assert!(anchor(&soft).lock("push").expect("no fault").is_some());
    }

    #[test]
    fn being_alone_needs_that_nobody_else_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("regua.db");
        let (one, other) = (anchor(&path), anchor(&path));
        assert!(one.share() && other.share());
        assert!(!one.alone().expect("no fault"));
        drop(other);
        assert!(one.alone().expect("no fault"));
        assert!(!anchor(&path).share());
    }
}
