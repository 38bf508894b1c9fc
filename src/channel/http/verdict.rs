//! What a gateway's answer means: by its status, by a value within it, by the id it gives.

use serde_json::Value;

use super::preset::Preset;
use crate::channel::{
    AboutWhom, Accepted, CONTENT, Meaning, Next, RECIPIENT, Refusal, US, by_status,
};
use crate::domain::words::Reason;
use crate::http::{Cover, HttpAnswer, shortened};
use crate::toml_table::Section;

/// Statuses that are about us: credentials, balance, permission, an address that takes no messages.
const STOPS: [i64; 6] = [401, 402, 403, 404, 405, 407];

/// How the answers of a gateway are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Statuses that mean accepted.
    accepted: Vec<i64>,
    /// Statuses that mean try again later.
    later: Vec<i64>,
    /// Statuses that mean no for good.
    never: Vec<i64>,
    /// Statuses that close the channel.
    stop: Vec<i64>,
    /// A name that decides before all else.
    names: Option<Names>,
    /// A value that decides before the status does.
    results: Option<Results>,
    /// A JSON pointer to the gateway's id of the message.
    id_pointer: Option<String>,
    /// JSON pointers to the gateway's words; the first that finds something counts.
    message_pointers: Vec<String>,
}

/// What the values at one place of an answer mean.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Results {
    /// The place, a JSON pointer.
    pointer: String,
    /// Values that mean accepted; none: any.
    accepted: Vec<String>,
    /// Values that mean try again later.
    later: Vec<String>,
    /// Values that mean no for good.
    never: Vec<String>,
    /// Values that close the channel.
    stop: Vec<String>,
}

/// What the names at one place of an answer mean, where the gateway's groups do not tell whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    /// The place, a JSON pointer.
    pointer: String,
    /// Names that close the channel: they are about us.
    stop: Vec<String>,
    /// Names that mean try again later.
    later: Vec<String>,
    /// Names that are about the recipient.
    recipient: Vec<String>,
    /// Names that are about the text.
    content: Vec<String>,
}

impl Names {
    fn of(preset: &Preset) -> Option<Self> {
        let listed = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        Some(Self {
            pointer: preset.name_pointer.clone()?,
            stop: listed(&preset.name_stop),
            later: listed(&preset.name_later),
            recipient: listed(&preset.name_recipient),
            content: listed(&preset.name_content),
        })
    }

    /// What a name that is listed means.
    fn meaning(&self, name: &str, answer: &HttpAnswer) -> Option<Meaning> {
        if matches(&self.stop, name) {
            Some(US)
        } else if matches(&self.later, name) {
            Some((Next::Later(answer.retry_after), AboutWhom::Unsaid))
        } else if matches(&self.recipient, name) {
            Some(RECIPIENT)
        } else if matches(&self.content, name) {
            Some(CONTENT)
        } else {
            None
        }
    }
}

impl Verdict {
    /// Whether nothing that a body says is looked at.
    pub(super) fn is_by_status_alone(&self) -> bool {
        self.results.is_none() && self.id_pointer.is_none() && self.names.is_none()
    }

    /// Reads how answers are read, with what the preset fills in.
    pub(super) fn read(section: &Section<'_, '_>, preset: &Preset) -> Self {
        let texts = |key, preset: &Option<Vec<String>>| {
            section
                .texts(key)
                .or_else(|| preset.clone())
                .unwrap_or_default()
        };
        let numbers = |key, preset: &Option<Vec<i64>>, usual: &[i64]| {
            section
                .numbers(key)
                .or_else(|| preset.clone())
                .unwrap_or_else(|| usual.to_vec())
        };
        let (accepted, later, never, stop) = (
            numbers("accepted", &preset.accepted, &[200, 201, 202]),
            numbers("later", &preset.later, &[408, 425, 429, 500, 502, 503, 504]),
            numbers("never", &preset.never, &[]),
            section.numbers("stop").or_else(|| preset.stop.clone()),
        );
        // What is said to mean something else does not stop by itself.
        let stop = stop.unwrap_or_else(|| {
            let said = [&accepted, &later, &never];
            let free = |status: &i64| !said.iter().any(|list| list.contains(status));
            STOPS.iter().copied().filter(free).collect()
        });
        let pointer = read_pointer(section, "result_pointer", preset.result_pointer.as_ref());
        let results = (
            texts("result_accepted", &preset.result_accepted),
            texts("result_later", &preset.result_later),
            texts("result_never", &preset.result_never),
            texts("result_stop", &preset.result_stop),
        );
        Self {
            accepted,
            later,
            never,
            stop,
            names: Names::of(preset),
            results: pointer.map(|pointer| Results {
                pointer,
                accepted: results.0,
                later: results.1,
                never: results.2,
                stop: results.3,
            }),
            id_pointer: read_pointer(section, "id_pointer", preset.id_pointer.as_ref()),
            message_pointers: read_pointer(section, "message_pointer", None)
                .map(|pointer| vec![pointer])
                .or_else(|| preset.message_pointers.clone())
                .unwrap_or_default(),
        }
    }

