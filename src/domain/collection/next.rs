//! What comes next for an invoice, day by day and in plain words.

use chrono::{Days, NaiveDate};

use super::{Bill, Debt, Decision, Evaluation, Exclusions, LeftOut, Past};
use crate::domain::day;
use crate::domain::ladder::{CaseOutcome, Move, MoveKind};
use crate::domain::rule::MOST_DAYS;

/// What each of the coming days brings for one invoice, if the book stays as it is and the rule is
/// evaluated every day from its day on.
pub fn coming<'a>(
    evaluation: Evaluation<'a>,
    bill: &'a Bill,
    mut past: Past,
    exclusions: &'a Exclusions,
    days: u64,
) -> impl Iterator<Item = (NaiveDate, Decision)> + 'a {
    let (mut last, mut first) = (evaluation.last, evaluation.first);
    (0..days).map_while(move |ahead| {
        let today = evaluation.today.checked_add_days(Days::new(ahead))?;
        let decision = Evaluation {
            today,
            last,
            first,
            ..evaluation
        }
        .decide(bill, &past, exclusions);
        if let Decision::Happens(step) = decision {
            past.after(step, bill, today);
            // A notice that will be given is taken to be sent on its day.
            let notice = step
                .stage()
                .and_then(|stage| evaluation.rule.notice_of(stage));
            if let Some(kind) = notice {
                past.notices.note(kind, Some((today, None)));
            }
        }
        last = Some(today);
        first = first.or(last);
        Some((today, decision))
    })
}

/// What comes next for an invoice, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextMove {
    /// The day it happens; none when nothing will.
    pub on: Option<NaiveDate>,
    /// What happens then.
    pub step: Option<Move>,
    /// The same in plain words, or why nothing happens.
    pub words: String,
}

/// Days that are looked ahead for what comes next: past every reminder and every stage that a rule may
/// have, with some months over for due dates that roll and for stages late in their turn.
const HORIZON_DAYS: u64 = 2 * MOST_DAYS.unsigned_abs() + 700;

/// Says what comes next for an invoice, in plain words, if the book stays as it is.
pub fn what_next(
    evaluation: Evaluation<'_>,
    bill: &Bill,
    past: &Past,
    exclusions: &Exclusions,
) -> NextMove {
    let mut kept_out = None;
    for (on, decision) in coming(evaluation, bill, past.clone(), exclusions, HORIZON_DAYS) {
        match decision {
            Decision::Nothing => {}
            Decision::LeftOut(step, reason) => {
                kept_out.get_or_insert((on, step, reason));
            }
            Decision::Happens(step) => {
                let waits = kept_out.map_or_else(String::new, |(since, was_due, reason)| {
                    if was_due.kind() == MoveKind::Reminder {
                        format!("; {was_due} of {since} is left out ({reason})")
                    } else {
                        format!("; due since {since}, but left out until then ({reason})")
                    }
                });
                return NextMove {
                    on: Some(on),
                    step: Some(step),
                    words: format!("{step} on {on}, if nothing changes{waits}"),
                };
            }
        }
    }
    let words = match kept_out {
        Some((_, _, reason)) => format!("nothing: {}", left_out_words(reason)),
        None => format!("nothing: {}", why_nothing(evaluation, bill, past)),
    };
    NextMove {
        on: None,
        step: None,
        words,
    }
}

/// Why something that is due never happens, in plain words.
const fn left_out_words(reason: LeftOut) -> &'static str {
    match reason {
        LeftOut::NotInCollection => "the client takes no part in collections (not_in_collection)",
        LeftOut::NotInReminders => "the client takes no part in reminders (not_in_reminders)",
        LeftOut::OnHold => "the contract asks for no notices (on_hold)",
        LeftOut::AutomaticPayment => {
            "it is paid automatically, so that nothing is to be paid by hand (automatic_payment)"
        }
        LeftOut::Incident => {
            "an open incident keeps collections from the client (incident); `regua incident close` ends it"
        }
        LeftOut::Held => {
            "a person put it on hold without an end (held); `regua hold list` and `hold remove` end it"
        }
    }
}

/// The day on which an open case moves next, and how, if the book stays as it is; none when nothing
/// moves it.
pub fn next_move(
    evaluation: Evaluation<'_>,
    bill: &Bill,
    past: &Past,
    exclusions: &Exclusions,
) -> Option<(NaiveDate, Move)> {
    if stands_still(&evaluation, bill, past, exclusions) {
        return None;
    }
    coming(evaluation, bill, past.clone(), exclusions, HORIZON_DAYS).find_map(|(on, decision)| {
        match decision {
            Decision::Happens(step) => Some((on, step)),
            _ => None,
        }
    })
}

/// Whether it is plain without looking day by day that nothing moves an open case.
fn stands_still(
    evaluation: &Evaluation<'_>,
    bill: &Bill,
    past: &Past,
    exclusions: &Exclusions,
) -> bool {
    let Some(case) = past.case else {
        return false;
    };
    if bill.due_on != case.due_on || bill.bureau_removed_on.is_some() {
        return false;
    }
    match bill.debt {
        Debt::Settled(_) => false,
        Debt::Waiting => true,
        Debt::Owing => {
            evaluation.rule.stage_after(case.stage).is_none()
                || !exclusions.in_collection
                || exclusions.holds.contains(&None)
        }
    }
}

fn why_nothing(evaluation: Evaluation<'_>, bill: &Bill, past: &Past) -> String {
    match bill.debt {
        Debt::Settled(CaseOutcome::Gone) => {
            return "the invoice or its client is gone from the source that brought it (gone); it goes on when they are back"
                .to_owned();
        }
        Debt::Settled(outcome) => return format!("the invoice is {outcome}"),
        Debt::Waiting => {
            return "the invoice waits: it is not released, a payment is being confirmed, or nothing is left to pay"
                .to_owned();
        }
        Debt::Owing => {}
    }
    if let Some(case) = past.case
        && let Some(kind) = evaluation
            .rule
            .missing_notices(case.stage, &past.notices)
            .next()
    {
        return format!(
            "the case waits in `{}` until its notice of {kind} is sent; `regua notice list` tells how far it is",
            case.stage
        );
    }
    if let Some(case) = past.case {
        return format!(
            "`{}` is the last stage of rule `{}`; the case closes when the invoice is paid, cancelled, renegotiated or postponed",
            case.stage, evaluation.rule.name
        );
    }
    let late = day::between(
        bill.due(evaluation.rule, evaluation.calendar),
        evaluation.today,
    );
    match evaluation.rule.enter_until_days {
        Some(most) if late > most => format!(
            "rule `{}` takes nothing in that is more than {most} days late (enter_until_days)",
            evaluation.rule.name
        ),
        _ => format!("rule `{}` has nothing for it", evaluation.rule.name),
    }
}
