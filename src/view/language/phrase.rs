//! Phrases with places: `{} messages queued` is found in a line, and said as `{} mensagens na fila`.
//!
//! A phrase of the catalogue is written as the program's own text has it, each place as `{}`. What stands at
//! a place is data, unless it is itself a phrase (an error's words behind `error: `). In the other language
//! `{}` are the places in their order, `{2}` the second one, `{2:w}` the second one as a word of a
//! vocabulary, `{2:d}` the second one as it is, and `{1|fatura|faturas}` one of two words by the number at
//! the first place.

use std::cmp::Reverse;
use std::collections::HashMap;

/// Phrases may stand in phrases so deep.
const DEPTH: usize = 6;

/// A line is looked at for a phrase at its end behind so many of its colons or commas.
const ENDINGS: usize = 4;

/// How a line begins that is a command.
const COMMAND: &str = "regua ";

/// A line longer than this many bytes is no phrase of ours.
const LONGEST: usize = 20_000;

/// What a phrase is found by and said as.
#[derive(Clone, Copy)]
struct Phrase {
    /// As the program has it, each place as [`PLACE`].
    key: &'static str,
    /// As it is written in the other language.
    said: &'static str,
}

/// A place of a phrase.
const PLACE: &str = "{}";

/// A piece of what is said.
enum Piece<'s> {
    Text(&'s str),
    Place(usize, Manner),
    /// By the number at a place, this or that.
    Number(usize, &'s str, &'s str),
}

/// How what stands at a place is said.
#[derive(Clone, Copy)]
enum Manner {
    /// As a phrase where it is one.
    Phrase,
    /// As a word of a vocabulary.
    Word,
    /// As it is.
    Data,
}

/// What is said in another language, by what it is in ours.
pub(super) type Entries = HashMap<&'static str, &'static str>;

/// The words of our vocabularies in another language.
#[derive(Default)]
pub(super) struct Words {
    /// As one of them is said.
    pub(super) one: Entries,
    /// As several are, where that is said in another way.
    pub(super) many: Entries,
}

impl Words {
    /// A word, so many times.
    fn counted(&self, number: &str, word: &str) -> Option<&'static str> {
        let many = self.many.get(word).filter(|_| number != "1");
        many.or_else(|| self.one.get(word)).copied()
    }

    fn owned(&self, word: &str) -> Option<String> {
        self.one.get(word).map(|said| (*said).to_owned())
    }
}

/// All phrases of a language.
pub(super) struct Phrases {
    /// Those without a place, by their text.
    plain: Entries,
    /// Those with places that begin with a letter of ASCII, by it, and the rest under 0; the one with
    /// most text of its own first.
    placed: HashMap<u8, Vec<Phrase>>,
}

impl Phrases {
    pub(super) fn of(entries: Entries) -> Self {
        let mut plain = Entries::with_capacity(entries.len());
        let mut placed: HashMap<u8, Vec<Phrase>> = HashMap::new();
        for (key, said) in entries {
            if key.contains(PLACE) {
                let alike = placed.entry(first_letter(key)).or_default();
                alike.push(Phrase { key, said });
            } else {
                plain.insert(key, said);
            }
        }
        for phrases in placed.values_mut() {
            phrases.sort_by_cached_key(|phrase| (Reverse(phrase.own()), phrase.key));
        }
        Self { plain, placed }
    }

