//! `regua task`: what cron starts, and when.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::arguments::word;
use super::signals::Listener;
use super::{Context, Outcome, face};
use crate::clock::iso;
use crate::domain::schedule::{Part, Schedule};
use crate::domain::task::{Outcome as RunOutcome, Run, Task};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::run_due::{self, Hands, Ran};
use crate::jobs::task as job;
use crate::store::Connection;
use crate::store::task::{self as store, TaskRun};
use crate::view::{Cell, Column, Format, Tone};

/// Tasks: what is run on a schedule.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "One line in cron runs them all: `regua task crontab` prints it, `regua task systemd` a timer.\n\n\
    A schedule has the five fields of crontab(5), with Debian's meaning: *, values, lists, ranges, steps after\n\
    * or a range, names (mon, jan); 0 and 7 are Sunday. When both day and weekday are restricted, either\n\
    matches; a field that begins with * counts as unrestricted, so that */2 days and a weekday must both match.\n\
    When daylight saving skips a time, it runs right after; when a time comes twice, it runs once; a schedule\n\
    whose minute or hour begins with * follows the clock instead.\n\n\
    Examples:\n  \
    regua task add collections --run collection-update --minute 30 --hour 8 --weekday 1-6\n  \
    regua task add birthdays --run birthday-queue --minute 0 --hour 8\n  \
    regua task add forward --run send-queue --minute '*/10' --hour 8-19\n  \
    regua task add nightly --run backup --minute 0 --hour 3"
)]
pub enum Command {
    /// Add a task
    #[command(after_help = "Examples:\n  \
        regua task add collections --run collection-update --minute 30 --hour 8 --weekday 1-6\n  \
        regua task add forward --run send-queue --minute '*' --hour '*' --channel whatsapp\n  \
        regua task add weekly --run send --report cut-for-debt --template overdue-push --minute 0 --hour 9 --weekday mon")]
    Add(Add),
    /// Change parts of a task
    #[command(after_help = "Example:\n  regua task edit collections --hour 9")]
    Edit(Edit),
    /// Let run-due run it again, from now on
    Enable {
        /// Its name
        name: String,
    },
    /// Keep it, but do not run it
    Disable {
        /// Its name
        name: String,
    },
    /// List the tasks, with their last and next runs
    List,
    /// Show one task and its last runs
    Show {
        /// Its name
        name: String,
        /// At most so many runs; 0 for all
        #[arg(long, default_value_t = 10)]
        limit: i64,
    },
    /// Remove a task and the record of its runs
    Remove {
        /// Its name
        name: String,
    },
    /// Run one now, whatever its schedule
    Run {
        /// Its name
        name: String,
    },
    /// Run what is due: what cron calls each minute
    #[command(
        after_help = "Nothing due, or another run-due still working: no output, exit 0 (-v says so).\n\
        A task missed while the machine was off runs once, unless the miss is older than [tasks] catch_up_hours."
    )]
    RunDue,
    /// Print the line for crontab
    #[command(after_help = "Example:\n  (crontab -l; regua task crontab) | crontab -")]
    Crontab,
    /// Print a systemd service and timer
    #[command(after_help = "Example:\n  regua task systemd")]
    Systemd,
}

/// When and what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Schedule")]
pub struct Fields {
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
#[derive(Debug, Args)]
pub struct Parts {
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
}

/// A new task.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name
    name: String,
    /// What it runs: collection-update, birthday-queue, send-queue, send, sync, purge or backup
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
pub struct Edit {
    /// Its name
    name: String,
    /// What it runs
    #[arg(long, value_parser = word::<Run>)]
    run: Option<Run>,
    /// send-queue: every channel again
    #[arg(long, conflicts_with = "channels")]
    all_channels: bool,
    /// send: every recipient again
    #[arg(long, conflicts_with = "limit")]
    no_limit: bool,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    fields: Fields,
}

/// Runs the command.
pub fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => add_task(add, context),
        Command::Edit(edit) => edit_task(edit, context),
        Command::Enable { name } => switch(&name, true, context),
        Command::Disable { name } => switch(&name, false, context),
        Command::List => list(context),
        Command::Show { name, limit } => show(&name, limit, context),
        Command::Remove { name } => {
            let mut saved = context.open()?;
            let before = job::warnings(saved.connection(), &context.config)?;
            saved.write(|transaction| {
                store::get(transaction, &name)?;
                store::remove(transaction, &name)
            })?;
            context.out.say(format!("removed task `{name}`"));
            warn(context, saved.connection(), &before, None)?;
            Ok(Outcome::Done)
        }
        Command::Run { name } => run_now(&name, context),
        Command::RunDue => run_due(context),
        Command::Crontab => crontab(context),
        Command::Systemd => systemd(context),
    }
}

