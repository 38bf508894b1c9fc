//! Whose birthday it is on a day, and the messages that each of them is to have.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::{Celebration, CelebrationOutcome};
use crate::clock::{Now, start_of};
use crate::config::Config;
use crate::domain::birthday;
use crate::domain::client::Client;
use crate::domain::contact_hours::ContactHours;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::rule::Deliver;
use crate::domain::template::{Need, Template};
use crate::domain::words::{Origin, Reason};
use crate::error::Result;
use crate::jobs::compose::Composer;
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::provided;
use crate::jobs::rows::{About, Rows};
use crate::store::{Connection, birthday as store};

/// Clients looked up at once: a page of ids is all that is held.
const PAGE: usize = 1_000;

/// Somebody whose birthday it is.
pub(super) enum Guest {
    /// Nobody congratulates them, and why.
    LeftOut(Client, &'static str),
    /// This year's messages were made already.
    Decided(Client),
    /// The messages to be made, those that will not go among them.
    Told(Client, Vec<NewMessage>),
}

impl Guest {
    /// As a person reads it, message by message.
    pub(super) fn celebrations(&self, on: NaiveDate) -> Vec<Celebration> {
        let (client, detail) = match self {
            Self::LeftOut(client, why) => (client, *why),
            Self::Decided(client) => (client, "had this year's already"),
            Self::Told(client, messages) => {
                let of = |message: &NewMessage| told(client, message, on);
                return messages.iter().map(of).collect();
            }
        };
        let decided = matches!(self, Self::Decided(_));
        vec![Celebration {
            reason: decided.then_some(Reason::Duplicate),
            detail: Some(detail.to_owned()),
            ..left_out(client, on)
        }]
    }
}

fn left_out(client: &Client, on: NaiveDate) -> Celebration {
    Celebration {
        on,
        client_id: client.id,
        client_name: client.name.clone(),
        birth_date: client.birth_date,
        template: None,
        channel: None,
        address: None,
        outcome: CelebrationOutcome::LeftOut,
        reason: None,
        detail: None,
    }
}

fn told(client: &Client, message: &NewMessage, on: NaiveDate) -> Celebration {
    let (outcome, reason, detail) = match &message.fate {
        Fate::Queued => (CelebrationOutcome::Receives, None, None),
        Fate::Skipped(reason, detail) => {
            (CelebrationOutcome::Skipped, Some(*reason), detail.clone())
        }
    };
    Celebration {
        template: message.template.clone(),
        channel: Some(message.channel),
        address: message.address.clone(),
        outcome,
        reason,
        detail,
        ..left_out(client, on)
    }
}

/// The congratulations of a day in the making.
pub(super) struct Party<'a> {
    connection: &'a Connection,
    config: &'a Config,
    now: Now,
    templates: &'a [Template],
    needs: BTreeSet<Need>,
}

