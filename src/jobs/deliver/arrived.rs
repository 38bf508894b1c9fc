//! Arrived: rows that a message is about and that the book did not have when it was made: what was skipped for want
//! of them is made of them once they are there.

use crate::domain::invoice::Invoice;
use crate::domain::message::Outgoing;
use crate::domain::send::key_with_row;
use crate::domain::template::{Need, Template};
use crate::domain::words::{Origin, Purpose};
use crate::error::Result;
use crate::store::message::{anybody_has, find_key};
use crate::store::queue::{self, DueMessage, MadeOf};
use crate::store::{Connection, book};

/// The contract and the invoice of a message that has none yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// The contract, which its login or its invoice has by now.
    pub contract_id: Option<i64>,
    /// The client's oldest owing invoice of its contract, else of none.
    pub invoice_id: Option<i64>,
}

impl Arrived {
    /// Looks for what the words of a message want and it was made without. Only of what a journey took from the
    /// client's rows: a ladder's message has its invoice, and an outage speaks of none.
    pub fn of(
        connection: &Connection,
        message: &DueMessage,
        made_of: &MadeOf,
        template: Option<&Template>,
    ) -> Result<Self> {
        let outgoing = &message.outgoing;
        let speaks = matches!(
            message.origin,
            Origin::Send | Origin::Access | Origin::Incident
        );
        // What was tried as it stands keeps its key: a resend must replace it.
        let speaks = speaks && message.attempt == 1;
        let (Some(template), Some(client_id), true) = (template, outgoing.client_id, speaks) else {
            return Ok(Self::default());
        };
        let mut arrived = Self::default();
        if outgoing.contract_id.is_none() {
            arrived.contract_id = match (made_of.login_id, outgoing.invoice_id) {
                (Some(id), _) => book::login(connection, id)?.and_then(|login| login.contract_id),
                (None, Some(id)) => {
                    book::invoice(connection, id)?.and_then(|invoice| invoice.contract_id)
                }
                (None, None) => None,
            };
        }
        let invoices = message.origin != Origin::Incident && outgoing.invoice_id.is_none();
        if invoices && template.needs().contains(&Need::Invoice) {
            let contract_id = outgoing.contract_id.or(arrived.contract_id);
            let found = book::oldest_owing(connection, client_id, contract_id)?;
            arrived.invoice_id = found.map(|invoice| invoice.id);
        }
        Ok(arrived)
    }

    /// Whether anything has arrived.
    pub fn is_some(&self) -> bool {
        *self != Self::default()
    }

    /// Makes a message one about what has arrived, under the key that it would have had: so that a send of the same
    /// day leaves its person out. False where somebody was told of it under that key already.
    pub fn take_in(
        self,
        connection: &Connection,
        template: Option<&Template>,
        made_of: &MadeOf,
        outgoing: &mut Outgoing,
    ) -> Result<bool> {
        let invoice = match self.invoice_id {
            Some(id) => book::invoice(connection, id)?,
            None => None,
        };
        outgoing.contract_id = outgoing.contract_id.or(self.contract_id);
        outgoing.invoice_id = outgoing.invoice_id.or(self.invoice_id);
        let mut key_start = made_of.key_start;
        if let Some((start, address)) = parted(&outgoing.key, made_of.key_start)
            && let Some(row) = self.row(template)
            && let Some(whole) = key_with_row(start, row)
        {
            let key = format!("{whole}{address}");
            let stands = find_key(connection, &key)?.is_some()
                || !outgoing.channel.goes_to_devices() && anybody_has(connection, &whole, None)?;
            if stands {
                return Ok(false);
            }
            key_start = Some(whole.chars().count());
            outgoing.key = key;
        }
        let owing = invoice.as_ref().is_some_and(Invoice::owing);
        let due_on = invoice.map(|invoice| invoice.due_on);
        let while_owing = owing && outgoing.purpose == Purpose::Collection;
        queue::take_in(connection, outgoing, key_start, due_on, while_owing)?;
        Ok(true)
    }

    /// The row that tells one recipient of such a template from another.
    fn row(self, template: Option<&Template>) -> Option<i64> {
        if template?.needs().contains(&Need::Invoice) {
            self.invoice_id
        } else {
            self.contract_id
        }
    }
}

/// A key in two: what stands before the slash and the address, and the rest.
fn parted(key: &str, start: Option<usize>) -> Option<(&str, &str)> {
    let (at, _) = key.char_indices().nth(start?)?;
    key.split_at_checked(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_parted_before_the_slash_and_the_address() {
        assert_eq!(
            parted("send/são/7/a@b", Some(10)),
            Some(("send/são/7", "/a@b"))
        );
        assert_eq!(parted("send", Some(10)), None);
        assert_eq!(parted("send/7", None), None);
    }
}
