//! What a mail server's refusal means: whether it is about us, about the recipient, or about the mail.

use std::time::Duration;

use super::CLOSING;
use super::connection::code_of;
use crate::channel::{AboutWhom, CONTENT, Meaning, Next, RECIPIENT, UNSAID, US};

/// A greylisting server wants us back after some minutes.
const GREYLISTED: Duration = Duration::from_mins(5);

/// At which command a refusal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    Rcpt,
    Data,
    Dot,
}

/// Words that say that it is we who may not send, or no more today.
const OF_US: [&str; 14] = [
    "relay",
    "sending limit",
    "sending quota",
    "rate limit",
    "daily limit",
    "too many messages",
    "authentication required",
    "not authenticated",
    "sender rejected",
    "sender address rejected",
    "client host",
    "blacklist",
    "blocklist",
    "block list",
];

/// Words that say that the mailbox is not there, or not in use.
const NO_MAILBOX: [&str; 13] = [
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "unknown recipient",
    "mailbox not found",
    "mailbox unavailable",
    "mailbox full",
    "no mailbox",
    "does not exist",
    "doesn't exist",
    "inexistente",
    "não existe",
];

/// Whom a server calls the one it delivers to, and
const ADDRESSEES: [&str; 6] = [
    "recipient",
    "user",
    "mailbox",
    "addressee",
    "destinatário",
    "usuário",
];
/// what that one does when it is not the server that refuses. ("Recipient address rejected" says nothing.)
const REFUSES: [&str; 18] = [
    "has blocked",
    "has rejected",
    "has refused",
    "has declined",
    "does not accept",
    "doesn't accept",
    "does not want",
    "is not accepting",
    "not accepting",
    "only accepts",
    "accepts only",
    "refuses",
    "rejects",
    "blocks",
    "recusou",
    "rejeitou",
    "bloqueou",
    "não aceita",
];
/// The same, the other way round.
const REFUSED_BY: [&str; 4] = [
    "by recipient",
    "by the recipient",
    "by the mailbox",
    "pelo destinatário",
];

/// Whether the mailbox itself refuses, in the server's words.
fn mailbox_refuses(lower: &str) -> bool {
    let mut said = ADDRESSEES
        .iter()
        .flat_map(|who| REFUSES.iter().map(move |does| format!("{who} {does}")));
    REFUSED_BY.iter().any(|words| lower.contains(words)) || said.any(|words| lower.contains(&words))
}

/// What a refusal means, `text` being the server's words with their enhanced code (RFC 3463) and `address`
/// the recipient, whose echo says nothing.
pub(super) fn meaning(step: Step, code: u16, text: &str, address: &str) -> Meaning {
    let next = match (step, code) {
        (_, 421) => Next::Later(Some(CLOSING)),
        // A recipient's server that puts us off says nothing about the next one's.
        (Step::Rcpt, 450..=459) => return (Next::Later(Some(GREYLISTED)), AboutWhom::Recipient),
        (_, 400..=499) => Next::Later(None),
        // Our credentials, or the want of them; our sender, whoever it was for.
        (_, 530 | 534 | 535 | 538) | (Step::Mail, _) => Next::Stop,
        _ => return for_good(code, text, address),
    };
    (next, AboutWhom::Unsaid)
}

/// What a refusal for good means that came after our sender was accepted.
fn for_good(code: u16, text: &str, address: &str) -> Meaning {
    let lower = text.to_lowercase().replace(&address.to_lowercase(), "");
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    let whole = code_of(code, text);
    let enhanced = whole.split_once(' ').map_or("", |(_, enhanced)| enhanced);
    let mut parts = enhanced.split('.').skip(1);
    match (parts.next(), parts.next()) {
        // The sender's address, in spite of its class.
        (Some("1"), Some("7" | "8")) => US,
        // The recipient's address, and the recipient's mailbox.
        (Some("1"), _) => RECIPIENT,
        (Some("2"), Some("3")) | (Some("3"), Some("4")) => CONTENT,
        (Some("2"), _) => RECIPIENT,
        // Too much sent today.
        (Some("4"), Some("5")) => US,
        // An address in letters that the server does not take; else the mail itself.
        (Some("6"), Some("7")) => RECIPIENT,
        (Some("6"), _) => CONTENT,
        // A closed list, a mailbox or a domain with a new owner.
        (Some("7"), Some("2" | "17" | "18")) => RECIPIENT,
        (Some("7"), _) if mailbox_refuses(&lower) => RECIPIENT,
        (Some("7"), _) => US,
        _ if says(&OF_US) => US,
        _ if says(&NO_MAILBOX) || mailbox_refuses(&lower) => RECIPIENT,
        _ => UNSAID,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(step: Step, code: u16, text: &str) -> Meaning {
        meaning(step, code, text, "ana@example.com")
    }

    #[test]
    fn refusals_mean_what_their_step_says() {
        let greylisted = (Next::Later(Some(GREYLISTED)), AboutWhom::Recipient);
        assert_eq!(said(Step::Mail, 550, "no"), US);
        assert_eq!(said(Step::Rcpt, 550, "no"), UNSAID);
        assert_eq!(said(Step::Rcpt, 450, "later"), greylisted);
        assert_eq!(
            said(Step::Dot, 452, "full"),
            (Next::Later(None), AboutWhom::Unsaid)
        );
        assert_eq!(said(Step::Dot, 554, "no"), UNSAID);
        assert_eq!(said(Step::Rcpt, 421, "bye").0, Next::Later(Some(CLOSING)));
        assert_eq!(said(Step::Mail, 530, "log in"), US);
    }

    #[test]
    fn an_enhanced_code_tells_whom_a_refusal_is_about() {
        for (text, means) in [
            ("5.1.1 no such user", RECIPIENT),
            ("5.1.8 bad sender's system address", US),
            ("5.2.2 mailbox full", RECIPIENT),
            ("5.2.3 message too long", CONTENT),
            ("5.3.4 message too big for system", CONTENT),
            ("5.4.5 daily sending limit exceeded", US),
            ("5.6.0 malformed", CONTENT),
            ("5.7.1 <ana@example.com>: Relay access denied", US),
            (
                "5.7.1 <ana@example.com>: Recipient address rejected: Access denied",
                US,
            ),
            ("5.7.26 this mail has been blocked", US),
            (
                "5.7.1 the recipient does not accept mail from you",
                RECIPIENT,
            ),
            ("5.7.1 rejected by recipient", RECIPIENT),
            ("5.7.17 mailbox owner has changed", RECIPIENT),
            ("5.5.0 something", UNSAID),
        ] {
            assert_eq!(said(Step::Rcpt, 550, text), means, "{text}");
        }
    }

    #[test]
    fn an_echoed_address_says_nothing() {
        assert_eq!(
            meaning(
                Step::Rcpt,
                554,
                "5.7.1 <this.user.unknown@x.example>: access denied",
                "This.User.Unknown@x.example"
            ),
            US
        );
        let text = "5.7.1 <by recipient@x.example>: relay denied";
        assert_eq!(meaning(Step::Rcpt, 554, text, "by recipient@x.example"), US);
    }

    #[test]
    fn without_an_enhanced_code_the_words_tell() {
        for (text, means) in [
            ("daily sending limit exceeded", US),
            ("relaying denied", US),
            ("no such user here", RECIPIENT),
            ("transaction failed", UNSAID),
        ] {
            assert_eq!(said(Step::Rcpt, 550, text), means, "{text}");
        }
    }
}
