//! Codes by which an invoice is paid: what must be true of a Pix code and of a boleto's line before anybody
//! is told to pay by them.

use chrono::{Days, NaiveDate};

use super::money::Money;
use super::words::words_enum;

words_enum! {
    /// What an invoice can be paid by.
    CodeKind {
        /// Pix *copia e cola*.
        Pix = "pix",
        /// The line of a bank boleto (*linha digitável*).
        Boleto = "boleto",
    }
}

/// What a code must be for: a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// What is still owed.
    pub amount: Money,
    /// The printed due date.
    pub on: NaiveDate,
}

/// The longest Pix code, in characters; the longest seen have some 300.
const LONGEST_PIX: usize = 1024;

/// A Pix code as it may be sent.
///
/// # Errors
/// What is wrong with it, in words.
pub fn pix(text: &str, due: Charge) -> Result<String, String> {
    let code = text.trim();
    if code.is_empty() {
        return Err("there is no code in the answer".to_owned());
    }
    if code.len() > LONGEST_PIX || !code.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err("the code is no Pix code".to_owned());
    }
    let fields = emv(code).ok_or("the code is no Pix code: its fields do not fit")?;
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(tag, _)| *tag == wanted)
            .map(|(_, value)| *value)
    };
    if field("00") != Some("01") || !fields.iter().any(|(tag, value)| is_pix_account(tag, value)) {
        return Err("the code is no Pix code".to_owned());
    }
    let Some(("63", told)) = fields.last().copied() else {
        return Err("the code does not end in its checksum".to_owned());
    };
    let sum = format!("{:04X}", crc16(&code.as_bytes()[..code.len() - 4]));
    if !told.eq_ignore_ascii_case(&sum) {
        return Err("the code's checksum is wrong".to_owned());
    }
    match field("54").map(Money::parse) {
        Some(Some(amount)) if amount == due.amount => Ok(code.to_owned()),
        // A dynamic code has its amount at the bank: whoever gave it says it beside.
        None => Ok(code.to_owned()),
        Some(Some(amount)) => Err(format!(
            "the code is for {amount}, and {} is owed",
            due.amount
        )),
        Some(None) => Err("the code's amount cannot be read".to_owned()),
    }
}

/// The fields of an EMV code: two digits of a tag, two of a length, the value.
fn emv(code: &str) -> Option<Vec<(&str, &str)>> {
    let mut fields = Vec::new();
    let mut rest = code;
    while !rest.is_empty() {
        let tag = rest.get(..2)?;
        let length: usize = rest.get(2..4)?.parse().ok()?;
        let value = rest.get(4..4 + length)?;
        rest = &rest[4 + length..];
        fields.push((tag, value));
    }
    Some(fields)
}

/// Whether a field is the account of a Pix.
fn is_pix_account(tag: &str, value: &str) -> bool {
    matches!(tag.parse(), Ok(26..=51)) && value.to_ascii_lowercase().contains("br.gov.bcb.pix")
}

/// CRC-16/CCITT-FALSE: polynomial 1021, beginning with FFFF.
fn crc16(bytes: &[u8]) -> u16 {
    let mut sum: u16 = 0xffff;
    for byte in bytes {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum & 0x8000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x1021
            };
        }
    }
    sum
}

/// The line of a bank boleto as it may be sent, as it was written.
///
/// # Errors
/// What is wrong with it, in words.
pub fn boleto(text: &str, due: Charge) -> Result<String, String> {
    let line = text.trim();
    if line.is_empty() {
        return Err("there is no line in the answer".to_owned());
    }
    let mut digits = Vec::with_capacity(48);
    for c in line.chars() {
        match c.to_digit(10) {
            Some(digit) => digits.push(digit),
            None if matches!(c, '.' | ' ' | '-') => {}
            None => return Err("the line holds what no boleto has".to_owned()),
        }
    }
    if digits.len() != 47 {
        return Err(format!(
            "the line has {} digits, a bank boleto's has 47",
            digits.len()
        ));
    }
    let blocks = [&digits[..10], &digits[10..21], &digits[21..32]];
    if blocks
        .iter()
        .any(|block| mod10(&block[..block.len() - 1]) != block[block.len() - 1])
    {
        return Err("a check digit of the line is wrong".to_owned());
    }
    let mut bar: Vec<u32> = digits[..4].to_vec();
    bar.extend(&digits[33..47]);
    bar.extend(&digits[4..9]);
    bar.extend(&digits[10..20]);
    bar.extend(&digits[21..31]);
    if mod11(&bar) != digits[32] {
        return Err("the general check digit of the line is wrong".to_owned());
    }
    let number = |digits: &[u32]| {
        digits
            .iter()
            .fold(0i64, |sum, digit| sum * 10 + i64::from(*digit))
    };
    let amount = Money::from_cents(number(&digits[37..47]));
    if amount != due.amount {
        return Err(format!(
            "the line is for {amount}, and {} is owed",
            due.amount
        ));
    }
    let factor = number(&digits[33..37]).unsigned_abs();
    if !days_of(factor).contains(&Some(due.on)) {
        return Err(format!("the line is not due on {}", due.on));
    }
    Ok(line.to_owned())
}

