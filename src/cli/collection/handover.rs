//! `regua collection handover`: the list for a credit bureau or a notary.

use chrono::NaiveDate;
use clap::Args;

use super::arguments::word;
use super::{Context, Outcome, counted, read_day};
use crate::domain::ladder::Stage;
use crate::domain::money::Money;
use crate::domain::words::Word as _;
use crate::domain::{day, phone, tax_id};
use crate::error::Result;
use crate::jobs::collection as job;
use crate::store::collection::Handover;
use crate::view::{Cell, Format, View};

/// Who is handed over.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[arg(long, value_parser = word::<Stage>, default_value = "bureau", help = format!("Cases at this stage: {}", Stage::accepted()))]
    stage: Stage,
    /// That came to it on this day or later
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Note that these were handed over, so that none is twice
    #[arg(long)]
    mark: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome> {
    let since = arguments.since.as_deref().map(read_day).transpose()?;
    let mut saved = context.open()?;
    let now = context.now();
    let stage = arguments.stage;
    let found = job::to_hand_over(saved.connection(), stage, since, now)?;
    let zone = context.clock.zone();
    let notice = move |case: &Handover| -> Option<NaiveDate> {
        let at = case.notice_sent_at?;
        Some(at.with_timezone(&zone).date_naive())
    };
    // The bureau's two columns `number` cannot both be keys of one object.
    let in_object = matches!(context.out.format(), Format::Json | Format::Jsonl);
    let of_house = if in_object { "street_number" } else { "number" };
    let mut list = context.out.list(view(now.today, of_house, notice));
    list.rows(&found.cases)?;
    let owed = found
        .cases
        .iter()
        .map(|case| case.open_amount.cents())
        .sum();
    let owed = Money::from_cents(owed);
    list.finish(&match found.cases.len() {
        1 => format!("1 case at {stage}, {owed} owed"),
        n => format!("{n} cases at {stage}, {owed} owed"),
    })?;
    if !found.left_out.is_empty() {
        context
            .out
            .say(format!("left out: {}", counted(&found.left_out)));
    }
    if arguments.mark {
        // The list is out: what is noted now is what somebody holds in their hands.
        job::mark_handed_over(&mut saved, &found.cases, stage, now)?;
        context
            .out
            .say(format!("{} noted as handed over", found.cases.len()));
    } else if !found.cases.is_empty() {
        context
            .out
            .say("nothing was noted; --mark notes that these were handed over");
    }
    Ok(Outcome::Done)
}

fn view<'a>(
    today: NaiveDate,
    of_house: &'static str,
    notice: impl Fn(&Handover) -> Option<NaiveDate> + 'a,
) -> View<'a, Handover> {
    View::<Handover>::new()
        .data("case_id", |case| case.case_id)
        .number("invoice_id", |case| case.invoice_id)
        .data("number", |case| case.number.clone())
        .data("client_id", |case| case.client_id)
        .words("name", |case| Cell::of(&case.name))
        .words("tax_id", |case| {
            case.tax_id.as_deref().map(tax_id::punctuated)
        })
        .data("birth_date", |case| case.birth_date)
        .data("street", |case| case.street.clone())
        .data(of_house, |case| case.house_number.clone())
        .data("complement", |case| case.complement.clone())
        .data("district", |case| case.district.clone())
        .data("city", |case| case.city.clone())
        .data("state", |case| case.state.clone())
        .data("zip", |case| case.zip.clone())
        .data("mobile", |case| case.mobile.as_deref().map(phone::shown))
        .data("email", |case| case.email.clone())
        .data("contract_id", |case| case.contract_id)
        .data("issued_on", |case| case.issued_on)
        .words("due_on", |case| case.due_on)
        .data("amount", |case| Cell::Cents(case.amount.cents()))
        .number("open_amount", |case| Cell::Cents(case.open_amount.cents()))
        .number("days_late", move |case| {
            day::between(case.due_on, today).max(0)
        })
        .words("notice_on", notice)
        .data("notice_delivered_at", |_| Cell::Null)
}
