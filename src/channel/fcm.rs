//! The `fcm` provider: Firebase Cloud Messaging, HTTP v1.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

use super::{Limits, Next, Outgoing, Provider, Receipt, Refusal, by_status, lost, tag, world};
use crate::clock::Clock;
use crate::config::FcmSettings;
use crate::domain::words::{AddressKind, Reason};
use crate::error::{Error, Result};
use crate::http::{
    Answer, Body, Client, Cover, Failure, Method, Patience, Request, form, shortened,
};

/// What Google's own programs write as the audience, wherever the key file sends the request.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
/// What a token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// A token is renewed so many seconds before its end (as google-auth does).
const MARGIN: i64 = 225;
/// The first delay that Google asks for after 429 without a `Retry-After`.
const QUOTA_WAIT: Duration = Duration::from_mins(1);
/// The longest that FCM keeps a message, in seconds (four weeks).
const LONGEST_LIFE: u64 = 2_419_200;
/// So many addresses in a row that belong to another project mean a wrong key file.
const STRANGERS: usize = 10;

/// The key file that Google gives.
struct ServiceAccount {
    project_id: String,
    key_id: Option<String>,
    email: String,
    token_uri: String,
    key: RsaKeyPair,
}

impl ServiceAccount {
    fn read(path: &Path) -> Result<Self> {
        let bad = |what: String| {
            Error::unacceptable(what)
                .at(format!("in {}", path.display()))
                .hint("a new key: Firebase console, project settings, service accounts")
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::unacceptable(format!("the key file {} cannot be read", path.display()))
                .because(error)
        })?;
        let json: Value =
            serde_json::from_str(&text).map_err(|_| bad("the key file is not JSON".to_owned()))?;
        let field = |name: &str| {
            json[name]
                .as_str()
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let required =
            |name: &str| field(name).ok_or_else(|| bad(format!("the key file has no {name}")));
        if field("type").as_deref() != Some("service_account") {
            return Err(bad(
                "the key file is not one of a service account".to_owned()
            ));
        }
        let pem = required("private_key")?;
        let unusable = || bad("the private_key is not a usable RSA key (PKCS#8, PEM)".to_owned());
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unusable())?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| unusable())?;
        Ok(Self {
            project_id: required("project_id")?,
            key_id: field("private_key_id"),
            email: required("client_email")?,
            token_uri: field("token_uri").unwrap_or_else(|| AUDIENCE.to_owned()),
            key,
        })
    }

    /// A signed request for a token (RFC 7523), good for an hour from `now`.
    fn assertion(&self, now: DateTime<Utc>) -> Option<String> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.key_id {
            header["kid"] = Value::String(id.clone());
        }
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": now.timestamp(),
            "exp": now.timestamp() + 3600,
        });
        let unsigned = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                unsigned.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The token of this run.
#[derive(Default)]
struct Token {
    text: Option<Arc<str>>,
    /// Renewed from this instant on.
    renew_at: Option<DateTime<Utc>>,
    /// Counts the tokens, so that a worker knows whether another one renewed it meanwhile.
    generation: u64,
    /// This one was fetched because the one before was not accepted.
    after_refusal: bool,
}

/// A token in a worker's hand.
struct Held {
    text: Arc<str>,
    generation: u64,
}

/// Delivers pushes through Firebase.
pub struct FcmProvider {
    client: Client,
    limits: Limits,
    account: ServiceAccount,
    url: String,
    token: Mutex<Token>,
    /// Addresses of another project, in a row.
    strangers: AtomicUsize,
}

impl fmt::Debug for FcmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FcmProvider({})", self.account.project_id)
    }
}

impl FcmProvider {
    /// A provider for the project of the key file.
    ///
    /// # Errors
    /// When the key file cannot be read or is not a service account's.
    pub fn new(settings: &FcmSettings, limits: Limits) -> Result<Self> {
        let account = ServiceAccount::read(&settings.service_account)?;
        let url = format!(
            "{}/v1/projects/{}/messages:send",
            settings.base_url, account.project_id
        );
        Ok(Self {
            client: Client::new(limits.workers, Patience::seconds(settings.timeout_seconds)),
            limits,
            account,
            url,
            token: Mutex::new(Token::default()),
            strangers: AtomicUsize::new(0),
        })
    }

