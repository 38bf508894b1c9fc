//! A rule as TOML, read and written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{quoted, quoted_list};
use crate::domain::ladder::Closing;
use crate::domain::payment::AUTOMATIC;
use crate::domain::rule::{
    Deliver, DraftReminders, DraftStage, GRACE_DAYS, Rule, RuleDraft, RulePart, Texts,
};
use crate::domain::words::Word as _;
use crate::error::Flaw;
use crate::toml_table::Section;

/// Days that can be written at all; which of them are sound is the rule's own check to say.
const DAYS: std::ops::RangeInclusive<i64> = -100_000..=100_000;

/// A rule with the place of each part, for what other definitions say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRule {
    /// The rule; none when its own parts are not sound, which its sheet tells.
    pub rule: Option<Rule>,
    /// The same as it was written.
    pub draft: RuleDraft,
    /// The file with the line, and the key of each part: `rules.toml:12`, `rule.stage.day`.
    places: Vec<(RulePart, String, String)>,
    /// The file, and the line its table begins on.
    place: String,
}

impl WrittenRule {
    /// A flaw of one part, told at its line.
    pub fn flaw(
        &self,
        part: RulePart,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Flaw {
        match self.places.iter().find(|(known, ..)| *known == part) {
            Some((_, place, key)) => Flaw::of(key, found, remedy).within(place),
            None => Flaw::at(&self.place, found, remedy),
        }
    }
}

/// The sections of one `[[rule]]`, kept until everything wrong has been noted at its line.
struct Sections<'x, 's, 'a> {
    whole: &'x Section<'s, 'a>,
    reminders: Option<Section<'s, 'a>>,
    stages: Vec<Section<'s, 'a>>,
    closing: Option<Section<'s, 'a>>,
}

impl<'s, 'a> Sections<'_, 's, 'a> {
    /// Where a part stands.
    fn of(&self, part: RulePart) -> (&Section<'s, 'a>, &'static str) {
        let stage = |index: usize| self.stages.get(index).unwrap_or(self.whole);
        let reminders = || self.reminders.as_ref().unwrap_or(self.whole);
        match part {
            RulePart::Name => (self.whole, "name"),
            RulePart::Portfolios => (self.whole, "portfolios"),
            RulePart::ReminderDays => (reminders(), "days"),
            RulePart::ReminderTemplates => (reminders(), "templates"),
            RulePart::EnterUntilDays => (self.whole, "enter_until_days"),
            RulePart::SkipPaymentMethods => (self.whole, "skip_payment_methods"),
            RulePart::DebitGraceDays => (self.whole, "debit_grace_days"),
            RulePart::Stages => (self.whole, "stage"),
            RulePart::StageName(index) => (stage(index), "name"),
            RulePart::StageDay(index) => (stage(index), "day"),
            RulePart::StageTemplates(index) => (stage(index), "templates"),
            RulePart::StageNotice(index) => (stage(index), "notice"),
            RulePart::StageHours(index) => (stage(index), "hours"),
            RulePart::ReminderHours => (reminders(), "hours"),
            RulePart::ClosingHours => (self.closing.as_ref().unwrap_or(self.whole), "hours"),
            RulePart::Closing(closing) => (
                self.closing.as_ref().unwrap_or(self.whole),
                closing.as_str(),
            ),
        }
    }

    fn place(&self, part: RulePart) -> (RulePart, String, String) {
        let (section, key) = self.of(part);
        let whole = section.place();
        let file = whole
            .rsplit_once(':')
            .map_or(whole.as_str(), |(file, _)| file);
        let line = format!("{file}:{}", section.line_of(key));
        (part, line, section.full(key))
    }

    /// The templates of each closing.
    fn closings(&self) -> BTreeMap<Closing, Vec<String>> {
        let closing = self.closing.as_ref();
        let named = |closing: &Closing, section: &Section<'_, '_>| {
            Some((*closing, section.texts(closing.as_str())?))
        };
        closing.map_or_else(BTreeMap::new, |section| {
            let all = Closing::ALL.iter();
            all.filter_map(|closing| named(closing, section)).collect()
        })
    }

    fn closing_hours(&self) -> Option<i64> {
        self.closing.as_ref()?.number("hours", DAYS)
    }

    /// The places of the parts of which other definitions may say something.
    fn places(&self) -> Vec<(RulePart, String, String)> {
        let mut parts = vec![
            RulePart::Name,
            RulePart::Portfolios,
            RulePart::ReminderDays,
            RulePart::ReminderTemplates,
        ];
        parts.extend((0..self.stages.len()).map(RulePart::StageTemplates));
        parts.extend((0..self.stages.len()).map(RulePart::StageDay));
        parts.extend(Closing::ALL.iter().copied().map(RulePart::Closing));
        parts.into_iter().map(|part| self.place(part)).collect()
    }

    /// Ends the reading of its sections.
    fn finish(self) {
        let single = [self.reminders, self.closing].into_iter().flatten();
        for section in single.chain(self.stages) {
            section.finish();
        }
    }
}

