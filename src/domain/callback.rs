//! A status callback: what a WhatsApp provider reports later about a message it took.

use chrono::{DateTime, Utc};

use super::words::{CallbackStatus, Reason, Status};

/// Meta's code for a person who stopped marketing messages.
const STOPPED_MARKETING: &str = "131050";

/// One report about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The provider's id of the message.
    pub provider_id: String,
    /// Our key, where it came back with the report.
    pub key: Option<String>,
    /// What happened.
    pub status: CallbackStatus,
    /// When, by the provider's clock.
    pub at: DateTime<Utc>,
    /// The code of a failure.
    pub code: Option<String>,
    /// The words of a failure.
    pub text: Option<String>,
}

/// What a person told WhatsApp about marketing messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// WhatsApp's id of them: digits with the country code, often without a mobile's ninth digit.
    pub whatsapp_id: String,
    /// No more of them; or again after all.
    pub stops: bool,
}

impl Preference {
    /// The numbers that may be meant, as they are kept: an old mobile's id has no ninth digit, a
    /// landline is only itself.
    pub fn numbers(&self) -> Vec<String> {
        let digits: String = self
            .whatsapp_id
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let mut numbers = vec![format!("+{digits}")];
        let local = digits.get(4..).unwrap_or_default();
        if let Some(area) = digits.get(..4).filter(|area| area.starts_with("55")) {
            match (local.len(), local.as_bytes().first()) {
                (8, Some(b'6'..=b'9')) => numbers.push(format!("+{area}9{local}")),
                (9, Some(b'9')) => numbers.push(format!("+{area}{}", &local[1..])),
                _ => {}
            }
        }
        numbers
    }
}

/// What a webhook's file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// What became of a message.
    Status(Callback),
    /// What a person wants.
    Preference(Preference),
}

/// What a report changes about its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageChange {
    /// Nothing: it is only written down.
    Nothing,
    /// The message was sent after all.
    Sent,
    /// The message failed, for this reason.
    Failed(Reason),
}

impl Callback {
    /// Whether the person told the provider to stop marketing messages.
    pub fn stops_marketing(&self) -> bool {
        self.status == CallbackStatus::Failed && self.code.as_deref() == Some(STOPPED_MARKETING)
    }

    /// What it changes about a message in this state; `arrived` says that it is known to have been
    /// delivered or read. Reports come in any order, and more than once.
    pub fn change(&self, status: Status, arrived: bool) -> MessageChange {
        match (self.status, status) {
            // Proof of arrival outweighs a lost answer, a failure, and a second try still queued.
            (
                CallbackStatus::Delivered | CallbackStatus::Read,
                Status::Unknown | Status::Failed | Status::Queued,
            )
            | (CallbackStatus::Sent, Status::Unknown) => MessageChange::Sent,
            (CallbackStatus::Failed, Status::Sent | Status::Unknown) if !arrived => {
                if self.stops_marketing() {
                    MessageChange::Failed(Reason::OptedOut)
                } else {
                    MessageChange::Failed(Reason::Refused)
                }
            }
            _ => MessageChange::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callback(status: CallbackStatus, code: Option<&str>) -> Callback {
        Callback {
            provider_id: "wamid.1".to_owned(),
            key: None,
            status,
            at: DateTime::UNIX_EPOCH,
            code: code.map(str::to_owned),
            text: None,
        }
    }

    #[test]
    fn arrival_outweighs_failure_whatever_comes_first() {
        let delivered = callback(CallbackStatus::Delivered, None);
        let failed = callback(CallbackStatus::Failed, Some("131026"));
        assert_eq!(delivered.change(Status::Failed, false), MessageChange::Sent);
        assert_eq!(
            delivered.change(Status::Unknown, false),
            MessageChange::Sent
        );
        assert_eq!(
            delivered.change(Status::Sent, false),
            MessageChange::Nothing
        );
        assert_eq!(
            failed.change(Status::Sent, false),
            MessageChange::Failed(Reason::Refused)
        );
        assert_eq!(failed.change(Status::Sent, true), MessageChange::Nothing);
        assert_eq!(
            failed.change(Status::Cancelled, false),
            MessageChange::Nothing
        );
    }

    #[test]
    fn trial_37_a_whatsapp_id_has_no_ninth_digit() {
        let numbers = |id: &str| {
            let preference = Preference {
                whatsapp_id: id.to_owned(),
                stops: true,
            };
            preference.numbers()
        };
        assert_eq!(numbers("554999990001"), ["+554999990001", "+5549999990001"]);
        assert_eq!(numbers("554933330000"), ["+554933330000"]);
        assert_eq!(
            numbers("5549999990001"),
            ["+5549999990001", "+554999990001"]
        );
        assert_eq!(numbers("14155550100"), ["+14155550100"]);
        assert_eq!(numbers(""), ["+"]);
    }

    #[test]
    fn a_person_who_stopped_marketing_opted_out() {
        let stopped = callback(CallbackStatus::Failed, Some("131050"));
        assert!(stopped.stops_marketing());
        assert_eq!(
            stopped.change(Status::Sent, false),
            MessageChange::Failed(Reason::OptedOut)
        );
    }
}
