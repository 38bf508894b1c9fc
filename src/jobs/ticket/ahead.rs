//! Lines of events read and parsed on a thread of their own, ahead of whoever takes them.

use std::mem;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use crate::error::{Error, Result};
use crate::jobs::deliver::no_thread;
use crate::source::event::{EventLine, Events};

/// So many lines are read ahead, at most.
const MOST_AHEAD: usize = 512;

/// Lines on their way from the thread that reads them; none behind the last.
pub(super) struct Ahead {
    lines: Receiver<Option<Result<EventLine>>>,
    /// They came to their end, and how.
    ended: Option<Result<()>>,
}

impl Ahead {
    /// Begins to read.
    ///
    /// # Errors
    /// When the system has no thread to give (exit 4).
    pub(super) fn of(mut events: Events) -> Result<Self> {
        let (give, lines) = sync_channel(MOST_AHEAD);
        // Nobody waits for its end: the input may have no more to say, and no end either.
        thread::Builder::new()
            .spawn(move || {
                loop {
                    let line = events.next_line().transpose();
                    let is_last = !matches!(line, Some(Ok(_)));
                    if give.send(line).is_err() || is_last {
                        return;
                    }
                }
            })
            .map_err(no_thread)?;
        Ok(Self { lines, ended: None })
    }

    /// Lines that are here already, at most so many: a first one, which is waited for, and what came with it. None
    /// at the end.
    ///
    /// # Errors
    /// When they could not be read to their end (exit 4), behind those that could.
    pub(super) fn together(&mut self, most: usize) -> Result<Vec<EventLine>> {
        let mut together = Vec::new();
        while together.len() < most && self.ended.is_none() {
            let line = if together.is_empty() {
                self.lines.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                self.lines.try_recv()
            };
            match line {
                Ok(Some(Ok(line))) => together.push(line),
                Ok(Some(Err(error))) => self.ended = Some(Err(error)),
                Ok(None) => self.ended = Some(Ok(())),
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
