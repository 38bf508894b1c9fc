//! Texts measured by the columns they take on a screen, not by their letters.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text in pieces that stand whole: between two there is one blank. A blank within a number, an amount,
/// a phone or an instant parts nothing.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let blank = text.match_indices(' ').find(|(at, _)| parts(text, *at));
        let (piece, after) = match blank {
            Some((at, _)) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(piece)
    })
}

/// Whether the blank at this place parts two pieces.
fn parts(text: &str, at: usize) -> bool {
    let before = text[..at].ends_with(|c: char| c.is_ascii_digit() || matches!(c, ')' | '$'));
    let rest = &text[at + 1..];
    let rest = rest.strip_prefix('(').unwrap_or(rest);
    let after = rest.starts_with(|c: char| c.is_ascii_digit());
    !(before && after)
}

/// Columns that the widest piece of a text takes.
pub fn longest(text: &str) -> usize {
    pieces(text).map(width).max().unwrap_or(0)
}

/// A text followed by blanks up to this many columns; a wider one as it is.
pub fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(blanks))
}

/// A text of at most this many columns; a wider one ends with `…`.
pub fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let kept = text
        .chars()
        .take_while(|c| {
            let width = c.width().unwrap_or(0);
            let fits = width <= room;
            room = room.saturating_sub(width);
            fits
        })
        .collect::<String>();
    format!("{kept}…")
}

/// A text of words in lines of at most this many columns; a wider word stands on a line of its own, and
/// numbers, amounts, phones and instants with blanks in them are words.
pub fn folded(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in pieces(text) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_and_accents_take_the_columns_they_take() {
        assert_eq!(padded("São João", 10), "São João  ");
        // A combining tilde takes no column, an ideograph two.
        assert_eq!(padded("Sa\u{303}o", 5), "Sa\u{303}o  ");
        assert_eq!(padded("漢字", 5), "漢字 ");
        assert_eq!(padded("longer", 3), "longer");
    }

    #[test]
    fn what_is_too_wide_ends_with_an_ellipsis_within_its_room() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("too long", 5), "too …");
        assert_eq!(shortened("漢字漢字", 6), "漢字…");
        assert_eq!(shortened("ações", 5), "ações");
    }

    #[test]
    fn lines_are_folded_between_words() {
        assert_eq!(folded("um dois três", 7), ["um dois", "três"]);
        assert_eq!(folded("verylongword a", 4), ["verylongword", "a"]);
        assert_eq!(folded("tel (49) 99999-0001", 9), ["tel", "(49) 99999-0001"]);
        assert_eq!(
            folded("em 23/11 09:00 R$ 9,90", 3),
            ["em", "23/11 09:00", "R$ 9,90"]
        );
        assert_eq!(longest("Fibra 500 R$ 1.234,56"), 11);
        // Words in brackets behind a number are words; an area code is none.
        assert_eq!(
            folded("09:00 (America/Sao_Paulo)", 5),
            ["09:00", "(America/Sao_Paulo)"]
        );
        assert_eq!(folded("+55 (49) 3322-1100", 5), ["+55 (49) 3322-1100"]);
    }
}
