//! What nobody would notice: a task that failed, died or did not run, a cron that is silent, messages that no task takes.

use chrono::{DateTime, TimeDelta, Utc};

use super::outage;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::task::{RunOutcome, Task};
use crate::domain::text::typed;
use crate::error::Result;
use crate::store::task::TaskRun;
use crate::store::waiting::{self, WaitingGroup};
use crate::store::{Connection, Store, access, health, incident, meta, task as store_task};

/// When `run-due` was called last.
const CALLED: &str = "run_due_called_at";

/// Minutes for which a call need not be noted again.
const NOTED_FOR: i64 = 5;

/// Days for which it is told that messages expired in the queue.
const REMEMBERED: i64 = 7;

/// Minutes after which a task that should have run did not.
const LATE: i64 = 10;

/// Something that wants attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// What it is.
    pub what: String,
    /// How many there are of it.
    pub count: u64,
    /// What mends it.
    pub remedy: String,
}

/// Messages of which nobody can tell whether they went.
pub fn in_doubt(connection: &Connection) -> Result<Option<Attention>> {
    let count = health::unknown_messages(connection)?;
    Ok((count > 0).then(|| Attention {
        what: "messages of which nobody can tell whether they went".to_owned(),
        count,
        remedy: "regua queue list --unknown; regua queue retry --unknown sends them again"
            .to_owned(),
    }))
}

/// How old the invoices are; none when they were never imported. What was imported later than now is as
/// fresh as can be.
pub fn data_age(connection: &Connection, now: Now) -> Result<Option<TimeDelta>> {
    let refreshed = meta::refreshed(connection, "invoices")?;
    Ok(refreshed.map(|at| (now.at - at).max(TimeDelta::zero())))
}

/// Payment data that collections refuse, for it is stale.
pub fn stale(connection: &Connection, config: &Config, now: Now) -> Result<Option<Attention>> {
    let limit = config.max_data_age_hours;
    let age = data_age(connection, now)?;
    let Some(age) = age.filter(|age| limit > 0 && *age > TimeDelta::hours(limit)) else {
        return Ok(None);
    };
    Ok(Some(Attention {
        what: format!(
            "the invoices are {} hours old ({}): collections refuse more than {limit}",
            age.num_hours(),
            now.iso(now.at - age)
        ),
        count: 1,
        remedy: if config.sources.is_empty() {
            "regua import invoices FILE".to_owned()
        } else {
            "regua sync invoices".to_owned()
        },
    }))
}

/// Incidents that are open and should be over.
pub fn incidents_overdue(connection: &Connection, now: Now) -> Result<Vec<Attention>> {
    let mut found = Vec::new();
    for incident in incident::all_open(connection)? {
        let Some(until) = incident.until.filter(|until| *until < now.at) else {
            continue;
        };
        found.push(Attention {
            what: format!(
                "incident `{}` was expected to be over at {} and is open: its clients get no marketing",
                incident.name,
                now.iso(until)
            ),
            count: 1,
            remedy: format!(
                "regua incident close {} --template TEMPLATE",
                typed(&incident.name)
            ),
        });
    }
    Ok(found)
}

/// Changes of access that are held back until a person decides.
pub fn access_undecided(connection: &Connection) -> Result<Option<Attention>> {
    let held = access::held_back(connection)?;
    let count: u64 = held.iter().map(|held| held.changes).sum();
    Ok((count > 0).then(|| Attention {
        what: "changes of access are held back, too many for one run".to_owned(),
        count,
        remedy: "regua trigger release tells of them, regua trigger drop does not".to_owned(),
    }))
}

/// Something to be noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neglect {
    /// By what it is known again: `task:collections`, `stranded:whatsapp/send`.
    pub about: String,
    /// What it is.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Notes that cron called; a database that cannot be written just now is told by what it keeps from running.
pub(super) fn called(store: &mut Store, now: DateTime<Utc>) {
    let last = last_call(store.connection()).ok().flatten();
    let noted = last.is_some_and(|last| {
        (TimeDelta::zero()..TimeDelta::minutes(NOTED_FOR)).contains(&(now - last))
    });
    if !noted {
        let text = now.timestamp_millis().to_string();
        store
            .write(|transaction| meta::set(transaction, CALLED, &text))
            .ok();
    }
}

/// Whether something was not done for so many minutes; where the clock was set back, it is done at once.
pub(super) fn is_time(
    connection: &Connection,
    key: &str,
    minutes: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let last = meta::get(connection, key)?
        .and_then(|text| text.parse().ok())
        .and_then(DateTime::from_timestamp_millis);
    Ok(last.is_none_or(|last| {
        !(TimeDelta::zero()..TimeDelta::minutes(minutes)).contains(&(now - last))
    }))
}

