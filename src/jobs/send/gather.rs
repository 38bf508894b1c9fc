//! Gathering: the rows of a send's report, and what the recipient of each would get.

use std::collections::{BTreeSet, BinaryHeap};

use super::Request;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::id_set::IdSet;
use crate::domain::invoice::Invoice;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::Recipient;
use crate::domain::report::ReportKind;
use crate::domain::send::{Manner, RowIds, Unit, columns, lot};
use crate::domain::template::Need;
use crate::domain::words::{Origin, Purpose};
use crate::error::Result;
use crate::jobs::compose::Composer;
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::notice::recorded_for;
use crate::jobs::rows::{About, Rows};
use crate::store::{Connection, book, report};

/// One pass over the rows of a send.
pub(super) struct Gather<'a> {
    connection: &'a Connection,
    request: &'a Request,
    composer: Composer<'a>,
    manner: Manner,
    /// What its values are taken from.
    needs: BTreeSet<Need>,
    /// How the key of each of its messages begins.
    key_start: String,
    /// Its text says what a notice of suspension allows.
    tells_of_a_notice: bool,
    /// The batch that is being written; none for a plan.
    batch_id: Option<i64>,
    seen: IdSet,
    /// How many receive something.
    received: u64,
    /// Clients with at least one message in a plan, with at least two, and so on: what is not written
    /// down is counted here, because the caps look at it.
    planned: Vec<IdSet>,
    /// Who was drawn, for a sample.
    drawn: Option<IdSet>,
}

/// One recipient with the messages it comes to.
pub(super) struct Addressee {
    /// Their name.
    pub name: String,
    /// The messages.
    pub messages: Vec<NewMessage>,
}

/// What becomes of an addressee: whether they receive something.
pub(super) type Each<'e> = &'e mut dyn FnMut(Addressee) -> Result<bool>;

impl<'a> Gather<'a> {
    pub fn new(
        connection: &'a Connection,
        config: &'a Config,
        now: Now,
        request: &'a Request,
        batch_id: Option<i64>,
    ) -> Result<Self> {
        Ok(Self {
            connection,
            request,
            key_start: format!("send/{}/{}", request.template.name, now.today),
            composer: Composer::new(config, now),
            manner: Manner::of(&request.template, request.report.kind)?,
            needs: request.template.needs(),
            tells_of_a_notice: request.template.speaks_of_a_notice(),
            batch_id,
            seen: IdSet::default(),
            received: 0,
            planned: Vec::new(),
            drawn: None,
        })
    }

    /// Whether what a row comes to depends on what became of those before it.
    pub fn looks_back(config: &Config, request: &Request) -> Result<bool> {
        let manner = Manner::of(&request.template, request.report.kind)?;
        let capped = config.policy.caps.get(request.template.purpose).is_some();
        Ok(request.limit.is_some() || capped && manner.unit != Unit::Client)
    }

    /// Hands over each recipient in the report's order; how many rows there are.
    pub fn run(&mut self, each: Each<'_>) -> Result<u64> {
        if let Some(sample) = self.request.sample {
            self.drawn = Some(self.draw(sample)?);
        }
        let mut matched = 0;
        let kind = self.request.report.kind;
        report::run(
            self.connection,
            &self.request.report,
            columns(kind),
            self.composer.now,
            |row| {
                matched += 1;
                // The rest is only counted once the limit is reached.
                if self.request.limit.is_none_or(|limit| self.received < limit) {
                    self.row(&ids(row)?, each)?;
                }
                Ok(true)
            },
        )?;
        Ok(matched)
    }

    /// Draws a sample among those who can be reached.
    fn draw(&self, sample: u64) -> Result<IdSet> {
        let mut seen = IdSet::default();
        let mut lots: BinaryHeap<(u64, i64)> = BinaryHeap::new();
        report::run(
            self.connection,
            &self.request.report,
            columns(self.request.report.kind),
            self.composer.now,
            |row| {
                let ids = ids(row)?;
                let Some((identity, recipient)) = self.recipient(&ids, &mut seen)? else {
                    return Ok(true);
                };
                if recipient.messages.iter().any(|m| m.fate == Fate::Queued) {
                    lots.push((lot(identity), identity));
                    if lots.len() as u64 > sample {
                        lots.pop();
                    }
                }
                Ok(true)
            },
        )?;
        let mut drawn = IdSet::default();
        for (_, identity) in lots {
            drawn.insert(identity);
        }
        Ok(drawn)
    }