/// Reads one `[[rule]]`; what is wrong with it is noted in its sheet.
pub fn read(section: &Section<'_, '_>) -> Option<WrittenRule> {
    let sections = Sections {
        whole: section,
        reminders: section.section("reminders"),
        stages: section.sections("stage"),
        closing: section.section("closing"),
    };
    let name = section.filled("name");
    if name.is_none() && !section.has("name") {
        section.wrong("name", "is missing", "name the rule");
    }
    let days = sections.reminders.as_ref().map(|s| s.numbers("days"));
    let days_unreadable =
        days == Some(None) && sections.reminders.as_ref().is_some_and(|s| s.has("days"));
    let draft = RuleDraft {
        name: name.clone().unwrap_or_default(),
        portfolios: section.texts("portfolios").unwrap_or_default(),
        reminders: sections.reminders.as_ref().map(|s| DraftReminders {
            days: days.clone().flatten().unwrap_or_default(),
            templates: s.texts("templates").unwrap_or_default(),
            deliver: s.word("deliver"),
            hours: s.number("hours", DAYS),
        }),
        one_message_per_client: section.flag("one_message_per_client"),
        roll_due_date: section.flag("roll_due_date"),
        enter_until_days: section.number("enter_until_days", DAYS),
        skip_payment_methods: section.texts("skip_payment_methods"),
        debit_grace_days: section.number("debit_grace_days", DAYS),
        stages: sections.stages.iter().map(stage).collect(),
        closings: sections.closings(),
        closing_deliver: sections.closing.as_ref().and_then(|s| s.word("deliver")),
        closing_hours: sections.closing_hours(),
    };
    let checked = draft.check();
    for (part, flaw) in checked.as_ref().err().into_iter().flatten() {
        let (section, key) = sections.of(*part);
        // A value of another type, or a missing name, has been told already.
        let told = match part {
            RulePart::Name => name.is_none(),
            RulePart::StageName(_) | RulePart::StageDay(_) => {
                flaw.found == "is missing" && section.has(key)
            }
            RulePart::ReminderDays => days_unreadable,
            _ => false,
        };
        if !told {
            section.wrong(key, &flaw.found, &flaw.remedy);
        }
    }
    let places = sections.places();
    sections.finish();
    Some(WrittenRule {
        rule: checked.ok().filter(|_| name.is_some()),
        draft,
        places,
        place: section.place(),
    })
}

fn stage(section: &Section<'_, '_>) -> DraftStage {
    DraftStage {
        name: section.text("name"),
        day: section.number("day", DAYS),
        templates: section.texts("templates").unwrap_or_default(),
        deliver: section.word("deliver"),
        hours: section.number("hours", DAYS),
        notice: section.word("notice"),
    }
}

/// What a rule says of ways to pay, where that is not the default.
fn payment_lines(rule: &Rule) -> Vec<String> {
    let mut lines = Vec::new();
    if rule.skip_payment_methods != AUTOMATIC {
        let methods = quoted_list(&rule.skip_payment_methods);
        lines.push(format!("skip_payment_methods = {methods}"));
    }
    if rule.debit_grace_days != GRACE_DAYS {
        lines.push(format!("debit_grace_days = {}", rule.debit_grace_days));
    }
    lines
}

/// How a phase is delivered, where that is not the default.
fn delivery(deliver: Deliver, hours: Option<i64>) -> Vec<String> {
    let mut lines = Vec::new();
    if deliver != Deliver::Each {
        lines.push(format!("deliver = {}", quoted(deliver.as_str())));
    }
    lines.extend(hours.map(|hours| format!("hours = {hours}")));
    lines
}

