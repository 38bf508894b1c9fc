//! The collection update: what moves today, written down with its messages in one transaction, then delivered.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, TimeDelta};

use super::compose::{Composer, Draft, Key, Wording};
use super::deliver::{self, Delivery, Observer, Stop};
use super::rows::About;
use super::send::delivers_at_once;
use crate::clock::{Clock, Now, start_of};
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::collection::{
    Bill, Contender, Decision, Move, Next, Run, Standing, chosen, what_next,
};
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::rule::{Closing, Deliver, LeftOut, Phase, Rule, Stage, Texts};
use crate::domain::template::{Facts, Need, Overdue, Template};
use crate::domain::words::{Channel, Origin, Reason};
use crate::error::{Error, Flaw, Result, must, not_in_the_book};
use crate::store::collection::{self, Detail, Due};
use crate::store::message::{self, Inserted};
use crate::store::{Connection, Store, book, hold, meta, rule, template};

/// An update as it was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Only this rule.
    pub rule: Option<&'a str>,
    /// Only told, nothing written.
    pub dry_run: bool,
    /// Even when the payment data is old.
    pub stale_ok: bool,
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
    pub closed: BTreeMap<String, u64>,
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
}

/// One message of a move, as a dry run tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its template.
    pub template: String,
    /// Its channel.
    pub channel: Channel,
    /// Why it does not go; none when it does.
    pub reason: Option<Reason>,
}

/// One thing that happens, or is left out, as a dry run tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
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
    pub messages: Vec<Told>,
}