    fn row(&mut self, ids: &RowIds, each: Each<'_>) -> Result<()> {
        let mut seen = std::mem::take(&mut self.seen);
        let found = self.recipient(ids, &mut seen);
        self.seen = seen;
        let Some((identity, recipient)) = found? else {
            return Ok(());
        };
        let drawn = self.drawn.as_ref();
        if drawn.is_none_or(|drawn| drawn.contains(identity)) && each(recipient)? {
            self.received += 1;
            self.note_planned(ids.client);
        }
        Ok(())
    }

    /// Remembers that a plan has one more message for a client, where a cap could ask for it.
    fn note_planned(&mut self, client: i64) {
        let capped = self.composer.policy.caps.get(self.request.template.purpose);
        if self.batch_id.is_some() || capped.is_none() || self.manner.unit == Unit::Client {
            return;
        }
        if !self.planned.iter_mut().any(|level| level.insert(client)) {
            let mut level = IdSet::default();
            level.insert(client);
            self.planned.push(level);
        }
    }

    /// How many messages a plan has for a client.
    fn planned(&self, client: i64) -> u64 {
        let levels = self
            .planned
            .iter()
            .take_while(|level| level.contains(client));
        levels.count() as u64
    }

    /// The recipient of a row, with its identity; none when an earlier row was the same recipient.
    fn recipient(&self, row: &RowIds, seen: &mut IdSet) -> Result<Option<(i64, Addressee)>> {
        let c = self.connection;
        let invoice_id = match (self.manner.invoice, row.invoice) {
            (false, _) => None,
            (true, Some(id)) => Some(id),
            (true, None) => book::oldest_owing(c, row.client, row.contract)?.map(|i| i.id),
        };
        let identity = self.manner.identity(row, invoice_id);
        if !seen.insert(identity) {
            return Ok(None);
        }
        let about = About {
            contract_id: row.contract,
            invoice_id,
            case_id: None,
            login_id: row.login,
            ticket_id: None,
        };
        let now = self.composer.now;
        let mut rows = Rows::gather(c, Some(row.client), about, &self.needs, now.today)?;
        if let Some(client) = rows.client.as_ref().filter(|_| self.tells_of_a_notice) {
            let (template, invoice) = (&self.request.template, rows.invoice.as_ref());
            rows.notice = recorded_for(c, &self.composer, template, client, invoice)?;
        }
        let Some(client) = &rows.client else {
            return Ok(None);
        };
        let held = match (&rows.contract, row.contract) {
            (Some(contract), _) => Some(contract.notice_hold_until),
            // No text asks for the contract itself.
            (None, Some(id)) => book::notice_hold(c, id)?,
            (None, None) => None,
        };
        let about = About {
            contract_id: row.contract.filter(|_| held.is_some()),
            ..about
        };
        let draft = Draft {
            hold_until: held.flatten(),
            ..self.draft(row, client, &rows, about)
        };
        let messages = self
            .composer
            .compose_after(c, &draft, self.planned(row.client))?;
        let name = client.name.clone();
        Ok(Some((identity, Addressee { name, messages })))
    }

    fn draft<'d>(
        &'d self,
        row: &RowIds,
        client: &'d Client,
        rows: &'d Rows,
        about: About,
    ) -> Draft<'d> {
        let template = &self.request.template;
        let part = self.manner.key_part(row, about.invoice_id);
        let again = match (self.request.again, self.batch_id) {
            (true, Some(batch)) => format!("/again-{batch}"),
            // A plan looks for a key that no batch has had.
            (true, None) => "/again".to_owned(),
            (false, _) => String::new(),
        };
        let start = format!("{}/{}{part}{again}", self.key_start, client.id);
        Draft {
            key: Key::PerAddress(start),
            event: self.batch_id.map(|id| id.to_string()).unwrap_or_default(),
            about,
            batch_id: self.batch_id,
            while_owing: template.purpose == Purpose::Collection
                && rows.invoice.as_ref().is_some_and(Invoice::owing),
            ..Draft::new(
                Wording::Template(template),
                Recipient::Client(client),
                rows.facts(self.composer.now, self.composer.company),
                Origin::Send,
            )
        }
    }
}

fn ids(row: &report::ReportRow<'_>) -> Result<RowIds> {
    let mut ids = RowIds {
        client: row.number(0)?.unwrap_or_default(),
        contract: row.number(1)?,
        ..RowIds::default()
    };
    match row.kind() {
        ReportKind::Contracts => {}
        ReportKind::Logins => ids.login = row.number(2)?,
        ReportKind::Invoices => ids.invoice = row.number(2)?,
    }
    Ok(ids)
}
