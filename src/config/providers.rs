//! The settings of each provider and of the ERP's web service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Secret, read_numbers};
use crate::domain::recipient::Number;
use crate::domain::words::Channel;
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
    Http(HttpSettings),
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

/// A gateway described by its requests and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// Where; may hold `#address#` and the like, escaped for a URL.
    pub url: String,
    /// Headers; their values may be secrets.
    pub headers: BTreeMap<String, Secret>,
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
    /// A JSON pointer to the gateway's words about a refusal.
    pub message_pointer: Option<String>,
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
}

/// Opa! Suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpaSettings {
    /// `https://INSTANCE/api/v1`.
    pub base_url: String,
    /// The API user's token.
    pub token: Secret,
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
    /// Different people that may be written to in 24 hours; 0 means no limit.
    pub daily_recipients: i64,
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
    /// Where marketing can be unsubscribed: an https address.
    pub unsubscribe_url: Option<String>,
    /// Messages before a connection is renewed.
    pub messages_per_connection: i64,
    /// A certificate authority to trust besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
}

/// An IXC Provedor web service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IxcSettings {
    /// The host, with or without `/webservice/v1`.
    pub base_url: String,
    /// `id:hash`, or the same in Base64.
    pub token: Secret,
    /// Rows asked for at a time.
    pub page_size: i64,
    /// Lists by GET with a body rather than by POST.
    pub get: bool,
    /// Seconds to wait for one answer.
    pub timeout_seconds: i64,
    /// The names of the cells, in their order, of forms that answer in positional rows.
    pub columns: BTreeMap<String, Vec<String>>,
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
            Self::Http(http) => http
                .headers
                .iter()
                .map(|(name, secret)| (format!("headers.{name}"), secret))
                .collect(),
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
        workers: 4,
        rate_per_minute: 0,
    }
}

/// Workers and rate a provider has unless the configuration says otherwise.
fn usual_limits(provider: &ProviderConfig) -> (i64, i64) {
    match provider {
        ProviderConfig::File { .. } => (4, 0),
        ProviderConfig::Http(_) => (8, 600),
        ProviderConfig::Fcm(_) => (32, 60_000),
        ProviderConfig::Opa(_) => (2, 300),
        ProviderConfig::Meta(_) => (16, 4_000),
        ProviderConfig::Twilio(_) => (8, 600),
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
            "smtp" => read_smtp(section, base),
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
    }
}

/// A key that a provider cannot do without.
fn required(section: &Section<'_, '_>, key: &'static str, why: &str) -> Option<String> {
    if !section.has(key) {
        section.wrong(key, "is missing", why);
        return None;
    }
    section.filled(key)
}

fn secret(section: &Section<'_, '_>, key: &'static str, base: &Path) -> Option<Secret> {
    required(
        section,
        key,
        "write env:NAME, file:PATH or the secret itself",
    )
    .map(|written| Secret::new(written, base))
}

/// An address of a service: https, or http on this machine (elsewhere with a warning).
fn url(
    section: &Section<'_, '_>,
    key: &'static str,
    default: Option<&str>,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let url = match default {
        Some(default) => section.filled(key).unwrap_or_else(|| default.to_owned()),
        None => required(section, key, "write the address, https://…")?,
    };
    let host = |rest: &str| {
        rest.split(['/', '?'])
            .next()
            .unwrap_or_default()
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    if let Some(rest) = url.strip_prefix("http://") {
        let host = host(rest);
        let loopback = ["127.", "localhost", "[::1]"]
            .iter()
            .any(|start| host.starts_with(start));
        if !loopback {
            warnings.push(format!(
                "{}: {url} is not encrypted; anyone on the way reads it",
                section.full(key)
            ));
        }
    } else if !url.starts_with("https://") || host(&url["https://".len()..]).is_empty() {
        section.wrong(
            key,
            format!("found `{url}`"),
            "write an address such as https://host/path",
        );
        return None;
    }
    Some(url.trim_end_matches('/').to_owned())
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
    let base_url = url(
        section,
        "base_url",
        Some("https://fcm.googleapis.com"),
        warnings,
    );
    Some(ProviderConfig::Fcm(FcmSettings {
        service_account: base.join(service_account?),
        base_url: base_url?,
    }))
}

fn read_http(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let url = url(section, "url", None, warnings);
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
    let texts = |key| section.texts(key).unwrap_or_default();
    Some(ProviderConfig::Http(HttpSettings {
        method,
        headers,
        content_type,
        body: section.text("body"),
        accepted: section
            .numbers("accepted")
            .unwrap_or_else(|| vec![200, 201, 202]),
        later: section
            .numbers("later")
            .unwrap_or_else(|| vec![408, 425, 429, 500, 502, 503, 504]),
        never: section.numbers("never").unwrap_or_default(),
        stop: section.numbers("stop").unwrap_or_else(|| vec![401, 403]),
        result_pointer: section.filled("result_pointer"),
        result_accepted: texts("result_accepted"),
        result_later: texts("result_later"),
        result_never: texts("result_never"),
        result_stop: texts("result_stop"),
        id_pointer: section.filled("id_pointer"),
        message_pointer: section.filled("message_pointer"),
        timeout_seconds: section.number("timeout_seconds", 1..=600).unwrap_or(20),
        url: url?,
    }))
}

fn read_opa(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let base_url = url(section, "base_url", None, warnings);
    let token = secret(section, "token", base);
    Some(ProviderConfig::Opa(OpaSettings {
        base_url: base_url?,
        token: token?,
    }))
}

fn read_meta(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let base_url = url(
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
    }))
}

