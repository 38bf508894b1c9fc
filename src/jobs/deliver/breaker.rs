//! The breaker: which answers in a row close a channel for this run, and when one probe must do.

use super::workers::Answer;
use crate::channel::{AboutWhom, Next};

/// Transport failures in a row that close a channel.
const FAILURES: u32 = 10;
/// Answers of "later" in a row that close a channel, at the least, and for each worker.
const LATERS: usize = 10;
const LATERS_PER_WORKER: usize = 2;

/// So many messages told to come later, and none accepted, are everybody: the next run begins with a probe.
const EVERYBODY: usize = 2;

/// What a channel that closed is suffering from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Everybody is told to come later.
    Later,
    /// Refusals that are about us, or no connection.
    Other,
}

/// Counts what goes wrong in a row on one channel.
pub(super) struct Breaker {
    /// The channel was in trouble when the run began: one message tries whether it still is.
    probing: bool,
    failures: u32,
    /// Why the last message could not be sent at all, while nothing was answered since.
    unreached: Option<String>,
    laters: usize,
    most_laters: usize,
    /// In what words the last message was told to come later.
    put_off: Option<String>,
    trouble: Trouble,
}

impl Breaker {
    /// The breaker of a channel that so many workers share.
    pub fn new(workers: usize, probing: bool) -> Self {
        Self {
            probing,
            failures: 0,
            unreached: None,
            laters: 0,
            most_laters: LATERS.max(LATERS_PER_WORKER * workers.max(1)),
            put_off: None,
            trouble: Trouble::Other,
        }
    }

    /// Why the next run begins with a probe, though this one ended before the channel closed: everybody was told to
    /// come later.
    pub fn puts_everybody_off(&self) -> Option<String> {
        let everybody = self.laters >= EVERYBODY && self.failures == 0;
        let last = self.put_off.as_ref().filter(|_| everybody)?;
        Some(format!(
            "the provider said \"later\" {} times in a row; the last: {last}",
            self.laters
        ))
    }

    /// Whether a single message is to try the channel.
    pub const fn is_probing(&self) -> bool {
        self.probing
    }

    /// What the channel closed for.
    pub const fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// Whether the last thing heard was no answer at all.
    pub const fn reaches_nobody(&self) -> bool {
        self.failures > 0
    }

    /// Why nothing could be sent at the end of a run, if that is how it ended.
    pub fn unreached(&self) -> Option<String> {
        self.unreached.clone()
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
        let probing = self.probing;
        match (refusal.next, refusal.about) {
            (Next::Stop, _) => {
                self.trouble = Trouble::Other;
                return Some(refusal.said());
            }
            (Next::NotSent | Next::Unknown, _) => {
                self.failures += 1;
                self.unreached = (refusal.next == Next::NotSent).then(|| refusal.text.clone());
                self.trouble = Trouble::Other;
                if probing {
                    return Some(refusal.text.clone());
                }
                if self.failures >= FAILURES {
                    return Some(format!(
                        "{FAILURES} failures in a row; the last: {}",
                        refusal.text
                    ));
                }
            }
            (Next::Later(_), AboutWhom::Unsaid) => {
                (self.failures, self.unreached) = (0, None);
                self.laters += 1;
                self.put_off = Some(refusal.said());
                self.trouble = Trouble::Later;
                if probing {
                    return Some(format!(
                        "the provider still says \"later\": {}",
                        refusal.said()
                    ));
                }
                if self.laters >= self.most_laters {
                    return Some(format!(
                        "the provider said \"later\" {} times in a row; the last: {}",
                        self.most_laters,
                        refusal.said()
                    ));
                }
            }
            // An answer about one message: the provider is there, and says nothing about the others.
            (Next::Later(_) | Next::Wait(_), _) => {
                (self.failures, self.unreached, self.probing) = (0, None, false);
            }
            (Next::Never(_) | Next::Gone(_) | Next::OptedOut(_) | Next::StopBatch, _) => {
                self.reset();
            }
        }
        None
    }

    fn reset(&mut self) {
        (self.failures, self.laters, self.probing) = (0, 0, false);
        self.unreached = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Accepted, Refusal};

    fn refused(next: Next) -> Answer {
        Answer::Done(Err(Refusal::new(next, "words")))
    }

    #[test]
    fn a_probe_decides_by_its_own_answer() {
        let mut still = Breaker::new(8, true);
        assert!(still.hear(&refused(Next::Later(None))).is_some());
        assert_eq!(still.trouble(), Trouble::Later);
        let mut over = Breaker::new(8, true);
        assert_eq!(over.hear(&Answer::Done(Ok(Accepted::default()))), None);
        assert!(!over.is_probing());
    }

    #[test]
    fn a_recipient_who_is_put_off_says_nothing_about_the_others() {
        let mut breaker = Breaker::new(1, false);
        for _ in 0..100 {
            let refusal = Refusal::new(Next::Later(None), "greylisted").about(AboutWhom::Recipient);
            assert_eq!(breaker.hear(&Answer::Done(Err(refusal))), None);
        }
    }

    #[test]
    fn a_few_who_are_all_put_off_are_everybody_and_one_is_not() {
        let mut breaker = Breaker::new(4, false);
        breaker.hear(&refused(Next::Later(None)));
        assert_eq!(breaker.puts_everybody_off(), None);
        breaker.hear(&refused(Next::Later(None)));
        assert!(breaker.puts_everybody_off().is_some());
        breaker.hear(&Answer::Done(Ok(Accepted::default())));
        assert_eq!(breaker.puts_everybody_off(), None);
    }

    #[test]
    fn one_message_that_reached_nobody_is_told_of() {
        let mut breaker = Breaker::new(4, false);
        assert_eq!(breaker.hear(&refused(Next::NotSent)), None);
        assert_eq!(breaker.unreached().as_deref(), Some("words"));
        breaker.hear(&Answer::Done(Ok(Accepted::default())));
        assert_eq!(breaker.unreached(), None);
    }
}
