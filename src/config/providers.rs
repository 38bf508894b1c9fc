//! The settings of each provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::read_numbers;
use crate::domain::recipient::Number;
use crate::domain::words::Channel;
use crate::settings::{Secret, base_url, required, secret, timeout, whole_url};
use crate::toml_table::Section;

/// A channel's provider and how hard it may be worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelConfig {
    /// The provider with its settings.
    pub provider: ProviderConfig,
    /// Requests at the same time.
    pub workers: usize,
    /// Requests begun in a minute; 0 means no limit.
    pub rate_per_minute: u32,
    /// Text messages: letters that would force UCS-2 are written plainly (ã as a).
    pub transliterate: bool,
}

/// A provider with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderConfig {
    /// One JSON line a message, in a file.
    File {
        /// That file.
        path: PathBuf,
    },
    /// Any HTTP gateway.
    Http(Box<HttpSettings>),
    /// Firebase Cloud Messaging, HTTP v1.
    Fcm(FcmSettings),
    /// Opa! Suite.
    Opa(OpaSettings),
    /// WhatsApp Cloud API.
    Meta(MetaSettings),
    /// Twilio.
    Twilio(TwilioSettings),
    /// A mail server.
    Smtp(EmailSettings),
}

/// What may stand between number signs in a gateway's URL, headers and body.
pub const PLACEHOLDERS: &[&str] = &[
    "address",
    "address_digits",
    "address_national",
    "title",
    "body",
    "key",
    "tag",
    "id",
    "sender",
    "username",
    "password",
    "token",
];

/// A gateway described by its requests and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// Where; may hold `#address#` and the like, escaped for a URL.
    pub url: String,
    /// Headers; their values may be secrets.
    pub headers: BTreeMap<String, Secret>,
    /// A user for HTTP's basic authentication, or for `#username#`.
    pub username: Option<String>,
    /// Its password, also `#password#`.
    pub password: Option<Secret>,
    /// A token, also `#token#`.
    pub token: Option<Secret>,
    /// The header the token goes in; none sends it only where `#token#` stands.
    pub token_header: Option<String>,
    /// What stands before the token in that header.
    pub token_prefix: String,
    /// Who it comes from: `#sender#`.
    pub sender: Option<String>,
    /// `application/json`, `application/x-www-form-urlencoded` or `text/plain`: decides the escaping.
    pub content_type: String,
    /// The body, with `#address#`, `#title#`, `#body#`, `#key#` where they go.
    pub body: Option<String>,
    /// Statuses that mean accepted.
    pub accepted: Vec<i64>,
    /// Statuses that mean try again later.
    pub later: Vec<i64>,
    /// Statuses that mean no for good.
    pub never: Vec<i64>,
    /// Statuses that close the channel.
    pub stop: Vec<i64>,
    /// A JSON pointer whose value decides further.
    pub result_pointer: Option<String>,
    /// Values there that mean accepted.
    pub result_accepted: Vec<String>,
    /// Values there that mean try again later.
    pub result_later: Vec<String>,
    /// Values there that mean no for good.
    pub result_never: Vec<String>,
    /// Values there that close the channel.
    pub result_stop: Vec<String>,
    /// A JSON pointer to the gateway's id of the message.
    pub id_pointer: Option<String>,
    /// JSON pointers to the gateway's words about a refusal; the first that finds something counts.
    pub message_pointers: Vec<String>,
    /// A harmless address that answers only to good credentials.
    pub check_url: Option<String>,
    /// Seconds to wait for an answer.
    pub timeout_seconds: i64,
}

/// Firebase Cloud Messaging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FcmSettings {
    /// The key file Google gives.
    pub service_account: PathBuf,
    /// Where messages go.
    pub base_url: String,
    /// Seconds to wait for an answer.
    pub timeout_seconds: i64,
}

/// Opa! Suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpaSettings {
    /// `https://INSTANCE/api/v1`.
    pub base_url: String,
    /// The API user's token.
    pub token: Secret,
    /// Seconds to wait for an answer.
    pub timeout_seconds: i64,
}

/// WhatsApp Cloud API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaSettings {
    /// Where the Graph API answers, with its version.
    pub base_url: String,
    /// The sender's id.
    pub phone_number_id: String,
    /// The account whose templates are used.
    pub account_id: String,
    /// The access token.
    pub token: Secret,
    /// The language of a template that names none (`name/pt_BR`).
    pub language: String,
    /// Different people that may be written to in 24 hours; 0 means no limit.
    pub daily_recipients: i64,
    /// Seconds to wait for an answer.
    pub timeout_seconds: i64,
}

