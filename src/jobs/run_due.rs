//! What cron starts: the tasks that are owed a run, in order, each through the job of its command.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::deliver::{Delivery, Observer, Stop};
use super::dispatch::dispatch;
use super::ending::{Complaints, Done, aside};
use super::receipt::poll;
use super::{backup, birthday, codes, collection, purge, pursue, send, sync, watch};
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::Config;
use crate::domain::schedule::due;
use crate::domain::task::{Owed, Run, RunOutcome, Task, in_order};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, ErrorKind, Result};
use crate::store::task::RunEnding;
use crate::store::{self, Lock, Store, access, pursuit, report, task as store_task, template};

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
    /// Turns what is ours into the language of the staff.
    pub say: &'a dyn Fn(&str) -> String,
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
    /// What is said of tasks that should have run too long ago to be caught up, once an outage, and only where
    /// something is owed.
    pub missed: Vec<String>,
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
    let (mut owed, mut too_late) = (Vec::new(), Vec::new());
    for (task, considered) in store_task::enabled(store.connection())? {
        let hours = config.catch_up_hours;
        let due_at = due(&task.schedule, considered, now.at, now.zone, hours);
        if due_at.is_none_or(|due_at| watch::is_on_time(due_at, now)) {
            too_late.extend(watch::missed(store.connection(), &task, considered, now)?);
        }
        owed.extend(due_at.map(|due_at| Owed { task, due_at }));
    }
    in_order(&mut owed);
    // With nothing due there is nothing to say: doctor and status tell of it meanwhile.
    let missed = if owed.is_empty() {
        Vec::new()
    } else {
        watch::news(store, too_late, now.at)?
    };
    Ok(Due { owed, left, missed })
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

/// Under which key it is kept when what goes on until it is delivered was last looked at, and for how many
/// minutes that will do where no task ran.
const GONE_ON: (&str, i64) = ("went_on_at", 5);

/// Whether a call has something to do though no task is due.
pub fn has_more(store: &Store, config: &Config) -> Result<bool> {
    Ok(config.alerts.is_some() || pursuit::any(store.connection())?)
}

/// Goes on with what is said until somebody has it, and delivers what of that goes at once; `ran` says that a
/// task ran just now. What did not go well about that is answered, a line each, once an outage.
pub fn go_on(store: &mut Store, hands: &mut Hands<'_>, ran: bool) -> Result<Vec<String>> {
    let now = hands.clock.now().at;
    let (key, minutes) = GONE_ON;
    if !pursuit::any(store.connection())?
        || !(ran || watch::is_time(store.connection(), key, minutes, now)?)
    {
        return Ok(Vec::new());
    }
    let queued = pursue::pursue(store, hands.config, hands.clock)?;
    store.write(|transaction| watch::note_time(transaction, key, now))?;
    let channels: Vec<Channel> = queued.into_keys().filter(|c| c.goes_at_once()).collect();
    if channels.is_empty() || hands.stop.asked() > 0 {
        return Ok(Vec::new());
    }
    let delivery = deliver_on(store, hands, &channels)?;
    store.write(|transaction| aside(transaction, "until delivered", &delivery, now))
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

/// What a sync came to; refused rows are told by `regua sync` and `regua doctor`.
fn synced(summary: &sync::SyncSummary) -> Done {
    let total = |count: fn(&sync::Synced) -> u64| summary.kinds.iter().map(count).sum::<u64>();
    let mut done = Done::new(json!({
        "read": total(|kind| kind.read),
        "new": total(|kind| kind.new),
        "changed": total(|kind| kind.changed),
        "unchanged": total(|kind| kind.unchanged),
        "refused": summary.refused_rows(),
        "unconfirmed": total(|kind| kind.unconfirmed),
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

/// What fetching payment codes came to.
fn fetched(summary: &codes::CodesSummary) -> Done {
    let mut done = Done::new(summary.counts());
    done.message = summary.complaint();
    done
}

/// What asking providers came to; one that gives no answers does not hide the others.
fn asked(summary: &poll::PollSummary) -> Done {
    let mut done = Done::new(summary.counts());
    done.message = summary.complaint();
    if done.message.is_some() {
        done.outcome = RunOutcome::Failed;
    }
    done
}

fn carry_out(store: &mut Store, hands: &mut Hands<'_>, task: &Task) -> Result<Done> {
    match task.run {
        Run::CollectionUpdate => update_collections(store, hands),
        Run::Sync => {
            let what = (task.kinds.as_slice(), task.full);
            let summary = sync::everything(store, what, hands.config, hands.clock, hands.stop)?;
            // A sync sends nothing, but who was cut or is connected again hears of it in this call.
            let mut channels = summary.access.channels.clone();
            channels.extend(left_of_access(store, hands.clock.now())?);
            let channels: Vec<Channel> = channels.into_iter().collect();
            deliver_at_once(store, hands, &channels, synced(&summary))
        }
        Run::Codes => {
            let request = codes::CodesRequest::default();
            codes::fetch(store, hands.config, hands.clock, &request, hands.stop)
                .map(|s| fetched(&s))
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
            pursue::pursue(store, hands.config, hands.clock)?;
            let delivery = deliver_on(store, hands, channels)?;
            Ok(Done::new(json!({})).delivered(&delivery))
        }
        Run::Share => share(store, hands),
        Run::Send => send_report(store, hands, task),
        Run::Receipts => Ok(asked(&poll::poll(
            store,
            hands.config,
            hands.clock,
            hands.stop,
        )?)),
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

/// The channels on which messages of changes of access wait that an earlier call left, and that no task takes.
fn left_of_access(store: &Store, now: Now) -> Result<Vec<Channel>> {
    let connection = store.connection();
    let mut left = Vec::new();
    for channel in access::waiting(connection, now.at)? {
        if !store_task::forwards(connection, channel)? {
            left.push(channel);
        }
    }
    Ok(left)
}

/// Hands over what is due, where several hosts deliver.
fn share(store: &mut Store, hands: &mut Hands<'_>) -> Result<Done> {
    let mut done = Done::new(json!({}));
    if hands.config.queue.shared.is_none() {
        done.message = Some("no [queue.shared] is configured: nothing is handed over".to_owned());
        return Ok(done);
    }
    let delivery = deliver_on(store, hands, Channel::ALL)?;
    Ok(done.delivered(&delivery))
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
    let channels: Vec<Channel> = channels.filter(|c| c.goes_at_once()).collect();
    if channels.is_empty() {
        return Ok(done);
    }
    Ok(done.delivered(&deliver_on(store, hands, &channels)?))
}

pub(super) fn deliver_on(
    store: &mut Store,
    hands: &mut Hands<'_>,
    channels: &[Channel],
) -> Result<Delivery> {
    dispatch(
        store,
        hands.config,
        hands.clock,
        channels,
        hands.stop,
        hands.observer,
    )
}
