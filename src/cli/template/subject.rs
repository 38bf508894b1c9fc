//! Whom and what a look at a template is about: the client and the rows that its values come from.

use clap::Args;

use super::Context;
use crate::domain::client::Client;
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::login::Login;
use crate::domain::notice::NoticeDates;
use crate::domain::recipient::Recipient;
use crate::domain::template::{Facts, Need, Template, Variable};
use crate::domain::words::Origin;
use crate::error::{Error, Result, not_in_the_book};
use crate::jobs::compose::Composer;
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::notice::recorded_for;
use crate::store::{Connection, book};

/// The rows that values come from besides the client.
#[derive(Debug, Default, Args)]
pub(super) struct RowArgs {
    /// The invoice [default: the client's oldest owing one]
    #[arg(long, value_name = "ID")]
    pub invoice: Option<i64>,
    /// The contract [default: the invoice's]
    #[arg(long, value_name = "ID")]
    pub contract: Option<i64>,
    /// The login
    #[arg(long, value_name = "ID")]
    pub login: Option<i64>,
}

/// What it is about, out of the book.
pub(super) struct Subject {
    pub client: Client,
    pub contract: Option<Contract>,
    pub invoice: Option<Invoice>,
    pub login: Option<Login>,
}

impl Subject {
    /// Gathers what is asked for, and what follows from it.
    pub fn gather(
        client_id: i64,
        asked: &RowArgs,
        template: &Template,
        c: &Connection,
    ) -> Result<Self> {
        let client =
            book::client(c, client_id)?.ok_or_else(|| not_in_the_book("client", client_id))?;
        let invoice = match asked.invoice {
            Some(id) => Some(book::invoice(c, id)?.ok_or_else(|| not_in_the_book("invoice", id))?),
            None if template.needs().contains(&Need::Invoice) => {
                book::oldest_owing_of_client(c, client.id)?
            }
            None => None,
        };
        let login = match asked.login {
            Some(id) => Some(book::login(c, id)?.ok_or_else(|| not_in_the_book("login", id))?),
            None => None,
        };
        let contract_id = asked
            .contract
            .or(invoice.as_ref().and_then(|invoice| invoice.contract_id))
            .or(login.as_ref().and_then(|login| login.contract_id));
        let contract = match contract_id {
            Some(id) => {
                Some(book::contract(c, id)?.ok_or_else(|| not_in_the_book("contract", id))?)
            }
            None => None,
        };
        let subject = Self {
            client,
            contract,
            invoice,
            login,
        };
        subject.belongs_together()?;
        Ok(subject)
    }

    /// Everything is the client's own.
    fn belongs_together(&self) -> Result<()> {
        for (what, owner) in [
            (
                "invoice",
                self.invoice.as_ref().map(|invoice| invoice.client_id),
            ),
            (
                "contract",
                self.contract.as_ref().map(|contract| contract.client_id),
            ),
            ("login", self.login.as_ref().map(|login| login.client_id)),
        ] {
            if owner.is_some_and(|owner| owner != self.client.id) {
                return Err(Error::unacceptable(format!(
                    "that {what} belongs to another client than {}",
                    self.client.id
                )));
            }
        }
        Ok(())
    }
}

/// What the recorded notice allows, or one that were given today; none where the text does not speak of it.
fn notice_of(
    context: &Context,
    c: &Connection,
    template: &Template,
    subject: &Subject,
) -> Result<Option<NoticeDates>> {
    let (client, invoice) = (&subject.client, subject.invoice.as_ref());
    let composer = Composer::new(&context.config, context.now());
    let recorded = recorded_for(c, &composer, template, client, invoice)?;
    if recorded.is_some() || invoice.is_none() || !template.speaks_of_a_notice() {
        return Ok(recorded);
    }
    let contract = invoice.and_then(|invoice| invoice.contract_id);
    let place = composer.place(c, client, contract)?;
    let policy = composer.policy;
    let calendar = policy.calendar_at(&place);
    Ok(Some(policy.notice.dates(composer.now.today, calendar)))
}

/// The message as a send of today would make it.
pub(super) fn draft<'a>(
    context: &'a Context,
    c: &Connection,
    template: &'a Template,
    subject: &'a Subject,
) -> Result<Draft<'a>> {
    let client = &subject.client;
    let now = context.now();
    let facts = Facts {
        client: Some(client),
        contract: subject.contract.as_ref(),
        invoice: subject.invoice.as_ref(),
        overdue: Some(book::overdue(c, client.id, now.today)?),
        login: subject.login.as_ref(),
        notice: notice_of(context, c, template, subject)?,
        ..Facts::new(now, &context.config.company)
    };
    Ok(Draft {
        key: Key::PerAddress(format!(
            "send/{}/{}/{}",
            template.name, now.today, client.id
        )),
        hold_until: subject
            .contract
            .as_ref()
            .and_then(|contract| contract.notice_hold_until),
        ..Draft::new(
            Wording::Template(template),
            Recipient::Client(client),
            facts,
            Origin::Send,
        )
    })
}

/// The message would be skipped for a variable that the facts do not fill.
pub(super) fn no_value(variable: Variable, client: &Client) -> Error {
    Error::unacceptable(format!(
        "#{}# has no value for client {}: this message would be skipped (missing_value)",
        variable.name(),
        client.id
    ))
    .hint(match variable.need() {
        Need::Invoice => "--invoice ID",
        Need::Contract => "--contract ID",
        Need::Login => "--login ID",
        Need::Company => "[company] in the configuration",
        Need::Ticket => {
            "a ticket's event fills it: regua trigger test NAME --event FILE shows who would hear of it"
        }
        _ => "the value comes from the ERP: import it",
    })
}