/// Twilio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwilioSettings {
    /// Where the API answers.
    pub base_url: String,
    /// The account's id.
    pub account_sid: String,
    /// The user of the API: the account's id, or an API key's.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// The sender's number, or
    pub from: Option<String>,
    /// the messaging service's id.
    pub messaging_service: Option<String>,
    /// Seconds to wait for an answer.
    pub timeout_seconds: i64,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (port 465).
    Implicit,
    /// STARTTLS, required (port 587).
    Starttls,
    /// None, for a relay on this machine.
    None,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// The user, if it wants one.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The sender: `Name <address>`.
    pub from: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// Where marketing can be unsubscribed: an https address; `#client_id#` and `#address#` may stand in it.
    pub unsubscribe_url: Option<String>,
    /// How we greet the server; the sender's domain unless set.
    pub helo: Option<String>,
    /// Seconds to wait for a connection and for each answer but the last.
    pub timeout_seconds: i64,
    /// Seconds to wait for the answer to a whole message (RFC 5321 asks for ten minutes).
    pub answer_seconds: i64,
    /// Messages before a connection is renewed.
    pub messages_per_connection: i64,
    /// A certificate authority to trust besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
}

impl ProviderConfig {
    /// The provider's name in the configuration.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Http(_) => "http",
            Self::Fcm(_) => "fcm",
            Self::Opa(_) => "opa",
            Self::Meta(_) => "meta",
            Self::Twilio(_) => "twilio",
            Self::Smtp(_) => "smtp",
        }
    }

    /// Its secrets, by key.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        match self {
            Self::File { .. } | Self::Fcm(_) => Vec::new(),
            Self::Http(http) => {
                let token = http.token.iter().map(|secret| ("token".to_owned(), secret));
                let password = http.password.iter();
                http.headers
                    .iter()
                    .map(|(name, secret)| (format!("headers.{name}"), secret))
                    .chain(token)
                    .chain(password.map(|secret| ("password".to_owned(), secret)))
                    .collect()
            }
            Self::Opa(opa) => vec![("token".to_owned(), &opa.token)],
            Self::Meta(meta) => vec![("token".to_owned(), &meta.token)],
            Self::Twilio(twilio) => vec![("password".to_owned(), &twilio.password)],
            Self::Smtp(smtp) => smtp
                .password
                .iter()
                .map(|secret| ("password".to_owned(), secret))
                .collect(),
        }
    }
}

/// Reads `[push]`, `[sms]` or `[email]`.
pub(super) fn read(
    top: &Section<'_, '_>,
    channel: Channel,
    base: &Path,
    warnings: &mut Vec<String>,
) -> ChannelConfig {
    let key = match channel {
        Channel::Push => "push",
        Channel::Whatsapp => "whatsapp",
        Channel::Sms => "sms",
        Channel::Email => "email",
    };
    match top.section(key) {
        None => by_file(channel, base),
        Some(section) => {
            let config = read_channel(&section, channel, base, warnings);
            section.finish();
            config
        }
    }
}

