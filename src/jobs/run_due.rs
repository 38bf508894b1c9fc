//! What cron starts: the tasks that are owed a run, in order, each through the job of its command.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::deliver::{ChannelSummary, Delivery, Observer, Stop, deliver};
use super::{backup, birthday, collection, outage, purge, send, sync, watch};
use crate::clock::{Clock, Stopwatch};
use crate::config::Config;
use crate::domain::schedule::due;
use crate::domain::task::{Owed, Run, RunOutcome, Task, in_order};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, ErrorKind, Result};
use crate::store::task::RunEnding;
use crate::store::{self, Connection, Lock, Store, report, task as store_task, template};

/// What tasks are run with.
pub struct Hands<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The clock.
    pub clock: &'a Clock,
    /// Asked to stop by a signal.
    pub stop: &'a Stop,
    /// Hears how deliveries go.
    pub observer: Observer<'a>,
}

/// What became of one task.
#[derive(Debug)]
pub struct Ran {
    /// The task's name.
    pub task: String,
    /// What it ran.
    pub run: Run,
    /// The matching minute it ran for; none when a person ran it.
    pub due_at: Option<DateTime<Utc>>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How it ended, as it was recorded.
    pub ending: RunEnding,
    /// The exit code's kind, when it failed.
    pub kind: Option<ErrorKind>,
    /// What did not go well, a line each, unless it was told in this outage already.
    pub told: Vec<String>,
}

/// What is owed a run, and what is not any more.
#[derive(Debug, Default)]
pub struct Due {
    /// The tasks, in order.
    pub owed: Vec<Owed>,
    /// Tasks whose process died too often, just now.
    pub left: Vec<String>,
}

/// Takes the lock that one run holds at a time; none when another has it.
pub fn lock(store: &Store) -> Result<Option<Lock>> {
    store.lock("run-due")
}

/// The tasks owed a run now, in order. Only the holder of the lock may ask: what is still recorded
/// as running died, and is owed again.
pub fn owed(store: &mut Store, config: &Config, clock: &Clock) -> Result<Due> {
    let now = clock.now();
    watch::called(store, now.at);
    let mut left = Vec::new();
    if store_task::any_running(store.connection())? {
        left = store.write(|transaction| store_task::bury(transaction, now.at))?;
    }
    let mut owed: Vec<Owed> = store_task::enabled(store.connection())?
        .into_iter()
        .filter_map(|(task, considered)| {
            let due_at = due(
                &task.schedule,
                considered,
                now.at,
                now.zone,
                config.catch_up_hours,
            )?;
            Some(Owed { task, due_at })
        })
        .collect();
    in_order(&mut owed);
    Ok(Due { owed, left })
}

/// Runs what is owed, in order; a failure does not stop the next, a signal does.
pub fn run_owed(store: &mut Store, hands: &mut Hands<'_>, owed: &[Owed]) -> Result<Vec<Ran>> {
    let mut ran = Vec::new();
    for owed in owed {
        if hands.stop.asked() > 0 {
            break;
        }
        ran.push(run_one(store, hands, &owed.task, Some(owed.due_at))?);
    }
    Ok(ran)
}

/// Runs one task and records how it ended; an error of the task itself is part of the record.
pub fn run_one(
    store: &mut Store,
    hands: &mut Hands<'_>,
    task: &Task,
    due_at: Option<DateTime<Utc>>,
) -> Result<Ran> {
    let watch = Stopwatch::start();
    let started_at = hands.clock.now().at;
    let id = store.write(|transaction| store_task::begin(transaction, task, due_at, started_at))?;
    let (done, error) = match carry_out(store, hands, task) {
        Ok(done) => (done, None),
        Err(error) => (Done::failed(&error), Some(error)),
    };
    let passes = error.as_ref().is_some_and(store::passes);
    let kind = error.map(|error| error.kind);
    let kind = kind.or_else(|| (done.outcome == RunOutcome::Failed).then_some(ErrorKind::World));
    let complaints = Complaints::of(task, &done);
    let ending = RunEnding {
        outcome: done.outcome,
        counts: done.counts,
        message: done.message,
        seconds: watch.elapsed().as_secs_f64(),
    };
    let now = hands.clock.now();
    let told = store.write(|transaction| {
        store_task::end(transaction, id, &ending, now.at)?;
        if due_at.is_none() {
            // Whoever runs it by hand looks at it.
            return Ok(complaints.all());
        }
        if passes && !store_task::again(transaction, id)? {
            return Ok(Vec::new());
        }
        let mut told = complaints.news(transaction, now.at)?;
        if task.run.fills_the_queue() {
            told.extend(watch::stranded_news(transaction, now)?);
        }
        Ok(told)
    })?;
    Ok(Ran {
        task: task.name.clone(),
        run: task.run,
        due_at,
        started_at,
        ending,
        kind,
        told,
    })
}

/// What of a run is told on standard error: what each line is about, by which an outage is known, and the
/// line; and what goes well again.
#[derive(Debug, Default)]
struct Complaints {
    lines: Vec<(String, String)>,
    over: Vec<String>,
    /// Lines that whoever says them keeps to once a day.
    daily: Vec<String>,
}

