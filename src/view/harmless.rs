//! Texts from outside made harmless for a terminal: what would move its cursor, hide or turn letters, or
//! forge a line is written out as `\u{1b}`.

use std::borrow::Cow;

/// Characters that are seen by nobody and change how the rest is read: Unicode's format characters, the
/// fillers that pass for letters, the separators of lines, and what selects variants of a letter but for
/// the two that choose between text and emoji.
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0d}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Joins two emoji into one; between letters it is as hidden as the others.
const JOINER: char = '\u{200d}';

/// Whether a character must not reach a terminal.
fn harmful(c: char) -> bool {
    c.is_control()
        || HIDDEN
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c))
}

/// Whether a joiner stands between two emoji.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let emoji =
        |c: char| matches!(c, '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    before.is_some_and(emoji) && after.is_some_and(emoji)
}

/// A text with what `kept` does not keep of the harmful characters written out.
fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.bytes().all(plain) || !text.chars().any(|c| harmful(c) && !kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let harmless =
            !harmful(c) || kept(c) || (c == JOINER && joins(before, rest.clone().next()));
        if harmless {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
        before = Some(c);
    }
    Cow::Owned(out)
}

/// A text that stands on one line.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// A text of several lines: its line breaks and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// Whether a text is harmless as it is, line breaks and tabs apart.
pub fn is_harmless(text: &str) -> bool {
    matches!(lines(text), Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, shown) in [
            ("\u{1b}[31mAna", "\\u{1b}[31mAna"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("Ana\nerror: forged", "Ana\\u{a}error: forged"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("A\u{200b}na\u{feff}", "A\\u{200b}na\\u{feff}"),
            ("a\u{2028}b\u{e0041}", "a\\u{2028}b\\u{e0041}"),
            ("\u{7f}\r\t", "\\u{7f}\\u{d}\\u{9}"),
        ] {
            assert_eq!(line(text), shown);
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "São João",
            "漢字 ok",
            "❤\u{fe0f} 👩\u{200d}👧",
            "100%",
            "Sa\u{303}o",
        ] {
            assert!(
                matches!(line(text), Cow::Borrowed(_)) || line(text) == text,
                "{text}"
            );
        }
        // Between letters a joiner hides a difference.
        assert_eq!(line("a\u{200d}b"), "a\\u{200d}b");
    }

    #[test]
    fn a_text_of_lines_keeps_its_lines() {
        assert_eq!(lines("Oi,\n\tAna\u{1b}c"), "Oi,\n\tAna\\u{1b}c");
        assert!(is_harmless("Oi,\n\tAna"));
        assert!(!is_harmless("Oi\u{7}"));
    }
}
