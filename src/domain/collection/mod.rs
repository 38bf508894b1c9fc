//! The collection decision: for one rule, one invoice and one day, at most one move.

mod exclusion;
mod holding;
mod merging;
mod next;

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::day;
use super::holiday::Calendar;
use super::ladder::{CaseOutcome, Move, Stage};
use super::notice::{NoticeTerms, NoticesGiven};
use super::rule::{Rule, RuleStage};
use super::words::InvoiceStatus;

pub use exclusion::{Exclusions, LeftOut};
pub use holding::Assertion;
pub use merging::{Contender, Fold, chosen};
pub use next::{NextMove, coming, next_move, what_next};

/// A reminder missed for longer than this many days is not made up for.
const REMINDER_CATCH_UP_DAYS: u64 = 3;

/// What an invoice's state means for its collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debt {
    /// Something is owed and may be asked for.
    Owing,
    /// It ended: paid, cancelled or renegotiated; or it, or its client, is gone from the source.
    Settled(CaseOutcome),
    /// Neither: not released, a payment being confirmed, nothing left to pay.
    Waiting,
}

impl Debt {
    /// The standing of an invoice of this status that is or is not owing; `gone` when it or its client is.
    pub const fn of(status: InvoiceStatus, owing: bool, gone: bool) -> Self {
        match status {
            _ if gone => Self::Settled(CaseOutcome::Gone),
            InvoiceStatus::Paid => Self::Settled(CaseOutcome::Paid),
            InvoiceStatus::Cancelled => Self::Settled(CaseOutcome::Cancelled),
            InvoiceStatus::Renegotiated => Self::Settled(CaseOutcome::Renegotiated),
            InvoiceStatus::Open | InvoiceStatus::Partial if owing => Self::Owing,
            InvoiceStatus::Open | InvoiceStatus::Partial => Self::Waiting,
        }
    }
}

/// What the decision looks at of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bill {
    /// The printed due date.
    pub due_on: NaiveDate,
    /// Its debt.
    pub debt: Debt,
    /// The day it was listed with the credit bureau.
    pub bureau_listed_on: Option<NaiveDate>,
    /// The day it was taken off that list.
    pub bureau_removed_on: Option<NaiveDate>,
}

impl Bill {
    /// The due date a rule counts from: rolled to a business day when the rule says so.
    pub fn due(&self, rule: &Rule, calendar: &Calendar) -> NaiveDate {
        if rule.roll_due_date {
            calendar.roll(self.due_on)
        } else {
            self.due_on
        }
    }
}

/// A case that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenCase {
    /// Where it stands.
    pub stage: Stage,
    /// The day of its last move.
    pub moved_on: NaiveDate,
    /// The printed due date when it began.
    pub due_on: NaiveDate,
    /// Its invoice is another client's by now, who was told nothing of what this case told.
    pub anothers: bool,
}

/// Whether the removal from the credit bureau's list has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BureauMark {
    /// Not yet, and nothing is owed.
    #[default]
    None,
    /// It was due on this day, on which the case closed: it is told in a later run.
    Waiting(NaiveDate),
    /// It was told on this day.
    Told(NaiveDate),
    /// It was another client's, whose case the invoice had then: the present one was never listed.
    Anothers,
}

/// What earlier runs left behind about one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Its open case.
    pub case: Option<OpenCase>,
    /// The last day on which any case of it moved or closed.
    pub moved_on: Option<NaiveDate>,
    /// Its removal from the bureau's list.
    pub bureau: BureauMark,
    /// The reminders that have fired for its present due date.
    pub reminders: BTreeSet<i64>,
    /// The notices that were given and count for its open case.
    pub notices: NoticesGiven,
}

/// What is decided about one invoice on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is due.
    Nothing,
    /// This happens.
    Happens(Move),
    /// This was due, and is left out.
    LeftOut(Move, LeftOut),
}

