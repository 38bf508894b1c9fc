//! Texts in the one form in which they are kept, Unicode's NFC, and without what does not count when
//! they are compared.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// A text in NFC, so that `Chapecó` is one text however its accent was typed. Every text that a
/// person or an export gives passes through here; what machines read (Pix codes, tokens) does not.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// A text in NFC that was owned already.
pub fn owned_nfc(text: String) -> String {
    match nfc(&text) {
        Cow::Owned(normal) => normal,
        Cow::Borrowed(_) => text,
    }
}

/// A text without case and accents, for comparing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
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

/// A word as it is typed: in quotes where the shell would take it apart or read more into it.
pub fn typed(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text of at most so many characters; a longer one ends in an ellipsis.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(cut("ação", 4), "ação");
        assert_eq!(cut("ações", 4), "açõ…");
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(typed("cobrança-2"), "cobrança-2");
        assert_eq!(typed("d'água; rm *"), r"'d'\''água; rm *'");
        assert_eq!(typed(""), "''");
    }

    #[test]
    fn an_accent_typed_apart_is_the_same_text() {
        assert_eq!(nfc("Chapeco\u{301}"), "Chapecó");
        assert_eq!(owned_nfc("Sa\u{303}o".to_owned()), "São");
        assert!(matches!(nfc("Chapecó"), Cow::Borrowed(_)));
    }
}
