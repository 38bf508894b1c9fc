//! The bulk send: a report and a template become a plan, then messages in one transaction, then a delivery.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::compose::{Composer, Draft, Key, Wording};
use super::rows::{About, Rows};
use crate::channel::Refusal;
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::id_set::IdSet;
use crate::domain::invoice::Invoice;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::Recipient;
use crate::domain::report::Report;
use crate::domain::send::{Manner, RowIds, Unit, columns, lot};
use crate::domain::template::{Need, Template};
use crate::domain::words::{Channel, Origin, Purpose, Reason, Status};
use crate::error::{Error, Result, missing};
use crate::store::message::{self, Inserted};
use crate::store::{Connection, Store, batch, book, report};

/// A bulk send as it was asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The report's name or kind, as it was given.
    pub name: String,
    /// The report with all its filters.
    pub report: Report,
    /// The words.
    pub template: Template,
    /// Only the first so many recipients, in order.
    pub limit: Option<u64>,
    /// Only so many recipients, drawn by lot.
    pub sample: Option<u64>,
    /// How many recipients there must be.
    pub expect: Option<u64>,
    /// Also to whoever had this template today.
    pub again: bool,
}

/// One rendered message, for a person to look at before the rest goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Whose.
    pub client: String,
    /// To which address.
    pub address: String,
    /// Title or subject.
    pub title: Option<String>,
    /// Text.
    pub body: String,
}

/// What a send comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Rows that the report has.
    pub matched: u64,
    /// Recipients who would receive it.
    pub recipients: u64,
    /// Messages to them: a push goes to every device.
    pub messages: u64,
    /// Messages recorded as skipped, by reason.
    pub skipped: BTreeMap<Reason, u64>,
    /// Recipients who had this template today.
    pub duplicates: u64,
    /// The first message.
    pub example: Option<Example>,
    /// The same, as it would be written down.
    pub first: Option<Box<NewMessage>>,
    /// The messages wait for this instant: contact hours.
    pub wait_until: Option<chrono::DateTime<chrono::Utc>>,
}

/// Counts what a send would come to, and writes nothing.
pub fn plan(store: &Store, config: &Config, clock: &Clock, request: &Request) -> Result<Plan> {
    let mut walk = Walk::new(store.connection(), config, clock.now(), request, None)?;
    walk.run()?;
    check(&walk.plan, config, request)?;
    Ok(walk.plan)
}

