//! A gateway as it is described, in a configuration or in a preset: the same keys, each of them optional.

use std::collections::BTreeMap;
use std::path::Path;

use super::glob::{Glob, IdText};
use super::login::{self, LoginSettings};
use super::numbers::{self, NumbersSettings};
use super::plan::{ContentType, read_method, secrets_of};
use super::poll::{self, PollSettings};
use super::rule::{self, AnswerRule, read_pointer, read_pointers};
use crate::channel::Pause;
use crate::http::Method;
use crate::settings::Secret;
use crate::toml_table::Section;

/// The keys that describe a gateway. What one description leaves out, another may fill in.
#[derive(Debug, Default)]
pub(super) struct Description {
    /// GET, POST or PUT.
    pub(super) method: Option<Method>,
    /// Where its paths start.
    pub(super) base_url: Option<String>,
    /// The path of a message.
    pub(super) path: Option<String>,
    /// The whole address of a message, in place of the two.
    pub(super) url: Option<String>,
    /// Headers; their values may be secrets.
    pub(super) headers: BTreeMap<String, Secret>,
    /// What the body is.
    pub(super) content_type: Option<ContentType>,
    /// The body, with its places.
    pub(super) body: Option<String>,
    /// Who it comes from.
    pub(super) sender: Option<String>,
    /// What we are known by.
    pub(super) username: Option<String>,
    /// Its password.
    pub(super) password: Option<Secret>,
    /// A token.
    pub(super) token: Option<Secret>,
    /// The header the token goes in.
    pub(super) token_header: Option<String>,
    /// What stands before the token there.
    pub(super) token_prefix: Option<String>,
    /// Words of its own, each a place of its name.
    pub(super) values: BTreeMap<String, Secret>,
    /// A request for a token.
    pub(super) login: Option<LoginSettings>,
    /// How answers are read: rules.
    pub(super) rules: Vec<AnswerRule>,
    /// How answers are read: by status and by one value.
    pub(super) keys: AnswerKeys,
    /// Where the gateway's id of the message stands.
    pub(super) id: Option<IdPlace>,
    /// Where the gateway's words stand.
    pub(super) message_pointers: Option<Vec<String>>,
    /// Where it says how many seconds to wait.
    pub(super) retry_pointer: Option<String>,
    /// A harmless address that answers only to good credentials.
    pub(super) check_url: Option<String>,
    /// Where that answer says how things are.
    pub(super) check_pointer: Option<String>,
    /// And what must stand there.
    pub(super) check_is: Option<Vec<Glob>>,
    /// A request that says which numbers exist.
    pub(super) numbers: Option<NumbersSettings>,
    /// That request is the one the preset describes.
    pub(super) asks_numbers: Option<bool>,
    /// A question about what became of a message.
    pub(super) poll: Option<PollSettings>,
    /// A message is addressed by the client's id.
    pub(super) by_client: Option<bool>,
    /// Seconds between two requests.
    pub(super) pause: Option<Pause>,
    /// It sends by WhatsApp without the official API.
    pub(super) unofficial: Option<bool>,
}

/// Where a gateway's id of a message stands in its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IdPlace {
    /// At the first of these JSON pointers that finds something.
    Pointers(Vec<String>),
    /// Within the text.
    Text(IdText),
}

/// What statuses, and the values at one place, mean: keys that come after the rules.
#[derive(Debug, Default)]
pub(super) struct AnswerKeys {
    pub(super) accepted: Option<Vec<i64>>,
    pub(super) later: Option<Vec<i64>>,
    pub(super) never: Option<Vec<i64>>,
    pub(super) stop: Option<Vec<i64>>,
    pub(super) result_pointer: Option<String>,
    pub(super) result_accepted: Option<Vec<Glob>>,
    pub(super) result_later: Option<Vec<Glob>>,
    pub(super) result_never: Option<Vec<Glob>>,
    pub(super) result_stop: Option<Vec<Glob>>,
}

