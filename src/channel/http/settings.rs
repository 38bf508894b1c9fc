//! A gateway's settings, read from its description and what its preset fills in.

use std::path::PathBuf;
use std::sync::Arc;

use super::HttpProvider;
use super::description::Description;
use super::glob::Glob;
use super::login::LoginSettings;
use super::numbers::NumbersSettings;
use super::pattern::{Words, words_between_signs};
use super::plan::{ContentType, Credentials, RequestPlan, may_be_secret};
use super::poll::{self, PollSettings};
use super::preset;
use super::request::{Form, OwnValues, of_message};
use super::verdict::Verdict;
use crate::channel::{Given, Judged, Outgoing, Pause, Provider, ProviderSettings, ShownRequest};
use crate::domain::words::Channel;
use crate::error::Result;
use crate::http::{Cover, HttpAnswer, Method};
use crate::settings::{Secret, base_url, ca_file, required, timeout, whole_url};
use crate::toml_table::Section;
use crate::wire::url::Url;

/// A gateway described by its requests and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpSettings {
    /// The preset that describes it; none where it is a gateway of the configuration's own.
    preset: Option<&'static str>,
    /// The channel it delivers.
    pub(super) channel: Channel,
    /// The request of a message.
    pub(super) send: RequestPlan,
    /// What we are known by.
    pub(super) credentials: Credentials,
    /// How a token is had, and its request.
    pub(super) login: Option<(LoginSettings, RequestPlan)>,
    /// How answers are read.
    pub(super) verdict: Verdict,
    /// What is asked to see whether all is well.
    pub(super) check: Option<Check>,
    /// How it says which numbers exist, and its request.
    pub(super) numbers: Option<(NumbersSettings, RequestPlan)>,
    /// How it says what became of a message, and its request.
    pub(super) poll: Option<(PollSettings, RequestPlan)>,
    /// A message is addressed by the client's id.
    by_client: bool,
    /// Time between two requests.
    pause: Option<Pause>,
    /// It sends by WhatsApp without the official API.
    unofficial: bool,
    /// Seconds to wait for an answer.
    pub(super) timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    pub(super) ca_file: Option<PathBuf>,
}

/// A harmless request that answers only to good credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// Where.
    pub(super) plan: RequestPlan,
    /// Where the answer says how things are.
    pub(super) pointer: Option<String>,
    /// And what must stand there.
    pub(super) is: Vec<Glob>,
}

impl Check {
    /// A request at an address, with what a message's carries.
    fn of(url: Url, send: &RequestPlan, pointer: Option<String>, is: Vec<Glob>) -> Self {
        let plan = RequestPlan {
            method: Method::Get,
            url,
            body: None,
            ..send.clone()
        };
        Self { plan, pointer, is }
    }
}

/// Reads how the gateway is described.
pub(super) fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let section = given.section;
    let (described, chosen) = preset::description(section, given.channel, given.base);
    let has_url = described.url.is_some() || described.path.is_some();
    if !has_url && !section.has("preset") {
        required(section, "url", "write the gateway's address, https://…");
    }
    let is_known = chosen.is_some() || !section.has("preset");
    let timeout_seconds = timeout(section, 20);
    let ca_file = ca_file(section, given.base);
    if given.channel != Channel::Whatsapp && described.numbers.is_some() {
        section.wrong(
            "check_numbers",
            format!("{} has nobody to ask", given.channel),
            "leave it out; it is for whatsapp",
        );
    }
    if given.channel != Channel::Push && described.by_client == Some(true) {
        section.wrong(
            "addresses",
            format!("{} messages go to no device", given.channel),
            "leave it out; a push alone may go by the client's id",
        );
    }
    let mut settings = settings(given, described, timeout_seconds, ca_file)?;
    settings.preset = chosen.as_ref().map(|preset| preset.name);
    check_places(section, &settings);
    is_known.then(|| -> Arc<dyn ProviderSettings> { Arc::new(settings) })
}

