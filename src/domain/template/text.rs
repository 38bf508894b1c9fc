//! The text of a template: its pieces, and values filled in where variables stand.

use std::fmt::Write as _;

use super::facts::Facts;
use super::variable::Variable;

/// A part of a template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Variable(Variable),
    Unknown(&'a str),
}

/// The parts of a text, in order: `##` is one `#`; a lone `#` and a hashtag are text.
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
        if word_end > 0 && after[word_end..].starts_with('#') {
            let word = &after[..word_end];
            rest = &after[word_end + 1..];
            return Some(Variable::named(word).map_or(Piece::Unknown(word), Piece::Variable));
        }
        rest = after;
        Some(Piece::Text("#"))
    })
}

/// The words between number signs that are not variables.
pub fn unknown_variables(text: &str) -> Vec<String> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Unknown(word) => Some(word.to_owned()),
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
            Piece::Variable(variable) => {
                out.push_str(&clean(&facts.value(variable).ok_or(variable)?));
            }
            Piece::Unknown(word) => {
                let _ = write!(out, "#{word}#");
            }
        }
    }
    Ok(out)
}

/// A value on one line: what a subject, a title or a provider's variable can hold.
pub fn one_line(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for word in value
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
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
