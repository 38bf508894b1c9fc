//! Brazilian phone numbers: read from any usual writing, kept as E.164, never guessed.
//!
//! Numbering: Anatel's area codes (67 of them, no zeros), mobiles of nine digits beginning
//! with 9, fixed lines of eight beginning with 2 to 5; an old mobile of eight digits
//! beginning with 6 to 9 has had a ninth digit, 9, put before it since 2016.

use super::text::nfc;

/// What a number can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Takes calls, text messages and WhatsApp.
    Mobile,
    /// A fixed line: no text messages.
    Landline,
    /// Cannot work: a placeholder, an impossible area code, too few digits.
    Unusable,
}

/// A phone as it is kept: E.164 when it can work, as typed when it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    text: String,
    line: Line,
}

/// What `Phone::parse` accepts, for an error's remedy.
pub const ACCEPTED: &str = "digits in any usual Brazilian writing, such as (49) 99999-0001";

/// The area codes in use.
const AREA_CODES: [u8; 67] = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 51, 53, 54, 55, 61, 62, 63, 64, 65, 66, 67, 68, 69, 71, 73, 74, 75, 77,
    79, 81, 82, 83, 84, 85, 86, 87, 88, 89, 91, 92, 93, 94, 95, 96, 97, 98, 99,
];

impl Phone {
    /// A cell as it is kept: E.164, or as typed where it cannot work or is no phone at all
    /// (`não tem`); without the marks that nobody sees.
    pub fn kept(text: &str) -> String {
        Self::parse(text).map_or_else(
            || {
                let seen: String = text.chars().filter(|c| !invisible(*c)).collect();
                nfc(seen.trim()).into_owned()
            },
            |phone| phone.text,
        )
    }

    /// Reads a phone; `None` when it holds anything but digits and their usual punctuation.
    pub fn parse(text: &str) -> Option<Self> {
        let seen: String;
        let typed = if text.is_ascii() {
            text.trim()
        } else {
            seen = text.chars().filter(|c| !invisible(*c)).collect();
            seen.trim()
        };
        let digits = dialled(typed)?;
        let unusable = || Self {
            text: typed.to_owned(),
            line: Line::Unusable,
        };
        let Some(national) = national(&digits, typed.starts_with('+')) else {
            return Some(unusable());
        };
        let Ok(area) = national[..2].parse::<u8>() else {
            return Some(unusable());
        };
        let subscriber = &national[2..];
        if !AREA_CODES.contains(&area) || alike(national) || alike(subscriber) {
            return Some(unusable());
        }
        let first = subscriber.as_bytes()[0];
        let (number, line) = match (subscriber.len(), first) {
            (9, b'9') => (subscriber.to_owned(), Line::Mobile),
            (8, b'6'..=b'9') => (format!("9{subscriber}"), Line::Mobile),
            (8, b'2'..=b'5') => (subscriber.to_owned(), Line::Landline),
            _ => return Some(unusable()),
        };
        Some(Self {
            text: format!("+55{area}{number}"),
            line,
        })
    }

    /// As it is kept: E.164, or as typed when it cannot work.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it can be used for.
    pub const fn line(&self) -> Line {
        self.line
    }

    /// What two writings of one line have in common: the area code and the last eight digits.
    pub fn compared(&self) -> String {
        compared(&self.text).unwrap_or_default()
    }

    /// As people read it: `+55 (49) 99999-0001`.
    pub fn shown(&self) -> String {
        shown(&self.text)
    }
}

/// The area code and the last eight digits of an E.164 Brazilian number; none of anything else.
pub fn compared(text: &str) -> Option<String> {
    let national = text.strip_prefix("+55")?;
    let digits = national.len() >= 10 && national.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("{}{}", &national[..2], &national[national.len() - 8..]))
}

/// The digits of what was typed; none where there are none, or anything else stands among them.
fn dialled(typed: &str) -> Option<String> {
    let mut digits = String::with_capacity(typed.len());
    for (i, c) in typed.chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if i == 0 => {}
            // The place of a carrier's digits, as in (0xx49).
            'x' | 'X' if digits == "0" => {}
            ' ' | '(' | ')' | '-' | '.' | '/' => {}
            '\u{a0}' | '\u{202f}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// A mark that nobody sees and that contacts copied from elsewhere carry: of direction, of no width.
const fn invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}'
    )
}

/// An E.164 Brazilian number as people read it; any other text as it is.
pub fn shown(text: &str) -> String {
    match text.strip_prefix("+55") {
        Some(n) if (n.len() == 10 || n.len() == 11) && n.bytes().all(|b| b.is_ascii_digit()) => {
            let split = n.len() - 4;
            format!("+55 ({}) {}-{}", &n[..2], &n[2..split], &n[split..])
        }
        _ => text.to_owned(),
    }
}

