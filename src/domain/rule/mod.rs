//! A rule: one collection ladder, as it is once everything about it has been checked.

mod check;
mod claim;
mod draft;
mod notice;
mod warning;

use std::collections::BTreeMap;

use super::ladder::{Closing, Move, MoveKind, Phase, Stage};
use super::notice::NoticeKind;
use super::payment;
use super::words::{Word as _, words_enum};

pub use claim::{Claims, claim_words, claimed_twice};
pub use draft::{DraftReminders, DraftStage, RuleDraft, RulePart};
pub use warning::warnings;

words_enum! {
    /// Which of several templates of one phase are sent.
    Deliver {
        /// Each, on its own channel.
        Each = "each" | "cada",
        /// Only the first whose channel can reach the client.
        FirstReachable = "first_reachable" | "primeiro alcançável",
        /// The first, and after a refusal, or when nobody reported its arrival in time, the next.
        UntilDelivered = "until_delivered" | "até entregar",
    }
}

/// The days of grace that ways to pay by which nothing is to be paid by hand have, unless a rule says others.
pub const GRACE_DAYS: i64 = 3;

/// The most days before the due date that a reminder may go, and after it that a stage may come.
pub const MOST_DAYS: i64 = 3650;

/// Whole days since the (rolled) due date; from 1, because on the due date itself nobody is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaysLate(i64);

impl DaysLate {
    /// So many days after the due date.
    ///
    /// # Errors
    /// What is wrong with the number, and what to write instead.
    pub const fn after_due(day: i64) -> Result<Self, (&'static str, &'static str)> {
        match day {
            1..=MOST_DAYS => Ok(Self(day)),
            0 => Err((
                "day 0 is the due date itself, and nobody is late on it",
                "stages count days late, from 1; a message on the due date is a reminder: reminders = { days = [0], … }",
            )),
            i64::MIN..=-1 => Err((
                "a day before the due date is no stage",
                "stages count days late, from 1; before the due date come reminders: reminders = { days = [5, 3, 0], … }",
            )),
            _ => Err((
                "is more than ten years",
                "write a number of days from 1 to 3650",
            )),
        }
    }

    /// The number of days.
    pub const fn days(self) -> i64 {
        self.0
    }
}

/// The templates of one phase and how they are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Templates' names, in order.
    pub templates: Vec<String>,
    /// Whether each goes, or only the first that can reach the client.
    pub deliver: Deliver,
    /// Hours after which the next goes when no arrival was reported; only with `until_delivered`.
    pub hours: Option<i64>,
}

/// The reminders before the due date, and on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminders {
    /// Days before the printed due date, as written; no day twice.
    pub days: Vec<i64>,
    /// What they say.
    pub texts: Texts,
}

/// One stage of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleStage {
    /// Which.
    pub stage: Stage,
    /// From how many days late on.
    pub day: DaysLate,
    /// What it says; a visit may say nothing.
    pub texts: Texts,
    /// The notice that it gives: its cases wait in it until one is sent.
    pub notice: Option<NoticeKind>,
}

/// What is said when a case ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closings {
    /// Templates' names by what is told; absent: nothing is.
    pub templates: BTreeMap<Closing, Vec<String>>,
    /// Whether each goes, or only the first that can reach the client.
    pub deliver: Deliver,
    /// Hours after which the next goes when no arrival was reported; only with `until_delivered`.
    pub hours: Option<i64>,
}

impl Closings {
    /// What one closing says: its templates' names.
    pub fn templates(&self, closing: Closing) -> &[String] {
        self.templates.get(&closing).map_or(&[], Vec::as_slice)
    }
}

/// A rule whose own parts have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The portfolios it takes; none: every portfolio no other rule names.
    pub portfolios: Vec<String>,
    /// Before the due date.
    pub reminders: Option<Reminders>,
    /// Whether a client gets one message per channel and phase, however many invoices move.
    pub one_message_per_client: bool,
    /// Whether a due date on a non-business day counts from the next business day.
    pub roll_due_date: bool,
    /// An invoice later than this many days does not enter.
    pub enter_until_days: Option<i64>,
    /// Ways to pay, in canonical words, by which nothing is to be paid by hand: no reminders, and no
    /// stage before the days of grace are over.
    pub skip_payment_methods: Vec<String>,
    /// Those days, counted from the due date.
    pub debit_grace_days: i64,
    /// After the due date: rising in stage and day, the first a notice.
    pub stages: Vec<RuleStage>,
    /// At the end.
    pub closings: Closings,
}