/// Evaluates the rules for today and writes down what moves, in one transaction. Of a dry run nothing is
/// kept, and `each` hears of everything: what is left out first, then what happens, client by client.
/// `progress` hears how many moves have been found and then written down. Delivery is the caller's
/// next step.
pub fn write(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    request: Request<'_>,
    each: &mut dyn FnMut(&Happening) -> Result<()>,
    progress: &mut dyn FnMut(u64),
) -> Result<Update> {
    let now = clock.now();
    if request.dry_run {
        return store
            .rehearse(|transaction| plan(transaction, config, now, request, each, progress));
    }
    store.write(|transaction| {
        let update = plan(transaction, config, now, request, each, progress)?;
        if let Some(most) = too_many(&update, config) {
            return Err(Error::unacceptable(format!(
                "this update would send {} messages, more than max_messages_per_run allows ({most}); nothing was written",
                update.recipients
            ))
            .hint("look at it with --dry-run; update one rule with --rule, or raise max_messages_per_run"));
        }
        Ok(update)
    })
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
    request: Request<'_>,
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<(Update, Delivery)> {
    let update = write(store, config, clock, request, &mut |_| Ok(()), &mut |_| {})?;
    let channels = channels(store.connection(), request)?;
    let delivery = deliver::deliver(store, config, clock, &channels, stop, observer)?;
    Ok((update, delivery))
}

/// The channels of the rules' templates that are delivered in the same run.
pub fn channels(connection: &Connection, request: Request<'_>) -> Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for kept in rules_asked(connection, request.rule)? {
        for name in kept.rule.templates() {
            let channel = template::get(connection, &name)?.channel;
            if delivers_at_once(channel) && !channels.contains(&channel) {
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

/// Which rule takes an invoice that has no open case, by portfolio.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    named: BTreeMap<String, String>,
    rest: Option<String>,
}

impl Claims {
    /// The claims of these rules.
    pub fn of<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let mut claims = Self::default();
        for rule in rules {
            if rule.portfolios.is_empty() {
                claims.rest = Some(rule.name.clone());
            }
            for portfolio in &rule.portfolios {
                claims.named.insert(portfolio.clone(), rule.name.clone());
            }
        }
        claims
    }

    /// The rule that takes invoices of a portfolio.
    pub fn rule(&self, portfolio: Option<&str>) -> Option<&str> {
        portfolio
            .and_then(|portfolio| self.named.get(portfolio))
            .or(self.rest.as_ref())
            .map(String::as_str)
    }

    /// The rule that an invoice belongs to: its open case's, else the one that takes its portfolio.
    pub fn owner<'a>(&'a self, detail: &'a Detail) -> Option<&'a str> {
        match &detail.open {
            Some((_, rule)) => Some(rule),
            None => self.rule(detail.portfolio.as_deref()),
        }
    }
}

/// Refuses an update for a day before the last one.
fn refuse_earlier(rules: &[rule::Kept], now: Now) -> Result<()> {
    let last = rules
        .iter()
        .filter_map(|kept| Some((kept.evaluated_on?, &kept.rule.name)))
        .max();
    match last {
        Some((day, name)) if day > now.today => Err(Error::unacceptable(format!(
            "collections were last updated for {day} (rule `{name}`), and today is {}",
            now.today
        ))
        .hint("an update never goes back; check the clock, or --now")),
        _ => Ok(()),
    }
}

/// Refuses to collect on payment data that is too old.
fn refuse_stale(connection: &Connection, config: &Config, now: Now) -> Result<()> {
    let hours = config.max_data_age_hours;
    if hours == 0 {
        return Ok(());
    }
    let what = match meta::refreshed(connection, "invoices")? {
        Some(at) if now.at - at <= TimeDelta::hours(hours) => return Ok(()),
        Some(at) => format!(
            "the invoices were last imported or synced at {}, more than {hours} hours ago",
            now.iso(at)
        ),
        None if !collection::any_invoice(connection)? => return Ok(()),
        None => "nobody knows when the invoices were last imported or synced".to_owned(),
    };
    Err(Error::unacceptable(format!(
        "{what}: yesterday's payments may be missing"
    ))
    .hint("regua import invoices FILE, or regua sync, and then again")
    .hint("--stale-ok updates all the same; max_data_age_hours in the configuration sets the limit"))
}

/// Everything the templates of these rules need, each template once.
fn load_templates(
    connection: &Connection,
    rules: &[rule::Kept],
) -> Result<BTreeMap<String, Template>> {
    let known: Vec<Template> = template::list(connection)?;
    let names: Vec<String> = known.iter().map(|t| t.name.clone()).collect();
    let templates: BTreeMap<String, Template> = known
        .into_iter()
        .map(|template| (template.name.clone(), template))
        .collect();
    let flaws: Vec<Flaw> = rules
        .iter()
        .flat_map(|kept| {
            let draft = kept.rule.draft();
            draft.template_flaws(&names, |name| templates.get(name))
        })
        .map(|(_, flaw)| flaw)
        .collect();
    if flaws.is_empty() {
        return Ok(templates);
    }
    Err(Error::flaws(
        "a rule names templates that it cannot send; nothing was done",
        flaws,
    )
    .hint("add the template again, or edit the rule"))
}

/// Decides and writes down everything for today.
fn plan(
    connection: &Connection,
    config: &Config,
    now: Now,
    request: Request<'_>,
    each: &mut dyn FnMut(&Happening) -> Result<()>,
    progress: &mut dyn FnMut(u64),
) -> Result<Update> {
    let all = rule::all(connection)?;
    let asked = rules_asked(connection, request.rule)?;
    refuse_earlier(&all, now)?;
    if !request.stale_ok {
        refuse_stale(connection, config, now)?;
    }
    let templates = load_templates(connection, &asked)?;
    let claims = Claims::of(all.iter().map(|kept| &kept.rule));
    let any_hold = hold::any(connection)?;
    collection::begin_run(connection)?;
    let mut update = Update {
        as_of: now.today,
        rules: Vec::new(),
        recipients: 0,
        whatsapp: 0,
    };
    for kept in &asked {
        let mut walk = Walk {
            connection,
            composer: Composer {
                policy: &config.policy,
                company: &config.company,
                now,
            },
            run: Run {
                rule: &kept.rule,
                calendar: &config.policy.calendar,
                today: now.today,
                last: kept.evaluated_on,
            },
            templates: &templates,
            summary: RuleSummary {
                rule: kept.rule.name.clone(),
                ..RuleSummary::default()
            },
            recipients: 0,
            whatsapp: 0,
            listing: request.dry_run,
            handled: 0,
            progress,
        };
        walk.decide(&claims, any_hold, each)?;
        walk.write_down(each)?;
        rule::set_evaluated(connection, &kept.rule.name, now.today)?;
        update.recipients += walk.recipients;
        update.whatsapp += walk.whatsapp;
        update.rules.push(walk.summary);
    }
    Ok(update)
}

/// One rule being evaluated.
struct Walk<'a> {
    connection: &'a Connection,
    composer: Composer<'a>,
    run: Run<'a>,
    templates: &'a BTreeMap<String, Template>,
    summary: RuleSummary,
    recipients: u64,
    whatsapp: u64,
    /// Everything that happens is told.
    listing: bool,
    /// Moves found, and then moves written down.
    handled: u64,
    progress: &'a mut dyn FnMut(u64),
}

/// One invoice that moves, with what its messages need.
struct Moving {
    due: Due,
    invoice: Invoice,
    contract: Option<Contract>,
    case: Option<i64>,
    told: Vec<Told>,
}

impl Moving {
    /// Where the message stands in the choice of one per client.
    fn contender(&self, run: &Run<'_>, can_go: bool) -> Contender {
        let stage = match self.due.step {
            Move::Enter => Some(Stage::Notice),
            Move::Advance(stage) => Some(stage),
            Move::Close { .. } | Move::BureauRemoved => self.due.stage,
            Move::Reminder(_) => None,
        };
        Contender {
            stage,
            due: rolled(&self.invoice, run),
            invoice_id: self.invoice.id,
            can_go,
        }
    }
}

fn rolled(invoice: &Invoice, run: &Run<'_>) -> NaiveDate {
    let bill = Bill {
        due_on: invoice.due_on,
        standing: Standing::of(invoice.status, invoice.owing()),
        bureau_listed_on: None,
        bureau_removed_on: None,
    };
    bill.due(run.rule, run.calendar)
}

/// The phases of which each client gets one message per channel, in the order they are written.
const GROUPS: [fn(Move) -> bool; 3] = [
    |step| matches!(step, Move::Close { .. } | Move::BureauRemoved),
    |step| matches!(step, Move::Enter | Move::Advance(_)),
    |step| matches!(step, Move::Reminder(_)),
];

impl<'a> Walk<'a> {
    /// Notes every move of the rule; nothing is written but the run's own list.
    fn decide(
        &mut self,
        claims: &Claims,
        any_hold: bool,
        each: &mut dyn FnMut(&Happening) -> Result<()>,
    ) -> Result<()> {
        let (connection, run) = (self.connection, self.run);
        let name = &run.rule.name;
        let listing = self.listing;
        let left_out = &mut self.summary.left_out;
        let (handled, progress) = (&mut self.handled, &mut self.progress);
        self.summary.evaluated =
            collection::each_candidate(connection, &run, |invoice_id, bureau| {
                if collection::moved_in_run(connection, invoice_id)? {
                    return Ok(());
                }
                let Some(detail) = collection::detail(connection, invoice_id, any_hold)? else {
                    return Ok(());
                };
                if claims.owner(&detail) != Some(name) {
                    return Ok(());
                }
                match run.decide(&detail.bill, &detail.past, &detail.exclusions) {
                    Decision::Happens(step) if !bureau || step == Move::BureauRemoved => {
                        let due = Due {
                            client_id: detail.client_id,
                            invoice_id,
                            step,
                            case: detail.open.map(|(id, _)| id),
                            stage: detail.last_stage,
                        };
                        collection::note_due(connection, name, &due)?;
                        *handled += 1;
                        progress(*handled);
                    }
                    Decision::LeftOut(step, reason) if !bureau => {
                        *left_out.entry(reason).or_default() += 1;
                        if listing {
                            let client_name = book::client_name(connection, detail.client_id)?;
                            each(&Happening {
                                rule: name.clone(),
                                invoice_id,
                                client_id: detail.client_id,
                                client_name: client_name.unwrap_or_default(),
                                step,
                                left_out: Some(reason),
                                messages: Vec::new(),
                            })?;
                        }
                    }
                    _ => {}
                }
                Ok(())
            })?;
        Ok(())
    }

    /// Writes the rule's moves and their messages down, client by client.
    fn write_down(&mut self, each: &mut dyn FnMut(&Happening) -> Result<()>) -> Result<()> {
        let connection = self.connection;
        let rule = &self.run.rule.name;
        let mut client: Vec<Due> = Vec::new();
        collection::each_due(connection, rule, |due| {
            if client
                .first()
                .is_some_and(|first| first.client_id != due.client_id)
            {
                self.write_client(std::mem::take(&mut client), each)?;
            }
            client.push(due);
            Ok(())
        })?;
        if client.is_empty() {
            return Ok(());
        }
        self.write_client(client, each)
    }

    fn write_client(
        &mut self,
        dues: Vec<Due>,
        each: &mut dyn FnMut(&Happening) -> Result<()>,
    ) -> Result<()> {
        let rule = self.run.rule;
        let mut moving = Vec::with_capacity(dues.len());
        for due in dues {
            let Some(invoice) = book::invoice(self.connection, due.invoice_id)? else {
                continue;
            };
            self.count(due.step);
            self.handled += 1;
            (self.progress)(self.handled);
            let case =
                collection::write(self.connection, &rule.name, &invoice, &due, self.run.today)?;
            moving.push(Moving {
                due,
                invoice,
                contract: None,
                case,
                told: Vec::new(),
            });
        }
        let says = |m: &Moving| !texts(rule, m.due.step).templates.is_empty();
        if moving.iter().any(says) {
            self.write_messages(&mut moving)?;
        }
        if !self.listing {
            return Ok(());
        }
        for m in moving {
            let client_name = book::client_name(self.connection, m.due.client_id)?;
            each(&Happening {
                rule: rule.name.clone(),
                invoice_id: m.invoice.id,
                client_id: m.due.client_id,
                client_name: client_name.unwrap_or_default(),
                step: m.due.step,
                left_out: None,
                messages: m.told,
            })?;
        }
        Ok(())
    }

    fn count(&mut self, step: Move) {
        let summary = &mut self.summary;
        match step {
            Move::Enter => summary.entered += 1,
            Move::Advance(stage) => *summary.advanced.entry(stage).or_default() += 1,
            Move::Reminder(_) => summary.reminders += 1,
            Move::Close { outcome, .. } => {
                *summary.closed.entry(outcome.to_string()).or_default() += 1;
            }
            Move::BureauRemoved => {
                let name = Closing::BureauRemoved.to_string();
                *summary.closed.entry(name).or_default() += 1;
            }
        }
    }

    fn write_messages(&mut self, moving: &mut [Moving]) -> Result<()> {
        let connection = self.connection;
        let Some(client_id) = moving.first().map(|m| m.due.client_id) else {
            return Ok(());
        };
        let Some(client) = book::client(connection, client_id)? else {
            return Ok(());
        };
        let needs = |need: Need| {
            moving
                .iter()
                .flat_map(|m| texts(self.run.rule, m.due.step).templates)
                .filter_map(|name| self.templates.get(&name))
                .any(|template| template.needs().contains(&need))
        };
        let overdue = if needs(Need::Overdue) {
            Some(book::overdue(connection, client_id, self.run.today)?)
        } else {
            None
        };
        if needs(Need::Contract) {
            for m in moving.iter_mut() {
                m.contract = match m.invoice.contract_id {
                    Some(id) => book::contract(connection, id)?,
                    None => None,
                };
            }
        }
        for belongs in GROUPS {
            self.write_group(moving, belongs, &client, overdue)?;
        }
        Ok(())
    }

    /// Writes the messages of one client in one phase. Without `one_message_per_client` each goes as
    /// it comes; with it, channel by channel, one is chosen among those that can be sent.
    fn write_group(
        &mut self,
        moving: &mut [Moving],
        belongs: fn(Move) -> bool,
        client: &Client,
        overdue: Option<Overdue>,
    ) -> Result<()> {
        let mut wanted: Vec<(usize, &'a Template, Option<String>)> = Vec::new();
        for (place, m) in moving.iter().enumerate() {
            if belongs(m.due.step) {
                for (template, detail) in self.reachable(m, client, overdue)? {
                    wanted.push((place, template, detail));
                }
            }
        }
        if !self.run.rule.one_message_per_client {
            for (place, template, detail) in wanted {
                let messages = self.compose(&moving[place], template, client, overdue, detail)?;
                self.insert(&mut moving[place], messages)?;
            }
            return Ok(());
        }
        let mut channels: Vec<Channel> = Vec::new();
        for (_, template, _) in &wanted {
            if !channels.contains(&template.channel) {
                channels.push(template.channel);
            }
        }
        for channel in channels {
            let mut composed = Vec::new();
            for (place, template, detail) in &wanted {
                if template.channel == channel {
                    let messages =
                        self.compose(&moving[*place], template, client, overdue, detail.clone())?;
                    composed.push((*place, messages));
                }
            }
            let contenders: Vec<Contender> = composed
                .iter()
                .map(|(place, messages)| {
                    let can_go = messages.iter().any(|m| m.fate == Fate::Queued);
                    moving[*place].contender(&self.run, can_go)
                })
                .collect();
            let winner = chosen(&contenders);
            let folded_into = winner.map(|at| contenders[at].invoice_id);
            for (at, (place, mut messages)) in composed.into_iter().enumerate() {
                if contenders[at].can_go && winner != Some(at) {
                    messages.truncate(1);
                    for message in &mut messages {
                        fold(message, folded_into);
                    }
                }
                self.insert(&mut moving[place], messages)?;
            }
        }
        Ok(())
    }

    /// The templates of a move that are to be sent: each, or the first whose channel reaches the
    /// client; when none does, the first, with what stands against each.
    fn reachable(
        &self,
        moving: &Moving,
        client: &Client,
        overdue: Option<Overdue>,
    ) -> Result<Vec<(&'a Template, Option<String>)>> {
        let texts = texts(self.run.rule, moving.due.step);
        let mut templates: Vec<&Template> = Vec::new();
        for name in &texts.templates {
            let template = must(self.templates.get(name), "template", name, || {
                Ok(self.templates.keys().collect::<Vec<_>>())
            })?;
            if !templates.iter().any(|known| known.name == template.name) {
                templates.push(template);
            }
        }
        if texts.deliver == Deliver::Each || templates.len() < 2 {
            return Ok(templates.into_iter().map(|t| (t, None)).collect());
        }
        let mut against = Vec::new();
        for template in &templates {
            let draft = self.draft(moving, template, client, overdue);
            match self.composer.reach(self.connection, &draft)? {
                Reach::To(_) => return Ok(vec![(template, None)]),
                Reach::Not { reason, .. } => {
                    against.push(format!("{}: {reason}", template.channel));
                }
            }
        }
        Ok(vec![(templates[0], Some(against.join("; ")))])
    }

    fn draft<'d>(
        &'d self,
        moving: &'d Moving,
        template: &'d Template,
        client: &'d Client,
        overdue: Option<Overdue>,
    ) -> Draft<'d> {
        let step = moving.due.step;
        let id = moving.invoice.id;
        let case_id = match step {
            Move::Enter | Move::Advance(_) | Move::Close { .. } => moving.case,
            Move::Reminder(_) | Move::BureauRemoved => None,
        };
        let start = match (step, case_id) {
            (_, Some(case)) => format!("collection/{id}/case-{case}"),
            (Move::BureauRemoved, _) => {
                let listed = moving.invoice.bureau_listed_on;
                let listed = listed.map_or_else(|| "-".to_owned(), |day| day.to_string());
                format!("collection/{id}/bureau-{listed}")
            }
            _ => format!("collection/{id}/due-{}", moving.invoice.due_on),
        };
        let closing = matches!(step, Move::Close { .. } | Move::BureauRemoved);
        let facts = Facts {
            client: Some(client),
            contract: moving.contract.as_ref(),
            invoice: Some(&moving.invoice),
            overdue,
            ..Facts::new(self.composer.now, self.composer.company)
        };
        // Whoever is on hold has been left out already; closings are not held.
        Draft {
            key: Key::PerAddress(format!("{start}/{step}/{}", template.name)),
            event: step.to_string(),
            about: About {
                contract_id: moving.invoice.contract_id,
                invoice_id: Some(id),
                case_id,
                ..About::default()
            },
            expires_at: match step {
                Move::Reminder(_) => rolled(&moving.invoice, &self.run)
                    .checked_add_days(Days::new(1))
                    .map(|day| start_of(self.composer.now.zone, day)),
                _ => None,
            },
            while_owing: !closing,
            ..Draft::new(
                Wording::Template(template),
                Recipient::Client(client),
                facts,
                Origin::Collection,
            )
        }
    }

    fn compose(
        &self,
        moving: &Moving,
        template: &Template,
        client: &Client,
        overdue: Option<Overdue>,
        unreachable: Option<String>,
    ) -> Result<Vec<NewMessage>> {
        let draft = self.draft(moving, template, client, overdue);
        let mut messages = self.composer.compose(self.connection, &draft)?;
        if let Some(against) = unreachable {
            for message in &mut messages {
                if let Fate::Skipped(_, detail) = &mut message.fate {
                    *detail = Some(against.clone());
                }
            }
        }
        Ok(messages)
    }

    fn insert(&mut self, moving: &mut Moving, messages: Vec<NewMessage>) -> Result<()> {
        let mut goes = false;
        for message in messages {
            let Inserted::New(_) = message::insert(self.connection, &message)? else {
                continue;
            };
            let reason = match message.fate {
                Fate::Queued => {
                    self.summary.queued += 1;
                    self.whatsapp += u64::from(message.channel == Channel::Whatsapp);
                    goes = true;
                    None
                }
                Fate::Skipped(reason, _) => {
                    *self.summary.skipped.entry(reason).or_default() += 1;
                    Some(reason)
                }
            };
            if self.listing {
                moving.told.push(Told {
                    template: message.template.unwrap_or_default(),
                    channel: message.channel,
                    reason,
                });
            }
        }
        self.recipients += u64::from(goes);
        Ok(())
    }
}