    /// The token, fetched or renewed when it must be, by one worker while the others wait.
    /// `refused` is the one that the service did not accept, if that is why we ask.
    fn token(&self, refused: Option<u64>) -> Result<Held, Refusal> {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        // A token's life is measured by the real clock, whatever day the run pretends to have.
        let now = Clock::system(chrono_tz::UTC).now().at;
        let rejected = refused == Some(token.generation);
        if rejected && token.after_refusal {
            return Err(Refusal::new(
                Next::Stop,
                "Firebase does not accept our token, nor a new one",
            )
            .code("401"));
        }
        let good = token.renew_at.is_some_and(|end| now < end) && !rejected;
        if let (true, Some(text)) = (good, &token.text) {
            return Ok(Held {
                text: Arc::clone(text),
                generation: token.generation,
            });
        }
        let (text, seconds) = self.fetch(now)?;
        let text: Arc<str> = text.into();
        *token = Token {
            text: Some(Arc::clone(&text)),
            renew_at: now.checked_add_signed(TimeDelta::seconds((seconds - MARGIN).max(1))),
            generation: token.generation + 1,
            after_refusal: rejected,
        };
        Ok(Held {
            text,
            generation: token.generation,
        })
    }

    /// Asks for a token; a second time when the first failed for no reason of ours.
    fn fetch(&self, now: DateTime<Utc>) -> Result<(String, i64), Refusal> {
        let assertion = self.account.assertion(now).ok_or_else(|| {
            Refusal::new(Next::Stop, "the private key of the key file cannot sign")
        })?;
        let body = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &assertion),
        ]);
        let request = Request {
            method: Method::Post,
            url: &self.account.token_uri,
            headers: &[],
            body: Some(Body {
                kind: "application/x-www-form-urlencoded",
                text: &body,
            }),
        };
        let mut answer = self.client.call(&request);
        let again = match &answer {
            Err(_) => true,
            Ok(answer) => answer.status >= 500,
        };
        if again {
            answer = self.client.call(&request);
        }
        // Whatever became of the request for a token, the message itself was not sent.
        let answer = answer.map_err(|failure: Failure| {
            Refusal::new(
                Next::NotSent,
                format!("no access token: {}", failure.text()),
            )
        })?;
        let json = answer.json().unwrap_or_default();
        let seconds = json["expires_in"].as_i64().unwrap_or(3600);
        if let (true, Some(token)) = (answer.is_success(), json["access_token"].as_str()) {
            return Ok((token.to_owned(), seconds));
        }
        let error = json["error"].as_str().unwrap_or_default();
        let told = match json["error_description"].as_str() {
            Some(description) => format!("{error}: {}", shortened(description, 300)),
            // It may hold a token all the same, under another name.
            None if error.is_empty() && answer.is_success() => {
                "the answer has no access_token".to_owned()
            }
            None if error.is_empty() => answer.excerpt(),
            None => error.to_owned(),
        };
        let hint = if error == "invalid_grant" {
            " (the machine's clock is wrong, or the key was deleted)"
        } else {
            ""
        };
        let text = Cover::over([&assertion]).cover(format!("no access token: {told}{hint}"));
        let passing = [
            "internal_failure",
            "server_error",
            "temporarily_unavailable",
        ];
        let next = match answer.status {
            408 | 429 | 500..=599 => Next::Later(answer.retry_after),
            _ if passing.contains(&error) => Next::Later(answer.retry_after),
            _ => Next::Stop,
        };
        Err(Refusal::new(next, text).code(answer.status.to_string()))
    }

    fn post(&self, message: &Value, only_validate: bool) -> Result<Receipt, Refusal> {
        let mut whole = json!({ "message": message });
        if only_validate {
            whole["validate_only"] = Value::Bool(true);
        }
        let text = whole.to_string();
        let mut held = self.token(None)?;
        for last in [false, true] {
            let bearer = format!("Bearer {}", held.text);
            let answer = self
                .client
                .call(&Request {
                    method: Method::Post,
                    url: &self.url,
                    headers: &[("Authorization", &bearer)],
                    body: Some(Body {
                        kind: "application/json",
                        text: &text,
                    }),
                })
                .map_err(lost)?;
            let outcome = Outcome::of(&answer);
            if outcome == Outcome::Unauthenticated && !last {
                held = self.token(Some(held.generation))?;
                continue;
            }
            let cover = Cover::over([&*held.text]);
            let settled = self.settle(&answer, outcome);
            return settled
                .map(|receipt| receipt.covered(&cover))
                .map_err(|refusal| Refusal {
                    text: cover.cover(refusal.text),
                    ..refusal
                });
        }
        Err(Refusal::new(
            Next::Stop,
            "Firebase does not accept our token",
        ))
    }

    fn settle(&self, answer: &Answer, outcome: Outcome) -> Result<Receipt, Refusal> {
        let told = Told::of(answer);
        let words = told.words(answer);
        let code = told.code(answer);
        let refuse = |next| Err(Refusal::new(next, words.clone()).code(code.clone()));
        if outcome != Outcome::OtherProject {
            self.strangers.store(0, Ordering::Relaxed);
        }
        match outcome {
            Outcome::Taken(name) => Ok(Receipt {
                provider_id: Some(name),
                code: Some(answer.status.to_string()),
                text: None,
            }),
            Outcome::Gone => refuse(Next::Gone(Reason::AppNotInstalled)),
            Outcome::BadAddress => refuse(Next::Never(Reason::Refused)),
            Outcome::OtherProject => {
                let many = self.strangers.fetch_add(1, Ordering::Relaxed) + 1 >= STRANGERS;
                if many {
                    let text = format!(
                        "{words}; {STRANGERS} addresses in a row belong to another project: is this its key file?"
                    );
                    return Err(Refusal::new(Next::Stop, text).code(code));
                }
                refuse(Next::Never(Reason::Refused))
            }
            Outcome::Quota => refuse(Next::Later(Some(answer.retry_after.unwrap_or(QUOTA_WAIT)))),
            // The project's key for Apple or the web may be bad: phones of the other kind go on.
            Outcome::Busy | Outcome::ThirdParty => refuse(Next::Later(answer.retry_after)),
            Outcome::BadPayload => refuse(Next::StopBatch),
            Outcome::Unauthenticated | Outcome::Forbidden => refuse(Next::Stop),
            Outcome::ByStatus => Err(by_status(answer, words)),
        }
    }
}

