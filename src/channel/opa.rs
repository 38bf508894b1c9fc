//! The `opa` provider: WhatsApp templates through Opa! Suite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Accepted, Catalogue, CatalogueEntry, Given, Limits, Next, Offer, Outgoing, Provider,
    ProviderSettings, Refusal, by_status, lost, receipts, world,
};
use crate::clock::Now;
use crate::domain::receipt::Receipt;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::http::{
    Body, Cover, HttpAnswer, HttpClient, HttpRequest, Method, Patience, secrets_in, shortened,
};
use crate::settings::{Ask, Secret, base_url, ca_file, secret, timeout};
use crate::wire::url::Url;

/// Rows asked for at a time; Opa! takes 1 to 1000.
const PAGE: usize = 100;
/// Rows of a collection that are read, at most.
const MOST_ROWS: usize = 10_000;
/// A person who is talking with somebody is left in peace for so long.
const CONVERSATION: Duration = Duration::from_mins(15);

/// Opa! Suite, for WhatsApp.
pub(super) const OFFER: Offer = Offer {
    name: "opa",
    channels: &[Channel::Whatsapp],
    asks: &[
        Ask::plain(
            "base_url",
            "the address, such as https://provedor.example.com/api/v1",
        ),
        Ask::secret("token", "the token of the integration"),
    ],
    usual: Limits {
        workers: 2,
        rate_per_minute: 300,
    },
    read,
};

/// An Opa! Suite installation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OpaSettings {
    /// `https://INSTANCE/api/v1`.
    base_url: Url,
    /// The API user's token.
    token: Secret,
    /// Seconds to wait for an answer.
    timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    ca_file: Option<PathBuf>,
}

/// Reads the installation's settings.
fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let Given {
        section,
        base,
        warnings,
        ..
    } = given;
    let base_url = base_url(section, "base_url", None, warnings);
    let token = secret(section, "token", base);
    Some(Arc::new(OpaSettings {
        timeout_seconds: timeout(section, 30),
        ca_file: ca_file(section, base),
        base_url: base_url?,
        token: token?,
    }))
}

impl ProviderSettings for OpaSettings {
    fn secrets(&self) -> Vec<(String, &Secret)> {
        vec![("token".to_owned(), &self.token)]
    }

    fn keeps_templates(&self) -> bool {
        true
    }

    fn can_be_asked(&self) -> bool {
        true
    }

    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(OpaProvider::new(self, workers)?))
    }
}

/// Delivers WhatsApp templates through an Opa! Suite installation.
struct OpaProvider {
    client: HttpClient,
    base_url: Url,
    bearer: String,
    cover: Cover,
    /// What each channel may still send today, once asked; none where there is no limit.
    left: Mutex<BTreeMap<String, Option<i64>>>,
}

impl fmt::Debug for OpaProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OpaProvider({})",
            crate::http::host(self.base_url.as_str())
        )
    }
}

