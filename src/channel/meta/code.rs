//! What the codes of Meta's errors mean.

use std::time::Duration;

use crate::channel::Next;
use crate::domain::words::Reason;

/// The pace to one person: about one message in six seconds.
const PAIR_WAIT: Duration = Duration::from_secs(6);
/// How long everybody waits when the account or its number was too fast.
const RATE_WAIT: Duration = Duration::from_mins(1);

/// What an error's code means (Meta's error codes, 15 May 2026); none leaves it to the status.
pub(super) fn meaning(code: i64, wait: Option<Duration>) -> Option<Next> {
    let at_least = |least: Duration| Some(Next::Later(Some(wait.unwrap_or(least).max(least))));
    match code {
        // Token or permission; the account, its number, its money, its quality.
        0
        | 3
        | 10
        | 190
        | 200..=299
        | 131_005
        | 131_064
        | 130_497
        | 368
        | 131_031
        | 131_037
        | 131_045
        | 131_057
        | 131_042
        | 131_044
        | 131_048 => Some(Next::Stop),
        // Our template or our request.
        131_063 | 132_000 | 132_001 | 132_005 | 132_007 | 132_008 | 132_012 | 132_015 | 132_016
        | 131_008 | 131_051 | 100 => Some(Next::StopBatch),
        // The application, the account or the number was too fast.
        4 | 80_007 | 130_429 => at_least(RATE_WAIT),
        // Too fast to this person.
        131_056 => at_least(PAIR_WAIT),
        // This person told Meta to stop marketing.
        131_050 => Some(Next::Never(Reason::OptedOut)),
        // This person, for one reason or another: no WhatsApp, an old app, an experiment of Meta's…
        131_026 | 131_047 | 131_049 | 130_472 | 131_062 | 131_009 | 131_021 | 131_030 => {
            Some(Next::Never(Reason::Refused))
        }
        // Something broke over there.
        1 | 2 | 131_000 | 131_016 | 135_000 => Some(Next::Later(wait)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_meta_says() {
        let minute = Next::Later(Some(RATE_WAIT));
        for (code, next) in [
            (190, Some(Next::Stop)),
            (131_048, Some(Next::Stop)),
            (132_001, Some(Next::StopBatch)),
            (130_429, Some(minute)),
            (131_056, Some(Next::Later(Some(PAIR_WAIT)))),
            (131_026, Some(Next::Never(Reason::Refused))),
            (131_050, Some(Next::Never(Reason::OptedOut))),
            (131_016, Some(Next::Later(None))),
            (999_999, None),
        ] {
            assert_eq!(meaning(code, None), next, "{code}");
        }
    }
}