/// What an answer of FCM means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// Taken, under this name.
    Taken(String),
    /// The app is gone, or the registration ended or was replaced.
    Gone,
    /// The address is malformed.
    BadAddress,
    /// The address belongs to another project.
    OtherProject,
    /// The project's APNs or web push key is not accepted.
    ThirdParty,
    /// Too many.
    Quota,
    /// Overloaded or broken.
    Busy,
    /// What we wrote is wrong, for whomever it was.
    BadPayload,
    /// Our token.
    Unauthenticated,
    /// Our role, or our project.
    Forbidden,
    /// Nothing but the status tells.
    ByStatus,
}

impl Outcome {
    /// The authoritative word is the `FcmError` detail; `error.status` is only gRPC's.
    fn of(answer: &Answer) -> Self {
        let told = Told::of(answer);
        if answer.is_success() {
            return told.name.map_or(Self::ByStatus, Self::Taken);
        }
        match (told.fcm.as_deref(), answer.status) {
            (Some("UNREGISTERED"), _) => Self::Gone,
            (Some("SENDER_ID_MISMATCH"), _) => Self::OtherProject,
            (Some("THIRD_PARTY_AUTH_ERROR" | "APNS_AUTH_ERROR"), _) => Self::ThirdParty,
            (Some("QUOTA_EXCEEDED"), _) => Self::Quota,
            (Some("UNAVAILABLE" | "INTERNAL"), _) => Self::Busy,
            (fcm, 400) => {
                let of_address =
                    |field: &String| ["message.token", "message.fid"].contains(&field.as_str());
                if !told.violations.is_empty() && !told.violations.iter().all(of_address) {
                    Self::BadPayload
                } else if fcm == Some("INVALID_ARGUMENT") || !told.violations.is_empty() {
                    Self::BadAddress
                } else if told.is_google {
                    // Nothing says that it is the address: a good one must not pay for our fault.
                    Self::BadPayload
                } else {
                    Self::ByStatus
                }
            }
            (_, 401) => Self::Unauthenticated,
            // No such project, or not Firebase at all; an address that is gone says UNREGISTERED.
            (_, 403 | 404) => Self::Forbidden,
            (_, 429) => Self::Quota,
            _ => Self::ByStatus,
        }
    }
}

