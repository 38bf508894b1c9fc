//! The walk: what a send's recipients come to, counted or written down.

use super::gather::Addressee;
use super::{Example, Plan, PlannedRow, Request};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::words::{Reason, Status};
use crate::error::Result;
use crate::store::message::{self, Inserted, Writer};
use crate::store::{Connection, restore};

/// One pass over the recipients of a send.
pub(super) struct Walk<'a> {
    connection: &'a Connection,
    request: &'a Request,
    /// The batch that is being written; none for a plan.
    batch_id: Option<i64>,
    /// What writes it.
    writer: Option<Writer<'a>>,
    /// Somebody had this template today, or is about to: each recipient is asked for it.
    had_today: bool,
    /// Today counts as done: a backup was restored, and nobody knows what was sent since.
    done: bool,
    /// What the pass comes to.
    pub plan: Plan,
}

impl<'a> Walk<'a> {
    pub fn new(
        connection: &'a Connection,
        config: &Config,
        now: Now,
        request: &'a Request,
        batch_id: Option<i64>,
    ) -> Result<Self> {
        let plan = Plan {
            wait_until: config.policy.not_before(request.template.purpose, now),
            ..Plan::default()
        };
        Ok(Self {
            connection,
            request,
            had_today: message::anybody_has(
                connection,
                &format!("send/{}/{}", request.template.name, now.today),
                batch_id,
            )?,
            batch_id,
            writer: batch_id.map(|_| Writer::new(connection)).transpose()?,
            done: !request.again && restore::is_done(connection, now.today)?,
            plan,
        })
    }

    /// Takes one recipient's messages; whether any of them goes out.
    pub fn take(&mut self, recipient: &Addressee) -> Result<bool> {
        if self.had_already(recipient)? {
            self.plan.duplicates += 1;
            return Ok(false);
        }
        let mut duplicate = false;
        let mut receives = false;
        for message in &recipient.messages {
            let queued = message.fate == Fate::Queued;
            let new = self.put(message)?;
            self.note(&recipient.name, message, new);
            if !new {
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
        } else if duplicate {
            self.plan.duplicates += 1;
        }
        Ok(receives)
    }

    /// Notes a message, or that its person is left out, where the plan names each.
    fn note(&mut self, name: &str, message: &NewMessage, new: bool) {
        if !self.request.list {
            return;
        }
        let (reason, detail) = match &message.fate {
            _ if !new => (Some(Reason::Duplicate), None),
            Fate::Queued => (None, None),
            Fate::Skipped(reason, detail) => (Some(*reason), detail.clone()),
        };
        self.plan.rows.push(PlannedRow {
            client_id: message.client_id,
            client_name: name.to_owned(),
            contract_id: message.contract_id,
            channel: message.channel,
            address: message.address.clone(),
            reason,
            detail,
        });
    }

    /// Writes a message down, or looks whether it could be; false when its key stands already.
    fn put(&mut self, message: &NewMessage) -> Result<bool> {
        if self.done {
            return Ok(false);
        }
        if let Some(writer) = &mut self.writer {
            let written = writer.insert_or_revive(message)?;
            return Ok(matches!(written, Inserted::New(_)));
        }
        Ok(match message::find_key(self.connection, &message.key)? {
            None | Some(Inserted::New(_)) => true,
            // Nobody has had it: it comes to life again.
            Some(Inserted::Duplicate { status, .. }) => match status {
                Status::Cancelled => true,
                Status::Skipped => message.fate == Fate::Queued,
                _ => false,
            },
        })
    }

    /// Whether the recipient had this template today, by whatever address, or is about to.
    fn had_already(&self, recipient: &Addressee) -> Result<bool> {
        let Some(first) = recipient.messages.first() else {
            return Ok(false);
        };
        let start: String = match first.key_start {
            Some(length) => first.key.chars().take(length).collect(),
            None => return Ok(false),
        };
        Ok(self.had_today && message::anybody_has(self.connection, &start, self.batch_id)?)
    }
}
