//! What must never be shown, covered in whatever a service says; and texts as parts of a URL or a form.

use std::fmt;

use base64::Engine;

use crate::wire::url::Url;

/// Texts that must never be shown: what a service says is passed through here before anybody reads it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cover {
    hidden: Vec<String>,
}

impl fmt::Debug for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Cover {
    /// A cover over these texts and what Base64, a URL and JSON make of them.
    pub fn over<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut hidden = Vec::new();
        for secret in secrets {
            let secret = secret.as_ref().trim();
            // Covering a text of one or two letters would only make a riddle of every answer.
            if secret.chars().count() < 4 {
                continue;
            }
            // PHP writes `\\/` for every slash in its JSON.
            let json = serde_json::Value::String(secret.to_owned()).to_string();
            let json = json[1..json.len() - 1].to_owned();
            hidden.push(json.replace('/', "\\/"));
            hidden.push(json);
            hidden.push(secret.to_owned());
            hidden.push(base64::engine::general_purpose::STANDARD.encode(secret));
            hidden.push(percent_encoded(secret));
        }
        hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        hidden.dedup();
        Self { hidden }
    }

    /// `text` with everything hidden shown as `***`, and what a shortened text kept of it too.
    pub fn cover(&self, text: impl Into<String>) -> String {
        let mut text = text.into();
        for secret in &self.hidden {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "***");
            }
        }
        if let Some(kept) = text.strip_suffix('…') {
            let left = self
                .hidden
                .iter()
                .flat_map(|secret| secret.char_indices().map(|(at, _)| &secret[..at]).skip(1))
                .filter(|beginning| kept.ends_with(beginning))
                .map(str::len)
                .max();
            // One letter that happens to be a secret's first gives nothing away.
            if let Some(left) = left.filter(|left| *left > 1) {
                return format!("{}***", &kept[..kept.len() - left]);
            }
        }
        text
    }
}

/// What an address hides, in every form a service may throw back: a user and a password before its host.
pub fn secrets_in(url: &Url) -> Vec<String> {
    let Some((user, password)) = url.credentials() else {
        return Vec::new();
    };
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, beyond)) = rest.split_first() {
            let hex = beyond.get(..2).filter(|_| *first == b'%');
            let code = hex
                .and_then(|hex| std::str::from_utf8(hex).ok())
                .and_then(|hex| u8::from_str_radix(hex, 16).ok());
            bytes.push(code.unwrap_or(*first));
            rest = if code.is_some() { &beyond[2..] } else { beyond };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    // A token may stand in the user's place, with no password.
    let secret = if password.is_empty() { user } else { password };
    vec![
        secret.to_owned(),
        decoded(secret),
        format!("{user}:{password}"),
        format!("{}:{}", decoded(user), decoded(password)),
    ]
}

/// A text as a part of a URL or of a form: everything but unreserved characters is encoded (RFC 3986).
pub fn percent_encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// `name=value` pairs as a form's body.
pub fn form(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::answer::tests::answer;
    use crate::http::shortened;
    use proptest::prelude::*;

    #[test]
    fn a_cover_hides_a_secret_in_every_form_it_travels_in() {
        let cover = Cover::over(["s3cret/key", "ab"]);
        let base64 = base64::engine::general_purpose::STANDARD.encode("s3cret/key");
        let text = format!("bad key s3cret/key ({base64}, s3cret%2Fkey) ab");
        assert_eq!(cover.cover(text), "bad key *** (***, ***) ab");
        assert_eq!(format!("{cover:?}"), "***");
        assert_eq!(cover.cover(r"bad key s3cret\/key"), "bad key ***");
    }

    #[test]
    fn a_secret_that_a_shortened_text_breaks_off_is_hidden_too() {
        let cover = Cover::over(["s3cret/key"]);
        for most in 0..30 {
            let told = cover.cover(shortened("your key is s3cret/key, or not?", most));
            assert!(!told.contains("s3"), "{told}");
        }
        assert_eq!(cover.cover("the end is s…"), "the end is s…");
        let page = format!("{}s3cret/key", "<b> </b>".repeat(999));
        let told = cover.cover(answer("text/html", page.as_bytes()).excerpt());
        assert!(!told.contains("s3"), "{told}");
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_form_value_can_never_become_another_field(value in ".*") {
            let body = form(&[("To", &value), ("From", "1")]);
            prop_assert_eq!(body.matches('&').count(), 1);
            prop_assert_eq!(body.matches('=').count(), 2);
            prop_assert!(body.is_ascii());
        }
    }
}
