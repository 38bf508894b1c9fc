//! What the bytes of a file that is not UTF-8 stand for: Windows-1252, or CP850 as DOS programs write it.

use std::borrow::Cow;

use crate::domain::words::words_enum;
use crate::wire::letters;

words_enum! {
    /// How a file's letters are written.
    Encoding {
        /// UTF-8.
        Utf8 = "utf-8" | "utf8",
        /// Windows-1252, of which Latin-1 is a part.
        Latin1 = "latin1" | "latin-1" | "iso-8859-1" | "windows-1252" | "cp1252",
        /// CP850, of DOS and of consoles.
        Cp850 = "cp850" | "ibm850" | "850" | "dos",
    }
}

impl Encoding {
    /// As people call it.
    pub const fn called(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "Latin-1",
            Self::Cp850 => "CP850",
        }
    }

    /// Its name as a charset.
    const fn charset(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "windows-1252",
            Self::Cp850 => "cp850",
        }
    }

    /// The text that these bytes are; what cannot be UTF-8 becomes `\u{fffd}`.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        if self == Self::Utf8 || bytes.is_ascii() {
            return String::from_utf8_lossy(bytes);
        }
        Cow::Owned(letters::named(Some(self.charset()), bytes))
    }

    /// What each byte stands for, where each is a letter.
    fn each(self) -> Vec<char> {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        letters::named(Some(self.charset()), &all).chars().collect()
    }

    /// Which of the two a text that is not UTF-8 is in, by how much of it reads as Portuguese.
    pub fn of(bytes: &[u8]) -> Self {
        let likeness = |encoding: Self| {
            let each = encoding.each();
            likeness(bytes, |byte| each[usize::from(byte)])
        };
        if likeness(Self::Cp850) > likeness(Self::Latin1) {
            Self::Cp850
        } else {
            Self::Latin1
        }
    }
}

/// How much more often a reading gives letters of Portuguese, in the case that their neighbours
/// have, than something that does not stand in words.
fn likeness(bytes: &[u8], read: impl Fn(u8) -> char) -> i64 {
    let mut likeness = 0;
    for (at, byte) in bytes.iter().enumerate().filter(|(_, b)| !b.is_ascii()) {
        let c = read(*byte);
        let before = at.checked_sub(1).map_or(' ', |at| read(bytes[at]));
        let after = bytes.get(at + 1).map_or(' ', |byte| read(*byte));
        let within = before.is_alphabetic() || after.is_alphabetic();
        likeness += if "áàâãçéêíóôõúü".contains(c) {
            if before.is_uppercase() && after.is_uppercase() {
                -1
            } else {
                2
            }
        } else if "ÁÀÂÃÇÉÊÍÓÔÕÚÜ".contains(c) {
            if before.is_lowercase() { -2 } else { 2 }
        } else if "ªº°–—’“”".contains(c) {
            0
        } else if within {
            -2
        } else {
            -1
        };
    }
    likeness
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text as bytes.
    fn written(encoding: Encoding, text: &str) -> Vec<u8> {
        let each = encoding.each();
        let byte = |c| each.iter().position(|letter| *letter == c).expect("a byte");
        let bytes = text.chars().map(|c| u8::try_from(byte(c)).expect("a byte"));
        bytes.collect()
    }

    #[test]
    fn trial_36_cp850_is_told_from_latin_1() {
        let both = [Encoding::Cp850, Encoding::Latin1];
        assert_eq!(both.map(|encoding| encoding.each().len()), [256, 256]);
        for text in [
            "JOSÉ DA CONCEIÇÃO;São Paulo",
            "João Conceição, Chapecó",
            "JOÃO DE ARAÚJO SIMÕES",
            "Água Doce;Ângela;Inácio;não",
            "Vitória;Goiânia;Brasília",
        ] {
            for encoding in both {
                let bytes = written(encoding, text);
                assert_eq!(Encoding::of(&bytes), encoding, "{text}");
                assert_eq!(encoding.decode(&bytes), text);
            }
        }
    }
}
