//! Addresses of services: what they are made of, and how they may be shown, since they can hold secrets.

use std::fmt;

/// An address that is never shown with what it may hide: a user and password before the host, a query.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Url(String);

impl Url {
    /// An address as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The user and the password in it, as they were written (percent-encoded), where there are any.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        let (user, _) = authority(&self.0).rsplit_once('@')?;
        Some(user.split_once(':').unwrap_or((user, "")))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

/// What stands between the scheme and the path.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The host of an address, with its port, for words: the rest may hold secrets.
pub fn host(url: &str) -> &str {
    let authority = authority(url);
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// An address as it may be shown, well formed or not: nothing of a user, a password or a query.
pub fn shown(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    // A password may hold anything where the address is not well formed, a question mark too: all up to
    // the last @ counts as one.
    let Some((before, after)) = url.rsplit_once('@') else {
        return plain.to_owned();
    };
    let scheme = match before.find("://") {
        Some(at) => &before[..at + 3],
        None => "",
    };
    let after = after.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}***@{after}")
}

/// What is wrong with an address that is to be one of http or https; none when nothing is.
pub fn fault(url: &str) -> Option<&'static str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some("is no http or https address");
    };
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("holds a space");
    }
    let before_query = rest.split(['?', '#']).next().unwrap_or_default();
    let host = host(url);
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    if name.is_empty() {
        return Some("names no host");
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        // `user:pa/ss@host` looks like a host `user` with a port.
        return Some(if before_query.contains('@') {
            "has a user or password with a character that must be percent-encoded"
        } else {
            "has a port that is no number"
        });
    }
    if authority(url).matches('@').count() > 1 {
        return Some("has a user or password with a character that must be percent-encoded");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_an_address_name_only_its_host() {
        assert_eq!(
            host("https://user:pw@gw.example.com:8443/send?key=1"),
            "gw.example.com:8443"
        );
        assert_eq!(host("http://127.0.0.1:80?token=x"), "127.0.0.1:80");
    }

    #[test]
    fn trial_88_an_address_is_shown_without_what_it_hides() {
        for (url, told) in [
            (
                "https://gw.example.com/send?key=s3cret",
                "https://gw.example.com/send",
            ),
            (
                "https://user:s3cret@gw.example.com/send",
                "https://***@gw.example.com/send",
            ),
            (
                "htps://user:s3cret@gw.example.com",
                "htps://***@gw.example.com",
            ),
            ("user:s3cret@gw.example.com/v1", "***@gw.example.com/v1"),
            (
                "https://user:s3/cr@et@gw.example.com",
                "https://***@gw.example.com",
            ),
            (
                "https://user:s3?cret@gw.example.com",
                "https://***@gw.example.com",
            ),
            ("https://user:s3cret@", "https://***@"),
            ("gw.example.com", "gw.example.com"),
        ] {
            assert_eq!(shown(url), told);
            assert_eq!(
                format!("{} {:?}", Url::new(url), Url::new(url)),
                format!("{told} {told}")
            );
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_found() {
        for good in [
            "https://gw.example.com",
            "http://127.0.0.1:8080/v1?x=1",
            "https://[::1]/",
            "https://[::1]:8443/",
            "https://user:pw@gw.example.com:8443/send?to=#address#",
            "https://gw.example.com/a@b",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "gw.example.com",
            "ftp://gw.example.com",
            "https://",
            "https:///path",
            "https://gw.example.com:port/",
            "https://user:pa/ss@gw.example.com",
            "https://us@er:pw@gw.example.com",
            "https://user:pa ss@gw.example.com",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn credentials_are_found() {
        let url = Url::new("https://user:pw@gw.example.com/a@b");
        assert_eq!(url.credentials(), Some(("user", "pw")));
        assert_eq!(Url::new("https://gw.example.com/a@b").credentials(), None);
    }
}
