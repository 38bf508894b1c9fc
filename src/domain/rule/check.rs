//! What is checked before a rule is saved.

use std::collections::BTreeSet;

use super::{
    Closings, DaysLate, Deliver, DraftReminders, DraftStage, GRACE_DAYS, MOST_DAYS, Reminders,
    Rule, RuleDraft, RulePart, RuleStage, Texts,
};
use crate::domain::ladder::Stage;
use crate::domain::payment;
use crate::domain::template::{self, Template};
use crate::domain::words::{Kind, Purpose, Word as _};
use crate::error::{Flaw, did_you_mean};

/// Everything wrong that has been found so far in a draft, in the order written.
pub(super) struct Flaws<'d> {
    draft: &'d RuleDraft,
    pub(super) found: Vec<(RulePart, Flaw)>,
}

impl Flaws<'_> {
    pub(super) fn note(
        &mut self,
        part: RulePart,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.found.push(self.draft.flaw(part, found, remedy));
    }
}

impl RuleDraft {
    pub(super) const fn flaws(&self) -> Flaws<'_> {
        Flaws {
            draft: self,
            found: Vec::new(),
        }
    }

    /// The rule, when nothing about its own parts is wrong.
    ///
    /// # Errors
    /// Everything that is wrong, in the order written.
    pub fn check(&self) -> Result<Rule, Vec<(RulePart, Flaw)>> {
        let mut flaws = self.flaws();
        if let Some(what) = template::name_problem(&self.name) {
            flaws.note(RulePart::Name, what, "give it a short plain name");
        }
        self.check_portfolios(&mut flaws);
        let reminders = self
            .reminders
            .as_ref()
            .map(|draft| check_reminders(draft, &mut flaws));
        let stages = self.check_stages(&mut flaws);
        self.check_entrance(&stages, &mut flaws);
        self.check_notices(&mut flaws);
        self.check_hours(&mut flaws);
        let skip_payment_methods = self.check_payment(&mut flaws);
        if !flaws.found.is_empty() {
            return Err(flaws.found);
        }
        Ok(Rule {
            name: self.name.clone(),
            portfolios: self.portfolios.clone(),
            reminders,
            one_message_per_client: self.one_message_per_client.unwrap_or(true),
            roll_due_date: self.roll_due_date.unwrap_or(true),
            enter_until_days: self.enter_until_days,
            skip_payment_methods,
            debit_grace_days: self.debit_grace_days.unwrap_or(GRACE_DAYS),
            stages,
            closings: Closings {
                templates: self
                    .closings
                    .iter()
                    .filter(|(_, templates)| !templates.is_empty())
                    .map(|(closing, templates)| (*closing, templates.clone()))
                    .collect(),
                deliver: self.closing_deliver.unwrap_or(Deliver::Each),
                hours: self.closing_hours,
            },
        })
    }

    fn check_portfolios(&self, flaws: &mut Flaws<'_>) {
        let mut seen = BTreeSet::new();
        for portfolio in &self.portfolios {
            if portfolio.trim().is_empty() {
                flaws.note(
                    RulePart::Portfolios,
                    "found an empty name",
                    "name a portfolio, or leave the list empty for every portfolio no other rule names",
                );
            } else if !seen.insert(portfolio) {
                flaws.note(
                    RulePart::Portfolios,
                    format!("`{portfolio}` stands twice"),
                    "name it once",
                );
            }
        }
    }

    /// Whether `enter_until_days` lets anything in.
    fn check_entrance(&self, stages: &[RuleStage], flaws: &mut Flaws<'_>) {
        let Some(days) = self.enter_until_days else {
            return;
        };
        let first = stages
            .iter()
            .find(|own| own.stage == Stage::FIRST)
            .map(|own| own.day.days());
        let name = Stage::FIRST;
        if !(1..=MOST_DAYS).contains(&days) {
            flaws.note(
                RulePart::EnterUntilDays,
                format!("found {days}"),
                "write a number of days late from 1 to 3650, or leave it out for no limit",
            );
        } else if let Some(first) = first.filter(|first| days < *first) {
            flaws.note(
                RulePart::EnterUntilDays,
                format!(
                    "found {days}, but the {name} comes on day {first}, so that nothing could ever enter"
                ),
                format!("write at least the day of the {name}, or leave it out for no limit"),
            );
        }
    }

    /// The ways to pay that are left out, in canonical words, each once.
    fn check_payment(&self, flaws: &mut Flaws<'_>) -> Vec<String> {
        if let Some(days) = self
            .debit_grace_days
            .filter(|days| !(0..=MOST_DAYS).contains(days))
        {
            flaws.note(
                RulePart::DebitGraceDays,
                format!("found {days}"),
                "write a number of days after the due date from 0 to 3650",
            );
        }
        let Some(written) = &self.skip_payment_methods else {
            return payment::AUTOMATIC.map(str::to_owned).into();
        };
        let mut methods: Vec<String> = Vec::new();
        for word in written {
            let word = payment::canonical(word);
            if word.is_empty() {
                flaws.note(
                    RulePart::SkipPaymentMethods,
                    "found an empty name",
                    "name a payment_method as the book has it, or leave the list empty to leave nobody out",
                );
            } else if !methods.contains(&word) {
                methods.push(word);
            }
        }
        methods
    }

    fn check_stages(&self, flaws: &mut Flaws<'_>) -> Vec<RuleStage> {
        if self.stages.is_empty() {
            flaws.note(
                RulePart::Stages,
                format!("`{}` is missing", Stage::FIRST),
                format!(
                    "every rule begins with it: [[rule.stage]] name = \"{}\", day = 3, templates = [\"…\"]",
                    Stage::FIRST
                ),
            );
        }
        let mut stages = Vec::new();
        let mut named: Vec<Stage> = Vec::new();
        let mut last_day: Option<i64> = None;
        for (index, draft) in self.stages.iter().enumerate() {
            let stage = self.check_stage_name(index, draft, &named, flaws);
            named.extend(stage);
            let day = check_day(index, draft, last_day, flaws);
            last_day = day.map(DaysLate::days).or(last_day);
            if let (Some(stage), Some(day)) = (stage, day) {
                stages.push(RuleStage {
                    stage,
                    day,
                    texts: Texts {
                        templates: draft.templates.clone(),
                        deliver: draft.deliver.unwrap_or(Deliver::Each),
                        hours: draft.hours,
                    },
                    notice: draft.notice,
                });
            }
        }
        stages
    }

    fn check_stage_name(
        &self,
        index: usize,
        draft: &DraftStage,
        named: &[Stage],
        flaws: &mut Flaws<'_>,
    ) -> Option<Stage> {
        let part = RulePart::StageName(index);
        let order = Stage::accepted();
        let Some(name) = draft.name.as_deref() else {
            flaws.note(part, "is missing", format!("write one of: {order}"));
            return None;
        };
        let Some(stage) = Stage::parse(name) else {
            let remedy = did_you_mean(name, Stage::ALL.iter().map(|s| s.as_str()))
                .unwrap_or_else(|| format!("write one of: {order}"));
            flaws.note(part, format!("`{name}` is not a stage"), remedy);
            return None;
        };
        if named.contains(&stage) {
            flaws.note(
                part,
                format!("`{stage}` stands twice"),
                "each stage stands at most once: remove one of the two",
            );
        } else if index == 0 && stage != Stage::FIRST {
            let is_first =
                |s: &DraftStage| s.name.as_deref().and_then(Stage::parse) == Some(Stage::FIRST);
            let missing = if self.stages.iter().any(is_first) {
                String::new()
            } else {
                format!("`{}` is missing: ", Stage::FIRST)
            };
            flaws.note(
                part,
                format!("{missing}the first stage is `{stage}`"),
                format!(
                    "the first is always `{}`; put it before the others",
                    Stage::FIRST
                ),
            );
        } else if let Some(before) = named.last().filter(|before| **before > stage) {
            flaws.note(
                part,
                format!("`{stage}` stands after `{before}`"),
                format!("write the stages in this order: {order}"),
            );
        }
        Some(stage)
    }

    /// What is wrong with the templates it names; `template` finds one by its name.
    pub fn template_flaws<'t>(
        &self,
        known: &[String],
        mut template: impl FnMut(&str) -> Option<&'t Template>,
    ) -> Vec<(RulePart, Flaw)> {
        let mut flaws = self.flaws();
        for (part, names) in self.named() {
            for name in names {
                match template(name) {
                    Some(found) => {
                        check_template(part, found, &mut flaws);
                        self.check_announcement(part, found, &mut flaws);
                    }
                    None => flaws.note(
                        part,
                        format!("no template is called `{name}`"),
                        did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
                            "add it with `regua template add`, or name another".to_owned()
                        }),
                    ),
                }
            }
        }
        flaws.found
    }
}

