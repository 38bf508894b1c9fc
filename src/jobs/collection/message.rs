//! The messages of one client's moves: composed, chosen among, written down.

use chrono::Days;

use super::ToldMessage;
use super::walk::{Moving, Walk};
use crate::clock::start_of;
use crate::domain::client::Client;
use crate::domain::collection::{Contender, chosen};
use crate::domain::ladder::{Move, MoveKind};
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::rule::Deliver;
use crate::domain::template::{Facts, Need, Overdue, Template};
use crate::domain::words::{Channel, Origin, Reason};
use crate::error::{Result, must};
use crate::jobs::compose::{Draft, Key, Wording};
use crate::jobs::rows::About;
use crate::store::book;
use crate::store::message::{self, Inserted};

/// The client whose invoices move, with what any of its messages may need.
struct Mover {
    client: Client,
    overdue: Option<Overdue>,
}

/// One message that a move asks for.
struct Errand<'t> {
    /// The place of its move among the client's.
    place: usize,
    template: &'t Template,
    /// What stands against each channel, when none reaches the client.
    unreachable: Option<String>,
}

impl<'a> Walk<'a> {
    /// Writes all messages of one client's moves, kind by kind.
    pub(super) fn write_messages(&mut self, moving: &mut [Moving]) -> Result<()> {
        let connection = self.connection;
        let Some(client_id) = moving.first().map(|m| m.due.client_id) else {
            return Ok(());
        };
        let Some(client) = book::client(connection, client_id)? else {
            return Ok(());
        };
        let rule = self.evaluation.rule;
        let needs = |need: Need| {
            moving
                .iter()
                .flat_map(|m| rule.says(m.due.step).0)
                .filter_map(|name| self.templates.get(name))
                .any(|template| template.needs().contains(&need))
        };
        let overdue = if needs(Need::Overdue) {
            Some(book::overdue(connection, client_id, self.evaluation.today)?)
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
        let mover = Mover { client, overdue };
        for kind in MoveKind::ALL {
            let mut errands = Vec::new();
            for (place, m) in moving.iter().enumerate() {
                if m.due.step.kind() == kind {
                    errands.extend(self.errands(place, m, &mover)?);
                }
            }
            if self.evaluation.rule.one_message_per_client {
                self.write_one_a_channel(moving, errands, &mover)?;
            } else {
                for errand in errands {
                    let m = &mut moving[errand.place];
                    let messages = self.compose(m, &errand, &mover)?;
                    self.insert(m, messages)?;
                }
            }
        }
        Ok(())
    }

    /// Writes the messages of one client and kind so that, channel by channel, one goes: chosen among
    /// those that can be sent.
    fn write_one_a_channel(
        &mut self,
        moving: &mut [Moving],
        errands: Vec<Errand<'a>>,
        mover: &Mover,
    ) -> Result<()> {
        let mut channels: Vec<Channel> = Vec::new();
        for errand in &errands {
            if !channels.contains(&errand.template.channel) {
                channels.push(errand.template.channel);
            }
        }
        for channel in channels {
            let mut composed = Vec::new();
            let mut contenders: Vec<Contender> = Vec::new();
            for errand in errands.iter().filter(|e| e.template.channel == channel) {
                let m = &moving[errand.place];
                let messages = self.compose(m, errand, mover)?;
                let can_go = messages.iter().any(|m| m.fate == Fate::Queued);
                contenders.push(m.contender(&self.evaluation, can_go));
                composed.push((errand.place, messages));
            }
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

    /// What a move asks to be sent: each of its templates, or the first whose channel reaches the
    /// client; when none does, the first, with what stands against each.
    fn errands(&self, place: usize, moving: &Moving, mover: &Mover) -> Result<Vec<Errand<'a>>> {
        let (names, deliver) = self.evaluation.rule.says(moving.due.step);
        let mut templates: Vec<&'a Template> = Vec::new();
        for name in names {
            let template = must(self.templates.get(name), "template", name, || {
                Ok(self.templates.keys().collect::<Vec<_>>())
            })?;
            if !templates.iter().any(|known| known.name == template.name) {
                templates.push(template);
            }
        }
        let errand = |template: &'a Template, unreachable: Option<String>| Errand {
            place,
            template,
            unreachable,
        };
        if deliver == Deliver::Each || templates.len() < 2 {
            return Ok(templates.into_iter().map(|t| errand(t, None)).collect());
        }
        let mut against = Vec::new();
        for template in &templates {
            let draft = self.draft(moving, template, mover);
            match self.composer.reach(self.connection, &draft)? {
                Reach::To(_) => return Ok(vec![errand(template, None)]),
                Reach::Not { reason, .. } => {
                    against.push(format!("{}: {reason}", template.channel));
                }
            }
        }
        Ok(vec![errand(templates[0], Some(against.join("; ")))])
    }

    fn draft<'d>(
        &'d self,
        moving: &'d Moving,
        template: &'d Template,
        mover: &'d Mover,
    ) -> Draft<'d> {
        let step = moving.due.step;
        let facts = Facts {
            client: Some(&mover.client),
            contract: moving.contract.as_ref(),
            invoice: Some(&moving.invoice),
            overdue: mover.overdue,
            ..Facts::new(self.composer.now, self.composer.company)
        };
        // Whoever is on hold has been left out already; closings are not held.
        Draft {
            key: Key::PerAddress(format!("{}/{step}/{}", key_start(moving), template.name)),
            event: step.to_string(),
            about: About {
                contract_id: moving.invoice.contract_id,
                invoice_id: Some(moving.invoice.id),
                case_id: moving.case_id(),
                ..About::default()
            },
            expires_at: match step {
                Move::Reminder(_) => moving
                    .counts_from(&self.evaluation)
                    .checked_add_days(Days::new(1))
                    .map(|day| start_of(self.composer.now.zone, day)),
                _ => None,
            },
            while_owing: step.kind() != MoveKind::Closing,
            ..Draft::new(
                Wording::Template(template),
                Recipient::Client(&mover.client),
                facts,
                Origin::Collection,
            )
        }
    }

    fn compose(
        &self,
        moving: &Moving,
        errand: &Errand<'_>,
        mover: &Mover,
    ) -> Result<Vec<NewMessage>> {
        let draft = self.draft(moving, errand.template, mover);
        let mut messages = self.composer.compose(self.connection, &draft)?;
        if let Some(against) = &errand.unreachable {
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
                moving.told.push(ToldMessage {
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

/// Makes a message one that was folded into another invoice's.
fn fold(message: &mut NewMessage, into: Option<i64>) {
    let detail = into.map(|invoice| format!("the client hears of invoice {invoice}"));
    message.fate = Fate::Skipped(Reason::Merged, detail);
    message.not_before = None;
    message.expires_at = None;
}

/// The start of a move's messages' keys: its case, its listing with the bureau, or its due date.
fn key_start(moving: &Moving) -> String {
    let id = moving.invoice.id;
    match (moving.due.step, moving.case_id()) {
        (_, Some(case)) => format!("collection/{id}/case-{case}"),
        (Move::BureauRemoved, _) => {
            let listed = moving.invoice.bureau_listed_on;
            let listed = listed.map_or_else(|| "-".to_owned(), |day| day.to_string());
            format!("collection/{id}/bureau-{listed}")
        }
        _ => format!("collection/{id}/due-{}", moving.invoice.due_on),
    }
}
