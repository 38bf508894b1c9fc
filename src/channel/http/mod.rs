//! The `http` provider: any gateway that can be described by its requests and answers.

use std::borrow::Cow;

use self::login::{Held, Login};
use self::numbers::Numbers;
use self::pattern::Words;
use self::plan::RequestPlan;
use self::poll::Poll;
use self::request::{Form, Made, OwnValues, of_message};
use self::settings::{Check, HttpSettings, read};
use self::verdict::Verdict;
use super::{
    Accepted, Limits, Next, NumberCheck, Offer, Outgoing, Provider, Refusal, by_status, lost, world,
};
use crate::clock::Now;
use crate::domain::receipt::Receipt;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::http::{Cover, HttpClient, HttpRequest, Method, Patience, secrets_in};

mod description;
mod glob;
mod login;
mod numbers;
mod pattern;
mod plan;
mod poll;
mod preset;
mod request;
mod rule;
mod settings;
mod verdict;

/// Any gateway, for pushes, text messages, WhatsApp and the chat of the staff.
pub(super) const OFFER: Offer = Offer {
    name: "http",
    channels: &[
        Channel::Push,
        Channel::Sms,
        Channel::Whatsapp,
        Channel::Chat,
    ],
    asks: &[],
    usual: Limits {
        workers: 8,
        rate_per_minute: 600,
    },
    read,
};

/// A preset and the channel it is for, and what the configuration must say besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownGateway {
    /// The preset's name.
    pub name: &'static str,
    /// Its channel.
    pub channel: String,
    /// Each key that it needs, and what that is for.
    pub needs: Vec<(String, String)>,
}

/// Every gateway that regua knows by a preset.
pub fn known_gateways() -> Vec<KnownGateway> {
    preset::all()
        .map(|preset| KnownGateway {
            name: preset.name,
            channel: preset.channel,
            needs: preset.needs,
        })
        .collect()
}

/// Delivers through a gateway that the configuration describes.
struct HttpProvider {
    /// The preset that describes it, by which its ids are told from other gateways'.
    name: &'static str,
    client: HttpClient,
    send: Form,
    own: OwnValues,
    /// The token as the configuration has it, and what must never be shown.
    held: Held,
    login: Option<Login>,
    verdict: Verdict,
    check: Option<(Form, Check)>,
    numbers: Option<Numbers>,
    poll: Option<Poll>,
}

impl HttpProvider {
    /// A provider for the gateway that `settings` describe.
    ///
    /// # Errors
    /// When a secret cannot be read.
    fn new(settings: &HttpSettings, workers: usize) -> Result<Self> {
        let own = OwnValues::revealed(&settings.credentials)?;
        let words = settings.words();
        let token = !own.token.is_empty() || settings.login.is_some();
        let credentials = &settings.credentials;
        let form = |plan: &RequestPlan, words: &Words| -> Result<Form> {
            Ok(Form::of(plan, words, false)?.authorized(credentials, &own, token))
        };
        let send = form(&settings.send, &words)?;
        let check = match &settings.check {
            Some(check) => Some((form(&check.plan, &words)?, check.clone())),
            None => None,
        };
        let numbers = match &settings.numbers {
            Some((numbers, plan)) => {
                let words = words.clone().with("numbers").with("number");
                Some(Numbers {
                    form: form(plan, &words)?,
                    settings: numbers.clone(),
                })
            }
            None => None,
        };
        let poll = match &settings.poll {
            Some((poll, plan)) => Some(Poll {
                form: form(plan, &words.clone().with(poll::PROVIDER_ID))?,
                settings: poll.clone(),
            }),
            None => None,
        };
        let mut hidden = own.hidden.clone();
        hidden.extend(send.hidden.iter().cloned());
        let addresses = settings.addresses();
        hidden.extend(addresses.flat_map(secrets_in));
        let login = match &settings.login {
            Some((login, plan)) => {
                let login = Login::new(login, plan, &words, own.clone(), hidden.clone())?;
                // What its headers hide must not be shown by an answer to a message either.
                hidden.extend(login.hidden().iter().cloned());
                Some(login)
            }
            None => None,
        };
        Ok(Self {
            name: settings.name(),
            client: HttpClient::new(
                workers,
                Patience::seconds(settings.timeout_seconds),
                settings.ca_file.as_deref(),
            )?,
            held: Held::fixed(&own.token, Cover::over(hidden)),
            send,
            own,
            login,
            verdict: settings.verdict.clone(),
            check,
            numbers,
            poll,
        })
    }

    /// The token to use now. `refused` is the one that the gateway did not accept.
    fn held(&self, refused: Option<&Held>) -> Result<Held, Refusal> {
        match &self.login {
            Some(login) => login.held(&self.client, refused),
            None => Ok(self.held.clone()),
        }
    }

    /// What a place holds that no message fills.
    fn own<'a>(&'a self, word: &str, held: &'a Held) -> Cow<'a, str> {
        match word {
            "token" => (*held.token).into(),
            own => self.own.get(own).into(),
        }
    }

