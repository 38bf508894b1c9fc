//! A file that others read, put in its place at once: whoever reads it meanwhile sees the one before, or this one.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::{Error, Result};

/// Everybody on this machine may read it.
const MODE: u32 = 0o644;

/// Writes a file beside its place, and puts it there; what stood there stays until then, and when it fails. What is no
/// file of a disk (a pipe, a device) is written to as it is, and never replaced.
///
/// # Errors
/// When the path is a folder's, or the file cannot be written whole.
pub fn put(path: &Path, text: &str) -> Result<()> {
    if path.is_dir() {
        return Err(
            Error::unacceptable(format!("{} is a folder", path.display()))
                .hint("name a file in it"),
        );
    }
    if path.file_name().is_none() {
        return Err(Error::unacceptable(format!(
            "`{}` is no name of a file",
            path.display()
        )));
    }
    written(path, text).map_err(|error| {
        Error::world(format!(
            "{} cannot be written; what stood there is as it was",
            path.display()
        ))
        .because(error)
        .hint("its folder must exist and be writable, and its disk have room")
    })
}

fn written(path: &Path, text: &str) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(text.as_bytes());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Collectors look at what a name ends with: this one is none of theirs until it is whole.
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::Permissions::from_mode(MODE))?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        fs::remove_file(&beside).ok();
    }
    written
}
