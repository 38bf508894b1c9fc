//! Files that hold names, phones or debts: nobody's but their owner's to read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Result;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;

use nix::unistd::{AccessFlags, access};

/// The mode of every file that is made here.
const MODE: u32 = 0o600;

/// Opens a file as `options` say; when that makes it, it is the owner's alone (0600), and made by root it
/// is its folder's owner's, so that one command by root does not shut out the account that works there.
/// A link whose file is missing is followed, and the file made where it points.
///
/// # Errors
/// As opening a file has them.
pub fn open(path: &Path, options: &OpenOptions) -> Result<File> {
    let new = !path.exists();
    let file = options.clone().mode(MODE).open(path)?;
    if new {
        give_to_the_folders_owner(&file, path)?;
    }
    Ok(file)
}

/// Makes a file anew, emptied if it exists.
///
/// # Errors
/// As opening a file has them.
pub fn create(path: &Path) -> Result<File> {
    open(
        path,
        OpenOptions::new().write(true).create(true).truncate(true),
    )
}

/// Makes a file that must not exist yet.
///
/// # Errors
/// As opening a file has them.
pub fn create_new(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

/// Opens a file to write at its end, and makes it where there is none.
///
/// # Errors
/// As opening a file has them.
pub fn append(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().append(true).create(true))
}

/// Makes a folder, and those above it that are missing, in the same manner: for their owner alone.
///
/// # Errors
/// As making a folder has them.
pub fn folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => give_to_the_folders_owner(&File::open(path)?, path),
        // Another run was faster.
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether files could be made in a folder, which need not be there yet; nothing is made.
///
/// # Errors
/// When what stands there is no folder, or may not be written to.
pub fn could_write_into(path: &Path) -> Result<()> {
    let mut there = path;
    while !there.exists() {
        there = match there.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
    }
    if !there.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    access(there, AccessFlags::W_OK | AccessFlags::X_OK).map_err(Into::into)
}

/// Only root can give a file away, and only root needs to.
fn give_to_the_folders_owner(file: &File, path: &Path) -> Result<()> {
    let made = file.metadata()?;
    // A link's file lies in the folder that the link points to.
    let Some(folder) = path
        .canonicalize()?
        .parent()
        .map(Path::metadata)
        .transpose()?
    else {
        return Ok(());
    };
    if made.uid() == 0 && folder.uid() != 0 {
        fchown(file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn trial_58_what_is_made_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        create(&at("a")).expect("made");
        append(&at("b")).expect("made");
        create_new(&at("c")).expect("made");
        assert!(create_new(&at("c")).is_err());
        for name in ["a", "b", "c"] {
            assert_eq!(mode(&at(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn trial_90_a_link_to_nothing_makes_a_private_file_where_it_points() {
        let folder = tempfile::tempdir().expect("a folder");
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        append(&link).expect("made");
        assert_eq!(mode(&target), 0o600);
    }

    #[test]
    fn trial_73_what_root_makes_belongs_to_its_folders_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let owned = std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534));
        if owned.is_err() {
            // Only root can show this.
            return;
        }
        let path = folder.path().join("sms.jsonl");
        let made = append(&path).expect("made").metadata().expect("a file");
        assert_eq!((made.uid(), made.gid()), (65_534, 65_534));
    }
}
