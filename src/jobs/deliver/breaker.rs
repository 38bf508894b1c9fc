//! The breaker: which answers in a row close a channel for this run.

use super::workers::Answer;
use crate::channel::Next;

/// Transport failures in a row that close a channel.
const FAILURES: u32 = 10;
/// Answers of "later" in a row that close a channel, at the least, and for each worker.
const LATERS: usize = 100;
const LATERS_PER_WORKER: usize = 10;

/// Counts what goes wrong in a row on one channel.
pub(super) struct Breaker {
    failures: u32,
    laters: usize,
    most_laters: usize,
}

impl Breaker {
    /// The breaker of a channel that so many workers share.
    pub fn new(workers: usize) -> Self {
        Self {
            failures: 0,
            laters: 0,
            most_laters: LATERS.max(LATERS_PER_WORKER * workers.max(1)),
        }
    }

    /// Hears an answer: why the channel must close now, if it must.
    pub fn hear(&mut self, answer: &Answer) -> Option<String> {
        let refusal = match answer {
            Answer::NotBegun => return None,
            Answer::Done(Ok(_)) => {
                self.reset();
                return None;
            }
            Answer::Done(Err(refusal)) => refusal,
        };
        match refusal.next {
            Next::Stop => return Some(refusal.text.clone()),
            Next::NotSent | Next::Unknown => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    return Some(format!(
                        "{FAILURES} failures in a row; the last: {}",
                        refusal.text
                    ));
                }
            }
            Next::Later(_) => {
                self.failures = 0;
                self.laters += 1;
                if self.laters >= self.most_laters {
                    return Some(format!(
                        "the provider said \"later\" {} times in a row; the last: {}",
                        self.most_laters, refusal.text
                    ));
                }
            }
            Next::Never(_) | Next::Gone(_) | Next::StopBatch => self.reset(),
        }
        None
    }

    const fn reset(&mut self) {
        (self.failures, self.laters) = (0, 0);
    }
}
