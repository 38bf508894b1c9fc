//! `regua collection stats`: how each stage has done.

use std::fmt::Write as _;

use super::{Context, Outcome, read_day};
use crate::domain::money::Money;
use crate::domain::words::Word as _;
use crate::error::Result;
use crate::jobs::collection as job;
use crate::store::collection::{self as store, StageFigures};
use crate::view::measure::padded;
use crate::view::{Cell, Format, View, chart};

/// Columns that the name of a stage takes before its bar.
const NAMES: usize = 12;

/// Runs the command.
pub(super) fn run(rule: Option<&str>, since: Option<&str>, context: &Context) -> Result<Outcome> {
    let since = since.map(read_day).transpose()?;
    let saved = context.open()?;
    if let Some(name) = rule {
        job::get_rule(saved.connection(), name)?;
    }
    let figures = store::figures(saved.connection(), rule, since)?;
    if context.out.format() == Format::Table && !figures.is_empty() {
        context.out.text(bars(&figures))?;
    }
    let mut list = context.out.list(view());
    list.rows(&figures)?;
    let recovered = figures.iter().map(|figure| figure.recovered.cents()).sum();
    list.finish(&format!("{} recovered", Money::from_cents(recovered)))?;
    Ok(Outcome::Done)
}

fn view() -> View<'static, StageFigures> {
    View::<StageFigures>::new()
        .words("stage", |figure| figure.stage.as_str())
        .number("entered", |figure| figure.entered)
        .number("paid_within_7", |figure| figure.paid_within_7)
        .number("paid_within_30", |figure| figure.paid_within_30)
        .number("recovered", |figure| Cell::Cents(figure.recovered.cents()))
}

fn bars(figures: &[StageFigures]) -> String {
    let entered = |figure: &StageFigures| u64::try_from(figure.entered).unwrap_or_default();
    let most = figures.iter().map(entered).max().unwrap_or(0);
    let mut text = String::from("Cases that came to each stage\n");
    for figure in figures {
        let name = padded(&figure.stage.to_string(), NAMES);
        let bar = chart::bar(entered(figure), most, chart::WIDTH);
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name} {bar} {}", figure.entered);
    }
    text
}
