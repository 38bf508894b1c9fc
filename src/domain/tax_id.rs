//! CPF and CNPJ: check digits verified, kept without mask, shown masked.
//!
//! A CNPJ may hold letters since 2026 (IN RFB 2.229/2024): each character's value is its
//! ASCII code less 48, and the modulo 11 is unchanged.

/// What `parse` accepts, for an error's remedy.
pub const ACCEPTED: &str = "a CPF or CNPJ with valid check digits, with or without its mask";

/// Reads a CPF or CNPJ; the answer has no mask and capital letters.
pub fn parse(text: &str) -> Option<String> {
    let mut id = String::with_capacity(14);
    for c in text.trim().chars() {
        match c {
            '0'..='9' | 'A'..='Z' => id.push(c),
            'a'..='z' => id.push(c.to_ascii_uppercase()),
            '.' | '-' | '/' | ' ' => {}
            _ => return None,
        }
    }
    let bytes = id.as_bytes();
    if bytes.iter().all(|b| Some(b) == bytes.first()) {
        return None;
    }
    let valid = match bytes.len() {
        11 => {
            bytes.iter().all(u8::is_ascii_digit)
                && check_digit(&bytes[..9], 11) == bytes[9]
                && check_digit(&bytes[..10], 11) == bytes[10]
        }
        14 => {
            bytes[12..].iter().all(u8::is_ascii_digit)
                && check_digit(&bytes[..12], 9) == bytes[12]
                && check_digit(&bytes[..13], 9) == bytes[13]
        }
        _ => false,
    };
    valid.then_some(id)
}

/// The modulo-11 digit of `bytes`, weights rising from 2 at the right and starting over after `most`.
fn check_digit(bytes: &[u8], most: u32) -> u8 {
    let mut weight = 2;
    let mut sum = 0;
    for byte in bytes.iter().rev() {
        sum += (u32::from(*byte) - 48) * weight;
        weight = if weight == most { 2 } else { weight + 1 };
    }
    let rest = sum % 11;
    b'0' + u8::try_from(if rest < 2 { 0 } else { 11 - rest }).unwrap_or(0)
}

/// With the middle hidden: `***.444.777-**`, `12.***.***/0001-**`.
pub fn masked(id: &str) -> String {
    match id.len() {
        11 if id.is_ascii() => format!("***.{}.{}-**", &id[3..6], &id[6..9]),
        14 if id.is_ascii() => format!("{}.***.***/{}-**", &id[..2], &id[8..12]),
        _ => "***".to_owned(),
    }
}

/// With its usual punctuation: `111.444.777-35`, `12.345.678/0001-95`.
pub fn punctuated(id: &str) -> String {
    match id.len() {
        11 if id.is_ascii() => format!("{}.{}.{}-{}", &id[..3], &id[3..6], &id[6..9], &id[9..]),
        14 if id.is_ascii() => format!(
            "{}.{}.{}/{}-{}",
            &id[..2],
            &id[2..5],
            &id[5..8],
            &id[8..12],
            &id[12..]
        ),
        _ => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_decide() {
        assert_eq!(parse("111.444.777-35").as_deref(), Some("11144477735"));
        assert_eq!(
            parse("12.345.678/0001-95").as_deref(),
            Some("12345678000195")
        );
        assert_eq!(
            parse("12.abc.345/01de-35").as_deref(),
            Some("12ABC34501DE35")
        );
        for bad in [
            "111.444.777-36",
            "000.000.000-00",
            "12.345.678/0001-96",
            "123",
            "",
            "é",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_middle_is_hidden() {
        assert_eq!(masked("11144477735"), "***.444.777-**");
        assert_eq!(masked("12345678000195"), "12.***.***/0001-**");
        assert_eq!(punctuated("12345678000195"), "12.345.678/0001-95");
    }
}