/// Notes that it is done now.
pub(super) fn note_time(connection: &Connection, key: &str, now: DateTime<Utc>) -> Result<()> {
    meta::set(connection, key, &now.timestamp_millis().to_string())
}

fn last_call(connection: &Connection) -> Result<Option<DateTime<Utc>>> {
    Ok(meta::get(connection, CALLED)?
        .and_then(|text| text.parse().ok())
        .and_then(DateTime::from_timestamp_millis))
}

/// Everything about tasks and the queue that wants to be noticed.
pub fn unnoticed(connection: &Connection, now: Now) -> Result<Vec<Neglect>> {
    let enabled = store_task::enabled(connection)?;
    let mut notices = of_tasks(connection, &enabled, now)?;
    notices.extend(silence(connection, &enabled, now)?);
    let tasks: Vec<Task> = enabled.into_iter().map(|(task, _)| task).collect();
    notices.extend(stranded(connection, &tasks, now)?);
    let since = now.at - TimeDelta::days(REMEMBERED);
    for (channel, origin, n) in waiting::expired(connection, since)? {
        notices.push(Neglect {
            about: format!("expired:{channel}/{origin}"),
            what: if n == 1 {
                format!("one {origin} message on {channel} expired before any run took it")
            } else {
                format!("{n} {origin} messages on {channel} expired before any run took them")
            },
            remedy: "let a send-queue task run while they may go: regua task list".to_owned(),
        });
    }
    Ok(notices)
}

/// What of all this whoever keeps the house is alerted of: tasks that failed, died or did not run, and
/// messages that no task will take.
pub(super) fn pressing(connection: &Connection, now: Now) -> Result<Vec<Neglect>> {
    let enabled = store_task::enabled(connection)?;
    let mut notices = of_tasks(connection, &enabled, now)?;
    let tasks: Vec<Task> = enabled.into_iter().map(|(task, _)| task).collect();
    notices.extend(stranded(connection, &tasks, now)?);
    Ok(notices)
}

/// Tasks that failed or died the last time, and those that should have run and did not.
fn of_tasks(
    connection: &Connection,
    enabled: &[(Task, DateTime<Utc>)],
    now: Now,
) -> Result<Vec<Neglect>> {
    let mut notices = Vec::new();
    for (task, considered) in enabled {
        notices.extend(last_run(connection, task)?);
        notices.extend(missed(connection, task, *considered, now)?);
    }
    Ok(notices)
}

/// Whether a run for a minute comes on time, and makes up for none before it.
pub(super) fn is_on_time(due_at: DateTime<Utc>, now: Now) -> bool {
    due_at >= now.at - TimeDelta::minutes(LATE)
}

/// The minute at which a task should have run since it was last considered, and did not; a run by hand that
/// went well makes up for those before it.
pub(super) fn missed_at(
    connection: &Connection,
    task: &Task,
    considered: DateTime<Utc>,
    now: Now,
) -> Result<Option<DateTime<Utc>>> {
    let late = now.at - TimeDelta::minutes(LATE);
    let since = |instant: DateTime<Utc>| {
        let minute = (instant < late).then(|| task.schedule.next_after(instant, now.zone));
        minute.flatten().filter(|minute| *minute < late)
    };
    let Some(minute) = since(considered) else {
        return Ok(None);
    };
    let went_well =
        |run: &TaskRun| matches!(run.outcome, RunOutcome::Done | RunOutcome::Incomplete);
    let run = store_task::last_run(connection, &task.name)?.filter(went_well);
    Ok(match run {
        Some(run) if run.started_at >= minute => since(run.started_at),
        _ => Some(minute),
    })
}

/// That a task should have run since it was last considered, and did not.
pub(super) fn missed(
    connection: &Connection,
    task: &Task,
    considered: DateTime<Utc>,
    now: Now,
) -> Result<Option<Neglect>> {
    let minute = missed_at(connection, task, considered, now)?;
    Ok(minute.map(|minute| Neglect {
        about: format!("missed:{}", task.name),
        what: format!(
            "task `{}` should have run at {} and did not",
            task.name,
            now.iso(minute)
        ),
        remedy: format!("regua task run {}", typed(&task.name)),
    }))
}

/// What is said of what was neglected, unless it was said in this outage already. Nothing is written unless
/// there is something to say.
pub(super) fn news(
    store: &mut Store,
    mut neglected: Vec<Neglect>,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for neglect in &neglected {
        told.push(outage::was_told(store.connection(), &neglect.about, now)?);
    }
    let mut told = told.into_iter();
    neglected.retain(|_| !told.next().unwrap_or_default());
    if neglected.is_empty() {
        return Ok(Vec::new());
    }
    store.write(|transaction| {
        for neglect in &neglected {
            outage::is_news(transaction, &neglect.about, now)?;
        }
        Ok(())
    })?;
    Ok(neglected.into_iter().map(|neglect| neglect.what).collect())
}