/// The days that a due factor may mean: counted from 1997-10-07, and again from 1000 on 2025-02-22.
fn days_of(factor: u64) -> [Option<NaiveDate>; 2] {
    let from = |year, month, day, days| {
        NaiveDate::from_ymd_opt(year, month, day)?.checked_add_days(Days::new(days))
    };
    if factor < 1000 {
        return [None, None];
    }
    [from(1997, 10, 7, factor), from(2025, 2, 22, factor - 1000)]
}

/// The check digit of a block: doubled from the right, digits added, to the next ten.
fn mod10(digits: &[u32]) -> u32 {
    let weighed = digits.iter().rev().enumerate().map(|(at, digit)| {
        let product = digit * if at % 2 == 0 { 2 } else { 1 };
        product / 10 + product % 10
    });
    (10 - weighed.sum::<u32>() % 10) % 10
}

/// The general check digit: weights 2 to 9 from the right; 0, 10 and 11 are 1.
fn mod11(digits: &[u32]) -> u32 {
    let weights = (2..=9).cycle();
    let sum: u32 = digits
        .iter()
        .rev()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum();
    match 11 - sum % 11 {
        0 | 10 | 11 => 1,
        digit => digit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "99990.00012 00000.123455 67890.123457 7 16560000009990";
    const PIX: &str = "00020101021226680014br.gov.bcb.pix2546pix.example.com.br/qr/v2/cobv/0123456789abcdef5204000053039865802BR5916PROVEDOR EXEMPLO6007CHAPECO62070503***63043F29";

    fn due(cents: i64, on: (i32, u32, u32)) -> Charge {
        Charge {
            amount: Money::from_cents(cents),
            on: NaiveDate::from_ymd_opt(on.0, on.1, on.2).expect("a day"),
        }
    }

    #[test]
    fn a_line_is_for_its_amount_and_day_by_the_factor_after_2025() {
        assert_eq!(boleto(LINE, due(9990, (2026, 12, 10))), Ok(LINE.to_owned()));
        for (line, owed, told) in [
            (LINE, due(9991, (2026, 12, 10)), "is owed"),
            (LINE, due(9990, (2026, 12, 11)), "not due on 2026-12-11"),
            (
                &*LINE.replacen('7', "8", 1),
                due(9990, (2026, 12, 10)),
                "check digit",
            ),
            (
                &*LINE.replace(" 7 ", " 8 "),
                due(9990, (2026, 12, 10)),
                "general check digit",
            ),
            (
                &*LINE.replace("9990", "9980"),
                due(9980, (2026, 12, 10)),
                "check digit",
            ),
            ("", due(1, (2026, 12, 10)), "no line"),
            ("846700000017", due(1, (2026, 12, 10)), "12 digits"),
            ("x", due(1, (2026, 12, 10)), "holds what no boleto has"),
        ] {
            let wrong = boleto(line, owed).expect_err(line);
            assert!(wrong.contains(told), "{told} in {wrong}");
        }
        // The last day of the old count and the first of the new one.
        assert!(days_of(9999).contains(&NaiveDate::from_ymd_opt(2025, 2, 21)));
        assert!(days_of(1000).contains(&NaiveDate::from_ymd_opt(2025, 2, 22)));
        assert_eq!(days_of(0), [None, None]);
    }

    #[test]
    fn a_pix_code_has_its_checksum_and_no_other_amount() {
        let owed = due(9990, (2026, 12, 10));
        assert_eq!(pix(&format!(" {PIX}\n"), owed), Ok(PIX.to_owned()));
        let with = |amount: &str| {
            let start = PIX[..PIX.len() - 8]
                .replace("5303986", &format!("530398654{:02}{amount}", amount.len()));
            let code = format!("{start}6304");
            format!("{code}{:04X}", crc16(code.as_bytes()))
        };
        assert!(pix(&with("99.90"), owed).is_ok());
        for (code, told) in [
            (with("99.91"), "is owed"),
            (with("a.b"), "cannot be read"),
            (PIX.replace("3F29", "3F28"), "checksum"),
            (PIX.replace("CHAPECO", "CHAPECA"), "checksum"),
            (PIX[..40].to_owned(), "fields do not fit"),
            (String::new(), "no code"),
            ("https://example.com".to_owned(), "no Pix code"),
            (format!("{PIX}ç"), "no Pix code"),
        ] {
            let wrong = pix(&code, owed).expect_err(&code);
            assert!(wrong.contains(told), "{told} in {wrong}");
        }
    }
}
