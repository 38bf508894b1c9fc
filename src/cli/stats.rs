//! `regua stats`: how many messages were made of late, and what became of them.

use clap::Args;

use super::arguments::word;
use super::{Context, Outcome};
use crate::domain::stats::{CountedBy, MessageFigures};
use crate::domain::words::Word;
use crate::error::Result;
use crate::jobs::stats::{self as job, StatKey, StatRow};
use crate::view::chart::{self, Bar};
use crate::view::{Cell, Format, View, language};

/// How many messages were made of late, and what became of them
#[derive(Debug, Args)]
#[command(
    after_help = "Today is the last of the days. What arrived and was read is counted where the provider reports it.\n\
        By stage, the messages of collections are counted; by reason, those that have none stand last.\n\n\
        Examples:\n  regua stats\n  regua stats --by day --days 14\n  regua stats --by template -o csv > templates.csv"
)]
pub(super) struct Command {
    /// Of so many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
    /// By channel, template, reason, day or stage
    #[arg(long, value_name = "WHAT", default_value = "channel", value_parser = word::<CountedBy>)]
    by: CountedBy,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let rows = job::figures(store.connection(), command.by, context.now(), command.days)?;
    if context.out.format() == Format::Table && !rows.is_empty() {
        tell_bars(context, &rows)?;
    }
    let mut total = MessageFigures::default();
    let mut list = context.out.list(
        view(command.by).when_empty(none(command), "regua stats --days 365, or regua history"),
    );
    for row in &rows {
        total += row.figures;
        list.row(row)?;
    }
    let totals = if rows.is_empty() {
        String::new()
    } else {
        format!(
            "{} messages in {} days: {} sent, {} failed, {} skipped, {} unknown",
            total.messages, command.days, total.sent, total.failed, total.skipped, total.unknown
        )
    };
    list.finish(&totals)?;
    Ok(Outcome::Done)
}

/// What is said where there is nothing to count.
fn none(command: &Command) -> String {
    match (command.by, command.days) {
        (CountedBy::Stage, 1) => "no messages of collections today".to_owned(),
        (CountedBy::Stage, days) => format!("no messages of collections in the last {days} days"),
        (_, 1) => "no messages today".to_owned(),
        (_, days) => format!("no messages in the last {days} days"),
    }
}

/// The columns of figures, as every answer with them has them.
fn view(by: CountedBy) -> View<'static, StatRow> {
    View::<StatRow>::new()
        .words(by.as_str(), |row| key(&row.key))
        .number("messages", |row| row.figures.messages)
        .number("sent", |row| row.figures.sent)
        .number("delivered", |row| row.figures.delivered)
        .number("read", |row| row.figures.read)
        .number("failed", |row| row.figures.failed)
        .number("skipped", |row| row.figures.skipped)
        .number("unknown", |row| row.figures.unknown)
}

fn key(key: &StatKey) -> Cell {
    match key {
        StatKey::Channel(channel) => Cell::Word(channel.as_str()),
        StatKey::Template(name) => name.clone().into(),
        StatKey::Reason(reason) => reason.map(Word::as_str).into(),
        StatKey::Day(day) => Cell::Day(*day),
        StatKey::Phase(phase) => Cell::Word(phase.word()),
    }
}

/// What the parts of a bar are, in their order.
const PARTS: [&str; 5] = [
    "sent",
    "failed",
    "unknown",
    "skipped",
    "waiting or cancelled",
];

/// A bar for each line, of what became of its messages.
fn tell_bars(context: &Context, rows: &[StatRow]) -> Result<()> {
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| {
            let figures = &row.figures;
            Bar {
                name: match &row.key {
                    StatKey::Template(None) => language::said("words of its own").into_owned(),
                    StatKey::Reason(None) => language::said("no reason").into_owned(),
                    named => key(named).for_people().into_owned(),
                },
                parts: vec![
                    figures.sent,
                    figures.failed,
                    figures.unknown,
                    figures.skipped,
                    figures.others(),
                ],
                tail: figures.messages.to_string(),
            }
        })
        .collect();
    let out = &context.out;
    out.text("Messages, by what became of them")?;
    out.theirs(chart::picture(&bars, out.width()))?;
    let names = PARTS.map(language::header);
    out.theirs(format!("{}\n\n", chart::legend(&bars, &names)))
}
