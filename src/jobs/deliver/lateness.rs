//! How late an invoice is by its rule, for a message whose turn has come: what hangs on it is asked again.

use chrono::NaiveDate;

use crate::domain::day;
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{Move, Stage};
use crate::domain::place::Place;
use crate::domain::policy::Policy;
use crate::domain::rule::Rule;
use crate::error::Result;
use crate::store::{Connection, book, rule};

/// Whether its rule leaves out an invoice that is paid in this way, so that nothing is to be said of it.
pub(super) fn paid_by_itself(
    connection: &Connection,
    policy: &Policy,
    invoice: &Invoice,
    step: Move,
    method: Option<&str>,
    today: NaiveDate,
) -> Result<bool> {
    if method.is_none() {
        return Ok(false);
    }
    let Some(kept) = rule::of_invoice(connection, invoice.id)? else {
        return Ok(false);
    };
    let late = days(connection, policy, invoice, &kept.rule, today)?;
    Ok(kept.rule.leaves_to_itself(method, step.kind(), late))
}

/// How many days late a stage of a rule wants an invoice to be, and how many it is; nothing where the rule
/// or its stage is gone.
pub(super) fn of_stage(
    connection: &Connection,
    policy: &Policy,
    invoice: &Invoice,
    rule: &str,
    stage: Option<Stage>,
    today: NaiveDate,
) -> Result<Option<(i64, i64)>> {
    let Some(kept) = rule::get(connection, rule)? else {
        return Ok(None);
    };
    let is = days(connection, policy, invoice, &kept.rule, today)?;
    let needed = stage.and_then(|stage| kept.rule.stage(stage));
    Ok(needed.map(|stage| (stage.day.days(), is)))
}

/// How many days late an invoice is, by the holidays of its place.
fn days(
    connection: &Connection,
    policy: &Policy,
    invoice: &Invoice,
    rule: &Rule,
    today: NaiveDate,
) -> Result<i64> {
    if !rule.roll_due_date {
        return Ok(day::between(invoice.due_on, today));
    }
    let client = if policy.places.one_calendar() {
        None
    } else {
        book::client(connection, invoice.client_id)?
    };
    let contract = match invoice.contract_id.filter(|_| client.is_some()) {
        Some(id) => book::contract(connection, id)?,
        None => None,
    };
    let place = client.map_or_else(Place::default, |client| {
        Place::of(&client, contract.as_ref())
    });
    let due = policy.calendar_at(&place).roll(invoice.due_on);
    Ok(day::between(due, today))
}
