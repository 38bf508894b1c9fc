//! A receipt: what a provider reports later about a message it took; and what people answer.

use chrono::{DateTime, Utc};

use super::phone::{Line, Phone};
use super::recipient::OptOut;
use super::text::fold;
use super::words::{Channel, Purpose, Reason, Status, words_enum};

words_enum! {
    /// What a receipt tells.
    ReceiptKind {
        /// It is on its way from the provider.
        Sent = "sent" | "enviado" | "enviada",
        /// It arrived.
        Delivered = "delivered" | "entregue",
        /// It was read.
        Read = "read" | "lido" | "lida",
        /// It did not arrive, and will not.
        Failed = "failed" | "falhou" | "falha" | "não entregue",
        /// A mail server returned it.
        Bounced = "bounced" | "devolvido" | "devolvida",
        /// The person answered it.
        Replied = "replied" | "respondido" | "respondida",
    }
}

/// One report about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's id of the message.
    pub provider_id: Option<String>,
    /// Our key, or the tag made from it, where it came back with the report.
    pub key: Option<String>,
    /// What happened.
    pub kind: ReceiptKind,
    /// A bounce that is for good; every failure is.
    pub permanent: bool,
    /// When, by the provider's clock.
    pub at: DateTime<Utc>,
    /// The code of a failure.
    pub code: Option<String>,
    /// The words of a failure.
    pub text: Option<String>,
    /// Whose address a mail server returned it from, where it says so.
    pub address: Option<String>,
    /// What the person said no to, where the failure says that they did.
    pub stopped: Option<OptOut>,
}

/// What a person wrote back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The provider's id of the reply.
    pub provider_id: Option<String>,
    /// The provider's id, or our key, of the message that it answers, where that is told.
    pub about: Option<String>,
    /// How it came.
    pub channel: Channel,
    /// The number, as the provider writes it.
    pub from: String,
    /// What it says.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a person told WhatsApp about marketing messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// The number, as WhatsApp writes it: often without a mobile's ninth digit.
    pub from: String,
    /// No more of them; or again after all.
    pub stops: bool,
}

/// What a report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// What became of a message.
    Receipt(Receipt),
    /// What a person wrote back.
    Reply(Reply),
    /// What a person wants.
    Preference(Preference),
}

/// Who reports, and whose ids are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Informant<'a> {
    /// Under which name the report is kept: `meta`, `mail`, `csv`.
    pub source: &'a str,
    /// The providers whose ids it speaks of; none where nobody says, and then an id counts only where no
    /// two providers gave it.
    pub providers: &'a [String],
}

/// What a receipt changes about its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageChange {
    /// Nothing: it is only written down.
    Nothing,
    /// The message was sent after all.
    Sent,
    /// The message failed, for this reason.
    Failed(Reason),
}

impl Receipt {
    /// Whether it proves that the message arrived.
    pub const fn proves_arrival(&self) -> bool {
        matches!(self.kind, ReceiptKind::Delivered | ReceiptKind::Read)
    }

    /// Whether it says that the message will not arrive.
    pub const fn is_failure(&self) -> bool {
        match self.kind {
            ReceiptKind::Failed => true,
            ReceiptKind::Bounced => self.permanent,
            _ => false,
        }
    }

    /// Whether no more mail goes to its address: it came back for good, and the code says nothing else than
    /// that the address is at fault (RFC 3463): not what passes, the sender, a full mailbox, the mail system, the
    /// way there, the content or a policy.
    pub fn retires_address(&self) -> bool {
        const NOT_THE_ADDRESS: [&str; 13] = [
            "4.", "5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.", "5.4.3", "5.4.5", "5.4.6", "5.4.7",
            "5.5.3", "5.6.", "5.7.",
        ];
        let code = self.code.as_deref().unwrap_or_default();
        self.kind == ReceiptKind::Bounced
            && self.permanent
            && !NOT_THE_ADDRESS
                .iter()
                .any(|known| code == *known || (known.ends_with('.') && code.starts_with(known)))
    }

    /// What it changes about a message in this state; `arrived` says that it is known to have been
    /// delivered or read. Receipts come in any order, and more than once.
    pub fn change(&self, status: Status, arrived: bool) -> MessageChange {
        match status {
            // Proof of arrival outweighs a lost answer, a failure, a second try that waits or was given up.
            Status::Unknown
            | Status::Failed
            | Status::Queued
            | Status::Cancelled
            | Status::Skipped
                if self.proves_arrival() =>
            {
                MessageChange::Sent
            }
            Status::Unknown if self.kind == ReceiptKind::Sent => MessageChange::Sent,
            Status::Sent | Status::Unknown if self.is_failure() && !arrived => {
                MessageChange::Failed(if self.stopped.is_some() {
                    Reason::OptedOut
                } else {
                    Reason::Refused
                })
            }
            _ => MessageChange::Nothing,
        }
    }
}

/// A number as it is compared: E.164 with a mobile's ninth digit. WhatsApp always writes the country's
/// code, and no plus before it.
pub fn compared(channel: Channel, written: &str) -> String {
    let number = written.rsplit(':').next().unwrap_or(written);
    let number = number.split('@').next().unwrap_or(number).trim();
    let international = match channel {
        Channel::Whatsapp if !number.starts_with('+') => format!("+{number}"),
        _ => number.to_owned(),
    };
    match Phone::parse(&international) {
        Some(phone) if phone.line() != Line::Unusable => phone.as_str().to_owned(),
        _ => international,
    }
}