/// What a move says, by the rule.
pub fn texts(rule: &Rule, step: Move) -> Texts {
    let nothing = Texts {
        templates: Vec::new(),
        deliver: Deliver::Each,
    };
    match step.phase() {
        None => nothing,
        Some(Phase::Reminder) => rule
            .reminders
            .as_ref()
            .map_or(nothing, |reminders| reminders.texts.clone()),
        Some(Phase::Stage(stage)) => rule.step(stage).map_or(nothing, |step| step.texts.clone()),
        Some(Phase::Closing(closing)) => rule.closings.texts(closing),
    }
}

/// Makes a message one that was folded into another invoice's.
fn fold(message: &mut NewMessage, into: Option<i64>) {
    let detail = into.map(|invoice| format!("the client hears of invoice {invoice}"));
    message.fate = Fate::Skipped(Reason::Merged, detail);
    message.not_before = None;
    message.expires_at = None;
}

/// Removes a rule: its open cases close with outcome `rule_removed`. Answers how many.
pub fn remove_rule(connection: &Connection, name: &str, today: NaiveDate) -> Result<u64> {
    let closed = collection::close_all(connection, name, today)?;
    rule::remove(connection, name)?;
    Ok(closed)
}

/// One invoice's whole way, and what comes next.
#[derive(Debug, Clone)]
pub struct Way {
    /// The invoice.
    pub invoice: Invoice,
    /// Whose it is.
    pub client_name: String,
    /// The rule it belongs to, if any takes it.
    pub rule: Option<rule::Kept>,
    /// The day the rule counts from: the due date, rolled when the rule says so.
    pub counts_from: NaiveDate,
    /// Its cases, each with its moves.
    pub cases: Vec<(collection::Case, Vec<collection::Entry>)>,
    /// Its reminders: the day, how many days before which due date, the rule.
    pub reminders: Vec<(NaiveDate, i64, NaiveDate, String)>,
    /// The days on which its removal from the bureau's list was told.
    pub bureau_told: Vec<NaiveDate>,
    /// Every hold on it or its client.
    pub holds: Vec<hold::Hold>,
    /// What comes next.
    pub next: Next,
}

