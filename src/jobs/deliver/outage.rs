//! What one run leaves to the next about a channel that is in trouble, and whether it is time to try again.

use chrono::TimeDelta;

use super::Drain;
use super::blame::Words;
use super::breaker::Trouble;
use super::supply::Supply;
use crate::clock::Now;
use crate::error::Result;
use crate::store::queue::Outage;

/// While everybody is told to come later, one message a minute tries it; cron's minutes differ a little.
const BETWEEN_PROBES: TimeDelta = TimeDelta::seconds(50);

/// Why nothing is tried now, if it is too soon for another probe.
pub(super) fn too_soon(outage: &Outage, now: Now) -> Option<String> {
    let since = now.at - outage.tried_at;
    let soon = outage.is_later && since >= TimeDelta::zero() && since < BETWEEN_PROBES;
    soon.then(|| {
        format!(
            "it was tried a moment ago, and is tried with one message a minute: {}",
            outage.why
        )
    })
}

impl Drain {
    /// Writes down what the channel is suffering from after this run, or that it is over.
    pub(super) fn note_outage(
        &mut self,
        supply: &mut dyn Supply,
        before: Option<&Outage>,
    ) -> Result<()> {
        let now = supply.now();
        let ended = self.blame.accepted() && !self.is_closed;
        let alike = self.blame.known().map(Words::as_str);
        let put_off = self.breaker.puts_everybody_off();
        let put_off = put_off.filter(|_| before.is_none() && !self.blame.accepted());
        if let (false, Some(why)) = (self.is_closed, put_off) {
            // The few that there were have had their turn: the next run asks with one whether it is over.
            let outage = Outage {
                since: now.at,
                tried_at: now.at,
                is_later: false,
                why,
                alike: None,
            };
            // A few of one host's say nothing of what the others hear.
            return supply.set_outage(Some(&outage), true);
        }
        if !self.is_closed {
            // Answered otherwise than with what it suffered from, the channel is well again.
            let is_over = ended || (alike.is_none() && !self.breaker.is_probing());
            if let (true, Some(_)) = (is_over, before) {
                supply.set_outage(None, false)?;
            }
            return Ok(());
        }
        let begun = before.filter(|_| !self.blame.accepted());
        let outage = Outage {
            since: begun.map_or(now.at, |before| before.since),
            tried_at: now.at,
            is_later: self.breaker.trouble() == Trouble::Later && alike.is_none(),
            why: self.summary.stopped.clone().unwrap_or_default(),
            alike: alike.map(str::to_owned),
        };
        supply.set_outage(Some(&outage), self.breaker.reaches_nobody())?;
        self.summary.outage_since = Some(outage.since);
        self.summary.outage_is_new = begun.is_none();
        Ok(())
    }
}
