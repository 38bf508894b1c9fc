//! Settling: each round has written down what came back, and claims what there is room for.

use super::Drain;
use super::claiming::Claim;
use super::judging::Judge;
use super::supply::{Round, Supply};
use super::workers::{Answer, Answered, Workers};
use crate::channel::{AboutWhom, Next, Refusal};
use crate::clock::{Now, Stopwatch};
use crate::domain::words::Status;
use crate::error::{Error, Result};
use crate::store::queue::{Aside, Settlement};

/// Whether messages wait for us to mend something, while others go on.
fn about_a_key(refusal: &Refusal) -> bool {
    matches!(refusal.next, Next::Wait(_)) && refusal.about == AboutWhom::Unsaid
}

/// So many spoiled lots are not the fault of one text: they close the channel.
const MOST_ASIDE: usize = 10;

/// What a group of answers comes to.
#[derive(Default)]
struct Judged {
    settlements: Vec<Settlement>,
    /// Messages on which a refusal was booked that was not theirs.
    given_back: Vec<i64>,
    /// Why the channel must close.
    close: Option<String>,
}

impl Drain {
    /// Writes down what came back and claims what there is room for; then what was settled is counted and no
    /// longer in flight.
    pub(super) fn round(
        &mut self,
        supply: &mut dyn Supply,
        back: &[Answered],
        room: usize,
    ) -> Result<Claim> {
        let judged = self.judge_all(back, supply.now());
        // A closed channel settles what is still coming and claims nothing more; a probe goes alone.
        let room = match (&judged.close, self.breaker.is_probing()) {
            (Some(_), _) => 0,
            (None, true) => room.min(1_usize.saturating_sub(self.in_flight.len() - back.len())),
            (None, false) => room,
        };
        if judged.settlements.is_empty() && room == 0 {
            self.close(judged.close);
            supply.stay()?;
            return Ok(Claim::default());
        }
        let (undone, mut claim) = supply.round(&Round {
            settlements: &judged.settlements,
            given_back: &judged.given_back,
            provider: self.provider.name(),
            room,
            aside: Aside {
                lots: self.gate.aside(),
                ids: self.held.clone(),
            },
            asks_numbers: self.provider.numbers().is_some(),
        })?;
        for settlement in &judged.settlements {
            self.summary.count(settlement);
            self.in_flight.remove(&settlement.id);
        }
        self.summary.failed = self.summary.failed.saturating_sub(undone);
        self.close(judged.close);
        self.close(claim.closed.take());
        for (reason, n) in std::mem::take(&mut claim.skipped) {
            *self.summary.skipped.entry(reason).or_default() += n;
        }
        Ok(claim)
    }

    /// Closes the channel for the rest of the run.
    pub(super) fn close_for(&mut self, why: String) {
        self.close(Some(why));
    }

    fn close(&mut self, why: Option<String>) {
        if let Some(why) = why {
            // That the channel closed says more than that a template could not go.
            if self.is_closed {
                self.summary.stopped.get_or_insert(why);
            } else {
                self.summary.stopped = Some(why);
            }
            self.gate.close();
            self.is_closed = true;
        }
    }

    /// Judges a group of answers, one after the other: what each says, and what it turns out to be about.
    fn judge_all(&mut self, back: &[Answered], now: Now) -> Judged {
        let mut judged = Judged::default();
        for (id, answer) in back {
            let Some(flight) = self.in_flight.get(id) else {
                continue;
            };
            let mut settlement = self.judge.settlement(*id, answer, flight, now);
            let verdict = self.blame.hear(*id, answer, flight);
            if verdict.is_returned {
                Judge::give_back(&mut settlement);
            }
            // One that a person booked in this very group is not written down as failed at all.
            for earlier in &mut judged.settlements {
                if verdict.also.contains(&earlier.id) {
                    Judge::give_back(earlier);
                }
            }
            self.held.extend(&verdict.also);
            judged.given_back.extend(verdict.also);
            let mut why = self.breaker.hear(answer).or(verdict.close);
            if let Answer::Done(Err(refusal)) = answer {
                if settlement.status == Status::Queued && settlement.not_before.is_none() {
                    self.held.insert(*id);
                }
                if refusal.next == Next::StopBatch || verdict.sets_aside {
                    why = why.or_else(|| self.put_aside(*id, &refusal.said()));
                } else if verdict.is_returned || about_a_key(refusal) {
                    self.summary.stopped.get_or_insert_with(|| refusal.said());
                }
            }
            judged.close = judged.close.or(why);
            judged.settlements.push(settlement);
        }
        judged
    }

    /// Leaves the rest of a message's lot for the next run, and remembers why. When too many lots
    /// went that way it is no fault of one text: then why the channel must close.
    fn put_aside(&mut self, id: i64, why: &str) -> Option<String> {
        let flight = self.in_flight.get(&id)?;
        let (is_new, lots) = self.gate.put_aside(flight.lot.clone());
        if is_new {
            let what = flight.template.as_ref().map_or_else(
                || "messages without a template".to_owned(),
                |name| format!("template `{name}`"),
            );
            self.summary
                .stopped
                .get_or_insert_with(|| format!("only for {what}: {why}"));
        }
        (lots >= MOST_ASIDE).then(|| format!("{MOST_ASIDE} batches could not go; the last: {why}"))
    }

    /// The database failed: waits for what is in flight, and tries once more to write the answers down.
    pub(super) fn save_what_came(
        &mut self,
        supply: &mut dyn Supply,
        workers: &Workers,
        mut back: Vec<Answered>,
        error: Error,
    ) -> Error {
        self.gate.close();
        let watch = Stopwatch::start();
        while back.len() < self.in_flight.len() && watch.elapsed() < super::GRACE {
            workers.more(&mut back);
        }
        // Whether it worked shows in what is still in flight.
        let _ = self.round(supply, &back, 0);
        let unsettled = self.in_flight.len();
        if unsettled == 0 {
            error
        } else {
            error.hint(format!(
                "the answers of {unsettled} messages could not be written down: the next run calls them unknown"
            ))
        }
    }

    /// A signal, and patience is over: what has not answered by now is unknown.
    pub(super) fn give_up_waiting(
        &mut self,
        supply: &mut dyn Supply,
        workers: &Workers,
    ) -> Result<()> {
        self.provider.interrupt();
        let mut back: Vec<Answered> = Vec::new();
        while workers.more(&mut back) {}
        let missing: Vec<i64> = self
            .in_flight
            .keys()
            .filter(|id| !back.iter().any(|(answered, _)| answered == *id))
            .copied()
            .collect();
        let text = "the run was stopped before the answer came";
        back.extend(missing.into_iter().map(|id| {
            let refusal = Refusal::new(Next::Unknown, text);
            (id, Answer::Done(Err(refusal)))
        }));
        self.round(supply, &back, 0)?;
        Ok(())
    }
}
