//! How an answer to a question about one message is read, where a configuration says it itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape::ReceiptShape;
use crate::clock::Now;
use crate::domain::receipt::Receipt;

/// Where an answer says what became of a message, and its words for it; places are JSON pointers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerShape {
    /// The word; empty: the whole text.
    pub status: String,
    /// When it happened; none: when it was asked.
    pub at: Option<String>,
    /// The code of a failure.
    pub code: Option<String>,
    /// The words of a failure.
    pub reason: Option<String>,
    /// On its way.
    pub sent: Vec<String>,
    /// It arrived.
    pub delivered: Vec<String>,
    /// It was read.
    pub read: Vec<String>,
    /// It will not arrive.
    pub failed: Vec<String>,
}

impl AnswerShape {
    /// Whether it knows a word for an end.
    pub fn says_words(&self) -> bool {
        !(self.delivered.is_empty() && self.read.is_empty() && self.failed.is_empty())
    }

    /// What a document tells that has the message's id under `id` and the answer under `answer`.
    pub fn read(&self, document: &Value, now: Now) -> Vec<Receipt> {
        let within = |place: &str| vec![format!("/answer{place}")];
        let perhaps = |place: &Option<String>| place.as_deref().map(within).unwrap_or_default();
        let words = BTreeMap::from([
            ("sent".to_owned(), self.sent.clone()),
            ("delivered".to_owned(), self.delivered.clone()),
            ("read".to_owned(), self.read.clone()),
            ("failed".to_owned(), self.failed.clone()),
        ]);
        let shape = ReceiptShape::of_one(
            within(&self.status),
            perhaps(&self.at),
            perhaps(&self.code),
            perhaps(&self.reason),
            words,
        );
        let told = shape.read(document, now).into_iter();
        told.filter_map(|told| Some(told.ok()?.0)).collect()
    }
}
