//! The rows that a message speaks of, read by their ids: as much of them as its words need.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::clock::Now;
use crate::domain::client::Client;
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::login::Login;
use crate::domain::notice::NoticeDates;
use crate::domain::template::{Company, Facts, Need, Overdue};
use crate::domain::ticket::event::TicketFacts;
use crate::error::Result;
use crate::store::{Connection, book};

/// The ids of the rows that a message is about besides its recipient, as the message keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct About {
    /// The contract.
    pub contract_id: Option<i64>,
    /// The invoice.
    pub invoice_id: Option<i64>,
    /// The invoice's collection case: the message goes only while that is open.
    pub case_id: Option<i64>,
    /// The login.
    pub login_id: Option<i64>,
    /// The ticket.
    pub ticket_id: Option<i64>,
}

impl About {
    /// About nothing else.
    pub const NOTHING: Self = Self {
        contract_id: None,
        invoice_id: None,
        case_id: None,
        login_id: None,
        ticket_id: None,
    };
}

/// What a message's values are taken from, as the book has it now.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The client.
    pub client: Option<Client>,
    /// The contract.
    pub contract: Option<Contract>,
    /// The invoice.
    pub invoice: Option<Invoice>,
    /// The invoices that it speaks for, where it speaks for several.
    pub invoices: Vec<Invoice>,
    /// The client's overdue invoices.
    pub overdue: Option<Overdue>,
    /// The login.
    pub login: Option<Login>,
    /// The ticket, as an event told of it.
    pub ticket: Option<TicketFacts>,
    /// What the notice of suspension allows, and when.
    pub notice: Option<NoticeDates>,
}

impl Rows {
    /// Reads the client, and of the rest what `needs` names. A ticket is as its event told it: whoever
    /// has the event fills it in.
    pub fn gather(
        connection: &Connection,
        client_id: Option<i64>,
        about: About,
        needs: &BTreeSet<Need>,
        today: NaiveDate,
    ) -> Result<Self> {
        let wanted = |need: Need, id: Option<i64>| id.filter(|_| needs.contains(&need));
        let client = match client_id {
            Some(id) => book::client(connection, id)?,
            None => None,
        };
        Ok(Self {
            contract: match wanted(Need::Contract, about.contract_id) {
                Some(id) => book::contract(connection, id)?,
                None => None,
            },
            invoice: match wanted(Need::Invoice, about.invoice_id) {
                Some(id) => book::invoice(connection, id)?,
                None => None,
            },
            invoices: Vec::new(),
            overdue: match wanted(Need::Overdue, client.as_ref().map(|client| client.id)) {
                Some(id) => Some(book::overdue(connection, id, today)?),
                None => None,
            },
            login: match wanted(Need::Login, about.login_id) {
                Some(id) => book::login(connection, id)?,
                None => None,
            },
            ticket: None,
            notice: None,
            client,
        })
    }

    /// Takes away a contract and a login that are gone, or not this client's: whoever had them hears nothing
    /// of what became of them since.
    pub fn keep_those_of(&mut self, client_id: Option<i64>) {
        let contract = self.contract.take();
        self.contract = contract.filter(|contract| {
            Some(contract.client_id) == client_id && contract.absent_since.is_none()
        });
        let login = self.login.take();
        self.login = login
            .filter(|login| Some(login.client_id) == client_id && login.absent_since.is_none());
    }

    /// The facts that variables take their values from.
    pub fn facts<'a>(&'a self, now: Now, company: &'a Company) -> Facts<'a> {
        Facts {
            now,
            company,
            client: self.client.as_ref(),
            contract: self.contract.as_ref(),
            invoice: self.invoice.as_ref(),
            invoices: &self.invoices,
            overdue: self.overdue,
            login: self.login.as_ref(),
            ticket: self.ticket.as_ref(),
            notice: self.notice,
            forgiven: &[],
        }
    }
}
