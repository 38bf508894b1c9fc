//! `regua birthday`: congratulations.

use clap::{Subcommand, value_parser};
use serde_json::{Map, Value, json};

use super::{Context, Outcome, face};
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::Result;
use crate::jobs::birthday::{self as job, BirthdayQueue, Celebration};
use crate::jobs::deliver::Delivery;
use crate::jobs::watch;
use crate::store::Store;
use crate::view::{Cell, Format, View};

/// Birthdays.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Give the templates of [birthday] to whoever's birthday it is, once a year
    #[command(
        after_help = "People only, active ones or all as [birthday] audience says; born on 29 February: on the 28th in\n\
        other years. The messages keep the hours of [birthday] and expire at the end of the day. Whatsapp\n\
        messages wait in the queue for the task send-queue, the others go at once.\n\n\
        Examples:\n  regua birthday queue --dry-run\n  regua birthday queue"
    )]
    Queue {
        /// Write nothing and send nothing: name everybody whose birthday it is, and why not
        #[arg(long)]
        dry_run: bool,
    },
    /// List whose birthday it is, today and on the days after, and who would not be told and why
    #[command(after_help = "Example:\n  regua birthday list --days 30 -o csv")]
    List {
        /// So many days, today among them
        #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u64).range(1..=366))]
        days: u64,
    },
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Queue { dry_run: false } => queue(context),
        Command::Queue { dry_run: true } => rehearse(context),
        Command::List { days } => list(context, *days),
    }
}

fn view(context: &Context) -> View<'_, Celebration> {
    let now = context.now();
    View::<Celebration>::new()
        .words("on", |row| Cell::of(row.on))
        .number("client_id", |row| row.client_id)
        .words("client_name", |row| Cell::of(&row.client_name))
        .data("birth_date", |row| Cell::maybe(row.birth_date))
        .words("template", |row| row.template.clone())
        .words("channel", |row| row.channel.map(Channel::as_str))
        .words("address", |row| {
            row.channel.map_or(Cell::Null, |channel| {
                face::address(channel, row.address.as_deref())
            })
        })
        .words("outcome", |row| row.outcome.as_str())
        .words("reason", |row| row.reason.map(Reason::as_str))
        .words("detail", |row| row.detail.clone().map(Cell::Said))
        .spares(&["address", "template", "client_id", "channel"])
        .when_empty(
            format!("nobody has a birthday in these days, from {} on", now.today),
            "regua import clients FILE brings birth dates; --days N looks further",
        )
}

/// Says how many people have a birth date that cannot be one.
fn tell_unbelievable(context: &Context, store: &Store) -> Result<()> {
    if let Some(told) = job::unbelievable(store.connection(), context.now())? {
        context.out.warn(told);
    }
    Ok(())
}

fn list(context: &Context, days: u64) -> Result<Outcome> {
    let store = context.open()?;
    let (config, now) = (&context.config, context.now());
    if config.birthday.templates.is_empty() {
        context
            .out
            .warn("no birthday template is configured: nobody is congratulated ([birthday] template = \"NAME\")");
    }
    let mut list = context.out.list(view(context));
    job::upcoming(store.connection(), config, now, days, &mut |row| {
        list.row(row)
    })?;
    list.finish("")?;
    tell_unbelievable(context, &store)?;
    Ok(Outcome::Done)
}

fn rehearse(context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let (config, now) = (&context.config, context.now());
    if context.out.format() == Format::Json {
        let mut rows = Vec::new();
        let summary = job::rehearse(store.connection(), config, now, &mut |row| {
            rows.push(row.clone());
            Ok(())
        })?;
        let skipped: u64 = summary.reasons.values().sum();
        let duplicates = summary
            .reasons
            .get(&Reason::Duplicate)
            .copied()
            .unwrap_or(0);
        let messages = face::states(|status| match status {
            Status::Queued => summary.queued,
            Status::Skipped => skipped - duplicates,
            _ => 0,
        });
        let mut document = document(&summary, messages, face::counts(&summary.reasons));
        document.insert("rows".to_owned(), view(context).array(&rows));
        context.out.json(&document)?;
    } else {
        let mut list = context.out.list(view(context));
        let summary = job::rehearse(store.connection(), config, now, &mut |row| list.row(row))?;
        list.finish(&format!(
            "{}: {} {}, {} would be queued; nothing was written: a dry run",
            summary.day,
            summary.clients,
            birthdays(summary.clients),
            summary.queued
        ))?;
    }
    tell_unbelievable(context, &store)?;
    Ok(Outcome::Done)
}

const fn birthdays(n: u64) -> &'static str {
    if n == 1 { "birthday" } else { "birthdays" }
}

/// The answer as JSON; `template` is the first of `templates`.
fn document(
    summary: &BirthdayQueue,
    messages: Map<String, Value>,
    reasons: Value,
) -> Map<String, Value> {
    Map::from_iter([
        ("day".to_owned(), json!(summary.day.to_string())),
        ("template".to_owned(), json!(summary.templates.first())),
        ("templates".to_owned(), json!(summary.templates)),
        ("clients".to_owned(), json!(summary.clients)),
        ("messages".to_owned(), Value::Object(messages)),
        ("reasons".to_owned(), reasons),
    ])
}

fn queue(context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let summary = job::queue(&mut store, &context.config, context.now())?;
    let at_once: Vec<Channel> = summary
        .channels
        .iter()
        .copied()
        .filter(|channel| channel.goes_at_once())
        .collect();
    let (delivery, signal) = if summary.queued > 0 && !at_once.is_empty() {
        face::deliver_now(context, &mut store, &at_once)?
    } else {
        (Delivery::default(), None)
    };
    face::tell_delivery(context, &delivery);
    let (states, reasons) = job::standing(store.connection(), &summary)?;
    let state = |status: Status| states.get(&status).copied().unwrap_or(0);
    if state(Status::Queued) > 0 && delivery.shared() == 0 {
        tell_queued(context, &store, &summary, state(Status::Queued))?;
    }
    tell_unbelievable(context, &store)?;
    let messages = face::states(state);
    let why = face::counts(&reasons);
    let document = document(&summary, messages.clone(), why.clone());
    if !context.out.document(&document)? {
        let mut list = context.out.list(face::counted("outcome", "messages"));
        let why = why.as_object().into_iter().flatten();
        for (word, n) in messages.iter().chain(why) {
            if let Some(n) = n.as_u64().filter(|n| *n > 0) {
                list.row(&(word.clone(), n))?;
            }
        }
        list.finish(&format!(
            "{}: {} {}, {} `{}`",
            summary.day,
            summary.clients,
            birthdays(summary.clients),
            if summary.templates.len() == 1 {
                "template"
            } else {
                "templates"
            },
            summary.templates.join("`, `")
        ))?;
    }
    let failed = state(Status::Failed) + state(Status::Unknown) > 0;
    Ok(face::outcome_of(&delivery, signal, failed))
}

/// Says that messages wait, and what will not take them in time.
fn tell_queued(
    context: &Context,
    store: &Store,
    summary: &BirthdayQueue,
    queued: u64,
) -> Result<()> {
    context.out.say(format!(
        "{queued} wait in the queue for `regua queue deliver` or a send-queue task"
    ));
    for channel in &summary.channels {
        if !channel.goes_at_once() {
            face::warn_unforwarded(context, store, *channel)?;
        }
    }
    for neglect in watch::not_taken(store.connection(), context.now())? {
        context
            .out
            .warn(format!("{}: {}", neglect.what, neglect.remedy));
    }
    Ok(())
}
