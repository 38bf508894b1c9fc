//! A rule: one collection ladder, with everything that is checked before it is saved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::template::{self, Need, Template};
use super::words::{Kind, Purpose, Word as _, words_enum};
use crate::error::{Flaw, did_you_mean};

words_enum! {
    /// A step of the collection ladder after the due date, in the order of the ladder.
    Stage {
        /// *Aviso de cobrança*.
        Notice = "notice",
        /// *Questionamento de pendência*.
        Inquiry = "inquiry",
        /// *Agendar pagamento*.
        Arrangement = "arrangement",
        /// *Cobrança presencial*.
        Visit = "visit",
        /// *Análise de crédito, cartório*.
        Bureau = "bureau",
    }
}

words_enum! {
    /// How a case ended.
    Outcome {
        /// The invoice was paid.
        Paid = "paid",
        /// The invoice was cancelled.
        Cancelled = "cancelled",
        /// The invoice was renegotiated.
        Renegotiated = "renegotiated",
        /// The due date was moved so far that the invoice is no longer late enough.
        Postponed = "postponed",
        /// The rule it belonged to was removed.
        RuleRemoved = "rule_removed",
    }
}

words_enum! {
    /// What a closing message tells.
    Closing {
        /// The invoice was paid.
        Paid = "paid",
        /// The invoice was cancelled.
        Cancelled = "cancelled",
        /// The invoice was renegotiated.
        Renegotiated = "renegotiated",
        /// The listing with the credit bureau was removed.
        BureauRemoved = "bureau_removed",
    }
}

words_enum! {
    /// Which of several templates of one phase are sent.
    Deliver {
        /// Each, on its own channel.
        Each = "each",
        /// Only the first whose channel can reach the client.
        FirstReachable = "first_reachable",
    }
}

words_enum! {
    /// Why a collection step that was due did not happen.
    LeftOut {
        /// The client takes no part in collections.
        NotInCollection = "not_in_collection",
        /// The client takes no part in reminders.
        NotInReminders = "not_in_reminders",
        /// The contract asks for no notices until a day not yet past.
        OnHold = "on_hold",
        /// A person put the client or the invoice on hold.
        Held = "held",
    }
}

/// The most days before the due date that a reminder may go, and after it that a stage may come.
const MOST_DAYS: i64 = 3650;

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
}

/// The reminders before the due date, and on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminders {
    /// Days before the printed due date, as written; no day twice.
    pub days: Vec<i64>,
    /// What they say.
    pub texts: Texts,
}

/// One step after the due date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// From how many days late on.
    pub day: DaysLate,
    /// What it says; a visit may say nothing.
    pub texts: Texts,
}

/// What is said when a case ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closings {
    /// Templates' names by what is told; absent: nothing is.
    pub templates: BTreeMap<Closing, Vec<String>>,
    /// Whether each goes, or only the first that can reach the client.
    pub deliver: Deliver,
}

impl Closings {
    /// What one closing says.
    pub fn texts(&self, closing: Closing) -> Texts {
        Texts {
            templates: self.templates.get(&closing).cloned().unwrap_or_default(),
            deliver: self.deliver,
        }
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
    /// After the due date: rising in stage and day, the first a notice.
    pub stages: Vec<Step>,
    /// At the end.
    pub closings: Closings,
}

impl Rule {
    /// The step of a stage, if the rule has it.
    pub fn step(&self, stage: Stage) -> Option<&Step> {
        self.stages.iter().find(|step| step.stage == stage)
    }

    /// The first step after a stage, which may itself have been removed since.
    pub fn step_after(&self, stage: Stage) -> Option<&Step> {
        self.stages.iter().find(|step| step.stage > stage)
    }

    /// The day of the notice, with which every case begins.
    pub fn notice_day(&self) -> Option<i64> {
        self.step(Stage::Notice).map(|step| step.day.days())
    }

    /// The rule as somebody would write it, every switch said.
    pub fn draft(&self) -> Draft {
        Draft {
            name: self.name.clone(),
            portfolios: self.portfolios.clone(),
            reminders: self.reminders.as_ref().map(|reminders| DraftReminders {
                days: reminders.days.clone(),
                templates: reminders.texts.templates.clone(),
                deliver: Some(reminders.texts.deliver),
            }),
            one_message_per_client: Some(self.one_message_per_client),
            roll_due_date: Some(self.roll_due_date),
            enter_until_days: self.enter_until_days,
            stages: self
                .stages
                .iter()
                .map(|step| DraftStage {
                    name: Some(step.stage.as_str().to_owned()),
                    day: Some(step.day.days()),
                    templates: step.texts.templates.clone(),
                    deliver: Some(step.texts.deliver),
                })
                .collect(),
            closings: self.closings.templates.clone(),
            closing_deliver: Some(self.closings.deliver),
        }
    }