/// Puts the settings together; none where the address of the gateway is not acceptable.
fn settings(
    given: &mut Given<'_, '_, '_>,
    mut described: Description,
    timeout_seconds: i64,
    ca_file: Option<PathBuf>,
) -> Option<HttpSettings> {
    let channel = given.channel;
    let base = base_of(given, &described);
    let url = match (described.url.take(), described.path.take()) {
        (Some(url), _) => whole_url(given.section, "url", url, given.warnings),
        (None, path) => at_base(base.as_ref(), &path?),
    }?;
    let verdict = Verdict::of(&mut described, channel);
    let credentials = credentials(&mut described);
    let send = RequestPlan {
        method: described.method.unwrap_or(Method::Post),
        url,
        headers: described.headers,
        content_type: described.content_type.unwrap_or(ContentType::Json),
        body: described.body,
    };
    let mut at = |key, text: String| place(given, base.as_ref(), key, text);
    let login = described.login.and_then(|login| {
        let plan = login.plan(at("login", login.url.clone())?);
        Some((login, plan))
    });
    let numbers = described.numbers.and_then(|numbers| {
        let plan = numbers.plan(at("check_numbers", numbers.url.clone())?, &send);
        Some((numbers, plan))
    });
    let poll = described.poll.and_then(|poll| {
        let plan = poll.plan(at("poll", poll.url.clone())?, &send);
        Some((poll, plan))
    });
    let check_url = described.check_url.and_then(|url| at("check_url", url));
    let check_is = described.check_is.unwrap_or_default();
    let check = check_url.map(|url| Check::of(url, &send, described.check_pointer, check_is));
    Some(HttpSettings {
        preset: None,
        channel,
        send,
        credentials,
        login,
        verdict,
        check,
        numbers,
        poll,
        by_client: described.by_client.unwrap_or(false),
        pause: described.pause,
        unofficial: described.unofficial.unwrap_or(channel == Channel::Whatsapp),
        timeout_seconds,
        ca_file,
    })
}

/// What we are known by.
fn credentials(described: &mut Description) -> Credentials {
    Credentials {
        username: described.username.take(),
        password: described.password.take(),
        token: described.token.take(),
        token_header: described.token_header.take(),
        token_prefix: described
            .token_prefix
            .take()
            .unwrap_or_else(|| "Bearer ".to_owned()),
        sender: described.sender.take(),
        values: std::mem::take(&mut described.values),
    }
}

/// Where the gateway's own paths start, where that is said.
fn base_of(given: &mut Given<'_, '_, '_>, described: &Description) -> Option<Url> {
    let default = described.base_url.as_deref()?;
    base_url(given.section, "base_url", Some(default), given.warnings)
}

/// A path of the gateway's own.
fn at_base(base: Option<&Url>, path: &str) -> Option<Url> {
    Some(Url::new(format!("{}{path}", base?.as_str())))
}

/// An address that is whole, or a path of the gateway's own.
fn place(
    given: &mut Given<'_, '_, '_>,
    base: Option<&Url>,
    key: &'static str,
    text: String,
) -> Option<Url> {
    if !text.starts_with('/') {
        return whole_url(given.section, key, text, given.warnings);
    }
    if base.is_none() && !given.section.has("base_url") && !given.section.has("preset") {
        given.section.wrong(
            key,
            format!("found the path `{text}`"),
            "write the whole address, https://…, or give base_url",
        );
    }
    at_base(base, &text)
}

impl HttpSettings {
    /// By what its ids are told from other gateways': its preset, where it has one.
    pub(super) fn name(&self) -> &'static str {
        self.preset.unwrap_or(super::OFFER.name)
    }

    /// The words that its requests may have between number signs.
    pub(super) fn words(&self) -> Words {
        Words::and(self.credentials.values.keys())
    }

    /// The addresses of its requests.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Url> {
        let plans = self.plans().into_iter();
        plans.map(|(_, plan, _)| &plan.url)
    }

    /// Every request it is described by, with the key that it stands under.
    fn plans(&self) -> Vec<(&'static str, &RequestPlan, Words)> {
        let words = self.words();
        let mut plans = vec![("body", &self.send, words.clone())];
        if let Some((_, plan)) = &self.login {
            plans.push(("login", plan, words.clone()));
        }
        if let Some(check) = &self.check {
            plans.push(("check_url", &check.plan, words.clone()));
        }
        if let Some((_, plan)) = &self.numbers {
            let words = words.clone().with("numbers").with("number");
            plans.push(("check_numbers", plan, words));
        }
        if let Some((_, plan)) = &self.poll {
            plans.push(("poll", plan, words.with(poll::PROVIDER_ID)));
        }
        plans
    }
}

