//! Access: what an import or a sync changed of contracts' access becomes messages to their clients, or is
//! held back when it is suspiciously much.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::Composer;
use super::draft::{Draft, Key, Wording};
use super::rows::{About, Rows};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::access::{AccessChange, AccessListener};
use crate::domain::invoice::Invoice;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::Recipient;
use crate::domain::template::{Need, Template};
use crate::domain::words::{AccessStatus, Channel, Origin, Purpose, Reason, Word as _};
use crate::error::{Error, Result};
use crate::store::access::{self as store, Pending};
use crate::store::message::{self, Inserted};
use crate::store::{Connection, Store, book, template, trigger};

/// Changes looked at once: a page of them is all that is held.
const PAGE: usize = 1_000;

/// What changes of access came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessSummary {
    /// Changes that a trigger hears of.
    pub changes: u64,
    /// Of these, held back until a person decides.
    pub held: u64,
    /// Of these, released when no trigger hears of them any more.
    pub unheard: u64,
    /// Messages put in the queue.
    pub queued: u64,
    /// Messages recorded as skipped, by reason.
    pub skipped: BTreeMap<Reason, u64>,
    /// Where they are to be delivered.
    pub channels: BTreeSet<Channel>,
}

impl AccessSummary {
    /// What is told of changes that were held back.
    pub fn note(&self, config: &Config) -> Option<String> {
        (self.held > 0).then(|| {
            format!(
                "{} changes of access are more than [triggers] most_access allows in one run ({}): nobody was told of them; regua trigger release tells them, regua trigger drop does not",
                self.changes, config.most_access
            )
        })
    }
}

/// Takes what the book noticed in this transaction: its messages are queued, or all of it is held back
/// when the run brings more than `[triggers] most_access`. `summary` is what the run came to before.
pub fn take_in(
    connection: &Connection,
    config: &Config,
    now: Now,
    summary: &mut AccessSummary,
) -> Result<()> {
    let listeners = listeners(connection)?;
    let wanted = store::sort_out(connection, &listeners, now.at)?;
    summary.changes += wanted;
    let most = config.most_access.unsigned_abs();
    if wanted > 0 && most > 0 && summary.changes > most {
        summary.held += wanted;
        return store::hold_back(connection);
    }
    let crier = Crier::new(connection, config, now, listeners)?;
    crier.cry(Pending::Wanted, summary)
}

/// Tells of everything that is held back; nothing is delivered yet.
///
/// # Errors
/// When more messages would come of it than a run may send (exit 3).
pub fn release(store: &mut Store, config: &Config, now: Now) -> Result<AccessSummary> {
    store.write(|transaction| {
        let mut summary = AccessSummary::default();
        let crier = Crier::new(transaction, config, now, listeners(transaction)?)?;
        crier.cry(Pending::Held, &mut summary)?;
        let most = config.max_messages_per_run.unsigned_abs();
        if most > 0 && summary.queued > most {
            return Err(Error::unacceptable(format!(
                "{} messages are more than max_messages_per_run allows ({most}); nothing was released",
                summary.queued
            ))
            .hint("raise max_messages_per_run, or regua trigger drop"));
        }
        Ok(summary)
    })
}

/// What would be told of one change, as if it happened now. Nothing is written.
pub fn rehearse(
    connection: &Connection,
    config: &Config,
    now: Now,
    change: &AccessChange,
) -> Result<Vec<(String, NewMessage)>> {
    let crier = Crier::new(connection, config, now, listeners(connection)?)?;
    crier.messages(change, false)
}

fn listeners(connection: &Connection) -> Result<Vec<AccessListener>> {
    let triggers = trigger::list(connection)?;
    Ok(triggers.iter().filter_map(AccessListener::of).collect())
}

/// Who tells of changes, in the words of the triggers.
struct Crier<'a> {
    connection: &'a Connection,
    composer: Composer<'a>,
    listeners: Vec<AccessListener>,
    templates: BTreeMap<String, Template>,
}

impl<'a> Crier<'a> {
    fn new(
        connection: &'a Connection,
        config: &'a Config,
        now: Now,
        listeners: Vec<AccessListener>,
    ) -> Result<Self> {
        let mut templates = BTreeMap::new();
        for name in listeners.iter().flat_map(|listener| &listener.templates) {
            if let Some(template) = template::find(connection, name)? {
                templates.insert(name.clone(), template);
            }
        }
        Ok(Self {
            connection,
            composer: Composer::of_many(connection, config, now)?,
            listeners,
            templates,
        })
    }

