//! `regua collection list`: the cases, open and closed (the ERP's *relatório de cobranças*).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use clap::Args;

use super::arguments::word;
use super::{Context, Outcome, counted, face, read_day};
use crate::domain::ladder::{CaseOutcome, Move, Stage};
use crate::domain::money::Money;
use crate::domain::words::Word as _;
use crate::domain::{phone, tax_id};
use crate::error::{Error, Result, did_you_mean};
use crate::jobs::collection as job;
use crate::store::collection::{self as store, Case, CaseFilter};
use crate::view::{Cell, Tone, View};

/// Which cases are listed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Only open cases
    #[arg(long, conflicts_with = "outcome")]
    open: bool,
    #[arg(long, value_parser = word::<Stage>, help = format!("At this stage: {}", Stage::accepted()))]
    stage: Option<Stage>,
    /// Of this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    #[arg(long, value_parser = word::<CaseOutcome>, help = format!("Ended so: {}", CaseOutcome::accepted()))]
    outcome: Option<CaseOutcome>,
    /// Of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Of invoices of this portfolio
    #[arg(long, value_name = "NAME")]
    portfolio: Option<String>,
    /// That came to their stage on this day or later
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// That came to their stage on this day or before
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// By a column, such as open_amount:desc [default: as they began]
    #[arg(long, value_name = "COLUMN[:desc]")]
    order: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: u32,
    /// With CPF or CNPJ and contacts
    #[arg(long)]
    reveal: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome> {
    let wanted = CaseFilter {
        open: arguments.open,
        stage: arguments.stage,
        client_id: arguments.client,
        invoice_id: None,
        outcome: arguments.outcome,
        rule: arguments.rule.clone(),
        portfolio: arguments.portfolio.clone(),
        since: arguments.since.as_deref().map(read_day).transpose()?,
        until: arguments.until.as_deref().map(read_day).transpose()?,
        order: arguments.order.as_deref().map(read_order).transpose()?,
        limit: i64::from(arguments.limit),
    };
    let saved = context.open()?;
    let view = case_view(context).when_empty(
        "no case fits",
        "regua collection list without filters; cases come by regua collection update",
    );
    let mut list = context.out.list(if arguments.reveal {
        view.and(contact_view(), |listed| &listed.case)
    } else {
        view
    });
    let ahead = job::Ahead::new(saved.connection(), &context.config, context.now())?;
    let mut totals = Totals::default();
    store::each_case(saved.connection(), &wanted, |case| {
        totals.add(&case);
        let next = ahead.of(&case)?;
        list.row(&Listed { case, next })?;
        Ok(true)
    })?;
    list.finish(&totals.words())?;
    Ok(Outcome::Done)
}

/// A case with what moves it next.
struct Listed {
    case: Case,
    next: Option<(NaiveDate, Move)>,
}

/// `due_on`, `open_amount:desc`: the place among the orders, and whether the greatest comes first.
fn read_order(text: &str) -> Result<(usize, bool)> {
    let (name, down) = match text.split_once(':') {
        None | Some((_, "asc")) => (text.trim_end_matches(":asc"), false),
        Some((name, "desc")) => (name, true),
        Some((_, other)) => {
            return Err(
                Error::usage(format!("--order {text}: `{other}` is no direction"))
                    .hint("write COLUMN or COLUMN:desc"),
            );
        }
    };
    let names = || store::ORDERS.iter().map(|(name, _)| *name);
    names()
        .position(|known| known == name)
        .map(|place| (place, down))
        .ok_or_else(|| {
            let all = names().collect::<Vec<_>>().join(", ");
            let error = Error::usage(format!("--order {text}: cases are not listed by `{name}`"));
            match did_you_mean(name, names()) {
                Some(near) => error.hint(near),
                None => error.hint(format!("one of: {all}")),
            }
        })
}

/// What the cases listed come to.
#[derive(Default)]
struct Totals {
    open: BTreeMap<Stage, u64>,
    ended: BTreeMap<CaseOutcome, u64>,
    /// Cents still owed in the open cases.
    owed: i64,
}

impl Totals {
    fn add(&mut self, case: &Case) {
        match case.outcome {
            None => {
                *self.open.entry(case.stage).or_default() += 1;
                self.owed += case.open_amount.cents();
            }
            Some(outcome) => *self.ended.entry(outcome).or_default() += 1,
        }
    }

    fn words(&self) -> String {
        let open: u64 = self.open.values().sum();
        let ended: u64 = self.ended.values().sum();
        let mut words = match open + ended {
            1 => format!("1 case, {open} open"),
            n => format!("{n} cases, {open} open"),
        };
        // Writing to a text does not fail.
        if open > 0 {
            let owed = Money::from_cents(self.owed);
            let _ = write!(words, " ({}), {owed} owed", counted(&self.open));
        }
        if ended > 0 {
            let _ = write!(words, "; ended: {}", counted(&self.ended));
        }
        words
    }
}

/// A case as it stands today.
fn case_view(context: &Context) -> View<'_, Listed> {
    let today = context.now().today;
    View::<Listed>::new()
        .data("case_id", |listed| listed.case.id)
        .data("rule", |listed| Cell::of(&listed.case.rule))
        .data("portfolio", |listed| listed.case.portfolio.clone())
        .number("invoice_id", |listed| listed.case.invoice_id)
        .data("contract_id", |listed| listed.case.contract_id)
        .data("plan", |listed| listed.case.plan.clone())
        .data("client_id", |listed| listed.case.client_id)
        .words("client_name", |listed| Cell::of(&listed.case.client_name))
        .data("amount", |listed| Cell::Cents(listed.case.amount.cents()))
        .number("open_amount", |listed| {
            Cell::Cents(listed.case.open_amount.cents())
        })
        .words("due_on", |listed| listed.case.due_on)
        .number("days_late", move |listed| listed.case.days_late(today))
        .words("stage", |listed| listed.case.stage.as_str())
        .data("since", |listed| listed.case.since)
        .words("outcome", |listed| listed.case.outcome.map(outcome))
        .data("closed_on", |listed| listed.case.closed_on)
        .data("settled_on", |listed| listed.case.settled_on)
        .data("last_message_at", move |listed| {
            face::instant(context, listed.case.last_message_at)
        })
        .data("last_message_status", |listed| {
            Cell::maybe(listed.case.last_message_status)
        })
        .data("next_step", |listed| {
            Cell::maybe(listed.next.map(|(_, step)| step))
        })
        .data("next_on", |listed| listed.next.map(|(on, _)| on))
}

fn outcome(outcome: CaseOutcome) -> Cell {
    let tone = if outcome == CaseOutcome::Paid {
        Tone::Good
    } else {
        Tone::Dim
    };
    Cell::Toned(outcome.to_string(), tone)
}

/// Whom a case is about, and where they are reached.
fn contact_view() -> View<'static, Case> {
    let phone = |number: &Option<String>| number.as_deref().map(phone::shown);
    View::<Case>::new()
        .data("tax_id", |case| {
            case.tax_id.as_deref().map(tax_id::punctuated)
        })
        .data("mobile", move |case| phone(&case.mobile))
        .data("whatsapp", move |case| phone(&case.whatsapp))
        .data("email", |case| case.email.clone())
        .data("city", |case| case.city.clone())
        .data("district", |case| case.district.clone())
}
