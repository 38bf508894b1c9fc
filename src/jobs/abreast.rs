//! Two abreast: while one thread makes ready, the other writes down what was made ready, in the same order.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::deliver::no_thread;
use crate::error::{Error, Result};

/// Things that are handed over together.
pub const TOGETHER: usize = 64;
/// How many such groups may wait to be written down.
const WAITING: usize = 4;

/// The way from the thread that makes ready to the one that writes down, and back.
pub struct Belt<G> {
    give: SyncSender<G>,
    used: Receiver<G>,
}

impl<G: Default> Belt<G> {
    /// A group to be filled: one that was written down, as it came back, or an empty one. Whoever made what is in it
    /// frees it: the other has enough to do.
    pub fn group(&self) -> G {
        self.used.try_recv().unwrap_or_default()
    }

    /// Hands a group over.
    ///
    /// # Errors
    /// When whoever writes down has failed, and says why.
    pub fn give(&self, group: G) -> Result<()> {
        self.give
            .send(group)
            .map_err(|_| Error::world("nothing more is written down"))
    }
}

/// Makes ready on a thread of its own, and has `write` take each group here; what `make` came to. What was given
/// before it failed is written first.
pub fn abreast<G: Default + Send, T: Send>(
    make: impl FnOnce(&Belt<G>) -> Result<T> + Send,
    mut write: impl FnMut(&mut G) -> Result<()>,
) -> Result<T> {
    let (give, take) = sync_channel(WAITING);
    let (give_back, used) = channel();
    let belt = Belt { give, used };
    thread::scope(|scope| {
        let making = thread::Builder::new()
            .spawn_scoped(scope, move || make(&belt))
            .map_err(no_thread)?;
        for mut group in take {
            write(&mut group)?;
            // Whoever makes ready may have come to the end.
            let _ = give_back.send(group);
        }
        making.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
