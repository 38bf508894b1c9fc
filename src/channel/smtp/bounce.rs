//! Mail that came back: what a mail server says of one that it could not deliver (RFC 3464), or the usual
//! words of those that do not follow it.

use chrono::{DateTime, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};

use super::mime;
use crate::clock::Now;
use crate::domain::receipt::{Receipt, ReceiptKind};
use crate::domain::text::fold;

/// How deep messages within messages are looked into.
const DEEPEST: usize = 4;

/// Characters of an explanation that are kept.
const LONGEST: usize = 500;

/// What a mail says about one that we sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The Message-IDs that may be ours, the likeliest first.
    pub message_ids: Vec<String>,
    /// What happened, by the code and the words of whoever returned it.
    pub receipt: Receipt,
}

/// Reads a mail; none when it returns nothing: an answer of a person, a notice of absence.
pub fn read(mail: &[u8], now: Now) -> Option<Bounce> {
    let message = MessageParser::default().parse(mail)?;
    let mut found = Found::default();
    found.look(&message, 0);
    let fields = match &found.report {
        Some(report) => said_by_report(report)?,
        None if is_returned(&message) => said_by_words(&found.words)?,
        None => return None,
    };
    found.message_ids.extend(mime::message_ids_in(mail));
    let mut message_ids: Vec<String> = Vec::new();
    for id in found.message_ids {
        if !message_ids.contains(&id) {
            message_ids.push(id);
        }
    }
    let at = message
        .date()
        .and_then(|date| DateTime::<Utc>::from_timestamp(date.to_timestamp(), 0))
        // A clock that is wrong over there tells nothing.
        .filter(|at| *at <= now.at && *at >= DateTime::UNIX_EPOCH)
        .unwrap_or(now.at);
    Some(Bounce {
        message_ids,
        receipt: Receipt {
            provider_id: None,
            key: None,
            kind: fields.kind,
            permanent: fields.permanent,
            at,
            code: fields.code,
            text: Some(fields.words.chars().take(LONGEST).collect())
                .filter(|text: &String| !text.is_empty()),
            address: fields.address,
            stopped: None,
        },
    })
}

/// What a mail holds.
#[derive(Default)]
struct Found {
    /// The machine-readable part.
    report: Option<String>,
    /// What people read.
    words: String,
    /// The ids of returned messages.
    message_ids: Vec<String>,
}

impl Found {
    fn look(&mut self, message: &Message<'_>, depth: usize) {
        for part in &message.parts {
            let kind = part.content_type().map(|kind| {
                let sub = kind.c_subtype.as_deref().unwrap_or_default();
                format!("{}/{sub}", kind.c_type).to_ascii_lowercase()
            });
            let kind = kind.as_deref().unwrap_or("text/plain");
            match (&part.body, kind) {
                (PartType::Message(inner), _) => {
                    self.message_ids
                        .extend(inner.message_id().map(str::to_owned));
                    if depth < DEEPEST && depth_is_report(kind) {
                        self.look(inner, depth + 1);
                    }
                }
                (_, "message/delivery-status" | "message/global-delivery-status") => {
                    let text = String::from_utf8_lossy(part.contents()).into_owned();
                    self.report.get_or_insert(text);
                }
                (_, "text/rfc822-headers" | "message/rfc822-headers") => {
                    let headers = MessageParser::default().parse(part.contents());
                    let id = headers.as_ref().and_then(Message::message_id);
                    self.message_ids.extend(id.map(str::to_owned));
                }
                (PartType::Text(text), _) => {
                    self.words.push_str(text);
                    self.words.push('\n');
                }
                (PartType::Html(html), _) if self.words.trim().is_empty() => {
                    self.words
                        .push_str(&mail_parser::decoders::html::html_to_text(html));
                    self.words.push('\n');
                }
                _ => {}
            }
        }
    }
}

/// Whether a part of this kind may hold a report itself, rather than the message that came back.
fn depth_is_report(kind: &str) -> bool {
    kind != "message/rfc822" && kind != "message/global"
}