/// The area code and subscriber's number within what was dialled; ten or eleven digits.
fn national(digits: &str, international: bool) -> Option<&str> {
    let is_national = |n: &&str| n.len() == 10 || n.len() == 11;
    // +55 (049): some write the trunk zero behind the country's code.
    let abroad = |rest: &'_ str| -> Option<usize> {
        let zeros = usize::from(rest.starts_with('0'));
        is_national(&&rest[zeros..]).then_some(digits.len() - rest.len() + zeros)
    };
    if international {
        let at = digits.strip_prefix("55").and_then(abroad)?;
        return Some(&digits[at..]);
    }
    if let Some(rest) = digits.strip_prefix("0055") {
        return abroad(rest).map(|at| &digits[at..]);
    }
    if let Some(rest) = digits.strip_prefix('0') {
        // A trunk zero, alone or with a carrier's two digits after it.
        return match rest.len() {
            10 | 11 => Some(rest),
            12 | 13 => Some(&rest[2..]),
            _ => None,
        };
    }
    match digits.len() {
        10 | 11 => Some(digits),
        12 | 13 => digits.strip_prefix("55"),
        _ => None,
    }
}

fn alike(digits: &str) -> bool {
    let mut bytes = digits.bytes();
    let first = bytes.next();
    bytes.all(|b| Some(b) == first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (String, Line) {
        let phone = Phone::parse(text).expect("digits only");
        (phone.as_str().to_owned(), phone.line())
    }

    #[test]
    fn usual_writings_become_e164() {
        for text in [
            "+5549999990001",
            "5549999990001",
            "(49) 99999-0001",
            "49 99999 0001",
            "049999990001",
            "0 41 49 99999-0001",
            "+55 (49) 99999-0001",
            "49.99999.0001",
            "(49) 9999-0001",
        ] {
            assert_eq!(
                read(text),
                ("+5549999990001".into(), Line::Mobile),
                "{text}"
            );
        }
        assert_eq!(
            read("(49) 3333-0000"),
            ("+554933330000".into(), Line::Landline)
        );
    }

    #[test]
    fn area_code_55_is_told_from_the_country_code() {
        assert_eq!(read("55967228964"), ("+5555967228964".into(), Line::Mobile));
        assert_eq!(
            read("5555967228964"),
            ("+5555967228964".into(), Line::Mobile)
        );
        assert_eq!(read("5532221111"), ("+555532221111".into(), Line::Landline));
    }

    #[test]
    fn what_cannot_work_is_kept_as_typed() {
        for text in [
            "(20) 99999-0001",
            "99999999999",
            "00000000000",
            "12345",
            "(49) 99999-99999",
            "(49) 19999-0001",
            "+1 202 555 0100",
            "(11) 99999-9999",
        ] {
            assert_eq!(read(text), (text.to_owned(), Line::Unusable), "{text}");
        }
    }

    #[test]
    fn trial_33_phones_as_people_copy_them() {
        for text in [
            "\u{202a}+55 49 99911\u{2011}1234\u{202c}",
            "(0xx49) 99911-1234",
            "(0XX49) 99911-1234",
            "+55 (049) 99911-1234",
            "0055 049 99911-1234",
            "49\u{a0}99911\u{2013}1234",
        ] {
            assert_eq!(
                read(text),
                ("+5549999111234".into(), Line::Mobile),
                "{text}"
            );
        }
        assert_eq!(Phone::kept(" não tem "), "não tem");
        assert_eq!(Phone::kept("(49) 99911-1234"), "+5549999111234");
        assert_eq!(Phone::parse("x49 99911-1234"), None);
    }

    #[test]
    fn letters_are_no_phone() {
        assert_eq!(Phone::parse("49 9999O-0001"), None);
        assert_eq!(Phone::parse("não tem"), None);
        assert_eq!(Phone::parse(""), None);
    }

    #[test]
    fn people_read_it_grouped() {
        assert_eq!(shown("+5549999990001"), "+55 (49) 99999-0001");
        assert_eq!(shown("+554933330000"), "+55 (49) 3333-0000");
        assert_eq!(shown("12345"), "12345");
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn reading_what_is_kept_changes_nothing(text in "[+0-9() -]{0,18}") {
            if let Some(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.as_str()), Some(phone.clone()));
                if phone.line() != Line::Unusable {
                    prop_assert!(phone.as_str().starts_with("+55"));
                    prop_assert!(matches!(phone.as_str().len(), 13 | 14));
                }
            }
        }
    }
}