/// Words by which people say that they want no more, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopWords {
    words: Vec<String>,
    purposes: Vec<Purpose>,
}

impl StopWords {
    /// These words, for these purposes.
    pub fn new(words: &[String], purposes: Vec<Purpose>) -> Self {
        Self {
            words: words.iter().map(|word| plain(word)).collect(),
            purposes,
        }
    }

    /// The same words, for these purposes.
    #[must_use]
    pub fn with_purposes(self, purposes: Vec<Purpose>) -> Self {
        Self { purposes, ..self }
    }

    /// The purposes that a stop is for.
    pub fn purposes(&self) -> &[Purpose] {
        &self.purposes
    }

    /// Whether a whole text is one of the words; case, accents, and marks and emoji around it aside.
    pub fn stops(&self, text: &str) -> bool {
        let said = plain(text);
        !said.is_empty() && self.words.contains(&said)
    }
}

/// The words that count where nothing is configured.
impl Default for StopWords {
    fn default() -> Self {
        let words = ["parar", "sair", "stop", "cancelar", "descadastrar"];
        Self::new(&words.map(str::to_owned), vec![Purpose::Marketing])
    }
}

/// A text as stop words are compared: without what stands around its letters, as telephones and people put it
/// there. A question stays one, and so does a text without letters.
fn plain(text: &str) -> String {
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric() && c != '?');
    fold(if bare.is_empty() { text.trim() } else { bare })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(kind: ReceiptKind) -> Receipt {
        Receipt {
            provider_id: Some("wamid.1".to_owned()),
            key: None,
            kind,
            permanent: true,
            at: DateTime::UNIX_EPOCH,
            code: None,
            text: None,
            address: None,
            stopped: None,
        }
    }

    #[test]
    fn arrival_outweighs_failure_whatever_comes_first() {
        let delivered = receipt(ReceiptKind::Delivered);
        let failed = receipt(ReceiptKind::Failed);
        for status in [
            Status::Failed,
            Status::Unknown,
            Status::Queued,
            Status::Cancelled,
        ] {
            assert_eq!(delivered.change(status, false), MessageChange::Sent);
        }
        assert_eq!(
            delivered.change(Status::Sent, false),
            MessageChange::Nothing
        );
        let refused = MessageChange::Failed(Reason::Refused);
        assert_eq!(failed.change(Status::Sent, false), refused);
        assert_eq!(failed.change(Status::Sent, true), MessageChange::Nothing);
        assert_eq!(
            failed.change(Status::Cancelled, false),
            MessageChange::Nothing
        );
    }

    #[test]
    fn a_soft_bounce_changes_nothing_and_a_hard_one_fails() {
        let hard = receipt(ReceiptKind::Bounced);
        let soft = Receipt {
            permanent: false,
            ..hard.clone()
        };
        assert_eq!(soft.change(Status::Sent, false), MessageChange::Nothing);
        let refused = MessageChange::Failed(Reason::Refused);
        assert_eq!(hard.change(Status::Sent, false), refused);
    }

    #[test]
    fn a_person_who_stopped_marketing_opted_out() {
        let stopped = Receipt {
            stopped: Some(OptOut {
                channel: Some(Channel::Whatsapp),
                purpose: Some(Purpose::Marketing),
            }),
            ..receipt(ReceiptKind::Failed)
        };
        let opted_out = MessageChange::Failed(Reason::OptedOut);
        assert_eq!(stopped.change(Status::Sent, false), opted_out);
    }

    #[test]
    fn trial_37_numbers_are_compared_after_the_ninth_digit() {
        let whatsapp = |id| compared(Channel::Whatsapp, id);
        assert_eq!(whatsapp("554999990001"), "+5549999990001");
        assert_eq!(whatsapp("5549999990001"), "+5549999990001");
        assert_eq!(whatsapp("554933330000"), "+554933330000");
        assert_eq!(whatsapp("14155550100"), "+14155550100");
        assert_eq!(whatsapp("5549999990001@s.whatsapp.net"), "+5549999990001");
        assert_eq!(whatsapp("whatsapp:+5549999990001"), "+5549999990001");
        assert_eq!(compared(Channel::Sms, "49999990001"), "+5549999990001");
        assert_eq!(compared(Channel::Sms, "+5549999990001"), "+5549999990001");
    }

    #[test]
    fn only_a_whole_text_stops() {
        let words = StopWords::default();
        for text in ["PARAR", " parar. ", "Sair!", "\"stop\"", "Descadastrar"] {
            assert!(words.stops(text), "{text}");
        }
        for text in ["", "...", "parar de cair", "não quero parar", "ok"] {
            assert!(!words.stops(text), "{text}");
        }
        let own = StopWords::new(
            &["não quero".to_owned(), "🛑".to_owned()],
            vec![Purpose::Marketing],
        );
        assert!(own.stops("NAO QUERO") && own.stops(" 🛑\n") && !own.stops("👍"));
    }

    #[test]
    fn a_stop_between_marks_is_one() {
        let words = StopWords::default();
        for text in [
            "PARAR 🙏",
            "*Parar*",
            "“sair”",
            "stop…",
            "\u{200b}parar\u{fe0f}",
            "(cancelar)",
        ] {
            assert!(words.stops(text), "{text}");
        }
        for text in ["parar?", "parar 1", "🙏", "parar 🙏 sair"] {
            assert!(!words.stops(text), "{text}");
        }
    }
}
