//! What a message speaks of: which of its invoices may still be spoken of, and what stands against the others.

use chrono::NaiveDate;

use super::arrived::Arrived;
use super::lateness;
use crate::domain::client::Client;
use crate::domain::collection::{Assertion, Exclusions};
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{Move, MoveKind};
use crate::domain::policy::Policy;
use crate::domain::words::Reason;
use crate::error::Result;
use crate::jobs::rows::About;
use crate::store::queue::{DueMessage, MadeOf};
use crate::store::{Connection, book, collection, hold};

/// Why a message is not to go, and more words where there are any.
pub(super) type Against = (Reason, Option<String>);

/// What stands against speaking of a row that is gone.
pub(super) fn gone(what: &str, id: i64, since: NaiveDate) -> Against {
    let detail = format!("{what} {id} is gone from the source since {since}");
    (Reason::Gone, Some(detail))
}

/// A message whose invoices are looked at again.
pub(super) struct Spoken<'a> {
    pub connection: &'a Connection,
    pub policy: &'a Policy,
    pub today: NaiveDate,
    pub message: &'a DueMessage,
    pub made_of: &'a MadeOf,
    /// The move of the ladder that it tells of.
    pub step: Option<Move>,
    pub client: Option<&'a Client>,
    /// Rows that it was made without and that are there by now.
    pub arrived: Arrived,
}

impl Spoken<'_> {
    /// Whether the ladder may be kept from telling it: everything but its closings.
    fn collects(&self) -> bool {
        self.step
            .is_some_and(|step| step.kind() != MoveKind::Closing)
    }

    /// The rows it is about, with those of its invoices of which it still speaks truly; when there is none,
    /// what stands against its first.
    pub fn speaks_of(&self) -> Result<(About, Vec<Invoice>, Option<Against>)> {
        let outgoing = &self.message.outgoing;
        let own = outgoing.invoice_id.or(self.arrived.invoice_id);
        let own: Vec<i64> = own.into_iter().collect();
        let ids = match self.made_of.invoices.as_slice() {
            [] => &own,
            several => several,
        };
        let mut against = None;
        let mut invoices = Vec::new();
        for id in ids {
            let stands_against = match book::invoice(self.connection, *id)? {
                None => Some((
                    Reason::Settled,
                    Some(format!("invoice {id} is not in the book any more")),
                )),
                Some(invoice) => {
                    let against = self.against(&invoice)?;
                    if against.is_none() {
                        invoices.push(invoice);
                    }
                    against
                }
            };
            against = against.or(stands_against);
        }
        let first = invoices.first();
        let about = About {
            contract_id: match (first, self.step) {
                (Some(invoice), Some(_)) => invoice.contract_id,
                _ => outgoing.contract_id.or(self.arrived.contract_id),
            },
            invoice_id: first.map_or(outgoing.invoice_id, |invoice| Some(invoice.id)),
            case_id: self.message.case_id,
            login_id: self.made_of.login_id,
            ticket_id: outgoing.ticket_id,
        };
        let against = against.filter(|_| first.is_none());
        Ok((about, invoices, against))
    }

    /// What keeps an invoice out of the reminders and stages of the ladder.
    fn kept_out(&self, invoice: &Invoice) -> Result<Option<Reason>> {
        let (Some(step), Some(client)) = (self.step.filter(|_| self.collects()), self.client)
        else {
            return Ok(None);
        };
        let connection = self.connection;
        let today = self.today;
        let contract = match invoice.contract_id {
            Some(id) => book::contract(connection, id)?,
            None => None,
        };
        let exclusions = Exclusions {
            in_collection: client.in_collection,
            in_reminders: client.in_reminders,
            notice_hold_until: contract
                .as_ref()
                .and_then(|contract| contract.notice_hold_until),
            holds: hold::ends(connection, invoice.id, client.id)?,
            // An incident is asked after with the address.
            incident: false,
            payment_method: None,
        };
        if let Some(left_out) = exclusions.forbid(step, today) {
            return Ok(Some(left_out.reason()));
        }
        let method = invoice
            .payment_method
            .as_deref()
            .or_else(|| contract.as_ref()?.payment_method.as_deref());
        let by_itself =
            lateness::paid_by_itself(connection, self.policy, invoice, step, method, today)?;
        Ok(by_itself.then_some(Reason::AutomaticPayment))
    }

    /// What stands against speaking of an invoice.
    fn against(&self, invoice: &Invoice) -> Result<Option<Against>> {
        let connection = self.connection;
        let today = self.today;
        if let Some(since) = invoice.absent_since {
            return Ok(Some(gone("invoice", invoice.id, since)));
        }
        let own = self.message.outgoing.invoice_id == Some(invoice.id);
        if let Some(reason) = self.kept_out(invoice)? {
            return Ok(Some((reason, None)));
        }
        let mut due_on = if own { self.made_of.due_on } else { None };
        let mut late = None;
        if self.step.is_some_and(|step| step.kind() == MoveKind::Stage) {
            let case = collection::open_case(connection, invoice.id)?;
            let wanted = self.message.case_id.filter(|_| own);
            let Some(case) = case.filter(|case| wanted.is_none_or(|id| id == case.id)) else {
                let detail = format!("the case of invoice {} has closed", invoice.id);
                return Ok(Some((Reason::Settled, Some(detail))));
            };
            due_on = due_on.or(Some(case.due_on));
            if due_on != Some(invoice.due_on) {
                let stage = self.step.and_then(Move::stage);
                late =
                    lateness::of_stage(connection, self.policy, invoice, &case.rule, stage, today)?;
            }
        }
        if let (Some(Move::Reminder(days)), false) = (self.step, own)
            && !collection::reminder_fired(connection, invoice.id, invoice.due_on, days)?
        {
            let detail = format!("invoice {} is due on {} now", invoice.id, invoice.due_on);
            return Ok(Some((Reason::Settled, Some(detail))));
        }
        let said = Assertion {
            client_id: self.message.outgoing.client_id,
            step: self.step,
            while_owing: self.message.while_owing,
            due_on,
            today,
        };
        let refuted = said.refuted(invoice, late);
        Ok(refuted.map(|detail| (Reason::Settled, Some(detail))))
    }
}
