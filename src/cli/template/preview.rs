//! `regua template preview`: what a client would receive, with the client's own facts.

use clap::Args;
use serde_json::json;

use super::{Context, Outcome, segments_of};
use crate::domain::client::Client;
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::letter::too_long;
use crate::domain::login::Login;
use crate::domain::phone;
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::sms::{Segments, segments};
use crate::domain::template::{Facts, Need, Rendered, Template, Variable};
use crate::domain::words::{Origin, Reason, Word as _};
use crate::error::{Error, Result, not_in_the_book};
use crate::jobs::compose::{Composer, Draft, Key, Wording};
use crate::store::{Connection, book, template as store};
use crate::view::{Cell, View};

mod request;

/// A look at a template with a client's facts.
#[derive(Debug, Args)]
pub(in crate::cli) struct Preview {
    /// Its name
    name: String,
    /// The client
    #[arg(long, value_name = "ID")]
    client: i64,
    /// The invoice [default: the client's oldest owing one]
    #[arg(long, value_name = "ID")]
    invoice: Option<i64>,
    /// The contract [default: the invoice's]
    #[arg(long, value_name = "ID")]
    contract: Option<i64>,
    /// The login
    #[arg(long, value_name = "ID")]
    login: Option<i64>,
    /// Show the request that would be made to the channel's gateway, secrets as ***; nothing is sent
    #[arg(long)]
    request: bool,
}

/// What the preview is about, out of the book.
struct Subject {
    client: Client,
    contract: Option<Contract>,
    invoice: Option<Invoice>,
    login: Option<Login>,
}

impl Subject {
    /// Gathers what is asked for, and what follows from it.
    fn gather(preview: &Preview, template: &Template, c: &Connection) -> Result<Self> {
        let client = book::client(c, preview.client)?
            .ok_or_else(|| not_in_the_book("client", preview.client))?;
        let invoice = match preview.invoice {
            Some(id) => Some(book::invoice(c, id)?.ok_or_else(|| not_in_the_book("invoice", id))?),
            None if template.needs().contains(&Need::Invoice) => {
                book::oldest_owing_of_client(c, client.id)?
            }
            None => None,
        };
        let login = match preview.login {
            Some(id) => Some(book::login(c, id)?.ok_or_else(|| not_in_the_book("login", id))?),
            None => None,
        };
        let contract_id = preview
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

/// What the client would receive, or why nothing.
struct Seen<'a> {
    template: &'a Template,
    client: &'a Client,
    addresses: Vec<String>,
    reason: Option<Reason>,
    rendered: Rendered,
    /// An SMS's segments, as it would be sent.
    segments: Option<Segments>,
    /// And before transliteration.
    segments_before: Option<Segments>,
}

/// Runs the command.
pub(super) fn run(preview: &Preview, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let c = store.connection();
    let template = store::get(c, &preview.name)?;
    let subject = Subject::gather(preview, &template, c)?;
    if preview.request {
        return request::run(context, c, &template, &subject);
    }
    let seen = look(context, c, &template, &subject)?;
    if !context.out.one(view(), &seen)? {
        show(context, &seen)?;
    }
    Ok(Outcome::Done)
}

/// The message as a send of today would make it.
fn draft<'a>(
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

/// Composes the message without writing anything.
fn look<'a>(
    context: &Context,
    c: &Connection,
    template: &'a Template,
    subject: &'a Subject,
) -> Result<Seen<'a>> {
    let client = &subject.client;
    let composer = Composer::new(&context.config, context.now());
    let draft = draft(context, c, template, subject)?;
    let reach = composer.reach(c, &draft)?;
    let rendered = template
        .render(&draft.facts)
        .map_err(|variable| no_value(variable, client))?;
    let (addresses, reason) = match &reach {
        Reach::To(addresses) => (addresses.iter().map(|a| a.text.clone()).collect(), None),
        Reach::Not { reason, .. } => (Vec::new(), Some(*reason)),
    };
    let sms = |text: &str| (template.channel.nature().segments).then(|| segments(text));
    let segments_before = sms(&rendered.body);
    let rendered = context.config.policy.as_sent(template.channel, rendered);
    Ok(Seen {
        template,
        client,
        addresses,
        reason,
        segments: sms(&rendered.body),
        segments_before,
        rendered,
    })
}

fn view<'a>() -> View<'a, Seen<'a>> {
    View::<Seen>::new()
        .words("template", |seen| Cell::of(&seen.template.name))
        .words("channel", |seen| seen.template.channel.as_str())
        .number("client_id", |seen| seen.client.id)
        .words("addresses", |seen| json!(seen.addresses))
        .words("reason", |seen| seen.reason.map(Reason::as_str))
        .words("title", |seen| seen.rendered.title.clone())
        .words("body", |seen| Cell::of(&seen.rendered.body))
        .words("html", |seen| seen.rendered.html.clone())
        .words("variables", |seen| json!(seen.rendered.variables))
        .number("segments", |seen| seen.segments.map(|s| s.parts))
        .number("segments_before", |seen| {
            seen.segments_before.map(|s| s.parts)
        })
        .words("alphabet", |seen| {
            seen.segments.map(|s| s.alphabet.as_str())
        })
}

/// The message on standard output, as it is; what else there is to know on standard error.
fn show(context: &Context, seen: &Seen) -> Result<()> {
    let rendered = &seen.rendered;
    let mut text = String::new();
    if let Some(title) = &rendered.title {
        text.push_str(&format!("{title}\n\n"));
    }
    text.push_str(&rendered.body);
    text.push('\n');
    if let Some(html) = &rendered.html {
        text.push_str(&format!("\n{html}\n"));
    }
    context.out.text(text)?;
    if seen.template.channel.is_printed()
        && let Some(told) = too_long(rendered.title.as_deref(), &rendered.body)
    {
        context.out.warn(told);
    }
    if seen.segments.is_some() {
        context.out.say(segments_of(&rendered.body));
    }
    if let Some(before) = seen
        .segments_before
        .filter(|_| seen.segments_before != seen.segments)
    {
        context.out.say(format!(
            "({} in {} before transliteration)",
            before.parts,
            before.alphabet.as_str()
        ));
    }
    context.out.say(match seen.reason {
        Some(reason) => format!("would be skipped: {reason}"),
        None => {
            let shown = seen.addresses.iter().map(|address| phone::shown(address));
            let shown = shown.collect::<Vec<_>>().join(", ");
            format!("would go by {} to {shown}", seen.template.channel)
        }
    });
    Ok(())
}

/// The message would be skipped for a variable that the facts do not fill.
fn no_value(variable: Variable, client: &Client) -> Error {
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
        _ => "the value comes from the ERP: import it",
    })
}