/// Reads `[whatsapp]` with its numbers.
pub(super) fn read_whatsapp(
    top: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> (ChannelConfig, Vec<Number>) {
    let default = vec![Number::Mobile, Number::Whatsapp];
    let Some(section) = top.section("whatsapp") else {
        return (by_file(Channel::Whatsapp, base), default);
    };
    let config = read_channel(&section, Channel::Whatsapp, base, warnings);
    let numbers = read_numbers(&section).unwrap_or(default);
    section.finish();
    (config, numbers)
}

fn by_file(channel: Channel, base: &Path) -> ChannelConfig {
    ChannelConfig {
        provider: ProviderConfig::File {
            path: base.join(format!("{channel}.jsonl")),
        },
        workers: 8,
        rate_per_minute: 0,
        transliterate: false,
    }
}

/// Workers and rate a provider has unless the configuration says otherwise.
fn usual_limits(provider: &ProviderConfig) -> (i64, i64) {
    match provider {
        ProviderConfig::File { .. } => (8, 0),
        ProviderConfig::Fcm(_) => (32, 60_000),
        ProviderConfig::Opa(_) => (2, 300),
        ProviderConfig::Meta(_) => (16, 4_000),
        ProviderConfig::Http(_) | ProviderConfig::Twilio(_) => (8, 600),
        ProviderConfig::Smtp(_) => (2, 0),
    }
}

fn read_channel(
    section: &Section<'_, '_>,
    channel: Channel,
    base: &Path,
    warnings: &mut Vec<String>,
) -> ChannelConfig {
    let allowed: &[&str] = match channel {
        Channel::Push => &["fcm", "http", "file"],
        Channel::Whatsapp => &["opa", "meta", "file"],
        Channel::Sms => &["http", "twilio", "file"],
        Channel::Email => &["smtp", "file"],
    };
    let name = section
        .filled("provider")
        .unwrap_or_else(|| "file".to_owned());
    let provider = if allowed.contains(&name.as_str()) {
        match name.as_str() {
            "fcm" => read_fcm(section, base, warnings),
            "http" => read_http(section, base, warnings),
            "opa" => read_opa(section, base, warnings),
            "meta" => read_meta(section, base, warnings),
            "twilio" => read_twilio(section, base, warnings),
            "smtp" => read_smtp(section, base, warnings),
            _ => None,
        }
    } else {
        section.wrong(
            "provider",
            format!("found `{name}`"),
            format!("write one of: {}", allowed.join(", ")),
        );
        None
    };
    let provider = provider.unwrap_or_else(|| ProviderConfig::File {
        path: base.join(
            section
                .filled("path")
                .unwrap_or_else(|| format!("{channel}.jsonl")),
        ),
    });
    let (workers, rate) = usual_limits(&provider);
    let workers = section.number("workers", 1..=512).unwrap_or(workers);
    let rate = section
        .number("rate_per_minute", 0..=10_000_000)
        .unwrap_or(rate);
    ChannelConfig {
        provider,
        workers: usize::try_from(workers).unwrap_or(1),
        rate_per_minute: u32::try_from(rate).unwrap_or(0),
        transliterate: channel == Channel::Sms && section.flag("transliterate").unwrap_or(false),
    }
}

fn read_fcm(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
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
    Some(ProviderConfig::Fcm(FcmSettings {
        // Google's own programs wait so long: a shorter wait made duplicates.
        timeout_seconds: timeout(section, 15),
        service_account: base.join(service_account?),
        base_url: base_url?,
    }))
}

/// A gateway that regua knows how to talk to: what `preset` fills in, as TOML would.
struct Preset {
    base_url: Option<&'static str>,
    path: &'static str,
    token_header: &'static str,
    token_prefix: &'static str,
    body: &'static str,
    result_pointer: Option<&'static str>,
    result_accepted: &'static [&'static str],
    result_never: &'static [&'static str],
    id_pointer: &'static str,
    message_pointers: &'static [&'static str],
}