/// A stage's day, which must come after the one before it.
fn check_day(
    index: usize,
    draft: &DraftStage,
    last: Option<i64>,
    flaws: &mut Flaws<'_>,
) -> Option<DaysLate> {
    let part = RulePart::StageDay(index);
    let Some(written) = draft.day else {
        flaws.note(
            part,
            "is missing",
            "say from how many days late on: day = 3",
        );
        return None;
    };
    let day = match DaysLate::after_due(written) {
        Ok(day) => day,
        Err((found, remedy)) => {
            flaws.note(part, format!("found {written}: {found}"), remedy);
            return None;
        }
    };
    if let Some(before) = last.filter(|before| written <= *before) {
        flaws.note(
            part,
            format!("found {written}, but the stage before it comes on day {before}"),
            format!(
                "days rise from stage to stage: write {} or more",
                before + 1
            ),
        );
    }
    Some(day)
}

/// Whether a template that is there may be sent in a part of a rule.
fn check_template(part: RulePart, found: &Template, flaws: &mut Flaws<'_>) {
    let name = &found.name;
    if found.kind != Kind::Financial {
        flaws.note(
            part,
            format!("template `{name}` is of kind {}", found.kind),
            "collections send templates of kind financial",
        );
    } else if let Some(why) = found.not_for_clients() {
        flaws.note(part, why, template::FOR_CLIENTS);
    } else if found.purpose != Purpose::Collection && !matches!(part, RulePart::Closing(_)) {
        flaws.note(
            part,
            format!("template `{name}` is of purpose {}", found.purpose),
            "reminders and stages send templates of purpose collection, so that contact hours and opt-outs hold",
        );
    }
}