    /// The gateway's words, or the beginning of its answer, without a secret.
    pub(super) fn words(&self, answer: &HttpAnswer, json: Option<&Value>, cover: &Cover) -> String {
        let told = self
            .message_pointers
            .iter()
            .filter_map(|pointer| scalar(json?.pointer(pointer)?))
            .find(|text| !text.trim().is_empty());
        let text = told.map_or_else(|| answer.excerpt(), |text| shortened(&text, 300));
        cover.cover(text)
    }

    /// What an answer means: taken, or refused with what to do.
    pub(super) fn judge(&self, answer: &HttpAnswer, cover: &Cover) -> Result<Accepted, Refusal> {
        let json = answer.json();
        let json = json.as_ref();
        let status = i64::from(answer.status);
        let words = || self.words(answer, json, cover);
        let found = self
            .results
            .as_ref()
            .and_then(|results| scalar(json?.pointer(&results.pointer)?));
        let code = found.as_ref().map_or_else(
            || status.to_string(),
            |value| cover.cover(format!("{status} {}", shortened(value, 100))),
        );
        let refuse = |next| Err(Refusal::new(next, words()).code(code.clone()));
        let named = self.names.as_ref().and_then(|names| {
            let name = scalar(json?.pointer(&names.pointer)?)?;
            let (next, about) = names.meaning(&name, answer)?;
            let code = cover.cover(format!("{status} {}", shortened(&name, 100)));
            Some(Refusal::new(next, words()).about(about).code(code))
        });
        if let Some(refusal) = named {
            return Err(refusal);
        }

        // The value decides before the status does.
        let by_value = self.results.as_ref().zip(found.as_ref());
        let next = by_value
            .and_then(|(results, value)| results.refusal(value, answer))
            .or_else(|| self.refusal(status, answer));
        if let Some(next) = next {
            return refuse(next);
        }
        if !self.accepted.contains(&status) {
            return Err(by_status(answer, words()));
        }
        // The status says accepted; what was asked of the body must say so too.
        if let Some(results) = &self.results {
            let accepted = found.as_ref().is_some_and(|value| {
                results.accepted.is_empty() || matches(&results.accepted, value)
            });
            if !accepted {
                return refuse(Next::Unknown);
            }
        }
        let provider_id = match &self.id_pointer {
            None => None,
            // Who was promised an id and got none, or an empty one, was not told that it is accepted.
            Some(pointer) => match json.and_then(|json| scalar(json.pointer(pointer)?)) {
                Some(id) if !id.trim().is_empty() => Some(id),
                _ => return refuse(Next::Unknown),
            },
        };
        Ok(Accepted {
            provider_id,
            code: Some(code.clone()),
            text: Some(words()),
        }
        .covered(cover))
    }

    /// What a status that is listed as a refusal means.
    fn refusal(&self, status: i64, answer: &HttpAnswer) -> Option<Next> {
        if self.stop.contains(&status) {
            Some(Next::Stop)
        } else if self.never.contains(&status) {
            Some(Next::Never(Reason::Refused))
        } else if self.later.contains(&status) {
            Some(Next::Later(answer.retry_after))
        } else {
            None
        }
    }
}

impl Results {
    /// What a value that is listed as a refusal means.
    fn refusal(&self, value: &str, answer: &HttpAnswer) -> Option<Next> {
        if matches(&self.stop, value) {
            Some(Next::Stop)
        } else if matches(&self.never, value) {
            Some(Next::Never(Reason::Refused))
        } else if matches(&self.later, value) {
            Some(Next::Later(answer.retry_after))
        } else {
            None
        }
    }
}

/// A place in a JSON answer.
fn read_pointer(
    section: &Section<'_, '_>,
    key: &'static str,
    usual: Option<&String>,
) -> Option<String> {
    let pointer = section.filled(key).or_else(|| usual.cloned())?;
    if !pointer.starts_with('/') {
        section.wrong(
            key,
            format!("found `{pointer}`"),
            "write a JSON pointer such as /data/id",
        );
    }
    Some(pointer)
}

/// A value of JSON as the configuration would write it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value is one of those listed; `REJECTED*` means any that begins so.
fn matches(listed: &[String], value: &str) -> bool {
    listed.iter().any(|item| match item.strip_suffix('*') {
        Some(start) => value.starts_with(start),
        None => item == value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_values_may_end_in_a_star() {
        let listed = ["PENDING*".to_owned(), "0".to_owned()];
        assert!(matches(&listed, "PENDING_ENROUTE") && matches(&listed, "0"));
        assert!(!matches(&listed, "00") && !matches(&listed, "pending"));
    }
}