impl Description {
    /// Reads a description, the same in a configuration and in a preset. Paths start from `base`.
    pub(super) fn read(section: &Section<'_, '_>, base: &Path) -> Self {
        let secret = |key| {
            let written = section.filled(key);
            written.map(|written| Secret::new(written, base))
        };
        Self {
            method: read_method(section),
            base_url: section.filled("base_url"),
            path: section.filled("path"),
            url: section.filled("url"),
            headers: secrets_of(section, "headers", base),
            content_type: read_content_type(section),
            body: section.text("body"),
            sender: section.filled("sender"),
            username: section.filled("username"),
            password: secret("password"),
            token: secret("token"),
            token_header: section.filled("token_header"),
            token_prefix: section.text("token_prefix"),
            values: secrets_of(section, "values", base),
            login: login::read(section, base),
            rules: rule::read(section),
            keys: AnswerKeys::read(section),
            id: read_id(section),
            message_pointers: read_pointers(section, "message_pointers").or_else(|| {
                let pointer = read_pointer(section, "message_pointer");
                pointer.map(|pointer| vec![pointer])
            }),
            retry_pointer: read_pointer(section, "retry_pointer"),
            check_url: section.filled("check_url"),
            check_pointer: read_pointer(section, "check_pointer"),
            check_is: globs(section, "check_is"),
            asks_numbers: numbers::is_asked(section),
            numbers: numbers::read(section),
            poll: poll::read(section),
            by_client: read_addresses(section),
            pause: read_pause(section),
            unofficial: section.flag("unofficial"),
        }
    }

    /// The same description, what it leaves out filled in by another one.
    pub(super) fn over(mut self, other: Self) -> Self {
        let joined = |mut own: BTreeMap<String, Secret>, under: BTreeMap<String, Secret>| {
            for (name, value) in under {
                if !own.keys().any(|known| known.eq_ignore_ascii_case(&name)) {
                    own.insert(name, value);
                }
            }
            own
        };
        self.rules.extend(other.rules);
        Self {
            method: self.method.or(other.method),
            base_url: self.base_url.or(other.base_url),
            path: self.path.or(other.path),
            url: self.url.or(other.url),
            headers: joined(self.headers, other.headers),
            content_type: self.content_type.or(other.content_type),
            body: self.body.or(other.body),
            sender: self.sender.or(other.sender),
            username: self.username.or(other.username),
            password: self.password.or(other.password),
            token: self.token.or(other.token),
            token_header: self.token_header.or(other.token_header),
            token_prefix: self.token_prefix.or(other.token_prefix),
            values: joined(self.values, other.values),
            login: self.login.or(other.login),
            rules: self.rules,
            keys: self.keys.over(other.keys),
            id: self.id.or(other.id),
            message_pointers: self.message_pointers.or(other.message_pointers),
            retry_pointer: self.retry_pointer.or(other.retry_pointer),
            check_url: self.check_url.or(other.check_url),
            check_pointer: self.check_pointer.or(other.check_pointer),
            check_is: self.check_is.or(other.check_is),
            // A preset may describe it; whether it is made is for the configuration to say.
            numbers: self
                .numbers
                .or(other.numbers.filter(|_| self.asks_numbers == Some(true))),
            asks_numbers: self.asks_numbers,
            poll: self.poll.or(other.poll),
            by_client: self.by_client.or(other.by_client),
            pause: self.pause.or(other.pause),
            unofficial: self.unofficial.or(other.unofficial),
        }
    }

    /// Whether a key that a preset needs is there.
    pub(super) fn has(&self, key: &str) -> bool {
        match key {
            "base_url" => self.base_url.is_some(),
            "sender" => self.sender.is_some(),
            "username" => self.username.is_some(),
            "password" => self.password.is_some(),
            "token" => self.token.is_some(),
            own => self.values.contains_key(own),
        }
    }
}