    /// Tells of every change in a state, page by page.
    fn cry(&self, state: Pending, summary: &mut AccessSummary) -> Result<()> {
        loop {
            let page = store::first(self.connection, state, PAGE)?;
            for change in &page {
                if state == Pending::Held {
                    summary.changes += 1;
                    let hears = |listener: &AccessListener| listener.hears(change.from, change.to);
                    summary.unheard += u64::from(!self.listeners.iter().any(hears));
                }
                self.tell(change, summary)?;
                store::done(self.connection, change)?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    fn tell(&self, change: &AccessChange, summary: &mut AccessSummary) -> Result<()> {
        for (_, message) in self.messages(change, true)? {
            let Inserted::New(id) = message::insert(self.connection, &message)? else {
                continue;
            };
            store::note_message(self.connection, id, change.to)?;
            match &message.fate {
                Fate::Queued => {
                    summary.queued += 1;
                    summary.channels.insert(message.channel);
                }
                Fate::Skipped(reason, _) => *summary.skipped.entry(*reason).or_default() += 1,
            }
        }
        Ok(())
    }

    /// What of each channel is told of a change, in the words of the first trigger that has some. One that
    /// `must_hold` is skipped when the contract's access has changed again.
    fn messages(
        &self,
        change: &AccessChange,
        must_hold: bool,
    ) -> Result<Vec<(String, NewMessage)>> {
        let contract = book::contract(self.connection, change.contract_id)?;
        // What is gone from the source takes part in nothing.
        let Some(contract) = contract.filter(|contract| contract.absent_since.is_none()) else {
            return Ok(Vec::new());
        };
        let client = book::client(self.connection, contract.client_id)?;
        if client.is_some_and(|client| client.absent_since.is_some()) {
            return Ok(Vec::new());
        }
        let is = contract.access_status;
        let mut told = BTreeSet::new();
        let mut messages = Vec::new();
        let hearing = self
            .listeners
            .iter()
            .filter(|listener| listener.hears(change.from, change.to));
        for listener in hearing {
            let templates = listener.templates.iter();
            for template in templates.filter_map(|name| self.templates.get(name)) {
                if !told.insert(template.channel) {
                    continue;
                }
                for mut message in self.compose(change, contract.client_id, listener, template)? {
                    if must_hold && is != Some(change.to) && message.fate == Fate::Queued {
                        let detail = format!(
                            "its access is {} now",
                            is.map_or("unknown", AccessStatus::as_str)
                        );
                        message.fate = Fate::Skipped(Reason::Settled, Some(detail));
                        message.not_before = None;
                    }
                    messages.push((listener.name.clone(), message));
                }
            }
        }
        Ok(messages)
    }

    fn compose(
        &self,
        change: &AccessChange,
        client_id: i64,
        listener: &AccessListener,
        template: &Template,
    ) -> Result<Vec<NewMessage>> {
        let now = self.composer.now;
        let mut needs = template.needs();
        let contract_id = Some(change.contract_id);
        let invoice_id = if needs.contains(&Need::Invoice) {
            book::oldest_owing(self.connection, client_id, contract_id)?.map(|invoice| invoice.id)
        } else {
            None
        };
        needs.insert(Need::Contract);
        let about = About {
            contract_id,
            invoice_id,
            ..About::NOTHING
        };
        let rows = Rows::gather(self.connection, Some(client_id), about, &needs, now.today)?;
        let draft = Draft {
            key: Key::Whole(change.key(template.channel)),
            event: listener.name.clone(),
            about,
            hold_until: rows
                .contract
                .as_ref()
                .and_then(|contract| contract.notice_hold_until),
            while_owing: template.purpose == Purpose::Collection
                && rows.invoice.as_ref().is_some_and(Invoice::owing),
            ..Draft::new(
                Wording::Template(template),
                Recipient::client(client_id, rows.client.as_ref()),
                rows.facts(now, self.composer.company),
                Origin::Access,
            )
        };
        self.composer.compose(self.connection, &draft)
    }
}
