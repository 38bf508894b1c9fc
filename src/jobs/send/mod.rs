//! The bulk send: a report and a template become a plan, then messages in one transaction, then a delivery.

use std::collections::BTreeMap;

use crate::channel::Refusal;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::message::NewMessage;
use crate::domain::report::Report;
use crate::domain::template::Template;
use crate::domain::words::{Channel, Reason};
use crate::error::{Error, Result};
use crate::jobs::provided;
use crate::store::{Store, batch};

mod abreast;
mod gather;
mod state;
mod walk;

use gather::Gather;
pub use state::{SendState, standing, took};
use walk::Walk;

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
    /// The plan names each person.
    pub list: bool,
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

/// One message of a plan, or one person who is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRow {
    /// The client.
    pub client_id: Option<i64>,
    /// Their name.
    pub client_name: String,
    /// The contract, where the message is about one.
    pub contract_id: Option<i64>,
    /// The channel.
    pub channel: Channel,
    /// Where it would go.
    pub address: Option<String>,
    /// Why it would not go.
    pub reason: Option<Reason>,
    /// More on the reason: which variable has no value.
    pub detail: Option<String>,
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
    /// Each person with what they would get or why not, where the request asks for it.
    pub rows: Vec<PlannedRow>,
    /// The messages wait for this instant: contact hours.
    pub wait_until: Option<chrono::DateTime<chrono::Utc>>,
}

/// Counts what a send would come to, and writes nothing.
pub fn plan(store: &Store, config: &Config, clock: &Clock, request: &Request) -> Result<Plan> {
    provided::refuse(config, [&request.template])?;
    let (connection, now) = (store.connection(), clock.now());
    let mut walk = Walk::new(connection, config, now, request, None)?;
    let mut gather = Gather::new(connection, config, now, request, None)?;
    walk.plan.matched = gather.run(&mut |recipient| walk.take(&recipient))?;
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
    provided::refuse(config, [&request.template])?;
    let beside = abreast::reader(store, config, request)?;
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
        walk.plan.matched = if let Some(reader) = beside {
            abreast::run(reader, (config, now), (request, id), &mut walk)?
        } else {
            let mut gather = Gather::new(transaction, config, now, request, Some(id))?;
            gather.run(&mut |recipient| walk.take(&recipient))?
        };
        check(&walk.plan, config, request)?;
        batch::planned(
            transaction,
            id,
            walk.plan.matched,
            walk.plan.recipients,
            walk.plan.duplicates,
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
