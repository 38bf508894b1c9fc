//! The run's walk: every move found, rule by rule, then written down client by client.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{RuleSummary, ToldMessage, ToldMove};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::collection::{Contender, Decision, Evaluation, LeftOut};
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{Ending, Move};
use crate::domain::notice::NoticeDates;
use crate::domain::place::Place;
use crate::domain::rule::{Claims, Rule};
use crate::domain::template::{Need, Template};
use crate::error::Result;
use crate::jobs::compose::Composer;
use crate::store::collection::{self, Detail, DueMove};
use crate::store::{Connection, book, message, restore, rule};

/// One update of the day.
pub(super) struct Walk<'a> {
    pub connection: &'a Connection,
    pub composer: Composer<'a>,
    pub rules: Vec<Ruling<'a>>,
    pub templates: &'a BTreeMap<String, Template>,
    /// What each of them needs.
    pub needs: BTreeMap<&'a str, BTreeSet<Need>>,
    pub recipients: u64,
    pub whatsapp: u64,
    /// Two rules or more give each client one message: one of them may have told a client today
    /// already, in an update of its own.
    pub rules_share_clients: bool,
    /// Everything that happens is told.
    pub listing: bool,
    /// Moves found, and then moves written down.
    pub handled: u64,
    /// Keys of deleted messages are remembered.
    pub any_spent: bool,
    /// Notices wait for the cases that they were given for.
    pub any_to_come: bool,
    pub writer: message::Writer<'a>,
    pub cases: collection::CaseWriter<'a>,
    pub progress: &'a mut dyn FnMut(u64),
}

/// One rule of the run.
pub(super) struct Ruling<'a> {
    pub evaluation: Evaluation<'a>,
    pub summary: RuleSummary,
}

/// One invoice that moves, with what its messages need.
pub(super) struct Moving {
    /// The place of its rule among the run's.
    pub rule: usize,
    pub due: DueMove,
    pub invoice: Invoice,
    pub contract: Option<Contract>,
    pub case: Option<i64>,
    /// Which of its invoice's cases that is, from 1.
    pub case_number: i64,
    /// The due date that the rule counts from.
    pub counts_from: NaiveDate,
    pub told: Vec<ToldMessage>,
    /// What its notice of suspension allows, where a text says so and one was sent.
    pub notice: Option<NoticeDates>,
}

impl Moving {
    /// Where the message stands in the choice of one per client.
    pub const fn contender(&self, can_go: bool) -> Contender {
        let stage = match self.due.step {
            Move::Close { .. } | Move::BureauRemoved => self.due.stage,
            step => step.stage(),
        };
        Contender {
            stage,
            due: self.counts_from,
            invoice_id: self.invoice.id,
            can_go,
        }
    }

    /// The case that its messages are about: neither a reminder nor what is told of a listing has one.
    pub const fn case_id(&self) -> Option<i64> {
        match self.due.step {
            Move::Enter | Move::Advance(_) | Move::Close { .. } => self.case,
            Move::Reminder(_) | Move::BureauRemoved => None,
        }
    }
}

