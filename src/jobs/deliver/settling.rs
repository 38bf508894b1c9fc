//! Settling: each round writes down what came back, in the transaction that claims what there is room for.

use super::Drain;
use super::claiming::{Claim, claim};
use super::workers::{Answer, Answered, Workers};
use crate::channel::{Next, Refusal};
use crate::clock::Stopwatch;
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::queue::{self, DueMessage, Settlement};

/// So many spoiled lots are not the fault of one text: they close the channel.
const MOST_ASIDE: usize = 10;

impl Drain<'_> {
    /// One transaction: settles what came back and claims what there is room for; then what was settled is
    /// counted and no longer in flight.
    pub(super) fn round(
        &mut self,
        store: &mut Store,
        back: &[Answered],
        room: usize,
    ) -> Result<Vec<DueMessage>> {
        let now = self.clock.now();
        let settlements: Vec<Settlement> = back
            .iter()
            .filter_map(|(id, answer)| {
                let flight = self.in_flight.get(id)?;
                Some(self.judge.settlement(*id, answer, flight, now))
            })
            .collect();
        // A closed channel settles what is still coming and claims nothing more.
        let close = self.close_after(back);
        let room = if close.is_some() { 0 } else { room };
        if settlements.is_empty() && room == 0 {
            self.close(close);
            return Ok(Vec::new());
        }
        let put_off = self.hours.closed_since(self.config, now);
        let (config, channel) = (self.config, self.channel);
        let provider = self.provider.name();
        let aside = self.gate.aside();
        let claim = store.write(|transaction| {
            for settlement in &settlements {
                queue::settle(transaction, settlement, provider, now.at)?;
            }
            if room == 0 {
                return Ok(Claim::default());
            }
            for messages in &put_off {
                messages.carry_out(transaction, channel, now)?;
            }
            claim(transaction, config, channel, now, room, &aside)
        })?;
        for settlement in &settlements {
            self.summary.count(settlement);
            self.in_flight.remove(&settlement.id);
        }
        self.close(close);
        for (reason, n) in claim.skipped {
            *self.summary.skipped.entry(reason).or_default() += n;
        }
        Ok(claim.taken)
    }

    fn close(&mut self, why: Option<String>) {
        if let Some(why) = why {
            // That the channel closed says more than that a template could not go.
            if self.gate.close() {
                self.summary.stopped.get_or_insert(why);
            } else {
                self.summary.stopped = Some(why);
            }
        }
    }

    /// Looks at a group of answers: why the channel must close now, if it must.
    fn close_after(&mut self, back: &[Answered]) -> Option<String> {
        let mut close = None;
        for (id, answer) in back {
            let mut why = self.breaker.hear(answer);
            if let Answer::Done(Err(refusal)) = answer
                && refusal.next == Next::StopBatch
            {
                why = why.or_else(|| self.put_aside(*id, &refusal.text));
            }
            close = close.or(why);
        }
        close
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
        store: &mut Store,
        workers: &Workers,
        mut back: Vec<Answered>,
        error: Error,
    ) -> Error {
        self.gate.close();
        let watch = Stopwatch::start();
        while back.len() < self.in_flight.len() && watch.elapsed() < super::GRACE {
            back.extend(workers.next());
        }
        // Whether it worked shows in what is still in flight.
        let _ = self.round(store, &back, 0);
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
    pub(super) fn give_up_waiting(&mut self, store: &mut Store, workers: &Workers) -> Result<()> {
        self.provider.interrupt();
        let mut back: Vec<Answered> = std::iter::from_fn(|| workers.next()).collect();
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
        self.round(store, &back, 0)?;
        Ok(())
    }
}
