//! `regua sync`: the ERP's web service into the book.

use clap::{Args, Subcommand};
use serde_json::json;

use super::arguments::share;
use super::signals::Listener;
use super::{Context, Outcome, face};
use crate::clock::Stopwatch;
use crate::domain::book::FactKind;
use crate::domain::percent::Percent;
use crate::error::Result;
use crate::jobs::sync::{
    self, ColumnSource, Noticed, Refused, RowPlan, SyncRequest, SyncSummary, Synced,
};
use crate::view::{Cell, Format, View};

mod codes;

/// Refused rows and things noticed that a person is told one by one.
const TOLD: usize = 10;

/// Read what changed in the ERP into the book; nothing is sent.
#[derive(Debug, Args)]
#[command(
    after_help = "Kinds: clients contracts invoices logins topics staff tickets; devices and opt-outs from a program.\n\
        None named: all that the sources have.\n\n\
        Only what changed since the last sync is asked for. All of it is read before anything is\n\
        written; when the source fails midway, nothing is changed.\n\n\
        Examples:\n  \
        regua sync                     what changed, of every kind\n  \
        regua sync --dry-run           what it would change\n  \
        regua sync --full invoices     every invoice, changed or not\n  \
        regua sync --explain invoices  which column comes from which field\n  \
        regua sync codes               the payment codes that today's texts need\n  \
        regua doctor                   whether the source answers, and each form may be read"
)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Command {
    #[command(subcommand)]
    then: Option<Then>,
    /// What to read
    #[arg(value_name = "KIND")]
    kinds: Vec<String>,
    /// Everything, whether it changed or not
    #[arg(long)]
    full: bool,
    /// Read and compare, but write nothing
    #[arg(long)]
    dry_run: bool,
    /// Which field of each source every column of this kind comes from; nothing is read
    #[arg(long, value_name = "KIND", conflicts_with_all = ["kinds", "full", "dry_run", "most_gone"])]
    explain: Option<String>,
    /// The most that may be gone of a kind, instead of what [sync] most_gone says
    #[arg(long, value_name = "SHARE", value_parser = share)]
    most_gone: Option<Percent>,
}

