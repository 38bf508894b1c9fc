//! The language in which people are spoken to: English, or Portuguese by the catalogue `src/view/pt.toml`.
//!
//! Every command speaks English; what it says is turned at the doors of this room, line by line: the names
//! of columns, the words of our vocabularies, and phrases with places for what they tell of. What is data
//! (names, templates, what a provider said) passes as it is. JSON keys, CSV headers and canonical words are
//! the same in every language.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

mod phrase;

use phrase::{Phrases, Words};

/// A language that people may be spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English: what the program says of itself.
    English,
    /// The Portuguese of Brazil.
    Portuguese,
}

/// The catalogue, as the project's text has it.
const CATALOGUE: &str = include_str!("../pt.toml");

/// What the run speaks, chosen once at its start.
static CHOSEN: OnceLock<Language> = OnceLock::new();

/// What is said in another language.
struct Catalogue {
    headers: HashMap<String, String>,
    words: Words,
    phrases: Phrases,
}

impl Language {
    /// The language that a word names: `pt`, `pt_BR.UTF-8`, `en`; none when it names neither.
    pub fn named(word: &str) -> Option<Self> {
        let begins = |tag: &str| {
            let start = word.get(..tag.len());
            let rest = word.as_bytes().get(tag.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(tag))
                && rest.is_none_or(|next| !next.is_ascii_alphanumeric())
        };
        if begins("pt") {
            Some(Self::Portuguese)
        } else if begins("en") {
            Some(Self::English)
        } else {
            None
        }
    }

    /// The language that the environment asks for: `REGUA_LANG`, else the first that is set of `LC_ALL`,
    /// `LC_MESSAGES` and `LANG`, where it begins with `pt`.
    pub fn of_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(language) = set("REGUA_LANG").and_then(|word| Self::named(&word)) {
            return language;
        }
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        locale
            .and_then(|word| Self::named(&word))
            .unwrap_or(Self::English)
    }
}

/// Chooses the language of the run; the first choice holds.
pub fn choose(language: Language) {
    CHOSEN.get_or_init(|| language);
}

/// What the run speaks, where that is not English.
fn chosen() -> Option<&'static Catalogue> {
    (spoken() == Language::Portuguese).then(catalogue)
}

/// The catalogue, read once, when the first word of it is wanted: a run that says nothing does not wait for it.
fn catalogue() -> &'static Catalogue {
    static READ: OnceLock<Catalogue> = OnceLock::new();
    READ.get_or_init(|| Catalogue::read(CATALOGUE))
}

/// A language of a document's own, whatever the run speaks.
pub struct Translator(Option<&'static Catalogue>);

impl Translator {
    /// The translator into a language.
    pub fn of(language: Language) -> Self {
        Self(match language {
            Language::English => None,
            Language::Portuguese => Some(catalogue()),
        })
    }

    /// The language.
    pub const fn language(&self) -> Language {
        match self.0 {
            None => Language::English,
            Some(_) => Language::Portuguese,
        }
    }

    /// What the program says, in that language.
    pub fn said(&self, text: &str) -> String {
        self.0
            .map_or_else(|| text.to_owned(), |catalogue| catalogue.said(text))
    }

    /// A word of a closed vocabulary.
    pub fn word<'w>(&'w self, word: &'w str) -> &'w str {
        let words = self.0.map(|catalogue| &catalogue.words.one);
        words
            .and_then(|words| words.get(word))
            .map_or(word, String::as_str)
    }

    /// The name of a column.
    pub fn header<'w>(&'w self, name: &'w str) -> &'w str {
        let headers = self.0.map(|catalogue| &catalogue.headers);
        headers
            .and_then(|headers| headers.get(name))
            .map_or(name, String::as_str)
    }
}

/// The language that was chosen.
pub fn spoken() -> Language {
    CHOSEN.get().copied().unwrap_or(Language::English)
}

/// A column's name over a table.
pub fn header(name: &str) -> &str {
    let titles = chosen().map(|catalogue| &catalogue.headers);
    titles
        .and_then(|titles| titles.get(name))
        .map_or(name, String::as_str)
}

/// A word of a closed vocabulary.
pub fn word(word: &str) -> &str {
    let words = chosen().map(|catalogue| &catalogue.words.one);
    words
        .and_then(|words| words.get(word))
        .map_or(word, String::as_str)
}

/// A text of the program's own, as the catalogue has it whole; none where nothing is to be turned.
pub fn whole(text: &str) -> Option<&'static str> {
    chosen()?.phrases.whole(text)
}

