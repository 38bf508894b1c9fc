//! `regua sync`: the ERP's web service into the book.

use clap::Args;
use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::clock::Stopwatch;
use crate::error::Result;
use crate::jobs::sync::{self, Noticed, Refused, SyncRequest, SyncSummary, Synced};
use crate::view::{Cell, Column, Format};

/// Refused rows and things noticed that a person is told one by one.
const TOLD: usize = 10;

/// Read what changed in the ERP (IXC Provedor) into the book; nothing is sent.
#[derive(Debug, Args)]
#[command(
    after_help = "Kinds: clients contracts invoices logins tickets; none named: all of them.\n\
        Only what changed since the last sync is asked for. All of it is read before anything is\n\
        written; when the source fails midway, nothing is changed.\n\n\
        Examples:\n  \
        regua sync                     what changed, of every kind\n  \
        regua sync --dry-run           what it would change\n  \
        regua sync --full invoices     every invoice, changed or not\n  \
        regua doctor                   whether the source answers, and each form may be read"
)]
pub struct Command {
    /// What to read
    #[arg(value_name = "KIND")]
    kinds: Vec<String>,
    /// Everything, whether it changed or not
    #[arg(long)]
    full: bool,
    /// Read and compare, but write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    let watch = Stopwatch::start();
    sync::wanted(&command.kinds)?;
    let sources = sync::configured(&context.config)?;
    let request = SyncRequest {
        kinds: command.kinds.clone(),
        full: command.full,
        dry_run: command.dry_run,
    };
    let mut store = context.open()?;
    let mut bar = context.out.progress("reading", 0, false);
    let out = context.out;
    let mut shown = "";
    let mut progress = |kind, rows| {
        if kind != shown {
            bar = out.progress(kind, 0, false);
            shown = kind;
        }
        bar.at(rows);
    };
    let (config, clock) = (&context.config, &context.clock);
    let summary = sync::sync(&mut store, &sources, &request, config, clock, &mut progress)?;
    drop(bar);
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
    if summary.kinds.iter().all(|kind| kind.read == 0) {
        out.say("nothing changed at the source");
    }
}

fn answer(command: &Command, context: &Context, summary: &SyncSummary, seconds: f64) -> Result<()> {
    let seconds = (seconds * 1000.0).round() / 1000.0;
    if context.out.format() == Format::Json {
        return context.out.json(&json!({
            "full": command.full,
            "dry_run": command.dry_run,
            "kinds": summary.kinds.iter().map(kind_json).collect::<Vec<_>>(),
            "refused": summary.refused.iter().map(refused_json).collect::<Vec<_>>(),
            "noticed": summary.noticed.iter().map(noticed_json).collect::<Vec<_>>(),
            "notes": summary.notes,
            "ticket_events": summary.ticket_events,
            "ticket_messages": summary.ticket_messages,
            "requests": summary.requests,
            "seconds": seconds,
        }));
    }
    let mut list = context.out.list(&[
        Column::new("kind"),
        Column::new("form").data_only(),
        Column::new("changed_since"),
        Column::number("read"),
        Column::number("new"),
        Column::number("changed"),
        Column::number("unchanged"),
        Column::number("refused"),
    ]);
    let number = |n: u64| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
    for kind in &summary.kinds {
        list.row(vec![
            Cell::of(kind.kind),
            Cell::of(&kind.form),
            Cell::text(kind.changed_since.as_deref()),
            number(kind.read),
            number(kind.new),
            number(kind.changed),
            number(kind.unchanged),
            number(kind.refused),
        ])?;
    }
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

fn kind_json(kind: &Synced) -> Value {
    json!({
        "kind": kind.kind,
        "form": kind.form,
        "changed_since": kind.changed_since,
        "read": kind.read,
        "new": kind.new,
        "changed": kind.changed,
        "unchanged": kind.unchanged,
        "refused": kind.refused,
    })
}

fn refused_json(row: &Refused) -> Value {
    json!({
        "kind": row.kind,
        "id": row.id,
        "column": row.column,
        "found": row.found,
        "remedy": row.remedy,
    })
}

fn noticed_json(noticed: &Noticed) -> Value {
    json!({
        "kind": noticed.kind,
        "field": noticed.field,
        "found": noticed.found,
        "taken": noticed.taken,
        "unknown_code": noticed.code,
        "rows": noticed.rows,
        "first_id": noticed.first_id,
    })
}