/// What somebody says of a delivery.
struct Fields {
    kind: ReceiptKind,
    permanent: bool,
    code: Option<String>,
    words: String,
    address: Option<String>,
}

/// What a report says of its first recipient whose delivery came to anything.
fn said_by_report(report: &str) -> Option<Fields> {
    let unfolded = unfolded(report);
    let groups = unfolded.split("\n\n").map(|group| {
        group
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect::<Vec<_>>()
    });
    groups.into_iter().find_map(|fields| {
        let field = |name: &str| {
            let mut named = fields.iter();
            named
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        let action = field("action").map(str::to_ascii_lowercase);
        let status = field("status").and_then(enhanced_code);
        let diagnostic = field("diagnostic-code").unwrap_or_default();
        let words = diagnostic
            .split_once(';')
            .map_or(diagnostic, |(_, words)| words.trim());
        // A diagnosis is more precise than a status that says nothing.
        let code = match status {
            Some(status) if !status.ends_with(".0.0") => Some(status),
            vague => enhanced_code(words).or(vague),
        };
        let address = ["original-recipient", "final-recipient"]
            .iter()
            .find_map(|name| field(name))
            .map(|value| value.split_once(';').map_or(value, |(_, address)| address))
            .map(|address| address.trim().trim_matches(['<', '>']).to_owned());
        let class = code.as_deref().and_then(|code| code.chars().next());
        let (kind, permanent) = match (action.as_deref(), class) {
            (Some("delivered"), _) => (ReceiptKind::Delivered, false),
            (Some("relayed" | "expanded"), _) => return None,
            (Some("delayed"), _) => (ReceiptKind::Bounced, false),
            // Whoever gave up has given up, also where each try was told to come later.
            (Some("failed"), _) | (_, Some('5')) => (ReceiptKind::Bounced, true),
            (_, Some('4')) => (ReceiptKind::Bounced, false),
            _ => return None,
        };
        Some(Fields {
            kind,
            permanent,
            code,
            words: one_line(words),
            address,
        })
    })
}

/// Lines that go on in the next one, as one; line ends are LF.
fn unfolded(report: &str) -> String {
    let lines = report.replace("\r\n", "\n").replace('\r', "\n");
    lines
        .trim_start_matches('\n')
        .replace("\n ", " ")
        .replace("\n\t", " ")
}

/// Whether a mail comes from a machine that returns another: no sender, or the postmaster's.
fn is_returned(message: &Message<'_>) -> bool {
    let from = message
        .from()
        .and_then(|from| from.first())
        .and_then(|from| from.address())
        .map(fold)
        .unwrap_or_default();
    let machine = ["mailer-daemon", "postmaster", "mail-daemon", "bounce"];
    if message.header_raw("X-Failed-Recipients").is_some() {
        return true;
    }
    let reports = message
        .root_part()
        .content_type()
        .is_some_and(|kind| kind.c_subtype.as_deref() == Some("report"));
    let is_answer = message.header_raw("Auto-Submitted").is_some_and(|how| {
        let how = fold(how);
        how.contains("auto-replied")
            && !reports
            && !machine.iter().any(|name| from.starts_with(name))
    });
    let no_sender = message
        .header_raw("Return-Path")
        .is_some_and(|path| path.trim() == "<>");
    let told = fold(message.subject().unwrap_or_default());
    let by_subject = SUBJECTS.iter().any(|subject| told.contains(subject));
    !is_answer && (machine.iter().any(|name| from.starts_with(name)) || (no_sender && by_subject))
}

/// What stands in the subject of a returned mail, without case and accents.
const SUBJECTS: [&str; 14] = [
    "undeliver",
    "returned mail",
    "mail delivery",
    "delivery status",
    "delivery failure",
    "failure notice",
    "mail system error",
    "nao entregue",
    "nao foi entregue",
    "nao pode ser entregue",
    "falha na entrega",
    "falha de entrega",
    "devolvid",
    "notificacao de status",
];

/// Words that say that nobody has this address; without case and accents.
const NOBODY: [&str; 20] = [
    "user unknown",
    "unknown user",
    "no such user",
    "unknown recipient",
    "recipient unknown",
    "unknown address",
    "does not exist",
    "doesn't exist",
    "no mailbox here",
    "mailbox not found",
    "mailbox unavailable",
    "address not found",
    "invalid recipient",
    "recipient not found",
    "account has been disabled",
    "usuario desconhecido",
    "destinatario desconhecido",
    "nao existe",
    "endereco nao encontrado",
    "caixa postal inexistente",
];

/// Words that say that it may go another time; without case and accents.
const FOR_NOW: [&str; 14] = [
    "mailbox full",
    "mailbox is full",
    "over quota",
    "quota exceeded",
    "exceeded storage",
    "insufficient storage",
    "caixa cheia",
    "caixa de correio cheia",
    "cota excedida",
    "temporarily",
    "temporariamente",
    "will be retried",
    "still being retried",
    "greylist",
];

/// What the words of a returned mail say.
fn said_by_words(words: &str) -> Option<Fields> {
    // What follows is the mail that came back.
    let own = [
        "-----original message",
        "--- below this line",
        "------ this is a copy",
    ]
    .iter()
    .filter_map(|mark| fold(words).find(mark))
    .min()
    .map_or_else(|| fold(words), |end| fold(words)[..end].to_owned());
    let telling = own
        .lines()
        .find(|line| {
            enhanced_code(line).is_some()
                || NOBODY
                    .iter()
                    .chain(&FOR_NOW)
                    .any(|known| line.contains(known))
        })
        .or_else(|| own.lines().find(|line| smtp_code(line).is_some()));
    let line = telling?;
    let says = |list: &[&str]| list.iter().any(|known| own.contains(known));
    let code = enhanced_code(&own)
        .or_else(|| says(&NOBODY).then(|| "5.1.1".to_owned()))
        .or_else(|| says(&FOR_NOW).then(|| "4.2.0".to_owned()))
        .or_else(|| smtp_code(line).map(str::to_owned))?;
    let permanent = !code.starts_with('4') && (!says(&FOR_NOW) || says(&NOBODY));
    let address = own
        .split(|c: char| c.is_whitespace() || "<>\"'():;,[]".contains(c))
        .find(|word| word.contains('@') && !word.starts_with('@') && word.contains('.'))
        .map(|word| word.trim_end_matches('.').to_owned());
    Some(Fields {
        kind: ReceiptKind::Bounced,
        permanent,
        code: Some(code),
        words: one_line(line),
        address,
    })
}

/// The first enhanced status code of a text (RFC 3463): a class of 2, 4 or 5, and two numbers.
fn enhanced_code(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| {
            let numbers: Vec<&str> = word.split('.').collect();
            let [class, subject, detail] = numbers[..] else {
                return false;
            };
            let small = |number: &str| (1..=3).contains(&number.len());
            ["2", "4", "5"].contains(&class) && small(subject) && small(detail)
        })
        .map(str::to_owned)
}

