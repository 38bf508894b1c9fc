//! A share of a whole, as it is written: `5%`, `0.5%`.

use std::fmt;

/// A share from 0 to 100 percent, to a hundredth of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent {
    hundredths: u32,
}

/// What is accepted as a share, in words.
pub const ACCEPTED: &str = "accepted: a share from \"0%\" to \"100%\", such as \"5%\" or \"0.5%\"";

impl Percent {
    /// So many whole percent, at most a hundred.
    pub const fn whole(percent: u32) -> Self {
        Self {
            hundredths: if percent > 100 { 100 } else { percent } * 100,
        }
    }

    /// The share that a text means, with its sign or without; at most two decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim();
        let number = number.strip_suffix('%').unwrap_or(number).trim_end();
        let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || part.len() > 2 || !digits(whole) || !digits(part)
        {
            return None;
        }
        let hundredths =
            whole.parse::<u32>().ok()? * 100 + format!("{part:0<2}").parse::<u32>().ok()?;
        (hundredths <= 10_000).then_some(Self { hundredths })
    }

    /// Whether `part` is more than this share of `whole`.
    pub fn exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 10_000 > u128::from(whole) * u128::from(self.hundredths)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.hundredths / 100, self.hundredths % 100);
        if part == 0 {
            return write!(f, "{whole}%");
        }
        let part = format!("{part:02}");
        write!(f, "{whole}.{}%", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_and_written() {
        for (text, written) in [
            ("5%", "5%"),
            (" 12.5 % ", "12.5%"),
            ("0,25", "0.25%"),
            ("100%", "100%"),
            ("0%", "0%"),
        ] {
            let read = Percent::parse(text).expect(text);
            assert_eq!(read.to_string(), written);
        }
        for none in [
            "",
            "%",
            "101%",
            "-1%",
            "5 percent",
            "1.234%",
            "0x5",
            "9999%",
        ] {
            assert_eq!(Percent::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_share_is_exceeded_by_more_than_it_alone() {
        let five = Percent::whole(5);
        assert!(!five.exceeded_by(5, 100));
        assert!(five.exceeded_by(6, 100));
        assert!(five.exceeded_by(1, 10));
        assert!(!five.exceeded_by(0, 0));
        assert!(Percent::whole(0).exceeded_by(1, u64::MAX));
        assert!(!Percent::whole(100).exceeded_by(7, 7));
    }
}
