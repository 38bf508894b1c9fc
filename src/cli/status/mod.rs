//! `regua status`: how things stand, on one screen, and what wants attention.

#[cfg_attr(not(feature = "postgres"), path = "no_hosts.rs")]
mod hosts;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Context, Outcome, face};
use crate::clock::iso;
use crate::domain::words::{Status, Word as _};
use crate::error::Result;
use crate::jobs::status::{self, Standing, TaskState};
use crate::jobs::watch::Attention;
use crate::store::status::ChannelQueue;
use crate::view::{Cell, Format, View};

/// How things stand: queue, tasks, cases, today's messages, and what wants attention
#[derive(Debug, Args)]
#[command(
    after_help = "What wants attention stands last, each with the command that mends it.\n\n\
        Exit code: 0; with --check 4 when something wants attention.\n\n\
        Examples:\n  regua status\n  regua status --check -q || mail -s 'regua' ops@example.com < /dev/null"
)]
pub(super) struct Command {
    /// Exit with 4 when something wants attention
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let mut standing = status::look(store.connection(), &context.config, context.now())?;
    let hosts = hosts::asked(context, &mut standing.attention);
    let mut document = document(context, &standing);
    hosts::note(context, &hosts, &mut document);
    if !context.out.document(&document)? {
        tell(context, &standing, &hosts)?;
    }
    Ok(if command.check && !standing.attention.is_empty() {
        Outcome::WorldFailed
    } else {
        Outcome::Done
    })
}

/// The answer as one document.
fn document(context: &Context, standing: &Standing) -> Value {
    let counts = |pairs: Vec<(&str, u64)>| -> Map<String, Value> {
        pairs
            .into_iter()
            .map(|(word, n)| (word.to_owned(), Value::from(n)))
            .collect()
    };
    let cases = standing.cases.iter();
    let statuses = Status::ALL.iter();
    json!({
        "at": iso(context.now().at, context.clock.zone()),
        "queue": queue_view(context).array(&standing.queue),
        "tasks": tasks_view(context).array(&standing.tasks),
        "data_age_hours": standing.data_age_hours,
        "cases": counts(cases.map(|(stage, n)| (stage.as_str(), *n)).collect()),
        "today": counts(statuses.map(|status| (status.as_str(), today(standing, *status))).collect()),
        "incidents": standing.incidents,
        "attention": attention_view().array(&standing.attention),
    })
}

fn today(standing: &Standing, status: Status) -> u64 {
    standing.today.get(&status).copied().unwrap_or(0)
}

fn queue_view(context: &Context) -> View<'_, ChannelQueue> {
    View::<ChannelQueue>::new()
        .words("channel", |queue| queue.channel.as_str())
        .number("due", |queue| queue.due)
        .number("waiting", |queue| queue.for_hours + queue.for_retry)
        .number("unknown", |queue| queue.unknown)
        .words("oldest_due_at", |queue| {
            face::instant(context, queue.oldest_due_at)
        })
}

fn tasks_view(context: &Context) -> View<'_, TaskState> {
    View::<TaskState>::new()
        .and(face::task_view(context), |state: &TaskState| &state.task)
        .words("overdue", |state| state.overdue)
}

fn attention_view<'a>() -> View<'a, Attention> {
    View::<Attention>::new()
        .words("what", |attention| Cell::Said(attention.what.clone()))
        .number("count", |attention| attention.count)
        .words("remedy", |attention| Cell::Said(attention.remedy.clone()))
}

/// Words of which there are some, and how many.
fn counted(context: &Context, what: &'static str, rows: Vec<(&'static str, u64)>) -> Result<()> {
    let rows: Vec<_> = rows.into_iter().filter(|(_, n)| *n > 0).collect();
    if rows.is_empty() {
        return context.out.text("  none");
    }
    let view = View::<(&'static str, u64)>::new()
        .words(what, |(word, _)| Cell::Word(word))
        .number("count", |(_, n)| *n);
    context.out.all(view, &rows)
}

/// The screen for people. As CSV, what wants attention.
fn tell(context: &Context, standing: &Standing, hosts: &hosts::Hosts) -> Result<()> {
    let out = &context.out;
    if out.format() == Format::Csv {
        return out.all(attention_view(), &standing.attention);
    }
    let heading = |text: &str| out.text(format!("\n{text}"));
    out.text(format!("regua at {}", context.now().iso(context.now().at)))?;
    heading("Queue")?;
    told_queue(context, standing)?;
    hosts::tell(context, hosts)?;
    heading("Tasks")?;
    if standing.tasks.is_empty() {
        out.text("  no tasks yet")?;
    } else {
        let shown = [
            "name",
            "last_run_at",
            "last_outcome",
            "next_run_at",
            "overdue",
        ];
        out.all(tasks_view(context).shows(&shown), &standing.tasks)?;
    }
    let messages = Status::ALL
        .iter()
        .map(|status| (status.as_str(), today(standing, *status)));
    heading("Today's messages")?;
    counted(context, "status", messages.collect())?;
    let cases = standing.cases.iter();
    heading("Open cases")?;
    counted(
        context,
        "stage",
        cases.map(|(stage, n)| (stage.as_str(), *n)).collect(),
    )?;
    if !standing.incidents.is_empty() {
        out.text(format!(
            "\nOpen incidents: {}",
            standing.incidents.join(", ")
        ))?;
    }
    if let Some(hours) = standing.data_age_hours {
        out.text(if hours == 1 {
            "\nThe invoices are one hour old.".to_owned()
        } else {
            format!("\nThe invoices are {hours} hours old.")
        })?;
    }
    told_attention(context, standing)
}

/// What waits, where anything does.
fn told_queue(context: &Context, standing: &Standing) -> Result<()> {
    let out = &context.out;
    let busy =
        |queue: &&ChannelQueue| queue.due + queue.for_hours + queue.for_retry + queue.unknown > 0;
    let busy: Vec<&ChannelQueue> = standing.queue.iter().filter(busy).collect();
    if busy.is_empty() {
        return out.text("  nothing waits");
    }
    let view = View::<&ChannelQueue>::new()
        .words("channel", |queue| queue.channel.as_str())
        .number("due", |queue| queue.due)
        .words("oldest_due_at", |queue| {
            face::instant(context, queue.oldest_due_at)
        })
        .number("for_hours", |queue| queue.for_hours)
        .number("for_retry", |queue| queue.for_retry)
        .number("unknown", |queue| queue.unknown);
    out.all(view, &busy)
}

/// What wants attention, each with what mends it.
fn told_attention(context: &Context, standing: &Standing) -> Result<()> {
    let out = &context.out;
    out.text("\nAttention")?;
    if standing.attention.is_empty() {
        return out.text("  nothing wants attention");
    }
    for Attention {
        what,
        count,
        remedy,
    } in &standing.attention
    {
        let many = if *count > 1 {
            format!("{count} × ")
        } else {
            String::new()
        };
        out.text(format!("! {many}{what}\n  try: {remedy}"))?;
    }
    Ok(())
}