/// What else a source is asked for.
#[derive(Debug, Subcommand)]
enum Then {
    /// Fetch the Pix codes and boleto lines that today's texts need, and no others
    Codes(codes::Command),
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    if let Some(Then::Codes(command)) = &command.then {
        return codes::run(command, context);
    }
    let watch = Stopwatch::start();
    if let Some(name) = &command.explain {
        let name = FactKind::typed(name).map_or(name.as_str(), |kind| kind.name);
        let columns = sync::explain(&context.config, name)?;
        context.out.all(column_view(), &columns)?;
        return Ok(Outcome::Done);
    }
    let kinds = FactKind::meant(&command.kinds);
    sync::wanted(&kinds)?;
    let sources = sync::configured(&context.config)?;
    let request = SyncRequest {
        kinds,
        full: command.full,
        dry_run: command.dry_run,
        most_gone: command.most_gone,
        by_task: false,
    };
    let mut store = if command.dry_run {
        context.open_to_look()?
    } else {
        context.open()?
    };
    let listener = Listener::ending_at_the_second()?;
    let mut bar = context.out.progress("reading", 0, false);
    let out = context.out;
    let mut shown = "";
    let mut progress = |kind, rows| {
        if kind != shown {
            bar = out.progress(kind, 0, false);
            shown = kind;
        }
        bar.at(rows);
        sync::unless_stopped(&listener.stop)
    };
    let (config, clock) = (&context.config, &context.clock);
    let ran = sync::sync(&mut store, &sources, &request, config, clock, &mut progress);
    drop(bar);
    let summary = match (ran, listener.outcome()) {
        (Ok(summary), _) => summary,
        (Err(error), Some(stopped)) => {
            context.out.complain(error.on_one_line());
            return Ok(stopped);
        }
        (Err(error), None) => return Err(error),
    };
    tell(context, &summary);
    answer(command, context, &summary, watch.elapsed().as_secs_f64())?;
    Ok(if summary.refused_rows() > 0 {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

/// What a person should know, on standard error.
fn tell(context: &Context, summary: &SyncSummary) {
    let out = &context.out;
    for note in &summary.notes {
        out.warn(note);
    }
    for noticed in summary.noticed.iter().take(TOLD) {
        let rows = match noticed.rows {
            1 => format!("{} {}", noticed.kind, noticed.first_id),
            n => format!("{n} {}, the first {}", noticed.kind, noticed.first_id),
        };
        let found = if noticed.code {
            format!("the code `{}`, which regua does not know", noticed.found)
        } else {
            noticed.found.clone()
        };
        out.warn(format!(
            "{rows}: {}: {found}; {}",
            noticed.field, noticed.taken
        ));
    }
    if summary.noticed.len() > TOLD {
        out.warn(format!(
            "and {} more such; --json has all",
            summary.noticed.len() - TOLD
        ));
    }
    for row in summary.refused.iter().take(TOLD) {
        out.warn(format!(
            "refused {} {}: {}: {}, {}",
            row.kind, row.id, row.column, row.found, row.remedy
        ));
    }
    tell_plans(context, &summary.plans);
    let refused = summary.refused_rows();
    if refused > 0 {
        out.warn(format!(
            "refused rows: {refused}; the rest was taken, and they are read again by the next sync"
        ));
    }
    if summary.ticket_messages > 0 {
        out.say(format!(
            "{} messages about tickets wait in the queue; regua queue deliver sends them",
            summary.ticket_messages
        ));
    }
    if summary.access.queued > 0 {
        out.say(format!(
            "{} messages about access wait in the queue; regua queue deliver sends them",
            summary.access.queued
        ));
    }
    if summary.kinds.iter().all(|kind| kind.read == 0) {
        out.say("nothing changed at the source");
    }
}

/// The first rows that a rehearsal would change.
fn tell_plans(context: &Context, plans: &[RowPlan]) {
    for plan in plans.iter().take(TOLD) {
        let (kind, id) = (plan.kind, plan.id);
        context.out.say(match plan.change {
            "new" => format!("it would add {kind} {id}"),
            "gone" => format!("it would take {kind} {id} as gone"),
            "back" => format!("it would bring back {kind} {id}"),
            _ => format!("it would change {kind} {id}: {}", plan.columns.join(", ")),
        });
    }
    if plans.len() > TOLD {
        context
            .out
            .say("and others; --json names the first thousand");
    }
}

fn answer(command: &Command, context: &Context, summary: &SyncSummary, seconds: f64) -> Result<()> {
    let seconds = face::seconds(seconds);
    if context.out.format() == Format::Json {
        return context.out.json(&json!({
            "full": command.full,
            "dry_run": command.dry_run,
            "kinds": kind_view().array(&summary.kinds),
            "refused": refused_view().array(&summary.refused),
            "changes": plan_view().array(&summary.plans),
            "noticed": noticed_view().array(&summary.noticed),
            "notes": summary.notes,
            "ticket_events": summary.ticket_events,
            "ticket_messages": summary.ticket_messages,
            "access_changes": summary.access.changes,
            "access_messages": summary.access.queued,
            "access_held": summary.access.held,
            "requests": summary.requests,
            "seconds": seconds,
        }));
    }
    let mut list = context.out.list(kind_view());
    list.rows(&summary.kinds)?;
    let wrote = if command.dry_run {
        "nothing was written (--dry-run)"
    } else {
        "written"
    };
    list.finish(&format!(
        "{wrote}, {} requests, {seconds} s",
        summary.requests
    ))
}

fn column_view() -> View<'static, ColumnSource> {
    View::<ColumnSource>::new()
        .words("source", |row| Cell::of(&row.source))
        .words("column", |row| Cell::of(row.column))
        .words("field", |row| Cell::of(&row.field))
}

fn kind_view() -> View<'static, Synced> {
    View::<Synced>::new()
        .words("kind", |kind| kind.kind)
        .words("source", |kind| Cell::of(&kind.source))
        .data("form", |kind| Cell::of(&kind.form))
        .words("changed_since", |kind| kind.changed_since.clone())
        .number("read", |kind| kind.read)
        .number("new", |kind| kind.new)
        .number("changed", |kind| kind.changed)
        .number("unchanged", |kind| kind.unchanged)
        .number("refused", |kind| kind.refused)
        .data("erased", |kind| kind.erased)
        .number("gone", |kind| kind.gone)
        .data("back", |kind| kind.back)
        .data("unconfirmed", |kind| kind.unconfirmed)
}

fn plan_view() -> View<'static, RowPlan> {
    View::<RowPlan>::new()
        .words("kind", |plan| plan.kind)
        .words("source", |plan| Cell::of(&plan.source))
        .words("id", |plan| plan.id)
        .words("change", |plan| plan.change)
        .words("columns", |plan| json!(plan.columns))
}

fn refused_view() -> View<'static, Refused> {
    View::<Refused>::new()
        .words("kind", |row| row.kind)
        .words("id", |row| row.id)
        .words("column", |row| row.column)
        .words("found", |row| Cell::of(&row.found))
        .words("remedy", |row| Cell::of(&row.remedy))
}

fn noticed_view() -> View<'static, Noticed> {
    View::<Noticed>::new()
        .words("kind", |noticed| noticed.kind)
        .words("field", |noticed| Cell::of(&*noticed.field))
        .words("found", |noticed| Cell::of(&noticed.found))
        .words("taken", |noticed| Cell::of(&noticed.taken))
        .words("unknown_code", |noticed| noticed.code)
        .number("rows", |noticed| noticed.rows)
        .words("first_id", |noticed| noticed.first_id)
}