fn read_twilio(
    section: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<ProviderConfig> {
    let base_url = url(
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
    let account_sid = account_sid?;
    Some(ProviderConfig::Twilio(TwilioSettings {
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

fn read_smtp(section: &Section<'_, '_>, base: &Path) -> Option<ProviderConfig> {
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
    let settings = EmailSettings {
        port: u16::try_from(port).unwrap_or(465),
        tls,
        username,
        password,
        reply_to: section.filled("reply_to"),
        unsubscribe_url: section.filled("unsubscribe_url"),
        messages_per_connection: section
            .number("messages_per_connection", 1..=1_000_000)
            .unwrap_or(100),
        ca_file: section.filled("ca_file").map(|path| base.join(path)),
        host: host?,
        from: from?,
    };
    Some(ProviderConfig::Smtp(settings))
}

/// The forms whose cells can be named.
const IXC_FORMS: [&str; 5] = [
    "cliente",
    "cliente_contrato",
    "fn_areceber",
    "radusuarios",
    "su_ticket",
];

/// Reads `[sync.ixc]`.
pub(super) fn read_ixc(
    sync: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<IxcSettings> {
    let section = sync.section("ixc")?;
    let base_url = ixc_url(&section, warnings);
    let token = secret(&section, "token", base);
    let page_size = section.number("page_size", 1..=5000).unwrap_or(500);
    let get = section.filled("method").is_some_and(|method| {
        if method != "GET" && method != "POST" {
            section.wrong("method", format!("found `{method}`"), "write POST or GET");
        }
        method == "GET"
    });
    let timeout_seconds = section.number("timeout_seconds", 1..=600).unwrap_or(60);
    let columns = section
        .section("columns")
        .map_or_else(BTreeMap::new, |table| {
            table
                .pairs()
                .into_iter()
                .map(|(form, names)| {
                    let names = names.split(',').map(|name| name.trim().to_owned());
                    let names: Vec<String> = names.collect();
                    if !IXC_FORMS.contains(&form.as_str()) || !names.iter().any(|n| n == "id") {
                        section.wrong(
                            "columns",
                            format!("found `{form}` with `{}`", names.join(", ")),
                            format!(
                                "name the cells, id among them, of some of: {}",
                                IXC_FORMS.join(", ")
                            ),
                        );
                    }
                    (form, names)
                })
                .collect()
        });
    section.finish();
    Some(IxcSettings {
        base_url: base_url?,
        token: token?,
        page_size,
        get,
        timeout_seconds,
        columns,
    })
}

/// The web service's address up to `/webservice/v1`: people write the host alone, or all of it.
fn ixc_url(section: &Section<'_, '_>, warnings: &mut Vec<String>) -> Option<String> {
    let host_alone = section.text_if("base_url").filter(|text| {
        let text = text.trim();
        !text.is_empty() && !text.contains("://") && !text.contains(' ')
    });
    let url = match host_alone {
        Some(host) => format!("https://{}", host.trim().trim_end_matches('/')),
        None => url(section, "base_url", None, warnings)?,
    };
    Some(match url.find("/webservice") {
        Some(at) => url[..at].to_owned(),
        None => url,
    })
}

#[cfg(test)]
mod ixc_tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn the_web_service_is_found_however_its_address_is_written() {
        for written in [
            "ixc.example.com",
            "ixc.example.com/webservice/v1/",
            "https://ixc.example.com",
            "https://ixc.example.com/webservice/v1",
        ] {
            let text = format!("[sync.ixc]\nbase_url = \"{written}\"\ntoken = \"1:ab\"\n");
            let config = Config::read(&text, "config.toml", Path::new("")).expect("acceptable");
            let ixc = config.ixc.expect("a source");
            assert_eq!(ixc.base_url, "https://ixc.example.com", "{written}");
            assert_eq!(
                (ixc.page_size, ixc.get, ixc.timeout_seconds),
                (500, false, 60)
            );
        }
    }

    #[test]
    fn what_is_wrong_with_the_source_is_told_at_once() {
        let text = "[sync.ixc]\nbase_url = \"\"\nmethod = \"PUT\"\n[sync.ixc.columns]\nusuarios = \"id, senha\"\n";
        let told = Config::read(text, "config.toml", Path::new(""))
            .expect_err("four problems")
            .to_string();
        for part in [
            "base_url",
            "token: is missing",
            "found `PUT`",
            "found `usuarios`",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        assert_eq!(told.matches("base_url").count(), 1, "{told}");
    }
}
