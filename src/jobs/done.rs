//! What a task came to, for its record and for whoever must hear of it.

use serde_json::{Map, Value, json};

use super::deliver::{ChannelSummary, Delivery};
use super::receipt::poll::PollSummary;
use super::sync;
use crate::domain::task::RunOutcome;
use crate::domain::words::Word as _;
use crate::error::Error;

/// What a task came to.
pub(super) struct Done {
    /// How it ended.
    pub(super) outcome: RunOutcome,
    /// What it counted.
    pub(super) counts: Map<String, Value>,
    /// What else is to be said.
    pub(super) message: Option<String>,
    /// Channels that closed.
    pub(super) closed: Vec<&'static str>,
    /// Channels whose messages were told to come later, and how many.
    pub(super) later: Vec<(&'static str, u64)>,
    /// What goes well again: a channel on which something was sent.
    pub(super) well: Vec<String>,
    /// What is to be told once a day, and is said no oftener.
    pub(super) daily: Vec<String>,
}

impl Done {
    /// It ended in an error.
    pub(super) fn failed(error: &Error) -> Self {
        Self {
            outcome: RunOutcome::Failed,
            message: Some(error.on_one_line()),
            ..Self::new(Value::Null)
        }
    }

    /// It went well, and counted this.
    pub(super) fn new(counts: Value) -> Self {
        Self {
            outcome: RunOutcome::Done,
            counts: match counts {
                Value::Object(counts) => counts,
                _ => Map::new(),
            },
            message: None,
            closed: Vec::new(),
            later: Vec::new(),
            well: Vec::new(),
            daily: Vec::new(),
        }
    }

    /// Notes how one channel fares, and says what failed on it.
    fn heard(&mut self, channel: &ChannelSummary) -> Option<String> {
        let name = channel.channel.as_str();
        if channel.later > 0 {
            self.later.push((name, channel.later));
        }
        if channel.stopped.is_some() {
            self.closed.push(name);
        } else if channel.sent > 0 {
            self.well.push(format!("closed {name}"));
            if channel.later == 0 {
                self.well.push(format!("later {name}"));
            }
        }
        let unknown = channel.unknown + channel.recovered;
        (channel.failed + unknown > 0)
            .then(|| format!("{name}: {} failed, {unknown} unknown", channel.failed))
    }

    /// Adds what a delivery came to.
    pub(super) fn delivered(mut self, delivery: &Delivery) -> Self {
        let mut totals = [0u64; 6];
        let mut said: Vec<String> = self.message.take().into_iter().collect();
        for channel in &delivery.channels {
            for (total, n) in totals.iter_mut().zip([
                channel.sent,
                channel.failed,
                channel.later,
                channel.unknown + channel.recovered,
                channel.skipped.values().sum(),
                channel.left,
            ]) {
                *total += n;
            }
            said.extend(self.heard(channel));
            if let Some(why) = &channel.stopped {
                said.push(format!(
                    "{} closed: {why}; what is left waits in the queue",
                    channel.channel
                ));
            }
        }
        for channel in &delivery.locked {
            said.push(format!(
                "another run is delivering {channel}; its messages wait in the queue"
            ));
        }
        for (key, n) in [
            "sent",
            "failed",
            "later",
            "unknown",
            "no_longer_wanted",
            "left",
        ]
        .into_iter()
        .zip(totals)
        {
            self.counts.insert(key.to_owned(), json!(n));
        }
        self.outcome = if delivery.interrupted {
            said.push("a signal stopped it".to_owned());
            RunOutcome::Interrupted
        } else if delivery.stopped() {
            RunOutcome::Failed
        } else if delivery.some_failed() {
            RunOutcome::Incomplete
        } else {
            self.outcome
        };
        if !said.is_empty() {
            self.message = Some(said.join("; "));
        }
        self
    }
}

/// What a sync came to; refused rows are told by `regua sync` and `regua doctor`.
pub(super) fn synced(summary: &sync::SyncSummary) -> Done {
    let total = |count: fn(&sync::Synced) -> u64| summary.kinds.iter().map(count).sum::<u64>();
    let mut done = Done::new(json!({
        "read": total(|kind| kind.read),
        "new": total(|kind| kind.new),
        "changed": total(|kind| kind.changed),
        "unchanged": total(|kind| kind.unchanged),
        "refused": summary.refused_rows(),
        "ticket_messages": summary.ticket_messages,
        "access_messages": summary.access.queued,
        "access_held": summary.access.held,
    }));
    done.daily.clone_from(&summary.withheld);
    let mut said = summary.notes.clone();
    if summary.access.held > 0 {
        done.outcome = RunOutcome::Incomplete;
    }
    if let Some(row) = summary.refused.first() {
        done.outcome = RunOutcome::Incomplete;
        said.push(format!(
            "refused rows: {}, the first: {} {}: {}: {}, {}",
            summary.refused_rows(),
            row.kind,
            row.id,
            row.column,
            row.found,
            row.remedy
        ));
    }
    if !said.is_empty() {
        done.message = Some(said.join("; "));
    }
    done
}

/// What asking providers came to; one that gives no answers does not hide the others.
pub(super) fn asked(summary: &PollSummary) -> Done {
    let mut done = Done::new(summary.counts());
    done.message = summary.complaint();
    if done.message.is_some() {
        done.outcome = RunOutcome::Failed;
    }
    done
}
