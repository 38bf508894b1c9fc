//! What the bytes of a file that is not UTF-8 stand for: Windows-1252, or CP850 as DOS programs write it.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use crate::domain::words::words_enum;

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

    /// The text that these bytes are; what cannot be UTF-8 becomes `\u{fffd}`.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Latin1 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            Self::Cp850 => Cow::Owned(bytes.iter().map(|byte| cp850(*byte)).collect()),
        }
    }

    /// Which of the two a text that is not UTF-8 is in, by how much of it reads as Portuguese.
    pub fn of(bytes: &[u8]) -> Self {
        let latin1 = likeness(bytes, |byte| {
            WINDOWS_1252
                .decode_without_bom_handling(&[byte])
                .0
                .chars()
                .next()
                .unwrap_or('?')
        });
        if likeness(bytes, cp850) > latin1 {
            Self::Cp850
        } else {
            Self::Latin1
        }
    }
}

/// The upper half of CP850 (Unicode's table CP850.TXT).
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

fn cp850(byte: u8) -> char {
    if byte.is_ascii() {
        return char::from(byte);
    }
    CP850
        .chars()
        .nth(usize::from(byte) - 128)
        .unwrap_or('\u{fffd}')
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

    /// A text in CP850.
    fn dos(text: &str) -> Vec<u8> {
        text.chars()
            .map(|c| (0..=255).find(|byte| cp850(*byte) == c).expect("a byte"))
            .collect()
    }

    fn windows(text: &str) -> Vec<u8> {
        WINDOWS_1252.encode(text).0.into_owned()
    }

    #[test]
    fn trial_36_cp850_is_told_from_latin_1() {
        assert_eq!(CP850.chars().count(), 128);
        for text in [
            "JOSÉ DA CONCEIÇÃO;São Paulo",
            "João Conceição, Chapecó",
            "JOÃO DE ARAÚJO SIMÕES",
            "Água Doce;Ângela;Inácio;não",
            "Vitória;Goiânia;Brasília",
        ] {
            assert_eq!(Encoding::of(&dos(text)), Encoding::Cp850, "{text}");
            assert_eq!(Encoding::of(&windows(text)), Encoding::Latin1, "{text}");
            assert_eq!(Encoding::Cp850.decode(&dos(text)), text);
        }
    }
}