    /// Every phase that says something, with its name in messages' events, in the ladder's order.
    pub fn phases(&self) -> Vec<(Phase, Texts)> {
        let reminders = self
            .reminders
            .iter()
            .map(|reminders| (Phase::Reminder, reminders.texts.clone()));
        let stages = self
            .stages
            .iter()
            .map(|step| (Phase::Stage(step.stage), step.texts.clone()));
        let closings = Closing::ALL
            .iter()
            .map(|closing| (Phase::Closing(*closing), self.closings.texts(*closing)));
        reminders.chain(stages).chain(closings).collect()
    }

    /// Every template it names, each once, in the ladder's order.
    pub fn templates(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, texts) in self.phases() {
            for name in texts.templates {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

/// A part of a rule that has its own templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The reminders.
    Reminder,
    /// One stage.
    Stage(Stage),
    /// One closing.
    Closing(Closing),
}

impl Phase {
    /// The phase of that name.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "reminder" {
            return Some(Self::Reminder);
        }
        match text.split_once(':')? {
            ("stage", name) => Stage::parse(name).map(Self::Stage),
            ("closing", name) => Closing::parse(name).map(Self::Closing),
            _ => None,
        }
    }
}

/// `reminder`, `stage:notice`, `closing:paid`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reminder => f.pad("reminder"),
            Self::Stage(stage) => f.pad(&format!("stage:{stage}")),
            Self::Closing(closing) => f.pad(&format!("closing:{closing}")),
        }
    }
}

/// A rule as somebody wrote it, before any check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
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
    /// `[[rule.stage]]`, in the order written.
    pub stages: Vec<DraftStage>,
    /// `[rule.closing]`.
    pub closings: BTreeMap<Closing, Vec<String>>,
    /// `[rule.closing] deliver`.
    pub closing_deliver: Option<Deliver>,
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
}

/// Which part of a draft a flaw is about, so that a file can name its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
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
    /// All the stages together.
    Stages,
    /// `name` of the stage of this index.
    StageName(usize),
    /// `day` of the stage of this index.
    StageDay(usize),
    /// `templates` of the stage of this index.
    StageTemplates(usize),
    /// A closing's templates.
    Closing(Closing),
}

impl Draft {
    /// The key of a part as an error names it: `stage.day`, or `inquiry: day` where the stage has a name.
    pub fn key(&self, part: Part) -> String {
        let stage = |index: usize, key: &str| {
            let name = self.stages.get(index).and_then(|s| s.name.as_deref());
            name.map_or_else(
                || format!("stage {}: {key}", index + 1),
                |name| format!("stage {name}: {key}"),
            )
        };
        match part {
            Part::Name => "name".to_owned(),
            Part::Portfolios => "portfolios".to_owned(),
            Part::ReminderDays => "reminders.days".to_owned(),
            Part::ReminderTemplates => "reminders.templates".to_owned(),
            Part::EnterUntilDays => "enter_until_days".to_owned(),
            Part::Stages => "stage".to_owned(),
            Part::StageName(index) => stage(index, "name"),
            Part::StageDay(index) => stage(index, "day"),
            Part::StageTemplates(index) => stage(index, "templates"),
            Part::Closing(closing) => format!("closing.{closing}"),
        }
    }

