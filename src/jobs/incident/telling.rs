//! Telling: one step of an incident, client by client.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{IncidentRun, StepTold};
use crate::domain::incident::{Incident, Step, StepKind};
use crate::domain::message::Fate;
use crate::domain::recipient::Recipient;
use crate::domain::send::RowIds;
use crate::domain::template::{Need, Template};
use crate::domain::words::{Origin, Reason};
use crate::error::{Error, Result};
use crate::jobs::compose::Composer;
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::rows::{About, Rows};
use crate::store::message::{self, Inserted};
use crate::store::{Connection, incident as store};

/// One step being told.
pub(super) struct Telling<'a> {
    connection: &'a Connection,
    composer: Composer<'a>,
    /// A run that would tell more clients is refused; 0: no limit.
    most: u64,
    incident: &'a Incident,
    step: &'a Step,
    template: &'a Template,
    needs: BTreeSet<Need>,
    recipients: u64,
    messages: u64,
    skipped: BTreeMap<Reason, u64>,
}

impl<'a> Telling<'a> {
    pub fn new(
        connection: &'a Connection,
        run: IncidentRun<'a>,
        incident: &'a Incident,
        step: &'a Step,
        template: &'a Template,
    ) -> Self {
        Self {
            connection,
            composer: Composer::new(run.config, run.now),
            most: run.config.max_messages_per_run.unsigned_abs(),
            incident,
            step,
            template,
            needs: template.needs(),
            recipients: 0,
            messages: 0,
            skipped: BTreeMap::new(),
        }
    }

    /// Writes down what one client is told.
    pub fn tell(&mut self, row: &RowIds) -> Result<()> {
        let now = self.composer.now;
        let client_id = Some(row.client);
        let concerned = About {
            contract_id: row.contract,
            login_id: row.login,
            ..About::NOTHING
        };
        let mut rows = Rows::gather(
            self.connection,
            client_id,
            concerned,
            &self.needs,
            now.today,
        )?;
        rows.keep_those_of(client_id);
        // What it is about is what its words need and is still this client's.
        let about = About {
            contract_id: rows.contract.as_ref().map(|contract| contract.id),
            login_id: rows.login.as_ref().map(|login| login.id),
            ..About::NOTHING
        };
        // Whoever is gone from the source takes part in nothing.
        let there = rows.client.as_ref();
        let Some(client) = there.filter(|client| client.absent_since.is_none()) else {
            return Ok(());
        };
        let key = self
            .incident
            .key(self.step.number, client.id, self.template.channel);
        let draft = Draft {
            key: Key::Whole(key),
            event: self.incident.event(self.step),
            about,
            expires_at: self.expires_at(),
            ..Draft::new(
                Wording::Template(self.template),
                Recipient::Client(client),
                rows.facts(now, self.composer.company),
                Origin::Incident,
            )
        };
        let mut receives = false;
        for message in self.composer.compose(self.connection, &draft)? {
            let Inserted::New(id) = message::insert(self.connection, &message)? else {
                continue;
            };
            let (incident, step) = (self.incident.id, self.step.number);
            store::note_message(self.connection, incident, step, client.id, id)?;
            match &message.fate {
                Fate::Queued => {
                    receives = true;
                    self.messages += 1;
                }
                Fate::Skipped(reason, _) => *self.skipped.entry(*reason).or_default() += 1,
            }
        }
        self.recipients += u64::from(receives);
        Ok(())
    }

    /// What is told of an outage is of no use once that is expected to be over; its end always is.
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        let usual = self.composer.policy.expires_at(self.composer.now);
        self.incident
            .until
            .filter(|until| self.step.kind != StepKind::Close && *until > self.composer.now.at)
            .map(|until| until.min(usual))
    }

    /// What the step came to.
    ///
    /// # Errors
    /// When more clients would be told than a run may tell (exit 3).
    pub fn told(self, newcomers: u64, cancelled: u64) -> Result<StepTold> {
        if self.most > 0 && self.recipients > self.most {
            return Err(Error::unacceptable(format!(
                "{} recipients are more than max_messages_per_run allows ({}); nothing was told",
                self.recipients, self.most
            ))
            .hint("narrow it with --filter, or raise max_messages_per_run"));
        }
        Ok(StepTold {
            incident: self.incident.clone(),
            step: self.step.clone(),
            channel: self.template.channel,
            carried_on: false,
            put_off: false,
            newcomers,
            cancelled,
            recipients: self.recipients,
            messages: self.messages,
            skipped: self.skipped,
        })
    }
}
