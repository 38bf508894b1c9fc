//! `regua collection forecast`: what the coming days would send if nobody paid.

use super::{Context, Outcome, weekday};
use crate::domain::ladder::Phase;
use crate::error::Result;
use crate::jobs::forecast::{self as job, ForecastDay};
use crate::view::chart::{self, Bar};
use crate::view::{Format, View, language};

/// Runs the command.
pub(super) fn run(days: u64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let coming = job::forecast(saved.connection(), &context.config, context.now(), days)?;
    if context.out.format() == Format::Table {
        tell_picture(context, &coming)?;
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
        .spares(&["invoices", "bureau", "visit"])
}

/// One picture of all days: each a bar of its phases, in the ladder's order.
fn tell_picture(context: &Context, coming: &[ForecastDay]) -> Result<()> {
    let bars: Vec<Bar> = coming
        .iter()
        .map(|day| Bar {
            name: format!("{} {}", day.on, language::word(weekday(day.on))),
            parts: Phase::unpaid()
                .map(|phase| day.messages.get(&phase).copied().unwrap_or_default())
                .collect(),
            tail: messages(day).to_string(),
        })
        .collect();
    let names: Vec<&str> = Phase::unpaid()
        .map(|phase| language::word(phase.word()))
        .collect();
    let out = &context.out;
    out.text("Messages a day, if nobody paid")?;
    out.theirs(chart::picture(&bars, out.width()))?;
    out.theirs(format!("{}\n\n", chart::legend(&bars, &names)))
}