    /// A flaw of one part, told of the rule by its name; a file knows its line and says that instead.
    pub fn flaw(
        &self,
        part: Part,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> (Part, Flaw) {
        let place = format!("rule `{}`", self.name);
        (part, Flaw::of(self.key(part), found, remedy).within(place))
    }

    /// The rule, when nothing about its own parts is wrong.
    ///
    /// # Errors
    /// Everything that is wrong, in the order written.
    pub fn check(&self) -> Result<Rule, Vec<(Part, Flaw)>> {
        let mut flaws = Vec::new();
        let mut wrong = |part: Part, found: String, remedy: &str| {
            flaws.push(self.flaw(part, found, remedy));
        };
        if let Some(what) = template::name_problem(&self.name) {
            wrong(Part::Name, what.to_owned(), "give it a short plain name");
        }
        let mut seen = BTreeSet::new();
        for portfolio in &self.portfolios {
            if portfolio.trim().is_empty() {
                wrong(
                    Part::Portfolios,
                    "found an empty name".to_owned(),
                    "name a portfolio, or leave the list empty for every portfolio no other rule names",
                );
            } else if !seen.insert(portfolio) {
                wrong(
                    Part::Portfolios,
                    format!("`{portfolio}` stands twice"),
                    "name it once",
                );
            }
        }
        let reminders = self
            .reminders
            .as_ref()
            .map(|draft| check_reminders(draft, &mut wrong));
        let stages = self.check_stages(&mut wrong);
        if let Some(days) = self.enter_until_days {
            let notice = stages
                .iter()
                .find(|step| step.stage == Stage::Notice)
                .map(|step| step.day.days());
            if !(1..=MOST_DAYS).contains(&days) {
                wrong(
                    Part::EnterUntilDays,
                    format!("found {days}"),
                    "write a number of days late from 1 to 3650, or leave it out for no limit",
                );
            } else if let Some(notice) = notice.filter(|notice| days < *notice) {
                wrong(
                    Part::EnterUntilDays,
                    format!(
                        "found {days}, but the notice comes on day {notice}, so that nothing could ever enter"
                    ),
                    "write at least the day of the notice, or leave it out for no limit",
                );
            }
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        Ok(Rule {
            name: self.name.clone(),
            portfolios: self.portfolios.clone(),
            reminders,
            one_message_per_client: self.one_message_per_client.unwrap_or(true),
            roll_due_date: self.roll_due_date.unwrap_or(true),
            enter_until_days: self.enter_until_days,
            stages,
            closings: Closings {
                templates: self
                    .closings
                    .iter()
                    .filter(|(_, templates)| !templates.is_empty())
                    .map(|(closing, templates)| (*closing, templates.clone()))
                    .collect(),
                deliver: self.closing_deliver.unwrap_or(Deliver::Each),
            },
        })
    }

    fn check_stages(&self, wrong: &mut impl FnMut(Part, String, &str)) -> Vec<Step> {
        if self.stages.is_empty() {
            wrong(
                Part::Stages,
                "`notice` is missing".to_owned(),
                "every rule begins with it: [[rule.stage]] name = \"notice\", day = 3, templates = [\"…\"]",
            );
        }
        let mut steps = Vec::new();
        let mut named: Vec<Stage> = Vec::new();
        let mut last_day: Option<i64> = None;
        for (index, draft) in self.stages.iter().enumerate() {
            let stage = self.check_stage_name(index, draft, &named, wrong);
            named.extend(stage);
            let day = match draft.day.map(DaysLate::after_due) {
                None => {
                    wrong(
                        Part::StageDay(index),
                        "is missing".to_owned(),
                        "say from how many days late on: day = 3",
                    );
                    None
                }
                Some(Err((found, remedy))) => {
                    let written = draft.day.unwrap_or_default();
                    wrong(
                        Part::StageDay(index),
                        format!("found {written}: {found}"),
                        remedy,
                    );
                    None
                }
                Some(Ok(day)) => {
                    if let Some(before) = last_day.filter(|before| day.days() <= *before) {
                        wrong(
                            Part::StageDay(index),
                            format!(
                                "found {}, but the stage before it comes on day {before}",
                                day.days()
                            ),
                            &format!(
                                "days rise from stage to stage: write {} or more",
                                before + 1
                            ),
                        );
                    }
                    last_day = Some(day.days());
                    Some(day)
                }
            };
            if let (Some(stage), Some(day)) = (stage, day) {
                steps.push(Step {
                    stage,
                    day,
                    texts: Texts {
                        templates: draft.templates.clone(),
                        deliver: draft.deliver.unwrap_or(Deliver::Each),
                    },
                });
            }
        }
        steps
    }

    fn check_stage_name(
        &self,
        index: usize,
        draft: &DraftStage,
        named: &[Stage],
        wrong: &mut impl FnMut(Part, String, &str),
    ) -> Option<Stage> {
        const ORDER: &str = "notice, inquiry, arrangement, visit, bureau";
        let part = Part::StageName(index);
        let Some(name) = draft.name.as_deref() else {
            wrong(
                part,
                "is missing".to_owned(),
                &format!("write one of: {ORDER}"),
            );
            return None;
        };
        let Some(stage) = Stage::parse(name) else {
            let remedy = did_you_mean(name, Stage::ALL.iter().map(|s| s.as_str()))
                .unwrap_or_else(|| format!("write one of: {ORDER}"));
            wrong(part, format!("`{name}` is not a stage"), &remedy);
            return None;
        };
        if named.contains(&stage) {
            wrong(
                part,
                format!("`{stage}` stands twice"),
                "each stage stands at most once: remove one of the two",
            );
        } else if index == 0 && stage != Stage::Notice {
            let elsewhere = self
                .stages
                .iter()
                .any(|s| s.name.as_deref().and_then(Stage::parse) == Some(Stage::Notice));
            let missing = if elsewhere {
                ""
            } else {
                "`notice` is missing: "
            };
            wrong(
                part,
                format!("{missing}the first stage is `{stage}`"),
                "the first is always `notice`; put it before the others",
            );
        } else if let Some(before) = named.last().filter(|before| **before > stage) {
            wrong(
                part,
                format!("`{stage}` stands after `{before}`"),
                &format!("write the stages in this order: {ORDER}"),
            );
        }
        Some(stage)
    }

    /// What is wrong with the templates it names; `template` finds one by its name.
    pub fn template_flaws<'t>(
        &self,
        known: &[String],
        mut template: impl FnMut(&str) -> Option<&'t Template>,
    ) -> Vec<(Part, Flaw)> {
        let mut flaws = Vec::new();
        let reminders = self
            .reminders
            .iter()
            .map(|r| (Part::ReminderTemplates, r.templates.as_slice()));
        let stages = self
            .stages
            .iter()
            .enumerate()
            .map(|(index, s)| (Part::StageTemplates(index), s.templates.as_slice()));
        let closings = self
            .closings
            .iter()
            .map(|(closing, templates)| (Part::Closing(*closing), templates.as_slice()));
        for (part, names) in reminders.chain(stages).chain(closings) {
            for name in names {
                let Some(found) = template(name) else {
                    let remedy = did_you_mean(name, known.iter().map(String::as_str))
                        .unwrap_or_else(|| {
                            "add it with `regua template add`, or name another".to_owned()
                        });
                    flaws.push(self.flaw(part, format!("no template is called `{name}`"), remedy));
                    continue;
                };
                if found.kind != Kind::Financial {
                    flaws.push(self.flaw(
                        part,
                        format!("template `{name}` is of kind {}", found.kind),
                        "collections send templates of kind financial",
                    ));
                } else if found.purpose != Purpose::Collection && !matches!(part, Part::Closing(_))
                {
                    flaws.push(self.flaw(
                        part,
                        format!("template `{name}` is of purpose {}", found.purpose),
                        "reminders and stages send templates of purpose collection, so that contact hours and opt-outs hold",
                    ));
                }
            }
        }
        flaws
    }
}

fn check_reminders(
    draft: &DraftReminders,
    wrong: &mut impl FnMut(Part, String, &str),
) -> Reminders {
    if draft.days.is_empty() {
        wrong(
            Part::ReminderDays,
            "no day is given".to_owned(),
            "say how many days before the due date: days = [5, 3, 0]",
        );
    }
    let mut seen = BTreeSet::new();
    for day in &draft.days {
        if *day < 0 {
            wrong(
                Part::ReminderDays,
                format!("found {day}: a reminder comes before the due date, or on it"),
                "count days before the due date, from 0; after it come stages",
            );
        } else if *day > MOST_DAYS {
            wrong(
                Part::ReminderDays,
                format!("found {day}, which is more than ten years"),
                "write numbers of days from 0 to 3650",
            );
        } else if !seen.insert(*day) {
            wrong(
                Part::ReminderDays,
                format!("{day} stands twice"),
                "name each day once",
            );
        }
    }
    if draft.templates.is_empty() {
        wrong(
            Part::ReminderTemplates,
            "no template is named".to_owned(),
            "name what the reminders say: templates = [\"due-soon\"]",
        );
    }
    Reminders {
        days: draft.days.clone(),
        texts: Texts {
            templates: draft.templates.clone(),
            deliver: draft.deliver.unwrap_or(Deliver::Each),
        },
    }
}

/// The portfolios that two of these rules claim, with the two rules' names; two rules that both
/// claim every unnamed portfolio are told with none.
pub fn claimed_twice<'r>(
    rules: impl IntoIterator<Item = (&'r str, &'r [String])>,
) -> Vec<(Option<&'r str>, &'r str, &'r str)> {
    let mut owners: BTreeMap<Option<&str>, &str> = BTreeMap::new();
    let mut twice = Vec::new();
    for (name, portfolios) in rules {
        let claims: BTreeSet<Option<&str>> = if portfolios.is_empty() {
            BTreeSet::from([None])
        } else {
            portfolios.iter().map(|p| Some(p.as_str())).collect()
        };
        for claim in claims {
            match owners.get(&claim) {
                Some(owner) => twice.push((claim, *owner, name)),
                None => {
                    owners.insert(claim, name);
                }
            }
        }
    }
    twice
}

