//! Whether what a message says of an invoice still holds when its turn comes.

use chrono::NaiveDate;

use super::Debt;
use crate::domain::day;
use crate::domain::invoice::Invoice;
use crate::domain::ladder::Move;

/// What a message says of an invoice, as far as it can cease to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion {
    /// To which client.
    pub client_id: Option<i64>,
    /// The move it tells of; none for a message of no ladder.
    pub step: Option<Move>,
    /// It speaks of a debt.
    pub while_owing: bool,
    /// The printed due date when it was made; none where nobody knows.
    pub due_on: Option<NaiveDate>,
    /// Today.
    pub today: NaiveDate,
}

impl Assertion {
    /// Why it does not hold any more of the invoice as the book has it now; none when it does.
    /// `late` is how many days after the due date it tells of the invoice must be, and how many it is,
    /// where the message is a stage's.
    pub fn refuted(&self, invoice: &Invoice, late: Option<(i64, i64)>) -> Option<String> {
        let id = invoice.id;
        if self
            .client_id
            .is_some_and(|client| client != invoice.client_id)
        {
            return Some(format!(
                "invoice {id} is client {}'s now",
                invoice.client_id
            ));
        }
        if self.while_owing && !invoice.owing() {
            return Some(format!("invoice {id} no longer owes"));
        }
        let moved = self.due_on.is_some_and(|due_on| due_on != invoice.due_on);
        match self.step? {
            Move::Reminder(_) if moved => {
                Some(format!("invoice {id} is due on {} now", invoice.due_on))
            }
            Move::Enter | Move::Advance(_) if moved => late
                .filter(|(needed, is)| is < needed)
                .map(|(needed, _)| format!("invoice {id} is no longer {needed} days late")),
            Move::Close { outcome, .. } => {
                let holds =
                    Debt::of(invoice.status, invoice.owing(), false) == Debt::Settled(outcome);
                (!holds).then(|| format!("invoice {id} is no longer {outcome}"))
            }
            Move::BureauRemoved => {
                let removed = invoice
                    .bureau_removed_on
                    .is_some_and(|removed| day::between(removed, self.today) >= 0);
                (!removed).then(|| format!("invoice {id} is on the bureau's list again"))
            }
            Move::Reminder(_) | Move::Enter | Move::Advance(_) => None,
        }
    }
}
