//! Tasks and their runs.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Json, Millis};
use crate::domain::schedule::{Part, Schedule};
use crate::domain::task::{Run, RunOutcome, Task};
use crate::domain::words::{Channel, Word};
use crate::error::{Result, must};

/// How often a run whose process died is begun again for the same minute.
const TRIES: i64 = 3;

/// One run of a task, as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRun {
    /// Its number.
    pub id: i64,
    /// The task's name.
    pub task: String,
    /// What it ran.
    pub run: Run,
    /// The matching minute it ran for; none when a person ran it.
    pub due_at: Option<DateTime<Utc>>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it took, by the machine's clock.
    pub seconds: Option<f64>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it counted.
    pub counts: serde_json::Map<String, serde_json::Value>,
    /// What it said.
    pub message: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Task> {
    let mut texts = [const { String::new() }; 5];
    for (text, part) in texts.iter_mut().zip(Part::ALL) {
        *text = row.get(part.as_str())?;
    }
    let schedule = Schedule::read([&texts[0], &texts[1], &texts[2], &texts[3], &texts[4]])
        .map_err(|flaws| {
            let told = flaws.first().map_or("", |flaw| flaw.found.as_str());
            rusqlite::Error::FromSqlConversionFailure(
                0,
                rusqlite::types::Type::Text,
                format!("a task's schedule cannot be read: {told}").into(),
            )
        })?;
    let channels: Vec<String> = row.json("channels")?;
    Ok(Task {
        name: row.get("name")?,
        run: row.get("run")?,
        schedule,
        enabled: row.get("enabled")?,
        channels: channels
            .iter()
            .filter_map(|text| Channel::parse(text))
            .collect(),
        report: row.get("report")?,
        template: row.get("template")?,
        limit: row.get("recipients")?,
        kinds: row.json("kinds")?,
        full: row.get("full")?,
    })
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<TaskRun> {
    Ok(TaskRun {
        id: row.get("id")?,
        task: row.get("task")?,
        run: row.get("run")?,
        due_at: row.instant_opt("due_at")?,
        started_at: row.instant("started_at")?,
        ended_at: row.instant_opt("ended_at")?,
        seconds: row.get("seconds")?,
        outcome: row.get("outcome")?,
        counts: row.json("counts")?,
        message: row.get("message")?,
    })
}

/// Every task, by name.
pub fn list(connection: &Connection) -> Result<Vec<Task>> {
    let mut statement = connection.prepare_cached("SELECT * FROM task ORDER BY name")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every enabled task, with the instant up to which its matching minutes are done with.
pub fn enabled(connection: &Connection) -> Result<Vec<(Task, DateTime<Utc>)>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM task WHERE enabled ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((read(row)?, row.instant("considered_at")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A task, if it is there.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Task>> {
    Ok(connection
        .prepare_cached("SELECT * FROM task WHERE name = ?1")?
        .query_row([name], read)
        .optional()?)
}

/// A task that must be there; the error suggests the nearest name.
pub fn get(connection: &Connection, name: &str) -> Result<Task> {
    must(find(connection, name)?, "task", name, || {
        Ok(list(connection)?
            .into_iter()
            .map(|task| task.name)
            .collect::<Vec<_>>())
    })
}

/// Saves a task under its name, in place of any other. A new or re-enabled one, and one with
/// another schedule, is considered from `now` on.
pub fn save(connection: &Connection, task: &Task, now: DateTime<Utc>) -> Result<()> {
    let old = find(connection, &task.name)?;
    let goes_on =
        old.is_some_and(|old| old.schedule == task.schedule && (old.enabled || !task.enabled));
    connection
        .prepare_cached(
            "INSERT INTO task (name, run, minute, hour, day, month, weekday, enabled, channels,
                               report, template, recipients, considered_at, kinds, full)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?15, ?16)
             ON CONFLICT (name) DO UPDATE SET
               run = ?2, minute = ?3, hour = ?4, day = ?5, month = ?6, weekday = ?7, enabled = ?8,
               channels = ?9, report = ?10, template = ?11, recipients = ?12, kinds = ?15, full = ?16,
               considered_at = iif(?14, considered_at, ?13)",
        )?
        .execute(params![
            task.name,
            task.run,
            task.schedule.text(Part::Minute),
            task.schedule.text(Part::Hour),
            task.schedule.text(Part::Day),
            task.schedule.text(Part::Month),
            task.schedule.text(Part::Weekday),
            task.enabled,
            Json(&task.channels),
            task.report,
            task.template,
            task.limit,
            Millis(now),
            goes_on,
            Json(&task.kinds),
            task.full,
        ])?;
    Ok(())
}

/// Removes a task and the record of its runs.
pub fn remove(connection: &Connection, name: &str) -> Result<()> {
    connection.execute("DELETE FROM task WHERE name = ?1", [name])?;
    connection.execute(
        "DELETE FROM task_run WHERE task = ?1 AND outcome <> 'running'",
        [name],
    )?;
    Ok(())
}

/// The names of the tasks that use a template.
pub fn using_template(connection: &Connection, template: &str) -> Result<Vec<String>> {
    names(
        connection,
        "SELECT name FROM task WHERE template = ?1 ORDER BY name",
        template,
    )
}

/// The names of the tasks that use a saved report.
pub fn using_report(connection: &Connection, report: &str) -> Result<Vec<String>> {
    names(
        connection,
        "SELECT name FROM task WHERE report = ?1 ORDER BY name",
        report,
    )
}

/// A whatsapp template that some collection rule sends, if one does.
pub fn whatsapp_in_rules(connection: &Connection) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached(
            "SELECT t.name FROM rule_template r JOIN template t ON t.name = r.template
             WHERE t.channel = 'whatsapp' ORDER BY t.name LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?)
}

/// Whether an enabled task delivers what waits in the queue of a channel.
pub fn forwards(connection: &Connection, channel: Channel) -> Result<bool> {
    Ok(list(connection)?.iter().any(|task| task.forwards(channel)))
}

fn names(connection: &Connection, sql: &str, bound: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([bound], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records that a run begins, and that the task's matching minutes up to now are done with.
/// A run by hand (`due_at` none) leaves those as they are.
pub fn begin(
    connection: &Connection,
    task: &Task,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<i64> {
    if due_at.is_some() {
        connection
            .prepare_cached("UPDATE task SET considered_at = ?2 WHERE name = ?1")?
            .execute((&task.name, Millis(now)))?;
    }
    connection
        .prepare_cached(
            "INSERT INTO task_run (task, run, due_at, started_at, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            &task.name,
            task.run,
            due_at.map(Millis),
            Millis(now),
            RunOutcome::Running,
        ))?;
    Ok(connection.last_insert_rowid())
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnding {
    /// How.
    pub outcome: RunOutcome,
    /// What it counted.
    pub counts: serde_json::Map<String, serde_json::Value>,
    /// What it said.
    pub message: Option<String>,
    /// How long it took, by the machine's clock.
    pub seconds: f64,
}

/// Records how a run ended.
pub fn end(connection: &Connection, id: i64, ending: &RunEnding, now: DateTime<Utc>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE task_run SET ended_at = ?2, seconds = ?3, outcome = ?4, counts = ?5, message = ?6
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            Millis(now),
            ending.seconds,
            ending.outcome,
            Json(&ending.counts),
            ending.message,
        ])?;
    Ok(())
}

/// How often a run that failed because the database was busy or the disk full is begun again.
const AGAIN: i64 = 3;

/// Has a run that failed, for a reason that passes, begun again for the same minute, [`AGAIN`] times at
/// most. Whether this is the first failure of that minute.
pub fn again(connection: &Connection, id: i64) -> Result<bool> {
    let (task, due_at, started_at): (String, i64, i64) = connection.query_row(
        "SELECT task, due_at, started_at FROM task_run WHERE id = ?1",
        [id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let failed: i64 = connection.query_row(
        "SELECT count(*) FROM task_run WHERE task = ?1 AND due_at = ?2 AND outcome = 'failed'",
        (&task, due_at),
        |row| row.get(0),
    )?;
    if failed <= AGAIN {
        connection.execute(
            "UPDATE task SET considered_at = ?2 - 60000 WHERE name = ?1 AND considered_at = ?3",
            (&task, due_at, started_at),
        )?;
    }
    Ok(failed == 1)
}

/// Whether a task's process died so often for one minute that it is not begun again, by its last run.
pub fn is_left(connection: &Connection, task: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT r.outcome = 'interrupted' AND r.due_at IS NOT NULL
                    AND (SELECT count(*) FROM task_run o
                         WHERE o.task = r.task AND o.due_at = r.due_at AND o.outcome = 'interrupted')
                        >= ?2
             FROM task_run r WHERE r.task = ?1 ORDER BY r.id DESC LIMIT 1",
        )?
        .query_row((task, TRIES), |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

/// Whether some run is recorded as going on. Whoever holds the lock knows that its process died.
pub fn any_running(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM task_run WHERE outcome = 'running')")?
        .query_row([], |row| row.get(0))?)
}

/// Records that the runs going on died, and makes each owed again: every kind of run may be begun
/// anew. One that died [`TRIES`] times for the same minute is left; the names of those tasks.
pub fn bury(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT task FROM task_run r
         WHERE outcome = 'running' AND due_at IS NOT NULL
           AND (SELECT count(*) FROM task_run o
                WHERE o.task = r.task AND o.due_at = r.due_at AND o.outcome = 'interrupted') >= ?1 - 1",
    )?;
    let left = statement
        .query_map([TRIES], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    connection.execute(
        "UPDATE task SET considered_at = owed.due_at - 60000
         FROM (SELECT task, due_at, started_at FROM task_run r
               WHERE outcome = 'running' AND due_at IS NOT NULL
                 AND (SELECT count(*) FROM task_run o
                      WHERE o.task = r.task AND o.due_at = r.due_at AND o.outcome = 'interrupted')
                     < ?1 - 1) owed
         WHERE task.name = owed.task AND task.considered_at = owed.started_at",
        [TRIES],
    )?;
    connection.execute(
        "UPDATE task_run SET outcome = 'interrupted', ended_at = ?1,
                message = 'its process ended before it did'
         WHERE outcome = 'running'",
        [Millis(now)],
    )?;
    Ok(left)
}

/// The last run of a task.
pub fn last_run(connection: &Connection, task: &str) -> Result<Option<TaskRun>> {
    Ok(runs(connection, task, 1)?.pop())
}

/// The last run of a task that did all it had to.
pub fn last_success(connection: &Connection, task: &str) -> Result<Option<TaskRun>> {
    Ok(connection
        .prepare_cached(
            "SELECT * FROM task_run WHERE task = ?1 AND outcome = 'done' ORDER BY id DESC LIMIT 1",
        )?
        .query_row([task], read_run)
        .optional()?)
}

/// The runs of a task, newest first, at most `limit` (0: all).
pub fn runs(connection: &Connection, task: &str, limit: i64) -> Result<Vec<TaskRun>> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM task_run WHERE task = ?1 ORDER BY id DESC LIMIT ?2")?;
    let rows = statement.query_map((task, if limit == 0 { -1 } else { limit }), read_run)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::Schedule;
    use crate::domain::task::{Run, RunOutcome};
    use crate::store::Store;
    use serde_json::Map;
    use std::path::Path;

    #[test]
    fn trial_80_a_run_that_failed_for_a_reason_that_passes_is_owed_again_three_times_and_told_once()
    {
        let mut store = Store::imagined(Path::new("nowhere.db")).expect("a database");
        store.write(|_| Ok(())).expect("writing has begun");
        let c = store.connection();
        let due: DateTime<Utc> = "2026-11-23T11:00:00Z".parse().expect("an instant");
        let task = Task {
            name: "nightly".to_owned(),
            run: Run::Backup,
            schedule: Schedule::parse(["0", "8", "*", "*", "*"]).expect("a schedule"),
            enabled: true,
            channels: Vec::new(),
            report: None,
            template: None,
            limit: None,
            kinds: Vec::new(),
            full: false,
        };
        save(c, &task, due - chrono::TimeDelta::hours(1)).expect("saved");
        let ending = RunEnding {
            outcome: RunOutcome::Failed,
            counts: Map::new(),
            message: Some("the disk is full".to_owned()),
            seconds: 0.0,
        };
        let mut runs = Vec::new();
        for minute in 0..6 {
            let now = due + chrono::TimeDelta::minutes(minute);
            let (_, considered) = enabled(c).expect("tasks").remove(0);
            if considered >= due {
                break;
            }
            let id = begin(c, &task, Some(due), now).expect("begun");
            end(c, id, &ending, now).expect("ended");
            runs.push(again(c, id).expect("looked at"));
        }
        // The run of its minute and three more; only the first is told.
        assert_eq!(runs, [true, false, false, false]);
    }
}