impl OpaProvider {
    /// A provider for the installation of `settings`.
    ///
    /// # Errors
    /// When the token cannot be read.
    fn new(settings: &OpaSettings, workers: usize) -> Result<Self> {
        let token = settings.token.reveal()?;
        Ok(Self {
            client: HttpClient::new(
                workers,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?,
            base_url: settings.base_url.clone(),
            bearer: format!("Bearer {token}"),
            cover: Cover::over([token].into_iter().chain(secrets_in(&settings.base_url))),
            left: Mutex::new(BTreeMap::new()),
        })
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<HttpAnswer, Refusal> {
        let text = body.map(Value::to_string);
        self.client
            .call(&HttpRequest {
                method,
                url: &format!("{}{path}", self.base_url.as_str()),
                headers: &[("Authorization", &self.bearer)],
                body: text.as_deref().map(|text| Body {
                    kind: "application/json",
                    text,
                }),
            })
            .map_err(lost)
    }

    /// An answer's data when it is a success, else what its refusal means.
    fn data(&self, answer: &HttpAnswer) -> Result<Value, Refusal> {
        let json = answer.json();
        if answer.is_success()
            && let Some(json) = &json
            && json["status"] == "success"
        {
            return Ok(json["data"].clone());
        }
        Err(self.refusal(answer, json.as_ref()))
    }

    fn refusal(&self, answer: &HttpAnswer, json: Option<&Value>) -> Refusal {
        let words = self.cover.cover(words(answer, json));
        let lower = words.to_lowercase();
        // The envelope's own code counts where the status says nothing is wrong.
        let code = json
            .filter(|json| answer.is_success() && json["status"] == "error")
            .and_then(|json| u16::try_from(json["code"].as_u64()?).ok())
            .unwrap_or(answer.status);
        let answer = &HttpAnswer {
            status: code,
            ..answer.clone()
        };
        let next = match answer.status {
            // "Este contato já está em atendimento com X".
            400 | 409 if lower.contains("em atendimento") => {
                Next::Wait(answer.retry_after.unwrap_or(CONVERSATION))
            }
            // "Field 'x' is not allowed": the fault is ours, for whomever it was.
            400 if lower.contains("is not allowed") => Next::StopBatch,
            // A channel or template that is not there, most often one in the other's place.
            404 => Next::StopBatch,
            _ => return by_status(answer, words),
        };
        Refusal::new(next, words).code(answer.status.to_string())
    }

    /// Takes one from what a channel may still send today.
    fn take_one(&self, channel: &str) -> Result<(), Refusal> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let known = if let Some(known) = left.get(channel) {
            *known
        } else {
            let known = self.daily_limit(channel)?;
            left.insert(channel.to_owned(), known);
            known
        };
        match known {
            None => Ok(()),
            Some(n) if n > 0 => {
                left.insert(channel.to_owned(), Some(n - 1));
                Ok(())
            }
            Some(_) => Err(Refusal::new(
                Next::Stop,
                format!("channel {channel} has used up its daily limit at Opa! Suite"),
            )),
        }
    }

    /// Gives back one that was not sent after all.
    fn give_back(&self, channel: &str) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(n)) = left.get_mut(channel) {
            *n = n.saturating_add(1);
        }
    }

    /// What a channel may still send today. Installations without such a limit answer an empty
    /// object; those without the resource refuse, which limits nothing either.
    fn daily_limit(&self, channel: &str) -> Result<Option<i64>, Refusal> {
        let path = format!(
            "/canal-comunicacao/{}/template/limites-diarios-envio",
            crate::http::percent_encoded(channel)
        );
        // Nothing of the message itself has left yet, however this ends.
        let answer = self
            .call(Method::Get, &path, None)
            .map_err(|refusal| Refusal {
                next: Next::NotSent,
                ..refusal
            })?;
        // Troubles say nothing about a limit: the resource is there, and is asked again later.
        if matches!(answer.status, 300..=399 | 401 | 408 | 425 | 429 | 500..) {
            return Err(self.refusal(&answer, answer.json().as_ref()));
        }
        let Some(json) = answer.json().filter(|_| answer.is_success()) else {
            return Ok(None);
        };
        let holder = if json["data"].is_object() {
            &json["data"]
        } else {
            &json
        };
        Ok(holder["availableAmount"].as_i64().or_else(|| {
            let limit = holder["dailyLimit"].as_i64()?;
            Some(limit.saturating_sub(holder["messagesSent"].as_i64().unwrap_or(0)))
        }))
    }

    /// Every row of a collection. Some ignore `skip`, so a page without a new `_id` is the end.
    fn list(&self, path: &str, filter: &Value) -> Result<Vec<Value>, Refusal> {
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            let body = json!({
                "filter": filter,
                "options": {"limit": PAGE, "skip": rows.len()},
            });
            let answer = self.call(Method::Get, path, Some(&body))?;
            let data = self.data(&answer)?;
            let Value::Array(page) = data else {
                return Err(Refusal::new(
                    Next::Unknown,
                    "the answer has no list in its data",
                ));
            };
            let full = page.len() >= PAGE;
            let before = rows.len();
            for row in page {
                if let Some(id) = row["_id"].as_str()
                    && seen.insert(id.to_owned())
                {
                    rows.push(row);
                }
            }
            if !full || rows.len() == before || rows.len() >= MOST_ROWS {
                return Ok(rows);
            }
        }
    }

    fn whatsapp_channels(&self) -> Result<Vec<Value>, Refusal> {
        self.list(
            "/canal-comunicacao/",
            &json!({"canal": "Whatsapp", "status": "A"}),
        )
    }
}

/// The words of an error, wherever they stand: both of Opa!'s shapes are read.
fn words(answer: &HttpAnswer, json: Option<&Value>) -> String {
    let Some(json) = json else {
        return answer.excerpt();
    };
    let mut told: Vec<&str> = Vec::new();
    for place in ["/data/message", "/description", "/message", "/error"] {
        if let Some(text) = json.pointer(place).and_then(Value::as_str)
            && !text.trim().is_empty()
            && !told.contains(&text)
        {
            told.push(text);
        }
    }
    if told.is_empty() {
        return answer.excerpt();
    }
    shortened(&told.join("; "), 300)
}