impl<'a> Party<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        config: &'a Config,
        now: Now,
        templates: &'a [Template],
    ) -> Result<Self> {
        provided::refuse(config, templates)?;
        Ok(Self {
            connection,
            config,
            now,
            templates,
            needs: templates.iter().flat_map(Template::needs).collect(),
        })
    }

    /// Everybody whose birthday it is on a day, by id.
    pub(super) fn each_on(
        &self,
        on: NaiveDate,
        visit: &mut dyn FnMut(Guest) -> Result<()>,
    ) -> Result<()> {
        let days = birthday::celebrated(on);
        let mut after = i64::MIN;
        loop {
            let ids = store::born_on(self.connection, &days, after, PAGE)?;
            let Some(last) = ids.last() else {
                return Ok(());
            };
            after = *last;
            for id in ids {
                if let Some(guest) = self.guest(id, on)? {
                    visit(guest)?;
                }
            }
        }
    }

    fn guest(&self, client_id: i64, on: NaiveDate) -> Result<Option<Guest>> {
        let today = self.now.today;
        let id = Some(client_id);
        let rows = Rows::gather(self.connection, id, About::NOTHING, &self.needs, today)?;
        let Some(client) = &rows.client else {
            return Ok(None);
        };
        let name = client.clone();
        if let Some(why) = birthday::against(client, self.config.birthday.active_only, on) {
            return Ok(Some(Guest::LeftOut(name, why)));
        }
        if store::decided(self.connection, on.year(), client_id)? {
            return Ok(Some(Guest::Decided(name)));
        }
        if self.templates.is_empty() {
            return Ok(Some(Guest::LeftOut(
                name,
                "no birthday template is configured",
            )));
        }
        Ok(Some(Guest::Told(name, self.messages(client, &rows, on)?)))
    }

    /// The messages of one client: each template's, or those of the first whose channel reaches them;
    /// where none does, the first's, with what stands against each.
    fn messages(&self, client: &Client, rows: &Rows, on: NaiveDate) -> Result<Vec<NewMessage>> {
        let composer = Composer::new(self.config, self.now);
        if self.config.birthday.deliver == Deliver::Each || self.templates.len() < 2 {
            let mut messages = Vec::new();
            let mut going = 0;
            for template in self.templates {
                let made = self.of(template, client, rows, on, going)?;
                going += u64::from(made.iter().any(|message| message.fate == Fate::Queued));
                messages.extend(made);
            }
            return Ok(messages);
        }
        let mut against = Vec::new();
        for template in self.templates {
            let draft = self.draft(&composer, template, client, rows, on);
            match composer.reach(self.connection, &draft)? {
                Reach::To(_) => return self.of(template, client, rows, on, 0),
                Reach::Not { reason, .. } => {
                    against.push(format!("{}: {reason}", template.channel));
                }
            }
        }
        let Some(first) = self.templates.first() else {
            return Ok(Vec::new());
        };
        let mut messages = self.of(first, client, rows, on, 0)?;
        for message in &mut messages {
            if let Fate::Skipped(_, detail) = &mut message.fate {
                *detail = Some(against.join("; "));
            }
        }
        Ok(messages)
    }

    fn draft<'d>(
        &'d self,
        composer: &Composer<'d>,
        template: &'d Template,
        client: &'d Client,
        rows: &'d Rows,
        on: NaiveDate,
    ) -> Draft<'d> {
        let start = birthday::key(on.year(), client.id);
        let several = self.templates.len() > 1;
        Draft {
            key: Key::PerAddress(if several {
                format!("{start}/{}", template.name)
            } else {
                start
            }),
            event: "birthday".to_owned(),
            not_before: Some(self.not_before(on)),
            expires_at: self.expires_at(on),
            ..Draft::new(
                Wording::Template(template),
                Recipient::Client(client),
                rows.facts(self.now, composer.company),
                Origin::Birthday,
            )
        }
    }

    fn not_before(&self, on: NaiveDate) -> Option<DateTime<Utc>> {
        let hours = ContactHours::daily(self.config.birthday.hours);
        let moment = if on == self.now.today {
            self.now
        } else {
            Now {
                at: start_of(self.now.zone, on),
                today: on,
                ..self.now
            }
        };
        self.config.policy.not_before_in(&hours, moment)
    }

    fn expires_at(&self, on: NaiveDate) -> Option<DateTime<Utc>> {
        on.succ_opt().map(|next| start_of(self.now.zone, next))
    }

    /// The messages of one template; `planned` more for this client are not written down yet.
    fn of(
        &self,
        template: &Template,
        client: &Client,
        rows: &Rows,
        on: NaiveDate,
        planned: u64,
    ) -> Result<Vec<NewMessage>> {
        let composer = Composer::new(self.config, self.now);
        let draft = self.draft(&composer, template, client, rows, on);
        let mut messages = composer.compose_after(self.connection, &draft, planned)?;
        // After its hours a birthday is over: the next opening is tomorrow's.
        let opens = self.not_before(on);
        if opens
            .zip(self.expires_at(on))
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
