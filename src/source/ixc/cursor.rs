//! How far a form was read, in the server's own wall-clock time, and from where the next reading begins.

use chrono::{NaiveDateTime, TimeDelta};

use crate::clock::Now;

/// How far before the last change the next reading begins: a change may become visible a little
/// after the time it carries, and the two clocks may differ a little.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// How the server writes its times.
const SERVER_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// How far a form is known now. A row may have changed after its page was read, while a later page
/// told of later changes: so it is never later than the moment this sync began, and always as much
/// earlier than the last change as the reading took (the server's clock need not be ours).
pub fn reached(
    changed_until: Option<String>,
    took: TimeDelta,
    before: Option<String>,
    now: &Now,
) -> Option<String> {
    let begun = now.local().format(SERVER_TIME).to_string();
    let reached = changed_until.map(|until| earlier(&until, took).min(begun));
    match (reached, before) {
        (Some(reached), Some(before)) => Some(reached.max(before)),
        (reached, before) => reached.or(before),
    }
}

/// A time of the server, so much earlier, to the second.
pub fn earlier(text: &str, by: TimeDelta) -> String {
    NaiveDateTime::parse_from_str(text, SERVER_TIME).map_or_else(
        |_| text.to_owned(),
        |at| {
            let whole = TimeDelta::try_seconds(by.num_seconds()).unwrap_or_default();
            let at = at.checked_sub_signed(whole).unwrap_or(at);
            at.format(SERVER_TIME).to_string()
        },
    )
}

/// Whether a text is a wall-clock time that sorts as it reads (`2026-11-18 03:10:22`, not `0000-…`).
pub fn is_instant(text: &str) -> bool {
    NaiveDateTime::parse_from_str(text, SERVER_TIME).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_never_passes_the_beginning_of_its_own_run() {
        let zone = chrono_tz::America::Sao_Paulo;
        let at = crate::clock::parse_instant("2026-11-21T09:00", zone).expect("an instant");
        let now = Now::new(at, zone);
        let some = |text: &str| Some(text.to_owned());
        let none = TimeDelta::zero();
        let before = || some("2026-11-20 00:00:00");
        assert_eq!(
            reached(some("2026-11-21 09:30:00"), none, before(), &now),
            some("2026-11-21 09:00:00")
        );
        assert_eq!(reached(None, none, before(), &now), before());
        assert_eq!(
            reached(some("2026-11-19 00:00:00"), none, before(), &now),
            before()
        );
        assert_eq!(
            reached(
                some("2026-11-21 08:30:00"),
                TimeDelta::minutes(45),
                before(),
                &now
            ),
            some("2026-11-21 07:45:00")
        );
        assert_eq!(
            earlier("2026-11-20 00:05:00", OVERLAP),
            "2026-11-19 23:55:00"
        );
        assert_eq!(earlier("no time", OVERLAP), "no time");
    }
}