/// Keys of [`Description`] that a preset may need; any other it needs is a word of its own.
pub(super) const USUAL_NEEDS: [&str; 5] = ["base_url", "sender", "username", "password", "token"];

impl AnswerKeys {
    fn read(section: &Section<'_, '_>) -> Self {
        Self {
            accepted: section.numbers("accepted"),
            later: section.numbers("later"),
            never: section.numbers("never"),
            stop: section.numbers("stop"),
            result_pointer: read_pointer(section, "result_pointer"),
            result_accepted: globs(section, "result_accepted"),
            result_later: globs(section, "result_later"),
            result_never: globs(section, "result_never"),
            result_stop: globs(section, "result_stop"),
        }
    }

    fn over(self, other: Self) -> Self {
        Self {
            accepted: self.accepted.or(other.accepted),
            later: self.later.or(other.later),
            never: self.never.or(other.never),
            stop: self.stop.or(other.stop),
            result_pointer: self.result_pointer.or(other.result_pointer),
            result_accepted: self.result_accepted.or(other.result_accepted),
            result_later: self.result_later.or(other.result_later),
            result_never: self.result_never.or(other.result_never),
            result_stop: self.result_stop.or(other.result_stop),
        }
    }
}

fn globs(section: &Section<'_, '_>, key: &'static str) -> Option<Vec<Glob>> {
    let texts = section.texts(key)?;
    Some(texts.iter().map(|text| Glob::of(text)).collect())
}

fn read_content_type(section: &Section<'_, '_>) -> Option<ContentType> {
    let kind = match section.filled("content_type")?.as_str() {
        "application/json" => ContentType::Json,
        "application/x-www-form-urlencoded" => ContentType::Form,
        "text/plain" => ContentType::Plain,
        other => {
            section.wrong(
                "content_type",
                format!("found `{other}`"),
                "write application/json, application/x-www-form-urlencoded or text/plain",
            );
            return None;
        }
    };
    Some(kind)
}

fn read_id(section: &Section<'_, '_>) -> Option<IdPlace> {
    let pointers = read_pointers(section, "id_pointers")
        .or_else(|| Some(vec![read_pointer(section, "id_pointer")?]));
    let text = section.filled("id_text");
    match (pointers, text) {
        (Some(_), Some(_)) => {
            section.wrong(
                "id_text",
                "stands beside id_pointer",
                "say once where the id is: leave one of the two out",
            );
            None
        }
        (Some(pointers), None) => Some(IdPlace::Pointers(pointers)),
        (None, Some(text)) => {
            let place = IdText::of(&text);
            if place.is_none() {
                section.wrong(
                    "id_text",
                    format!("found `{text}`"),
                    "write the answer's text with {id} once where the id stands: OK;{id}",
                );
            }
            place.map(IdPlace::Text)
        }
        (None, None) => None,
    }
}

fn read_addresses(section: &Section<'_, '_>) -> Option<bool> {
    match section.filled("addresses")?.as_str() {
        "client" => Some(true),
        "device" => Some(false),
        other => {
            section.wrong(
                "addresses",
                format!("found `{other}`"),
                "write client (one message per client, by the client's id), or device",
            );
            None
        }
    }
}

fn read_pause(section: &Section<'_, '_>) -> Option<Pause> {
    /// No pause is longer, in seconds.
    const LONGEST: i64 = 3600;
    let seconds = section.numbers("pause_seconds")?;
    match seconds[..] {
        [least, most] if (0..=LONGEST).contains(&least) && (least..=LONGEST).contains(&most) => {
            Some(Pause {
                least_seconds: least.unsigned_abs(),
                most_seconds: most.unsigned_abs(),
            })
        }
        _ => {
            section.wrong(
                "pause_seconds",
                format!("found {seconds:?}"),
                "write the shortest and the longest pause, in seconds up to 3600: [5, 20]",
            );
            None
        }
    }
}
