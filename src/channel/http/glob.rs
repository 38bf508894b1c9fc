//! Texts to compare answers with, where `*` stands for anything; and the place of an id within a text.

use crate::domain::text::nfc;

/// A text in which `*` stands for anything; case and accents count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<String>);

impl Glob {
    /// The text between the stars.
    pub(super) fn of(text: &str) -> Self {
        Self(text.split('*').map(|part| nfc(part).into_owned()).collect())
    }

    /// Whether it fits all that another fits: the other's stars stand for a letter that is in no text.
    pub(super) fn covers(&self, other: &Self) -> bool {
        const ANYTHING: &str = "\u{10ffff}";
        self.fits(&other.0.join(ANYTHING))
    }

    /// Whether a text, all of it, is as this one says.
    pub(super) fn fits(&self, text: &str) -> bool {
        let text = nfc(text);
        let Some((first, rest)) = self.0.split_first() else {
            return false;
        };
        let Some((last, between)) = rest.split_last() else {
            return *first == *text;
        };
        let Some(mut left) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for part in between {
            let Some(at) = left.find(part.as_str()) else {
                return false;
            };
            left = &left[at + part.len()..];
        }
        left.ends_with(last.as_str())
    }

    /// What follows it at the beginning of a text, as early as can be.
    fn beyond<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (first, rest) = self.0.split_first()?;
        let mut left = text.strip_prefix(first.as_str())?;
        for part in rest {
            let at = left.find(part.as_str())?;
            left = &left[at + part.len()..];
        }
        Some(left)
    }
}

/// Where the id stands in a gateway's text: `OK;{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdText {
    before: Glob,
    /// What follows it at once.
    end: String,
    /// And what follows that.
    after: Glob,
    /// Nothing stands around it: it must look like an id.
    bare: bool,
}

/// The longest id a gateway may give, in characters.
const LONGEST_ID: usize = 200;

impl IdText {
    /// The text around `{id}`; none where that does not stand exactly once in it.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (before, after) = text.trim().split_once("{id}")?;
        if after.contains("{id}") {
            return None;
        }
        let end = after.split('*').next().unwrap_or_default();
        Some(Self {
            before: Glob::of(before),
            end: nfc(end).into_owned(),
            after: Glob::of(&after[end.len()..]),
            bare: before.trim_matches('*').is_empty() && after.trim_matches('*').is_empty(),
        })
    }

    /// The id in an answer's text: one word, as ids are. Where nothing stands around it, one with a digit:
    /// a page, a greeting or an `OK` is none.
    pub(super) fn find(&self, text: &str) -> Option<String> {
        let text = nfc(text.trim());
        let rest = self.before.beyond(&text)?;
        let (id, rest) = if self.end.is_empty() {
            (rest, "")
        } else {
            let at = rest.find(&self.end)?;
            (&rest[..at], &rest[at + self.end.len()..])
        };
        let id = id.trim();
        let word = !id.is_empty()
            && id.chars().count() <= LONGEST_ID
            && !id.contains(|c: char| c.is_whitespace() || c.is_control() || "<>{}\"".contains(c));
        let looks_so = !self.bare || id.contains(|c: char| c.is_ascii_digit());
        (word && looks_so && self.after.fits(rest)).then(|| id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_all_else_for_itself() {
        for (glob, text, fits) in [
            ("ERRO*", "ERRO: chave", true),
            ("ERRO*", "erro: chave", false),
            ("ERRO*", " ERRO", false),
            ("*saldo*", "sem saldo\nhoje", true),
            ("a*b*c", "a-c-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("PENDING", "PENDING_ENROUTE", false),
            ("não", "na\u{303}o", true),
        ] {
            assert_eq!(Glob::of(glob).fits(text), fits, "{glob} {text}");
        }
    }

    #[test]
    fn what_fits_all_that_another_fits_covers_it() {
        for (wide, narrow, covers) in [
            ("ERR*", "ERRO*", true),
            ("ERR*", "ERRO: chave", true),
            ("ERRO*", "ERR*", false),
            ("*saldo*", "*sem saldo*", true),
            ("*sem saldo*", "*saldo*", false),
            ("*", "", true),
            ("**", "*", true),
            ("", "*", false),
            ("a*c", "a*b*c", true),
            ("a*b*c", "a*c", false),
            ("OK", "OK", true),
        ] {
            let covered = Glob::of(wide).covers(&Glob::of(narrow));
            assert_eq!(covered, covers, "{wide} over {narrow}");
        }
    }

    #[test]
    fn an_id_is_found_where_the_text_says_and_only_there() {
        for (place, text, id) in [
            ("OK;{id}", "OK;12345\n", Some("12345")),
            ("OK;{id}", "ok;12345", None),
            ("OK;{id}", "OK;", None),
            ("OK;{id}", "OK;two words", None),
            ("OK;{id}", "OK;abc", Some("abc")),
            ("{id}", "12345", Some("12345")),
            ("{id}", "OK", None),
            ("{id}", "<html><body>1</body></html>", None),
            ("*<id>{id}</id>*", "<r><id>77-a</id></r>", Some("77-a")),
            ("*<id>{id}</id>*", "<r><id></id></r>", None),
            ("6;{id};*", "6;98765;fila", Some("98765")),
        ] {
            let found = IdText::of(place).expect("a place").find(text);
            assert_eq!(found.as_deref(), id, "{place} {text}");
        }
        assert_eq!(IdText::of("OK"), None);
        assert_eq!(IdText::of("{id}{id}"), None);
    }
}
