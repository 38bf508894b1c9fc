//! A rule as somebody wrote it, and what can be wrong with a part of it.

use std::collections::BTreeMap;

use super::Deliver;
use crate::domain::ladder::Closing;
use crate::domain::notice::NoticeKind;
use crate::error::Flaw;

/// A rule as somebody wrote it, before any check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleDraft {
    /// Its name.
    pub name: String,
    /// `portfolios`.
    pub portfolios: Vec<String>,
    /// `reminders`.
    pub reminders: Option<DraftReminders>,
    /// `one_message_per_client`; absent: yes.
    pub one_message_per_client: Option<bool>,
    /// `roll_due_date`; absent: yes.
    pub roll_due_date: Option<bool>,
    /// `enter_until_days`.
    pub enter_until_days: Option<i64>,
    /// `skip_payment_methods`; absent: [`crate::domain::payment::AUTOMATIC`].
    pub skip_payment_methods: Option<Vec<String>>,
    /// `debit_grace_days`; absent: [`super::GRACE_DAYS`].
    pub debit_grace_days: Option<i64>,
    /// `[[rule.stage]]`, in the order written.
    pub stages: Vec<DraftStage>,
    /// `[rule.closing]`.
    pub closings: BTreeMap<Closing, Vec<String>>,
    /// `[rule.closing] deliver`.
    pub closing_deliver: Option<Deliver>,
    /// `[rule.closing] hours`.
    pub closing_hours: Option<i64>,
}

/// `reminders` as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftReminders {
    /// Days before the due date.
    pub days: Vec<i64>,
    /// Templates' names.
    pub templates: Vec<String>,
    /// `deliver`.
    pub deliver: Option<Deliver>,
    /// `hours`.
    pub hours: Option<i64>,
}

/// One `[[rule.stage]]` as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftStage {
    /// Its name; absent: missing.
    pub name: Option<String>,
    /// Its day; absent: missing.
    pub day: Option<i64>,
    /// Templates' names.
    pub templates: Vec<String>,
    /// `deliver`.
    pub deliver: Option<Deliver>,
    /// `hours`.
    pub hours: Option<i64>,
    /// `notice`.
    pub notice: Option<NoticeKind>,
}

/// Which part of a draft a flaw is about, so that a file can name its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePart {
    /// `name`.
    Name,
    /// `portfolios`.
    Portfolios,
    /// `reminders.days`.
    ReminderDays,
    /// `reminders.templates`.
    ReminderTemplates,
    /// `enter_until_days`.
    EnterUntilDays,
    /// `skip_payment_methods`.
    SkipPaymentMethods,
    /// `debit_grace_days`.
    DebitGraceDays,
    /// All the stages together.
    Stages,
    /// `name` of the stage of this index.
    StageName(usize),
    /// `day` of the stage of this index.
    StageDay(usize),
    /// `templates` of the stage of this index.
    StageTemplates(usize),
    /// `notice` of the stage of this index.
    StageNotice(usize),
    /// `hours` of the stage of this index.
    StageHours(usize),
    /// `reminders.hours`.
    ReminderHours,
    /// `closing.hours`.
    ClosingHours,
    /// A closing's templates.
    Closing(Closing),
}

impl RuleDraft {
    /// The key of a part as an error names it: `stage.day`, or `inquiry: day` where the stage has a name.
    pub fn key(&self, part: RulePart) -> String {
        let stage = |index: usize, key: &str| {
            let name = self.stages.get(index).and_then(|s| s.name.as_deref());
            name.map_or_else(
                || format!("stage {}: {key}", index + 1),
                |name| format!("stage {name}: {key}"),
            )
        };
        match part {
            RulePart::Name => "name".to_owned(),
            RulePart::Portfolios => "portfolios".to_owned(),
            RulePart::ReminderDays => "reminders.days".to_owned(),
            RulePart::ReminderTemplates => "reminders.templates".to_owned(),
            RulePart::EnterUntilDays => "enter_until_days".to_owned(),
            RulePart::SkipPaymentMethods => "skip_payment_methods".to_owned(),
            RulePart::DebitGraceDays => "debit_grace_days".to_owned(),
            RulePart::Stages => "stage".to_owned(),
            RulePart::StageName(index) => stage(index, "name"),
            RulePart::StageDay(index) => stage(index, "day"),
            RulePart::StageTemplates(index) => stage(index, "templates"),
            RulePart::StageNotice(index) => stage(index, "notice"),
            RulePart::StageHours(index) => stage(index, "hours"),
            RulePart::ReminderHours => "reminders.hours".to_owned(),
            RulePart::ClosingHours => "closing.hours".to_owned(),
            RulePart::Closing(closing) => format!("closing.{closing}"),
        }
    }

    /// A flaw of one part, told of the rule by its name; a file knows its line and says that instead.
    pub fn flaw(
        &self,
        part: RulePart,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> (RulePart, Flaw) {
        let place = format!("rule `{}`", self.name);
        (part, Flaw::of(self.key(part), found, remedy).within(place))
    }

    /// Each part that names templates, with their names, in the ladder's order.
    pub fn named(&self) -> impl Iterator<Item = (RulePart, &[String])> {
        let reminders = self
            .reminders
            .iter()
            .map(|r| (RulePart::ReminderTemplates, r.templates.as_slice()));
        let stages = self
            .stages
            .iter()
            .enumerate()
            .map(|(index, s)| (RulePart::StageTemplates(index), s.templates.as_slice()));
        let closings = self
            .closings
            .iter()
            .map(|(closing, templates)| (RulePart::Closing(*closing), templates.as_slice()));
        reminders.chain(stages).chain(closings)
    }
}
