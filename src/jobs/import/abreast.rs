//! Two abreast: while one thread reads a file and checks its cells, the other puts the rows into the book.

use std::fs;
use std::path::Path;

use super::checked::{Checked, Checker};
use crate::error::Result;
use crate::jobs::abreast::{Belt, TOGETHER, abreast};
use crate::source::encoding::Encoding;

/// A file of so many bytes is worth a thread.
const LARGE: u64 = 1 << 18;

/// Whether a file is worth it: a plain one, of some size. Standard input and pipes are not read ahead of what is done
/// with them, so that whoever stops for an error does not wait for more.
pub(super) fn worth_it(path: &Path) -> bool {
    path != Path::new("-")
        && fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() >= LARGE)
}

/// Rows on their way from one thread to the other.
#[derive(Default)]
struct Group {
    rows: Vec<Checked>,
    /// So many of them are filled.
    filled: usize,
    /// Bytes of the file, and bytes read.
    progress: (u64, u64),
}

/// Reads all of a file that `open` opens, and gives its rows to `put` in their order, some at a time, with the size of
/// the file and what is read of it, in bytes. How its letters were taken, where they are not UTF-8.
pub(super) fn run(
    open: impl FnOnce() -> Result<Checker> + Send,
    mut put: impl FnMut(&mut [Checked], (u64, u64)) -> Result<()>,
) -> Result<Option<Encoding>> {
    abreast(
        |belt| read(open, belt),
        |group: &mut Group| put(&mut group.rows[..group.filled], group.progress),
    )
}

/// Reads to the end. What was read before something is wrong with the file is given first.
fn read(open: impl FnOnce() -> Result<Checker>, belt: &Belt<Group>) -> Result<Option<Encoding>> {
    let mut checker = open()?;
    loop {
        let mut group = belt.group();
        group.rows.resize_with(TOGETHER, Checked::default);
        group.filled = 0;
        let mut ended = Ok(false);
        while group.filled < TOGETHER {
            match checker.next(&mut group.rows[group.filled]) {
                Ok(true) => group.filled += 1,
                Ok(false) => {
                    ended = Ok(true);
                    break;
                }
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        group.progress = checker.rows.progress();
        belt.give(group)?;
        if ended? {
            return Ok(checker.rows.encoding());
        }
    }
}
