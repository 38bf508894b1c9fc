//! SIGINT, SIGTERM and SIGHUP: the first asks the delivery to stop, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Outcome;
use crate::error::{Error, Result};
use crate::jobs::deliver::{Stop, no_thread};

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
        Self::listen(false)
    }

    /// Begins to listen for a run that looks up only now and then: the second signal ends it as it would
    /// have without us.
    pub fn ending_at_the_second() -> Result<Self> {
        Self::listen(true)
    }

    fn listen(second_ends: bool) -> Result<Self> {
        let failed =
            |error: std::io::Error| Error::world("signals cannot be listened for").because(error);
        let mut listened = vec![SIGINT, SIGTERM];
        if !hangup_is_ignored() {
            listened.push(SIGHUP);
        }
        let mut signals = Signals::new(listened).map_err(failed)?;
        let stop = Stop::default();
        let last = Arc::new(AtomicI32::new(0));
        let handle = signals.handle();
        let (told, heard) = (stop.clone(), Arc::clone(&last));
        let listening = move || {
            for signal in signals.forever() {
                if second_ends && told.asked() > 0 {
                    // It ends us; should it not, the run ends by itself.
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
                // A terminal that went away ends a run as a polite request does.
                let signal = if signal == SIGHUP { SIGTERM } else { signal };
                heard.store(signal, Ordering::SeqCst);
                told.ask();
            }
        };
        thread::Builder::new().spawn(listening).map_err(no_thread)?;
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

/// Whether the run was begun under nohup: then it goes on when its terminal goes away.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.handle.close();
    }
}
