//! The `meta` provider: WhatsApp templates through Meta's WhatsApp Cloud API.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use self::code::{Told, meaning};
use self::template::Template;
use super::{
    Accepted, Catalogue, Given, Limits, Next, Offer, Outgoing, Provider, ProviderSettings, Refusal,
    by_status, lost, tag, world,
};
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::http::{
    Body, Cover, HttpAnswer, HttpClient, HttpRequest, Method, Patience, percent_encoded,
    secrets_in, shortened,
};
use crate::settings::{Ask, Secret, base_url, ca_file, required, secret, timeout};
use crate::wire::url::Url;

mod catalogue;
mod code;
mod template;

/// The most that comes back with a status callback, in characters.
const CALLBACK_LIMIT: usize = 512;
/// The account's marketing templates go to an endpoint of their own.
const NOT_BY_THIS_ENDPOINT: i64 = 131_063;

/// WhatsApp's Cloud API.
pub(super) const OFFER: Offer = Offer {
    name: "meta",
    channels: &[Channel::Whatsapp],
    asks: &[
        Ask::plain("phone_number_id", "the id of the number that sends"),
        Ask::plain("account_id", "the id of the WhatsApp Business account"),
        Ask::secret("token", "the token of the system user"),
    ],
    usual: Limits {
        workers: 16,
        rate_per_minute: 4_000,
    },
    read,
};

/// A sender and its account at Meta.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MetaSettings {
    /// Where the Graph API answers, with its version.
    base_url: Url,
    /// The sender's id.
    phone_number_id: String,
    /// The account whose templates are used.
    account_id: String,
    /// The access token.
    token: Secret,
    /// The language of a template that names none (`name/pt_BR`).
    language: String,
    /// Different people that may be written to in 24 hours; 0 means no limit.
    daily_recipients: i64,
    /// Whether marketing templates go to the endpoint that is theirs.
    marketing_endpoint: bool,
    /// Seconds to wait for an answer.
    timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    ca_file: Option<PathBuf>,
}

/// Reads the account's settings.
fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let Given {
        section,
        base,
        warnings,
        ..
    } = given;
    let base_url = base_url(
        section,
        "base_url",
        Some("https://graph.facebook.com/v24.0"),
        warnings,
    );
    let phone_number_id = required(section, "phone_number_id", "write the sender's id");
    let account_id = required(
        section,
        "account_id",
        "write the WhatsApp Business account's id",
    );
    let token = secret(section, "token", base);
    Some(Arc::new(MetaSettings {
        base_url: base_url?,
        phone_number_id: phone_number_id?,
        account_id: account_id?,
        token: token?,
        daily_recipients: section
            .number("daily_recipients", 0..=10_000_000)
            .unwrap_or(0),
        marketing_endpoint: section.flag("marketing_endpoint").unwrap_or(false),
        language: section
            .filled("language")
            .unwrap_or_else(|| "pt_BR".to_owned()),
        timeout_seconds: timeout(section, 30),
        ca_file: ca_file(section, base),
    }))
}

impl ProviderSettings for MetaSettings {
    fn secrets(&self) -> Vec<(String, &Secret)> {
        vec![("token".to_owned(), &self.token)]
    }

    fn keeps_templates(&self) -> bool {
        true
    }

    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(MetaProvider::new(self, workers)?))
    }
}

/// Delivers WhatsApp templates through the Cloud API.
struct MetaProvider {
    client: HttpClient,
    settings: MetaSettings,
    bearer: String,
    cover: Cover,
    /// Templates looked up in this batch, by what a message calls them.
    templates: Mutex<BTreeMap<String, Arc<Template>>>,
    /// Who was written to within 24 hours.
    recipients: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for MetaProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetaProvider({})", self.settings.phone_number_id)
    }
}