/// What the provider says about the first message of a plan, without delivering it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validation {
    /// There is nobody to send to.
    Nobody,
    /// This provider cannot tell beforehand.
    CannotTell(&'static str),
    /// It would take the message.
    Good(&'static str),
    /// It would not, or cannot be asked.
    Bad(&'static str, Refusal),
}

/// Asks the provider whether it would take the first message of a plan.
pub fn validate(config: &Config, clock: &Clock, plan: &Plan) -> Result<Validation> {
    let Some(first) = &plan.first else {
        return Ok(Validation::Nobody);
    };
    let now = clock.now();
    let provider = config.channel(first.channel).connect()?;
    let name = provider.name();
    Ok(match provider.validate(&first.outgoing(now)) {
        None => Validation::CannotTell(name),
        Some(Ok(_)) => Validation::Good(name),
        Some(Err(refusal)) => Validation::Bad(name, refusal),
    })
}

/// Writes a send down in one transaction: the batch and its plan. Nothing is kept when the plan may
/// not be carried out.
pub fn write(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    request: &Request,
) -> Result<(i64, Plan)> {
    let now = clock.now();
    store.write(|transaction| {
        let filters = request.report.written_filters();
        let id = batch::begin(
            transaction,
            &request.name,
            &request.template.name,
            &filters,
            now.at,
        )?;
        let mut walk = Walk::new(transaction, config, now, request, Some(id))?;
        walk.run()?;
        check(&walk.plan, config, request)?;
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        batch::planned(
            transaction,
            id,
            count(walk.plan.matched),
            count(walk.plan.recipients),
            count(walk.plan.duplicates),
        )?;
        Ok((id, walk.plan))
    })
}

/// Whether the plan may be carried out.
fn check(plan: &Plan, config: &Config, request: &Request) -> Result<()> {
    if let Some(expected) = request.expect
        && expected != plan.recipients
    {
        return Err(Error::unacceptable(format!(
            "{expected} recipients were expected and there would be {}; nothing was sent",
            plan.recipients
        ))
        .hint("look at the plan again with --dry-run"));
    }
    let most = config.max_messages_per_run.unsigned_abs();
    if most > 0 && plan.recipients > most {
        return Err(Error::unacceptable(format!(
            "{} recipients are more than max_messages_per_run allows ({most}); nothing was sent",
            plan.recipients
        ))
        .hint("narrow it with --filter or --limit, or raise max_messages_per_run"));
    }
    Ok(())
}

/// Whether a channel's messages are delivered in the run that makes them.
pub const fn delivers_at_once(channel: Channel) -> bool {
    !matches!(channel, Channel::Whatsapp)
}

/// One pass over the rows of a send.
struct Walk<'a> {
    connection: &'a Connection,
    request: &'a Request,
    composer: Composer<'a>,
    manner: Manner,
    /// What its values are taken from; the contract always, for its hold.
    needs: BTreeSet<Need>,
    /// The batch that is being written; none for a plan.
    batch_id: Option<i64>,
    seen: IdSet,
    /// Clients with at least one message in a plan, with at least two, and so on: what is not written
    /// down is counted here, because the caps look at it.
    planned: Vec<IdSet>,
    /// Who was drawn, for a sample.
    drawn: Option<IdSet>,
    plan: Plan,
}

/// One recipient with the messages it comes to.
struct Addressee {
    name: String,
    messages: Vec<NewMessage>,
}

impl<'a> Walk<'a> {
    fn new(
        connection: &'a Connection,
        config: &'a Config,
        now: Now,
        request: &'a Request,
        batch_id: Option<i64>,
    ) -> Result<Self> {
        let manner = Manner::of(&request.template, request.report.kind)?;
        let mut needs = request.template.needs();
        needs.insert(Need::Contract);
        let composer = Composer {
            policy: &config.policy,
            company: &config.company,
            now,
        };
        let plan = Plan {
            wait_until: config.policy.not_before(request.template.purpose, now),
            ..Plan::default()
        };
        Ok(Self {
            connection,
            request,
            composer,
            manner,
            needs,
            batch_id,
            seen: IdSet::default(),
            planned: Vec::new(),
            drawn: None,
            plan,
        })
    }

    fn run(&mut self) -> Result<()> {
        if let Some(sample) = self.request.sample {
            self.drawn = Some(self.draw(sample)?);
        }
        let kind = self.request.report.kind;
        report::run(
            self.connection,
            &self.request.report,
            columns(kind),
            self.composer.now,
            |row| {
                self.plan.matched += 1;
                // The rest is only counted once the limit is reached.
                if self
                    .request
                    .limit
                    .is_none_or(|limit| self.plan.recipients < limit)
                {
                    self.row(&ids(row)?)?;
                }
                Ok(true)
            },
        )
    }

    /// Draws a sample among those who can be reached.
    fn draw(&self, sample: u64) -> Result<IdSet> {
        let mut seen = IdSet::default();
        let mut lots: BinaryHeap<(u64, i64)> = BinaryHeap::new();
        let sample = usize::try_from(sample).unwrap_or(usize::MAX);
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
                    if lots.len() > sample {
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

    fn row(&mut self, ids: &RowIds) -> Result<()> {
        let mut seen = std::mem::take(&mut self.seen);
        let found = self.recipient(ids, &mut seen);
        self.seen = seen;
        let Some((identity, recipient)) = found? else {
            return Ok(());
        };
        if self
            .drawn
            .as_ref()
            .is_some_and(|drawn| !drawn.contains(identity))
        {
            return Ok(());
        }
        let mut duplicate = false;
        let mut receives = false;
        for message in &recipient.messages {
            let queued = message.fate == Fate::Queued;
            if !self.put(message)? {
                duplicate = true;
                continue;
            }
            match &message.fate {
                Fate::Queued => {
                    receives = true;
                    self.plan.messages += 1;
                }
                Fate::Skipped(reason, _) => {
                    *self.plan.skipped.entry(*reason).or_default() += 1;
                }
            }
            if queued && self.plan.example.is_none() {
                self.plan.first = Some(Box::new(message.clone()));
                self.plan.example = Some(Example {
                    client: recipient.name.clone(),
                    address: message.address.clone().unwrap_or_default(),
                    title: message.title.clone(),
                    body: message.body.clone().unwrap_or_default(),
                });
            }
        }
        if receives {
            self.plan.recipients += 1;
            self.note_planned(ids.client);
        } else if duplicate {
            self.plan.duplicates += 1;
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
    fn planned(&self, client: i64) -> i64 {
        let levels = self
            .planned
            .iter()
            .take_while(|level| level.contains(client));
        i64::try_from(levels.count()).unwrap_or(i64::MAX)
    }

    /// Writes a message down, or looks whether it could be; false when its key stands already.
    fn put(&self, message: &NewMessage) -> Result<bool> {
        let standing = if self.batch_id.is_some() {
            match message::insert(self.connection, message)? {
                Inserted::New(_) => return Ok(true),
                standing @ Inserted::Duplicate { .. } => Some(standing),
            }
        } else {
            message::find_key(self.connection, &message.key)?
        };
        match standing {
            None | Some(Inserted::New(_)) => Ok(true),
            // It was skipped earlier today and can go now: nobody has had it.
            Some(Inserted::Duplicate {
                id,
                status: Status::Skipped,
                ..
            }) if message.fate == Fate::Queued => {
                if self.batch_id.is_some() {
                    message::set_aside(self.connection, id)?;
                    message::insert(self.connection, message)?;
                }
                Ok(true)
            }
            Some(Inserted::Duplicate { .. }) => Ok(false),
        }
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
        let rows = Rows::gather(c, Some(row.client), about, &self.needs, now.today)?;
        let Some(client) = &rows.client else {
            return Ok(None);
        };
        let draft = self.draft(row, client, &rows, about);
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
        let today = self.composer.now.today;
        let part = self.manner.key_part(row, about.invoice_id);
        let again = match (self.request.again, self.batch_id) {
            (true, Some(batch)) => format!("/again-{batch}"),
            // A plan looks for a key that no batch has had.
            (true, None) => "/again".to_owned(),
            (false, _) => String::new(),
        };
        let start = format!("send/{}/{today}/{}{part}{again}", template.name, client.id);
        Draft {
            key: Key::PerAddress(start),
            event: self.batch_id.map(|id| id.to_string()).unwrap_or_default(),
            about: About {
                contract_id: rows.contract.as_ref().map(|contract| contract.id),
                ..about
            },
            hold_until: rows
                .contract
                .as_ref()
                .and_then(|contract| contract.notice_hold_until),
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
        crate::domain::report::ReportKind::Contracts => {}
        crate::domain::report::ReportKind::Logins => ids.login = row.number(2)?,
        crate::domain::report::ReportKind::Invoices => ids.invoice = row.number(2)?,
    }
    Ok(ids)
}

/// A send as it stands: what the batch's messages have become.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The batch.
    pub batch: batch::Batch,
    /// Messages in each state.
    pub states: BTreeMap<Status, u64>,
    /// Messages not sent, by reason; who had the template already counted under `duplicate`.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Looks at a batch.
pub fn standing(connection: &Connection, id: i64) -> Result<Standing> {
    let Some(batch) = batch::get(connection, id)? else {
        return Err(missing("send", id).hint("regua send list"));
    };
    let mut standing = Standing {
        states: BTreeMap::new(),
        reasons: BTreeMap::new(),
        batch,
    };
    for (status, reason, n) in batch::totals(connection, id)? {
        let n = n.unsigned_abs();
        *standing.states.entry(status).or_default() += n;
        if let Some(reason) = reason {
            *standing.reasons.entry(reason).or_default() += n;
        }
    }
    if standing.batch.duplicates > 0 {
        *standing.reasons.entry(Reason::Duplicate).or_default() +=
            standing.batch.duplicates.unsigned_abs();
    }
    Ok(standing)
}

/// Notes how long a send took since `watch` was started, delivery included.
pub fn took(store: &mut Store, id: i64, watch: Stopwatch) -> Result<()> {
    store.write(|transaction| batch::took(transaction, id, watch.elapsed().as_secs_f64()))
}