/// What an answer holds.
#[derive(Default)]
struct Told {
    name: Option<String>,
    is_google: bool,
    message: Option<String>,
    fcm: Option<String>,
    violations: Vec<String>,
    violation: Option<String>,
}

impl Told {
    fn of(answer: &Answer) -> Self {
        let Some(json) = answer.json() else {
            return Self::default();
        };
        let mut told = Self {
            name: json["name"].as_str().map(str::to_owned),
            is_google: json["error"].is_object(),
            message: json["error"]["message"].as_str().map(str::to_owned),
            ..Self::default()
        };
        for detail in json["error"]["details"].as_array().into_iter().flatten() {
            let kind = detail["@type"].as_str().unwrap_or_default();
            // Older servers wrote FcmErrorCode.
            if kind.contains("google.firebase.fcm.v1.FcmError") {
                told.fcm = detail["errorCode"].as_str().map(str::to_owned);
            } else if kind.ends_with("google.rpc.BadRequest") {
                let violations = detail["fieldViolations"].as_array();
                for violation in violations.into_iter().flatten() {
                    let field = violation["field"].as_str().unwrap_or_default();
                    told.violations.push(field.to_owned());
                    let what = violation["description"].as_str().unwrap_or_default();
                    told.violation.get_or_insert(format!("{field}: {what}"));
                }
                if told.violations.is_empty() {
                    told.violations.push(String::new());
                }
            }
        }
        told
    }

    fn words(&self, answer: &Answer) -> String {
        let message = self
            .message
            .as_deref()
            .map_or_else(|| answer.excerpt(), |message| shortened(message, 300));
        match &self.violation {
            Some(violation) => format!("{message} ({})", shortened(violation, 300)),
            None => message,
        }
    }

    fn code(&self, answer: &Answer) -> String {
        match &self.fcm {
            Some(code) => format!("{} {code}", answer.status),
            None => answer.status.to_string(),
        }
    }
}

/// A message as FCM wants it.
fn payload(message: &Outgoing, now: DateTime<Utc>) -> Value {
    let tag = tag(&message.key);
    let mut data = Map::new();
    data.insert("event".to_owned(), Value::String(message.event.clone()));
    data.insert("id".to_owned(), Value::String(message.id.to_string()));
    let ids = [
        ("client_id", message.client_id),
        ("contract_id", message.contract_id),
        ("invoice_id", message.invoice_id),
        ("ticket_id", message.ticket_id),
    ];
    for (name, id) in ids {
        if let Some(id) = id {
            // FCM takes nothing but strings here.
            data.insert(name.to_owned(), Value::String(id.to_string()));
        }
    }
    let mut android = json!({"priority": "high", "notification": {"tag": tag}});
    let mut headers = json!({"apns-collapse-id": tag});
    if let Some(life) = message.time_to_live {
        let seconds = life.as_secs().min(LONGEST_LIFE);
        android["ttl"] = Value::String(format!("{seconds}s"));
        let end = now.timestamp() + i64::try_from(seconds).unwrap_or(0);
        headers["apns-expiration"] = Value::String(end.to_string());
    }
    let target = match message.address_kind {
        Some(AddressKind::Fid) => "fid",
        _ => "token",
    };
    let mut payload = Map::new();
    payload.insert(target.to_owned(), Value::String(message.address.clone()));
    payload.insert(
        "notification".to_owned(),
        json!({"title": message.title, "body": message.body}),
    );
    payload.insert("data".to_owned(), Value::Object(data));
    payload.insert("android".to_owned(), android);
    payload.insert("apns".to_owned(), json!({ "headers": headers }));
    Value::Object(payload)
}

