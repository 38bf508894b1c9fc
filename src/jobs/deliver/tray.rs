//! A tray between threads: what is put in is taken out in order, and nobody is woken for less than he waits for.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// Things on their way from some threads to others.
pub(super) struct Tray<T> {
    inside: Mutex<Inside<T>>,
    changed: Condvar,
}

struct Inside<T> {
    things: VecDeque<T>,
    /// Threads that wait.
    waiting: usize,
    /// How many things there must be before one of them is woken.
    wanted: usize,
    closed: bool,
}

impl<T> Default for Tray<T> {
    fn default() -> Self {
        Self {
            inside: Mutex::new(Inside {
                things: VecDeque::new(),
                waiting: 0,
                wanted: 1,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<T> Tray<T> {
    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts things in, and wakes as many of those who wait as have something to take.
    pub fn put(&self, things: impl IntoIterator<Item = T>) {
        let mut inside = self.inside();
        let before = inside.things.len();
        inside.things.extend(things);
        let new = inside.things.len() - before;
        let woken = if inside.things.len() >= inside.wanted {
            new.min(inside.waiting)
        } else {
            0
        };
        drop(inside);
        for _ in 0..woken {
            self.changed.notify_one();
        }
    }

    /// Takes the next thing, however long it is to come; none when the tray was closed.
    pub fn take(&self) -> Option<T> {
        let mut inside = self.inside();
        loop {
            if let Some(thing) = inside.things.pop_front() {
                return Some(thing);
            }
            if inside.closed {
                return None;
            }
            inside.waiting += 1;
            inside = self
                .changed
                .wait(inside)
                .unwrap_or_else(PoisonError::into_inner);
            inside.waiting -= 1;
        }
    }

    /// Takes all that is there once so many things are, or the time is over. Only one thread may.
    pub fn take_all(&self, enough: usize, patience: Duration, into: &mut Vec<T>) {
        let watch = Stopwatch::start();
        let mut inside = self.inside();
        inside.wanted = enough.max(1);
        while inside.things.len() < inside.wanted {
            let Some(left) = patience.checked_sub(watch.elapsed()) else {
                break;
            };
            inside.waiting += 1;
            let waited = self.changed.wait_timeout(inside, left);
            inside = waited.unwrap_or_else(PoisonError::into_inner).0;
            inside.waiting -= 1;
        }
        inside.wanted = 1;
        into.extend(inside.things.drain(..));
    }

    /// Whoever waits for more goes away.
    pub fn close(&self) {
        self.inside().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn everything_is_taken_once_and_in_order() {
        let tray = Arc::new(Tray::default());
        let other = Arc::clone(&tray);
        let reading =
            thread::spawn(move || std::iter::from_fn(|| other.take()).collect::<Vec<_>>());
        tray.put(0..10);
        tray.put(10..20);
        tray.close();
        let taken = reading.join().expect("its end");
        assert_eq!(taken, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn whoever_waits_for_several_gets_them_together() {
        let tray = Arc::new(Tray::default());
        let other = Arc::clone(&tray);
        let writing = thread::spawn(move || {
            for thing in 0..8 {
                other.put([thing]);
            }
        });
        let mut taken = Vec::new();
        tray.take_all(8, LONG, &mut taken);
        assert_eq!(taken, (0..8).collect::<Vec<_>>());
        writing.join().expect("its end");
        tray.take_all(1, Duration::from_millis(1), &mut taken);
        assert_eq!(taken.len(), 8, "nothing more came");
    }
}
