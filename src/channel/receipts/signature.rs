//! Signatures of reports: that a request comes from whom it says, checked in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::Deserialize;

/// How a provider signs its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// Not at all: the secret path is all there is.
    #[default]
    None,
    /// `X-Hub-Signature-256: sha256=…`, of the body, with the app's secret; always.
    Hub,
    /// `X-Twilio-Signature`, of the address and the sorted fields, with the account's auth token, where
    /// that is known.
    Twilio,
}

/// What a signature is made of.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The address at which the provider asked, whole.
    pub url: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The fields of a form.
    pub fields: &'a [(String, String)],
}

impl Seal {
    /// The header that holds the signature.
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Hub => Some("x-hub-signature-256"),
            Self::Twilio => Some("x-twilio-signature"),
        }
    }

    /// Whether a signature is the letter's own, by this secret.
    pub fn holds(self, secret: &str, signature: &str, letter: Letter<'_>) -> bool {
        match self {
            Self::None => false,
            Self::Hub => {
                let Some(tag) = signature.trim().strip_prefix("sha256=").and_then(of_hex) else {
                    return false;
                };
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::verify(&key, letter.body, &tag).is_ok()
            }
            Self::Twilio => {
                let Ok(tag) = STANDARD.decode(signature.trim()) else {
                    return false;
                };
                let mut fields: Vec<&(String, String)> = letter.fields.iter().collect();
                fields.sort();
                let mut signed = letter.url.to_owned();
                for (name, value) in fields {
                    signed.push_str(name);
                    signed.push_str(value);
                }
                let algorithm = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
                let key = hmac::Key::new(algorithm, secret.as_bytes());
                hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
            }
        }
    }
}

/// Whether two secrets are the same, in a time that tells nothing about where they differ.
pub fn same_secret(one: &str, other: &str) -> bool {
    // What each of them signs is compared, so that even their lengths are not told.
    let key = hmac::Key::new(hmac::HMAC_SHA256, one.as_bytes());
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, other.as_bytes()),
        b"secret",
    );
    !one.is_empty() && hmac::verify(&key, b"secret", tag.as_ref()).is_ok()
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_meta_does_it() {
        // RFC 4231, test case 2.
        let letter = Letter {
            url: "",
            body: b"what do ya want for nothing?",
            fields: &[],
        };
        let good = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(Seal::Hub.holds("Jefe", good, letter));
        assert!(!Seal::Hub.holds("jefe", good, letter));
        for bad in [
            "",
            "sha256=",
            "sha256=5bdc",
            "sha256=zz",
            "5bdcc146",
            "sha1=5bdcc146",
        ] {
            assert!(!Seal::Hub.holds("Jefe", bad, letter), "{bad}");
        }
    }

    #[test]
    fn a_form_is_signed_as_twilio_does_it() {
        // Twilio's own example of its manual.
        let fields: Vec<(String, String)> = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+12349013030"),
            ("Digits", "1234"),
            ("From", "+12349013030"),
            ("To", "+18005551212"),
        ]
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        let letter = Letter {
            url: "https://mycompany.com/myapp.php?foo=1&bar=2",
            body: b"",
            fields: &fields,
        };
        assert!(Seal::Twilio.holds("12345", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", letter));
        assert!(!Seal::Twilio.holds("12346", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", letter));
        assert!(!Seal::Twilio.holds("12345", "!", letter));
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same_secret("abc", "abc"));
        assert!(!same_secret("abc", "abd"));
        assert!(!same_secret("abc", "abcd"));
        assert!(!same_secret("", ""));
    }
}
