//! The collection update: what moves today, written down with its messages in one transaction, then delivered.

mod ahead;
mod handover;
mod message;
mod notices;
mod update;
mod walk;
mod way;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::deliver::{Delivery, Observer, Stop};
use super::dispatch::dispatch;
use super::pursue::pursue;
use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::domain::collection::{Evaluation, LeftOut};
use crate::domain::ladder::{Ending, Move, Stage};
use crate::domain::words::{Channel, Reason};
use crate::error::{Error, Result, must};
use crate::store::{Connection, Store, collection, rule, template};

pub use ahead::Ahead;
pub use handover::{HandoverList, mark as mark_handed_over, to_hand_over};
pub use update::long_ago;
pub use way::{Way, way};

/// An update as it was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct UpdateRequest<'a> {
    /// Only this rule.
    pub rule: Option<&'a str>,
    /// Only told, nothing written.
    pub dry_run: bool,
    /// Even when the payment data is old.
    pub stale_ok: bool,
    /// Even when the last update is more than a week ago: somebody has said that today is today.
    pub yes: bool,
}

/// What an update came to for one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleSummary {
    /// The rule's name.
    pub rule: String,
    /// Invoices looked at: owing ones of its portfolios, and its open cases.
    pub evaluated: u64,
    /// Cases begun.
    pub entered: u64,
    /// Cases moved on, by the stage they came to.
    pub advanced: BTreeMap<Stage, u64>,
    /// Cases closed, by outcome; and removals from the bureau's list told.
    pub closed: BTreeMap<Ending, u64>,
    /// Reminders fired.
    pub reminders: u64,
    /// Steps that were due and left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Messages written down to go.
    pub queued: u64,
    /// Messages written down that do not go, by reason.
    pub skipped: BTreeMap<Reason, u64>,
}

/// What an update came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The day it was for.
    pub as_of: NaiveDate,
    /// Each rule, by name.
    pub rules: Vec<RuleSummary>,
    /// Recipients that messages were made for: a push counts once, however many devices.
    pub recipients: u64,
    /// Whatsapp messages among them, which wait for `send-queue`.
    pub whatsapp: u64,
    /// The rules that had been updated for this day already.
    pub done_already: Vec<String>,
    /// Owing invoices in portfolios that no rule takes.
    pub not_taken: u64,
}

/// One message of a move, as a dry run tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMessage {
    /// Its template.
    pub template: String,
    /// Its channel.
    pub channel: Channel,
    /// Why it does not go; none when it does.
    pub reason: Option<Reason>,
}

/// One thing that happens, or is left out, as a dry run tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMove {
    /// The rule.
    pub rule: String,
    /// The invoice.
    pub invoice_id: i64,
    /// Whose.
    pub client_id: i64,
    /// That client's name.
    pub client_name: String,
    /// What happens: `stage:notice`, `reminder:5`, `closing:paid`.
    pub step: Move,
    /// Why it is left out, if it is.
    pub left_out: Option<LeftOut>,
    /// Its messages.
    pub messages: Vec<ToldMessage>,
}

/// Evaluates the rules for today and writes down what moves, in one transaction. Of a dry run nothing is
/// kept, and `each` hears of everything: what is left out first, then what happens, client by client.
/// `progress` hears how many moves have been found and then written down. Delivery is the caller's
/// next step.
pub fn write(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    request: UpdateRequest<'_>,
    each: &mut dyn FnMut(&ToldMove) -> Result<()>,
    progress: &mut dyn FnMut(u64),
) -> Result<Update> {
    let now = clock.now();
    if request.dry_run {
        return store.rehearse(|transaction| {
            update::plan(transaction, config, now, request, each, progress)
        });
    }
    let update = store.write(|transaction| {
        let update = update::plan(transaction, config, now, request, each, progress)?;
        if let Some(most) = too_many(&update, config) {
            return Err(Error::unacceptable(format!(
                "this update would send {} messages, more than max_messages_per_run allows ({most}); nothing was written",
                update.recipients
            ))
            .hint("look at it with --dry-run; update one rule with --rule, or raise max_messages_per_run"));
        }
        Ok(update)
    })?;
    // On data that the update has just found fresh enough.
    pursue(store, config, clock)?;
    Ok(update)
}

/// The configured limit of messages, when an update goes over it.
pub const fn too_many(update: &Update, config: &Config) -> Option<u64> {
    let most = config.max_messages_per_run.unsigned_abs();
    if most > 0 && update.recipients > most {
        Some(most)
    } else {
        None
    }
}

/// An update with its delivery.
pub fn update(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    request: UpdateRequest<'_>,
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<(Update, Delivery)> {
    let update = write(store, config, clock, request, &mut |_| Ok(()), &mut |_| {})?;
    let channels = channels(store.connection(), request)?;
    let delivery = dispatch(store, config, clock, &channels, stop, observer)?;
    Ok((update, delivery))
}

/// The channels of the rules' templates that are delivered in the same evaluation.
pub fn channels(connection: &Connection, request: UpdateRequest<'_>) -> Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for kept in rules_asked(connection, request.rule)? {
        for name in kept.rule.templates() {
            let channel = template::get(connection, name)?.channel;
            if channel.goes_at_once() && !channels.contains(&channel) {
                channels.push(channel);
            }
        }
    }
    channels.sort_unstable();
    Ok(channels)
}

/// Every rule, or the one asked for.
fn rules_asked(connection: &Connection, name: Option<&str>) -> Result<Vec<rule::Kept>> {
    let Some(name) = name else {
        return rule::all(connection);
    };
    Ok(vec![get_rule(connection, name)?])
}

/// A rule that must be there; the error suggests the nearest name.
pub fn get_rule(connection: &Connection, name: &str) -> Result<rule::Kept> {
    must(rule::get(connection, name)?, "rule", name, || {
        let all = rule::all(connection)?.into_iter();
        Ok(all.map(|kept| kept.rule.name).collect::<Vec<_>>())
    })
}

/// Removes a rule: its open cases close with outcome `rule_removed`. Answers how many.
pub fn remove_rule(connection: &Connection, name: &str, today: NaiveDate) -> Result<u64> {
    let closed = collection::close_all(connection, name, today)?;
    rule::remove(connection, name)?;
    Ok(closed)
}

/// A rule as it will be evaluated next.
pub fn next_evaluation<'a>(kept: &'a rule::Kept, config: &'a Config, now: Now) -> Evaluation<'a> {
    Evaluation {
        rule: &kept.rule,
        calendar: &config.policy.calendar,
        today: first_day(kept, now),
        last: kept.evaluated_on,
        first: kept.first_evaluated_on,
        terms: config.policy.notice,
    }
}

/// An evaluation by the holidays of an invoice's place.
pub fn at_place<'a>(
    evaluation: Evaluation<'a>,
    config: &'a Config,
    detail: &collection::Detail,
) -> Evaluation<'a> {
    Evaluation {
        calendar: config.policy.calendar_at(&detail.place),
        ..evaluation
    }
}

/// The first day that a rule is still to be evaluated for.
pub fn first_day(kept: &rule::Kept, now: Now) -> NaiveDate {
    match kept.evaluated_on {
        Some(last) if last >= now.today => last.checked_add_days(Days::new(1)).unwrap_or(now.today),
        _ => now.today,
    }
}
