//! Two abreast: while one thread reads a file and checks its cells, the other puts the rows into the book.

use std::fs;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::checked::{Checked, Checker};
use crate::error::{Error, Result};
use crate::jobs::deliver::no_thread;
use crate::source::encoding::Encoding;

/// A file of so many bytes is worth a thread.
const LARGE: u64 = 1 << 18;
/// Rows that are handed over together.
const TOGETHER: usize = 64;
/// How many such groups may wait to be put into the book.
const WAITING: usize = 4;

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
    let (give, take) = sync_channel::<Group>(WAITING);
    let (give_back, used) = channel();
    thread::scope(|scope| {
        let reading = thread::Builder::new()
            .spawn_scoped(scope, move || read(open, &give, &used))
            .map_err(no_thread)?;
        for mut group in take {
            put(&mut group.rows[..group.filled], group.progress)?;
            // Whoever reads may have come to the end.
            let _ = give_back.send(group);
        }
        reading.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Reads to the end. What was read before something is wrong with the file is given first.
fn read(
    open: impl FnOnce() -> Result<Checker>,
    give: &SyncSender<Group>,
    used: &Receiver<Group>,
) -> Result<Option<Encoding>> {
    let mut checker = open()?;
    loop {
        let mut group = used.try_recv().unwrap_or_default();
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
        if give.send(group).is_err() {
            return Err(Error::world("nothing more is written down"));
        }
        if ended? {
            return Ok(checker.rows.encoding());
        }
    }
}