/// Every word between number signs must be one that gets a value.
fn check_places(section: &Section<'_, '_>, settings: &HttpSettings) {
    let credentials = &settings.credentials;
    let wanting = [
        ("sender", credentials.sender.is_none()),
        ("username", credentials.username.is_none()),
        ("password", credentials.password.is_none()),
        (
            "token",
            credentials.token.is_none() && settings.login.is_none(),
        ),
    ];
    for (key, plan, words) in settings.plans() {
        let address = if key == "body" { "url" } else { key };
        let texts = [
            (address, Some(plan.url.as_str())),
            (key, plan.body.as_deref()),
        ];
        for (key, text) in texts {
            let Some(text) = text else { continue };
            for word in words_between_signs(text) {
                if !words.know(word) {
                    section.wrong(
                        key,
                        format!("#{word}# has no value"),
                        format!("write one of: {}", words.listed()),
                    );
                }
            }
            for (name, absent) in wanting {
                // What a preset needs is told of already.
                if absent && text.contains(&format!("#{name}#")) && !section.has("preset") {
                    section.wrong(
                        key,
                        format!("#{name}# has no value"),
                        format!("give {name} too"),
                    );
                }
            }
        }
    }
}

impl ProviderSettings for HttpSettings {
    fn secrets(&self) -> Vec<(String, &Secret)> {
        let known = |name: &str, secret| (name.to_owned(), secret);
        let mut secrets = Vec::new();
        let login = self.login.as_ref().map(|(_, plan)| ("login.", plan));
        for (start, plan) in [("", &self.send)].into_iter().chain(login) {
            for (name, secret) in &plan.headers {
                secrets.push((format!("{start}headers.{name}"), secret));
            }
        }
        let Credentials {
            token, password, ..
        } = &self.credentials;
        secrets.extend(token.iter().map(|secret| known("token", secret)));
        secrets.extend(password.iter().map(|secret| known("password", secret)));
        let values = self.credentials.values.iter();
        secrets.extend(values.map(|(name, secret)| known(name, secret)));
        secrets
    }

    fn doubts(&self) -> Vec<(String, String)> {
        let mut doubts = Vec::new();
        if self.verdict.is_by_status_alone() {
            doubts.push((
                "the gateway is judged by the status of its answers alone: one that answers 200 with an error in its text counts as sent".to_owned(),
                format!(
                    "say where its answer tells: a rule [[{}.answer]], id_pointer, id_text, or result_pointer with result_accepted; regua omnichannel judge tries it",
                    self.channel
                ),
            ));
        }
        if self.channel == Channel::Whatsapp && self.unofficial {
            doubts.push((
                "an unofficial WhatsApp gateway: the number may be banned, some after five messages alike to strangers".to_owned(),
                if self.pause.is_some() && self.numbers.is_some() {
                    "opa and meta send by the official API; unofficial = false says that this gateway does too".to_owned()
                } else {
                    "opa and meta send by the official API; set pause_seconds = [5, 20] and [whatsapp.check_numbers], send few a day, and those who wrote first".to_owned()
                },
            ));
        }
        doubts
    }

    fn by_client(&self) -> bool {
        self.by_client
    }

    fn can_be_asked(&self) -> bool {
        self.poll.is_some()
    }

    fn gateway(&self) -> Option<String> {
        let host = crate::http::host(self.send.url.as_str());
        Some(format!("{} {host}", self.name()))
    }

    fn pause(&self) -> Option<Pause> {
        self.pause
    }

    fn names_variables(&self) -> bool {
        true
    }

    fn shown_request(&self, message: &Outgoing) -> Result<Option<ShownRequest>> {
        let own = OwnValues::covered(&self.credentials)?;
        let token = self.credentials.token.is_some() || self.login.is_some();
        let form =
            Form::of(&self.send, &self.words(), true)?.authorized(&self.credentials, &own, token);
        let made = form.made(|word| match of_message(word, message) {
            Some(value) => value,
            None if word == "token" && token => "***".into(),
            None => own.get(word).to_owned().into(),
        });
        Ok(Some(ShownRequest {
            method: made.method.as_str(),
            url: shown_url(&made.url),
            headers: made.headers,
            body: made.body,
        }))
    }

    fn judged(&self, status: u16, body: &[u8]) -> Option<Judged> {
        let answer = HttpAnswer {
            status,
            retry_after: None,
            content_type: None,
            location: None,
            body: body.to_vec(),
        };
        let (outcome, by) = self.verdict.judge_by(&answer, &Cover::default());
        Some(Judged { outcome, by })
    }

    fn connect(&self, workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(HttpProvider::new(self, workers)?))
    }
}

/// An address as it may be shown, with its query, but without what is secret by its name or place.
fn shown_url(url: &str) -> String {
    let (address, query) = url
        .split_once('?')
        .map_or((url, None), |(address, query)| (address, Some(query)));
    let address = crate::wire::url::shown(address);
    let Some(query) = query else { return address };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if may_be_secret(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{address}?{}", shown.collect::<Vec<_>>().join("&"))
}