impl Provider for FcmProvider {
    fn name(&self) -> &'static str {
        "fcm"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn open(&self) -> Result<(), Refusal> {
        self.token(None).map(|_| ())
    }

    fn send(&self, message: &Outgoing) -> Result<Receipt, Refusal> {
        let now = Clock::system(chrono_tz::UTC).now().at;
        self.post(&payload(message, now), false)
    }

    fn validate(&self, message: &Outgoing) -> Option<Result<Receipt, Refusal>> {
        let now = Clock::system(chrono_tz::UTC).now().at;
        Some(self.post(&payload(message, now), true))
    }

    /// Asks Firebase to validate a message to an address that cannot exist: being told so needs
    /// a good key, the right role and the right project.
    fn check(&self) -> Result<String> {
        let message = json!({
            "token": "regua-doctor",
            "notification": {"title": "regua", "body": "doctor"},
        });
        match self.post(&message, true) {
            Ok(_) => {}
            Err(refusal)
                // Its own word about the address, and not about troubles of its own.
                if matches!(refusal.next, Next::Gone(_) | Next::Never(_))
                    && refusal
                        .code
                        .as_deref()
                        .is_some_and(|code| code.contains(' ')) => {}
            Err(refusal) => return Err(world("Firebase", refusal)),
        }
        Ok(format!(
            "Firebase accepts the key of project {}",
            self.account.project_id
        ))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            content_type: Some("application/json".to_owned()),
            location: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(status: u16, details: &str) -> Outcome {
        Outcome::of(&answer(
            status,
            &format!(
                r#"{{"error":{{"code":{status},"message":"m","status":"S","details":[{details}]}}}}"#
            ),
        ))
    }

    fn fcm(code: &str) -> String {
        format!(
            r#"{{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"{code}"}}"#
        )
    }

    fn bad_request(field: &str) -> String {
        format!(
            r#"{{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{{"field":"{field}","description":"d"}}]}}"#
        )
    }

    #[test]
    fn the_fcm_detail_decides_not_the_status() {
        assert_eq!(error(404, &fcm("UNREGISTERED")), Outcome::Gone);
        assert_eq!(error(404, ""), Outcome::Forbidden);
        assert_eq!(
            error(403, &fcm("SENDER_ID_MISMATCH")),
            Outcome::OtherProject
        );
        assert_eq!(error(403, ""), Outcome::Forbidden);
        assert_eq!(
            error(401, &fcm("THIRD_PARTY_AUTH_ERROR")),
            Outcome::ThirdParty
        );
        assert_eq!(error(401, &fcm("APNS_AUTH_ERROR")), Outcome::ThirdParty);
        assert_eq!(error(401, ""), Outcome::Unauthenticated);
        assert_eq!(error(429, &fcm("QUOTA_EXCEEDED")), Outcome::Quota);
        assert_eq!(error(503, &fcm("UNAVAILABLE")), Outcome::Busy);
        assert_eq!(error(500, ""), Outcome::ByStatus);
    }

    #[test]
    fn our_own_fault_never_costs_a_device() {
        assert_eq!(error(400, &fcm("INVALID_ARGUMENT")), Outcome::BadAddress);
        assert_eq!(
            error(400, &bad_request("message.data[0].value")),
            Outcome::BadPayload
        );
        let both = format!(
            "{},{}",
            fcm("INVALID_ARGUMENT"),
            bad_request("message.token")
        );
        assert_eq!(error(400, &both), Outcome::BadAddress);
        let ours = format!(
            "{},{}",
            fcm("INVALID_ARGUMENT"),
            bad_request("message.android.ttl")
        );
        assert_eq!(error(400, &ours), Outcome::BadPayload);
        assert_eq!(error(400, ""), Outcome::BadPayload);
    }

    #[test]
    fn a_success_without_a_name_is_none() {
        assert_eq!(Outcome::of(&answer(200, "<html>")), Outcome::ByStatus);
        assert_eq!(
            Outcome::of(&answer(200, r#"{"name":"projects/p/messages/1"}"#)),
            Outcome::Taken("projects/p/messages/1".to_owned())
        );
    }
}
