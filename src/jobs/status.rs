//! How things stand, on one screen: what waits, what ran, what wants attention and what mends it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::watch::{self, Attention};
use crate::clock::{Now, start_of};
use crate::config::Config;
use crate::domain::ladder::Stage;
use crate::domain::task::Task;
use crate::domain::words::{Channel, Status, Word as _};
use crate::error::Result;
use crate::store::status::{self, ChannelQueue};
use crate::store::task::{self, TaskRun};
use crate::store::{Connection, incident, queue};

/// A task, its last run, and whether it should have run since.
#[derive(Debug)]
pub struct TaskState {
    /// The task and its last run.
    pub task: (Task, Option<TaskRun>),
    /// It should have run more than ten minutes ago, and did not.
    pub overdue: bool,
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
    let mut attention = Vec::new();
    attention.extend(watch::in_doubt(connection)?);
    attention.extend(watch::stale(connection, config, now)?);
    attention.extend(closed(connection)?);
    attention.extend(watch::incidents_overdue(connection, now)?);
    attention.extend(watch::access_undecided(connection)?);
    attention.extend(
        watch::unnoticed(connection, now)?
            .into_iter()
            .map(|neglect| Attention {
                what: neglect.what,
                count: 1,
                remedy: neglect.remedy,
            }),
    );
    attention.extend(
        super::task::unforwarded(connection, config)?
            .into_iter()
            .map(|(task, told)| Attention {
                what: format!("task `{task}`: {told}"),
                count: 1,
                remedy: "regua task add NAME --run send-queue, or regua task edit".to_owned(),
            }),
    );
    Ok(Standing {
        queue,
        tasks: tasks(connection, now)?,
        data_age_hours: watch::data_age(connection, now)?.map(|age| age.num_hours()),
        cases: Stage::ALL
            .iter()
            .map(|stage| (*stage, open.get(stage).copied().unwrap_or(0)))
            .collect(),
        today: status::outcomes_between(
            connection,
            start_of(now.zone, now.today),
            now.end_of_today(),
        )?,
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
    task::list(connection)?
        .into_iter()
        .map(|task| {
            let last = task::last_run(connection, &task.name)?;
            let missed = match considered.get(&task.name) {
                Some(since) => watch::missed_at(connection, &task, *since, now)?,
                None => None,
            };
            Ok(TaskState {
                overdue: missed.is_some(),
                task: (task, last),
            })
        })
        .collect()
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
    let done = task::last_success(connection, task)?;
    Ok(done.map(|run| (run.ended_at.unwrap_or(run.started_at), run.seconds)))
}
