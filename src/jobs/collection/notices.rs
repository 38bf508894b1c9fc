//! Notices: one message a contract, tried again by the next template until one is sent.

use chrono::TimeDelta;

use super::message::key_start_of_case;
use super::walk::Walk;
use super::{ToldMessage, ToldMove};
use crate::domain::client::Client;
use crate::domain::collection::Exclusions;
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{Move, Stage};
use crate::domain::message::{Fate, NewMessage};
use crate::domain::notice::NoticeDates;
use crate::domain::place::Place;
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::rule::{Deliver, Texts};
use crate::domain::template::{Facts, Need, Template};
use crate::domain::words::{Channel, Origin, Purpose, Status};
use crate::error::{Result, must};
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::notice::announced;
use crate::jobs::rows::About;
use crate::store::message::{self, Inserted};
use crate::store::notice::{self, NoticeCase, NoticeSubject, NoticeTry};
use crate::store::{book, collection, restore};

/// The move by which a case came to a stage.
fn step(stage: Stage) -> Move {
    if stage == Stage::FIRST {
        Move::Enter
    } else {
        Move::Advance(stage)
    }
}

/// What the next try of a notice is.
struct NextTry<'a> {
    number: i64,
    /// The templates to be tried, the first first.
    templates: Vec<&'a str>,
}

/// One try of a notice, with everything it is made of.
struct Giving<'g> {
    subject: &'g NoticeSubject,
    client: &'g Client,
    place: &'g Place,
    next: &'g NextTry<'g>,
    deliver: Deliver,
    /// The cases that it is for; never none.
    cases: &'g [NoticeCase],
}

/// What the next try is after the latest one; none while there is nothing to try. `counts` says that an earlier
/// one was sent and counts: then another template is tried once where nobody reported an arrival in time.
fn next_try<'a>(
    texts: &'a Texts,
    last: &[NoticeTry],
    counts: bool,
    now: crate::clock::Now,
) -> Option<NextTry<'a>> {
    let from = |number, at: usize| {
        let round = texts.templates.iter().cycle().skip(at);
        let templates = round.take(texts.templates.len()).map(String::as_str);
        Some(NextTry {
            number,
            templates: templates.collect(),
        })
    };
    let Some(first) = last.first() else {
        return if counts { None } else { from(1, 0) };
    };
    let is = |wanted: &[Status]| {
        last.iter()
            .any(|one| one.status.is_some_and(|status| wanted.contains(&status)))
    };
    if is(&[
        Status::Queued,
        Status::Sending,
        Status::Unknown,
        Status::Cancelled,
    ]) {
        return None;
    }
    let at = first
        .template
        .as_ref()
        .and_then(|name| texts.templates.iter().position(|known| known == name))
        .map_or(0, |at| at + 1);
    let sent_at = last.iter().filter_map(|one| one.sent_at).max();
    if sent_at.is_some() || counts {
        let hours = texts
            .hours
            .filter(|_| texts.deliver == Deliver::UntilDelivered)?;
        let late = sent_at.is_none_or(|sent_at| now.at - sent_at >= TimeDelta::hours(hours));
        let arrived = last.iter().any(|one| one.is_delivered);
        if arrived || !late || at >= texts.templates.len() {
            return None;
        }
    }
    // A second update of the same day does nothing.
    if notice::day_of(first.created_at, now.zone) >= now.today {
        return None;
    }
    from(first.number + 1, at % texts.templates.len().max(1))
}

impl<'a> Walk<'a> {
    /// Gives the notices of the cases that came to a stage today; the messages are told with their moves.
    pub(super) fn give_notices(&mut self, moving: &mut [super::walk::Moving]) -> Result<()> {
        let mut done: Vec<NoticeSubject> = Vec::new();
        for m in moving.iter_mut() {
            let rule = self.rules[m.rule].evaluation.rule;
            let Some((stage, kind)) = m
                .due
                .step
                .stage()
                .and_then(|stage| Some((stage, rule.notice_of(stage)?)))
            else {
                continue;
            };
            let subject = NoticeSubject {
                rule: rule.name.clone(),
                stage,
                kind,
                client_id: m.due.client_id,
                contract_id: m.invoice.contract_id,
                invoice_id: m.invoice.id,
            };
            let same = |other: &NoticeSubject| {
                (&other.rule, other.stage, other.contract_id)
                    == (&subject.rule, subject.stage, subject.contract_id)
                    && subject.contract_id.is_some()
            };
            if !done.iter().any(same) {
                let told = self.give(m.rule, &subject)?;
                m.told.extend(told);
                done.push(subject);
            }
        }
        Ok(())
    }