    /// What a whole text without places is said as.
    pub(super) fn whole(&self, text: &str) -> Option<&'static str> {
        self.plain.get(text).copied()
    }

    /// What a line is said as; a line that is no phrase, as it is.
    pub(super) fn line(&self, line: &str, words: &Words) -> String {
        let text = line.trim_start();
        // What wants attention is marked, and is a phrase behind its mark.
        let text = text.strip_prefix("! ").unwrap_or(text);
        let indent = &line[..line.len() - text.len()];
        if text.is_empty() || line.len() > LONGEST {
            return line.to_owned();
        }
        let said = match text.strip_prefix(COMMAND) {
            Some(_) => self.example(text),
            None => self.phrase(text, words, DEPTH),
        };
        said.map_or_else(|| line.to_owned(), |said| format!("{indent}{said}"))
    }

    /// A command as it is typed, with what is said of it behind some blanks.
    fn example(&self, text: &str) -> Option<String> {
        if let Some(said) = self.whole(text) {
            return Some(said.to_owned());
        }
        let own = self.placed.get(&first_letter(text)).into_iter().flatten();
        let mut own = own.filter(|phrase| phrase.key.starts_with(COMMAND));
        if let Some(phrase) = own.find_map(|phrase| phrase.literal(text)) {
            return Some(phrase);
        }
        let (command, told) = text.split_once("   ")?;
        let said = self.whole(told.trim_start())?;
        let blanks = &told[..told.len() - told.trim_start().len()];
        Some(format!("{command}   {blanks}{said}"))
    }

    fn phrase(&self, text: &str, words: &Words, depth: usize) -> Option<String> {
        if let Some(said) = self.whole(text) {
            return Some(said.to_owned());
        }
        if depth == 0 {
            return None;
        }
        self.direct(text, words, depth)
            .or_else(|| counted(text, words))
            .or_else(|| self.bracketed(text, words, depth))
            .or_else(|| self.parts(text, words, depth))
    }

    /// A text that is one phrase with places.
    fn direct(&self, text: &str, words: &Words, depth: usize) -> Option<String> {
        let own = self.placed.get(&first_letter(text));
        let open = self.placed.get(&0).filter(|_| first_letter(text) != 0);
        let mut found = own.into_iter().flatten().filter_map(|phrase| {
            let places = phrase.places(text)?;
            Some((phrase, places))
        });
        let found = found.next().or_else(|| {
            open.into_iter().flatten().find_map(|phrase| {
                let places = phrase.places(text)?;
                Some((phrase, places))
            })
        });
        let (phrase, places) = found?;
        Some(self.fill(&pieces(phrase.said), &places, words, depth))
    }

    /// A line whose end is one phrase, whatever it tells of before.
    fn ending(&self, text: &str, between: &str, words: &Words, depth: usize) -> Option<String> {
        for (at, _) in text.match_indices(between).take(ENDINGS) {
            let (head, rest) = (&text[..at], &text[at + between.len()..]);
            let whole = self.whole(rest).map(str::to_owned);
            if let Some(said) = whole.or_else(|| self.direct(rest, words, depth - 1)) {
                let head = self.piece(head, words, depth - 1);
                let head = head.unwrap_or_else(|| text[..at].to_owned());
                return Some(format!("{head}{between}{said}"));
            }
        }
        None
    }

    /// A text that ends in brackets: what stands before them and what stands in them are said by themselves.
    fn bracketed(&self, text: &str, words: &Words, depth: usize) -> Option<String> {
        let (before, within) = text.strip_suffix(')')?.rsplit_once('(')?;
        let outer = before.trim_end();
        let outside = self.piece(outer, words, depth - 1);
        // A list in brackets is a choice that is typed.
        let inside = match self.whole(within) {
            Some(said) => Some(said.to_owned()),
            None => self
                .direct(within, words, depth - 1)
                .or_else(|| counted(within, words))
                .or_else(|| words.owned(within)),
        };
        if outside.is_none() && inside.is_none() {
            return None;
        }
        let blanks = &before[outer.len()..];
        let outside = outside.unwrap_or_else(|| outer.to_owned());
        let inside = inside.unwrap_or_else(|| within.to_owned());
        Some(format!("{outside}{blanks}({inside})"))
    }

    /// A piece of a line: a phrase, or a word of a vocabulary.
    fn piece(&self, text: &str, words: &Words, depth: usize) -> Option<String> {
        self.phrase(text, words, depth)
            .or_else(|| words.owned(text))
    }

    /// A line that is made of phrases: each is said by itself.
    fn parts(&self, text: &str, words: &Words, depth: usize) -> Option<String> {
        for between in ["; ", ": ", ", "] {
            if between != "; "
                && let Some(said) = self.ending(text, between, words, depth)
            {
                return Some(said);
            }
            let parts: Vec<&str> = text.split(between).collect();
            if parts.len() < 2 || parts.len() > 40 {
                continue;
            }
            let said: Vec<Option<String>> = parts
                .iter()
                .map(|part| self.phrase(part, words, depth - 1))
                .collect();
            if said.iter().any(Option::is_some) {
                let all = said.into_iter().zip(parts);
                let all = all.map(|(said, part)| {
                    let word = || words.owned(part);
                    said.or_else(word).unwrap_or_else(|| part.to_owned())
                });
                return Some(all.collect::<Vec<_>>().join(between));
            }
        }
        None
    }

    fn fill(&self, said: &[Piece<'_>], places: &[&str], words: &Words, depth: usize) -> String {
        let mut text = String::new();
        for piece in said {
            match piece {
                Piece::Text(own) => text.push_str(own),
                Piece::Place(at, manner) => {
                    let found = places.get(*at).copied().unwrap_or_default();
                    match manner {
                        Manner::Data => text.push_str(found),
                        Manner::Word => {
                            text.push_str(words.one.get(found).copied().unwrap_or(found));
                        }
                        Manner::Phrase => {
                            // A place may begin or end with the blank that sets it off.
                            let inner = found.trim();
                            match self.piece(inner, words, depth - 1) {
                                Some(piece) => text.push_str(&found.replacen(inner, &piece, 1)),
                                None => text.push_str(found),
                            }
                        }
                    }
                }
                Piece::Number(at, one, many) => {
                    let is_one = places.get(*at).is_some_and(|number| *number == "1");
                    text.push_str(if is_one { one } else { many });
                }
            }
        }
        text
    }
}

