//! Bars of Unicode blocks, as wide as the number they stand for.

/// Columns of the longest bar in a chart.
pub const WIDTH: u16 = 40;

/// A bar for `value` where `most` fills `width` columns; something above nothing always shows.
pub fn bar(value: u64, most: u64, width: u16) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if value == 0 || most == 0 {
        return String::new();
    }
    let eighths = (u128::from(value.min(most)) * u128::from(width) * 8 / u128::from(most)).max(1);
    let whole = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    format!("{}{}", "█".repeat(whole), EIGHTHS[rest])
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_in_proportion() {
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 4), "██");
        assert_eq!(bar(1, 1000, 4), "▏");
        assert_eq!(bar(0, 10, 4), "");
    }
}
