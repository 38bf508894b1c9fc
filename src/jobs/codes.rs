//! Payment codes: for those, and only those, whom today's texts would tell of an invoice with a template
//! that needs one, each asked for once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::collection::{self, UpdateRequest};
use super::deliver::Stop;
use super::sync;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::invoice::Invoice;
use crate::domain::payment_code::{Charge, CodeKind};
use crate::domain::report::{Field, Report};
use crate::domain::template::{Template, Variable};
use crate::domain::words::Reason;
use crate::error::{Error, Result};
use crate::source::{CodeAnswer, PaymentCodes, Source};
use crate::store::{Store, book, payment_code, report, template};

/// For whom codes are wanted.
#[derive(Debug, Clone, Default)]
pub struct CodesRequest {
    /// At most so many requests, whatever the day has left.
    pub limit: Option<u64>,
    /// Those of this report whom this template would be sent to, instead of today's update.
    pub send: Option<(Report, Template)>,
}

/// A code that is not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHad {
    /// The invoice.
    pub invoice_id: i64,
    /// What was asked for.
    pub kind: CodeKind,
    /// Why there is none.
    pub why: String,
}

/// What fetching codes came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodesSummary {
    /// Codes that texts need and the book did not have.
    pub needed: u64,
    /// Of those, asked for before, for the same amount and day.
    pub asked_before: u64,
    /// CodeAnswer for now.
    pub asked: u64,
    /// Had, and kept.
    pub fetched: u64,
    /// Not to be had.
    pub not_had: Vec<NotHad>,
    /// Left for another day: the limit is reached.
    pub left: u64,
}

impl CodesSummary {
    /// The counts of a run, as its task keeps them.
    pub fn counts(&self) -> Value {
        json!({
            "needed": self.needed,
            "asked": self.asked,
            "fetched": self.fetched,
            "left": self.left,
        })
    }

    /// What a person should know of it; none when all is well.
    pub fn complaint(&self) -> Option<String> {
        let first = self.not_had.first()?;
        Some(format!(
            "codes that are not to be had: {}, the first: invoice {}: {}: {}",
            self.not_had.len(),
            first.invoice_id,
            first.kind,
            first.why
        ))
    }
}

/// The codes that a template's text may write.
fn kinds_of(template: &Template) -> Vec<CodeKind> {
    let used = template.used();
    [
        (Variable::AreceberPix, CodeKind::Pix),
        (Variable::AreceberLinhaDigitavel, CodeKind::Boleto),
    ]
    .into_iter()
    .filter(|(variable, _)| used.contains(variable))
    .map(|(_, kind)| kind)
    .collect()
}

type Needs = BTreeMap<i64, BTreeSet<CodeKind>>;

/// The invoices that today's update would tell about, with the codes their texts need. A message that
/// would not go for any other reason needs none.
fn of_the_update(store: &mut Store, config: &Config, clock: &Clock) -> Result<Needs> {
    let templates: BTreeMap<String, Vec<CodeKind>> = template::list(store.connection())?
        .iter()
        .map(|template| (template.name.clone(), kinds_of(template)))
        .filter(|(_, kinds)| !kinds.is_empty())
        .collect();
    let mut needs = Needs::new();
    if templates.is_empty() {
        return Ok(needs);
    }
    let request = UpdateRequest {
        dry_run: true,
        yes: true,
        ..UpdateRequest::default()
    };
    let mut each = |told: &collection::ToldMove| {
        let would_go = |reason: Option<Reason>| matches!(reason, None | Some(Reason::MissingValue));
        let messages = told
            .messages
            .iter()
            .filter(|message| would_go(message.reason));
        for kinds in messages.filter_map(|message| templates.get(&message.template)) {
            needs.entry(told.invoice_id).or_default().extend(kinds);
        }
        Ok(())
    };
    collection::write(store, config, clock, request, &mut each, &mut |_| {})?;
    Ok(needs)
}

