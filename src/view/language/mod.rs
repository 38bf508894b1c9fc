//! The language in which people are spoken to: English, or Portuguese by the catalogue `src/view/pt.toml`.
//!
//! Every command speaks English; what it says is turned at the doors of this room, line by line: the names
//! of columns, the words of our vocabularies, and phrases with places for what they tell of. What is data
//! (names, templates, what a provider said) passes as it is. JSON keys, CSV headers and canonical words are
//! the same in every language.

use std::borrow::Cow;
use std::sync::OnceLock;

mod phrase;

use phrase::{Entries, Phrases, Words};

/// A language that people may be spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English: what the program says of itself.
    English,
    /// The Portuguese of Brazil.
    Portuguese,
}

/// The catalogue: what `build.rs` made of `src/view/pt.toml`, so that no run has to read TOML before it speaks.
const CATALOGUE: &str = include_str!(concat!(env!("OUT_DIR"), "/pt.txt"));

/// What the run speaks, chosen once at its start.
static CHOSEN: OnceLock<Language> = OnceLock::new();

/// What is said in another language.
struct Catalogue {
    headers: Entries,
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
            .and_then(|words| words.get(word).copied())
            .unwrap_or(word)
    }

    /// The name of a column.
    pub fn header<'w>(&'w self, name: &'w str) -> &'w str {
        let headers = self.0.map(|catalogue| &catalogue.headers);
        headers
            .and_then(|headers| headers.get(name).copied())
            .unwrap_or(name)
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
        .and_then(|titles| titles.get(name).copied())
        .unwrap_or(name)
}

/// A word of a closed vocabulary.
pub fn word(word: &str) -> &str {
    let words = chosen().map(|catalogue| &catalogue.words.one);
    words
        .and_then(|words| words.get(word).copied())
        .unwrap_or(word)
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
    words.get(word).copied().unwrap_or(word).to_owned()
}

/// Which of these texts the catalogue does not have.
#[cfg(test)]
pub fn lacking(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let phrases = Catalogue::read(CATALOGUE).phrases;
    let texts = texts.into_iter();
    texts.filter(|text| phrases.whole(text).is_none()).collect()
}

impl Catalogue {
    /// Reads what `build.rs` wrote.
    fn read(text: &'static str) -> Self {
        let (mut headers, mut words, mut phrases) = <(Entries, Words, Entries)>::default();
        for entry in text.split_terminator('\u{1e}') {
            let mut parts = entry.splitn(3, '\u{1f}');
            let section = match parts.next() {
                Some("headers") => &mut headers,
                Some("words") => &mut words.one,
                Some("many") => &mut words.many,
                _ => &mut phrases,
            };
            section.extend(parts.next().zip(parts.next()));
        }
        Self {
            headers,
            words,
            phrases: Phrases::of(phrases),
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

    /// The catalogue as people write it.
    const SOURCE: &str = include_str!("../pt.toml");

    fn source() -> Vec<(String, String, String)> {
        let table: toml::Table = SOURCE.parse().expect("TOML");
        let sections = table.into_iter().map(|(section, entries)| {
            let toml::Value::Table(entries) = entries else {
                panic!("{section} is no section");
            };
            entries.into_iter().map(move |(key, said)| {
                let said = said.as_str().expect("a text").to_owned();
                (section.clone(), key, said)
            })
        });
        sections.flatten().collect()
    }

    #[test]
    fn the_catalogue_is_read_whole() {
        let read = catalogue();
        let mut sections = std::collections::BTreeSet::new();
        for (section, key, said) in source() {
            assert!(!said.trim().is_empty(), "{section}: {key}");
            let key = key.as_str();
            let found = match section.as_str() {
                "headers" => read.headers.get(key).copied(),
                "words" => read.words.one.get(key).copied(),
                "many" => read.words.many.get(key).copied(),
                "phrases" if key.contains("{}") => Some(said.as_str()),
                "phrases" => read.phrases.whole(key),
                other => panic!("{other} is no section of the catalogue"),
            };
            assert_eq!(found, Some(said.as_str()), "{section}: {key}");
            sections.insert(section);
        }
        assert_eq!(sections.len(), 4, "{sections:?}");
    }

    #[test]
    fn every_phrase_tells_of_all_that_its_english_tells_of() {
        let phrases = source().into_iter();
        let phrases = phrases.filter(|(section, ..)| section == "phrases");
        let flaws = phrase::flaws(phrases.map(|(_, key, said)| (key, said)));
        assert!(flaws.is_empty(), "{flaws:#?}");
    }
}
