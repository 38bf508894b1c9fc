//! Texts with places for values, and how a value is escaped there.

use std::borrow::Cow;

use serde_json::Value;

/// What a message puts between number signs in a gateway's URL, headers and body.
const OF_MESSAGE: [&str; 11] = [
    "address",
    "address_digits",
    "address_national",
    "title",
    "body",
    "key",
    "tag",
    "uuid",
    "id",
    "client_id",
    "template",
];

/// What the configuration puts there, besides words of its own.
const OF_CONFIGURATION: [&str; 4] = ["sender", "username", "password", "token"];

/// The words that may stand between number signs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(Vec<String>);

impl Words {
    /// Those of messages and of the configuration, and these of its own.
    pub(super) fn and<'w>(own: impl IntoIterator<Item = &'w String>) -> Self {
        let usual = OF_MESSAGE.iter().chain(&OF_CONFIGURATION);
        Self(
            usual
                .map(|word| (*word).to_owned())
                .chain(own.into_iter().cloned())
                .collect(),
        )
    }

    /// The same and one more.
    pub(super) fn with(mut self, word: &str) -> Self {
        self.0.push(word.to_owned());
        self
    }

    /// Whether a word is one of them.
    pub(super) fn know(&self, word: &str) -> bool {
        self.0.iter().any(|known| known == word)
    }

    /// All of them, for a remedy.
    pub(super) fn listed(&self) -> String {
        self.0.join(", ")
    }
}

/// Whether a place is filled by the message, rather than by the configuration.
pub(super) fn is_of_message(word: &str) -> bool {
    OF_MESSAGE.contains(&word)
}

/// A text with places for values.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(String),
}

impl Pattern {
    /// The places of a text; a number sign that opens no known word is text.
    pub(super) fn of(text: &str, words: &Words) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('#') {
            plain.push_str(before);
            let known = after.split_once('#').filter(|(word, _)| words.know(word));
            if let Some((name, beyond)) = known {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Value(name.to_owned()));
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

    /// A text with one value after it.
    pub(super) fn before(text: String, word: &str) -> Self {
        Self(vec![Piece::Text(text), Piece::Value(word.to_owned())])
    }

    /// Whether a value goes somewhere in it.
    pub(super) fn uses(&self, wanted: &str) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Value(name) if *name == wanted))
    }

    /// The text with its values, each escaped as its word asks; nothing within a value is looked at again.
    pub(super) fn filled<'v>(
        &self,
        value: impl Fn(&str) -> Cow<'v, str>,
        escape: impl Fn(&str, &str) -> String,
    ) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(name) => out.push_str(&escape(name, &value(name))),
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

    fn usual() -> Words {
        Words::and(&["instance".to_owned()])
    }

    #[test]
    fn only_known_words_are_places_and_a_lone_sign_is_text() {
        let pattern = Pattern::of(
            "#id# of #1 in #fff: #address##body# #instance# #colour#",
            &usual(),
        );
        let filled = pattern.filled(|name| format!("<{name}>").into(), |_, text| text.to_owned());
        assert_eq!(
            filled,
            "<id> of #1 in #fff: <address><body> <instance> #colour#"
        );
        assert!(pattern.uses("body") && !pattern.uses("title"));
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_value_stays_one_json_string_whatever_it_holds(value in ".*") {
            let pattern = Pattern::of(r##"{"to":"x","text":"#body#","n":1}"##, &usual());
            let filled = pattern.filled(|_| value.clone().into(), |_, text| json_escaped(text));
            let json: Value = serde_json::from_str(&filled).expect("still JSON");
            prop_assert_eq!(json["text"].as_str(), Some(value.as_str()));
            prop_assert_eq!(json.as_object().map(serde_json::Map::len), Some(3));
        }

        #[test]
        fn a_value_never_introduces_a_place(value in ".*#address#.*") {
            let pattern = Pattern::of("#body#", &usual());
            let filled = pattern.filled(|_| value.clone().into(), |_, text| text.to_owned());
            prop_assert_eq!(filled, value);
        }
    }
}
