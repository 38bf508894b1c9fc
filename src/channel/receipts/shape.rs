//! What a description says of one sort of report: where its parts stand, and what its words mean.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Words, instant};
use crate::clock::Now;
use crate::domain::receipt::{Preference, Receipt, ReceiptKind, Reply};
use crate::domain::recipient::OptOut;
use crate::domain::text::fold;
use crate::domain::words::{Channel, Purpose, Word as _};

/// The longest text of a report that is kept, in characters.
const LONGEST: usize = 2_000;

/// What must be said, by its place; an empty word: nothing; a star: anything.
type Said = BTreeMap<String, Vec<String>>;

/// The parts of a document that are meant: those at the first of the places of `each` that finds any (JSON
/// pointers in which `*` stands for every entry of a list, or for a lone one; without any the document
/// itself), where the document says what `when` asks, and which say what `only` asks.
fn parts<'v>(document: &'v Value, each: &[String], when: &Said, only: &Said) -> Vec<&'v Value> {
    if !holds(when, document) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if each.is_empty() {
        found.push(document);
    }
    for place in each {
        walk(document, place, &mut found);
        if !found.is_empty() {
            break;
        }
    }
    found.retain(|part| part.is_object() && holds(only, part));
    found
}

/// A report of what became of a message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptShape {
    #[serde(default)]
    each: Vec<String>,
    #[serde(default)]
    when: Said,
    #[serde(default)]
    only: Said,
    /// The provider's id of the message.
    id: Vec<String>,
    /// Our key, tag or reference.
    #[serde(default)]
    key: Vec<String>,
    /// The word for what happened.
    status: Vec<String>,
    #[serde(default)]
    at: Vec<String>,
    #[serde(default)]
    code: Vec<String>,
    #[serde(default)]
    reason: Vec<String>,
    /// Which provider's id it is, where the report itself says so.
    #[serde(default)]
    provider: Vec<String>,
    /// The words, by what they mean.
    words: Words,
    /// Codes that say that the person stopped: the channel, and the purpose or `all`.
    #[serde(default)]
    stopped: BTreeMap<String, [String; 2]>,
}

impl ReceiptShape {
    /// A report of one message, whose id stands under `id`.
    pub(super) fn of_one(
        status: Vec<String>,
        at: Vec<String>,
        code: Vec<String>,
        reason: Vec<String>,
        words: Words,
    ) -> Self {
        Self {
            each: Vec::new(),
            when: Said::new(),
            only: Said::new(),
            id: vec!["/id".to_owned()],
            key: Vec::new(),
            status,
            at,
            code,
            reason,
            provider: Vec::new(),
            words,
            stopped: BTreeMap::new(),
        }
    }

    /// Every receipt within a document, with the provider where it says one.
    pub(super) fn read(
        &self,
        document: &Value,
        now: Now,
    ) -> Vec<Result<(Receipt, Option<String>), String>> {
        parts(document, &self.each, &self.when, &self.only)
            .into_iter()
            .filter_map(|part| self.one(part, now).transpose())
            .collect()
    }

    /// The receipt of one part; none where it says nothing that means anything here.
    fn one(&self, part: &Value, now: Now) -> Result<Option<(Receipt, Option<String>)>, String> {
        let Some(word) = text(part, &self.status) else {
            return Ok(None);
        };
        let Some((kind, permanent)) = self.meaning(&word) else {
            return Ok(None);
        };
        let (provider_id, key) = (text(part, &self.id), text(part, &self.key));
        if provider_id.is_none() && key.is_none() {
            return Err(format!("a `{}` without an id", short(&word, 40)));
        }
        let code = text(part, &self.code).map(|code| short(&code, 100));
        let stopped = code.as_ref().and_then(|code| self.stopped.get(code));
        let receipt = Receipt {
            at: instant::told(part, &self.at, now).map_err(|found| {
                format!("the `{}` has no time: found `{found}`", short(&word, 40))
            })?,
            text: text(part, &self.reason).map(|text| short(&text, LONGEST)),
            stopped: stopped.map(|[channel, purpose]| OptOut {
                channel: Channel::parse(channel),
                purpose: Purpose::parse(purpose),
            }),
            address: None,
            provider_id,
            key,
            kind,
            permanent,
            code,
        };
        Ok(Some((receipt, text(part, &self.provider))))
    }

    /// What its words may mean.
    #[cfg(test)]
    pub(super) fn meanings(&self) -> impl Iterator<Item = &str> {
        self.words.keys().map(String::as_str)
    }

