//! What a message's variables may take their values from.

use crate::clock::Now;
use crate::domain::client::Client;
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::login::Login;
use crate::domain::money::Money;
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
    /// The client's overdue invoices.
    pub overdue: Option<Overdue>,
    /// The login.
    pub login: Option<&'a Login>,
    /// The ticket.
    pub ticket: Option<&'a TicketFacts>,
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
            overdue: None,
            login: None,
            ticket: None,
            forgiven: &[],
        }
    }
}