impl Walk<'_> {
    /// Notes every move of one rule; nothing is written but the run's own list.
    pub fn decide(
        &mut self,
        rule: usize,
        claims: &Claims,
        any_hold: bool,
        each: &mut dyn FnMut(&ToldMove) -> Result<()>,
    ) -> Result<()> {
        let (connection, evaluation) = (self.connection, self.rules[rule].evaluation);
        if restore::is_done(connection, evaluation.today)? {
            // A backup was restored, and nobody knows what was sent since: today has been told already.
            return Ok(());
        }
        let (policy, zone) = (self.composer.policy, self.composer.now.zone);
        let name = evaluation.rule.name.as_str();
        // A rule looks at each invoice once.
        let others_moved = self.handled > 0;
        collection::reopen_present(connection, name, evaluation.today)?;
        let mut details = collection::Details::new(connection, any_hold, zone)?;
        let mut list = collection::DueWriter::new(connection)?;
        let evaluated =
            collection::each_candidate(connection, &evaluation, |invoice_id, bureau| {
                if others_moved && collection::moved_in_run(connection, invoice_id)? {
                    return Ok(());
                }
                let Some(detail) = details.of(invoice_id)? else {
                    return Ok(());
                };
                if claims.owner(detail.open_rule(), detail.portfolio.as_deref()) != Some(name) {
                    return Ok(());
                }
                let evaluation = Evaluation {
                    calendar: policy.calendar_at(&detail.place),
                    ..evaluation
                };
                match evaluation.decide(&detail.bill, &detail.past, &detail.exclusions) {
                    Decision::Happens(step) if !bureau || step == Move::BureauRemoved => {
                        self.note_due(&mut list, (rule, step), &detail)
                    }
                    Decision::LeftOut(step, reason) if !bureau => {
                        self.leave_out(rule, (step, reason), &detail, each)
                    }
                    _ => Ok(()),
                }
            })?;
        self.rules[rule].summary.evaluated = evaluated;
        Ok(())
    }

    fn note_due(
        &mut self,
        list: &mut collection::DueWriter<'_>,
        (rule, step): (usize, Move),
        detail: &Detail,
    ) -> Result<()> {
        let due = DueMove {
            client_id: detail.client_id,
            invoice_id: detail.invoice_id,
            step,
            case: detail.open.as_ref().map(|(id, _)| *id),
            stage: detail.last_stage,
        };
        list.note(rule, &due)?;
        self.handled += 1;
        (self.progress)(self.handled);
        Ok(())
    }

    fn leave_out(
        &mut self,
        rule: usize,
        (step, reason): (Move, LeftOut),
        detail: &Detail,
        each: &mut dyn FnMut(&ToldMove) -> Result<()>,
    ) -> Result<()> {
        let summary = &mut self.rules[rule].summary;
        *summary.left_out.entry(reason).or_default() += 1;
        if !self.listing {
            return Ok(());
        }
        let client_name = book::client_name(self.connection, detail.client_id)?;
        each(&ToldMove {
            rule: summary.rule.clone(),
            invoice_id: detail.invoice_id,
            client_id: detail.client_id,
            client_name: client_name.unwrap_or_default(),
            step,
            left_out: Some(reason),
            messages: Vec::new(),
        })
    }

    /// Writes every rule's moves and their messages down, client by client.
    pub fn write_down(&mut self, each: &mut dyn FnMut(&ToldMove) -> Result<()>) -> Result<()> {
        let connection = self.connection;
        let mut client: Vec<(usize, DueMove)> = Vec::new();
        collection::each_due(connection, |rule, due| {
            if client
                .first()
                .is_some_and(|(_, first)| first.client_id != due.client_id)
            {
                self.write_client(std::mem::take(&mut client), each)?;
            }
            client.push((rule, due));
            Ok(())
        })?;
        if !client.is_empty() {
            self.write_client(client, each)?;
        }
        self.give_waiting(each)
    }

    /// The due date that a rule counts an invoice from, by the holidays of its place.
    fn counts_from(&self, rule: &Rule, invoice: &Invoice) -> Result<NaiveDate> {
        if !rule.roll_due_date {
            return Ok(invoice.due_on);
        }
        let policy = self.composer.policy;
        let client = if policy.places.one_calendar() {
            None
        } else {
            book::client(self.connection, invoice.client_id)?
        };
        let place = match &client {
            Some(client) => self
                .composer
                .place(self.connection, client, invoice.contract_id)?,
            None => Place::default(),
        };
        Ok(policy.calendar_at(&place).roll(invoice.due_on))
    }

    fn write_client(
        &mut self,
        dues: Vec<(usize, DueMove)>,
        each: &mut dyn FnMut(&ToldMove) -> Result<()>,
    ) -> Result<()> {
        let mut moving = Vec::with_capacity(dues.len());
        for (rule, due) in dues {
            let Some(invoice) = book::invoice(self.connection, due.invoice_id)? else {
                continue;
            };
            let ruling = &mut self.rules[rule];
            ruling.count(due.step);
            self.handled += 1;
            (self.progress)(self.handled);
            let Evaluation {
                rule: own, today, ..
            } = ruling.evaluation;
            let case = self.cases.write(&own.name, &invoice, &due, today)?;
            let counts_from = self.counts_from(own, &invoice)?;
            moving.push(Moving {
                rule,
                counts_from,
                case_number: match (case, due.stage) {
                    (None, _) => 0,
                    // It had no case before the one that just began.
                    (Some(_), None) => 1,
                    (Some(case), Some(_)) => {
                        collection::case_number(self.connection, invoice.id, case)?
                    }
                },
                due,
                invoice,
                contract: None,
                case,
                told: Vec::new(),
                notice: None,
            });
        }
        if moving.iter().any(|m| !self.says(m).0.is_empty()) {
            self.write_messages(&mut moving)?;
            self.give_notices(&mut moving)?;
        }
        if !self.listing {
            return Ok(());
        }
        for m in moving {
            let client_name = book::client_name(self.connection, m.due.client_id)?;
            each(&ToldMove {
                rule: self.rules[m.rule].summary.rule.clone(),
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
}

impl<'a> Ruling<'a> {
    /// A rule on the run's day, with nothing done yet.
    pub fn of(kept: &'a rule::Kept, config: &'a Config, now: Now) -> Self {
        Self {
            evaluation: Evaluation {
                rule: &kept.rule,
                calendar: &config.policy.calendar,
                today: now.today,
                last: kept.evaluated_on,
                first: kept.first_evaluated_on,
                terms: config.policy.notice,
            },
            summary: RuleSummary {
                rule: kept.rule.name.clone(),
                ..RuleSummary::default()
            },
        }
    }

    fn count(&mut self, step: Move) {
        let summary = &mut self.summary;
        match step {
            Move::Enter => summary.entered += 1,
            Move::Advance(stage) => *summary.advanced.entry(stage).or_default() += 1,
            Move::Reminder(_) => summary.reminders += 1,
            Move::Close { outcome, .. } => {
                *summary.closed.entry(Ending::Case(outcome)).or_default() += 1;
            }
            Move::BureauRemoved => {
                *summary.closed.entry(Ending::BureauListing).or_default() += 1;
            }
        }
    }
}
