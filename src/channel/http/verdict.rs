//! What a gateway's answer means: by its rules, by statuses and one value, by what statuses mean anyway.

use super::description::{AnswerKeys, Description, IdPlace};
use super::glob::Glob;
use super::rule::{AnswerRule, Read, scalar};
use crate::channel::{AboutWhom, Accepted, Meaning, Next, Refusal, UNSAID, US, by_status};
use crate::domain::words::{Channel, Reason};
use crate::http::{Cover, HttpAnswer, shortened};

/// Statuses that are about us: credentials, balance, permission, an address that takes no messages.
const STOPS: [i64; 6] = [401, 402, 403, 404, 405, 407];

/// How the answers of a gateway are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    channel: Channel,
    /// The first that holds decides.
    rules: Vec<AnswerRule>,
    /// Statuses that mean accepted.
    accepted: Vec<i64>,
    /// Statuses that mean try again later.
    later: Vec<i64>,
    /// Statuses that mean no for good.
    never: Vec<i64>,
    /// Statuses that close the channel.
    stop: Vec<i64>,
    /// A value that decides before the status does.
    results: Option<Results>,
    /// Where the gateway's id of the message stands.
    id: Option<IdPlace>,
    /// JSON pointers to the gateway's words; the first that finds something counts.
    message_pointers: Vec<String>,
    /// Where it says how many seconds to wait.
    retry_pointer: Option<String>,
}

/// What the values at one place of an answer mean.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Results {
    /// The place, a JSON pointer.
    pointer: String,
    /// Values that mean accepted; none: any.
    accepted: Vec<Glob>,
    /// Values that mean try again later.
    later: Vec<Glob>,
    /// Values that mean no for good.
    never: Vec<Glob>,
    /// Values that close the channel.
    stop: Vec<Glob>,
}

/// What an answer comes to, and what said so.
pub(super) struct Ruling {
    /// What to do; none: the gateway took the message.
    next: Option<Meaning>,
    /// The gateway's code, as it is told: the status, and the word that decided.
    code: String,
    /// The gateway's id of the message.
    id: Option<String>,
    /// Which rule, key or custom it was.
    pub(super) by: String,
}

impl Verdict {
    /// How the answers of a gateway that is so described are read.
    pub(super) fn of(described: &mut Description, channel: Channel) -> Self {
        let keys = std::mem::take(&mut described.keys);
        let AnswerKeys {
            accepted,
            later,
            never,
            stop,
            ..
        } = &keys;
        let usual = |given: &Option<Vec<i64>>, usual: &[i64]| {
            given.clone().unwrap_or_else(|| usual.to_vec())
        };
        let accepted = usual(accepted, &[200, 201, 202]);
        let later = usual(later, &[408, 425, 429, 500, 502, 503, 504]);
        let never = usual(never, &[]);
        // What is said to mean something else does not stop by itself.
        let stop = stop.clone().unwrap_or_else(|| {
            let said = [&accepted, &later, &never];
            let free = |status: &i64| !said.iter().any(|list| list.contains(status));
            STOPS.iter().copied().filter(free).collect()
        });
        Self {
            channel,
            rules: std::mem::take(&mut described.rules),
            accepted,
            later,
            never,
            stop,
            results: keys.result_pointer.map(|pointer| Results {
                pointer,
                accepted: keys.result_accepted.unwrap_or_default(),
                later: keys.result_later.unwrap_or_default(),
                never: keys.result_never.unwrap_or_default(),
                stop: keys.result_stop.unwrap_or_default(),
            }),
            id: described.id.take(),
            message_pointers: described.message_pointers.take().unwrap_or_default(),
            retry_pointer: described.retry_pointer.take(),
        }
    }

    /// Whether nothing that a body says is looked at.
    pub(super) fn is_by_status_alone(&self) -> bool {
        self.results.is_none()
            && self.id.is_none()
            && !self.rules.iter().any(AnswerRule::looks_at_body)
    }

    /// The gateway's words, or the beginning of its answer, without a secret.
    pub(super) fn words(&self, answer: &HttpAnswer, cover: &Cover) -> String {
        self.words_of(&Read::of(answer), cover)
    }

    fn words_of(&self, read: &Read<'_>, cover: &Cover) -> String {
        let told = self
            .message_pointers
            .iter()
            .filter_map(|pointer| read.scalar(pointer))
            .find(|text| !text.trim().is_empty());
        let text = told.map_or_else(|| read.answer.excerpt(), |text| shortened(&text, 300));
        cover.cover(text)
    }

    /// What an answer means: taken, or refused with what to do.
    pub(super) fn judge(&self, answer: &HttpAnswer, cover: &Cover) -> Result<Accepted, Refusal> {
        self.judge_by(answer, cover).0
    }

    /// The same, and which rule said so.
    pub(super) fn judge_by(
        &self,
        answer: &HttpAnswer,
        cover: &Cover,
    ) -> (Result<Accepted, Refusal>, String) {
        let waiting = self.waiting(answer);
        let read = Read::of(&waiting);
        let ruling = self.rule(&read);
        let words = self.words_of(&read, cover);
        let code = cover.cover(&*ruling.code);
        let outcome = match ruling.next {
            None => Ok(Accepted {
                provider_id: ruling.id,
                code: Some(code),
                text: Some(words),
            }
            .covered(cover)),
            // A redirect says where it points to.
            Some(_) if ruling.by.starts_with(CUSTOM) => Err(by_status(&waiting, words)),
            Some((next, about)) => Err(Refusal::new(next, words).about(about).code(code)),
        };
        (outcome, ruling.by)
    }

