//! How each provider reports what became of a message, and what people answer: one description a
//! provider, as data, and one reader of them all.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use crate::clock::Now;
use crate::domain::receipt::{Receipt, Told};
use crate::error::{Error, Result};

mod asked;
mod instant;
mod shape;
mod signature;

pub use asked::AnswerShape;
pub use signature::{Letter, Seal, same_secret};

use shape::{PreferenceShape, ReceiptShape, ReplyShape};

// The name and the text of every file of this folder, as the build found them.
include!(concat!(env!("OUT_DIR"), "/receipts.rs"));

/// How one provider's reports are read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptForm {
    #[serde(skip)]
    name: String,
    /// The providers whose ids these are, as attempts name them; none where a report says it itself. `http` is
    /// any gateway that no preset describes, `http:sms` one of that channel.
    providers: Vec<String>,
    /// How its requests are signed.
    #[serde(default)]
    seal: Seal,
    /// The words are our own: one that is unknown is a mistake, and nothing to pass over.
    #[serde(default)]
    ours: bool,
    /// Whether a report of which nobody said whose it is may be taken for one of these.
    #[serde(default = "yes")]
    guessed: bool,
    #[serde(default)]
    receipt: Vec<ReceiptShape>,
    #[serde(default)]
    reply: Vec<ReplyShape>,
    #[serde(default)]
    preference: Vec<PreferenceShape>,
}

/// One thing that a report tells, with the providers whose ids it speaks of; or what is wrong with it.
pub type Item = Result<(Told, Vec<String>), String>;

impl ReceiptForm {
    /// The form of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<&'static Self> {
        forms()
            .iter()
            .find(|form| form.name == name)
            .ok_or_else(|| {
                Error::unacceptable(format!("there is no preset `{name}`")).hint(Self::names())
            })
    }

    /// Every name, separated by commas.
    pub fn names() -> String {
        let names: Vec<&str> = FORMS.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The first form that finds something in a report of which nobody said whose it is.
    pub fn recognised(document: &Value, now: Now) -> Option<&'static Self> {
        let mut guessed = forms().iter().filter(|form| form.guessed);
        let found = guessed.find(|form| form.read(document, now).iter().any(Result::is_ok));
        // What is written in our own words, but not rightly, is told as such.
        let ours = |form: &&Self| form.ours && !form.read(document, now).is_empty();
        found.or_else(|| forms().iter().find(ours))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its requests are signed.
    pub const fn seal(&self) -> Seal {
        self.seal
    }

    /// The providers whose ids these are, as attempts name them.
    pub fn providers(&self) -> &[String] {
        &self.providers
    }

    /// What a document tells, in its order. What means nothing here is passed over.
    pub fn tell(&self, document: &Value, now: Now) -> Vec<Item> {
        let items = self.read(document, now);
        if items.is_empty() && self.ours {
            let known = "delivered, read, failed, bounced, replied or sent";
            return vec![Err(format!(
                "no status: a report has an id or a key, and says {known}"
            ))];
        }
        items
    }

    fn read(&self, document: &Value, now: Now) -> Vec<Item> {
        let parts = match document {
            Value::Array(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut items = Vec::new();
        for part in parts {
            for shape in &self.receipt {
                items.extend(shape.read(part, now).into_iter().map(|told| {
                    let (receipt, provider) = told?;
                    let providers =
                        provider.map_or_else(|| self.providers.clone(), |one| vec![one]);
                    Ok((Told::Receipt(receipt), providers))
                }));
            }
            for shape in &self.reply {
                let told = shape.read(part, now).into_iter();
                items.extend(told.map(|told| Ok((Told::Reply(told?), self.providers.clone()))));
            }
            for shape in &self.preference {
                let told = shape.read(part).into_iter();
                items.extend(told.map(|told| Ok((Told::Preference(told), Vec::new()))));
            }
        }
        items
    }
}

/// The receipts of an answer to a question, by a form's description.
pub(super) fn answered(form: &str, answer: &Value, now: Now) -> Vec<Receipt> {
    let form = forms().iter().find(|known| known.name == form);
    let items = form.map_or_else(Vec::new, |form| form.read(answer, now));
    items
        .into_iter()
        .filter_map(|item| match item {
            Ok((Told::Receipt(receipt), _)) => Some(receipt),
            _ => None,
        })
        .collect()
}

/// The descriptions, read once. One that cannot be read is a mistake of ours; a test holds that none is.
fn forms() -> &'static [ReceiptForm] {
    static READ: OnceLock<Vec<ReceiptForm>> = OnceLock::new();
    READ.get_or_init(|| {
        let read = FORMS.iter().filter_map(|(name, text)| {
            let form: ReceiptForm = toml::from_str(text).ok()?;
            Some(ReceiptForm {
                name: (*name).to_owned(),
                ..form
            })
        });
        let mut forms: Vec<ReceiptForm> = read.collect();
        // What nobody named is taken for our own words last.
        forms.sort_by_key(|form| form.ours);
        forms
    })
}

fn yes() -> bool {
    true
}

/// Words of a provider by what they mean here.
type Words = BTreeMap<String, Vec<String>>;

#[cfg(test)]
mod tests;
