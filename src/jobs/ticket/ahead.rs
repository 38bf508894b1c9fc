//! Lines of events read and parsed on a thread of their own, ahead of whoever takes them.

use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use crate::error::{Error, Result};
use crate::jobs::deliver::no_thread;
use crate::source::event::{EventLine, Events};

/// So many slots lie between the thread that reads and the one that takes: 16 MiB of lines, at the very most.
const SLOTS: usize = 2048;

/// A line takes one slot, and one more for each so many bytes of it.
const SLOT_BYTES: usize = 8 << 10;

/// What lies in a slot.
enum Slot {
    Line(EventLine),
    /// The next line is so long that it takes this one too.
    Length,
    End(Result<()>),
}

/// Lines on their way from the thread that reads them.
pub(super) struct Ahead {
    slots: Receiver<Slot>,
    /// They came to their end, and how.
    ended: Option<Result<()>>,
}

impl Ahead {
    /// Begins to read.
    ///
    /// # Errors
    /// When the system has no thread to give (exit 4).
    pub(super) fn of(events: Events) -> Result<Self> {
        let (give, slots) = sync_channel(SLOTS);
        // Nobody waits for its end: the input may have no more to say, and no end either.
        thread::Builder::new()
            .spawn(move || read(events, &give))
            .map_err(no_thread)?;
        Ok(Self { slots, ended: None })
    }

    /// Lines that are here already, at most so many slots of them: a first one, which is waited for, and what came
    /// with it. None at the end.
    ///
    /// # Errors
    /// When they could not be read to their end (exit 4), behind those that could.
    pub(super) fn together(&mut self, most: usize) -> Result<Vec<EventLine>> {
        let (mut together, mut taken) = (Vec::new(), 0);
        while (together.is_empty() || taken < most) && self.ended.is_none() {
            let slot = if together.is_empty() {
                self.slots.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                self.slots.try_recv()
            };
            taken += 1;
            match slot {
                Ok(Slot::Line(line)) => together.push(line),
                Ok(Slot::Length) => {}
                Ok(Slot::End(ended)) => self.ended = Some(ended),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.ended = Some(Err(Error::world("the reading of events broke off")));
                }
            }
        }
        match &mut self.ended {
            Some(ended) if together.is_empty() => mem::replace(ended, Ok(())).map(|()| together),
            _ => Ok(together),
        }
    }
}

/// Reads to the end, or until nobody takes any more.
fn read(mut events: Events, give: &SyncSender<Slot>) {
    let mut is_taken = true;
    while is_taken {
        let slot = match events.next_line() {
            Ok(Some(line)) => {
                for _ in 0..line.bytes / SLOT_BYTES {
                    is_taken &= give.send(Slot::Length).is_ok();
                }
                Slot::Line(line)
            }
            ended => {
                is_taken = false;
                Slot::End(ended.map(|_| ()))
            }
        };
        is_taken &= give.send(slot).is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{self, Now};

    #[test]
    fn long_lines_do_not_pile_up() {
        let zone = chrono_tz::America::Sao_Paulo;
        let at = clock::parse_instant("2026-11-21T12:00", zone).expect("an instant");
        let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(900 << 10));
        let text = std::io::Cursor::new(line.repeat(40));
        let mut ahead =
            Ahead::of(Events::read(Box::new(text), "f", Now::new(at, zone))).expect("a thread");
        let mut all = 0;
        loop {
            let together = ahead.together(256).expect("readable");
            if together.is_empty() {
                break;
            }
            assert!(together.len() <= 3, "{} at once", together.len());
            all += together.len();
        }
        assert_eq!(all, 40);
    }
}