    fn made(&self, message: &Outgoing, held: &Held) -> Made {
        self.send
            .made(|word| of_message(word, message).unwrap_or_else(|| self.own(word, held)))
    }

    fn tried(&self, message: &Outgoing, held: &Held) -> Result<Accepted, Refusal> {
        let answer = self.made(message, held).call(&self.client).map_err(lost)?;
        let judged = self.verdict.judge(&answer, &held.cover);
        match judged {
            // The token may have run out: that is no word about the message yet.
            Err(refusal) if answer.status == 401 && refusal.next == Next::Stop => Err(Refusal {
                code: Some(UNAUTHORIZED.to_owned()),
                ..refusal
            }),
            judged => judged,
        }
    }

    /// Asks whether all is well, by a request that does nothing.
    fn checked(&self, form: &Form, check: &Check, held: &Held) -> Result<String> {
        let made = form.made(|word| self.own(word, held));
        let answer = made
            .call(&self.client)
            .map_err(|failure| unreached(&failure))?;
        let words = self.verdict.words(&answer, &held.cover);
        if !answer.is_success() {
            return Err(world("the gateway", by_status(&answer, words)));
        }
        let Some(pointer) = &check.pointer else {
            return Ok(format!("the gateway answers {}", answer.status));
        };
        let found = answer
            .json()
            .and_then(|json| rule::scalar(json.pointer(pointer)?));
        match found {
            Some(found) if check.is.is_empty() || check.is.iter().any(|glob| glob.fits(&found)) => {
                Ok(format!(
                    "the gateway answers {}, {pointer} is {}",
                    answer.status,
                    held.cover.cover(found)
                ))
            }
            found => Err(Error::world(format!(
                "the gateway answers, but {pointer} is {}",
                found.map_or_else(|| "absent".to_owned(), |found| held.cover.cover(found))
            ))),
        }
    }
}

/// The code of an answer that wants another token.
const UNAUTHORIZED: &str = "401";

/// The gateway did not answer a harmless request.
fn unreached(failure: &crate::http::Failure) -> Error {
    Error::world(format!("the gateway does not answer: {}", failure.text()))
}

impl Provider for HttpProvider {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Fetches the token, where there is a login.
    fn open(&self) -> Result<(), Refusal> {
        self.held(None).map(drop)
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        let held = self.held(None)?;
        let first = self.tried(message, &held);
        let unauthorized = first.as_ref().is_err_and(|refusal| {
            refusal.next == Next::Stop && refusal.code.as_deref() == Some(UNAUTHORIZED)
        });
        if self.login.is_none() || !unauthorized {
            return first;
        }
        // It was not taken: with a new token it is asked once more.
        let held = self.held(Some(&held))?;
        self.tried(message, &held)
    }

    fn ask(&self, provider_id: &str, now: Now) -> Result<Vec<Receipt>, Refusal> {
        let Some(poll) = &self.poll else {
            return Ok(Vec::new());
        };
        let held = self.held(None)?;
        let first = poll.ask(&self.client, &self.own, &held, provider_id, now);
        let unauthorized = first
            .as_ref()
            .is_err_and(|refusal| refusal.code.as_deref() == Some(UNAUTHORIZED));
        if self.login.is_none() || !unauthorized {
            return first;
        }
        let held = self.held(Some(&held))?;
        poll.ask(&self.client, &self.own, &held, provider_id, now)
    }

    /// Asks `check_url`, when there is one; else only whether the gateway's host answers at all.
    fn check(&self) -> Result<String> {
        let held = self
            .held(None)
            .map_err(|refusal| world("the gateway", refusal))?;
        if let Some((form, check)) = &self.check {
            return self.checked(form, check, &held);
        }
        let made = self.send.made(|_| "".into());
        let scheme = made.url.split("://").next().unwrap_or("https");
        let host = crate::http::host(&made.url);
        let answer = self
            .client
            .call(&HttpRequest {
                method: Method::Head,
                url: &format!("{scheme}://{host}/"),
                headers: &[],
                body: None,
            })
            .map_err(|failure| unreached(&failure))?;
        Ok(format!(
            "{host} answers ({}); credentials are not checked without check_url",
            answer.status
        ))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }

    fn numbers(&self) -> Option<&dyn NumberCheck> {
        self.numbers.as_ref().map(|_| -> &dyn NumberCheck { self })
    }
}

impl NumberCheck for HttpProvider {
    fn at_once(&self) -> usize {
        self.numbers
            .as_ref()
            .map_or(1, |numbers| numbers.settings.at_once)
    }

    fn exist(&self, lot: &[String]) -> Result<Vec<bool>, Refusal> {
        let Some(numbers) = &self.numbers else {
            return Ok(vec![true; lot.len()]);
        };
        let held = self.held(None)?;
        numbers.exist(&self.client, &self.own, &held, lot)
    }
}