    /// Tries the notices again of the cases that wait for one.
    pub(super) fn give_waiting(
        &mut self,
        each: &mut dyn FnMut(&ToldMove) -> Result<()>,
    ) -> Result<()> {
        if restore::is_done(self.connection, self.composer.now.today)? {
            return Ok(());
        }
        for rule in 0..self.rules.len() {
            let own = self.rules[rule].evaluation.rule;
            for stage in &own.stages {
                let Some(kind) = stage.notice else { continue };
                let which = (own.name.as_str(), stage.stage, kind);
                let until_delivered = stage.texts.deliver == Deliver::UntilDelivered;
                notice::each_waiting(self.connection, which, until_delivered, |subject| {
                    let told = self.give(rule, &subject)?;
                    if told.is_empty() || !self.listing {
                        return Ok(());
                    }
                    let name = book::client_name(self.connection, subject.client_id)?;
                    each(&ToldMove {
                        rule: own.name.clone(),
                        invoice_id: subject.invoice_id,
                        client_id: subject.client_id,
                        client_name: name.unwrap_or_default(),
                        step: step(subject.stage),
                        left_out: None,
                        messages: told,
                    })
                })?;
            }
        }
        Ok(())
    }

    /// Makes the next try of a notice, where there is one to make; what it is told as.
    fn give(&mut self, rule: usize, subject: &NoticeSubject) -> Result<Vec<ToldMessage>> {
        let connection = self.connection;
        let own = self.rules[rule].evaluation.rule;
        let Some(texts) = own.stage(subject.stage).map(|stage| &stage.texts) else {
            return Ok(Vec::new());
        };
        if self.any_to_come {
            for case in notice::cases(connection, subject)? {
                let number = collection::case_number(connection, case.invoice_id, case.id)?;
                notice::adopt(connection, (case.id, case.invoice_id), number)?;
            }
        }
        let Some(client) = book::client(connection, subject.client_id)? else {
            return Ok(Vec::new());
        };
        let cases = self.free_cases(rule, subject, &client)?;
        let place = self
            .composer
            .place(connection, &client, subject.contract_id)?;
        let Some(counts) = self.may_give(rule, subject, &cases, &place)? else {
            return Ok(Vec::new());
        };
        let last = notice::last_try(connection, subject)?;
        let Some(next) = next_try(texts, &last, counts, self.composer.now) else {
            return Ok(Vec::new());
        };
        let given = Giving {
            subject,
            client: &client,
            place: &place,
            next: &next,
            deliver: texts.deliver,
            cases: &cases,
        };
        self.write_notice(rule, &given)
    }

    /// Whether the cases of a subject are in want of its notice, or have one that counts (told by `true`), and
    /// those ahead of it let it go.
    fn may_give(
        &self,
        rule: usize,
        subject: &NoticeSubject,
        cases: &[NoticeCase],
        place: &Place,
    ) -> Result<Option<bool>> {
        let (composer, own) = (&self.composer, self.rules[rule].evaluation.rule);
        let (mut wanted, mut counts) = (false, false);
        for case in cases {
            let contract = subject.contract_id;
            let given = notice::given(self.connection, case.id, contract, composer.now.zone)?;
            let mut missing = own.missing_notices(case.stage, &given);
            let first = missing.next();
            if first.is_some_and(|kind| kind < subject.kind) {
                return Ok(None);
            }
            let calendar = composer.policy.calendar_at(place);
            let from = given.not_before(subject.kind, composer.policy.notice, calendar);
            if from.is_some_and(|from| composer.now.today < from) {
                return Ok(None);
            }
            wanted |= first == Some(subject.kind);
            counts |= given.on(subject.kind).is_some();
        }
        Ok((wanted || counts).then_some(counts))
    }

    /// The cases of a subject that nothing keeps out today.
    fn free_cases(
        &mut self,
        rule: usize,
        subject: &NoticeSubject,
        client: &Client,
    ) -> Result<Vec<NoticeCase>> {
        let connection = self.connection;
        let today = self.composer.now.today;
        let contract = match subject.contract_id {
            Some(id) => book::contract(connection, id)?,
            None => None,
        };
        let kept = crate::store::incident::keeps_from(connection, client.id, Purpose::Collection)?;
        let mut free = Vec::new();
        for case in notice::cases(connection, subject)? {
            let exclusions = Exclusions {
                in_collection: client.in_collection,
                in_reminders: client.in_reminders,
                notice_hold_until: contract
                    .as_ref()
                    .and_then(|contract| contract.notice_hold_until),
                holds: crate::store::hold::ends(connection, case.invoice_id, client.id)?,
                incident: kept.is_some(),
                payment_method: None,
            };
            match exclusions.forbid(step(subject.stage), today) {
                None => free.push(case),
                Some(reason) => {
                    let left_out = &mut self.rules[rule].summary.left_out;
                    *left_out.entry(reason).or_default() += 1;
                }
            }
        }
        Ok(free)
    }

