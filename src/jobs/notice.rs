//! What notices allow, and when: the one that is being given, and the recorded one.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::compose::Composer;
use crate::clock::Now;
use crate::domain::client::Client;
use crate::domain::invoice::Invoice;
use crate::domain::notice::{NoticeDates, NoticeKind, NoticeState};
use crate::domain::place::Place;
use crate::domain::policy::Policy;
use crate::domain::template::Template;
use crate::domain::words::words_enum;
use crate::error::Result;
use crate::store::notice::{self, CutContract, GivenNotice};
use crate::store::{Connection, collection, rule};

/// What the recorded notice of suspension of a case allows, if one was sent.
pub fn recorded(
    connection: &Connection,
    policy: &Policy,
    place: &Place,
    (case, contract_id): (i64, Option<i64>),
    zone: Tz,
) -> Result<Option<NoticeDates>> {
    let given = notice::given(connection, case, contract_id, zone)?;
    Ok(given.dates(policy.notice, policy.calendar_at(place)))
}

/// What the recorded notice allows that an invoice's case had, for a text that speaks of it; none where the text
/// does not, or no notice was given.
pub fn recorded_for(
    connection: &Connection,
    composer: &Composer<'_>,
    template: &Template,
    client: &Client,
    invoice: Option<&Invoice>,
) -> Result<Option<NoticeDates>> {
    let Some(invoice) = invoice.filter(|_| template.speaks_of_a_notice()) else {
        return Ok(None);
    };
    let Some(case) = collection::open_case(connection, invoice.id)? else {
        return Ok(None);
    };
    let about = (case.id, invoice.contract_id);
    let place = composer.place(connection, client, invoice.contract_id)?;
    recorded(
        connection,
        composer.policy,
        &place,
        about,
        composer.now.zone,
    )
}

/// What a notice given today would announce: its own dates, or those of the suspension's notice before it. None
/// where that was tried and none counts: then nothing is to be announced.
pub fn announced(
    connection: &Connection,
    policy: &Policy,
    place: &Place,
    (rule, kind): (&str, NoticeKind),
    (case, contract_id): (i64, Option<i64>),
    (today, zone): (NaiveDate, Tz),
) -> Result<Option<NoticeDates>> {
    let calendar = policy.calendar_at(place);
    if kind != NoticeKind::Suspension {
        let given = notice::given(connection, case, contract_id, zone)?;
        match given.state(NoticeKind::Suspension) {
            NoticeState::Given(_) => return Ok(given.dates(policy.notice, calendar)),
            NoticeState::Missing if gives_suspension(connection, rule)? => return Ok(None),
            NoticeState::Missing | NoticeState::Untried => {}
        }
    }
    Ok(Some(policy.notice.dates(today, calendar)))
}

/// Whether a rule gives a notice of suspension.
fn gives_suspension(connection: &Connection, name: &str) -> Result<bool> {
    let kept = rule::get(connection, name)?;
    Ok(kept.is_some_and(|kept| kept.rule.notice_stage(NoticeKind::Suspension).is_some()))
}

/// A contract's notice of suspension, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// The message that gave it, or the latest that was to.
    pub notice: GivenNotice,
    /// The day it was given; none while none was sent.
    pub notice_on: Option<NaiveDate>,
    /// The first day on which access may be suspended.
    pub suspend_from: Option<NaiveDate>,
    /// The first day on which the contract may be rescinded.
    pub rescind_from: Option<NaiveDate>,
    /// That day has come, its invoice has owed ever since, and both it and the contract are still that client's.
    pub ready: bool,
}

/// The day on which a notice of suspension was given, and what it allows: what it announced, or, of one of which that
/// was not kept, what is reckoned from that day. None while it was not sent.
pub fn allowed_by(
    one: &GivenNotice,
    policy: &Policy,
    zone: Tz,
) -> Option<(NaiveDate, NoticeDates)> {
    let on = notice::day_of(one.sent_at?, zone);
    let reckoned = || policy.notice.dates(on, policy.calendar_at(&one.place));
    Some((on, one.announced.unwrap_or_else(reckoned)))
}

