//! One message per client, channel and phase: which of several is sent.

use std::cmp::Reverse;

use chrono::NaiveDate;

use crate::domain::ladder::Stage;

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