fn last_run(connection: &Connection, task: &Task) -> Result<Option<Neglect>> {
    let name = &task.name;
    let as_typed = typed(name);
    let remedy = format!("regua task show {as_typed}");
    if store_task::is_left(connection, name)? {
        return Ok(Some(Neglect {
            about: format!("left:{name}"),
            what: format!(
                "task `{name}`: its process died three times for one minute, and it waits for its next"
            ),
            remedy: format!("{remedy}; regua task run {as_typed}"),
        }));
    }
    Ok(store_task::last_run(connection, name)?
        .filter(|run| run.outcome == RunOutcome::Failed)
        .map(|run| {
            let message = run.message.unwrap_or_default();
            let first = message.lines().next().unwrap_or_default().to_owned();
            Neglect {
                about: format!("task:{name}"),
                what: format!("task `{name}` failed last time: {first}"),
                remedy,
            }
        }))
}

/// Whether cron has not called for an hour.
fn silence(
    connection: &Connection,
    enabled: &[(Task, DateTime<Utc>)],
    now: Now,
) -> Result<Option<Neglect>> {
    let an_hour_ago = now.at - TimeDelta::hours(1);
    let last = last_call(connection)?;
    let waits = enabled.iter().any(|(_, since)| *since < an_hour_ago);
    let what = match last {
        _ if !waits => return Ok(None),
        Some(last) if last >= an_hour_ago => return Ok(None),
        Some(last) => format!(
            "cron has not called run-due for {} hours (last {})",
            (now.at - last).num_hours(),
            now.iso(last)
        ),
        None => "cron has never called run-due, and tasks wait for it".to_owned(),
    };
    Ok(Some(Neglect {
        about: "cron".to_owned(),
        what,
        remedy: "regua task crontab, or regua task systemd".to_owned(),
    }))
}

/// Messages that wait for their hours, and that no task will take before they expire.
fn stranded(connection: &Connection, tasks: &[Task], now: Now) -> Result<Vec<Neglect>> {
    let mut notices = Vec::new();
    for group in waiting::for_hours(connection)? {
        let from = group.from.max(now.at) - TimeDelta::minutes(1);
        let may_take = |task: &&Task| {
            task.forwards(group.channel)
                || group.channel.goes_at_once() && task.run.fills_the_queue()
        };
        let taken = tasks.iter().filter(may_take).any(|task| {
            let next = task.schedule.next_after(from, now.zone);
            next.is_some_and(|minute| minute < group.until)
        });
        if !taken {
            notices.push(Neglect {
                about: format!("stranded:{}/{}", group.channel, group.origin),
                what: waits_in_vain(&group, now),
                remedy: "let a send-queue task run in between: regua task edit".to_owned(),
            });
        }
    }
    Ok(notices)
}

/// What is said of messages that no task takes in time; since when those wait that may go already is of no use.
fn waits_in_vain(group: &WaitingGroup, now: Now) -> String {
    let WaitingGroup {
        channel,
        origin,
        count,
        ..
    } = group;
    let until = now.iso(group.until);
    match (*count, group.from > now.at) {
        (1, false) => format!(
            "one {origin} message waits on {channel}, and no task takes it before it expires at {until}"
        ),
        (1, true) => format!(
            "one {origin} message waits on {channel} until {}, and no task takes it before it expires at {until}",
            now.iso(group.from)
        ),
        (_, false) => format!(
            "{count} {origin} messages wait on {channel}, and no task takes them before they expire at {until}"
        ),
        (_, true) => format!(
            "{count} {origin} messages wait on {channel} until {}, and no task takes them before they expire at {until}",
            now.iso(group.from)
        ),
    }
}

/// Messages that wait, and that no task will take before they expire.
pub fn not_taken(connection: &Connection, now: Now) -> Result<Vec<Neglect>> {
    let tasks: Vec<Task> = store_task::enabled(connection)?
        .into_iter()
        .map(|(task, _)| task)
        .collect();
    stranded(connection, &tasks, now)
}

/// What a run left that no task will take, unless it was told today.
pub(super) fn stranded_news(connection: &Connection, now: Now) -> Result<Vec<String>> {
    let notices = not_taken(connection, now)?;
    if notices.is_empty() || !outage::is_news(connection, "stranded", now.at)? {
        return Ok(Vec::new());
    }
    Ok(notices.into_iter().map(|notice| notice.what).collect())
}
