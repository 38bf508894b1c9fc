//! What is checked of a rule's notices, and of what is said until somebody has it.

use super::check::Flaws;
use super::{Deliver, Rule, RuleDraft, RulePart};
use crate::domain::ladder::Stage;
use crate::domain::notice::{NoticeKind, NoticeState, NoticeTerms, NoticesGiven};
use crate::domain::template::{Template, Variable};
use crate::domain::words::Word as _;
use crate::error::Flaw;

/// The hours after which an arrival that nobody reported may be given up: up to 30 days.
const HOURS: std::ops::RangeInclusive<i64> = 1..=720;

impl Rule {
    /// The notices that a case of a stage waits for: that stage's own, and those of the stages before it that were
    /// tried and count no more. One that nobody tried in its stage, which gave none then, is passed.
    pub fn missing_notices(
        &self,
        stage: Stage,
        given: &NoticesGiven,
    ) -> impl Iterator<Item = NoticeKind> {
        let upto = self.stages.iter().take_while(move |own| own.stage <= stage);
        upto.filter_map(move |own| {
            let kind = own.notice?;
            let missing = match given.state(kind) {
                NoticeState::Given(_) => false,
                NoticeState::Missing => true,
                NoticeState::Untried => own.stage == stage,
            };
            missing.then_some(kind)
        })
    }
}

impl RuleDraft {
    /// Whether its notices stand once each, in their order, and say something.
    pub(super) fn check_notices(&self, flaws: &mut Flaws<'_>) {
        let mut last: Option<NoticeKind> = None;
        for (index, stage) in self.stages.iter().enumerate() {
            let Some(kind) = stage.notice else { continue };
            let part = RulePart::StageNotice(index);
            if last == Some(kind) {
                flaws.note(
                    part,
                    format!("the notice of {kind} stands twice"),
                    "each notice stands at most once: remove one of the two",
                );
            } else if let Some(before) = last.filter(|before| *before > kind) {
                flaws.note(
                    part,
                    format!("the notice of {kind} stands after that of {before}"),
                    format!("notices come in this order: {}", NoticeKind::accepted()),
                );
            }
            last = last.max(Some(kind));
            if stage.templates.is_empty() {
                flaws.note(
                    RulePart::StageTemplates(index),
                    format!("the notice of {kind} has no template"),
                    "a case waits in this stage until its notice is sent: name the templates, the first to be tried first",
                );
            }
        }
    }

    /// Whether whatever goes until it is delivered says for how long an arrival is waited for.
    pub(super) fn check_hours(&self, flaws: &mut Flaws<'_>) {
        let reminders = self.reminders.as_ref();
        let reminders = reminders.map(|said| (RulePart::ReminderHours, said.deliver, said.hours));
        let closings = (
            RulePart::ClosingHours,
            self.closing_deliver,
            self.closing_hours,
        );
        let stages = self.stages.iter().enumerate();
        let stages =
            stages.map(|(index, said)| (RulePart::StageHours(index), said.deliver, said.hours));
        for (part, deliver, hours) in reminders.into_iter().chain(stages).chain([closings]) {
            match (deliver == Some(Deliver::UntilDelivered), hours) {
                (true, None) => flaws.note(
                    part,
                    "is missing",
                    "say after how many hours without a report of arrival the next template goes: hours = 24",
                ),
                (false, Some(_)) => flaws.note(
                    part,
                    "counts only with deliver = \"until_delivered\"",
                    "write that too, or leave the hours out",
                ),
                (true, Some(hours)) if !HOURS.contains(&hours) => flaws.note(
                    part,
                    format!("found {hours}"),
                    format!("write hours from {} to {}", HOURS.start(), HOURS.end()),
                ),
                _ => {}
            }
        }
    }

    /// Where the notice of suspension stands among the stages.
    fn suspension(&self) -> Option<usize> {
        let kinds = self.stages.iter().map(|stage| stage.notice);
        kinds
            .into_iter()
            .position(|kind| kind == Some(NoticeKind::Suspension))
    }

    /// Whether a notice of suspension says what it must, and nothing before it announces the suspension.
    pub(super) fn check_announcement(
        &self,
        part: RulePart,
        template: &Template,
        flaws: &mut Flaws<'_>,
    ) {
        let name = &template.name;
        let Some(notice) = self.suspension() else {
            return;
        };
        let index = match part {
            RulePart::StageTemplates(index) => Some(index),
            RulePart::ReminderTemplates => None,
            _ => return,
        };
        if index == Some(notice) {
            if !template.says(Variable::AvisoSuspensao) {
                flaws.note(
                    part,
                    format!("template `{name}` gives the notice of suspension without #aviso_suspensao#"),
                    "write #aviso_suspensao# in its text, and in its HTML where it has one: Resolução 765/2023, art. 71, says what the notice contains",
                );
            }
        } else if index.is_none_or(|index| index < notice) && template.speaks_of_a_notice() {
            let stage = self.stages[notice].name.as_deref().unwrap_or_default();
            flaws.note(
                part,
                format!("template `{name}` announces the suspension before its notice (stage {stage})"),
                "put notice = \"suspension\" on this stage or an earlier one, or leave its dates out of this text",
            );
        }
    }

    /// Which of its notices come before the one ahead of them could have run out.
    pub fn notice_flaws(&self, terms: NoticeTerms) -> Vec<(RulePart, Flaw)> {
        let mut flaws = self.flaws();
        let mut ahead: Option<(NoticeKind, i64)> = None;
        let suspension = self.suspension().is_some();
        for (index, stage) in self.stages.iter().enumerate() {
            let (Some(kind), Some(day)) = (stage.notice, stage.day) else {
                continue;
            };
            if let Some((before, runs_out)) = ahead.filter(|(_, runs_out)| day < *runs_out) {
                flaws.note(
                    RulePart::StageDay(index),
                    format!("found {day}, but the notice of {before} ahead of it runs out on day {runs_out}"),
                    format!("write {runs_out} or more"),
                );
            }
            // A rescission comes so long after the suspension, which comes so long after its notice.
            let from = match (kind, ahead) {
                (NoticeKind::Rescission, Some((_, runs_out))) => runs_out,
                _ => day,
            };
            ahead = Some((
                kind,
                from.saturating_add(terms.runs_out_after(kind, suspension)),
            ));
        }
        flaws.found
    }
}