impl MetaProvider {
    /// A provider for the sender and account of `settings`.
    ///
    /// # Errors
    /// When the token cannot be read.
    fn new(settings: &MetaSettings, workers: usize) -> Result<Self> {
        let token = settings.token.reveal()?;
        Ok(Self {
            client: HttpClient::new(
                workers,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?,
            settings: settings.clone(),
            bearer: format!("Bearer {token}"),
            cover: Cover::over([token].into_iter().chain(secrets_in(&settings.base_url))),
            templates: Mutex::new(BTreeMap::new()),
            recipients: Mutex::new(BTreeSet::new()),
        })
    }

    fn get(&self, path: &str) -> Result<Value, Refusal> {
        let answer = self
            .client
            .call(&HttpRequest {
                method: Method::Get,
                url: &format!("{}{path}", self.settings.base_url.as_str()),
                headers: &[("Authorization", &self.bearer)],
                body: None,
            })
            .map_err(lost)?;
        match answer.json() {
            Some(json) if answer.is_success() && json["error"].is_null() => Ok(json),
            json => Err(self.refusal(&answer, json.as_ref())),
        }
    }

    fn refusal(&self, answer: &HttpAnswer, json: Option<&Value>) -> Refusal {
        let error = json.map_or(&Value::Null, |json| &json["error"]);
        let mut words = string(error, "message");
        let details = error
            .pointer("/error_data/details")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !details.is_empty() {
            words = format!("{words}: {details}");
        }
        if words.is_empty() {
            words = answer.excerpt();
        }
        let words = self.cover.cover(shortened(&words, 300));
        let Some(code) = error["code"].as_i64() else {
            return by_status(answer, words);
        };
        let told = Told {
            code,
            subcode: error["error_subcode"].as_i64(),
            words: &words,
        };
        let means = meaning(told, answer.retry_after);
        let words = if code == NOT_BY_THIS_ENDPOINT {
            format!("{words}: set marketing_endpoint = true under [whatsapp]")
        } else {
            words
        };
        match means {
            Some((next, about)) => Refusal::new(next, words).about(about),
            None => by_status(answer, words),
        }
        .code(code.to_string())
    }

    /// Counts a person among those of 24 hours, unless that would be one too many.
    fn admit(&self, address: &str) -> Result<bool, Refusal> {
        let most = usize::try_from(self.settings.daily_recipients).unwrap_or(0);
        if most == 0 {
            return Ok(false);
        }
        let mut recipients = self
            .recipients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if recipients.contains(address) {
            return Ok(false);
        }
        if recipients.len() >= most {
            return Err(Refusal::new(
                Next::Stop,
                format!("{most} people were written to within 24 hours, the account's limit"),
            ));
        }
        Ok(recipients.insert(address.to_owned()))
    }

    fn deliver(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let called = message.provider_template.as_deref().unwrap_or_default();
        if called.is_empty() {
            return Err(Refusal::new(
                Next::StopBatch,
                "the template names no template of the WhatsApp account",
            ));
        }
        let template = self.template(called)?;
        if template.count != message.variables.len() {
            return Err(Refusal::new(
                Next::StopBatch,
                format!(
                    "template {called} takes {} values and {} are given; save it again",
                    template.count,
                    message.variables.len()
                ),
            ));
        }
        let body = payload(message, &template);
        let sender = message
            .provider_channel
            .as_deref()
            .unwrap_or(&self.settings.phone_number_id);
        let endpoint = if self.settings.marketing_endpoint && template.is_marketing {
            "marketing_messages"
        } else {
            "messages"
        };
        let answer = self
            .client
            .call(&HttpRequest {
                method: Method::Post,
                url: &format!(
                    "{}/{}/{endpoint}",
                    self.settings.base_url.as_str(),
                    percent_encoded(sender)
                ),
                headers: &[("Authorization", &self.bearer)],
                body: Some(Body {
                    kind: "application/json",
                    text: &body.to_string(),
                }),
            })
            .map_err(lost)?;
        let json = answer.json();
        let sent = json.as_ref().and_then(|json| json.pointer("/messages/0"));
        let id = sent.and_then(|sent| sent["id"].as_str());
        match id.filter(|id| !id.trim().is_empty()) {
            Some(id) if answer.is_success() => Ok(Accepted {
                provider_id: Some(id.to_owned()),
                code: Some(answer.status.to_string()),
                text: sent
                    .and_then(|sent| sent["message_status"].as_str())
                    .map(str::to_owned),
            }
            .covered(&self.cover)),
            _ => Err(self.refusal(&answer, json.as_ref())),
        }
    }
}

/// A message as Meta wants it.
fn payload(message: &Outgoing, template: &Template) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.address.trim_start_matches('+'),
        "type": "template",
        "biz_opaque_callback_data": callback(&message.key),
        "template": {
            "name": template.name,
            "language": {"code": template.language},
        },
    });
    let components = template.components(&message.variables);
    if !components.is_empty() {
        body["template"]["components"] = Value::Array(components);
    }
    body
}

/// What comes back with a status callback: the key itself, where it fits.
fn callback(key: &str) -> String {
    if key.chars().count() <= CALLBACK_LIMIT {
        key.to_owned()
    } else {
        tag(key)
    }
}

fn string(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

impl Provider for MetaProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    /// Forgets the templates of the batch before: they may have been paused since.
    fn open(&self) -> Result<(), Refusal> {
        self.templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Ok(())
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let is_new = self.admit(&message.address)?;
        let sent = self.deliver(message);
        if let Err(refusal) = &sent
            && is_new
            && refusal.next != Next::Unknown
        {
            self.recipients
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&message.address);
        }
        sent
    }

    fn daily_recipients(&self) -> i64 {
        self.settings.daily_recipients
    }

    fn remember(&self, addresses: Vec<String>) {
        self.recipients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(addresses);
    }

    fn check(&self) -> Result<String> {
        let json = self
            .get(&format!(
                "/{}?fields=display_phone_number,verified_name,quality_rating",
                percent_encoded(&self.settings.phone_number_id)
            ))
            .map_err(|refusal| world("Meta", refusal))?;
        let number = string(&json, "display_phone_number");
        if number.is_empty() {
            return Err(Error::world(
                "Meta answered without a phone number: check phone_number_id",
            ));
        }
        Ok(format!(
            "Meta knows {} {number}, quality {}",
            string(&json, "verified_name"),
            json["quality_rating"].as_str().unwrap_or("unknown")
        ))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }

    fn catalogue(&self) -> Option<&dyn Catalogue> {
        Some(self)
    }
}
