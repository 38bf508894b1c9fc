//! `regua task add`, `edit`, `enable`, `disable` and `remove`: tasks as they are given.

use clap::Args;

use super::arguments::word;
use super::{Context, Outcome, face, show};
use crate::domain::book::FactKind;
use crate::domain::schedule::{Part, Schedule};
use crate::domain::task::{Run, Task};
use crate::domain::text::typed;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::jobs::task as job;
use crate::store::Connection;
use crate::store::task as store;
use crate::view::Spreadsheet;

/// When and what.
#[derive(Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Schedule")]
pub(super) struct Fields {
    /// Minutes: 30, 0,30, 10-20, */15 or *
    #[arg(long, value_name = "M")]
    minute: Option<String>,
    /// Hours: 8, 8,18, 8-20, 8-20/2 or *
    #[arg(long, value_name = "H")]
    hour: Option<String>,
    /// Days of the month [default: *]
    #[arg(long, value_name = "D")]
    day: Option<String>,
    /// Months, 1 to 12 or jan to dec [default: *]
    #[arg(long, value_name = "M")]
    month: Option<String>,
    /// Days of the week, 0 to 7 or sun to sat [default: *]
    #[arg(long, value_name = "W")]
    weekday: Option<String>,
}

impl Fields {
    /// The schedule, with `old` for what is not given.
    fn schedule(&self, old: [&str; 5]) -> Result<Schedule> {
        let given = [
            &self.minute,
            &self.hour,
            &self.day,
            &self.month,
            &self.weekday,
        ];
        let mut texts = old;
        for (text, given) in texts.iter_mut().zip(given) {
            if let Some(given) = given {
                *text = given;
            }
        }
        Schedule::parse(texts)
    }
}

/// What only some kinds of run take.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(super) struct Parts {
    /// send-queue: only this channel; may be given several times [default: every channel]
    #[arg(long = "channel", value_name = "CHANNEL", value_parser = word::<Channel>)]
    channels: Vec<Channel>,
    /// send: the saved report
    #[arg(long)]
    report: Option<String>,
    /// send: the template
    #[arg(long)]
    template: Option<String>,
    /// send: only the first so many recipients
    #[arg(long, value_name = "N")]
    limit: Option<i64>,
    /// sync: only these kinds, such as clients,invoices [default: every kind]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<String>,
    /// sync: everything, whether it changed or not; once a week is plenty
    #[arg(long)]
    full: bool,
}

/// A new task.
#[derive(Debug, Args)]
pub(in crate::cli) struct Add {
    /// Its name
    name: String,
    /// What it runs: collection-update, birthday-queue, send-queue, send, sync, codes, receipts, share, purge or
    /// backup
    #[arg(long, value_parser = word::<Run>)]
    run: Run,
    /// Save it without letting it run
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    fields: Fields,
}

/// A change of a task.
#[derive(Debug, Args)]
pub(in crate::cli) struct Edit {
    /// Its name
    name: String,
    /// What it runs
    #[arg(long, value_parser = word::<Run>)]
    run: Option<Run>,
    /// send-queue: every channel again
    #[arg(long, conflicts_with = "channels")]
    all_channels: bool,
    /// sync: every kind again
    #[arg(long, conflicts_with = "kinds")]
    all_kinds: bool,
    /// sync: only what changed again
    #[arg(long, conflicts_with = "full")]
    no_full: bool,
    /// send: every recipient again
    #[arg(long, conflicts_with = "limit")]
    no_limit: bool,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    fields: Fields,
}

impl Edit {
    fn changes_nothing(&self) -> bool {
        let again = self.all_channels || self.all_kinds || self.no_full || self.no_limit;
        self.run.is_none()
            && !again
            && self.parts == Parts::default()
            && self.fields == Fields::default()
    }
}