fn preset(name: &str) -> Option<Preset> {
    match name {
        // Zenvia's API v2.
        "zenvia" => Some(Preset {
            base_url: Some("https://api.zenvia.com"),
            path: "/v2/channels/sms/messages",
            token_header: "X-API-TOKEN",
            token_prefix: "",
            body: r##"{"from":"#sender#","to":"#address_digits#","contents":[{"type":"text","text":"#body#"}]}"##,
            result_pointer: None,
            result_accepted: &[],
            result_never: &[],
            id_pointer: "/id",
            message_pointers: &["/message", "/error/message"],
        }),
        // Infobip's SMS API v3: every account has a host of its own, and takes our id of the message.
        "infobip" => Some(Preset {
            base_url: None,
            path: "/sms/3/messages",
            token_header: "Authorization",
            token_prefix: "App ",
            body: r##"{"messages":[{"sender":"#sender#","destinations":[{"to":"#address_digits#","messageId":"#tag#"}],"content":{"text":"#body#"}}]}"##,
            result_pointer: Some("/messages/0/status/groupName"),
            result_accepted: &["PENDING", "DELIVERED"],
            result_never: &["REJECTED", "UNDELIVERABLE", "EXPIRED"],
            id_pointer: "/messages/0/messageId",
            message_pointers: &[
                "/messages/0/status/description",
                "/requestError/serviceException/text",
            ],
        }),
        _ => None,
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn read_http(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let chosen = section.filled("preset").and_then(|name| {
        let chosen = preset(&name);
        if chosen.is_none() {
            section.wrong(
                "preset",
                format!("found `{name}`"),
                "write zenvia or infobip, or leave it out and describe the gateway",
            );
        }
        chosen
    });
    let preset = chosen.as_ref();
    let url = match preset {
        Some(preset) => base_url(section, "base_url", preset.base_url, warnings)
            .map(|base_url| format!("{base_url}{}", preset.path)),
        None => required(section, "url", "write the gateway's address, https://…")
            .and_then(|url| whole_url(section, "url", url, warnings)),
    };
    let method = section
        .filled("method")
        .unwrap_or_else(|| "POST".to_owned());
    if !["GET", "POST", "PUT"].contains(&method.as_str()) {
        section.wrong(
            "method",
            format!("found `{method}`"),
            "write GET, POST or PUT",
        );
    }
    let headers = section
        .section("headers")
        .map_or_else(BTreeMap::new, |table| {
            table
                .pairs()
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value, base)))
                .collect()
        });
    let content_type = section
        .filled("content_type")
        .unwrap_or_else(|| "application/json".to_owned());
    if ![
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
    ]
    .contains(&content_type.as_str())
    {
        section.wrong(
            "content_type",
            format!("found `{content_type}`"),
            "write application/json, application/x-www-form-urlencoded or text/plain",
        );
    }
    let password = section
        .filled("password")
        .map(|written| Secret::new(written, base));
    let token = if preset.is_some() {
        secret(section, "token", base)
    } else {
        section
            .filled("token")
            .map(|written| Secret::new(written, base))
    };
    let sender = if preset.is_some() {
        required(section, "sender", "write the sender the gateway gave you")
    } else {
        section.filled("sender")
    };
    let texts = |key, usual: Option<&[&str]>| {
        section
            .texts(key)
            .unwrap_or_else(|| usual.map(owned).unwrap_or_default())
    };
    let pointer = |key: &'static str, usual: Option<&str>| {
        let pointer = section.filled(key).or_else(|| usual.map(str::to_owned))?;
        if !pointer.starts_with('/') {
            section.wrong(
                key,
                format!("found `{pointer}`"),
                "write a JSON pointer such as /data/id",
            );
        }
        Some(pointer)
    };
    let settings = HttpSettings {
        method,
        headers,
        content_type,
        username: section.filled("username"),
        password,
        token,
        token_header: section
            .filled("token_header")
            .or_else(|| preset.map(|preset| preset.token_header.to_owned())),
        token_prefix: section.text("token_prefix").unwrap_or_else(|| {
            preset
                .map_or("Bearer ", |preset| preset.token_prefix)
                .to_owned()
        }),
        sender,
        body: section
            .text("body")
            .or_else(|| preset.map(|preset| preset.body.to_owned())),
        accepted: section
            .numbers("accepted")
            .unwrap_or_else(|| vec![200, 201, 202]),
        later: section
            .numbers("later")
            .unwrap_or_else(|| vec![408, 425, 429, 500, 502, 503, 504]),
        never: section.numbers("never").unwrap_or_default(),
        stop: section.numbers("stop").unwrap_or_else(|| vec![401, 403]),
        result_pointer: pointer(
            "result_pointer",
            preset.and_then(|preset| preset.result_pointer),
        ),
        result_accepted: texts(
            "result_accepted",
            preset.map(|preset| preset.result_accepted),
        ),
        result_later: texts("result_later", None),
        result_never: texts("result_never", preset.map(|preset| preset.result_never)),
        result_stop: texts("result_stop", None),
        id_pointer: pointer("id_pointer", preset.map(|preset| preset.id_pointer)),
        message_pointers: pointer("message_pointer", None).map_or_else(
            || {
                preset
                    .map(|preset| owned(preset.message_pointers))
                    .unwrap_or_default()
            },
            |pointer| vec![pointer],
        ),
        check_url: section
            .filled("check_url")
            .and_then(|url| whole_url(section, "check_url", url, warnings)),
        timeout_seconds: timeout(section, 20),
        url: url.unwrap_or_default(),
    };
    check_placeholders(section, &settings);
    (!settings.url.is_empty()).then_some(ProviderConfig::Http(Box::new(settings)))
}