/// Writes a rule as one `[[rule]]`; switches at their defaults are left out.
pub fn write(rule: &Rule) -> String {
    let mut text = String::from("[[rule]]\n");
    // Writing to a text does not fail.
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line(format!("name = {}", quoted(&rule.name)));
    line(format!("portfolios = {}", quoted_list(&rule.portfolios)));
    if let Some(reminders) = &rule.reminders {
        let days: Vec<String> = reminders.days.iter().map(ToString::to_string).collect();
        line(format!(
            "reminders = {{ days = [{}], templates = {}{} }}",
            days.join(", "),
            quoted_list(&reminders.texts.templates),
            delivery(reminders.texts.deliver, reminders.texts.hours)
                .iter()
                .flat_map(|line| [", ", line.as_str()])
                .collect::<String>(),
        ));
    }
    if !rule.one_message_per_client {
        line("one_message_per_client = false".to_owned());
    }
    if !rule.roll_due_date {
        line("roll_due_date = false".to_owned());
    }
    if let Some(days) = rule.enter_until_days {
        line(format!("enter_until_days = {days}"));
    }
    payment_lines(rule).into_iter().for_each(&mut line);
    for own in &rule.stages {
        line("[[rule.stage]]".to_owned());
        line(format!("name = {}", quoted(own.stage.as_str())));
        line(format!("day = {}", own.day.days()));
        let Texts {
            templates,
            deliver,
            hours,
        } = &own.texts;
        if !templates.is_empty() {
            line(format!("templates = {}", quoted_list(templates)));
        }
        delivery(*deliver, *hours).into_iter().for_each(&mut line);
        if let Some(kind) = own.notice {
            line(format!("notice = {}", quoted(kind.as_str())));
        }
    }
    let closings = &rule.closings;
    if !closings.templates.is_empty() || closings.deliver != Deliver::Each {
        line("[rule.closing]".to_owned());
        let said = delivery(closings.deliver, closings.hours);
        said.into_iter().for_each(&mut line);
        for (closing, templates) in &closings.templates {
            line(format!("{closing} = {}", quoted_list(templates)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Definitions;
    use super::*;

    const EXAMPLE: &str = r#"[[rule]]
name = "residential"
portfolios = ["Boleto", "Pix"]
reminders = { days = [5, 3, 0], templates = ["due-soon"], deliver = "first_reachable" }
enter_until_days = 90
skip_payment_methods = ["card"]
debit_grace_days = 5
[[rule.stage]]
name = "notice"
day = 3
templates = ["overdue-push"]
[[rule.stage]]
name = "visit"
day = 20
deliver = "first_reachable"
[rule.closing]
deliver = "first_reachable"
paid = ["thanks"]
bureau_removed = ["cleared"]
"#;

    fn told(text: &str) -> Vec<String> {
        Definitions::default()
            .read("rules.toml", text)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let mut definitions = Definitions::default();
        assert_eq!(definitions.read("rules.toml", EXAMPLE), []);
        let written = write(definitions.rules[0].value.rule.as_ref().expect("a rule"));
        assert_eq!(written, EXAMPLE);
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_key() {
        let told = told(
            r#"[[rule]]
name = "a"
one_mesage_per_client = true
reminders = { days = ["five"], templates = ["x"] }
[[rule.stage]]
name = "notice"
day = 0
[[rule.stage]]
name = "enquiry"
day = "ten"
template = "x"
"#,
        );
        assert!(told.iter().any(|t| t.starts_with(
            "rules.toml:7: rule.stage.day: found 0: day 0 is the due date itself, and nobody is late on it"
        )));
        assert!(told.iter().any(|t| t.contains(
            "rules.toml:9: rule.stage.name: `enquiry` is not a stage, did you mean `inquiry`?"
        )));
        assert!(
            told.iter()
                .any(|t| t.starts_with("rules.toml:10: rule.stage.day: found the text `ten`"))
        );
        assert!(told.iter().any(|t| t
            == "rules.toml:11: rule.stage.template: is not a known key, did you mean `templates`?"));
        assert!(told.iter().any(|t| t
            == "rules.toml:3: rule.one_mesage_per_client: is not a known key, did you mean `one_message_per_client`?"));
        assert!(
            told.iter()
                .any(|t| t.starts_with("rules.toml:4: rule.reminders.days: found a list"))
        );
        assert_eq!(told.len(), 6, "{told:#?}");
    }
}
