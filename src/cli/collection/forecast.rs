//! `regua collection forecast`: what the coming days would send if nobody paid.

use std::fmt::Write as _;

use super::{Context, Outcome, weekday};
use crate::domain::ladder::Phase;
use crate::error::Result;
use crate::jobs::forecast::{self as job, ForecastDay};
use crate::view::{Format, View, chart};

/// Runs the command.
pub(super) fn run(days: u64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let coming = job::forecast(saved.connection(), &context.config, context.now(), days)?;
    if context.out.format() == Format::Table {
        context.out.text(bars(&coming))?;
    }
    let mut list = context.out.list(view());
    list.rows(&coming)?;
    list.finish(&format!(
        "{} messages about {} steps in {days} days; by phase: messages",
        coming.iter().map(messages).sum::<u64>(),
        coming.iter().map(invoices).sum::<u64>()
    ))?;
    Ok(Outcome::Done)
}

fn messages(day: &ForecastDay) -> u64 {
    day.messages.values().sum()
}

fn invoices(day: &ForecastDay) -> u64 {
    day.invoices.values().sum()
}

/// A day to come, with a column for each phase.
fn view() -> View<'static, ForecastDay> {
    let view = View::<ForecastDay>::new()
        .words("on", |day| day.on)
        .data("weekday", |day| weekday(day.on));
    Phase::unpaid()
        .fold(view, |view, phase| {
            view.number(phase.word(), move |day| {
                day.messages.get(&phase).copied().unwrap_or_default()
            })
        })
        .number("messages", messages)
        .number("invoices", invoices)
}

fn bars(coming: &[ForecastDay]) -> String {
    let most = coming.iter().map(messages).max().unwrap_or(0);
    let mut text = String::from("Messages a day, if nobody paid\n");
    for day in coming {
        let total = messages(day);
        let bar = chart::bar(total, most, chart::WIDTH);
        let line = format!("{} {} {bar} {total}", day.on, weekday(day.on));
        // Writing to a text does not fail.
        let _ = writeln!(text, "{}", line.replace("  ", " "));
    }
    text
}