fn check_reminders(draft: &DraftReminders, flaws: &mut Flaws<'_>) -> Reminders {
    if draft.days.is_empty() {
        flaws.note(
            RulePart::ReminderDays,
            "no day is given",
            "say how many days before the due date: days = [5, 3, 0]",
        );
    }
    let mut seen = BTreeSet::new();
    for day in &draft.days {
        if *day < 0 {
            flaws.note(
                RulePart::ReminderDays,
                format!("found {day}: a reminder comes before the due date, or on it"),
                "count days before the due date, from 0; after it come stages",
            );
        } else if *day > MOST_DAYS {
            flaws.note(
                RulePart::ReminderDays,
                format!("found {day}, which is more than ten years"),
                "write numbers of days from 0 to 3650",
            );
        } else if !seen.insert(*day) {
            flaws.note(
                RulePart::ReminderDays,
                format!("{day} stands twice"),
                "name each day once",
            );
        }
    }
    if draft.templates.is_empty() {
        flaws.note(
            RulePart::ReminderTemplates,
            "no template is named",
            "name what the reminders say: templates = [\"due-soon\"]",
        );
    }
    Reminders {
        days: draft.days.clone(),
        texts: Texts {
            templates: draft.templates.clone(),
            deliver: draft.deliver.unwrap_or(Deliver::Each),
            hours: draft.hours,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::Closing;
    use crate::domain::words::Channel;

    fn stage(name: &str, day: i64) -> DraftStage {
        DraftStage {
            name: Some(name.to_owned()),
            day: Some(day),
            templates: vec!["overdue".to_owned()],
            ..DraftStage::default()
        }
    }

    fn draft(stages: Vec<DraftStage>) -> RuleDraft {
        RuleDraft {
            name: "residential".to_owned(),
            stages,
            ..RuleDraft::default()
        }
    }

    fn told(draft: &RuleDraft) -> Vec<String> {
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
            look: crate::domain::template::Look::default(),
        }
    }

    #[test]
    fn the_example_of_the_specification_passes() {
        let mut draft = draft(vec![stage("notice", 3), stage("inquiry", 8)]);
        draft.reminders = Some(DraftReminders {
            days: vec![5, 3, 0],
            templates: vec!["due-soon".to_owned()],
            deliver: Some(Deliver::FirstReachable),
            hours: None,
        });
        draft.enter_until_days = Some(90);
        draft
            .closings
            .insert(Closing::Paid, vec!["thanks".to_owned()]);
        let rule = draft.check().expect("a good rule");
        assert!(rule.one_message_per_client && rule.roll_due_date);
        assert_eq!(rule.first_day(), Some(3));
        assert_eq!(
            rule.stage_after(Stage::Notice).map(|own| own.stage),
            Some(Stage::Inquiry)
        );
        assert_eq!(rule.stage_after(Stage::Inquiry), None);
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
        let found: Vec<(RulePart, &str)> = flaws
            .iter()
            .map(|(part, flaw)| (*part, flaw.found.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (
                    RulePart::StageTemplates(0),
                    "template `cut` is of kind contract"
                ),
                (
                    RulePart::StageTemplates(0),
                    "template `polite` is of purpose service"
                ),
                (
                    RulePart::StageTemplates(0),
                    "no template is called `overdu`"
                ),
                (
                    RulePart::Closing(Closing::Paid),
                    "template `cut` is of kind contract"
                ),
            ]
        );
        assert_eq!(flaws[2].1.remedy, "did you mean `overdue`?");
    }
}
