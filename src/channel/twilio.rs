//! The `twilio` provider: text messages through Twilio.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{
    AboutWhom, Accepted, CONTENT, Given, Limits, Meaning, Next, Offer, Outgoing, Provider,
    ProviderSettings, RECIPIENT, Refusal, US, by_status, lost, receipts, world,
};
use crate::clock::Now;
use crate::domain::receipt::Receipt;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::http::{
    Body, Cover, HttpAnswer, HttpClient, HttpRequest, Method, Patience, form, percent_encoded,
    secrets_in, shortened,
};
use crate::settings::{Ask, Secret, base_url, ca_file, required, secret, timeout};
use crate::wire::url::Url;

/// The longest validity that Twilio takes, in seconds (ten hours).
const LONGEST_VALIDITY: u64 = 36_000;
/// What to wait when a queue over there is full.
const FULL_WAIT: Duration = Duration::from_mins(10);

/// Twilio, for text messages.
pub(super) const OFFER: Offer = Offer {
    name: "twilio",
    channels: &[Channel::Sms],
    asks: &[
        Ask::plain("account_sid", "the account, AC…"),
        Ask::plain("username", "the account again, or an API key"),
        Ask::secret("password", "its token"),
        Ask::plain("from", "the number that sends, such as +15550006789"),
    ],
    usual: Limits {
        workers: 8,
        rate_per_minute: 600,
    },
    read,
};

/// An account at Twilio.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TwilioSettings {
    /// Where the API answers.
    base_url: Url,
    /// The account's id.
    account_sid: String,
    /// The user of the API: the account's id, or an API key's.
    username: String,
    /// Its password.
    password: Secret,
    /// The sender's number, or
    from: Option<String>,
    /// the messaging service's id.
    messaging_service: Option<String>,
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
        Some("https://api.twilio.com"),
        warnings,
    );
    let account_sid = required(section, "account_sid", "write the account's id (AC…)");
    let password = secret(section, "password", base);
    let from = section.filled("from");
    let messaging_service = section.filled("messaging_service");
    if from.is_none() == messaging_service.is_none() {
        section.wrong(
            "from",
            "needs exactly one of from and messaging_service",
            "write the sender's number, or the messaging service's id",
        );
    }
    let timeout_seconds = timeout(section, 20);
    let account_sid = account_sid?;
    Some(Arc::new(TwilioSettings {
        timeout_seconds,
        ca_file: ca_file(section, base),
        base_url: base_url?,
        username: section
            .filled("username")
            .unwrap_or_else(|| account_sid.clone()),
        account_sid,
        password: password?,
        from,
        messaging_service,
    }))
}

impl ProviderSettings for TwilioSettings {
    fn secrets(&self) -> Vec<(String, &Secret)> {
        vec![("password".to_owned(), &self.password)]
    }

    fn can_be_asked(&self) -> bool {
        true
    }

    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(TwilioProvider::new(self, workers)?))
    }
}

/// Delivers text messages through Twilio.
struct TwilioProvider {
    client: HttpClient,
    settings: TwilioSettings,
    basic: String,
    cover: Cover,
}

impl fmt::Debug for TwilioProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TwilioProvider({})", self.settings.account_sid)
    }
}