impl Phrase {
    /// How much text of its own it has, in bytes.
    fn own(&self) -> usize {
        self.key.len() - PLACE.len() * self.key.matches(PLACE).count()
    }

    /// A text that is this phrase, with what stands at its places as it is.
    fn literal(&self, text: &str) -> Option<String> {
        let places = self.places(text)?;
        let said = pieces(self.said).into_iter().map(|piece| match piece {
            Piece::Text(own) => own,
            Piece::Place(at, _) => places.get(at).copied().unwrap_or_default(),
            Piece::Number(_, _, many) => many,
        });
        Some(said.collect())
    }

    /// What stands at its places in a text that is this phrase.
    fn places<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.key.split_once(PLACE)?;
        let rest = text.strip_prefix(first)?;
        let (between, last) = others.rsplit_once(PLACE).unzip();
        let mut rest = rest.strip_suffix(last.unwrap_or(others))?;
        let mut places = Vec::new();
        for between in between.into_iter().flat_map(|all| all.split(PLACE)) {
            // Two places with nothing between them cannot be told apart.
            let at = if between.is_empty() {
                0
            } else {
                rest.find(between)?
            };
            places.push(&rest[..at]);
            rest = &rest[at + between.len()..];
        }
        places.push(rest);
        Some(places)
    }
}

/// A number and a word of a vocabulary behind it.
fn counted(text: &str, words: &Words) -> Option<String> {
    let (number, word) = text.split_once(' ')?;
    number.parse::<u64>().ok()?;
    Some(format!("{number} {}", words.counted(number, word)?))
}

/// The first letter of a text, in small, where it is one of ASCII; 0 elsewhere.
fn first_letter(text: &str) -> u8 {
    let first = text.bytes().next().unwrap_or(0);
    if first.is_ascii_alphabetic() {
        first.to_ascii_lowercase()
    } else {
        0
    }
}

