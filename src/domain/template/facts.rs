//! What a message's variables may take their values from.

use crate::clock::Now;
use crate::domain::client::Client;
use crate::domain::contract::Contract;
use crate::domain::day;
use crate::domain::invoice::Invoice;
use crate::domain::login::Login;
use crate::domain::money::Money;
use crate::domain::notice::NoticeDates;
use crate::domain::ticket::event::TicketFacts;

use super::own_words::OwnWords;

/// The provider itself, as its messages name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: Option<String>,
    /// Its phone, as people read it.
    pub phone: Option<String>,
    /// Its CNPJ, with punctuation.
    pub tax_id: Option<String>,
    /// What it says in place of words of ours.
    pub words: OwnWords,
    /// What `#aviso_suspensao#` stands for, with variables; none: [`crate::domain::notice::TEXT`].
    pub notice: Option<String>,
}

/// All the client's owing overdue invoices, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overdue {
    /// How many.
    pub count: i64,
    /// What they come to.
    pub total: Money,
}

/// Everything one message's variables may take their values from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The instant and day of the decision.
    pub now: Now,
    /// The provider.
    pub company: &'a Company,
    /// The client.
    pub client: Option<&'a Client>,
    /// The contract.
    pub contract: Option<&'a Contract>,
    /// The invoice.
    pub invoice: Option<&'a Invoice>,
    /// The invoices that the message speaks for; none when it is the one invoice alone.
    pub invoices: &'a [Invoice],
    /// The client's overdue invoices.
    pub overdue: Option<Overdue>,
    /// The login.
    pub login: Option<&'a Login>,
    /// The ticket.
    pub ticket: Option<&'a TicketFacts>,
    /// From which days on the notice allows what it announces: the one that is being given, else the recorded one.
    pub notice: Option<NoticeDates>,
    /// The names of variables that are an empty text where they have no value, rather than missing: whoever hears of a
    /// ticket is not left untold because its event lacks a word.
    pub forgiven: &'a [&'static str],
}

impl<'a> Facts<'a> {
    /// Facts about nothing but the provider and the clock.
    pub const fn new(now: Now, company: &'a Company) -> Self {
        Self {
            now,
            company,
            client: None,
            contract: None,
            invoice: None,
            invoices: &[],
            overdue: None,
            login: None,
            ticket: None,
            notice: None,
            forgiven: &[],
        }
    }

    /// Every invoice that the message speaks for; none when it speaks of no invoice.
    pub(super) fn spoken_for(&self) -> Option<&'a [Invoice]> {
        match (self.invoices, self.invoice) {
            ([], one) => one.map(std::slice::from_ref),
            (all, _) => Some(all),
        }
    }
}

/// Invoices as a text lists them, one a line: number, what is owed, and the day it fell or falls due.
pub(super) fn listed(invoices: &[Invoice]) -> String {
    let lines = invoices.iter().map(|invoice| {
        format!(
            "{}: {} ({})",
            invoice.id,
            invoice.open_amount,
            day::in_portuguese(invoice.due_on)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The months of invoices as people write them, each once: `11/2026 e 12/2026`.
pub(super) fn months(invoices: &[Invoice]) -> String {
    let mut months: Vec<String> = Vec::new();
    for invoice in invoices {
        let month = invoice.due_on.format("%m/%Y").to_string();
        if !months.contains(&month) {
            months.push(month);
        }
    }
    match months.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} e {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What invoices come to together.
pub(super) fn total(invoices: &[Invoice]) -> Money {
    let cents = invoices.iter().fold(0_i64, |sum, invoice| {
        sum.saturating_add(invoice.open_amount.cents())
    });
    Money::from_cents(cents)
}