impl Rule {
    /// The rule's part for a stage, if it has one.
    pub fn stage(&self, stage: Stage) -> Option<&RuleStage> {
        self.stages.iter().find(|own| own.stage == stage)
    }

    /// Its first stage after another, which may itself have been removed since.
    pub fn stage_after(&self, stage: Stage) -> Option<&RuleStage> {
        self.stages.iter().find(|own| own.stage > stage)
    }

    /// Whether what is paid this way is left out.
    pub fn skips(&self, payment_method: Option<&str>) -> bool {
        payment_method.is_some_and(|word| {
            let word = payment::canonical(word);
            self.skip_payment_methods.contains(&word)
        })
    }

    /// Whether a move of this kind, so many days after the (rolled) due date, is not made because nothing
    /// is to be paid by hand: reminders never are, stages not before the days of grace are over.
    pub fn leaves_to_itself(
        &self,
        payment_method: Option<&str>,
        kind: MoveKind,
        late: i64,
    ) -> bool {
        let early = match kind {
            MoveKind::Closing => false,
            MoveKind::Reminder => true,
            MoveKind::Stage => late < self.debit_grace_days,
        };
        early && self.skips(payment_method)
    }

    /// The day of the first stage, with which every case begins.
    pub fn first_day(&self) -> Option<i64> {
        self.stage(Stage::FIRST).map(|own| own.day.days())
    }

    /// Its stage that gives the notice of a kind.
    pub fn notice_stage(&self, kind: NoticeKind) -> Option<&RuleStage> {
        self.stages.iter().find(|own| own.notice == Some(kind))
    }

    /// The notice that a stage gives.
    pub fn notice_of(&self, stage: Stage) -> Option<NoticeKind> {
        self.stage(stage).and_then(|own| own.notice)
    }

    /// Hours after which the next template of a phase goes when no arrival was reported.
    pub fn hours(&self, phase: Phase) -> Option<i64> {
        match phase {
            Phase::Reminder => self.reminders.as_ref()?.texts.hours,
            Phase::Stage(stage) => self.stage(stage)?.texts.hours,
            Phase::Closing(_) => self.closings.hours,
        }
    }

    /// What a move says: its templates' names, and how many of them go.
    pub fn says(&self, step: Move) -> (&[String], Deliver) {
        let texts = match step.phase() {
            None => None,
            Some(Phase::Reminder) => self.reminders.as_ref().map(|reminders| &reminders.texts),
            Some(Phase::Stage(stage)) => self.stage(stage).map(|own| &own.texts),
            Some(Phase::Closing(closing)) => {
                return (self.closings.templates(closing), self.closings.deliver);
            }
        };
        texts.map_or((&[], Deliver::Each), |texts| {
            (&texts.templates, texts.deliver)
        })
    }

    /// The rule as somebody would write it, every switch said.
    pub fn draft(&self) -> RuleDraft {
        RuleDraft {
            name: self.name.clone(),
            portfolios: self.portfolios.clone(),
            reminders: self.reminders.as_ref().map(|reminders| DraftReminders {
                days: reminders.days.clone(),
                templates: reminders.texts.templates.clone(),
                deliver: Some(reminders.texts.deliver),
                hours: reminders.texts.hours,
            }),
            one_message_per_client: Some(self.one_message_per_client),
            roll_due_date: Some(self.roll_due_date),
            enter_until_days: self.enter_until_days,
            skip_payment_methods: Some(self.skip_payment_methods.clone()),
            debit_grace_days: Some(self.debit_grace_days),
            stages: self
                .stages
                .iter()
                .map(|own| DraftStage {
                    name: Some(own.stage.as_str().to_owned()),
                    day: Some(own.day.days()),
                    templates: own.texts.templates.clone(),
                    deliver: Some(own.texts.deliver),
                    hours: own.texts.hours,
                    notice: own.notice,
                })
                .collect(),
            closings: self.closings.templates.clone(),
            closing_deliver: Some(self.closings.deliver),
            closing_hours: self.closings.hours,
        }
    }

    /// Every phase that says something, with its templates' names, in the ladder's order.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, &[String])> {
        let reminders = self
            .reminders
            .iter()
            .map(|reminders| (Phase::Reminder, reminders.texts.templates.as_slice()));
        let stages = self
            .stages
            .iter()
            .map(|own| (Phase::Stage(own.stage), own.texts.templates.as_slice()));
        let closings = Closing::ALL
            .iter()
            .map(|closing| (Phase::Closing(*closing), self.closings.templates(*closing)));
        reminders.chain(stages).chain(closings)
    }

    /// Every template it names, each once, in the ladder's order.
    pub fn templates(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.phases().flat_map(|(_, templates)| templates) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}
