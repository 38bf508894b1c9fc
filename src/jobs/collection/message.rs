//! The messages of one client's moves: composed, chosen among, written down.

use chrono::Days;

use super::ToldMessage;
use super::walk::{Moving, Walk};
use crate::clock::start_of;
use crate::domain::client::Client;
use crate::domain::collection::{Contender, Fold, chosen};
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{Move, MoveKind};
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::rule::Deliver;
use crate::domain::template::{Facts, Need, Overdue, Template};
use crate::domain::words::{Origin, Reason};
use crate::error::{Result, must};
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::notice::recorded;
use crate::jobs::rows::About;
use crate::store::collection::{self, StageTold};
use crate::store::message::Inserted;
use crate::store::{book, purge, pursuit};

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
    /// What a move says: its templates' names, and how many of them go.
    pub(super) fn says(&self, moving: &Moving) -> (&'a [String], Deliver) {
        self.rules[moving.rule]
            .evaluation
            .rule
            .says(moving.due.step)
    }

    /// Writes all messages of one client's moves, kind by kind.
    pub(super) fn write_messages(&mut self, moving: &mut [Moving]) -> Result<()> {
        let Some(mover) = self.mover(moving)? else {
            return Ok(());
        };
        for kind in MoveKind::ALL {
            let mut folds: Vec<(Fold, Vec<Errand<'a>>)> = Vec::new();
            for place in 0..moving.len() {
                if moving[place].due.step.kind() != kind {
                    continue;
                }
                for errand in self.errands(place, &moving[place], &mover)? {
                    match self.fold_of(&moving[place], errand.template) {
                        None => self.write_alone(moving, &errand, &mover)?,
                        Some(fold) => match folds.iter_mut().find(|(known, _)| *known == fold) {
                            Some((_, errands)) => errands.push(errand),
                            None => folds.push((fold, vec![errand])),
                        },
                    }
                }
            }
            for (fold, errands) in folds {
                self.write_one(moving, fold, &errands, &mover)?;
            }
        }
        Ok(())
    }

    /// The client whose invoices these are, and the contracts and overdue invoices that their texts need.
    fn mover(&self, moving: &mut [Moving]) -> Result<Option<Mover>> {
        let connection = self.connection;
        let Some(first) = moving.first() else {
            return Ok(None);
        };
        let Some(client) = book::client(connection, first.due.client_id)? else {
            return Ok(None);
        };
        let needs = |need: Need| {
            moving
                .iter()
                .flat_map(|m| self.says(m).0)
                .filter_map(|name| self.needs.get(name.as_str()))
                .any(|needs| needs.contains(&need))
        };
        let overdue = if needs(Need::Overdue) {
            let today = self.composer.now.today;
            Some(book::overdue(connection, client.id, today)?)
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
        if self.speak_of_a_notice(moving) {
            for m in moving.iter_mut() {
                let Some(case) = m.case else { continue };
                let contract = m.invoice.contract_id;
                let place = self.composer.place(connection, &client, contract)?;
                let zone = self.composer.now.zone;
                let policy = self.composer.policy;
                m.notice = recorded(connection, policy, &place, (case, contract), zone)?;
            }
        }
        Ok(Some(Mover { client, overdue }))
    }

    /// Whether a text of these moves says what a notice of suspension allows.
    fn speak_of_a_notice(&self, moving: &[Moving]) -> bool {
        moving
            .iter()
            .flat_map(|m| self.says(m).0)
            .filter_map(|name| self.templates.get(name))
            .any(Template::speaks_of_a_notice)
    }

    /// What a message is folded with, when its rule gives each client one.
    fn fold_of(&self, moving: &Moving, template: &Template) -> Option<Fold> {
        let rule = self.rules[moving.rule].evaluation.rule;
        if !rule.one_message_per_client {
            return None;
        }
        Fold::of(
            moving.due.step,
            template.channel,
            moving.rule,
            moving.invoice.id,
            template.speaks_for_all(),
        )
    }

    fn write_alone(
        &mut self,
        moving: &mut [Moving],
        errand: &Errand<'_>,
        mover: &Mover,
    ) -> Result<()> {
        let m = &mut moving[errand.place];
        let messages = self.compose(m, errand, mover, &[])?;
        self.insert(m, messages)
    }

    /// Writes the messages of one fold so that one goes, chosen among those that can be sent, and
    /// speaks for them all.
    fn write_one(
        &mut self,
        moving: &mut [Moving],
        fold: Fold,
        errands: &[Errand<'a>],
        mover: &Mover,
    ) -> Result<()> {
        let mut composed = Vec::new();
        let mut contenders: Vec<Contender> = Vec::new();
        for errand in errands {
            let m = &moving[errand.place];
            let messages = self.compose(m, errand, mover, &[])?;
            let can_go = messages.iter().any(|m| m.fate == Fate::Queued);
            contenders.push(m.contender(can_go));
            composed.push(messages);
        }
        let mut winner = chosen(&contenders);
        let mut folded_into = winner.map(|at| contenders[at].invoice_id);
        if let Some(at) = winner
            && let Some(told) =
                self.told_by_another_rule(fold, &contenders[at], &moving[errands[at].place])?
        {
            winner = None;
            folded_into = Some(told);
        }
        let spoken = spoken_for(moving, errands, &contenders);
        if let Some(at) = winner
            && spoken.len() > 1
            && errands[at].template.speaks_for_all()
        {
            let m = &moving[errands[at].place];
            composed[at] = self.compose(m, &errands[at], mover, &spoken)?;
        }
        for (at, mut messages) in composed.into_iter().enumerate() {
            if contenders[at].can_go && winner != Some(at) {
                messages.truncate(1);
                for message in &mut messages {
                    fold_into(message, folded_into);
                }
            }
            self.insert(&mut moving[errands[at].place], messages)?;
        }
        Ok(())
    }

    /// The invoice of which another rule told this client today on the same channel, in an update of
    /// its own, when that is as grave or has left; one that is less grave and has not left gives way.
    fn told_by_another_rule(
        &self,
        fold: Fold,
        winner: &Contender,
        moving: &Moving,
    ) -> Result<Option<i64>> {
        if !(self.rules_share_clients && fold.is_stage()) {
            return Ok(None);
        }
        let now = self.composer.now;
        let told = collection::stages_told(
            self.connection,
            moving.due.client_id,
            fold.channel(),
            start_of(now.zone, now.today),
            &self.rules[moving.rule].summary.rule,
        )?;
        let stands = |told: &&StageTold| told.left || Some(told.stage) >= winner.stage;
        if let Some(standing) = told.iter().find(stands) {
            return Ok(Some(standing.invoice_id));
        }
        for less in &told {
            collection::give_way(self.connection, less.message_id, winner.invoice_id)?;
        }
        Ok(None)
    }

    /// What a move asks to be sent: each of its templates, or the first whose channel reaches the
    /// client; when none does, the first, with what stands against each.
    fn errands(&self, place: usize, moving: &Moving, mover: &Mover) -> Result<Vec<Errand<'a>>> {
        let (names, deliver) = self.says(moving);
        let rule = self.rules[moving.rule].evaluation.rule;
        if moving
            .due
            .step
            .stage()
            .is_some_and(|stage| rule.notice_of(stage).is_some())
        {
            // A notice is given once a contract, and tried until it is sent.
            return Ok(Vec::new());
        }
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
            let draft = self.draft(moving, template, mover, &[]);
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
        spoken: &'d [Invoice],
    ) -> Draft<'d> {
        let step = moving.due.step;
        let facts = Facts {
            client: Some(&mover.client),
            contract: moving.contract.as_ref(),
            invoice: Some(&moving.invoice),
            invoices: spoken,
            overdue: mover.overdue,
            notice: moving.notice,
            ..Facts::new(self.composer.now, self.composer.company)
        };
        // Whoever is on hold has been left out already; closings are not held.
        Draft {
            key: Key::Whole(format!(
                "{}/{step}/{}/{}",
                key_start(moving),
                template.name,
                template.channel
            )),
            event: step.to_string(),
            about: About {
                contract_id: moving.invoice.contract_id,
                invoice_id: Some(moving.invoice.id),
                case_id: moving.case_id(),
                ..About::default()
            },
            expires_at: match step {
                Move::Reminder(_) => moving
                    .counts_from
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
        spoken: &[Invoice],
    ) -> Result<Vec<NewMessage>> {
        let draft = self.draft(moving, errand.template, mover, spoken);
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

    /// Writes a move's messages down, unless they stand already.
    fn insert(&mut self, moving: &mut Moving, messages: Vec<NewMessage>) -> Result<()> {
        let mut goes = false;
        let step = moving.due.step;
        let rule = self.rules[moving.rule].evaluation.rule;
        let until = rule.says(step).1 == Deliver::UntilDelivered;
        let pursued = step
            .phase()
            .filter(|_| until)
            .and_then(|phase| rule.hours(phase));
        let summary = &mut self.rules[moving.rule].summary;
        for message in messages {
            // A key that the migration wrote beside an older one stands for a message of then.
            if self.any_spent && purge::is_spent(self.connection, &message.key)? {
                continue;
            }
            let Inserted::New(id) = self.writer.insert(&message)? else {
                continue;
            };
            if let Some(hours) = pursued {
                pursuit::note(self.connection, id, &summary.rule, hours)?;
            }
            let reason = match message.fate {
                Fate::Queued => {
                    summary.queued += 1;
                    self.whatsapp += u64::from(!message.channel.goes_at_once());
                    goes = true;
                    None
                }
                Fate::Skipped(reason, _) => {
                    *summary.skipped.entry(reason).or_default() += 1;
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

/// The invoices that the one message of a fold speaks for: those whose own could go, by due date.
fn spoken_for(moving: &[Moving], errands: &[Errand<'_>], contenders: &[Contender]) -> Vec<Invoice> {
    let mut spoken: Vec<Invoice> = Vec::new();
    for (errand, contender) in errands.iter().zip(contenders) {
        let known = |invoice: &Invoice| invoice.id == contender.invoice_id;
        if contender.can_go && !spoken.iter().any(known) {
            spoken.push(moving[errand.place].invoice.clone());
        }
    }
    spoken.sort_by_key(|invoice| (invoice.due_on, invoice.id));
    spoken
}

/// Makes a message one that was folded into another invoice's.
fn fold_into(message: &mut NewMessage, into: Option<i64>) {
    let detail = into.map(|invoice| format!("the client hears of invoice {invoice}"));
    message.fate = Fate::Skipped(Reason::Merged, detail);
    message.not_before = None;
    message.expires_at = None;
}

/// The start of a move's messages' keys: which of its invoice's cases it is in, its listing with the
/// bureau, or its due date. Nothing in it is a row's id of ours, so that a database restored from a backup
/// makes the same.
fn key_start(moving: &Moving) -> String {
    let id = moving.invoice.id;
    match (moving.due.step, moving.case_id()) {
        (_, Some(_)) => key_start_of_case(id, moving.case_number),
        (Move::BureauRemoved, _) => {
            let listed = moving.invoice.bureau_listed_on;
            let listed = listed.map_or_else(|| "-".to_owned(), |day| day.to_string());
            format!("collection/{id}/bureau-{listed}")
        }
        _ => format!("collection/{id}/due-{}", moving.invoice.due_on),
    }
}

/// The start of the keys of what is said of one of an invoice's cases, which are counted from 1.
pub(super) fn key_start_of_case(invoice: i64, number: i64) -> String {
    format!("collection/{invoice}/{number}")
}
