//! Texts with places for values, and how a value is escaped there.

use std::borrow::Cow;

use serde_json::Value;

/// What may stand between number signs in a gateway's URL, headers and body.
pub(super) const PLACEHOLDERS: &[&str] = &[
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

/// A text with places for values.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(&'static str),
}

impl Pattern {
    /// The places of a text; a number sign that opens no known word is text.
    pub(super) fn of(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('#') {
            plain.push_str(before);
            let known = after.split_once('#').and_then(|(word, beyond)| {
                let name = PLACEHOLDERS.iter().find(|name| **name == word)?;
                Some((*name, beyond))
            });
            if let Some((name, beyond)) = known {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Value(name));
                rest = beyond;
            } else {
                plain.push('#');
                rest = after;
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Self(pieces)
    }

    /// A text that is taken as it stands, number signs and all.
    pub(super) fn plain(text: String) -> Self {
        Self(vec![Piece::Text(text)])
    }

    /// Whether a value goes somewhere in it.
    pub(super) fn uses(&self, wanted: &str) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Value(name) if *name == wanted))
    }

    /// The text with its values, each escaped; nothing within a value is looked at again.
    pub(super) fn filled<'v>(
        &self,
        value: impl Fn(&str) -> Cow<'v, str>,
        escape: fn(&str) -> String,
    ) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(name) => out.push_str(&escape(&value(name))),
            }
        }
        out
    }
}

/// A value within a JSON string.
pub(super) fn json_escaped(value: &str) -> String {
    let quoted = Value::String(value.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The words between number signs; other number signs are text.
pub(super) fn words_between_signs(text: &str) -> Vec<&str> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_known_words_are_places_and_a_lone_sign_is_text() {
        let pattern = Pattern::of("#id# of #1 in #fff: #address##body#");
        let filled = pattern.filled(|name| format!("<{name}>").into(), str::to_owned);
        assert_eq!(filled, "<id> of #1 in #fff: <address><body>");
        assert!(pattern.uses("body") && !pattern.uses("title"));
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_value_stays_one_json_string_whatever_it_holds(value in ".*") {
            let pattern = Pattern::of(r##"{"to":"x","text":"#body#","n":1}"##);
            let filled = pattern.filled(|_| value.clone().into(), json_escaped);
            let json: Value = serde_json::from_str(&filled).expect("still JSON");
            prop_assert_eq!(json["text"].as_str(), Some(value.as_str()));
            prop_assert_eq!(json.as_object().map(serde_json::Map::len), Some(3));
        }

        #[test]
        fn a_value_never_introduces_a_place(value in ".*#address#.*") {
            let pattern = Pattern::of("#body#");
            prop_assert_eq!(pattern.filled(|_| value.clone().into(), str::to_owned), value);
        }
    }
}