fn add_task(add: Add, context: &Context) -> Result<Outcome> {
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
    };
    keep(context, |connection| {
        if store::find(connection, &task.name)?.is_some() {
            return Err(
                Error::unacceptable(format!("there is a task `{}` already", task.name))
                    .hint(format!("regua task edit {}", task.name)),
            );
        }
        Ok(task)
    })
}

fn edit_task(edit: Edit, context: &Context) -> Result<Outcome> {
    keep(context, |connection| {
        let mut task = store::get(connection, &edit.name)?;
        let old = Part::ALL.map(|part| task.schedule.text(part).to_owned());
        task.schedule = edit
            .fields
            .schedule([&old[0], &old[1], &old[2], &old[3], &old[4]])?;
        if let Some(run) = edit.run.filter(|run| *run != task.run) {
            // What the old kind took goes with it.
            task.run = run;
            task.channels.clear();
            (task.report, task.template, task.limit) = (None, None, None);
        }
        if !edit.parts.channels.is_empty() || edit.all_channels {
            task.channels = edit.parts.channels;
        }
        task.report = edit.parts.report.or(task.report);
        task.template = edit.parts.template.or(task.template);
        task.limit = edit.parts.limit.or(task.limit.filter(|_| !edit.no_limit));
        Ok(task)
    })
}

fn switch(name: &str, enabled: bool, context: &Context) -> Result<Outcome> {
    keep(context, |connection| {
        let mut task = store::get(connection, name)?;
        task.enabled = enabled;
        Ok(task)
    })
}

/// Saves the task that `change` makes, says when it runs next, and warns of what is unwise.
fn keep(context: &Context, change: impl FnOnce(&Connection) -> Result<Task>) -> Result<Outcome> {
    let mut saved = context.open()?;
    let before = job::warnings(saved.connection(), &context.config)?;
    let now = context.now();
    let task = saved.write(|transaction| {
        let task = change(transaction)?;
        job::save(transaction, &task, now)?;
        Ok(task)
    })?;
    match context.out.format() {
        Format::Table | Format::Csv => context.out.say(match next_run(context, &task) {
            Some(next) => format!("saved task `{}`; its next run is at {next}", task.name),
            None => format!("saved task `{}`; it is disabled", task.name),
        }),
        Format::Json => context
            .out
            .json(&document(context, saved.connection(), &task)?)?,
        Format::Jsonl => context
            .out
            .json_line(&document(context, saved.connection(), &task)?)?,
    }
    warn(context, saved.connection(), &before, Some(&task.name))?;
    Ok(Outcome::Done)
}

/// Says what is unwise about a task, and what a change made unwise about others.
fn warn(
    context: &Context,
    connection: &Connection,
    before: &[(String, String)],
    saved: Option<&str>,
) -> Result<()> {
    for warning in job::warnings(connection, &context.config)? {
        let (name, text) = &warning;
        if saved == Some(name) || !before.contains(&warning) {
            context.out.warn(format!("task `{name}`: {text}"));
        }
    }
    Ok(())
}

/// The first matching minute after now, as ISO 8601; none for a disabled task.
fn next_run(context: &Context, task: &Task) -> Option<String> {
    let now = context.now();
    let next = task
        .schedule
        .next_after(now.at, now.zone)
        .filter(|_| task.enabled)?;
    Some(now.iso(next))
}

fn next_cell(context: &Context, task: &Task) -> Cell {
    let now = context.now();
    face::instant(
        context,
        task.schedule
            .next_after(now.at, now.zone)
            .filter(|_| task.enabled),
    )
}

fn outcome_cell(outcome: Option<RunOutcome>) -> Cell {
    outcome.map_or(Cell::Null, |outcome| {
        let tone = match outcome {
            RunOutcome::Done => Tone::Good,
            RunOutcome::Running | RunOutcome::Incomplete => Tone::Warn,
            RunOutcome::Failed | RunOutcome::Interrupted => Tone::Bad,
        };
        Cell::Toned(outcome.as_str().to_owned(), tone)
    })
}