/// The day a rule is evaluated for.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Weekends and holidays.
    pub calendar: &'a Calendar,
    /// The day.
    pub today: NaiveDate,
    /// The last day this rule was evaluated; none: never.
    pub last: Option<NaiveDate>,
    /// The first day this rule was evaluated; none: never.
    pub first: Option<NaiveDate>,
    /// How long notices take.
    pub terms: NoticeTerms,
}

/// How far a due date may roll because of holidays that only one place has, at the very most.
const LONGEST_ROLL_DAYS: i64 = 60;

impl Evaluation<'_> {
    /// Decides what happens to an invoice: at most one move.
    pub fn decide(&self, bill: &Bill, past: &Past, exclusions: &Exclusions) -> Decision {
        match self.due_move(bill, past) {
            None => Decision::Nothing,
            Some(Move::Reminder(days)) if past.reminders.contains(&days) => Decision::Nothing,
            Some(step) => exclusions
                .forbid(step, self.today)
                .or_else(|| self.paid_by_itself(step, bill, exclusions))
                .map_or(Decision::Happens(step), |reason| {
                    Decision::LeftOut(step, reason)
                }),
        }
    }

    /// Whether a move is left out because nothing is to be paid by hand: reminders always, stages until
    /// the days of grace are over.
    fn paid_by_itself(&self, step: Move, bill: &Bill, exclusions: &Exclusions) -> Option<LeftOut> {
        let late = day::between(bill.due(self.rule, self.calendar), self.today);
        let waits =
            self.rule
                .leaves_to_itself(exclusions.payment_method.as_deref(), step.kind(), late);
        waits.then_some(LeftOut::AutomaticPayment)
    }

    /// The first move that applies, whoever may be left out of it; a reminder even if it has fired
    /// before. Needs neither exclusions nor fired reminders, so that a million invoices of which
    /// few move are judged without looking these up.
    pub fn due_move(&self, bill: &Bill, past: &Past) -> Option<Move> {
        let due = bill.due(self.rule, self.calendar);
        if let Some(case) = past.case
            && let Some(outcome) = self.closing(bill, due, case)
        {
            return Some(Move::Close {
                outcome,
                bureau_waits: self.bureau_removal_due(bill, past.bureau),
            });
        }
        if self.bureau_removal_due(bill, past.bureau) {
            return Some(Move::BureauRemoved);
        }
        // A removal that was told today is what happened to it today: a second update adds nothing.
        let told_today = past.bureau == BureauMark::Told(self.today);
        if bill.debt != Debt::Owing || told_today {
            return None;
        }
        if self.today <= bill.due_on {
            return self.reminder(bill.due_on).map(Move::Reminder);
        }
        self.stage(due, past)
    }

    /// Whether an invoice may move at all, by the plain facts alone, whatever holidays its place has and
    /// whatever notices were given: so that most of a million invoices are passed over without a closer look.
    pub fn may_move(&self, bill: &Bill, past: &Past) -> bool {
        if self.due_move(bill, past).is_some() {
            return true;
        }
        match past.case {
            // A later day on which it counts as due may close it as postponed, and a notice let it go on.
            Some(case) => {
                bill.due_on != case.due_on
                    || (self.rule.notice_of(case.stage).is_some() && case.moved_on < self.today)
            }
            // Counted from a later day it may still be allowed in.
            None => {
                let late = day::between(bill.due_on, self.today);
                let most = self.rule.enter_until_days.unwrap_or(late);
                late > most && late <= most + LONGEST_ROLL_DAYS && bill.debt == Debt::Owing
            }
        }
    }

    /// Whether a case of this stage waits for a notice, or the stage after it for the notice ahead.
    fn waits_for_notice(&self, stage: Stage, next: &RuleStage, past: &Past) -> bool {
        let given = &past.notices;
        let unsent = self.rule.missing_notices(stage, given).next().is_some();
        let too_early = next.notice.is_some_and(|kind| {
            let first = given.not_before(kind, self.terms, self.calendar);
            first.is_some_and(|first| self.today < first)
        });
        unsent || too_early
    }

    fn closing(&self, bill: &Bill, due: NaiveDate, case: OpenCase) -> Option<CaseOutcome> {
        // The invoice went from this case's client: nothing of it is told to the one who has it now.
        if case.anothers {
            return Some(CaseOutcome::Gone);
        }
        if let Debt::Settled(outcome) = bill.debt {
            return Some(outcome);
        }
        let late = day::between(due, self.today);
        let moved = bill.due_on != case.due_on;
        (moved && self.rule.first_day().is_some_and(|notice| late < notice))
            .then_some(CaseOutcome::Postponed)
    }

    fn bureau_removal_due(&self, bill: &Bill, mark: BureauMark) -> bool {
        let (Some(_), Some(removed_on)) = (bill.bureau_listed_on, bill.bureau_removed_on) else {
            return false;
        };
        if bill.debt == Debt::Settled(CaseOutcome::Gone) {
            return false;
        }
        match mark {
            BureauMark::Told(_) | BureauMark::Anothers => false,
            BureauMark::Waiting(since) => since < self.today && removed_on <= self.today,
            // However late the source tells of it: only what was before the rule's time is no news.
            BureauMark::None => {
                self.first.is_some_and(|first| removed_on > first) && removed_on <= self.today
            }
        }
    }

    /// Whether a day is in `(last, today]`; on a first evaluation only today is.
    fn new_since_last(&self, day: NaiveDate) -> bool {
        match self.last {
            None => day == self.today,
            Some(last) => last < day && day <= self.today,
        }
    }

    /// Of the reminders due since the last evaluation, at most three days ago, the one nearest to
    /// the due date.
    fn reminder(&self, due_on: NaiveDate) -> Option<i64> {
        let reach = self
            .today
            .checked_sub_days(Days::new(REMINDER_CATCH_UP_DAYS))?;
        let days = &self.rule.reminders.as_ref()?.days;
        days.iter()
            .copied()
            .filter(|days| {
                due_on
                    .checked_sub_days(Days::new(days.unsigned_abs()))
                    .is_some_and(|day| self.new_since_last(day) && day > reach)
            })
            .min()
    }

    fn stage(&self, due: NaiveDate, past: &Past) -> Option<Move> {
        let late = day::between(due, self.today);
        if self.today <= due || past.moved_on.is_some_and(|moved| moved >= self.today) {
            return None;
        }
        match past.case {
            None => {
                let late_enough = late >= self.rule.first_day()?;
                let not_too_late = self.rule.enter_until_days.is_none_or(|most| late <= most);
                (late_enough && not_too_late).then_some(Move::Enter)
            }
            Some(case) if case.moved_on < self.today => {
                let next = self.rule.stage_after(case.stage)?;
                let goes =
                    late >= next.day.days() && !self.waits_for_notice(case.stage, next, past);
                goes.then_some(Move::Advance(next.stage))
            }
            Some(_) => None,
        }
    }
}

