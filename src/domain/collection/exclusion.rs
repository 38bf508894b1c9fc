//! What keeps an invoice out of reminders and stages.

use chrono::NaiveDate;

use crate::domain::ladder::{Move, MoveKind};
use crate::domain::words::{Reason, words_enum};

words_enum! {
    /// Why a collection step that was due did not happen.
    LeftOut {
        /// The client takes no part in collections.
        NotInCollection = "not_in_collection" | "fora da cobrança",
        /// The client takes no part in reminders.
        NotInReminders = "not_in_reminders" | "fora dos lembretes",
        /// The contract asks for no notices until a day not yet past.
        OnHold = "on_hold" | "cobrança suspensa",
        /// A person put the client or the invoice on hold.
        Held = "held" | "em espera",
        /// An open incident keeps collections from the client.
        Incident = "incident" | "incidente",
        /// It is paid in a way that leaves nothing to be paid by hand.
        AutomaticPayment = "automatic_payment" | "pagamento automático",
    }
}

impl LeftOut {
    /// The same of a message that was made before.
    pub const fn reason(self) -> Reason {
        match self {
            Self::NotInCollection => Reason::NotInCollection,
            Self::NotInReminders => Reason::NotInReminders,
            Self::OnHold => Reason::OnHold,
            Self::Held => Reason::Held,
            Self::Incident => Reason::Incident,
            Self::AutomaticPayment => Reason::AutomaticPayment,
        }
    }
}

/// What keeps an invoice out of reminders and stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusions {
    /// The client takes part in collections.
    pub in_collection: bool,
    /// The client takes part in reminders.
    pub in_reminders: bool,
    /// The contract wants no notices up to and including this day.
    pub notice_hold_until: Option<NaiveDate>,
    /// The last day of each hold a person put on client or invoice; none: without end.
    pub holds: Vec<Option<NaiveDate>>,
    /// An open incident keeps collections from the client.
    pub incident: bool,
    /// How it is paid: the invoice's word, else its contract's.
    pub payment_method: Option<String>,
}

impl Exclusions {
    /// Nothing keeps it out.
    pub const NONE: Self = Self {
        in_collection: true,
        in_reminders: true,
        notice_hold_until: None,
        holds: Vec::new(),
        incident: false,
        payment_method: None,
    };

    /// Why a move must not happen today, if so, whatever the rule; closings always may.
    pub fn forbid(&self, step: Move, today: NaiveDate) -> Option<LeftOut> {
        if step.kind() == MoveKind::Closing {
            return None;
        }
        if !self.in_collection {
            return Some(LeftOut::NotInCollection);
        }
        if step.kind() == MoveKind::Reminder && !self.in_reminders {
            return Some(LeftOut::NotInReminders);
        }
        if self.notice_hold_until.is_some_and(|until| until >= today) {
            return Some(LeftOut::OnHold);
        }
        let held = self
            .holds
            .iter()
            .any(|until| until.is_none_or(|until| until >= today));
        if held {
            return Some(LeftOut::Held);
        }
        self.incident.then_some(LeftOut::Incident)
    }
}