/// The reply code of SMTP in a line.
fn smtp_code(line: &str) -> Option<&str> {
    line.split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() == 3 && (word.starts_with('4') || word.starts_with("55")))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE";

    fn now() -> Now {
        let at = DateTime::from_timestamp(1_795_440_000, 0).expect("an instant");
        Now::new(at, chrono_tz::America::Sao_Paulo)
    }

    /// A report as Postfix writes it, with this status and action.
    fn report(action: &str, status: &str, diagnosis: &str) -> String {
        format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\n\
             Subject: Undelivered Mail Returned to Sender\r\nTo: aviso@example.com\r\n\
             Date: Mon, 23 Nov 2026 09:10:00 -0300\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n\
             --B\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\r\n\
             --B\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example.com\r\nX-Postfix-Queue-ID: 4T5\r\n\r\n\
             Final-Recipient: rfc822; ana@example.com\r\nOriginal-Recipient: rfc822;ana@example.com\r\n\
             Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnosis}\r\n\r\n\
             --B\r\nContent-Type: message/rfc822\r\n\r\n\
             Message-ID: <{TAG}@example.com>\r\nSubject: Fatura\r\n\r\nOla\r\n--B--\r\n"
        )
    }

    fn of(mail: &str) -> Bounce {
        read(mail.as_bytes(), now()).expect("a bounce")
    }

    #[test]
    fn a_report_tells_what_became_of_which_message() {
        let bounce = of(&report(
            "failed",
            "5.1.1",
            "550 5.1.1 <ana@example.com>: User\r\n unknown",
        ));
        assert_eq!(bounce.message_ids, [format!("{TAG}@example.com")]);
        let receipt = bounce.receipt;
        assert_eq!(receipt.kind, ReceiptKind::Bounced);
        assert!(receipt.permanent && receipt.retires_address());
        assert_eq!(receipt.code.as_deref(), Some("5.1.1"));
        assert_eq!(
            receipt.text.as_deref(),
            Some("550 5.1.1 <ana@example.com>: User unknown")
        );
        assert_eq!(receipt.address.as_deref(), Some("ana@example.com"));
        assert_eq!(receipt.at.to_rfc3339(), "2026-11-23T12:10:00+00:00");
    }

    #[test]
    fn soft_ones_and_those_that_are_not_about_the_address_keep_it() {
        for (action, status, permanent) in [
            ("delayed", "4.4.1", false),
            ("failed", "4.2.2", true),
            ("failed", "4.4.7", true),
            ("failed", "5.7.1", true),
            ("failed", "5.2.2", true),
        ] {
            let receipt = of(&report(action, status, "x")).receipt;
            assert_eq!(receipt.permanent, permanent, "{action} {status}");
            assert!(!receipt.retires_address(), "{action} {status}");
        }
        let vague = of(&report("failed", "5.0.0", "550 5.1.1 no such user")).receipt;
        assert_eq!(vague.code.as_deref(), Some("5.1.1"));
        let delivered = of(&report("delivered", "2.0.0", "ok")).receipt;
        assert_eq!(delivered.kind, ReceiptKind::Delivered);
    }

    #[test]
    fn servers_that_follow_no_standard_are_understood_by_their_words() {
        let mail = |from: &str, subject: &str, text: &str| {
            format!(
                "Return-Path: <>\r\nFrom: {from}\r\nSubject: {subject}\r\nIn-Reply-To: <{TAG}@example.com>\r\n\r\n{text}\r\n"
            )
        };
        let qmail = of(&mail(
            "MAILER-DAEMON@velho.example.com",
            "failure notice",
            "Hi. This is the qmail-send program.\r\n<ana@example.com>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\nquota exceeded",
        ));
        assert!(qmail.receipt.retires_address());
        assert_eq!(qmail.receipt.address.as_deref(), Some("ana@example.com"));
        assert_eq!(qmail.message_ids, [format!("{TAG}@example.com")]);
        let full = of(&mail(
            "postmaster@x.example.com",
            "Falha na entrega",
            "A caixa de correio cheia: ana@example.com",
        ));
        assert!(!full.receipt.permanent);
        let nobody = of(&mail(
            "System <sistema@x.example.com>",
            "Mensagem devolvida",
            "O usuário desconhecido ana@example.com",
        ));
        assert!(nobody.receipt.permanent);
    }

    #[test]
    fn an_answer_of_a_person_is_no_bounce() {
        for mail in [
            "From: ana@example.com\r\nSubject: Re: Fatura\r\n\r\nO user unknown 5.1.1?\r\n",
            "From: ana@example.com\r\nAuto-Submitted: auto-replied\r\nReturn-Path: <>\r\nSubject: Mail delivery: ferias\r\n\r\nnao existe\r\n",
            "From: MAILER-DAEMON@x\r\nSubject: hello\r\n\r\nnothing to tell\r\n",
            "",
        ] {
            assert_eq!(read(mail.as_bytes(), now()), None, "{mail}");
        }
    }
}
