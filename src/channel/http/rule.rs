//! Rules for a gateway's answers: the first that holds says what an answer means.

use serde_json::Value;

use super::glob::Glob;
use crate::channel::{AboutWhom, Next};
use crate::domain::words::{Channel, Reason, words_enum};
use crate::http::HttpAnswer;
use crate::toml_table::Section;

words_enum! {
    /// What an answer means.
    Means {
        /// The gateway took the message.
        Accepted = "accepted" | "aceita",
        /// Not now: it is tried again.
        Later = "later" | "depois",
        /// No, for good.
        Never = "never" | "nunca",
        /// The address is gone: of a push, the device is forgotten.
        Gone = "gone" | "sumiu",
        /// It is about us: the channel closes for this run.
        Stop = "stop" | "parar",
        /// Nobody can tell.
        Unknown = "unknown" | "desconhecida",
    }
}

words_enum! {
    /// Whom a refusal is about, where a rule says so.
    Blamed {
        /// The recipient.
        Recipient = "recipient" | "destinatário",
        /// What is written.
        Content = "content" | "conteúdo",
    }
}

/// A rule: all its conditions hold of an answer, or it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnswerRule {
    /// One of these statuses; none: any.
    status: Vec<i64>,
    /// The whole body, trimmed.
    text: Option<Glob>,
    /// A value of the body.
    value: Option<AtPointer>,
    /// What an answer means then.
    pub(super) means: Means,
    reason: Option<Reason>,
    about: Option<Blamed>,
    /// Where it is written.
    pub(super) place: String,
}

/// What must stand at a place of an answer in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AtPointer {
    pointer: String,
    /// One of these.
    is: Option<Vec<Glob>>,
    /// Something, or nothing.
    present: Option<bool>,
}

/// An answer as rules look at it.
pub(super) struct Read<'a> {
    /// The answer itself.
    pub(super) answer: &'a HttpAnswer,
    /// Its body, trimmed.
    pub(super) text: String,
    /// Its body as JSON, where it is that.
    pub(super) json: Option<Value>,
}

impl<'a> Read<'a> {
    /// Reads an answer.
    pub(super) fn of(answer: &'a HttpAnswer) -> Self {
        Self {
            answer,
            text: answer.text().trim().to_owned(),
            json: answer.json(),
        }
    }

    /// The value at a place, as the configuration would write it.
    pub(super) fn scalar(&self, pointer: &str) -> Option<String> {
        scalar(self.json.as_ref()?.pointer(pointer)?)
    }
}

impl AnswerRule {
    /// Whether it holds of an answer.
    pub(super) fn holds(&self, read: &Read<'_>) -> bool {
        let status = i64::from(read.answer.status);
        (self.status.is_empty() || self.status.contains(&status))
            && self.text.as_ref().is_none_or(|text| text.fits(&read.text))
            && self.value.as_ref().is_none_or(|value| value.holds(read))
    }

    /// Whether it looks at more than the status.
    pub(super) const fn looks_at_body(&self) -> bool {
        self.text.is_some() || self.value.is_some()
    }

    /// What is to be done, and whom it is about; none when it means accepted.
    pub(super) fn next(&self, channel: Channel, answer: &HttpAnswer) -> Option<(Next, AboutWhom)> {
        let gone = match channel {
            Channel::Push => Reason::AppNotInstalled,
            _ => Reason::UnusableContact,
        };
        let about = match (self.about, self.reason) {
            (Some(Blamed::Content), _) => AboutWhom::Content,
            (Some(Blamed::Recipient), _) | (None, Some(_)) => AboutWhom::Recipient,
            (None, None) => AboutWhom::Unsaid,
        };
        match self.means {
            Means::Accepted => None,
            Means::Later => Some((Next::Later(answer.retry_after), AboutWhom::Unsaid)),
            Means::Never if self.reason == Some(Reason::OptedOut) => {
                Some((Next::OptedOut(None), AboutWhom::Recipient))
            }
            Means::Never => Some((Next::Never(self.reason.unwrap_or(Reason::Refused)), about)),
            Means::Gone => Some((
                Next::Gone(self.reason.unwrap_or(gone)),
                AboutWhom::Recipient,
            )),
            Means::Stop => Some((Next::Stop, AboutWhom::Unsaid)),
            Means::Unknown => Some((Next::Unknown, AboutWhom::Unsaid)),
        }
    }

    /// The word in the answer that it went by, where that is one of a few.
    pub(super) fn word(&self, read: &Read<'_>) -> Option<String> {
        /// No code is longer, in characters.
        const LONGEST: usize = 64;
        let value = self.value.as_ref().filter(|value| value.is.is_some())?;
        let found = read.scalar(&value.pointer)?;
        let is_code = found.chars().count() <= LONGEST && !found.contains(char::is_whitespace);
        is_code.then_some(found)
    }

    /// Whether it holds whenever another does, as far as can be told without an answer.
    fn covers(&self, other: &Self) -> bool {
        let status = self.status.is_empty()
            || (!other.status.is_empty()
                && other
                    .status
                    .iter()
                    .all(|status| self.status.contains(status)));
        // Without a text of its own, the other holds of any.
        let any = Glob::of("*");
        let text = self
            .text
            .as_ref()
            .is_none_or(|text| text.covers(other.text.as_ref().unwrap_or(&any)));
        let value = match (&self.value, &other.value) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => wide.covers(narrow),
        };
        status && text && value
    }
}