/// The pieces of what is said.
fn pieces(said: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = said;
    let mut next = 0;
    while let Some(at) = rest.find('{') {
        let Some(end) = rest[at..].find('}').map(|end| at + end) else {
            break;
        };
        pieces.push(Piece::Text(&rest[..at]));
        pieces.push(place(&rest[at + 1..end], &mut next));
        rest = &rest[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A place as it is written between braces.
fn place<'s>(written: &'s str, next: &mut usize) -> Piece<'s> {
    let mut numbered = written.split('|');
    let head = numbered.next().unwrap_or_default();
    let (number, manner) = head.split_once(':').unwrap_or((head, ""));
    let at = match number.parse::<usize>() {
        Ok(number) => number.saturating_sub(1),
        Err(_) => {
            *next += 1;
            *next - 1
        }
    };
    if let (Some(one), Some(many)) = (numbered.next(), numbered.next()) {
        return Piece::Number(at, one, many);
    }
    let manner = match manner {
        "w" => Manner::Word,
        "d" => Manner::Data,
        _ => Manner::Phrase,
    };
    Piece::Place(at, manner)
}

/// What is wrong with phrases: a place that is never said, or one that is not there.
#[cfg(test)]
pub(super) fn flaws(phrases: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut flaws = Vec::new();
    for (key, said) in phrases {
        let there = key.matches("{}").count();
        if there == 0 {
            // It is said as it stands, whatever braces it has.
            continue;
        }
        let mut used = vec![false; there];
        for piece in pieces(&said) {
            let (Piece::Place(at, _) | Piece::Number(at, ..)) = piece else {
                continue;
            };
            match used.get_mut(at) {
                Some(used) => *used = true,
                None => flaws.push(format!("`{key}` has no place {}", at + 1)),
            }
        }
        if !used.iter().all(|used| *used) {
            flaws.push(format!("`{key}`: not all of it is said in `{said}`"));
        }
    }
    flaws
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let phrases = [
            ("nothing to do", "nada a fazer"),
            ("error: {}", "erro: {}"),
            ("there is no template `{}`", "não há modelo `{:d}`"),
            ("{} messages queued", "{} {1|mensagem|mensagens} na fila"),
            ("{} of {} are {}", "de {2}, {1} são {3:w}"),
            ("send {}: {}", "envio {}: {}"),
            ("they wait{}", "esperam{}"),
            ("the day's send", "o envio do dia"),
            (
                "of a day: {} in all, and more",
                "de um dia: {} ao todo, e mais",
            ),
        ];
        let words = Words {
            one: Entries::from([("sent", "enviada")]),
            many: Entries::from([("sent", "enviadas")]),
        };
        Phrases::of(Entries::from(phrases)).line(line, &words)
    }

    #[test]
    fn a_line_is_said_by_its_phrase_and_what_it_tells_of_stays() {
        for (line, portuguese) in [
            ("nothing to do", "nada a fazer"),
            ("  nothing to do", "  nada a fazer"),
            (
                "error: there is no template `nothing to do`",
                "erro: não há modelo `nothing to do`",
            ),
            ("1 messages queued", "1 mensagem na fila"),
            ("12 messages queued", "12 mensagens na fila"),
            ("3 of 9 are sent", "de 9, 3 são enviada"),
            (
                "send 7: 1 sent, 2 sent, 3 lost",
                "envio 7: 1 enviada, 2 enviadas, 3 lost",
            ),
            (
                "they wait (2 messages queued)",
                "esperam (2 mensagens na fila)",
            ),
            ("nothing to do (sent)", "nada a fazer (enviada)"),
            ("Maria (cliente 7)", "Maria (cliente 7)"),
            (
                "  regua send x    the day's send",
                "  regua send x    o envio do dia",
            ),
            ("regua send: 1 sent", "regua send: 1 sent"),
            (
                "Ana, Bruno: of a day: 7 in all, and more",
                "Ana, Bruno: de um dia: 7 ao todo, e mais",
            ),
            (
                "sms: 2 messages queued, nothing to do",
                "sms: 2 mensagens na fila, nada a fazer",
            ),
            ("Maria das Dores", "Maria das Dores"),
            ("", ""),
        ] {
            assert_eq!(said(line), portuguese);
        }
    }

    #[test]
    fn a_phrase_that_loses_or_invents_a_place_is_a_flaw() {
        let of =
            |key: &str, said: &str| flaws(std::iter::once((key.to_owned(), said.to_owned()))).len();
        assert_eq!(of("{} of {}", "de {2}, {1}"), 0);
        assert_eq!(of("{} of {}", "de {2}"), 1);
        assert_eq!(of("{} more", "{2} mais {1}"), 1);
    }
}