/// Adds a task.
pub(super) fn add(add: Add, context: &Context) -> Result<Outcome> {
    let fields = &add.fields;
    if fields.minute.is_none() || fields.hour.is_none() {
        return Err(Error::usage("a task needs --minute and --hour")
            .hint("--minute 30 --hour 8, or --minute '*' --hour '*' for every minute"));
    }
    let task = Task {
        schedule: fields.schedule(["*"; 5])?,
        name: add.name,
        run: add.run,
        enabled: !add.disabled,
        channels: add.parts.channels,
        report: add.parts.report,
        template: add.parts.template,
        limit: add.parts.limit,
        kinds: FactKind::meant(&add.parts.kinds),
        full: add.parts.full,
    };
    keep(context, |connection| {
        if store::find(connection, &task.name)?.is_some() {
            return Err(
                Error::unacceptable(format!("there is a task `{}` already", task.name))
                    .hint(format!("regua task edit {}", typed(&task.name))),
            );
        }
        Ok((None, task))
    })
}

/// Changes the parts of a task that are given.
pub(super) fn edit(edit: Edit, context: &Context) -> Result<Outcome> {
    if edit.changes_nothing() {
        return Err(Error::usage("nothing to change")
            .hint("--minute …, --hour …, --weekday …, --run …, --channel …")
            .hint("regua task enable and disable switch it"));
    }
    keep(context, |connection| {
        let before = store::get(connection, &edit.name)?;
        let mut task = before.clone();
        let old = Part::ALL.map(|part| task.schedule.text(part).to_owned());
        task.schedule = edit
            .fields
            .schedule([&old[0], &old[1], &old[2], &old[3], &old[4]])?;
        if let Some(run) = edit.run.filter(|run| *run != task.run) {
            // What the old kind took goes with it.
            task.run = run;
            task.channels.clear();
            task.kinds.clear();
            task.full = false;
            (task.report, task.template, task.limit) = (None, None, None);
        }
        if !edit.parts.channels.is_empty() || edit.all_channels {
            task.channels = edit.parts.channels;
        }
        if !edit.parts.kinds.is_empty() || edit.all_kinds {
            task.kinds = FactKind::meant(&edit.parts.kinds);
        }
        task.full = edit.parts.full || (task.full && !edit.no_full);
        task.report = edit.parts.report.or(task.report);
        task.template = edit.parts.template.or(task.template);
        task.limit = edit.parts.limit.or(task.limit.filter(|_| !edit.no_limit));
        Ok((Some(before), task))
    })
}

/// Lets run-due run a task, or not.
pub(super) fn switch(name: &str, enabled: bool, context: &Context) -> Result<Outcome> {
    keep(context, |connection| {
        let before = store::get(connection, name)?;
        let task = Task {
            enabled,
            ..before.clone()
        };
        Ok((Some(before), task))
    })
}

/// Saves the task that `change` makes of the one before, says when it runs next, and warns of what is unwise.
fn keep(
    context: &Context,
    change: impl FnOnce(&Connection) -> Result<(Option<Task>, Task)>,
) -> Result<Outcome> {
    let mut saved = context.open()?;
    let now = context.now();
    let (before, task) = saved.write(|transaction| {
        let (before, task) = change(transaction)?;
        job::save(transaction, &task, now)?;
        Ok((before, task))
    })?;
    let same = before.as_ref() == Some(&task);
    let last = store::last_run(saved.connection(), &task.name)?;
    let name = &task.name;
    let next = face::next_run(context, &task);
    let next = next.for_sheets(Spreadsheet::default());
    let words = match (next.is_empty(), same) {
        (true, false) => format!("saved task `{name}`; it is disabled"),
        (true, true) => format!("unchanged task `{name}`; it is disabled"),
        (false, false) => format!("saved task `{name}`; its next run is at {next}"),
        (false, true) => format!("unchanged task `{name}`; its next run is at {next}"),
    };
    face::done(context, show::view(context), &(task.clone(), last), words)?;
    warn(context, saved.connection())?;
    Ok(Outcome::Done)
}

/// Says what is unwise about the tasks as they are now, old ones too: one task makes another useless.
fn warn(context: &Context, connection: &Connection) -> Result<()> {
    for (name, text) in job::warnings(connection, &context.config)? {
        context.out.warn(format!("task `{name}`: {text}"));
    }
    Ok(())
}

/// Removes a task and the record of its runs.
pub(super) fn remove(name: &str, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    saved.write(|transaction| {
        store::get(transaction, name)?;
        store::remove(transaction, name)
    })?;
    let outcome = face::removed(context, "task", name)?;
    warn(context, saved.connection())?;
    Ok(outcome)
}
