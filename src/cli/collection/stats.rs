//! `regua collection stats`: the funnel of collections, by stage, template or channel.

use chrono::NaiveDate;
use clap::Args;

use super::arguments::word;
use super::{Context, Outcome, read_day};
use crate::domain::money::Money;
use crate::domain::stats::FunnelBy;
use crate::domain::words::Word as _;
use crate::error::Result;
use crate::jobs::collection as job;
use crate::store::collection::{self as store, FunnelFigures, FunnelKey};
use crate::view::chart::{self, Bar};
use crate::view::{Cell, Format, View, language};

/// Which collections are counted, and by what.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Only cases that came to the stage on this day or later
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// By stage, template or channel
    #[arg(long, value_name = "WHAT", default_value = "stage", value_parser = word::<FunnelBy>)]
    by: FunnelBy,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome> {
    let since: Option<NaiveDate> = arguments.since.as_deref().map(read_day).transpose()?;
    let rule = arguments.rule.as_deref();
    let saved = context.open()?;
    if let Some(name) = rule {
        job::get_rule(saved.connection(), name)?;
    }
    let figures = store::figures(saved.connection(), rule, since, arguments.by)?;
    if context.out.format() == Format::Table && !figures.is_empty() {
        tell_funnel(context, &figures)?;
    }
    let mut list = context.out.list(view(arguments.by).when_empty(
        "no case came to a stage yet",
        "regua collection update, or regua collection forecast",
    ));
    list.rows(&figures)?;
    let recovered: i64 = figures.iter().map(|figure| figure.recovered.cents()).sum();
    let totals = match arguments.by {
        FunnelBy::Stage if !figures.is_empty() => {
            format!("{} recovered", Money::from_cents(recovered))
        }
        // A case that was told in several ways stands in several lines.
        _ => String::new(),
    };
    list.finish(&totals)?;
    Ok(Outcome::Done)
}

fn view(by: FunnelBy) -> View<'static, FunnelFigures> {
    View::<FunnelFigures>::new()
        .words(by.as_str(), |figure| key(&figure.key))
        .number("entered", |figure| figure.entered)
        .number("paid_within_7", |figure| figure.paid_within_7)
        .number("paid_within_30", |figure| figure.paid_within_30)
        .number("recovered_cases", |figure| figure.recovered_cases)
        .number("recovered", |figure| Cell::Cents(figure.recovered.cents()))
}

fn key(key: &FunnelKey) -> Cell {
    match key {
        FunnelKey::Stage(stage) => Cell::Word(stage.as_str()),
        FunnelKey::Template(name) => Cell::of(name),
        FunnelKey::Channel(channel) => Cell::Word(channel.as_str()),
    }
}

/// How many in a hundred; nothing of none.
fn percent(part: u64, whole: u64) -> String {
    match (part * 100 + whole / 2).checked_div(whole) {
        Some(percent) => format!("{part} ({percent} %)"),
        None => part.to_string(),
    }
}

/// The funnel: below each line's entries those that were paid, in one measure.
fn tell_funnel(context: &Context, figures: &[FunnelFigures]) -> Result<()> {
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    let mut bars = Vec::new();
    for figure in figures {
        let entered = count(figure.entered);
        let line = |name: String, n: u64, tail: String| Bar {
            name,
            parts: vec![n],
            tail,
        };
        let step = |what: &str| format!("  {}", language::said(what));
        let (in_7, in_30) = (count(figure.paid_within_7), count(figure.paid_within_30));
        let back = count(figure.recovered_cases);
        bars.push(line(
            key(&figure.key).for_people().into_owned(),
            entered,
            entered.to_string(),
        ));
        bars.push(line(step("paid in 7 days"), in_7, percent(in_7, entered)));
        bars.push(line(
            step("paid in 30 days"),
            in_30,
            percent(in_30, entered),
        ));
        bars.push(line(
            step("recovered"),
            back,
            format!("{} {}", percent(back, entered), figure.recovered),
        ));
    }
    let out = &context.out;
    out.text("Cases that came to each, and what came back")?;
    out.theirs(format!("{}\n", chart::picture(&bars, out.width())))
}
