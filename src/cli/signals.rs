//! SIGINT and SIGTERM: the first asks the delivery to stop, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Outcome;
use crate::error::{Error, Result};
use crate::jobs::deliver::Stop;

/// Listens while a delivery runs.
pub struct Listener {
    /// What the delivery looks at.
    pub stop: Stop,
    last: Arc<AtomicI32>,
    handle: signal_hook::iterator::Handle,
}

impl Listener {
    /// Begins to listen.
    pub fn start() -> Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])
            .map_err(|error| Error::world("signals cannot be listened for").because(error))?;
        let stop = Stop::default();
        let last = Arc::new(AtomicI32::new(0));
        let handle = signals.handle();
        let (told, heard) = (stop.clone(), Arc::clone(&last));
        thread::spawn(move || {
            for signal in signals.forever() {
                heard.store(signal, Ordering::SeqCst);
                told.ask();
            }
        });
        Ok(Self { stop, last, handle })
    }

    /// How the run ends when a signal came.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.last.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(Outcome::Stopped(u8::try_from(signal).unwrap_or(0))),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.handle.close();
    }
}