/// The words between number signs; other number signs are text.
fn words_between_signs(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('#') {
        rest = after;
        if let Some((word, beyond)) = after.split_once('#')
            && !word.is_empty()
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            words.push(word);
            rest = beyond;
        }
    }
    words
}

/// Every word between number signs must be one that gets a value.
fn check_placeholders(section: &Section<'_, '_>, settings: &HttpSettings) {
    let texts = [
        ("url", Some(&settings.url)),
        ("body", settings.body.as_ref()),
    ];
    for (key, text) in texts {
        let Some(text) = text else { continue };
        for word in words_between_signs(text) {
            if !PLACEHOLDERS.contains(&word) {
                section.wrong(
                    key,
                    format!("#{word}# has no value"),
                    format!("write one of: {}", PLACEHOLDERS.join(", ")),
                );
            }
        }
        let wanting = [
            ("sender", settings.sender.is_none()),
            ("username", settings.username.is_none()),
            ("password", settings.password.is_none()),
            ("token", settings.token.is_none()),
        ];
        for (name, absent) in wanting {
            if absent && text.contains(&format!("#{name}#")) {
                section.wrong(
                    key,
                    format!("#{name}# has no value"),
                    format!("give {name} too"),
                );
            }
        }
    }
}

fn read_opa(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let base_url = base_url(section, "base_url", None, warnings);
    let token = secret(section, "token", base);
    Some(ProviderConfig::Opa(OpaSettings {
        timeout_seconds: timeout(section, 30),
        base_url: base_url?,
        token: token?,
    }))
}

fn read_meta(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
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
    Some(ProviderConfig::Meta(MetaSettings {
        base_url: base_url?,
        phone_number_id: phone_number_id?,
        account_id: account_id?,
        token: token?,
        daily_recipients: section
            .number("daily_recipients", 0..=10_000_000)
            .unwrap_or(0),
        language: section
            .filled("language")
            .unwrap_or_else(|| "pt_BR".to_owned()),
        timeout_seconds: timeout(section, 30),
    }))
}

fn read_twilio(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
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
    Some(ProviderConfig::Twilio(TwilioSettings {
        timeout_seconds,
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

fn read_smtp(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let host = required(section, "host", "write the mail server's name");
    let from = required(section, "from", "write Name <address@example.com>");
    let tls = match section.filled("tls").as_deref() {
        None | Some("implicit") => Tls::Implicit,
        Some("starttls") => Tls::Starttls,
        Some("none") => Tls::None,
        Some(other) => {
            section.wrong(
                "tls",
                format!("found `{other}`"),
                "write implicit, starttls or none",
            );
            Tls::Implicit
        }
    };
    let port = section.number("port", 1..=65535).unwrap_or(match tls {
        Tls::Implicit => 465,
        Tls::Starttls => 587,
        Tls::None => 25,
    });
    let username = section.filled("username");
    let password = username
        .is_some()
        .then(|| secret(section, "password", base))
        .flatten();
    if username.is_none() && section.filled("password").is_some() {
        section.wrong(
            "password",
            "stands without a username",
            "write username = \"…\" beside it, or leave both out",
        );
    }
    let unsubscribe_url = section.filled("unsubscribe_url");
    if unsubscribe_url
        .as_ref()
        .is_some_and(|url| !url.starts_with("https://") || url.contains(char::is_whitespace))
    {
        section.wrong(
            "unsubscribe_url",
            "is not an https address",
            "write https://…, which must need no login (RFC 8058)",
        );
    }
    if let (Tls::None, Some(host)) = (tls, &host)
        && !["127.", "localhost", "::1"]
            .iter()
            .any(|start| host.starts_with(start))
    {
        warnings.push(format!(
            "{}: tls = \"none\" sends everything to {host} in the clear",
            section.full("tls")
        ));
    }
    let settings = EmailSettings {
        port: u16::try_from(port).unwrap_or(465),
        tls,
        username,
        password,
        reply_to: section.filled("reply_to"),
        unsubscribe_url,
        helo: section.filled("helo"),
        timeout_seconds: timeout(section, 30),
        answer_seconds: section.number("answer_seconds", 1..=3600).unwrap_or(600),
        messages_per_connection: section
            .number("messages_per_connection", 1..=1_000_000)
            .unwrap_or(100),
        ca_file: section.filled("ca_file").map(|path| base.join(path)),
        host: host?,
        from: from?,
    };
    Some(ProviderConfig::Smtp(settings))
}
