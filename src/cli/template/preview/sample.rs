//! `regua template preview --sample N`: the template as N clients of the book would read it.

use super::super::subject::{RowArgs, Subject, draft};
use super::{Context, Outcome, look};
use crate::domain::template::{Need, Template, one_line};
use crate::domain::words::Word;
use crate::error::Result;
use crate::store::Connection;
use crate::store::sample::{self as store, Drawn};
use crate::view::measure::shortened;
use crate::view::{Cell, Format, View};

/// Columns of a text that a table shows.
const TEXT: usize = 200;

/// How one client would read the template, or why they would not.
struct Read {
    drawn: Drawn,
    name: String,
    addresses: Vec<String>,
    reason: Option<&'static str>,
    detail: Option<String>,
    title: Option<String>,
    body: Option<String>,
    segments: Option<usize>,
}

/// Shows the template with each drawn client's own facts; nothing is written down.
pub(super) fn run(
    context: &Context,
    c: &Connection,
    template: &Template,
    most: u32,
) -> Result<Outcome> {
    let needs = template.needs();
    let drawn = [Need::Login, Need::Invoice, Need::Contract, Need::Client]
        .into_iter()
        .find(|need| needs.contains(need) || *need == Need::Client)
        .unwrap_or(Need::Client);
    let drawn = match drawn {
        Need::Login => store::logins(c, most)?,
        Need::Invoice => store::invoices(c, most)?,
        Need::Contract => store::contracts(c, most)?,
        _ => store::clients(c, most)?,
    };
    let read: Vec<Read> = drawn
        .into_iter()
        .map(|drawn| read(context, c, template, drawn))
        .collect::<Result<_>>()?;
    if context.out.format() == Format::Table && !read.is_empty() {
        read.iter().try_for_each(|read| show(context, read))?;
    } else {
        context.out.all(view(), &read)?;
    }
    Ok(Outcome::Done)
}

fn read(context: &Context, c: &Connection, template: &Template, drawn: Drawn) -> Result<Read> {
    let rows = RowArgs {
        invoice: drawn.invoice_id,
        contract: drawn.contract_id,
        login: drawn.login_id,
    };
    let subject = Subject::gather(drawn.client_id, &rows, template, c)?;
    let mut read = Read {
        drawn,
        name: subject.client.name.clone(),
        addresses: Vec::new(),
        reason: None,
        detail: None,
        title: None,
        body: None,
        segments: None,
    };
    if let Err(variable) = template.render(&draft(context, c, template, &subject)?.facts) {
        read.reason = Some("missing_value");
        read.detail = Some(format!("#{}# has no value", variable.name()));
        return Ok(read);
    }
    let seen = look(context, c, template, &subject)?;
    read.addresses = seen.addresses;
    read.reason = seen.reason.map(Word::as_str);
    read.segments = seen.segments.map(|segments| segments.parts);
    read.title = seen.rendered.title;
    read.body = Some(seen.rendered.body);
    Ok(read)
}

fn view<'a>() -> View<'a, Read> {
    View::<Read>::new()
        .number("client_id", |read| read.drawn.client_id)
        .words("client_name", |read| Cell::of(&read.name))
        .data("contract_id", |read| read.drawn.contract_id)
        .data("invoice_id", |read| read.drawn.invoice_id)
        .data("login_id", |read| read.drawn.login_id)
        .words("addresses", |read| serde_json::json!(read.addresses))
        .words("reason", |read| read.reason)
        .words("detail", |read| read.detail.clone())
        .words("title", |read| read.title.clone())
        .words("body", |read| {
            read.body
                .as_ref()
                .map(|body| Cell::shown(body.clone(), shortened(&one_line(body), TEXT)))
        })
        .number("segments", |read| read.segments)
        .when_empty(
            "no client of the book fits this template",
            "regua import DIR, or regua template preview NAME --client ID",
        )
}

/// One client's message, as it is; who it is for and what becomes of it above it.
fn show(context: &Context, read: &Read) -> Result<()> {
    let out = &context.out;
    let shown = super::on_one_line(&read.addresses);
    let who = format!("── {} {}", read.drawn.client_id, read.name);
    let goes = match (read.reason, &read.detail) {
        (Some(reason), Some(detail)) => format!("   would be skipped: {reason}, {detail}"),
        (Some(reason), None) => format!("   would be skipped: {reason}"),
        (None, _) => format!("   {shown}"),
    };
    out.theirs(crate::view::harmless::line(&who))?;
    out.text(crate::view::harmless::line(&goes))?;
    let mut text = String::new();
    for part in [&read.title, &read.body].into_iter().flatten() {
        text.push_str(part);
        text.push_str("\n\n");
    }
    out.theirs(if text.is_empty() { "\n" } else { &text })
}