impl AtPointer {
    fn holds(&self, read: &Read<'_>) -> bool {
        let found = read
            .json
            .as_ref()
            .and_then(|json| json.pointer(&self.pointer));
        let present = found.is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        });
        let is = |wanted: &Vec<Glob>| {
            let found = found.and_then(scalar);
            found.is_some_and(|found| wanted.iter().any(|glob| glob.fits(&found)))
        };
        self.present.is_none_or(|wanted| wanted == present) && self.is.as_ref().is_none_or(is)
    }

    fn covers(&self, narrow: &Self) -> bool {
        let is = match (&self.is, &narrow.is) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(few)) => few
                .iter()
                .all(|narrow| wide.iter().any(|wide| wide.covers(narrow))),
        };
        self.pointer == narrow.pointer
            && is
            && (self.present.is_none() || self.present == narrow.present)
    }
}

/// Reads the rules of a section, in order. One that can never hold is a flaw.
pub(super) fn read(section: &Section<'_, '_>) -> Vec<AnswerRule> {
    let mut rules: Vec<(usize, AnswerRule)> = Vec::new();
    if !section.has("answer") {
        return Vec::new();
    }
    for table in section.sections("answer") {
        let rule = read_rule(&table);
        let line = table.line();
        if let Some(rule) = rule {
            let earlier = rules.iter().find(|(_, earlier)| earlier.covers(&rule));
            if let Some((earlier, _)) = earlier {
                table.wrong_here(
                    format!("can never hold: the rule of line {earlier} holds of every such answer"),
                    "write what is special first and what is general after it, or leave this rule out",
                );
            }
            rules.push((line, rule));
        }
        table.finish();
    }
    rules.into_iter().map(|(_, rule)| rule).collect()
}

fn read_rule(table: &Section<'_, '_>) -> Option<AnswerRule> {
    let status = table.numbers("status");
    if status.as_ref().is_some_and(|status| {
        status.is_empty() || status.iter().any(|status| !(100..=599).contains(status))
    }) {
        table.wrong(
            "status",
            "names what is no status",
            "write statuses of HTTP, from 100 to 599: [200, 201]; or leave it out: any",
        );
    }
    let text = table.text("text").map(|text| Glob::of(text.trim()));
    let value = read_value(table);
    let means = table.word::<Means>("means");
    if !table.has("means") {
        table.wrong(
            "means",
            "is missing",
            format!(
                "write one of: {}",
                <Means as crate::domain::words::Word>::accepted()
            ),
        );
    }
    let reason = table.word::<Reason>("reason");
    let about = table.word::<Blamed>("about");
    for (key, given) in [("reason", reason.is_some()), ("about", about.is_some())] {
        if given && means.is_some_and(|means| !matches!(means, Means::Never | Means::Gone)) {
            table.wrong(
                key,
                "is said of what is no refusal for good",
                "leave it out, or write means = \"never\"",
            );
        }
    }
    Some(AnswerRule {
        status: status.unwrap_or_default(),
        text,
        value,
        means: means?,
        reason,
        about,
        place: format!(
            "[[{}]] ({})",
            table.full("").trim_end_matches('.'),
            table.place()
        ),
    })
}

fn read_value(table: &Section<'_, '_>) -> Option<AtPointer> {
    let is = table.texts("is");
    if is.as_ref().is_some_and(Vec::is_empty) {
        table.wrong("is", "names nothing", "write a list of texts: [\"OK\"]");
    }
    let present = table.flag("present");
    let pointer = read_pointer(table, "pointer");
    match (&pointer, is.is_some() || present.is_some()) {
        (Some(_), false) if !table.has("is") && !table.has("present") => table.wrong(
            "pointer",
            "says where to look, and not for what",
            "add is = [\"OK\"], or present = true",
        ),
        (None, true) if !table.has("pointer") => table.wrong(
            if is.is_some() { "is" } else { "present" },
            "says what to look for, and not where",
            "add pointer = \"/status\"",
        ),
        _ => {}
    }
    Some(AtPointer {
        pointer: pointer?,
        is: is.map(|texts| texts.iter().map(|text| Glob::of(text)).collect()),
        present,
    })
}

/// A place in a JSON answer (RFC 6901).
pub(super) fn read_pointer(section: &Section<'_, '_>, key: &'static str) -> Option<String> {
    let pointer = section.filled(key)?;
    check_pointer(section, key, &pointer);
    Some(pointer)
}

/// The same where it must be given; the remedy, where it is not.
pub(super) fn required_pointer(
    section: &Section<'_, '_>,
    key: &'static str,
    remedy: &str,
) -> Option<String> {
    let given = section.has(key);
    let pointer = read_pointer(section, key);
    if !given {
        section.wrong(key, "is missing", remedy);
    }
    pointer
}

/// Several places in a JSON answer.
pub(super) fn read_pointers(section: &Section<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    let pointers = section.texts(key)?;
    for pointer in &pointers {
        check_pointer(section, key, pointer);
    }
    Some(pointers)
}

fn check_pointer(section: &Section<'_, '_>, key: &'static str, pointer: &str) {
    let mut escapes = pointer.split('~').skip(1);
    if !pointer.starts_with('/') || escapes.any(|after| !after.starts_with(['0', '1'])) {
        section.wrong(
            key,
            format!("found `{pointer}`, which is no JSON pointer"),
            "write a JSON pointer such as /data/id",
        );
    }
}

/// A value of JSON as the configuration would write it.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
