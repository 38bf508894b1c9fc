//! The text of a template: its pieces, and values filled in where variables stand.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::facts::Facts;
use super::variable::Variable;
use crate::domain::notice;
pub use crate::domain::text::one_line;

impl<'a> Facts<'a> {
    /// The value of a variable as people read it; none when it is missing or empty.
    pub fn value(&self, variable: Variable) -> Option<Cow<'a, str>> {
        if variable == Variable::AvisoSuspensao {
            return self.notice_paragraph();
        }
        self.plain_value(variable)
    }

    /// The paragraph of a notice of suspension; none while no notice is given, or where one of its own
    /// variables has no value.
    fn notice_paragraph(&self) -> Option<Cow<'a, str>> {
        self.notice?;
        let text = self.company.notice.as_deref().unwrap_or(notice::TEXT);
        fill_text(text, self).ok().map(Cow::Owned)
    }
}

/// A part of a template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// A variable, and what is written where its value is missing.
    Variable(Variable, Option<&'a str>),
    /// A word between number signs that is no variable, with its own `|text`.
    Unknown(&'a str, Option<&'a str>),
}

/// The parts of a text, in order: `##` is one `#`; a lone `#` and a hashtag are text; in `#name|text#`
/// the text, on one line, stands in for a value that is missing.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix('#') else {
            let end = rest.find('#').unwrap_or(rest.len());
            let (piece, tail) = rest.split_at(end);
            rest = tail;
            return Some(Piece::Text(piece));
        };
        if let Some(tail) = after.strip_prefix('#') {
            rest = tail;
            return Some(Piece::Text("#"));
        }
        let word_end = after
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(after.len());
        if word_end > 0
            && let Some((instead, tail)) = end_of_word(&after[word_end..])
        {
            let word = &after[..word_end];
            rest = tail;
            return Some(
                Variable::named(word).map_or(Piece::Unknown(word, instead), |variable| {
                    Piece::Variable(variable, instead)
                }),
            );
        }
        rest = after;
        Some(Piece::Text("#"))
    })
}

/// What follows a word up to the number sign that ends it: nothing, or `|` and the text to write where
/// the value is missing; with what comes after.
fn end_of_word(after: &str) -> Option<(Option<&str>, &str)> {
    if let Some(tail) = after.strip_prefix('#') {
        return Some((None, tail));
    }
    let (instead, tail) = after.strip_prefix('|')?.split_once('#')?;
    (!instead.contains(['\n', '\r'])).then_some((Some(instead), tail))
}

/// The words between number signs that are not variables.
pub fn unknown_variables(text: &str) -> Vec<String> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Unknown(word, _) => Some(word.to_owned()),
            _ => None,
        })
        .collect()
}

/// The variables that a text writes, each once.
pub fn variables(text: &str) -> BTreeSet<Variable> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Variable(variable, _) => Some(variable),
            _ => None,
        })
        .collect()
}

/// A text that stands outside any template (a topic's alert), rendered; unknown words stay as they are.
pub fn fill_text(text: &str, facts: &Facts<'_>) -> Result<String, Variable> {
    fill(text, facts, plain)
}

pub(super) fn fill(
    text: &str,
    facts: &Facts<'_>,
    clean: fn(&str) -> String,
) -> Result<String, Variable> {
    let mut out = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(variable, instead) => match (facts.value(variable), instead) {
                (Some(value), _) => out.push_str(&clean(&value)),
                (None, Some(instead)) => out.push_str(instead),
                (None, None) if facts.forgiven.contains(&variable.name()) => {}
                (None, None) => return Err(variable),
            },
            Piece::Unknown(word, instead) => {
                let bar = if instead.is_some() { "|" } else { "" };
                let _ = write!(out, "#{word}{bar}{}#", instead.unwrap_or_default());
            }
        }
    }
    Ok(out)
}

/// A variable's value on one line. What a payer's bank reads is left byte for byte, but for control
/// characters: a payment code with one space less pays nothing.
pub(super) fn on_one_line(variable: Variable, value: &str) -> String {
    match variable {
        Variable::AreceberPix | Variable::AreceberLinhaDigitavel | Variable::AreceberLink => {
            value.chars().filter(|c| !c.is_control()).collect()
        }
        _ => one_line(value),
    }
}

/// A value in running text: line breaks stay, other control characters do not.
pub(super) fn plain(value: &str) -> String {
    value
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// A value in HTML: markup of its own becomes text.
pub(super) fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in plain(value).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<br>"),
            _ => out.push(c),
        }
    }
    out
}