impl Complaints {
    fn of(task: &Task, done: &Done) -> Self {
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
    fn all(&self) -> Vec<String> {
        let lines = self.lines.iter().map(|(_, line)| line);
        lines.chain(&self.daily).cloned().collect()
    }

    /// The lines that are not told yet in their outage.
    fn news(&self, connection: &Connection, now: DateTime<Utc>) -> Result<Vec<String>> {
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

/// What a task came to.
struct Done {
    outcome: RunOutcome,
    counts: Map<String, Value>,
    message: Option<String>,
    /// Channels that closed.
    closed: Vec<&'static str>,
    /// Channels whose messages were told to come later, and how many.
    later: Vec<(&'static str, u64)>,
    /// What goes well again: a channel on which something was sent.
    well: Vec<String>,
    /// What is to be told once a day, and is said no oftener.
    daily: Vec<String>,
}

impl Done {
    fn failed(error: &Error) -> Self {
        Self {
            outcome: RunOutcome::Failed,
            message: Some(error.on_one_line()),
            ..Self::new(Value::Null)
        }
    }

    fn new(counts: Value) -> Self {
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
    fn delivered(mut self, delivery: &Delivery) -> Self {
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
fn synced(summary: &sync::SyncSummary) -> Done {
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

fn carry_out(store: &mut Store, hands: &mut Hands<'_>, task: &Task) -> Result<Done> {
    match task.run {
        Run::CollectionUpdate => update_collections(store, hands),
        Run::Sync => {
            let summary =
                sync::everything(store, &task.kinds, hands.config, hands.clock, hands.stop)?;
            // A sync sends nothing, but who was cut or is connected again hears of it in this call.
            let channels: Vec<Channel> = summary.access.channels.iter().copied().collect();
            deliver_at_once(store, hands, &channels, synced(&summary))
        }
        Run::BirthdayQueue => {
            let summary = birthday::queue(store, hands.config, hands.clock.now())?;
            let skipped: u64 = summary.reasons.values().sum();
            let done = Done::new(json!({
                "clients": summary.clients,
                "queued": summary.queued,
                "skipped": skipped,
            }));
            deliver_at_once(store, hands, &summary.channels, done)
        }
        Run::SendQueue => {
            let channels = if task.channels.is_empty() {
                Channel::ALL
            } else {
                &task.channels
            };
            let delivery = deliver_on(store, hands, channels)?;
            Ok(Done::new(json!({})).delivered(&delivery))
        }
        Run::Send => send_report(store, hands, task),
        Run::Purge => {
            let summary = purge::run(store, hands.config, hands.clock.now())?;
            let mut done = Done::new(json!({
                "bodies": summary.bodies,
                "messages": summary.messages,
                "runs": summary.runs,
            }));
            if !summary.configured {
                done.message = Some("no [retention] is configured: nothing is deleted".to_owned());
            }
            Ok(done)
        }
        Run::Backup => {
            let summary = backup::run(store, hands.config, hands.clock.now())?;
            let mut done = Done::new(json!({
                "bytes": summary.bytes,
                "removed": summary.removed,
            }));
            done.message = Some(summary.file.display().to_string());
            Ok(done)
        }
    }
}

/// Moves the cases on, and delivers what came of it.
fn update_collections(store: &mut Store, hands: &mut Hands<'_>) -> Result<Done> {
    let (update, delivery) = collection::update(
        store,
        hands.config,
        hands.clock,
        collection::UpdateRequest {
            yes: true,
            ..collection::UpdateRequest::default()
        },
        hands.stop,
        hands.observer,
    )?;
    let total = |count: fn(&collection::RuleSummary) -> u64| -> u64 {
        update.rules.iter().map(count).sum()
    };
    let done = Done::new(json!({
        "evaluated": total(|rule| rule.evaluated),
        "entered": total(|rule| rule.entered),
        "advanced": total(|rule| rule.advanced.values().sum()),
        "closed": total(|rule| rule.closed.values().sum()),
        "reminders": total(|rule| rule.reminders),
        "left_out": total(|rule| rule.left_out.values().sum()),
        "queued": total(|rule| rule.queued),
        "skipped": total(|rule| rule.skipped.values().sum()),
    }));
    Ok(done.delivered(&delivery))
}

fn send_report(store: &mut Store, hands: &mut Hands<'_>, task: &Task) -> Result<Done> {
    let missing = |key: &str| Error::unacceptable(format!("the task `{}` has no {key}", task.name));
    let name = task.report.as_deref().ok_or_else(|| missing("report"))?;
    let template = task
        .template
        .as_deref()
        .ok_or_else(|| missing("template"))?;
    let saved = report::get(store.connection(), name)?;
    let request = send::Request {
        name: name.to_owned(),
        report: saved.report,
        template: template::get(store.connection(), template)?,
        limit: task.limit.map(i64::unsigned_abs),
        sample: None,
        expect: None,
        again: false,
        list: false,
    };
    let watch = Stopwatch::start();
    let (batch, plan) = send::write(store, hands.config, hands.clock, &request)?;
    let skipped: u64 = plan.skipped.values().sum();
    let done = Done::new(json!({
        "batch": batch,
        "matched": plan.matched,
        "recipients": plan.recipients,
        "queued": plan.messages,
        "skipped": skipped,
        "duplicates": plan.duplicates,
    }));
    let done = deliver_at_once(store, hands, &[request.template.channel], done)?;
    send::took(store, batch, watch)?;
    Ok(done)
}

/// Delivers on those of these channels whose messages go in the run that makes them; others wait in the queue.
fn deliver_at_once(
    store: &mut Store,
    hands: &mut Hands<'_>,
    channels: &[Channel],
    done: Done,
) -> Result<Done> {
    let channels = channels.iter().copied();
    let channels: Vec<Channel> = channels.filter(|c| send::delivers_at_once(*c)).collect();
    if channels.is_empty() {
        return Ok(done);
    }
    Ok(done.delivered(&deliver_on(store, hands, &channels)?))
}

fn deliver_on(store: &mut Store, hands: &mut Hands<'_>, channels: &[Channel]) -> Result<Delivery> {
    deliver(
        store,
        hands.config,
        hands.clock,
        channels,
        hands.stop,
        hands.observer,
    )
}