    /// The answer, with what its body says of waiting.
    fn waiting(&self, answer: &HttpAnswer) -> HttpAnswer {
        let mut answer = answer.clone();
        if answer.retry_after.is_none()
            && let Some(pointer) = &self.retry_pointer
        {
            let json = answer.json();
            let seconds = json.and_then(|json| scalar(json.pointer(pointer)?));
            let now = chrono::DateTime::UNIX_EPOCH;
            answer.retry_after = seconds.and_then(|text| crate::http::retry_after(&text, now));
        }
        answer
    }

    /// What says what an answer means.
    fn rule(&self, read: &Read<'_>) -> Ruling {
        let status = i64::from(read.answer.status);
        if let Some(rule) = self.rules.iter().find(|rule| rule.holds(read)) {
            let next = rule.next(self.channel, read.answer);
            let code = match rule.word(read) {
                Some(word) => format!("{status} {word}"),
                None => status.to_string(),
            };
            return self.with_id(read, next, code, rule.place.clone());
        }
        let found = self
            .results
            .as_ref()
            .and_then(|results| Some((results, read.scalar(&results.pointer)?)));
        let code = match &found {
            Some((_, value)) => format!("{status} {}", shortened(value, 100)),
            None => status.to_string(),
        };
        // The value decides before the status does.
        let by_value = found
            .as_ref()
            .and_then(|(results, value)| results.refusal(value, read.answer));
        if let Some((meaning, key)) = by_value.or_else(|| self.refusal(status, read.answer)) {
            return self.with_id(read, Some(meaning), code, key.to_owned());
        }
        if !self.accepted.contains(&status) {
            let refusal = by_status(read.answer, "");
            let next = Some((refusal.next, refusal.about));
            return self.with_id(read, next, code, format!("{CUSTOM} {status}"));
        }
        // The status says accepted; what was asked of the body must say so too.
        let Some(results) = &self.results else {
            return self.with_id(read, None, code, "accepted".to_owned());
        };
        let accepted = found.as_ref().is_some_and(|(_, value)| {
            results.accepted.is_empty() || fits(&results.accepted, value)
        });
        let next = (!accepted).then_some((Next::Unknown, AboutWhom::Unsaid));
        let by = if accepted {
            "result_accepted".to_owned()
        } else {
            format!("no result_… has what stands at {}", results.pointer)
        };
        self.with_id(read, next, code, by)
    }

    /// A ruling. Who was promised an id and got none was not told that it is accepted.
    fn with_id(&self, read: &Read<'_>, next: Option<Meaning>, code: String, by: String) -> Ruling {
        let id = match &self.id {
            None => None,
            Some(IdPlace::Pointers(pointers)) => pointers
                .iter()
                .filter_map(|pointer| read.scalar(pointer))
                .find(|id| !id.trim().is_empty()),
            Some(IdPlace::Text(place)) => place.find(&read.text),
        };
        let id = id.filter(|id| !id.trim().is_empty());
        if next.is_none() && id.is_none() && self.id.is_some() {
            let key = match &self.id {
                Some(IdPlace::Text(_)) => "id_text",
                _ => "id_pointer",
            };
            return Ruling {
                next: Some((Next::Unknown, AboutWhom::Unsaid)),
                code,
                id,
                by: format!("{key}: the answer has no id (else accepted by {by})"),
            };
        }
        Ruling { next, code, id, by }
    }

    /// What a status that is listed as a refusal means.
    fn refusal(&self, status: i64, answer: &HttpAnswer) -> Option<(Meaning, &'static str)> {
        if self.stop.contains(&status) {
            Some((US, "stop"))
        } else if self.never.contains(&status) {
            Some((UNSAID, "never"))
        } else if self.later.contains(&status) {
            let later = Next::Later(answer.retry_after);
            Some(((later, AboutWhom::Unsaid), "later"))
        } else {
            None
        }
    }
}

/// How a meaning is told that only the status gives, without a key that names it.
const CUSTOM: &str = "what every provider's status means:";

impl Results {
    /// What a value that is listed as a refusal means.
    fn refusal(&self, value: &str, answer: &HttpAnswer) -> Option<(Meaning, &'static str)> {
        if fits(&self.stop, value) {
            Some((US, "result_stop"))
        } else if fits(&self.never, value) {
            let never = Next::Never(Reason::Refused);
            Some(((never, AboutWhom::Unsaid), "result_never"))
        } else if fits(&self.later, value) {
            let later = Next::Later(answer.retry_after);
            Some(((later, AboutWhom::Unsaid), "result_later"))
        } else {
            None
        }
    }
}

/// Whether a value is one of those listed.
fn fits(listed: &[Glob], value: &str) -> bool {
    listed.iter().any(|glob| glob.fits(value))
}
