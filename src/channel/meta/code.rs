//! What the codes of Meta's errors mean.

use std::time::Duration;

use super::super::{CONTENT, Meaning, RECIPIENT, UNSAID, US};
use crate::channel::{AboutWhom, Next};
use crate::domain::words::Purpose;

/// The pace to one person: about one message in six seconds.
const PAIR_WAIT: Duration = Duration::from_secs(6);
/// How long everybody waits when the account or its number was too fast.
const RATE_WAIT: Duration = Duration::from_mins(1);
/// The account, or the object that was asked, cannot be seen with this token.
const NO_SUCH_OBJECT: i64 = 33;

/// A template that cannot be had, for whomever it was.
const TEMPLATE: Meaning = (Next::StopBatch, AboutWhom::Unsaid);

/// An error as Meta writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// `error.code`.
    pub(super) code: i64,
    /// `error.error_subcode`.
    pub(super) subcode: Option<i64>,
    /// Its message and its details.
    pub(super) words: &'a str,
}

/// What an error means (Meta's error codes, 15 May 2026); none leaves it to the status.
pub(super) fn meaning(told: Told<'_>, wait: Option<Duration>) -> Option<Meaning> {
    let at_least = |least: Duration| Next::Later(Some(wait.unwrap_or(least).max(least)));
    Some(match told.code {
        // Token, session or permission; the account, its number and registration, its money, its quality.
        0
        | 3
        | 10
        | NO_SUCH_OBJECT
        | 102
        | 190
        | 200..=299
        | 368
        | 463
        | 467
        | 130_497
        | 131_005
        | 131_030
        | 131_031
        | 131_037
        | 131_042
        | 131_044
        | 131_045
        | 131_048
        | 131_057
        | 131_064
        | 133_000..=133_003
        | 133_005..=133_016
        | 2_494_100 => US,
        100 => of_request(told),
        // Our template, and whatever else is the same for whomever it is.
        131_051
        | 131_063
        | 132_000
        | 132_001
        | 132_007
        | 132_015
        | 132_016
        | 132_068
        | 132_069
        | 134_100..=134_102 => TEMPLATE,
        // A text too long, a value of another shape, one that is missing.
        131_008 | 132_005 | 132_008 | 132_012 | 132_018 => CONTENT,
        // The application, the account or the number was too fast.
        4 | 80_007 | 130_429 => (at_least(RATE_WAIT), AboutWhom::Unsaid),
        // Too fast to this person.
        131_056 => (at_least(PAIR_WAIT), AboutWhom::Recipient),
        // This person told Meta to stop marketing.
        131_050 => (
            Next::OptedOut(Some(Purpose::Marketing)),
            AboutWhom::Recipient,
        ),
        // This person, for one reason or another: no WhatsApp, an old app, an experiment of Meta's…
        130_472 | 131_021 | 131_026 | 131_049 | 131_062 => RECIPIENT,
        131_009 | 131_047 => UNSAID,
        // Something broke over there.
        1 | 2 | 131_000 | 131_016 | 133_004 | 135_000 => (Next::Later(wait), AboutWhom::Unsaid),
        _ => return None,
    })
}

/// What code 100 means: a parameter of ours that is named may be one person's; else it is the account,
/// its sender or the address of the request.
fn of_request(told: Told<'_>) -> Meaning {
    /// What a message is written with, as Meta names it in an error.
    const OURS: [&str; 5] = [
        "template",
        "components",
        "parameters",
        "parameter_name",
        "text",
    ];
    if told.subcode == Some(NO_SUCH_OBJECT) {
        return US;
    }
    let mut names = told
        .words
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty());
    let words = told.words.to_lowercase();
    if words.contains("param to ") || words.contains("parameter to ") || words.contains("'to'") {
        return RECIPIENT;
    }
    if names.any(|name| OURS.contains(&name)) {
        CONTENT
    } else {
        US
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Reason;

    fn of(code: i64, words: &str) -> Option<Meaning> {
        let subcode = None;
        meaning(
            Told {
                code,
                subcode,
                words,
            },
            None,
        )
    }

    #[test]
    fn codes_mean_what_meta_says() {
        let minute = (Next::Later(Some(RATE_WAIT)), AboutWhom::Unsaid);
        for (code, means) in [
            (190, Some(US)),
            (131_048, Some(US)),
            (133_010, Some(US)),
            (33, Some(US)),
            (102, Some(US)),
            (131_042, Some(US)),
            (132_001, Some(TEMPLATE)),
            (132_005, Some(CONTENT)),
            (130_429, Some(minute)),
            (
                131_056,
                Some((Next::Later(Some(PAIR_WAIT)), AboutWhom::Recipient)),
            ),
            (131_026, Some(RECIPIENT)),
            (
                131_050,
                Some((
                    Next::OptedOut(Some(Purpose::Marketing)),
                    AboutWhom::Recipient,
                )),
            ),
            (131_016, Some((Next::Later(None), AboutWhom::Unsaid))),
            (999_999, None),
        ] {
            assert_eq!(of(code, "words"), means, "{code}");
        }
        assert_eq!(RECIPIENT.0, Next::Never(Reason::Refused));
    }

    #[test]
    fn a_hundred_is_about_us_unless_it_names_what_we_wrote() {
        assert_eq!(of(100, "(#100) Invalid parameter"), Some(US));
        assert_eq!(
            of(
                100,
                "Unsupported post request. Object with ID '1' does not exist"
            ),
            Some(US)
        );
        assert_eq!(
            of(
                100,
                "Invalid parameter: Param template['components'][0] must be an object"
            ),
            Some(CONTENT)
        );
        assert_eq!(
            of(100, "(#100) Param to must be a phone number"),
            Some(RECIPIENT)
        );
        let hidden = Told {
            code: 100,
            subcode: Some(33),
            words: "template",
        };
        assert_eq!(meaning(hidden, None), Some(US));
    }
}
