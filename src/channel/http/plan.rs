//! A request as a configuration plans it, and what it knows us by.

use std::collections::BTreeMap;
use std::path::Path;

use crate::http::Method;
use crate::settings::Secret;
use crate::toml_table::Section;
use crate::wire::url::Url;

/// What a body is, which decides how its values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `text/plain`.
    Plain,
}

/// A request with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestPlan {
    /// GET, POST or PUT.
    pub(super) method: Method,
    /// Where; may hold `#address#` and the like, escaped for a URL.
    pub(super) url: Url,
    /// Headers; their values may be secrets.
    pub(super) headers: BTreeMap<String, Secret>,
    /// What the body is.
    pub(super) content_type: ContentType,
    /// The body, with its places.
    pub(super) body: Option<String>,
}

/// What a gateway knows us by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    /// A user for HTTP's basic authentication, or for `#username#`.
    pub(super) username: Option<String>,
    /// Its password, also `#password#`.
    pub(super) password: Option<Secret>,
    /// A token, also `#token#`.
    pub(super) token: Option<Secret>,
    /// The header the token goes in; none sends it only where `#token#` stands.
    pub(super) token_header: Option<String>,
    /// What stands before the token in that header.
    pub(super) token_prefix: String,
    /// Who messages come from: `#sender#`.
    pub(super) sender: Option<String>,
    /// Words of its own, each a place of its name.
    pub(super) values: BTreeMap<String, Secret>,
}

/// A table of texts, each of which may be a secret.
pub(super) fn secrets_of(
    section: &Section<'_, '_>,
    key: &'static str,
    base: &Path,
) -> BTreeMap<String, Secret> {
    let table = section.section(key);
    let pairs = table.map_or_else(BTreeMap::new, |table| table.pairs());
    let secret = |(name, value)| (name, Secret::new(value, base));
    pairs.into_iter().map(secret).collect()
}

/// The verb of a request.
pub(super) fn read_method(section: &Section<'_, '_>) -> Option<Method> {
    let method = match section.filled("method")?.as_str() {
        "POST" => Method::Post,
        "GET" => Method::Get,
        "PUT" => Method::Put,
        other => {
            section.wrong(
                "method",
                format!("found `{other}`"),
                "write GET, POST or PUT",
            );
            return None;
        }
    };
    Some(method)
}

/// Whether a value is better not shown: it comes from elsewhere, or its name says so.
pub(super) fn is_secret(name: &str, secret: &Secret) -> bool {
    !secret.is_literal() || may_be_secret(name)
}

/// Whether something of this name is better not shown.
pub(super) fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "auth", "token", "key", "secret", "pass", "cookie", "chave", "senha",
    ]
    .iter()
    .any(|part| name.contains(part))
}