/// Gathers an invoice's whole way.
pub fn way(connection: &Connection, config: &Config, now: Now, invoice_id: i64) -> Result<Way> {
    let (Some(invoice), Some(detail)) = (
        book::invoice(connection, invoice_id)?,
        collection::detail(connection, invoice_id, true)?,
    ) else {
        return Err(
            not_in_the_book("invoice", invoice_id).hint("regua report run invoices lists them")
        );
    };
    let all = rule::all(connection)?;
    let claims = Claims::of(all.iter().map(|kept| &kept.rule));
    let rule = claims
        .owner(&detail)
        .and_then(|name| all.iter().find(|kept| kept.rule.name == name))
        .cloned();
    let mut cases = Vec::new();
    let wanted = collection::Wanted {
        invoice_id: Some(invoice_id),
        ..collection::Wanted::default()
    };
    collection::each_case(connection, &wanted, |case| {
        cases.push(case);
        Ok(true)
    })?;
    let cases = cases
        .into_iter()
        .map(|case| Ok((collection::moves(connection, case.id)?, case)))
        .map(|pair: Result<_>| pair.map(|(moves, case)| (case, moves)))
        .collect::<Result<Vec<_>>>()?;
    let calendar = &config.policy.calendar;
    let next = match &rule {
        None => Next {
            on: None,
            step: None,
            words: match &detail.portfolio {
                Some(portfolio) => format!("nothing: no rule takes portfolio `{portfolio}`"),
                None => "nothing: no rule takes invoices without a portfolio".to_owned(),
            },
        },
        Some(kept) => {
            let run = Run {
                rule: &kept.rule,
                calendar,
                today: first_day(kept, now),
                last: kept.evaluated_on,
            };
            what_next(run, &detail.bill, &detail.past, &detail.exclusions)
        }
    };
    Ok(Way {
        client_name: book::client_name(connection, invoice.client_id)?.unwrap_or_default(),
        counts_from: rule
            .as_ref()
            .map_or(invoice.due_on, |kept| detail.bill.due(&kept.rule, calendar)),
        rule,
        cases,
        reminders: collection::reminders(connection, invoice_id)?,
        bureau_told: collection::bureau_told(connection, invoice_id)?,
        holds: hold::about(connection, invoice_id, invoice.client_id)?,
        next,
        invoice,
    })
}

/// The first day that a rule is still to be evaluated for.
pub fn first_day(kept: &rule::Kept, now: Now) -> NaiveDate {
    match kept.evaluated_on {
        Some(last) if last >= now.today => last.checked_add_days(Days::new(1)).unwrap_or(now.today),
        _ => now.today,
    }
}