    /// Writes the messages of one try down; what they are told as.
    fn write_notice(&mut self, rule: usize, given: &Giving<'_>) -> Result<Vec<ToldMessage>> {
        let connection = self.connection;
        let subject = given.subject;
        let now = self.composer.now;
        let template = self.tried(given.next, given.deliver, given.client)?;
        let about = (given.cases[0].id, subject.contract_id);
        let (policy, when) = (self.composer.policy, (now.today, now.zone));
        let which = (subject.rule.as_str(), subject.kind);
        let dates = announced(connection, policy, given.place, which, about, when)?;
        let messages = self.compose_notice(given, template, dates)?;
        let mut told = Vec::new();
        let mut goes = false;
        for message in messages {
            let Inserted::New(id) = message::insert(connection, &message)? else {
                continue;
            };
            let (channel, number) = (message.channel, given.next.number);
            let says = (given.cases, dates);
            notice::note(connection, subject, id, number, channel, now.at, says)?;
            let summary = &mut self.rules[rule].summary;
            let reason = match &message.fate {
                Fate::Queued => {
                    summary.queued += 1;
                    self.whatsapp += u64::from(channel == Channel::Whatsapp);
                    goes = true;
                    None
                }
                Fate::Skipped(reason, _) => {
                    *summary.skipped.entry(*reason).or_default() += 1;
                    Some(*reason)
                }
            };
            told.push(ToldMessage {
                template: template.name.clone(),
                channel,
                reason,
            });
        }
        self.recipients += u64::from(goes);
        Ok(told)
    }

    /// The messages of one try, outside all caps.
    fn compose_notice(
        &self,
        given: &Giving<'_>,
        template: &Template,
        dates: Option<NoticeDates>,
    ) -> Result<Vec<NewMessage>> {
        let connection = self.connection;
        let (subject, client) = (given.subject, given.client);
        let mut invoices: Vec<Invoice> = Vec::new();
        for case in given.cases {
            invoices.extend(book::invoice(connection, case.invoice_id)?);
        }
        let contract = match subject.contract_id {
            Some(id) => book::contract(connection, id)?,
            None => None,
        };
        let now = self.composer.now;
        let overdue = if template.needs().contains(&Need::Overdue) {
            Some(book::overdue(connection, client.id, now.today)?)
        } else {
            None
        };
        let facts = Facts {
            client: Some(client),
            contract: contract.as_ref(),
            invoice: invoices.first(),
            invoices: &invoices,
            overdue,
            notice: dates,
            ..Facts::new(now, self.composer.company)
        };
        let draft = Draft {
            key: Key::Whole(self.free_key(subject, template, given.cases[0])?),
            event: step(subject.stage).to_string(),
            about: About {
                contract_id: subject.contract_id,
                invoice_id: invoices.first().map(|invoice| invoice.id),
                case_id: Some(given.cases[0].id),
                ..About::default()
            },
            while_owing: true,
            outside_caps: true,
            ..Draft::new(
                Wording::Template(template),
                Recipient::Client(client),
                facts,
                Origin::Collection,
            )
        };
        self.composer.compose(connection, &draft)
    }

    /// The template that is tried: the next, or the first from there on that can reach the client.
    fn tried(&self, next: &NextTry<'_>, deliver: Deliver, client: &Client) -> Result<&'a Template> {
        let mut first = None;
        for name in &next.templates {
            let template = must(self.templates.get(*name), "template", name, || {
                Ok(self.templates.keys().collect::<Vec<_>>())
            })?;
            let first = *first.get_or_insert(template);
            if deliver != Deliver::FirstReachable {
                return Ok(first);
            }
            let facts = Facts {
                client: Some(client),
                ..Facts::new(self.composer.now, self.composer.company)
            };
            let draft = Draft::new(
                Wording::Template(template),
                Recipient::Client(client),
                facts,
                Origin::Collection,
            );
            if let Reach::To(_) = self.composer.reach(self.connection, &draft)? {
                return Ok(template);
            }
        }
        must(first, "template", "", || Ok(Vec::<String>::new()))
    }

    /// The key of a try: the ladder's own, with a number behind it from the second time of a template on.
    fn free_key(
        &self,
        subject: &NoticeSubject,
        template: &Template,
        case: NoticeCase,
    ) -> Result<String> {
        let number = collection::case_number(self.connection, case.invoice_id, case.id)?;
        let start = key_start_of_case(case.invoice_id, number);
        let step = step(subject.stage);
        let key = format!("{start}/{step}/{}/{}", template.name, template.channel);
        let mut round = 1;
        loop {
            let key = if round == 1 {
                key.clone()
            } else {
                format!("{key}/{round}")
            };
            // A push's keys go on with each device's address.
            let taken = if template.channel == Channel::Push {
                message::any_under(self.connection, &key)?
            } else {
                message::find_key(self.connection, &key)?.is_some()
            };
            if !taken {
                return Ok(key);
            }
            round += 1;
        }
    }
}
