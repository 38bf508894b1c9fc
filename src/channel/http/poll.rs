//! What became of a message, asked of the gateway by the id that it gave: `[poll]`.

use serde_json::{Value, json};

use super::login::Held;
use super::plan::{ContentType, RequestPlan, read_method};
use super::request::{Form, OwnValues};
use super::rule::read_pointer;
use crate::channel::receipts::{AnswerShape, ReceiptForm, answered};
use crate::channel::{Next, Refusal, by_status, lost};
use crate::clock::Now;
use crate::domain::receipt::Receipt;
use crate::http::{HttpAnswer, HttpClient, Method};
use crate::settings::required;
use crate::toml_table::Section;
use crate::wire::url::Url;

/// The place of the gateway's id in a question.
pub(super) const PROVIDER_ID: &str = "provider_id";

/// How a gateway is asked, and how its answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PollSettings {
    method: Method,
    /// Where; a path is one of the gateway's own.
    pub(super) url: String,
    body: Option<String>,
    answer: Answer,
}

/// How an answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// As reports of a preset of `receipts import` are.
    As(String),
    /// By the places and words that the configuration names.
    By(AnswerShape),
}

/// Reads `[poll]`, where it stands.
pub(super) fn read(section: &Section<'_, '_>) -> Option<PollSettings> {
    let table = section.section("poll")?;
    let url = required(
        &table,
        "url",
        "write the address that tells what became of a message",
    );
    let body = table.text("body");
    let named = [url.as_deref(), body.as_deref()];
    let place = format!("#{PROVIDER_ID}#");
    if url.is_some() && !named.iter().flatten().any(|text| text.contains(&place)) {
        table.wrong(
            "url",
            "does not say which message is meant",
            format!("write {place} where the gateway's id of it goes"),
        );
    }
    let usual = if body.is_some() {
        Method::Post
    } else {
        Method::Get
    };
    let settings = PollSettings {
        method: read_method(&table).unwrap_or(usual),
        url: url.unwrap_or_default(),
        body,
        answer: read_answer(&table),
    };
    table.finish();
    Some(settings)
}

fn read_answer(table: &Section<'_, '_>) -> Answer {
    let preset = table.filled("preset");
    let words = |key| table.texts(key).unwrap_or_default();
    let by = AnswerShape {
        status: read_pointer(table, "status_pointer").unwrap_or_default(),
        at: read_pointer(table, "at_pointer"),
        code: read_pointer(table, "code_pointer"),
        reason: read_pointer(table, "reason_pointer"),
        sent: words("sent"),
        delivered: words("delivered"),
        read: words("read"),
        failed: words("failed"),
    };
    let says_words = by.says_words();
    match preset {
        Some(preset) => {
            if let Err(error) = ReceiptForm::named(&preset) {
                let hint = error.hints.join("; ");
                table.wrong(
                    "preset",
                    format!("found `{preset}`"),
                    format!("write one of: {hint}"),
                );
            }
            if says_words {
                table.wrong(
                    "preset",
                    "stands beside words of its own",
                    "say once how an answer is read: leave one of the two out",
                );
            }
            Answer::As(preset)
        }
        None => {
            if !says_words {
                table.wrong(
                    "delivered",
                    "is missing",
                    "write the gateway's words for it, and for failed: delivered = [\"DELIVERED\"]; or the preset of its reports",
                );
            }
            Answer::By(by)
        }
    }
}

impl PollSettings {
    /// The question at an address.
    pub(super) fn plan(&self, url: Url, like: &RequestPlan) -> RequestPlan {
        RequestPlan {
            method: self.method,
            url,
            headers: like.headers.clone(),
            content_type: match like.content_type {
                ContentType::Plain => ContentType::Json,
                kind => kind,
            },
            body: self.body.clone(),
        }
    }
}

/// Asks a gateway what became of a message.
pub(super) struct Poll {
    pub(super) form: Form,
    pub(super) settings: PollSettings,
}

impl Poll {
    /// What the gateway knows by now of the message that it gave this id; nothing where it does not know it.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn ask(
        &self,
        client: &HttpClient,
        own: &OwnValues,
        held: &Held,
        provider_id: &str,
        now: Now,
    ) -> Result<Vec<Receipt>, Refusal> {
        // An id comes from outside, and may go into a header.
        if provider_id.chars().any(char::is_control) {
            return Ok(Vec::new());
        }
        let made = self.form.made(|word| match word {
            PROVIDER_ID => provider_id.to_owned().into(),
            "token" => held.token.to_string().into(),
            own_word => own.get(own_word).to_owned().into(),
        });
        let answer = made.call(client).map_err(lost)?;
        if matches!(answer.status, 404 | 410) {
            // It does not keep it any more, or never did.
            return Ok(Vec::new());
        }
        if !answer.is_success() {
            return Err(by_status(&answer, held.cover.cover(answer.excerpt())));
        }
        let told = self.told(&answer, provider_id, now).ok_or_else(|| {
            let text = format!(
                "what became of messages cannot be read from its answer: {}",
                held.cover.cover(answer.excerpt())
            );
            Refusal::new(Next::Stop, text).code(answer.status.to_string())
        })?;
        // It was asked about one message: what speaks of another is none of its business.
        let own = told.into_iter().filter(|receipt| {
            receipt
                .provider_id
                .as_deref()
                .is_none_or(|told| told == provider_id)
        });
        Ok(own
            .map(|receipt| Receipt {
                provider_id: Some(provider_id.to_owned()),
                key: None,
                ..receipt
            })
            .collect())
    }

    /// What an answer tells; none where it is not what was expected.
    fn told(&self, answer: &HttpAnswer, provider_id: &str, now: Now) -> Option<Vec<Receipt>> {
        match &self.settings.answer {
            Answer::As(preset) => Some(answered(preset, &answer.json()?, now)),
            Answer::By(by) => {
                let value = if by.status.is_empty() {
                    Value::from(answer.text().trim())
                } else {
                    answer.json()?
                };
                Some(by.read(&json!({ "id": provider_id, "answer": value }), now))
            }
        }
    }
}