impl Past {
    /// What is left behind when a move happened today.
    pub fn after(&mut self, step: Move, bill: &Bill, today: NaiveDate) {
        match step {
            Move::Close { bureau_waits, .. } => {
                self.case = None;
                self.moved_on = Some(today);
                if bureau_waits {
                    self.bureau = BureauMark::Waiting(today);
                }
            }
            Move::BureauRemoved => self.bureau = BureauMark::Told(today),
            Move::Reminder(days) => {
                self.reminders.insert(days);
            }
            Move::Enter => {
                self.case = Some(OpenCase {
                    stage: Stage::Notice,
                    moved_on: today,
                    due_on: bill.due_on,
                    anothers: false,
                });
                self.moved_on = Some(today);
            }
            Move::Advance(stage) => {
                if let Some(case) = &mut self.case {
                    case.stage = stage;
                    case.moved_on = today;
                }
                self.moved_on = Some(today);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::{DraftReminders, DraftStage, RuleDraft};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn rule(stages: &[(&str, i64)]) -> Rule {
        RuleDraft {
            name: "residential".to_owned(),
            reminders: Some(DraftReminders {
                days: vec![5, 3, 0],
                templates: vec!["due-soon".to_owned()],
                ..DraftReminders::default()
            }),
            stages: stages
                .iter()
                .map(|(name, day)| DraftStage {
                    name: Some((*name).to_owned()),
                    day: Some(*day),
                    ..DraftStage::default()
                })
                .collect(),
            ..RuleDraft::default()
        }
        .check()
        .expect("a good rule")
    }

    fn owing(due_on: &str) -> Bill {
        Bill {
            due_on: day(due_on),
            debt: Debt::Owing,
            bureau_listed_on: None,
            bureau_removed_on: None,
        }
    }

    struct House {
        rule: Rule,
        calendar: Calendar,
    }

    impl House {
        fn new() -> Self {
            Self {
                rule: rule(&[("notice", 3), ("inquiry", 8), ("bureau", 45)]),
                calendar: Calendar::default(),
            }
        }

        fn run(&self, today: &str, last: Option<&str>) -> Evaluation<'_> {
            Evaluation {
                rule: &self.rule,
                calendar: &self.calendar,
                today: day(today),
                last: last.map(day),
                first: last.map(day),
                terms: NoticeTerms::default(),
            }
        }

        fn moves(&self, bill: &Bill, from: &str, days: u64) -> Vec<String> {
            coming(
                self.run(from, None),
                bill,
                Past::default(),
                &Exclusions::NONE,
                days,
            )
            .filter_map(|(on, decision)| match decision {
                Decision::Happens(step) => Some(format!("{on} {step}")),
                _ => None,
            })
            .collect()
        }
    }

    #[test]
    fn an_unpaid_invoice_walks_the_whole_ladder() {
        // 10 December 2026 is a Thursday.
        assert_eq!(
            House::new().moves(&owing("2026-12-10"), "2026-12-01", 60),
            [
                "2026-12-05 reminder:5",
                "2026-12-07 reminder:3",
                "2026-12-10 reminder:0",
                "2026-12-13 stage:notice",
                "2026-12-18 stage:inquiry",
                "2027-01-24 stage:bureau",
            ]
        );
    }

    #[test]
    fn a_due_date_on_a_saturday_counts_from_monday() {
        let mut house = House::new();
        let bill = owing("2026-12-12");
        let moves = house.moves(&bill, "2026-12-12", 10);
        assert_eq!(moves, ["2026-12-12 reminder:0", "2026-12-17 stage:notice"]);
        house.rule.roll_due_date = false;
        let moves = house.moves(&bill, "2026-12-12", 4);
        assert_eq!(moves, ["2026-12-12 reminder:0", "2026-12-15 stage:notice"]);
    }

    #[test]
    fn a_case_never_skips_a_stage_and_moves_once_a_day() {
        assert_eq!(
            House::new().moves(&owing("2026-10-01"), "2026-12-01", 5),
            [
                "2026-12-01 stage:notice",
                "2026-12-02 stage:inquiry",
                "2026-12-03 stage:bureau",
            ]
        );
    }

    #[test]
    fn a_missed_weekend_catches_up_with_the_nearest_reminder_only() {
        let house = House::new();
        let bill = owing("2026-12-10");
        let at = |today, last| house.run(today, last).due_move(&bill, &Past::default());
        // Reminder 5 was due on Saturday the 5th, reminder 3 on Monday the 7th.
        assert_eq!(
            at("2026-12-06", Some("2026-12-04")),
            Some(Move::Reminder(5))
        );
        assert_eq!(
            at("2026-12-07", Some("2026-12-04")),
            Some(Move::Reminder(3))
        );
        assert_eq!(at("2026-12-06", Some("2026-12-05")), None);
        assert_eq!(at("2026-12-06", None), None);
        assert_eq!(at("2026-12-05", None), Some(Move::Reminder(5)));
        // Three days on, the window has passed.
        assert_eq!(
            at("2026-12-09", Some("2026-11-01")),
            Some(Move::Reminder(3))
        );
        let late = owing("2026-12-20");
        let run = house.run("2026-12-18", Some("2026-12-01"));
        assert_eq!(
            run.due_move(&late, &Past::default()),
            Some(Move::Reminder(3))
        );
        let run = house.run("2026-12-19", Some("2026-12-16"));
        assert_eq!(
            run.due_move(&late, &Past::default()),
            Some(Move::Reminder(3))
        );
        let run = house.run("2026-12-19", Some("2026-12-17"));
        assert_eq!(run.due_move(&late, &Past::default()), None);
    }

    #[test]
    fn a_fired_reminder_never_fires_again() {
        let house = House::new();
        let bill = owing("2026-12-10");
        let past = Past {
            reminders: BTreeSet::from([5]),
            ..Past::default()
        };
        let run = house.run("2026-12-05", None);
        assert_eq!(
            run.decide(&bill, &past, &Exclusions::NONE),
            Decision::Nothing
        );
    }

    fn at_notice(moved_on: &str, due_on: &str) -> Past {
        Past {
            case: Some(OpenCase {
                stage: Stage::Notice,
                moved_on: day(moved_on),
                due_on: day(due_on),
                anothers: false,
            }),
            moved_on: Some(day(moved_on)),
            ..Past::default()
        }
    }

    #[test]
    fn a_settled_invoice_closes_its_case_whoever_is_left_out() {
        let house = House::new();
        let past = at_notice("2026-12-14", "2026-12-10");
        let kept_out = Exclusions {
            in_collection: false,
            holds: vec![None],
            ..Exclusions::NONE
        };
        for outcome in [
            CaseOutcome::Paid,
            CaseOutcome::Cancelled,
            CaseOutcome::Renegotiated,
        ] {
            let bill = Bill {
                debt: Debt::Settled(outcome),
                ..owing("2026-12-10")
            };
            let run = house.run("2026-12-15", Some("2026-12-14"));
            assert_eq!(
                run.decide(&bill, &past, &kept_out),
                Decision::Happens(Move::Close {
                    outcome,
                    bureau_waits: false
                })
            );
            assert_eq!(run.due_move(&bill, &Past::default()), None);
        }
    }

    #[test]
    fn a_moved_due_date_postpones_only_when_it_is_no_longer_late_enough() {
        let mut house = House::new();
        let past = at_notice("2026-12-14", "2026-12-10");
        let postponed = Some(Move::Close {
            outcome: CaseOutcome::Postponed,
            bureau_waits: false,
        });
        let run = house.run("2026-12-16", Some("2026-12-15"));
        assert_eq!(run.due_move(&owing("2026-12-14"), &past), postponed);
        assert_eq!(run.due_move(&owing("2026-12-30"), &past), postponed);
        assert_eq!(run.due_move(&owing("2026-12-11"), &past), None);
        // The rule's own change is no moved due date.
        house.rule = rule(&[("notice", 20), ("inquiry", 30)]);
        let run = house.run("2026-12-16", Some("2026-12-15"));
        assert_eq!(run.due_move(&owing("2026-12-10"), &past), None);
    }

    #[test]
    fn a_removal_from_the_bureaus_list_is_told_once_and_never_on_the_day_of_the_closing() {
        let house = House::new();
        let bill = Bill {
            debt: Debt::Settled(CaseOutcome::Paid),
            bureau_listed_on: Some(day("2026-11-01")),
            bureau_removed_on: Some(day("2026-12-15")),
            ..owing("2026-09-10")
        };
        let mut past = at_notice("2026-10-01", "2026-09-10");
        let mut told = Vec::new();
        for (today, last) in [
            ("2026-12-15", "2026-12-14"),
            ("2026-12-15", "2026-12-15"),
            ("2026-12-16", "2026-12-15"),
            ("2026-12-17", "2026-12-16"),
        ] {
            let run = house.run(today, Some(last));
            if let Some(step) = run.due_move(&bill, &past) {
                past.after(step, &bill, day(today));
                told.push(format!("{today} {step}"));
            }
        }
        assert_eq!(
            told,
            [
                "2026-12-15 closing:paid",
                "2026-12-16 closing:bureau_removed"
            ]
        );
    }

    #[test]
    fn an_old_debt_does_not_enter_but_an_open_case_goes_on() {
        let mut house = House::new();
        house.rule.enter_until_days = Some(30);
        let bill = owing("2026-10-01");
        let run = house.run("2026-12-01", None);
        assert_eq!(run.due_move(&bill, &Past::default()), None);
        assert_eq!(
            run.due_move(&bill, &at_notice("2026-10-05", "2026-10-01")),
            Some(Move::Advance(Stage::Inquiry))
        );
        let next = what_next(run, &bill, &Past::default(), &Exclusions::NONE);
        assert!(next.words.contains("enter_until_days"), "{}", next.words);
    }

    #[test]
    fn reasons_of_being_left_out_have_one_order() {
        let house = House::new();
        let bill = owing("2026-12-10");
        let mut kept_out = Exclusions {
            in_collection: false,
            in_reminders: false,
            notice_hold_until: Some(day("2026-12-10")),
            holds: vec![Some(day("2026-12-10"))],
            incident: true,
            payment_method: Some("Débito".to_owned()),
        };
        let run = house.run("2026-12-10", None);
        let step = Move::Reminder(0);
        let mut reasons = Vec::new();
        for _ in 0..7 {
            match run.decide(&bill, &Past::default(), &kept_out) {
                Decision::LeftOut(what, reason) => {
                    assert_eq!(what, step);
                    reasons.push(reason);
                    match reason {
                        LeftOut::NotInCollection => kept_out.in_collection = true,
                        LeftOut::NotInReminders => kept_out.in_reminders = true,
                        LeftOut::OnHold => kept_out.notice_hold_until = Some(day("2026-12-09")),
                        LeftOut::Held => kept_out.holds = vec![Some(day("2026-12-09"))],
                        LeftOut::Incident => kept_out.incident = false,
                        LeftOut::AutomaticPayment => kept_out.payment_method = None,
                    }
                }
                Decision::Happens(what) => assert_eq!(what, step),
                Decision::Nothing => panic!("the reminder is due"),
            }
        }
        assert_eq!(
            reasons,
            [
                LeftOut::NotInCollection,
                LeftOut::NotInReminders,
                LeftOut::OnHold,
                LeftOut::Held,
                LeftOut::Incident,
                LeftOut::AutomaticPayment
            ]
        );
    }

    #[test]
    fn what_comes_next_is_said_in_plain_words() {
        let house = House::new();
        let bill = owing("2026-12-10");
        let past = at_notice("2026-12-14", "2026-12-10");
        let run = house.run("2026-12-15", Some("2026-12-14"));
        let next = what_next(run, &bill, &past, &Exclusions::NONE);
        assert_eq!(next.on, Some(day("2026-12-18")));
        assert_eq!(
            next.words,
            "stage:inquiry on 2026-12-18, if nothing changes"
        );
        let held = Exclusions {
            holds: vec![Some(day("2026-12-20"))],
            ..Exclusions::NONE
        };
        assert_eq!(
            what_next(run, &bill, &past, &held).words,
            "stage:inquiry on 2026-12-21, if nothing changes; due since 2026-12-18, but left out until then (held)"
        );
        let for_ever = Exclusions {
            holds: vec![None],
            ..Exclusions::NONE
        };
        assert!(
            what_next(run, &bill, &past, &for_ever)
                .words
                .starts_with("nothing: a person put it on hold without an end")
        );
        let waiting = Bill {
            debt: Debt::Waiting,
            ..bill
        };
        assert!(
            what_next(run, &waiting, &past, &Exclusions::NONE)
                .words
                .starts_with("nothing: the invoice waits")
        );
    }
}
