//! The birthday queue: whoever's birthday it is gets the template, once a year.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::compose::{Composer, Draft, Key, Wording};
use super::provided;
use super::rows::{About, Rows};
use crate::clock::{Now, start_of};
use crate::config::Config;
use crate::domain::birthday;
use crate::domain::client::Client;
use crate::domain::contact_hours::ContactHours;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::Recipient;
use crate::domain::template::{FOR_CLIENTS, Need, Template};
use crate::domain::words::{Channel, Origin, Reason, Status};
use crate::error::{Error, Result};
use crate::store::message::{self, Inserted};
use crate::store::{Connection, Store, birthday as store, template};

/// Clients looked up at once: a page of ids is all that is held.
const PAGE: usize = 1_000;

/// What a birthday queue came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BirthdayQueue {
    /// The day.
    pub day: NaiveDate,
    /// The template's name.
    pub template: String,
    /// Its channel.
    pub channel: Channel,
    /// Clients whose birthday it is.
    pub clients: u64,
    /// Messages put in the queue.
    pub queued: u64,
    /// Messages recorded as skipped, by reason; who had this year's already under `duplicate`,
    /// without another record.
    pub reasons: BTreeMap<Reason, u64>,
    /// The first and last id of its messages.
    ids: Option<(i64, i64)>,
}

/// The configured template, if it is one that a birthday can fill.
fn configured(connection: &Connection, config: &Config) -> Result<Template> {
    let name = config.birthday.template.as_deref().ok_or_else(|| {
        Error::unacceptable("no birthday template is configured")
            .hint("[birthday] template = \"NAME\" in the configuration")
    })?;
    let template = template::get(connection, name)?;
    if let Some(why) = template.not_for_clients() {
        return Err(Error::unacceptable(why).hint(FOR_CLIENTS));
    }
    let supplied = |need: &Need| {
        matches!(
            need,
            Need::Client | Need::Overdue | Need::Company | Need::Clock
        )
    };
    if let Some(need) = template.needs().iter().find(|need| !supplied(need)) {
        return Err(Error::unacceptable(format!(
            "the birthday template `{name}` needs {}, which a birthday does not have",
            need.as_str()
        ))
        .hint("use variables of the client, the company and the clock"));
    }
    Ok(template)
}

/// Refuses a change of the configured template after which no birthday could fill it.
pub fn still_fine(connection: &Connection, config: &Config, template: &str) -> Result<()> {
    if config.birthday.template.as_deref() == Some(template) {
        configured(connection, config)?;
    }
    Ok(())
}

/// Puts today's birthday messages in the queue, in one transaction.
pub fn queue(store: &mut Store, config: &Config, now: Now) -> Result<BirthdayQueue> {
    store.write(|transaction| {
        let template = configured(transaction, config)?;
        provided::refuse(config, [&template])?;
        let mut party = Party {
            connection: transaction,
            config,
            now,
            template: &template,
            needs: template.needs(),
            summary: BirthdayQueue {
                day: now.today,
                template: template.name.clone(),
                channel: template.channel,
                clients: 0,
                queued: 0,
                reasons: BTreeMap::new(),
                ids: None,
            },
        };
        let days = birthday::celebrated(now.today);
        let active_only = config.birthday.active_only;
        let mut after = i64::MIN;
        loop {
            let ids = store::born_on(transaction, &days, active_only, after, PAGE)?;
            let Some(last) = ids.last() else { break };
            after = *last;
            for id in ids {
                party.congratulate(id)?;
            }
        }
        let summary = party.summary;
        let most = config.max_messages_per_run.unsigned_abs();
        if most > 0 && summary.queued > most {
            return Err(Error::unacceptable(format!(
                "{} birthday messages are more than max_messages_per_run allows ({most}); nothing was queued",
                summary.queued
            ))
            .hint("raise max_messages_per_run; many birthdays on one day are often a date that stands for none"));
        }
        Ok(summary)
    })
}

/// One day's congratulations in the making.
struct Party<'a> {
    connection: &'a Connection,
    config: &'a Config,
    now: Now,
    template: &'a Template,
    needs: BTreeSet<Need>,
    summary: BirthdayQueue,
}

impl Party<'_> {
    fn congratulate(&mut self, client_id: i64) -> Result<()> {
        let today = self.now.today;
        let id = Some(client_id);
        let rows = Rows::gather(self.connection, id, About::NOTHING, &self.needs, today)?;
        let Some(client) = &rows.client else {
            return Ok(());
        };
        if !birthday::is_due(client, self.config.birthday.active_only, today) {
            return Ok(());
        }
        self.summary.clients += 1;
        if store::decided(self.connection, today.year(), client_id)? {
            *self.summary.reasons.entry(Reason::Duplicate).or_default() += 1;
            return Ok(());
        }
        for message in self.messages(client, &rows)? {
            let Inserted::New(id) = message::insert(self.connection, &message)? else {
                continue;
            };
            let first = self.summary.ids.map_or(id, |(first, _)| first);
            self.summary.ids = Some((first, id));
            match &message.fate {
                Fate::Queued => self.summary.queued += 1,
                Fate::Skipped(reason, _) => {
                    *self.summary.reasons.entry(*reason).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    fn messages(&self, client: &Client, rows: &Rows) -> Result<Vec<NewMessage>> {
        let hours = ContactHours::daily(self.config.birthday.hours);
        let not_before = self.config.policy.not_before_in(&hours, self.now);
        let tomorrow = self.now.today.succ_opt();
        let expires_at = tomorrow.map(|tomorrow| start_of(self.now.zone, tomorrow));
        let composer = Composer::new(self.config, self.now);
        let draft = Draft {
            key: Key::PerAddress(birthday::key(self.now.today.year(), client.id)),
            event: "birthday".to_owned(),
            not_before: Some(not_before),
            expires_at,
            ..Draft::new(
                Wording::Template(self.template),
                Recipient::Client(client),
                rows.facts(self.now, composer.company),
                Origin::Birthday,
            )
        };
        let mut messages = composer.compose(self.connection, &draft)?;
        // After its hours a birthday is over: the next opening is tomorrow's.
        if not_before
            .zip(expires_at)
            .is_some_and(|(from, to)| from >= to)
        {
            messages.truncate(1);
            for message in &mut messages {
                if message.fate == Fate::Queued {
                    message.fate = Fate::Skipped(
                        Reason::Expired,
                        Some("the hours of birthday messages are over for today".to_owned()),
                    );
                    message.not_before = None;
                    message.expires_at = None;
                }
            }
        }
        Ok(messages)
    }
}

/// What the messages of a birthday queue have become by now, and the reasons of those not sent.
pub fn standing(
    connection: &Connection,
    summary: &BirthdayQueue,
) -> Result<(BTreeMap<Status, u64>, BTreeMap<Reason, u64>)> {
    let mut states = BTreeMap::new();
    let mut reasons = BTreeMap::new();
    if let Some((first, last)) = summary.ids {
        for (status, reason, n) in store::totals(connection, first, last)? {
            *states.entry(status).or_default() += n;
            if let Some(reason) = reason {
                *reasons.entry(reason).or_default() += n;
            }
        }
    }
    if let Some(n) = summary.reasons.get(&Reason::Duplicate) {
        *reasons.entry(Reason::Duplicate).or_default() += n;
    }
    Ok((states, reasons))
}