/// A double claim as a problem says it: what was found, and what to write instead.
pub fn claim_words(portfolio: Option<&str>, other: &str) -> (String, String) {
    portfolio.map_or_else(
        || {
            (
                format!("no portfolio is named, so that this rule takes every one that no other rule names; rule `{other}` does so already"),
                "name portfolios in one of the two".to_owned(),
            )
        },
        |portfolio| {
            (
                format!("portfolio `{portfolio}` belongs to rule `{other}` already"),
                "a portfolio belongs to one rule: take it out of one of the two".to_owned(),
            )
        },
    )
}

/// What is odd about a rule without being wrong: a template named in two phases, two templates of
/// one phase on one channel, variables that no collection can fill. `template` finds one by its name.
pub fn warnings<'t>(
    rule: &Rule,
    mut template: impl FnMut(&str) -> Option<&'t Template>,
) -> Vec<String> {
    let mut first: BTreeMap<String, Phase> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut warnings = Vec::new();
    for (phase, texts) in rule.phases() {
        let mut channels = BTreeMap::new();
        let mut names = BTreeSet::new();
        for name in texts.templates {
            if !names.insert(name.clone()) {
                warnings.push(format!(
                    "rule `{}`: template `{name}` stands twice in {phase}; it is sent once",
                    rule.name
                ));
                continue;
            }
            if let Some(earlier) = first.get(&name) {
                if told.insert(name.clone()) {
                    warnings.push(format!(
                        "rule `{}`: template `{name}` is named in {earlier} and in {phase}",
                        rule.name
                    ));
                }
            } else {
                first.insert(name.clone(), phase);
            }
            let Some(found) = template(&name) else {
                continue;
            };
            for need in found.needs() {
                if matches!(need, Need::Login | Need::Ticket) {
                    warnings.push(format!(
                        "rule `{}`: template `{name}` needs {}, which a collection cannot give: each message would be skipped (missing_value)",
                        rule.name,
                        need.as_str()
                    ));
                }
            }
            let channel = found.channel;
            if let Some(other) = channels.insert(channel, name.clone()) {
                warnings.push(format!(
                    "rule `{}`: templates `{other}` and `{name}` of {phase} both go by {channel}",
                    rule.name
                ));
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Channel;

    fn stage(name: &str, day: i64) -> DraftStage {
        DraftStage {
            name: Some(name.to_owned()),
            day: Some(day),
            templates: vec!["overdue".to_owned()],
            deliver: None,
        }
    }

    fn draft(stages: Vec<DraftStage>) -> Draft {
        Draft {
            name: "residential".to_owned(),
            stages,
            ..Draft::default()
        }
    }

    fn told(draft: &Draft) -> Vec<String> {
        draft
            .check()
            .err()
            .unwrap_or_default()
            .iter()
            .map(|(_, flaw)| flaw.to_string())
            .collect()
    }

    fn template(name: &str, kind: Kind, purpose: Purpose) -> Template {
        Template {
            name: name.to_owned(),
            channel: Channel::Push,
            kind,
            purpose,
            title: None,
            body: String::new(),
            html: None,
            description: None,
            provider_channel: None,
            provider_template: None,
            variables: Vec::new(),
        }
    }

    #[test]
    fn the_example_of_the_specification_passes() {
        let mut draft = draft(vec![stage("notice", 3), stage("inquiry", 8)]);
        draft.reminders = Some(DraftReminders {
            days: vec![5, 3, 0],
            templates: vec!["due-soon".to_owned()],
            deliver: Some(Deliver::FirstReachable),
        });
        draft.enter_until_days = Some(90);
        draft
            .closings
            .insert(Closing::Paid, vec!["thanks".to_owned()]);
        let rule = draft.check().expect("a good rule");
        assert!(rule.one_message_per_client && rule.roll_due_date);
        assert_eq!(rule.notice_day(), Some(3));
        assert_eq!(
            rule.step_after(Stage::Notice).map(|step| step.stage),
            Some(Stage::Inquiry)
        );
        assert_eq!(rule.step_after(Stage::Inquiry), None);
        assert_eq!(rule.templates(), ["due-soon", "overdue", "thanks"]);
        assert_eq!(rule.draft().check(), Ok(rule));
    }

    #[test]
    fn day_0_is_explained_and_every_problem_is_told_at_once() {
        let told = told(&draft(vec![
            stage("notice", 0),
            stage("visit", 20),
            stage("inquiry", 20),
            stage("visit", 30),
            stage("burau", -1),
        ]));
        assert_eq!(told.len(), 6, "{told:#?}");
        assert!(told[0].starts_with(
            "rule `residential`: stage notice: day: found 0: day 0 is the due date itself, and nobody is late on it"
        ));
        assert!(told[1].contains("stage inquiry: name: `inquiry` stands after `visit`"));
        assert!(
            told[2]
                .contains("stage inquiry: day: found 20, but the stage before it comes on day 20")
        );
        assert!(told[3].contains("stage visit: name: `visit` stands twice"));
        assert!(told[4].contains("`burau` is not a stage, did you mean `bureau`?"));
        assert!(told[5].contains("a day before the due date is no stage"));
    }

    #[test]
    fn a_rule_begins_with_a_notice() {
        let missing = "`notice` is missing: the first stage is `inquiry`";
        assert!(told(&draft(vec![stage("inquiry", 3)]))[0].contains(missing));
        assert!(told(&draft(vec![]))[0].contains("`notice` is missing"));
        let late = told(&draft(vec![stage("inquiry", 3), stage("notice", 5)]));
        assert!(
            late[0].contains("name: the first stage is `inquiry`"),
            "{late:#?}"
        );
    }

    #[test]
    fn reminders_come_before_the_due_date_and_once() {
        let mut draft = draft(vec![stage("notice", 3)]);
        draft.reminders = Some(DraftReminders {
            days: vec![3, 3, -1],
            ..DraftReminders::default()
        });
        let told = told(&draft);
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(told[0].contains("reminders.days: 3 stands twice"));
        assert!(told[1].contains("found -1"));
        assert!(told[2].contains("reminders.templates: no template is named"));
    }

    #[test]
    fn a_limit_below_the_notice_lets_nothing_in() {
        let mut draft = draft(vec![stage("notice", 10)]);
        draft.enter_until_days = Some(9);
        assert!(told(&draft)[0].contains("nothing could ever enter"));
        draft.enter_until_days = Some(10);
        assert_eq!(told(&draft), [""; 0]);
    }

    #[test]
    fn templates_must_be_financial_and_before_the_end_of_purpose_collection() {
        let mut draft = draft(vec![stage("notice", 3)]);
        draft.stages[0].templates =
            vec!["cut".to_owned(), "polite".to_owned(), "overdu".to_owned()];
        draft
            .closings
            .insert(Closing::Paid, vec!["polite".to_owned(), "cut".to_owned()]);
        let cut = template("cut", Kind::Contract, Purpose::Service);
        let polite = template("polite", Kind::Financial, Purpose::Service);
        let flaws = draft.template_flaws(&["overdue".to_owned()], |name| match name {
            "cut" => Some(&cut),
            "polite" => Some(&polite),
            _ => None,
        });
        let found: Vec<(Part, &str)> = flaws
            .iter()
            .map(|(part, flaw)| (*part, flaw.found.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (
                    Part::StageTemplates(0),
                    "template `cut` is of kind contract"
                ),
                (
                    Part::StageTemplates(0),
                    "template `polite` is of purpose service"
                ),
                (Part::StageTemplates(0), "no template is called `overdu`"),
                (
                    Part::Closing(Closing::Paid),
                    "template `cut` is of kind contract"
                ),
            ]
        );
        assert_eq!(flaws[2].1.remedy, "did you mean `overdue`?");
    }

    #[test]
    fn a_portfolio_belongs_to_one_rule() {
        let (a, b) = (
            ["Boleto".to_owned()],
            ["Pix".to_owned(), "Boleto".to_owned()],
        );
        let claims = claimed_twice([("a", &a[..]), ("b", &b[..]), ("c", &[]), ("d", &[])]);
        assert_eq!(claims, [(Some("Boleto"), "a", "b"), (None, "c", "d")]);
    }

    #[test]
    fn a_template_in_two_phases_is_only_odd() {
        let rule = draft(vec![stage("notice", 3), stage("inquiry", 8)])
            .check()
            .expect("a good rule");
        assert_eq!(
            warnings(&rule, |_| None),
            [
                "rule `residential`: template `overdue` is named in stage:notice and in stage:inquiry"
            ]
        );
    }
}
