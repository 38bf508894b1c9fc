//! How things stand, on one screen: what waits, what ran, what wants attention and what mends it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::watch;
use crate::clock::{Now, start_of};
use crate::config::Config;
use crate::domain::ladder::Stage;
use crate::domain::task::{RunOutcome, Task};
use crate::domain::words::{Channel, Status, Word as _};
use crate::error::Result;
use crate::store::status::{self, ChannelQueue};
use crate::store::task::{self, TaskRun};
use crate::store::{Connection, incident, meta, queue};

/// Minutes after which a task that should have run is overdue.
const OVERDUE: i64 = 10;

/// A task, its last run, and whether it should have run since.
#[derive(Debug)]
pub struct TaskState {
    /// The task and its last run.
    pub task: (Task, Option<TaskRun>),
    /// It should have run more than ten minutes ago, and did not.
    pub overdue: bool,
}

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

/// How things stand.
#[derive(Debug)]
pub struct Standing {
    /// What waits, channel by channel.
    pub queue: Vec<ChannelQueue>,
    /// The tasks.
    pub tasks: Vec<TaskState>,
    /// Hours since the invoices were imported or synced; none when they never were.
    pub data_age_hours: Option<i64>,
    /// Open cases by stage, every stage.
    pub cases: Vec<(Stage, u64)>,
    /// What became of the messages made today.
    pub today: BTreeMap<Status, u64>,
    /// Open incidents, by name.
    pub incidents: Vec<String>,
    /// What wants attention.
    pub attention: Vec<Attention>,
}

/// Looks at everything that the database knows; asks nobody outside.
pub fn look(connection: &Connection, config: &Config, now: Now) -> Result<Standing> {
    let queue = status::queue(connection, now.at)?;
    let open = status::open_cases(connection)?;
    let age = age(connection, now)?;
    let mut attention = Vec::new();
    attention.extend(unknown(&queue));
    attention.extend(stale(config, age));
    attention.extend(closed(connection)?);
    attention.extend(
        watch::unnoticed(connection, now)?
            .into_iter()
            .map(|neglect| Attention {
                what: neglect.what,
                count: 1,
                remedy: neglect.remedy,
            }),
    );
    Ok(Standing {
        queue,
        tasks: tasks(connection, now)?,
        data_age_hours: age.map(|age| age.num_hours()),
        cases: Stage::ALL
            .iter()
            .map(|stage| (*stage, open.get(stage).copied().unwrap_or(0)))
            .collect(),
        today: status::outcomes_since(connection, start_of(now.zone, now.today))?,
        incidents: incident::all_open(connection)?
            .into_iter()
            .map(|incident| incident.name)
            .collect(),
        attention,
    })
}

/// Every task with its last run.
fn tasks(connection: &Connection, now: Now) -> Result<Vec<TaskState>> {
    let considered: BTreeMap<String, DateTime<Utc>> = task::enabled(connection)?
        .into_iter()
        .map(|(task, considered)| (task.name, considered))
        .collect();
    let limit = now.at - TimeDelta::minutes(OVERDUE);
    task::list(connection)?
        .into_iter()
        .map(|task| {
            let last = task::last_run(connection, &task.name)?;
            let missed = considered
                .get(&task.name)
                .and_then(|since| task.schedule.next_after(*since, now.zone));
            Ok(TaskState {
                overdue: missed.is_some_and(|minute| minute < limit),
                task: (task, last),
            })
        })
        .collect()
}

/// Messages of which nobody can tell whether they went.
fn unknown(queue: &[ChannelQueue]) -> Option<Attention> {
    let count: u64 = queue.iter().map(|channel| channel.unknown).sum();
    (count > 0).then(|| Attention {
        what: "messages of which nobody can tell whether they went".to_owned(),
        count,
        remedy: "regua queue list --unknown; regua queue retry --unknown sends them again"
            .to_owned(),
    })
}

/// How long ago the invoices were imported or synced; none when they never were.
pub(super) fn age(connection: &Connection, now: Now) -> Result<Option<TimeDelta>> {
    let refreshed = meta::refreshed(connection, "invoices")?;
    // What was imported later than now is as fresh as can be.
    Ok(refreshed.map(|at| (now.at - at).max(TimeDelta::zero())))
}

/// Payment data that collections refuse.
pub(super) fn stale(config: &Config, age: Option<TimeDelta>) -> Option<Attention> {
    let limit = config.max_data_age_hours;
    let hours = age.filter(|age| limit > 0 && *age > TimeDelta::hours(limit))?;
    Some(Attention {
        what: format!(
            "the invoices are {} hours old: collections refuse more than {limit}",
            hours.num_hours()
        ),
        count: 1,
        remedy: "regua sync invoices, or regua import invoices FILE".to_owned(),
    })
}

/// Channels that suffer an outage.
fn closed(connection: &Connection) -> Result<Vec<Attention>> {
    let mut found = Vec::new();
    for channel in Channel::ALL {
        found.extend(closed_channel(connection, *channel)?);
    }
    Ok(found)
}

/// A channel that suffers an outage.
pub(super) fn closed_channel(
    connection: &Connection,
    channel: Channel,
) -> Result<Option<Attention>> {
    let Some(outage) = queue::outage(connection, channel)? else {
        return Ok(None);
    };
    Ok(Some(Attention {
        what: format!("{channel} is closed: {}", outage.why),
        count: queue::queued(connection, channel)?,
        remedy: format!("regua doctor; regua queue deliver --channel {channel}"),
    }))
}

/// A task's last success: when it ended, and how long it took in seconds.
pub fn last_success(
    connection: &Connection,
    task: &str,
) -> Result<Option<(DateTime<Utc>, Option<f64>)>> {
    let runs = task::runs(connection, task, 0)?;
    let done = runs.into_iter().find(|run| run.outcome == RunOutcome::Done);
    Ok(done.map(|run| (run.ended_at.unwrap_or(run.started_at), run.seconds)))
}