fn text(row: &Value, name: &str) -> Option<String> {
    row[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn listed(row: &Value, name: &str) -> CatalogueEntry {
    let id = text(row, "_id").unwrap_or_default();
    CatalogueEntry {
        name: text(row, name).unwrap_or_else(|| id.clone()),
        id,
        status: text(row, "status"),
        text: text(row, "texto"),
        ..CatalogueEntry::default()
    }
}

impl Catalogue for OpaProvider {
    fn channels(&self) -> Result<Vec<CatalogueEntry>> {
        let rows = self
            .whatsapp_channels()
            .map_err(|refusal| world("Opa! Suite", refusal))?;
        Ok(rows.iter().map(|row| listed(row, "nome")).collect())
    }

    fn templates(&self, channel: &str) -> Result<Vec<CatalogueEntry>> {
        let failed = |refusal| world("Opa! Suite", refusal);
        let channels = self.whatsapp_channels().map_err(failed)?;
        let Some(row) = channels.iter().find(|row| row["_id"] == channel) else {
            return Err(Error::unacceptable(format!(
                "Opa! Suite has no active WhatsApp channel {channel}"
            ))
            .hint("regua omnichannel channels"));
        };
        // A filter is required; a channel's templates are of its integration's kind.
        let kind = text(row, "integracao").unwrap_or_else(|| "dialog360".to_owned());
        let filter = json!({"tipo_mensagem": kind});
        let path = format!(
            "/canal-comunicacao/{}/template",
            crate::http::percent_encoded(channel)
        );
        let rows = match self.list(&path, &filter) {
            // An older installation lists all templates in one place only.
            Err(refusal) if matches!(refusal.code.as_deref(), Some("400" | "404")) => {
                self.list("/template", &filter)
            }
            rows => rows,
        }
        .map_err(failed)?;
        Ok(rows.iter().map(|row| listed(row, "atalho")).collect())
    }
}

impl Provider for OpaProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    /// Forgets the daily limits of the batch before: each is read with its channel's first message.
    fn open(&self) -> Result<(), Refusal> {
        self.left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Ok(())
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let (Some(channel), Some(template)) =
            (&message.provider_channel, &message.provider_template)
        else {
            return Err(Refusal::new(
                Next::StopBatch,
                "the template names no channel or no template of Opa! Suite",
            ));
        };
        self.take_one(channel)?;
        let body = json!({
            "contato": {"canalCliente": message.address},
            "template": {"_id": template, "variaveis": message.variables},
            "canal": channel,
            "allowSendingToStartedCustomerService": false,
            "metadata": {"key": message.key, "id": message.id.to_string()},
        });
        let sent = self
            .call(Method::Post, "/template/send", Some(&body))
            .and_then(|answer| {
                let data = self.data(&answer)?;
                let accepted = Accepted {
                    provider_id: text(&data, "messageSentId"),
                    code: Some(answer.status.to_string()),
                    text: text(&data, "message"),
                };
                Ok(accepted.covered(&self.cover))
            });
        if let Err(refusal) = &sent
            && refusal.next != Next::Unknown
        {
            self.give_back(channel);
        }
        sent
    }

    fn ask(&self, provider_id: &str, now: Now) -> Result<Vec<Receipt>, Refusal> {
        let path = format!(
            "/atendimento/mensagem/{}",
            crate::http::percent_encoded(provider_id)
        );
        let answer = self.call(Method::Get, &path, None)?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let mut data = self.data(&answer)?;
        // Whichever message the answer is about, it was asked by this id.
        if let Value::Object(message) = &mut data {
            message.insert("_id".to_owned(), provider_id.into());
        }
        Ok(receipts::answered(OFFER.name, &data, now))
    }

    fn check(&self) -> Result<String> {
        let channels = self.channels()?;
        if channels.is_empty() {
            return Err(Error::world("Opa! Suite has no active WhatsApp channel"));
        }
        let names: Vec<&str> = channels
            .iter()
            .map(|channel| channel.name.as_str())
            .collect();
        Ok(format!("Opa! Suite has channels: {}", names.join(", ")))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }

    fn catalogue(&self) -> Option<&dyn Catalogue> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Reason;

    fn provider() -> OpaProvider {
        OpaProvider {
            client: HttpClient::new(1, Patience::seconds(1), None).expect("a client"),
            base_url: Url::new("http://127.0.0.1:1"),
            bearer: String::new(),
            cover: Cover::over(["the-token"]),
            left: Mutex::new(BTreeMap::new()),
        }
    }

    fn next(status: u16, body: &str) -> (Next, String) {
        let answer = HttpAnswer {
            status,
            retry_after: None,
            content_type: None,
            location: None,
            body: body.as_bytes().to_vec(),
        };
        let refusal = provider().data(&answer).expect_err("a refusal");
        (refusal.next, refusal.text)
    }

    #[test]
    fn both_shapes_of_error_are_read() {
        assert_eq!(
            next(
                404,
                r#"{"error":"NOT_FOUND_ERROR","message":"Communication channel not found."}"#
            ),
            (
                Next::StopBatch,
                "Communication channel not found.; NOT_FOUND_ERROR".to_owned()
            )
        );
        assert_eq!(
            next(
                400,
                r#"{"status":"error","code":400,"data":{"message":"m"},"description":"Field 'x' is not allowed"}"#
            ),
            (Next::StopBatch, "m; Field 'x' is not allowed".to_owned())
        );
        assert_eq!(
            next(
                403,
                r#"{"status":"error","code":403,"data":{"message":"Bad role for the-token"}}"#
            ),
            (Next::Stop, "Bad role for ***".to_owned())
        );
    }

    #[test]
    fn a_person_in_a_conversation_is_written_to_later() {
        let body = r#"{"status":"error","code":400,"data":{"message":"Este contato já está em atendimento com Ana"}}"#;
        assert_eq!(next(400, body).0, Next::Wait(CONVERSATION));
        let body = r#"{"status":"error","code":400,"data":{"message":"Contato inválido"}}"#;
        assert_eq!(next(400, body).0, Next::Never(Reason::Refused));
    }
}
