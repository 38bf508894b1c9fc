//! How many parts a text message takes: GSM-7 or UCS-2 (3GPP TS 23.038 and 23.040).

use unicode_normalization::UnicodeNormalization;

/// The alphabet a text message travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Seven bits a character: 160 in one part, 153 in each of several.
    Gsm7,
    /// Sixteen bits: 70 in one part, 67 in each of several.
    Ucs2,
}

impl Alphabet {
    /// As people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }
}

/// What a text takes on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// Its alphabet.
    pub alphabet: Alphabet,
    /// Units of that alphabet: septets or UTF-16 units.
    pub units: usize,
    /// Parts it is sent and charged in.
    pub parts: usize,
}

/// The basic GSM-7 alphabet, but for ASCII letters and digits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Characters that take two septets.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

fn septets(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) {
        Some(1)
    } else if EXTENDED.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Counts the parts of a text message.
pub fn segments(text: &str) -> Segments {
    let sizes: Option<Vec<usize>> = text.chars().map(septets).collect();
    let (alphabet, sizes, single, multiple) = match sizes {
        Some(sizes) => (Alphabet::Gsm7, sizes, 160, 153),
        None => (
            Alphabet::Ucs2,
            text.chars().map(char::len_utf16).collect(),
            70,
            67,
        ),
    };
    let units = sizes.iter().sum();
    let parts = if units <= single {
        1
    } else {
        // A character of two units is never split across parts.
        let mut parts = 1;
        let mut used = 0;
        for size in sizes {
            if used + size > multiple {
                parts += 1;
                used = 0;
            }
            used += size;
        }
        parts
    };
    Segments {
        alphabet,
        units,
        parts,
    }
}

/// The same text in letters that GSM-7 has: á as a, ç as c, curly quotes as straight ones. Letters it
/// has (é, à, Ç, ñ) stay. A text that would need UCS-2 all the same (an emoji, another script) stays
/// as it is: spoiling its spelling would save nothing.
pub fn transliterate(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().all(|c| septets(c).is_some()) {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.nfc() {
        if septets(c).is_some() {
            plain.push(c);
            continue;
        }
        match c {
            '‘' | '’' | '‚' | '′' | '´' | '`' => plain.push('\''),
            '“' | '”' | '„' | '«' | '»' | '″' => plain.push('"'),
            '‐' | '‑' | '–' | '—' | '−' | '•' | '·' => plain.push('-'),
            '…' => plain.push_str("..."),
            'º' | '°' => plain.push('o'),
            'ª' => plain.push('a'),
            '×' => plain.push('x'),
            '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{feff}' => {}
            c if c.is_whitespace() => plain.push(' '),
            c => {
                // The letter without its accents, when that is one GSM-7 has.
                let base = std::iter::once(c)
                    .nfd()
                    .next()
                    .filter(|b| septets(*b).is_some());
                let Some(base) = base else {
                    return text.into();
                };
                plain.push(base);
            }
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(text: &str) -> (Alphabet, usize, usize) {
        let s = segments(text);
        (s.alphabet, s.units, s.parts)
    }

    #[test]
    fn only_letters_that_gsm7_lacks_are_written_plainly() {
        assert_eq!(
            transliterate("Olá João, não há café à mesa: ação Ç"),
            "Ola Joao, nao ha café à mesa: acao Ç"
        );
        assert_eq!(transliterate("“1º” – R$ 10…"), "\"1o\" - R$ 10...");
        // The same letters written with combining marks.
        assert_eq!(transliterate("a\u{303}e\u{301}"), "aé");
        assert_eq!(transliterate("Olá 😀"), "Olá 😀");
        assert_eq!(transliterate("Привет á"), "Привет á");
        let reminder = "Olá, a fatura não foi paga. ".repeat(5);
        assert_eq!(segments(&reminder).parts, 3);
        assert_eq!(segments(&transliterate(&reminder)).parts, 1);
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn writing_plainly_never_costs_more_than_it_says_and_settles(text in "[a-zA-ZáàâãéêíóôõúüçñÁÀÂÃÉÊÍÓÔÕÚÜÇÑ €“”…ªº]{0,200}") {
            let plain = transliterate(&text).into_owned();
            prop_assert_eq!(segments(&plain).alphabet, Alphabet::Gsm7);
            prop_assert_eq!(transliterate(&plain).into_owned(), plain.clone());
            // An ellipsis becomes three letters, everything else at most one.
            prop_assert!(plain.chars().count() <= text.chars().count() + 2 * text.matches('…').count());
        }
    }

    #[test]
    fn parts_are_counted_as_carriers_do() {
        assert_eq!(counted("Ola Ana"), (Alphabet::Gsm7, 7, 1));
        assert_eq!(counted("Olá Ana"), (Alphabet::Ucs2, 7, 1));
        assert_eq!(counted("é à ù"), (Alphabet::Gsm7, 5, 1));
        assert_eq!(counted(&"a".repeat(160)), (Alphabet::Gsm7, 160, 1));
        assert_eq!(counted(&"a".repeat(161)), (Alphabet::Gsm7, 161, 2));
        assert_eq!(counted(&"a".repeat(307)), (Alphabet::Gsm7, 307, 3));
        assert_eq!(counted(&"ã".repeat(70)), (Alphabet::Ucs2, 70, 1));
        assert_eq!(counted(&"ã".repeat(71)), (Alphabet::Ucs2, 71, 2));
        assert_eq!(counted("R$ 10 €"), (Alphabet::Gsm7, 8, 1));
        // 76 emoji are 152 UTF-16 units: 33 fit in 67 without splitting one.
        assert_eq!(counted(&"😀".repeat(76)), (Alphabet::Ucs2, 152, 3));
        assert_eq!(counted(""), (Alphabet::Gsm7, 0, 1));
    }
}