/// Streams the contracts with a notice of suspension, client by client.
pub fn each(
    connection: &Connection,
    policy: &Policy,
    now: Now,
    mut each: impl FnMut(NoticeRow) -> Result<()>,
) -> Result<()> {
    let mut group: Vec<GivenNotice> = Vec::new();
    notice::each_suspension(connection, |one| {
        if group
            .first()
            .is_some_and(|first| first.about() != one.about())
        {
            each(row_of(&mut group, policy, now))?;
        }
        group.push(one);
        Ok(())
    })?;
    if group.is_empty() {
        return Ok(());
    }
    each(row_of(&mut group, policy, now))
}

/// Of the messages about one contract the one that tells how far its notice is: the latest that was sent and
/// counts, else the latest that counts, else the latest that was sent, else the latest. That one of those that were
/// sent and count arrived proves it.
fn row_of(group: &mut Vec<GivenNotice>, policy: &Policy, now: Now) -> NoticeRow {
    let rank = |place: usize, one: &GivenNotice| match (one.counts, one.sent_at.is_some()) {
        (true, true) => (3, place),
        (true, false) => (2, place),
        (false, true) => (1, place),
        (false, false) => (0, place),
    };
    let best = (0..group.len()).max_by_key(|place| rank(*place, &group[*place]));
    let arrived = group
        .iter()
        .filter(|one| one.counts && one.sent_at.is_some());
    let arrived = arrived.filter_map(|one| one.delivered_at).min();
    let mut notice = group.swap_remove(best.unwrap_or_default());
    group.clear();
    if notice.counts && notice.sent_at.is_some() {
        notice.delivered_at = arrived;
    }
    let (notice_on, dates) = allowed_by(&notice, policy, now.zone).unzip();
    let suspend_from = dates.map(|dates| dates.suspension);
    NoticeRow {
        notice_on,
        suspend_from,
        rescind_from: dates.map(|dates| dates.rescission),
        ready: notice.stands && notice.theirs && suspend_from.is_some_and(|from| from <= now.today),
        notice,
    }
}

words_enum! {
    /// What is wrong with a contract's being cut.
    CutFault {
        /// No notice of suspension was sent for what it owed then.
        NoNotice = "no_notice",
        /// It was cut before the notice allowed it.
        TooEarly = "too_early",
        /// Nobody reported that the notice arrived.
        NotDelivered = "not_delivered",
    }
}

/// A contract that was cut without a notice that allowed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutWithout {
    /// The contract.
    pub contract: CutContract,
    /// The day of the notice, if any was sent.
    pub notice_on: Option<NaiveDate>,
    /// What is wrong.
    pub fault: CutFault,
}

/// Streams the contracts that are cut for debt without a notice old enough on the day of the cut, and, with
/// `delivered`, without one that is known to have arrived.
pub fn audit(
    connection: &Connection,
    policy: &Policy,
    now: Now,
    delivered: bool,
    mut each: impl FnMut(CutWithout) -> Result<()>,
) -> Result<()> {
    notice::each_cut(connection, |contract| {
        let cut_on = contract.access_since.unwrap_or(now.today);
        let all = notice::suspensions_of(connection, contract.contract_id, contract.client_id)?;
        // What had been paid before the cut was not what it was cut for.
        let relevant = |one: &GivenNotice| {
            one.counts || one.stands || one.closed_on.is_some_and(|closed_on| closed_on >= cut_on)
        };
        let days = all.iter().filter(|one| relevant(one)).filter_map(|one| {
            let (on, dates) = allowed_by(one, policy, now.zone)?;
            Some((on, dates.suspension <= cut_on, one.delivered_at.is_some()))
        });
        let days: Vec<_> = days.collect();
        let fault = if days.is_empty() {
            CutFault::NoNotice
        } else if !days.iter().any(|(_, in_time, _)| *in_time) {
            CutFault::TooEarly
        } else if delivered && !days.iter().any(|(_, in_time, proven)| *in_time && *proven) {
            CutFault::NotDelivered
        } else {
            return Ok(());
        };
        each(CutWithout {
            contract,
            notice_on: days.iter().map(|(on, ..)| *on).min(),
            fault,
        })
    })
}