/// What is said, of one line or of several; each line by itself, where the whole is no phrase.
pub fn said(text: &str) -> Cow<'_, str> {
    let Some(catalogue) = chosen() else {
        return Cow::Borrowed(text);
    };
    Cow::Owned(catalogue.said(text))
}

/// A cell of the program's own: a word of a closed vocabulary, or what is said.
pub fn word_or_said(text: &str) -> Cow<'_, str> {
    match chosen().and_then(|catalogue| catalogue.words.one.get(text)) {
        Some(word) => Cow::Borrowed(word),
        None => said(text),
    }
}

/// What is said in Portuguese, whatever the run speaks.
pub fn in_portuguese(text: &str) -> String {
    catalogue().said(text)
}

/// What the catalogue has for a word, whatever the run speaks.
#[cfg(test)]
pub fn portuguese(word: &str) -> String {
    let words = Catalogue::read(CATALOGUE).words.one;
    words.get(word).map_or(word, String::as_str).to_owned()
}

/// Which of these texts the catalogue does not have.
#[cfg(test)]
pub fn lacking(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let phrases = Catalogue::read(CATALOGUE).phrases;
    let texts = texts.into_iter();
    texts.filter(|text| phrases.whole(text).is_none()).collect()
}

impl Catalogue {
    /// Reads a catalogue; what is not one says nothing, and the test of the catalogue tells.
    fn read(text: &str) -> Self {
        let table: toml::Table = text.parse().unwrap_or_default();
        let section = |name: &str| -> HashMap<String, String> {
            let section = table.get(name).and_then(toml::Value::as_table);
            section
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect()
        };
        let words = Words {
            one: section("words"),
            many: section("many"),
        };
        let phrases = Phrases::of(section("phrases"));
        Self {
            headers: section("headers"),
            words,
            phrases,
        }
    }

    fn said(&self, text: &str) -> String {
        if let Some(whole) = self.phrases.whole(text) {
            return whole.to_owned();
        }
        let lines: Vec<String> = text
            .split('\n')
            .map(|line| self.phrases.line(line, &self.words))
            .collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_named_by_its_tag() {
        for (word, language) in [
            ("pt", Some(Language::Portuguese)),
            ("pt_BR.UTF-8", Some(Language::Portuguese)),
            ("PT-br", Some(Language::Portuguese)),
            ("en_US.UTF-8", Some(Language::English)),
            ("C.UTF-8", None),
            ("ptx", None),
            ("", None),
        ] {
            assert_eq!(Language::named(word), language, "{word}");
        }
    }

    #[test]
    fn the_catalogue_can_be_read_whole() {
        let table: toml::Table = CATALOGUE.parse().expect("TOML");
        for section in ["headers", "words", "many", "phrases"] {
            let entries = table[section].as_table().expect("a section");
            assert!(!entries.is_empty(), "{section}");
            for (key, value) in entries {
                let said = value.as_str().expect("a text");
                assert!(!said.trim().is_empty(), "{section}: {key}");
            }
        }
    }

    #[test]
    fn every_phrase_tells_of_all_that_its_english_tells_of() {
        let table: toml::Table = CATALOGUE.parse().expect("TOML");
        let phrases = table["phrases"].as_table().expect("phrases");
        let strings = phrases
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
        let flaws = phrase::flaws(strings);
        assert!(flaws.is_empty(), "{flaws:#?}");
    }
}
