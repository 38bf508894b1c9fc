//! The birthday queue: whoever's birthday it is gets the template, or the templates, once a year.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::clock::Now;
use crate::config::Config;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::template::{FOR_CLIENTS, Need, Template};
use crate::domain::words::{Channel, Reason, Status};
use crate::error::{Error, Result};
use crate::store::message::{self, Inserted};
use crate::store::{Connection, Store, birthday as store, template};

mod party;

use party::{Guest, Party};

/// What a birthday queue came to, or would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BirthdayQueue {
    /// The day.
    pub day: NaiveDate,
    /// The templates' names.
    pub templates: Vec<String>,
    /// Their channels.
    pub channels: Vec<Channel>,
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

/// One person's birthday, and one message of it or what stands against any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Celebration {
    /// The day.
    pub on: NaiveDate,
    /// Whose it is.
    pub client_id: i64,
    /// Their name.
    pub client_name: String,
    /// When they were born.
    pub birth_date: Option<NaiveDate>,
    /// The template; none where no message is made.
    pub template: Option<String>,
    /// Its channel.
    pub channel: Option<Channel>,
    /// Where it would go.
    pub address: Option<String>,
    /// Whether they are told.
    pub outcome: CelebrationOutcome,
    /// Why not, where a message is recorded as skipped.
    pub reason: Option<Reason>,
    /// More on why not.
    pub detail: Option<String>,
}

/// What becomes of a birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CelebrationOutcome {
    /// A message goes.
    Receives,
    /// A message is recorded, and does not go.
    Skipped,
    /// No message is made.
    LeftOut,
}

impl CelebrationOutcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receives => "receives",
            Self::Skipped => "skipped",
            Self::LeftOut => "left out",
        }
    }
}

/// The configured templates, if a birthday can fill them and each has a channel of its own.
fn configured(connection: &Connection, config: &Config) -> Result<Vec<Template>> {
    let names = &config.birthday.templates;
    if names.is_empty() {
        return Err(Error::unacceptable("no birthday template is configured")
            .hint("[birthday] template = \"NAME\" in the configuration"));
    }
    let mut templates: Vec<Template> = Vec::new();
    for name in names {
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
        let rival = templates
            .iter()
            .find(|known| known.channel == template.channel);
        if let Some(rival) = rival {
            return Err(Error::unacceptable(format!(
                "the birthday templates `{}` and `{name}` are both of channel {}",
                rival.name, template.channel
            ))
            .hint("name one template a channel"));
        }
        templates.push(template);
    }
    Ok(templates)
}

/// Whether the configured templates are such that a birthday can fill them.
///
/// # Errors
/// What is wrong with the first that is not.
pub fn check(connection: &Connection, config: &Config) -> Result<()> {
    configured(connection, config).map(|_| ())
}

/// Refuses a change of a configured template after which no birthday could fill it.
pub fn still_fine(connection: &Connection, config: &Config, template: &str) -> Result<()> {
    if config
        .birthday
        .templates
        .iter()
        .any(|name| name == template)
    {
        configured(connection, config)?;
    }
    Ok(())
}

/// Puts today's birthday messages in the queue, in one transaction.
pub fn queue(store: &mut Store, config: &Config, now: Now) -> Result<BirthdayQueue> {
    store.write(|transaction| {
        let templates = configured(transaction, config)?;
        let party = Party::new(transaction, config, now, &templates)?;
        let mut summary = BirthdayQueue::of(now.today, &templates);
        party.each_on(now.today, &mut |guest| {
            summary.count(&guest);
            if let Guest::Told(_, messages) = guest {
                for message in messages {
                    summary.insert(transaction, &message)?;
                }
            }
            Ok(())
        })?;
        refuse_too_many(&summary, config)?;
        Ok(summary)
    })
}

fn refuse_too_many(summary: &BirthdayQueue, config: &Config) -> Result<()> {
    let most = config.max_messages_per_run.unsigned_abs();
    if most > 0 && summary.queued > most {
        return Err(Error::unacceptable(format!(
            "{} birthday messages are more than max_messages_per_run allows ({most}); nothing was queued",
            summary.queued
        ))
        .hint("raise max_messages_per_run; many birthdays on one day are often a date that stands for none"));
    }
    Ok(())
}

/// What today's queue would come to: nothing is written, and each birthday is told of as it is found.
pub fn rehearse(
    connection: &Connection,
    config: &Config,
    now: Now,
    tell: &mut dyn FnMut(&Celebration) -> Result<()>,
) -> Result<BirthdayQueue> {
    let templates = configured(connection, config)?;
    let party = Party::new(connection, config, now, &templates)?;
    let mut summary = BirthdayQueue::of(now.today, &templates);
    party.each_on(now.today, &mut |guest| {
        summary.count(&guest);
        if let Guest::Told(_, messages) = &guest {
            for message in messages {
                summary.tally(&message.fate);
            }
        }
        guest
            .celebrations(now.today)
            .iter()
            .try_for_each(&mut *tell)
    })?;
    refuse_too_many(&summary, config)?;
    Ok(summary)
}

/// The birthdays of today and of the days after it, `days` in all, each with what would be sent as things
/// stand. Without a configured template nothing would.
pub fn upcoming(
    connection: &Connection,
    config: &Config,
    now: Now,
    days: u64,
    tell: &mut dyn FnMut(&Celebration) -> Result<()>,
) -> Result<()> {
    let templates = if config.birthday.templates.is_empty() {
        Vec::new()
    } else {
        configured(connection, config)?
    };
    let party = Party::new(connection, config, now, &templates)?;
    for ahead in 0..days {
        let Some(on) = now.today.checked_add_days(Days::new(ahead)) else {
            break;
        };
        party.each_on(on, &mut |guest| {
            guest.celebrations(on).iter().try_for_each(&mut *tell)
        })?;
    }
    Ok(())
}

/// What to say of the people whose birth date stands for none or is to come, where there are any.
pub fn unbelievable(connection: &Connection, now: Now) -> Result<Option<String>> {
    let count = store::unbelievable(connection, now.today)?;
    Ok((count > 0).then(|| {
        format!(
            "{count} {} a birth date of 1900-01-01 or one to come: nobody congratulates them; mend it in the ERP",
            if count == 1 { "person has" } else { "people have" }
        )
    }))
}

impl BirthdayQueue {
    fn of(day: NaiveDate, templates: &[Template]) -> Self {
        Self {
            day,
            templates: templates.iter().map(|one| one.name.clone()).collect(),
            channels: templates.iter().map(|one| one.channel).collect(),
            clients: 0,
            queued: 0,
            reasons: BTreeMap::new(),
            ids: None,
        }
    }

    fn count(&mut self, guest: &Guest) {
        match guest {
            Guest::LeftOut(..) => return,
            Guest::Told(..) => {}
            Guest::Decided(_) => *self.reasons.entry(Reason::Duplicate).or_default() += 1,
        }
        self.clients += 1;
    }

    fn tally(&mut self, fate: &Fate) {
        match fate {
            Fate::Queued => self.queued += 1,
            Fate::Skipped(reason, _) => *self.reasons.entry(*reason).or_default() += 1,
        }
    }

    fn insert(&mut self, connection: &Connection, message: &NewMessage) -> Result<()> {
        if let Inserted::New(id) = message::insert(connection, message)? {
            let first = self.ids.map_or(id, |(first, _)| first);
            self.ids = Some((first, id));
            self.tally(&message.fate);
        }
        Ok(())
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