fn list(context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let mut answer = context.out.list(&[
        Column::new("name"),
        Column::new("run"),
        Column::new("schedule"),
        Column::new("enabled"),
        Column::new("last_run_at"),
        Column::new("last_outcome"),
        Column::new("next_run_at"),
    ]);
    for task in store::list(saved.connection())? {
        let last = store::last_run(saved.connection(), &task.name)?;
        answer.row(vec![
            Cell::of(&task.name),
            Cell::of(task.run),
            Cell::of(&task.schedule),
            Cell::Flag(task.enabled),
            face::instant(context, last.as_ref().map(|run| run.started_at)),
            outcome_cell(last.as_ref().map(|run| run.outcome)),
            next_cell(context, &task),
        ])?;
    }
    answer.finish("")?;
    Ok(Outcome::Done)
}

/// A task as JSON: the keys of the list, then its parts.
fn document(context: &Context, connection: &Connection, task: &Task) -> Result<Value> {
    let last = store::last_run(connection, &task.name)?;
    let zone = context.clock.zone();
    let mut document = json!({
        "name": task.name,
        "run": task.run,
        "schedule": task.schedule.to_string(),
        "enabled": task.enabled,
        "last_run_at": last.as_ref().map(|run| iso(run.started_at, zone)),
        "last_outcome": last.as_ref().map(|run| run.outcome),
        "next_run_at": next_run(context, task),
    });
    for part in Part::ALL {
        document[part.as_str()] = json!(task.schedule.text(part));
    }
    document["channels"] = json!(task.channels);
    document["report"] = json!(task.report);
    document["template"] = json!(task.template);
    document["limit"] = json!(task.limit);
    Ok(document)
}

fn run_columns() -> Vec<Column> {
    vec![
        Column::new("started_at"),
        Column::new("ended_at").data_only(),
        Column::new("due_at").data_only(),
        Column::new("outcome"),
        Column::new("seconds"),
        Column::new("counts"),
        Column::new("message"),
    ]
}

/// Counts as people read them; the zeros are left out.
fn counts_cell(counts: &serde_json::Map<String, Value>) -> Cell {
    let shown: Vec<String> = counts
        .iter()
        .filter(|(_, value)| value.as_i64() != Some(0))
        .map(|(key, value)| format!("{key} {value}"))
        .collect();
    Cell::Shown {
        data: Value::Object(counts.clone()).to_string(),
        shown: shown.join(", "),
    }
}

fn seconds_cell(seconds: Option<f64>) -> Cell {
    seconds.map_or(Cell::Null, |seconds| {
        Cell::Measure((seconds * 1000.0).round() / 1000.0)
    })
}

fn run_document(context: &Context, run: &TaskRun) -> Value {
    let zone = context.clock.zone();
    json!({
        "started_at": iso(run.started_at, zone),
        "ended_at": run.ended_at.map(|at| iso(at, zone)),
        "due_at": run.due_at.map(|at| iso(at, zone)),
        "outcome": run.outcome,
        "seconds": run.seconds,
        "counts": run.counts,
        "message": run.message,
    })
}

