//! `regua task list` and `show`: tasks, and what became of their runs.

use serde_json::{Map, Value, json};

use super::face::TaskRow;
use super::{Context, Outcome, face};
use crate::domain::schedule::Part;
use crate::domain::task::Task;
use crate::domain::text::typed;
use crate::domain::words::Word as _;
use crate::error::Result;
use crate::store::task::{self as store, TaskRun};
use crate::view::{Cell, Format, Spreadsheet, View, language};

/// Lists the tasks.
pub(super) fn list(context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let view = face::task_view(context)
        .spares(&["enabled", "last_run_at"])
        .when_empty(
            "no tasks yet",
            "regua task add --help, or regua apply FILE; regua task crontab for cron's line",
        );
    let mut answer = context.out.list(view);
    let mut left = Vec::new();
    for task in store::list(saved.connection())? {
        if store::is_left(saved.connection(), &task.name)? {
            left.push(task.name.clone());
        }
        let last = store::last_run(saved.connection(), &task.name)?;
        answer.row(&(task, last))?;
    }
    answer.finish("")?;
    for name in left {
        context.out.warn(format!(
            "task `{name}`: its process died three times for one minute, and it waits for its next: regua task run {}",
            typed(&name)
        ));
    }
    Ok(Outcome::Done)
}

/// A task with all its parts.
pub(super) fn view(context: &Context) -> View<'_, TaskRow> {
    let view = Part::ALL
        .into_iter()
        .fold(face::task_view(context), |view, part| {
            view.words(part.as_str(), move |(task, _)| {
                Cell::of(task.schedule.text(part))
            })
        });
    view.words("channels", |(task, _)| json!(task.channels))
        .words("report", |(task, _)| task.report.clone())
        .words("template", |(task, _)| task.template.clone())
        .number("limit", |(task, _)| task.limit)
        .words("kinds", |(task, _)| json!(task.kinds))
        .words("full", |(task, _)| task.full)
}

/// Counts as people read them; the zeros are left out.
pub(super) fn counts_cell(counts: &Map<String, Value>) -> Cell {
    let shown: Vec<String> = counts
        .iter()
        .filter(|(_, value)| value.as_i64() != Some(0))
        .map(|(key, value)| format!("{} {value}", language::header(key)))
        .collect();
    Cell::Shown {
        data: Value::Object(counts.clone()),
        shown: shown.join(", "),
    }
}

/// What a run said: its first line for people, all of it for programs.
pub(super) fn message_cell(message: Option<&str>) -> Cell {
    message.map_or(Cell::Null, |message| {
        let first = message.lines().next().unwrap_or_default();
        Cell::shown(message, language::said(first))
    })
}

fn run_view(context: &Context) -> View<'_, TaskRun> {
    View::<TaskRun>::new()
        .words("started_at", |run| {
            face::instant(context, Some(run.started_at))
        })
        .data("ended_at", |run| face::instant(context, run.ended_at))
        .data("due_at", |run| face::instant(context, run.due_at))
        .words("outcome", |run| face::outcome_cell(run.outcome))
        .words("seconds", |run| {
            run.seconds
                .map(|seconds| Cell::Measure(face::seconds(seconds)))
        })
        .words("counts", |run| counts_cell(&run.counts))
        .words("message", |run| message_cell(run.message.as_deref()))
}

/// Shows a task and its last runs.
pub(super) fn one(name: &str, limit: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let task = store::get(saved.connection(), name)?;
    let runs = store::runs(saved.connection(), name, limit)?;
    if matches!(context.out.format(), Format::Json | Format::Jsonl) {
        let last = store::last_run(saved.connection(), name)?;
        let view = view(context).words("runs", |_| run_view(context).array(&runs));
        context.out.one(view, &(task, last))?;
        return Ok(Outcome::Done);
    }
    if context.out.format() == Format::Table {
        context.out.text(heading(context, &task))?;
    }
    let view = run_view(context).when_empty(
        "it has not run yet",
        format!("regua task run {}", typed(name)),
    );
    context.out.all(view, &runs)?;
    Ok(Outcome::Done)
}

/// What a task is, for people.
fn heading(context: &Context, task: &Task) -> String {
    let next = match face::next_run(context, task) {
        Cell::Null => None,
        next => Some(next.for_sheets(Spreadsheet::default()).into_owned()),
    };
    let mut text = format!(
        "{}: {} at `{}`{}\n",
        task.name,
        task.run,
        task.schedule,
        if task.enabled { "" } else { ", disabled" }
    );
    let channels: Vec<&str> = task.channels.iter().map(|c| c.as_str()).collect();
    let kinds = (!task.kinds.is_empty()).then(|| task.kinds.join(", "));
    let full = task.full.then(|| "yes".to_owned());
    let limit = task.limit.map(|limit| limit.to_string());
    for (key, value) in [
        (
            "channels",
            (!channels.is_empty()).then(|| channels.join(", ")),
        ),
        ("report", task.report.clone()),
        ("template", task.template.clone()),
        ("limit", limit),
        ("kinds", kinds),
        ("full", full),
        ("next run", next),
    ] {
        if let Some(value) = value {
            text.push_str(&format!("{key}: {value}\n"));
        }
    }
    text
}
