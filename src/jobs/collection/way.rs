//! One invoice's whole way, and what comes next.

use chrono::NaiveDate;

use super::{at_place, next_evaluation};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::collection::{NextMove, what_next};
use crate::domain::invoice::Invoice;
use crate::domain::rule::Claims;
use crate::error::{Result, not_in_the_book};
use crate::store::collection::{self, Case, CaseFilter, CaseMove, Detail, FiredReminder};
use crate::store::{Connection, book, hold, rule};

/// One invoice's whole way, and what comes next.
#[derive(Debug, Clone)]
pub struct Way {
    /// The invoice.
    pub invoice: Invoice,
    /// Whose it is.
    pub client_name: String,
    /// The rule it belongs to, if any takes it.
    pub rule: Option<rule::Kept>,
    /// The day the rule counts from: the due date, rolled when the rule says so.
    pub counts_from: NaiveDate,
    /// Its cases, each with its moves.
    pub cases: Vec<(Case, Vec<CaseMove>)>,
    /// The reminders that fired for it.
    pub reminders: Vec<FiredReminder>,
    /// The days on which its removal from the bureau's list was told.
    pub bureau_told: Vec<NaiveDate>,
    /// Every hold on it or its client.
    pub holds: Vec<hold::Hold>,
    /// What comes next.
    pub next: NextMove,
}

/// Gathers an invoice's whole way.
pub fn way(connection: &Connection, config: &Config, now: Now, invoice_id: i64) -> Result<Way> {
    let (Some(invoice), Some(detail)) = (
        book::invoice(connection, invoice_id)?,
        collection::detail(connection, invoice_id, true, now.zone)?,
    ) else {
        return Err(
            not_in_the_book("invoice", invoice_id).hint("regua report run invoices lists them")
        );
    };
    let all = rule::all(connection)?;
    let claims = Claims::of(all.iter().map(|kept| &kept.rule));
    let rule = claims
        .owner(detail.open_rule(), detail.portfolio.as_deref())
        .and_then(|name| all.iter().find(|kept| kept.rule.name == name))
        .cloned();
    let calendar = config.policy.calendar_at(&detail.place);
    Ok(Way {
        client_name: book::client_name(connection, invoice.client_id)?.unwrap_or_default(),
        counts_from: rule
            .as_ref()
            .map_or(invoice.due_on, |kept| detail.bill.due(&kept.rule, calendar)),
        cases: cases(connection, invoice_id)?,
        next: next(rule.as_ref(), &detail, config, now),
        rule,
        reminders: collection::reminders(connection, invoice_id)?,
        bureau_told: collection::bureau_told(connection, invoice_id)?,
        holds: hold::about(connection, invoice_id, invoice.client_id)?,
        invoice,
    })
}

/// An invoice's cases, each with its moves.
fn cases(connection: &Connection, invoice_id: i64) -> Result<Vec<(Case, Vec<CaseMove>)>> {
    let wanted = CaseFilter {
        invoice_id: Some(invoice_id),
        ..CaseFilter::default()
    };
    let mut cases = Vec::new();
    collection::each_case(connection, &wanted, |case| {
        let moves = collection::moves(connection, case.id)?;
        cases.push((case, moves));
        Ok(true)
    })?;
    Ok(cases)
}

/// What comes next for an invoice, by the rule that takes it.
fn next(kept: Option<&rule::Kept>, detail: &Detail, config: &Config, now: Now) -> NextMove {
    let Some(kept) = kept else {
        let words = match &detail.portfolio {
            Some(portfolio) => format!("nothing: no rule takes portfolio `{portfolio}`"),
            None => "nothing: no rule takes invoices without a portfolio".to_owned(),
        };
        return NextMove {
            on: None,
            step: None,
            words,
        };
    };
    let evaluation = at_place(next_evaluation(kept, config, now), config, detail);
    what_next(evaluation, &detail.bill, &detail.past, &detail.exclusions)
}
