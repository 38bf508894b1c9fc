//! What a task's run came to, and what of it is told.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::deliver::{ChannelSummary, Delivery};
use super::outage;
use crate::domain::task::{RunOutcome, Task};
use crate::domain::words::Word as _;
use crate::error::{Error, Result};
use crate::store::Connection;

/// What of a run is told on standard error: what each line is about, by which an outage is known, and the
/// line; and what goes well again.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    lines: Vec<(String, String)>,
    over: Vec<String>,
    /// Lines that whoever says them keeps to once a day.
    daily: Vec<String>,
}

impl Complaints {
    pub(super) fn of(task: &Task, done: &Done) -> Self {
        let name = &task.name;
        let one_line = done.message.as_deref().map(|message| {
            let lines: Vec<&str> = message.lines().map(str::trim).collect();
            lines.join("; ")
        });
        let message = one_line.unwrap_or_default();
        let mut lines = Vec::new();
        let mut over = done.well.clone();
        let about = format!("task {name}");
        match done.outcome {
            RunOutcome::Failed if done.closed.is_empty() => {
                lines.push((about, format!("task `{name}` failed: {message}")));
            }
            RunOutcome::Failed => lines.push((
                format!("closed {}", done.closed.join(" ")),
                format!("task `{name}` failed: {message}"),
            )),
            RunOutcome::Incomplete => {
                lines.push((about, format!("task `{name}` is incomplete: {message}")));
            }
            RunOutcome::Done => over.push(about),
            RunOutcome::Running | RunOutcome::Interrupted => {}
        }
        lines.extend(done.later.iter().map(|(channel, n)| {
            let line =
                format!("task `{name}`: {channel}: {n} told to come later; they are tried again");
            (format!("later {channel}"), line)
        }));
        let daily = done.daily.iter();
        let daily = daily.map(|told| format!("task `{name}`: {told}")).collect();
        Self { lines, over, daily }
    }

    /// Every line, told already or not.
    pub(super) fn all(&self) -> Vec<String> {
        let lines = self.lines.iter().map(|(_, line)| line);
        lines.chain(&self.daily).cloned().collect()
    }

    /// The lines that are not told yet in their outage.
    pub(super) fn news(&self, connection: &Connection, now: DateTime<Utc>) -> Result<Vec<String>> {
        for about in &self.over {
            outage::is_over(connection, about)?;
        }
        let mut news = self.daily.clone();
        for (about, line) in &self.lines {
            if outage::is_news(connection, about, now)? {
                news.push(line.clone());
            }
        }
        Ok(news)
    }
}

/// What is said on standard error of a delivery that belongs to no task, once an outage.
pub(super) fn aside(
    connection: &Connection,
    what: &str,
    delivery: &Delivery,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for summary in &delivery.channels {
        let channel = summary.channel;
        let about = format!("closed {channel}");
        match &summary.stopped {
            Some(why) if outage::is_news(connection, &about, now)? => {
                told.push(format!("{what}: {channel} closed: {why}"));
            }
            None if summary.sent > 0 => outage::is_over(connection, &about)?,
            _ => {}
        }
        if summary.failed > 0 {
            told.push(format!("{what}: {channel}: {} failed", summary.failed));
        }
    }
    Ok(told)
}

/// What a task came to.
pub(super) struct Done {
    pub(super) outcome: RunOutcome,
    pub(super) counts: Map<String, Value>,
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
    pub(super) fn failed(error: &Error) -> Self {
        Self {
            outcome: RunOutcome::Failed,
            message: Some(error.on_one_line()),
            ..Self::new(Value::Null)
        }
    }

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
    pub(super) fn heard(&mut self, channel: &ChannelSummary) -> Option<String> {
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