impl TwilioProvider {
    /// A provider for the account of `settings`.
    ///
    /// # Errors
    /// When the password cannot be read.
    fn new(settings: &TwilioSettings, workers: usize) -> Result<Self> {
        let password = settings.password.reveal()?;
        let pair = STANDARD.encode(format!("{}:{password}", settings.username));
        Ok(Self {
            client: HttpClient::new(
                workers,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?,
            settings: settings.clone(),
            basic: format!("Basic {pair}"),
            cover: Cover::over(
                [password, pair]
                    .into_iter()
                    .chain(secrets_in(&settings.base_url)),
            ),
        })
    }

    fn account(&self) -> String {
        format!(
            "{}/2010-04-01/Accounts/{}",
            self.settings.base_url.as_str(),
            percent_encoded(&self.settings.account_sid)
        )
    }

    fn refusal(&self, answer: &HttpAnswer, json: Option<&Value>) -> Refusal {
        let told = json.and_then(|json| json["message"].as_str());
        let words = told.map_or_else(|| answer.excerpt(), |text| shortened(text, 300));
        let words = self.cover.cover(words);
        let Some(code) = json.and_then(|json| json["code"].as_i64()) else {
            return by_status(answer, words);
        };
        match meaning(code, answer) {
            Some((next, about)) => Refusal::new(next, words).about(about),
            None => by_status(answer, words),
        }
        .code(code.to_string())
    }
}

/// What an error's code means (twilio.com/docs/api/errors); none leaves it to the status.
fn meaning(code: i64, answer: &HttpAnswer) -> Option<Meaning> {
    Some(match code {
        // Credentials and account; a resource that is not there; a country that is not enabled; a trial
        // account; our sender's number, or its service, or what it may do.
        20_002..=20_010
        | 20_403
        | 20_404
        | 20_405
        | 21_212
        | 21_408
        | 21_601
        | 21_603
        | 21_606..=21_608
        | 21_659..=21_661
        | 21_701..=21_705
        | 21_710..=21_712
        | 30_002
        | 30_034
        | 90_010 => US,
        // "Not processed, always safe to retry."
        14_107 | 20_429 | 30_022 => (Next::Later(answer.retry_after), AboutWhom::Unsaid),
        21_611 | 30_001 => {
            let wait = answer.retry_after.unwrap_or(FULL_WAIT);
            (Next::Later(Some(wait)), AboutWhom::Unsaid)
        }
        // This person sent STOP.
        21_610 => (Next::OptedOut(None), AboutWhom::Recipient),
        // A number that cannot take it.
        21_211 | 21_214 | 21_217 | 21_265 | 21_401 | 21_421 | 21_604 | 21_614 | 21_635 | 30_005
        | 30_006 => RECIPIENT,
        // No text, or too much of it.
        21_602 | 21_605 | 21_617 | 21_618 | 21_619 => CONTENT,
        _ => return None,
    })
}

impl Provider for TwilioProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let mut fields = vec![("To", message.address.as_str())];
        match (&self.settings.from, &self.settings.messaging_service) {
            (Some(from), _) => fields.push(("From", from)),
            (None, Some(service)) => fields.push(("MessagingServiceSid", service)),
            (None, None) => {}
        }
        fields.push(("Body", &message.body));
        let validity = message
            .time_to_live
            .map(|life| life.as_secs().max(1))
            .filter(|seconds| *seconds < LONGEST_VALIDITY)
            .map(|seconds| seconds.to_string());
        if let Some(validity) = &validity {
            fields.push(("ValidityPeriod", validity));
        }
        let answer = self
            .client
            .call(&HttpRequest {
                method: Method::Post,
                url: &format!("{}/Messages.json", self.account()),
                headers: &[("Authorization", &self.basic)],
                body: Some(Body {
                    kind: "application/x-www-form-urlencoded",
                    text: &form(&fields),
                }),
            })
            .map_err(lost)?;
        let json = answer.json();
        let sid = json.as_ref().and_then(|json| json["sid"].as_str());
        let sid = sid.filter(|sid| !sid.trim().is_empty());
        match sid {
            Some(sid) if answer.is_success() => Ok(Accepted {
                provider_id: Some(sid.to_owned()),
                code: Some(answer.status.to_string()),
                text: json
                    .as_ref()
                    .and_then(|json| json["status"].as_str())
                    .map(str::to_owned),
            }
            .covered(&self.cover)),
            _ => Err(self.refusal(&answer, json.as_ref())),
        }
    }

    fn ask(&self, provider_id: &str, now: Now) -> Result<Vec<Receipt>, Refusal> {
        let answer = self
            .client
            .call(&HttpRequest {
                method: Method::Get,
                url: &format!(
                    "{}/Messages/{}.json",
                    self.account(),
                    percent_encoded(provider_id)
                ),
                headers: &[("Authorization", &self.basic)],
                body: None,
            })
            .map_err(lost)?;
        let json = answer.json();
        match &json {
            Some(json) if answer.is_success() => Ok(receipts::answered(OFFER.name, json, now)),
            // Twilio keeps a message for as long as the account says.
            _ if answer.status == 404 => Ok(Vec::new()),
            _ => Err(self.refusal(&answer, json.as_ref())),
        }
    }

    fn check(&self) -> Result<String> {
        let answer = self
            .client
            .call(&HttpRequest {
                method: Method::Get,
                url: &format!("{}.json", self.account()),
                headers: &[("Authorization", &self.basic)],
                body: None,
            })
            .map_err(|failure| {
                Error::world(format!("Twilio does not answer: {}", failure.text()))
            })?;
        let json = answer.json();
        match json.as_ref().filter(|_| answer.is_success()) {
            Some(json) if json["sid"].is_string() => {
                let status = json["status"].as_str().unwrap_or("unknown");
                if status != "active" {
                    return Err(Error::world(format!("the Twilio account is {status}")));
                }
                Ok(format!(
                    "Twilio knows the account {}",
                    json["friendly_name"].as_str().unwrap_or_default()
                ))
            }
            _ => Err(world("Twilio", self.refusal(&answer, json.as_ref()))),
        }
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }
}
