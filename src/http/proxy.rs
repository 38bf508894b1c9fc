//! Proxies, by the variables that every program of a machine goes by; never for the machine itself.

use std::net::IpAddr;

use super::Cover;
use crate::error::{Error, Result};
use crate::wire::url::{host, shown};

/// The variables for https addresses, the first that is set counts.
const FOR_HTTPS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// The variables for http addresses.
const FOR_HTTP: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
/// The variables that name hosts which are reached without.
const NONE_FOR: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A proxy that a variable names.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// The variable.
    variable: &'static str,
    /// Its address as it may be shown.
    shown: String,
    /// The proxy itself.
    pub(super) proxy: ureq::Proxy,
}

/// Which proxies requests go through.
#[derive(Debug, Clone, Default)]
pub(super) struct Proxies {
    pub(super) https: Option<Named>,
    pub(super) http: Option<Named>,
    none_for: Vec<String>,
}

/// What way a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Straight to the host.
    Direct,
    /// Through the proxy for https addresses.
    HttpsProxy,
    /// Through the proxy for http addresses.
    HttpProxy,
}

impl Proxies {
    /// Those of the environment.
    ///
    /// # Errors
    /// When a variable holds something that is no proxy we can use.
    pub(super) fn of_environment() -> Result<Self> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = variable(name)?.trim().to_owned();
                (!value.is_empty()).then_some((*name, value))
            })
        };
        let named = |names: &[&'static str]| first(names).map(|(name, value)| named(name, &value));
        Ok(Self {
            https: named(&FOR_HTTPS).transpose()?,
            http: named(&FOR_HTTP).transpose()?,
            none_for: first(&NONE_FOR).map_or_else(Vec::new, |(_, value)| {
                value
                    .split([',', ' '])
                    .map(|host| host.trim().to_ascii_lowercase())
                    .filter(|host| !host.is_empty())
                    .collect()
            }),
        })
    }

    /// The way to an address.
    pub(super) fn way(&self, url: &str) -> Way {
        let is_https = url.starts_with("https:");
        let (named, way) = if is_https {
            (&self.https, Way::HttpsProxy)
        } else {
            (&self.http, Way::HttpProxy)
        };
        let host = bare(host(url));
        if named.is_none() || is_loopback(&host) || self.passes_by(&host) {
            return Way::Direct;
        }
        way
    }

    fn passes_by(&self, host: &str) -> bool {
        self.none_for.iter().any(|pattern| {
            let pattern = bare(pattern);
            let name = pattern.trim_start_matches('*').trim_start_matches('.');
            pattern == "*"
                || host == name
                || (!name.is_empty()
                    && host
                        .strip_suffix(name)
                        .is_some_and(|rest| rest.ends_with('.')))
        })
    }
}

fn named(variable: &'static str, value: &str) -> Result<Named> {
    let whole = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{value}")
    };
    let bad = |what: &str| {
        Error::unacceptable(format!("{variable}: `{}` {what}", shown(value)))
            .hint("http://host:port, or unset it")
    };
    if !whole.starts_with("http://") && !whole.starts_with("https://") {
        return Err(bad("is a kind of proxy that cannot be used"));
    }
    let proxy = ureq::Proxy::new(&whole).map_err(|_| bad("is not the address of a proxy"))?;
    Ok(Named {
        variable,
        shown: shown(&whole),
        proxy,
    })
}

/// A host without its port and brackets, in small letters.
fn bare(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default().to_owned();
    }
    match host.split_once(':') {
        // More than one colon is an address of the sixth version.
        Some((name, port)) if !port.contains(':') => name.to_owned(),
        _ => host,
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Each proxy that requests go through, as a sentence without a secret.
///
/// # Errors
/// When a variable holds something that is no proxy we can use.
pub fn in_use() -> Result<Vec<String>> {
    let proxies = Proxies::of_environment()?;
    let told = [("https", &proxies.https), ("http", &proxies.http)];
    Ok(told
        .into_iter()
        .filter_map(|(scheme, named)| {
            let named = named.as_ref()?;
            Some(format!(
                "{scheme} addresses are reached through the proxy {} ({}), except this machine's own{}",
                named.shown,
                named.variable,
                if proxies.none_for.is_empty() {
                    ""
                } else {
                    " and those in NO_PROXY"
                }
            ))
        })
        .collect())
}

/// What must not be shown of the proxies' addresses.
pub(super) fn cover(proxies: &Proxies) -> Cover {
    let named = [&proxies.https, &proxies.http];
    Cover::over(
        named
            .into_iter()
            .flatten()
            .filter_map(|named| named.proxy.password()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Proxies> {
        Proxies::read(|name| {
            let found = pairs.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn trial_84_a_proxy_is_never_for_loopback() {
        let proxies = read(&[
            ("HTTPS_PROXY", "http://user:secret@proxy.example.com:3128"),
            ("http_proxy", "proxy.example.com:8080"),
            ("NO_PROXY", "intranet.example.com, .local,10.0.0.7:8443"),
        ])
        .expect("acceptable");
        for (url, way) in [
            ("https://gw.example.com/send", Way::HttpsProxy),
            ("http://gw.example.com/send", Way::HttpProxy),
            ("https://127.0.0.1:8443/send", Way::Direct),
            ("http://127.8.9.1/send", Way::Direct),
            ("http://localhost:8080/", Way::Direct),
            ("http://gw.localhost/", Way::Direct),
            ("http://[::1]:8080/", Way::Direct),
            ("http://[::ffff:127.0.0.1]/", Way::Direct),
            ("https://user:pw@LOCALHOST/", Way::Direct),
            ("https://intranet.example.com/", Way::Direct),
            ("https://a.intranet.example.com/", Way::Direct),
            ("https://myintranet.example.com/", Way::HttpsProxy),
            ("https://ixc.local/", Way::Direct),
            ("https://10.0.0.7/", Way::Direct),
        ] {
            assert_eq!(proxies.way(url), way, "{url}");
        }
        let https = proxies.https.expect("a proxy");
        assert_eq!(https.shown, "http://***@proxy.example.com:3128");
        assert_eq!(https.variable, "HTTPS_PROXY");
    }

    #[test]
    fn without_a_variable_the_way_is_direct() {
        let proxies = read(&[("https_proxy", " ")]).expect("acceptable");
        assert_eq!(proxies.way("https://gw.example.com"), Way::Direct);
        let proxies = read(&[("ALL_PROXY", "http://p.example.com"), ("no_proxy", "*")]);
        let proxies = proxies.expect("acceptable");
        assert_eq!(proxies.way("https://gw.example.com"), Way::Direct);
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_secret() {
        for value in ["socks5://user:s3cret@p.example.com", "http://user:s3cret@"] {
            let told = read(&[("ALL_PROXY", value)]).expect_err("no proxy");
            let told = told.to_string();
            assert!(
                told.contains("ALL_PROXY") && !told.contains("s3cret"),
                "{told}"
            );
        }
    }
}
