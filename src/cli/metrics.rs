//! `regua metrics`: figures for a monitoring system, as Prometheus reads them from a text file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;

use super::{Context, Outcome, whole_file};
use crate::domain::words::Word as _;
use crate::error::Result;
use crate::jobs::status::{self, Standing};
use crate::store::Connection;
use crate::store::status::{ChannelQueue, totals};

/// Write figures for node_exporter's textfile collector, whole or not at all
#[derive(Debug, Args)]
#[command(
    after_help = "Nobody's name, number or text is in it. A file is written beside its place and put there at once.\n\n\
        Examples:\n  regua metrics /var/lib/prometheus/node-exporter/regua.prom\n  regua metrics -"
)]
pub(super) struct Command {
    /// The file; - is standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let standing = status::look(store.connection(), &context.config, context.now())?;
    let text = text(context, store.connection(), &standing)?;
    if command.file == Path::new("-") {
        context.out.exact(text)?;
    } else {
        whole_file::put(&command.file, &text)?;
    }
    Ok(Outcome::Done)
}

/// A figure with what it means, and its values by their labels.
struct Figure {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    values: Vec<(String, f64)>,
}

impl Figure {
    const fn gauge(name: &'static str, help: &'static str, values: Vec<(String, f64)>) -> Self {
        Self {
            name,
            kind: "gauge",
            help,
            values,
        }
    }
}

/// A label with its value, as the text format wants it.
fn label(name: &str, value: &str) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and seconds are exact as floats far beyond any provider"
)]
fn whole(number: impl TryInto<i64>) -> f64 {
    number.try_into().unwrap_or(i64::MAX) as f64
}

fn text(context: &Context, connection: &Connection, standing: &Standing) -> Result<String> {
    let mut text = String::new();
    for figure in figures(context, connection, standing)? {
        let Figure {
            name,
            kind,
            help,
            values,
        } = figure;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let labels = if labels.is_empty() {
                labels
            } else {
                format!("{{{labels}}}")
            };
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    Ok(text)
}

/// All figures, in the order in which they are written.
fn figures(context: &Context, connection: &Connection, standing: &Standing) -> Result<Vec<Figure>> {
    let now = context.now().at;
    let mut figures = of_queue(standing, now);
    figures.push(Figure {
        name: "regua_messages_total",
        kind: "counter",
        help: "Messages there ever were, by what became of them.",
        values: messages(connection)?,
    });
    figures.extend(of_tasks(connection, standing)?);
    let refreshed = crate::store::meta::refreshed(connection, "invoices")?;
    let age = refreshed.map(|at| (String::new(), whole((now - at).num_seconds().max(0))));
    figures.push(Figure::gauge(
        "regua_data_age_seconds",
        "Seconds since the invoices were imported or synced.",
        age.into_iter().collect(),
    ));
    let cases = standing.cases.iter();
    figures.push(Figure::gauge(
        "regua_cases_open",
        "Open collection cases.",
        cases
            .map(|(stage, n)| (label("stage", stage.as_str()), whole(*n)))
            .collect(),
    ));
    Ok(figures)
}

/// What waits on each channel.
fn of_queue(standing: &Standing, now: DateTime<Utc>) -> Vec<Figure> {
    let channels = |value: &dyn Fn(&ChannelQueue) -> f64| {
        let queues = standing.queue.iter();
        queues
            .map(|queue| (label("channel", queue.channel.as_str()), value(queue)))
            .collect()
    };
    let waited = |queue: &ChannelQueue| {
        let oldest = queue.oldest_due_at;
        let seconds = oldest.map(|at| (now - at).num_seconds().max(0));
        whole(seconds.unwrap_or(0))
    };
    vec![
        Figure::gauge(
            "regua_queue_due",
            "Messages that may go now.",
            channels(&|queue| whole(queue.due)),
        ),
        Figure::gauge(
            "regua_queue_oldest_seconds",
            "Seconds for which the oldest message that may go has waited.",
            channels(&waited),
        ),
        Figure::gauge(
            "regua_unknown",
            "Messages of which nobody can tell whether they went.",
            channels(&|queue| whole(queue.unknown)),
        ),
    ]
}

/// Every message there ever was, by its labels.
fn messages(connection: &Connection) -> Result<Vec<(String, f64)>> {
    let counted = totals(connection)?;
    let counted = counted.into_iter().map(|(channel, status, reason, n)| {
        let labels = [
            label("channel", channel.as_str()),
            label("status", status.as_str()),
            label("reason", reason.map_or("", |reason| reason.as_str())),
        ];
        (labels.join(","), whole(n))
    });
    Ok(counted.collect())
}

/// When each task last did all it had to, and how long that took.
fn of_tasks(connection: &Connection, standing: &Standing) -> Result<[Figure; 2]> {
    let mut succeeded = Vec::new();
    let mut lasted = Vec::new();
    for state in &standing.tasks {
        let task = &state.task.0.name;
        if let Some((at, seconds)) = status::last_success(connection, task)? {
            succeeded.push((label("task", task), whole(at.timestamp())));
            lasted.extend(seconds.map(|seconds| (label("task", task), seconds)));
        }
    }
    Ok([
        Figure::gauge(
            "regua_task_last_success_timestamp_seconds",
            "When a task last did all it had to.",
            succeeded,
        ),
        Figure::gauge(
            "regua_task_last_duration_seconds",
            "How long that took.",
            lasted,
        ),
    ])
}
