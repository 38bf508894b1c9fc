//! One message per client, channel and phase: which are folded together, and which of them is sent.

use std::cmp::Reverse;

use chrono::NaiveDate;

use crate::domain::ladder::{Closing, Move, Phase, Stage};
use crate::domain::words::Channel;

/// What the messages of a client have in common of which one goes and speaks for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    channel: Channel,
    /// Stages of whatever rules are one; reminders and closings stay with their rule.
    rule: Option<usize>,
    phase: FoldPhase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FoldPhase {
    Closing(Closing),
    Stage,
    /// Reminders whose text speaks for every invoice; of the others, this invoice's own.
    Reminder(Option<i64>),
}

impl Fold {
    /// The fold of a move's message on a channel; none when the move says nothing. `rule` tells one rule
    /// from another, and `speaks_for_all` is the template's.
    pub fn of(
        step: Move,
        channel: Channel,
        rule: usize,
        invoice_id: i64,
        speaks_for_all: bool,
    ) -> Option<Self> {
        let phase = match step.phase()? {
            Phase::Closing(closing) => FoldPhase::Closing(closing),
            Phase::Stage(_) => FoldPhase::Stage,
            Phase::Reminder => FoldPhase::Reminder((!speaks_for_all).then_some(invoice_id)),
        };
        Some(Self {
            channel,
            rule: (phase != FoldPhase::Stage).then_some(rule),
            phase,
        })
    }

    /// Whether it is of stages, of which a client gets one message a day and channel.
    pub fn is_stage(self) -> bool {
        self.phase == FoldPhase::Stage
    }

    /// The channel.
    pub const fn channel(self) -> Channel {
        self.channel
    }
}

/// A message that could be the one its client gets on a channel in a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contender {
    /// The stage entered, or for a closing the case's; none for a reminder.
    pub stage: Option<Stage>,
    /// The due date the rule counts from.
    pub due: NaiveDate,
    /// The invoice.
    pub invoice_id: i64,
    /// Whether it can be sent at all.
    pub can_go: bool,
}

/// The one of a client's messages on a channel in a phase that is sent, by its place: among those
/// that can be, the gravest stage, then the earliest due, then the lowest invoice, then the first.
pub fn chosen(contenders: &[Contender]) -> Option<usize> {
    contenders
        .iter()
        .enumerate()
        .filter(|(_, contender)| contender.can_go)
        .min_by_key(|(place, c)| (Reverse(c.stage), c.due, c.invoice_id, *place))
        .map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::CaseOutcome;

    #[test]
    fn stages_always_fold_closings_by_outcome_reminders_where_the_text_speaks_for_all() {
        let of = |step, rule, invoice, all| Fold::of(step, Channel::Sms, rule, invoice, all);
        let close = |outcome| Move::Close {
            outcome,
            bureau_waits: false,
        };
        let (paid, cancelled) = (close(CaseOutcome::Paid), close(CaseOutcome::Cancelled));
        assert_eq!(
            of(Move::Enter, 0, 1, false),
            of(Move::Advance(Stage::Visit), 1, 2, false)
        );
        assert_eq!(of(paid, 0, 1, false), of(paid, 0, 2, false));
        assert_ne!(of(paid, 0, 1, true), of(cancelled, 0, 2, true));
        assert_ne!(of(paid, 0, 1, true), of(paid, 1, 2, true));
        let (three, five) = (Move::Reminder(3), Move::Reminder(5));
        assert_ne!(of(three, 0, 1, false), of(three, 0, 2, false));
        assert_eq!(of(three, 0, 1, false), of(three, 0, 1, false));
        assert_eq!(of(three, 0, 1, true), of(five, 0, 2, true));
        assert_ne!(of(three, 0, 1, true), of(three, 0, 1, false));
        assert_eq!(of(close(CaseOutcome::Postponed), 0, 1, true), None);
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn the_gravest_then_the_earliest_then_the_lowest_is_chosen() {
        let contender = |stage, due: &str, invoice_id, can_go| Contender {
            stage,
            due: day(due),
            invoice_id,
            can_go,
        };
        let (notice, visit) = (Some(Stage::Notice), Some(Stage::Visit));
        let mut all = [
            contender(notice, "2026-01-01", 1, true),
            contender(visit, "2026-03-01", 2, true),
            contender(visit, "2026-02-01", 4, true),
            contender(visit, "2026-02-01", 3, true),
        ];
        assert_eq!(chosen(&all), Some(3));
        all[3].can_go = false;
        assert_eq!(chosen(&all), Some(2));
        for contender in &mut all {
            contender.can_go = false;
        }
        assert_eq!(chosen(&all), None);
    }
}
