//! What became of a message at its provider: taken, or refused with what to do next.

use std::time::Duration;

use crate::domain::words::{Purpose, Reason};
use crate::error::Error;
use crate::http::{Cover, Failure, HttpAnswer, shortened};

/// A provider's word that it took a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Its id of the message.
    pub provider_id: Option<String>,
    /// Its code (an HTTP status, an SMTP reply).
    pub code: Option<String>,
    /// Its words.
    pub text: Option<String>,
}

impl Accepted {
    /// The same word without a secret, whatever the provider threw back, and of a length to keep.
    pub(super) fn covered(self, cover: &Cover) -> Self {
        let clean = |told: Option<String>| told.map(|told| cover.cover(shortened(&told, 500)));
        Self {
            provider_id: clean(self.provider_id),
            code: clean(self.code),
            text: clean(self.text),
        }
    }
}

/// What to do after a provider did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It said no for good: the message fails with this reason. Where the refusal does not say whom it is
    /// about, eight alike in a row are about us, and none of them fails.
    Never(Reason),
    /// The address is gone for good: the message fails, and a device of this address is forgotten.
    Gone(Reason),
    /// The person told the provider to stop: on this channel, for this purpose or for all. The message
    /// fails, and the opt-out is noted.
    OptedOut(Option<Purpose>),
    /// It said no for now: try again, not before so long from now when it said so.
    Later(Option<Duration>),
    /// This message must wait so long, and that is no try of it.
    Wait(Duration),
    /// Nothing was sent (no connection): try again, which costs no try; ten of these in a row close the
    /// channel.
    NotSent,
    /// The template is not to be had, for whomever it was: messages of the same template and batch wait
    /// for the next run, the rest of the channel goes on.
    StopBatch,
    /// Nobody's turn: bad credentials, a used-up balance, provider down. The channel closes for this run.
    Stop,
    /// The request may have arrived; nobody can tell.
    Unknown,
}

/// Whom a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AboutWhom {
    /// The answer does not tell.
    #[default]
    Unsaid,
    /// The recipient: no other message has to do with it.
    Recipient,
    /// What is written, with this recipient's values in it: the template's fault, or one value's.
    Content,
}

/// A message that was not taken: what to do next, and the provider's own code and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What to do.
    pub next: Next,
    /// Whom it is about, as far as the answer tells.
    pub about: AboutWhom,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words, or ours where it said nothing; never a secret.
    pub text: String,
}

impl Refusal {
    /// A refusal with its words.
    pub fn new(next: Next, text: impl Into<String>) -> Self {
        Self {
            next,
            about: match next {
                Next::Gone(_) | Next::OptedOut(_) | Next::Wait(_) => AboutWhom::Recipient,
                _ => AboutWhom::Unsaid,
            },
            code: None,
            text: text.into(),
        }
    }

    /// The provider's code and words, on one line.
    pub fn said(&self) -> String {
        match &self.code {
            Some(code) => format!("{code}: {}", self.text),
            None => self.text.clone(),
        }
    }

    /// The same refusal, with the provider's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same refusal, about somebody or something.
    #[must_use]
    pub const fn about(mut self, about: AboutWhom) -> Self {
        self.about = about;
        self
    }
}

/// What a provider's code means: what to do, and whom it is about.
pub(super) type Meaning = (Next, AboutWhom);

/// A fault in what is written.
pub(super) const CONTENT: Meaning = (Next::Never(Reason::Refused), AboutWhom::Content);
/// This recipient, for good.
pub(super) const RECIPIENT: Meaning = (Next::Never(Reason::Refused), AboutWhom::Recipient);
/// For good, and nobody says whom it is about.
pub(super) const UNSAID: Meaning = (Next::Never(Reason::Refused), AboutWhom::Unsaid);
/// Us: the account, the sender, the balance.
pub(super) const US: Meaning = (Next::Stop, AboutWhom::Unsaid);

/// What to do when no answer came.
pub(super) fn lost(failure: Failure) -> Refusal {
    match failure {
        Failure::NotSent(text) => Refusal::new(Next::NotSent, text),
        Failure::Unknown(text) => Refusal::new(Next::Unknown, text),
    }
}

/// What an answer means by its status alone, when nothing in it says more: a success that does not
/// look like one may have been one; a redirect means a wrong address, and is never followed.
pub(super) fn by_status(answer: &HttpAnswer, text: impl Into<String>) -> Refusal {
    let text = text.into();
    let refusal = match answer.status {
        300..=399 => Refusal::new(
            Next::Stop,
            format!(
                "it redirects to {}; check the configured address",
                answer
                    .location
                    .as_deref()
                    .map_or("another address", crate::http::host)
            ),
        ),
        // Credentials, balance, permission, or an address that takes no messages: ours to mend.
        401..=405 | 407 => Refusal::new(Next::Stop, text),
        408 | 425 | 429 | 500..=599 => Refusal::new(Next::Later(answer.retry_after), text),
        400..=499 => Refusal::new(Next::Never(Reason::Refused), text),
        _ => Refusal::new(Next::Unknown, text),
    };
    refusal.code(answer.status.to_string())
}

/// A refusal of a harmless call, as an error for a person.
pub(super) fn world(provider: &str, refusal: Refusal) -> Error {
    let code = refusal
        .code
        .map_or_else(String::new, |code| format!(" ({code})"));
    Error::world(format!("{provider} refused{code}: {}", refusal.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_alone_decides_as_section_6_says() {
        let answered = |status| {
            let answer = HttpAnswer {
                status,
                retry_after: Some(Duration::from_secs(7)),
                content_type: None,
                location: Some("https://login.example.com/x?token=1".to_owned()),
                body: Vec::new(),
            };
            by_status(&answer, "words")
        };
        let later = Next::Later(Some(Duration::from_secs(7)));
        for (status, next) in [
            (200, Next::Unknown),
            (301, Next::Stop),
            (400, Next::Never(Reason::Refused)),
            (401, Next::Stop),
            (402, Next::Stop),
            (404, Next::Stop),
            (405, Next::Stop),
            (410, Next::Never(Reason::Refused)),
            (429, later),
            (503, later),
        ] {
            assert_eq!(answered(status).next, next, "{status}");
        }
        assert_eq!(
            answered(301).text,
            "it redirects to login.example.com; check the configured address"
        );
    }
}