/// The invoices of a report that a template would tell about.
fn of_the_send(
    store: &Store,
    clock: &Clock,
    report: &Report,
    template: &Template,
) -> Result<Needs> {
    let kinds = kinds_of(template);
    if kinds.is_empty() {
        return Err(Error::unacceptable(format!(
            "the template `{}` has neither #areceber_pix# nor #areceber_linha_digitavel#",
            template.name
        )));
    }
    let connection = store.connection();
    let mut needs = Needs::new();
    let of_invoices = report.kind.row_id() == Field::InvoiceId;
    let columns = if of_invoices {
        vec![Field::InvoiceId]
    } else {
        vec![Field::ClientId, Field::ContractId]
    };
    report::run(connection, report, &columns, clock.now(), |row| {
        let invoice = match (of_invoices, row.number(0)?) {
            (_, None) => None,
            (true, Some(id)) => Some(id),
            // As a send does: the oldest owing one of the contract, else of the client's without one.
            (false, Some(client)) => {
                book::oldest_owing(connection, client, row.number(1)?)?.map(|invoice| invoice.id)
            }
        };
        if let Some(invoice) = invoice {
            needs.entry(invoice).or_default().extend(&kinds);
        }
        Ok(true)
    })?;
    Ok(needs)
}

/// Fetches the codes that are needed and not there.
///
/// # Errors
/// When no source may be asked for codes (exit 3), or one does not answer (exit 4): what came before is kept.
pub fn fetch(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    request: &CodesRequest,
    stop: &Stop,
) -> Result<CodesSummary> {
    let sources = sync::configured(config)?;
    let Some((source, codes)) = sources.iter().find_map(|source| {
        Some((
            &**source,
            source.codes().filter(|codes| !codes.kinds().is_empty())?,
        ))
    }) else {
        return Err(Error::unacceptable("no source may be asked for payment codes")
            .hint("write codes = [\"pix\", \"boleto\"] under [sync.ixc]: asking may register the charge at the bank")
            .hint("templates may have another way: #areceber_pix|#"));
    };
    let needs = match &request.send {
        Some((report, template)) => of_the_send(store, clock, report, template)?,
        None => of_the_update(store, config, clock)?,
    };
    let mut fetching = Fetching {
        store,
        clock,
        source,
        codes,
        limit: request.limit.unwrap_or(u64::MAX),
        summary: CodesSummary::default(),
    };
    for (id, kinds) in needs {
        let Some(invoice) = book::invoice(fetching.store.connection(), id)? else {
            continue;
        };
        for kind in kinds {
            sync::unless_stopped(stop)?;
            fetching.one(&invoice, kind)?;
        }
    }
    Ok(fetching.summary)
}

/// A run of requests.
struct Fetching<'a> {
    store: &'a mut Store,
    clock: &'a Clock,
    source: &'a dyn Source,
    codes: &'a dyn PaymentCodes,
    limit: u64,
    summary: CodesSummary,
}

impl Fetching<'_> {
    fn one(&mut self, invoice: &Invoice, kind: CodeKind) -> Result<()> {
        let has = invoice.code(kind).is_some();
        if has || !invoice.owing() || !self.codes.kinds().contains(&kind) {
            return Ok(());
        }
        self.summary.needed += 1;
        let now = self.clock.now();
        let connection = self.store.connection();
        if payment_code::asked(connection, invoice, kind, now.at)? {
            self.summary.asked_before += 1;
            return Ok(());
        }
        let name = self.source.name();
        let today = payment_code::asked_on(connection, name, now.today)?;
        if today >= self.codes.per_day() || self.summary.asked >= self.limit {
            self.summary.left += 1;
            return Ok(());
        }
        self.store
            .write(|t| payment_code::ask(t, (invoice, kind), name, (now.at, now.today)))?;
        self.summary.asked += 1;
        let due = Charge {
            amount: invoice.open_amount,
            on: invoice.due_on,
        };
        let asked = self.codes.ask(invoice.id, kind, due)?;
        let answer = match &asked {
            CodeAnswer::Had(code) => Ok(code.as_str()),
            CodeAnswer::NotToBeHad(why) => Err(why.as_str()),
        };
        self.store
            .write(|t| payment_code::keep(t, invoice.id, kind, answer))?;
        match asked {
            CodeAnswer::Had(_) => self.summary.fetched += 1,
            CodeAnswer::NotToBeHad(why) => self.summary.not_had.push(NotHad {
                invoice_id: invoice.id,
                kind,
                why,
            }),
        }
        Ok(())
    }
}
