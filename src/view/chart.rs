//! Bars of Unicode blocks, as wide as the number they stand for.

use super::measure::{padded, shortened, width};

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

/// What parts of a bar are drawn with, from the one that weighs most; told apart without colour.
pub const FILLS: [char; 6] = ['█', '▓', '▒', '░', '╱', '·'];

/// A bar of several parts, each with the fill of its place, where `most` fills `width` columns. It is as long
/// as a bar of their sum; each part ends where its share of that does.
pub fn stacked(parts: &[u64], most: u64, width: u16) -> String {
    if most == 0 {
        return String::new();
    }
    let mut text = String::new();
    let (mut sum, mut drawn) = (0_u64, 0_u64);
    for (part, fill) in parts.iter().zip(FILLS) {
        sum += part;
        let share = u128::from(sum.min(most)) * u128::from(width) * 2 + u128::from(most);
        let end = u64::try_from(share / (u128::from(most) * 2)).unwrap_or(u64::MAX);
        // Something above nothing always shows.
        let end = if sum > 0 { end.max(1) } else { 0 };
        text.extend((drawn..end).map(|_| fill));
        drawn = end.max(drawn);
    }
    text
}

/// One line of a picture: its name, the parts of its bar, and what stands behind it.
pub struct Bar {
    /// What it is about, as people read it.
    pub name: String,
    /// The parts of its bar.
    pub parts: Vec<u64>,
    /// What stands behind the bar.
    pub tail: String,
}

/// Columns of the longest name in a picture.
const NAME: usize = 24;

/// Bars below each other, in one measure, within so many columns.
pub fn picture(bars: &[Bar], columns: u16) -> String {
    let widest = |of: &dyn Fn(&Bar) -> usize| bars.iter().map(of).max().unwrap_or(0);
    let name = widest(&|bar| width(&bar.name)).min(NAME);
    let tail = widest(&|bar| width(&bar.tail));
    let most = bars.iter().map(|bar| bar.parts.iter().sum()).max();
    let room = usize::from(columns).saturating_sub(name + tail + 2);
    let room = u16::try_from(room).unwrap_or(WIDTH).clamp(8, WIDTH);
    let mut text = String::new();
    for line in bars {
        let drawn = match line.parts.as_slice() {
            [one] => bar(*one, most.unwrap_or(0), room),
            parts => stacked(parts, most.unwrap_or(0), room),
        };
        let gap = if drawn.is_empty() { "" } else { " " };
        let shown = padded(&shortened(&line.name, name), name);
        text.push_str(format!("{shown} {drawn}{gap}{}", line.tail).trim_end());
        text.push('\n');
    }
    text
}

/// What each fill stands for, in one line; a part that no bar has is left out.
pub fn legend(bars: &[Bar], names: &[&str]) -> String {
    let drawn = names.iter().enumerate().filter(|(place, _)| {
        bars.iter()
            .any(|bar| bar.parts.get(*place).is_some_and(|part| *part > 0))
    });
    let told: Vec<String> = drawn
        .map(|(place, name)| format!("{} {name}", FILLS[place]))
        .collect();
    told.join("  ")
}

#[cfg(test)]
mod tests {
    use super::{Bar, bar, legend, picture, stacked};

    #[test]
    fn a_bar_is_in_proportion() {
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 4), "██");
        assert_eq!(bar(1, 1000, 4), "▏");
        assert_eq!(bar(0, 10, 4), "");
    }

    #[test]
    fn the_parts_of_a_bar_stand_behind_each_other_and_come_to_the_whole() {
        assert_eq!(stacked(&[5, 5], 10, 4), "██▓▓");
        assert_eq!(stacked(&[0, 10, 0], 10, 4), "▓▓▓▓");
        assert_eq!(stacked(&[3, 0, 3], 12, 4), "█▒");
        assert_eq!(stacked(&[], 10, 4), "");
        assert_eq!(stacked(&[1], 0, 4), "");
        assert_eq!(stacked(&[1, 0], 1000, 4), "█");
        assert_eq!(stacked(&[0, 1], 1000, 4), "▓");
    }

    #[test]
    fn a_picture_keeps_to_its_columns_and_tells_what_its_fills_are() {
        let bars: Vec<Bar> = [
            ("push", vec![8, 2], "10"),
            ("um nome comprido demais, sim", vec![1, 0], "1"),
        ]
        .into_iter()
        .map(|(name, parts, tail)| Bar {
            name: name.to_owned(),
            parts,
            tail: tail.to_owned(),
        })
        .collect();
        let drawn = picture(&bars, 40);
        assert!(
            drawn.lines().all(|line| super::width(line) <= 40),
            "{drawn}"
        );
        assert!(
            drawn.contains("um nome comprido demais…") || drawn.contains("um nome comprido demai…"),
            "{drawn}"
        );
        assert_eq!(
            legend(&bars, &["sent", "failed", "skipped"]),
            "█ sent  ▓ failed"
        );
    }
}
