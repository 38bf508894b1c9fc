//! How many parts a text message takes: GSM-7 or UCS-2 (3GPP TS 23.038 and 23.040).

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

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> (Alphabet, usize, usize) {
        let s = segments(text);
        (s.alphabet, s.units, s.parts)
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
