//! The `fcm` provider: Firebase Cloud Messaging, HTTP v1.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use self::account::ServiceAccount;
use self::answer::{Outcome, Told};
use self::token::Tokens;
use super::{
    AboutWhom, Accepted, CONTENT, Given, Limits, Next, Offer, Outgoing, Provider, ProviderSettings,
    RECIPIENT, Refusal, UNSAID, US, by_status, lost, world,
};
use crate::clock::Clock;
use crate::domain::template::Look;
use crate::domain::words::{Channel, Reason};
use crate::error::Result;
use crate::http::{Body, HttpAnswer, HttpClient, HttpRequest, Method, Patience};
use crate::settings::{Ask, base_url, ca_file, required, timeout};
use crate::wire::url::Url;

mod account;
mod answer;
mod payload;
mod token;

/// The first delay that Google asks for after 429 without a `Retry-After`.
const QUOTA_WAIT: Duration = Duration::from_mins(1);
/// How long messages wait for a project's key for Apple or the web to be mended.
const KEY_WAIT: Duration = Duration::from_mins(15);

/// Firebase, for pushes.
pub(super) const OFFER: Offer = Offer {
    name: "fcm",
    channels: &[Channel::Push],
    asks: &[Ask::plain(
        "service_account",
        "the key file that Google gives, such as fcm.json",
    )],
    usual: Limits {
        workers: 32,
        rate_per_minute: 60_000,
    },
    read,
};

/// A project of Firebase.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FcmSettings {
    /// The key file Google gives.
    service_account: PathBuf,
    /// Where messages go.
    base_url: Url,
    /// How a push is shown, unless its template says otherwise.
    look: Look,
    /// Seconds to wait for an answer.
    timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    ca_file: Option<PathBuf>,
}

/// Reads the project's settings.
fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let Given {
        section,
        base,
        warnings,
        ..
    } = given;
    let service_account = required(
        section,
        "service_account",
        "write the path of the key file that Google gives",
    );
    let base_url = base_url(
        section,
        "base_url",
        Some("https://fcm.googleapis.com"),
        warnings,
    );
    let look = Look::read(|key| section.filled(key));
    for flaw in look.flaws() {
        section.wrong(&flaw.key, flaw.found, flaw.remedy);
    }
    Some(Arc::new(FcmSettings {
        look,
        // Google's own programs wait so long: a shorter wait made duplicates.
        timeout_seconds: timeout(section, 15),
        ca_file: ca_file(section, base),
        service_account: base.join(service_account?),
        base_url: base_url?,
    }))
}

impl ProviderSettings for FcmSettings {
    fn private_files(&self) -> Vec<(&'static str, &Path)> {
        vec![("service_account", &self.service_account)]
    }

    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(FcmProvider::new(self, workers)?))
    }
}

/// Delivers pushes through Firebase.
struct FcmProvider {
    client: HttpClient,
    url: String,
    look: Look,
    tokens: Tokens,
}

impl fmt::Debug for FcmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FcmProvider({})", self.tokens.project_id())
    }
}

impl FcmProvider {
    /// A provider for the project of the key file.
    ///
    /// # Errors
    /// When the key file cannot be read or is not a service account's.
    fn new(settings: &FcmSettings, workers: usize) -> Result<Self> {
        let account = ServiceAccount::read(&settings.service_account)?;
        let url = format!(
            "{}/v1/projects/{}/messages:send",
            settings.base_url.as_str(),
            account.project_id
        );
        Ok(Self {
            client: HttpClient::new(
                workers,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?,
            url,
            look: settings.look.clone(),
            tokens: Tokens::new(account),
        })
    }

    /// What is sent for a message.
    fn request(&self, message: &Outgoing, only_validate: bool) -> Result<String, Refusal> {
        let now = Clock::system(chrono_tz::UTC).now().at;
        payload::request(message, &self.look, now, only_validate)
            .map_err(|error| Refusal::new(Next::Never(Reason::Refused), error.to_string()))
    }

    fn post(&self, text: &str) -> Result<Accepted, Refusal> {
        let mut held = self.tokens.held(&self.client, None)?;
        for last in [false, true] {
            let bearer = format!("Bearer {}", held.text);
            let answer = self
                .client
                .call(&HttpRequest {
                    method: Method::Post,
                    url: &self.url,
                    headers: &[("Authorization", &bearer)],
                    body: Some(Body {
                        kind: "application/json",
                        text,
                    }),
                })
                .map_err(lost)?;
            let told = Told::of(&answer);
            let outcome = Outcome::of(&answer, &told);
            if outcome == Outcome::Unauthenticated && !last {
                held = self.tokens.held(&self.client, Some(held.generation))?;
                continue;
            }
            return Self::settle(&answer, &told, outcome)
                .map(|accepted| accepted.covered(&held.cover))
                .map_err(|refusal| Refusal {
                    text: held.cover.cover(refusal.text),
                    ..refusal
                });
        }
        Err(Refusal::new(
            Next::Stop,
            "Firebase does not accept our token",
        ))
    }

    fn settle(answer: &HttpAnswer, told: &Told, outcome: Outcome) -> Result<Accepted, Refusal> {
        if let Outcome::Taken(name) = outcome {
            return Ok(Accepted {
                provider_id: Some(name),
                code: Some(answer.status.to_string()),
                text: None,
            });
        }
        let words = told.words(answer);
        let code = told.code(answer);
        let refuse = |(next, about)| {
            let refusal = Refusal::new(next, words.clone()).about(about);
            Err(refusal.code(code.clone()))
        };
        match outcome {
            Outcome::Gone => refuse((Next::Gone(Reason::AppNotInstalled), AboutWhom::Recipient)),
            Outcome::BadAddress => refuse(RECIPIENT),
            // One address of another project, or all of them: then the key file is another project's.
            Outcome::OtherProject | Outcome::Invalid => refuse(UNSAID),
            Outcome::Quota => {
                let wait = answer.retry_after.unwrap_or(QUOTA_WAIT);
                refuse((Next::Later(Some(wait)), AboutWhom::Unsaid))
            }
            Outcome::Busy => refuse((Next::Later(answer.retry_after), AboutWhom::Unsaid)),
            // The project's key for Apple or the web is bad: phones of the other kind go on.
            Outcome::ThirdParty => {
                let text = format!("{words}: mend the project's key for Apple or web pushes");
                let next = Next::Wait(answer.retry_after.unwrap_or(KEY_WAIT));
                Err(Refusal::new(next, text).about(AboutWhom::Unsaid).code(code))
            }
            Outcome::BadPayload => refuse(CONTENT),
            Outcome::Unauthenticated | Outcome::Forbidden => refuse(US),
            Outcome::Taken(_) | Outcome::ByStatus => Err(by_status(answer, words)),
        }
    }
}

impl Provider for FcmProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    fn open(&self) -> Result<(), Refusal> {
        self.tokens.held(&self.client, None).map(|_| ())
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        self.post(&self.request(message, false)?)
    }

    fn validate(&self, message: &Outgoing) -> Option<Result<Accepted, Refusal>> {
        let text = self.request(message, true);
        Some(text.and_then(|text| self.post(&text)))
    }

    /// Asks Firebase to validate a message to an address that cannot exist: being told so needs
    /// a good key, the right role and the right project.
    fn check(&self) -> Result<String> {
        let request = json!({
            "message": {
                "token": "regua-doctor",
                "notification": {"title": "regua", "body": "doctor"},
            },
            "validate_only": true,
        });
        match self.post(&request.to_string()) {
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
            self.tokens.project_id()
        ))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }
}