fn show(name: &str, limit: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let task = store::get(saved.connection(), name)?;
    let runs = store::runs(saved.connection(), name, limit)?;
    match context.out.format() {
        Format::Json | Format::Jsonl => {
            let mut document = document(context, saved.connection(), &task)?;
            document["runs"] = runs.iter().map(|run| run_document(context, run)).collect();
            if context.out.format() == Format::Json {
                context.out.json(&document)?;
            } else {
                context.out.json_line(&document)?;
            }
            return Ok(Outcome::Done);
        }
        Format::Table => {
            let mut text = format!(
                "{}: {} at `{}`{}\n",
                task.name,
                task.run,
                task.schedule,
                if task.enabled { "" } else { ", disabled" }
            );
            let channels: Vec<&str> = task.channels.iter().map(|c| c.as_str()).collect();
            let limit = task.limit.map(|limit| limit.to_string());
            for (key, value) in [
                (
                    "channels",
                    (!channels.is_empty()).then(|| channels.join(", ")),
                ),
                ("report", task.report.clone()),
                ("template", task.template.clone()),
                ("limit", limit),
                ("next run", next_run(context, &task)),
            ] {
                if let Some(value) = value {
                    text.push_str(&format!("{key}: {value}\n"));
                }
            }
            context.out.text(text)?;
        }
        Format::Csv => {}
    }
    let mut list = context.out.list(&run_columns());
    for run in &runs {
        list.row(vec![
            face::instant(context, Some(run.started_at)),
            face::instant(context, run.ended_at),
            face::instant(context, run.due_at),
            outcome_cell(Some(run.outcome)),
            seconds_cell(run.seconds),
            counts_cell(&run.counts),
            message_cell(run.message.as_deref()),
        ])?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}

/// What a run said: its first line for people, all of it for programs.
fn message_cell(message: Option<&str>) -> Cell {
    message.map_or(Cell::Null, |message| Cell::Shown {
        data: message.to_owned(),
        shown: message.lines().next().unwrap_or_default().to_owned(),
    })
}

fn run_now(name: &str, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let task = store::get(saved.connection(), name)?;
    let Some(_lock) = run_due::lock(&saved)? else {
        return Err(Error::locked("another run of tasks is working")
            .hint("run it again when that has ended"));
    };
    let (ran, signal) = with_hands(context, |hands| {
        Ok(vec![run_due::run_one(&mut saved, hands, &task, None)?])
    })?;
    answer(context, &ran)?;
    Ok(outcome_of(&ran, signal))
}

fn run_due(context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let Some(_lock) = run_due::lock(&saved)? else {
        context.out.explain("another run of tasks is working");
        return Ok(Outcome::Done);
    };
    let owed = run_due::owed(&mut saved, &context.config, &context.clock)?;
    if owed.is_empty() {
        context.out.explain("nothing is due");
        return Ok(Outcome::Done);
    }
    let (ran, signal) = with_hands(context, |hands| run_due::run_owed(&mut saved, hands, &owed))?;
    answer(context, &ran)?;
    Ok(outcome_of(&ran, signal))
}

/// Does something with a listener for signals and a bar for each channel.
fn with_hands(
    context: &Context,
    work: impl FnOnce(&mut Hands<'_>) -> Result<Vec<Ran>>,
) -> Result<(Vec<Ran>, Option<Outcome>)> {
    let listener = Listener::start()?;
    let mut bars = face::Bars::new(context);
    let mut observer = |channel: Channel, done: u64, total: u64| bars.at(channel, done, total);
    let ran = work(&mut Hands {
        config: &context.config,
        clock: &context.clock,
        stop: &listener.stop,
        observer: &mut observer,
    })?;
    drop(bars);
    Ok((ran, listener.outcome()))
}

/// Lists what ran; what failed is an error on standard error besides, where cron's mail shows it.
fn answer(context: &Context, ran: &[Ran]) -> Result<()> {
    let mut columns = vec![Column::new("task"), Column::new("run")];
    columns.extend(run_columns().into_iter().filter(|column| {
        // A run that has just ended needs no second time.
        *column != Column::new("ended_at").data_only()
    }));
    let mut list = context.out.list(&columns);
    for ran in ran {
        let ending = &ran.ending;
        list.row(vec![
            Cell::of(&ran.task),
            Cell::of(ran.run),
            face::instant(context, Some(ran.started_at)),
            face::instant(context, ran.due_at),
            outcome_cell(Some(ending.outcome)),
            seconds_cell(Some(ending.seconds)),
            match context.out.format() {
                Format::Json | Format::Jsonl => Cell::Json(Value::Object(ending.counts.clone())),
                Format::Table | Format::Csv => counts_cell(&ending.counts),
            },
            message_cell(ending.message.as_deref()),
        ])?;
    }
    list.finish("")?;
    for ran in ran {
        if ran.ending.outcome == RunOutcome::Failed {
            let message = ran.ending.message.as_deref().unwrap_or_default();
            context.out.error(&Error::world(format!(
                "task `{}` failed: {message}",
                ran.task
            )));
        }
    }
    Ok(())
}

/// How it all ended: a signal first, then the gravest failure, then messages that failed.
fn outcome_of(ran: &[Ran], signal: Option<Outcome>) -> Outcome {
    if let Some(signal) = signal {
        return signal;
    }
    let failed = |kind: ErrorKind| ran.iter().any(|ran| ran.kind == Some(kind));
    if failed(ErrorKind::World) {
        Outcome::WorldFailed
    } else if failed(ErrorKind::Unacceptable) || failed(ErrorKind::Usage) {
        Outcome::Unacceptable
    } else if failed(ErrorKind::Locked) {
        Outcome::Locked
    } else if ran
        .iter()
        .any(|ran| ran.ending.outcome == RunOutcome::Incomplete)
    {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    }
}

/// The program, and the arguments with which it finds from anywhere what it found here.
fn invocation(context: &Context) -> Result<Vec<String>> {
    let absolute = |path: &Path| -> Result<PathBuf> {
        std::path::absolute(path).map_err(|error| {
            Error::world(format!("{} has no absolute path", path.display())).because(error)
        })
    };
    let program = std::env::current_exe()
        .map_err(|error| Error::world("this program does not know its place").because(error))?;
    let mut words = vec![program.display().to_string()];
    if let Some(file) = &context.config.file {
        words.push("--config".to_owned());
        words.push(absolute(file)?.display().to_string());
    }
    if context.config.file.is_none() || context.database() != context.config.database {
        words.push("--db".to_owned());
        words.push(absolute(context.database())?.display().to_string());
    }
    words.extend(["task".to_owned(), "run-due".to_owned()]);
    for (key, secret) in context.config.secrets() {
        if !secret.is_literal() && secret.file().is_none() {
            context.out.warn(format!(
                "{key} comes from the environment, which cron and systemd do not pass on: file:PATH works there"
            ));
        }
    }
    Ok(words)
}

/// A word as the shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The command as a line of crontab(5), where `%` ends a line unless it is escaped.
fn crontab_line(words: &[String]) -> String {
    let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!(
        "* * * * * {} >/dev/null",
        command.join(" ").replace('%', r"\%")
    )
}

fn crontab(context: &Context) -> Result<Outcome> {
    let line = crontab_line(&invocation(context)?);
    match context.out.format() {
        Format::Table | Format::Csv => context.out.text(line)?,
        Format::Json => context.out.json(&json!({ "line": line }))?,
        Format::Jsonl => context.out.json_line(&json!({ "line": line }))?,
    }
    context.out.explain(
        "what it does goes to the record (`regua task show`), failures to standard error, which cron mails",
    );
    Ok(Outcome::Done)
}

/// A word as systemd.service(5) reads it back.
fn for_systemd(word: &str) -> String {
    let word = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    if word
        .chars()
        .all(|c| !c.is_whitespace() && c != '\'' && c != ';')
    {
        word
    } else {
        format!("\"{word}\"")
    }
}

/// The service and the timer.
fn units(words: &[String], user: Option<&str>) -> (String, String) {
    let command: Vec<String> = words.iter().map(|word| for_systemd(word)).collect();
    let user = user.map_or_else(String::new, |user| format!("User={user}\n"));
    let service = format!(
        "[Unit]\n\
         Description=regua: run the tasks that are due\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         {user}ExecStart={}\n\
         StandardOutput=null\n",
        command.join(" ")
    );
    let timer = "[Unit]\n\
         Description=regua: look each minute for tasks that are due\n\
         \n\
         [Timer]\n\
         OnCalendar=*-*-* *:*:00\n\
         AccuracySec=1s\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n"
        .to_owned();
    (service, timer)
}

fn systemd(context: &Context) -> Result<Outcome> {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let (service, timer) = units(&invocation(context)?, user.as_deref());
    let document = json!({ "service": service, "timer": timer });
    match context.out.format() {
        Format::Table | Format::Csv => context.out.text(format!(
            "# /etc/systemd/system/regua.service\n{service}\n# /etc/systemd/system/regua.timer\n{timer}\n\
             # then: systemctl daemon-reload && systemctl enable --now regua.timer\n"
        ))?,
        Format::Json => context.out.json(&document)?,
        Format::Jsonl => context.out.json_line(&document)?,
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_crontab_line_survives_spaces_quotes_and_percent_signs() {
        assert_eq!(
            crontab_line(&words(&[
                "/usr/bin/regua",
                "--config",
                "/etc/regua/config.toml"
            ])),
            "* * * * * /usr/bin/regua --config /etc/regua/config.toml >/dev/null"
        );
        assert_eq!(
            crontab_line(&words(&["/opt/a b/regua", "--db", "/x/50%/o'k.db"])),
            r"* * * * * '/opt/a b/regua' --db '/x/50\%/o'\''k.db' >/dev/null"
        );
    }

    #[test]
    fn a_unit_escapes_what_systemd_expands() {
        let (service, _) = units(&words(&["/opt/a b/regua", "--db", "/x/50%/$HOME.db"]), None);
        assert!(service.contains("ExecStart=\"/opt/a b/regua\" --db /x/50%%/$$HOME.db\n"));
        assert!(!service.contains("User="));
    }
}
