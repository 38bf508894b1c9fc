//! `regua collection`: the update of the day, the report of cases, and what explains them.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate, Weekday};
use clap::Subcommand;

use super::{Context, Outcome, arguments, face};
use crate::domain::day;
use crate::error::{Error, Result};
use crate::view::language;

mod forecast;
mod handover;
mod list;
mod show;
mod stats;
mod update;

/// Collections: update, list, show, forecast, stats.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    regua collection update --dry-run\n  \
    regua collection list --open --stage inquiry\n  \
    regua collection show 145535\n  \
    regua collection forecast --days 10")]
pub(super) enum Command {
    /// Evaluate every rule for today: close, remind, move on, send
    #[command(
        after_help = "Each invoice moves at most once a day; a second update of a day does nothing to it.\n\
        Refused for a day before the last one, and when the invoices were imported too long ago.\n\n\
        Examples:\n  \
        regua collection update --dry-run\n  \
        regua collection update --rule residential\n  \
        regua task add collections --run collection-update --hour 8 --minute 30 --weekday 1-5"
    )]
    Update(update::Arguments),
    /// List the cases (the relatório de cobranças)
    #[command(
        after_help = "--reveal adds CPF or CNPJ and contacts, for the letter of a visit or the hand-over to a bureau.\n\n\
        Examples:\n  \
        regua collection list --open\n  \
        regua collection list --open --portfolio Boleto --order open_amount:desc --limit 20"
    )]
    List(list::Arguments),
    /// List whom to hand over to a credit bureau or a notary, each once
    #[command(
        after_help = "Open cases whose invoices still owe, left out whoever is on hold; --mark notes them, so that none is handed over twice.\n\n\
        Examples:\n  \
        regua collection handover --stage bureau -o csv > bureau.csv\n  \
        regua collection handover --stage bureau --mark -o csv > bureau.csv"
    )]
    Handover(handover::Arguments),
    /// Show one invoice's whole way, and what comes next
    #[command(after_help = "Example:\n  regua collection show 145535")]
    Show {
        /// The invoice
        #[arg(value_name = "INVOICE")]
        invoice: i64,
    },
    /// What the coming days would send if nobody paid
    #[command(
        after_help = "Contacts, opt-outs, holds and one message per client are counted in; caps and missing values are not.\n\n\
        Example:\n  regua collection forecast --days 14"
    )]
    Forecast {
        /// How many days
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=366))]
        days: u64,
    },
    /// The funnel: entered, paid within 7 and 30 days, recovered; by stage, template or channel
    #[command(
        after_help = "Recovered is what was paid while a case stood at the stage, in part too. By template and by channel, a case\n\
        that was told in several ways counts in each; one told together with others counts with their message.\n\n\
        Examples:\n  regua collection stats --since 2026-10-01\n  regua collection stats --by template"
    )]
    Stats(stats::Arguments),
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Update(arguments) => update::run(arguments, context),
        Command::List(arguments) => list::run(arguments, context),
        Command::Handover(arguments) => handover::run(arguments, context),
        Command::Show { invoice } => show::run(*invoice, context),
        Command::Forecast { days } => forecast::run(*days, context),
        Command::Stats(arguments) => stats::run(arguments, context),
    }
}

/// A day as somebody typed it.
fn read_day(text: &str) -> Result<NaiveDate> {
    let error = || Error::usage(format!("`{text}` is not a date")).hint(day::ACCEPTED);
    day::parse(text).flatten().ok_or_else(error)
}

/// A map of counts as people read it: `inquiry 3, visit 1`.
fn counted<K: ToString>(map: &BTreeMap<K, u64>) -> String {
    let parts: Vec<String> = map
        .iter()
        .map(|(key, n)| format!("{} {n}", language::word(&key.to_string())))
        .collect();
    parts.join(", ")
}

/// The day of the week, in three letters.
fn weekday(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "Mon",
        Weekday::Tue => "Tue",
        Weekday::Wed => "Wed",
        Weekday::Thu => "Thu",
        Weekday::Fri => "Fri",
        Weekday::Sat => "Sat",
        Weekday::Sun => "Sun",
    }
}
