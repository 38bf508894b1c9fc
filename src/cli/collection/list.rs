//! `regua collection list`: the cases, open and closed (the ERP's *relatório de cobranças*).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use clap::Args;

use super::arguments::word;
use super::{Context, Outcome, counted};
use crate::domain::ladder::{CaseOutcome, Stage};
use crate::domain::money::Money;
use crate::domain::words::Word as _;
use crate::domain::{phone, tax_id};
use crate::error::Result;
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
    };
    let saved = context.open()?;
    let view = case_view(context.now().today).when_empty(
        "no case fits",
        "regua collection list without filters; cases come by regua collection update",
    );
    let mut list = context.out.list(if arguments.reveal {
        view.and(contact_view(), |case| case)
    } else {
        view
    });
    let mut totals = Totals::default();
    store::each_case(saved.connection(), &wanted, |case| {
        totals.add(&case);
        list.row(&case)?;
        Ok(true)
    })?;
    list.finish(&totals.words())?;
    Ok(Outcome::Done)
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
        let mut words = format!("{} cases, {open} open", open + ended);
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
fn case_view(today: NaiveDate) -> View<'static, Case> {
    View::<Case>::new()
        .data("case_id", |case| case.id)
        .data("rule", |case| Cell::of(&case.rule))
        .number("invoice_id", |case| case.invoice_id)
        .data("client_id", |case| case.client_id)
        .words("client_name", |case| Cell::of(&case.client_name))
        .data("amount", |case| Cell::Cents(case.amount.cents()))
        .number("open_amount", |case| Cell::Cents(case.open_amount.cents()))
        .words("due_on", |case| case.due_on)
        .number("days_late", move |case| case.days_late(today))
        .words("stage", |case| Cell::of(case.stage))
        .data("since", |case| case.since)
        .words("outcome", |case| case.outcome.map(outcome))
        .data("closed_on", |case| case.closed_on)
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