    /// What a word means, and whether it is for good.
    fn meaning(&self, word: &str) -> Option<(ReceiptKind, bool)> {
        let (meant, _) = self
            .words
            .iter()
            .find(|(_, words)| words.iter().any(|known| alike(known, word)))?;
        match meant.as_str() {
            "soft" => Some((ReceiptKind::Bounced, false)),
            meant => {
                let kind = ReceiptKind::parse(meant)?;
                let permanent = matches!(kind, ReceiptKind::Failed | ReceiptKind::Bounced);
                Some((kind, permanent))
            }
        }
    }
}

/// What a person wrote back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyShape {
    #[serde(default)]
    each: Vec<String>,
    #[serde(default)]
    when: Said,
    #[serde(default)]
    only: Said,
    /// How it came, where that is always the same.
    channel: String,
    /// Where the report says how it came.
    #[serde(default)]
    channel_at: Vec<String>,
    #[serde(default)]
    id: Vec<String>,
    from: Vec<String>,
    text: Vec<String>,
    #[serde(default)]
    at: Vec<String>,
    /// The message that it answers.
    #[serde(default)]
    about: Vec<String>,
}

impl ReplyShape {
    /// Every reply within a document.
    pub(super) fn read(&self, document: &Value, now: Now) -> Vec<Result<Reply, String>> {
        parts(document, &self.each, &self.when, &self.only)
            .into_iter()
            .filter_map(|part| self.one(part, now).transpose())
            .collect()
    }

    fn one(&self, part: &Value, now: Now) -> Result<Option<Reply>, String> {
        let (Some(from), Some(said)) = (text(part, &self.from), text(part, &self.text)) else {
            return Ok(None);
        };
        // A group, or a person whose number WhatsApp hides.
        if from.ends_with("@g.us") || from.ends_with("@lid") {
            return Ok(None);
        }
        let channel = text(part, &self.channel_at).unwrap_or_else(|| self.channel.clone());
        let Some(channel) = Channel::parse(&channel) else {
            return Ok(None);
        };
        Ok(Some(Reply {
            provider_id: text(part, &self.id),
            about: text(part, &self.about),
            channel,
            from: short(&from, 100),
            text: short(&said, LONGEST),
            at: instant::told(part, &self.at, now)
                .map_err(|found| format!("a reply without a time: found `{found}`"))?,
        }))
    }
}

/// What a person told WhatsApp about marketing messages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreferenceShape {
    #[serde(default)]
    each: Vec<String>,
    #[serde(default)]
    only: Said,
    from: Vec<String>,
    word: Vec<String>,
    stop: Vec<String>,
    resume: Vec<String>,
}

impl PreferenceShape {
    /// Every preference within a document.
    pub(super) fn read(&self, document: &Value) -> Vec<Preference> {
        parts(document, &self.each, &Said::new(), &self.only)
            .into_iter()
            .filter_map(|part| {
                let word = text(part, &self.word)?;
                let says = |words: &[String]| words.iter().any(|known| alike(known, &word));
                let stops = says(&self.stop);
                (stops || says(&self.resume)).then_some(())?;
                Some(Preference {
                    from: short(&text(part, &self.from)?, 100),
                    stops,
                })
            })
            .collect()
    }
}

/// Whether a part says one of the words that are wanted at each place.
fn holds(wanted: &Said, part: &Value) -> bool {
    wanted.iter().all(|(place, words)| {
        let said = text(part, std::slice::from_ref(place)).unwrap_or_default();
        words.iter().any(|word| match word.as_str() {
            "*" => !said.is_empty(),
            word => alike(word, &said),
        })
    })
}

/// Everything that stands at a place, whose `*` means every entry of a list, or a lone one.
fn walk<'v>(value: &'v Value, place: &str, found: &mut Vec<&'v Value>) {
    let Some((before, after)) = place.split_once("/*") else {
        found.extend(value.pointer(place));
        return;
    };
    match value.pointer(before) {
        Some(Value::Array(entries)) => {
            for entry in entries {
                walk(entry, after, found);
            }
        }
        Some(lone @ Value::Object(_)) => walk(lone, after, found),
        _ => {}
    }
}

/// The first of these places that holds a text or a number, as a text that is not empty.
fn text(part: &Value, places: &[String]) -> Option<String> {
    places.iter().find_map(|place| match part.pointer(place)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    })
}

/// Whether a word is what a description knows, case and accents aside; a star at its end stands for the rest.
fn alike(known: &str, said: &str) -> bool {
    let said = fold(said);
    match known.strip_suffix('*') {
        Some(start) => said.starts_with(&fold(start)),
        None => said == fold(known),
    }
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
