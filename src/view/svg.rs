//! Charts as SVG that stands in a page: columns of parts day by day, and bars of parts line by line.
//!
//! Colours are marks: each part has one of [`MARKS`], each line and letter [`INK`], and the page's own style says
//! what they look like, by day and by night.

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Color as _, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _,
    IntoFont as _, RGBColor, Rectangle, SVGBackend, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::error::{Error, Result};

/// What marks the parts of a chart, in their order.
pub const MARKS: [&str; 7] = [
    "#0000A0", "#0000A1", "#0000A2", "#0000A3", "#0000A4", "#0000A5", "#0000A6",
];

/// What marks letters and lines.
pub const INK: &str = "#0000B0";

/// What marks the lines of the measure.
pub const FAINT: &str = "#0000B1";

const INK_COLOUR: RGBColor = RGBColor(0, 0, 0xB0);
const FAINT_COLOUR: RGBColor = RGBColor(0, 0, 0xB1);

/// The colour that marks a part.
fn mark(place: usize) -> RGBColor {
    let last = u8::try_from(place % MARKS.len()).unwrap_or(0);
    RGBColor(0, 0, 0xA0 + last)
}

/// Columns of a chart's own measure, across and down; a page shows it as wide as there is room.
const WIDE: u32 = 360;
const HIGH: u32 = 210;

/// Letters' height, with the room above and below them.
const LETTERS: u32 = 15;

/// The most names that stand under columns.
const NAMES: usize = 6;

type Paper<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The drawing failed, which a text in memory does not.
fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Error {
    Error::world(format!("a chart cannot be drawn: {error}"))
}

fn style(colour: RGBColor, across: HPos, down: VPos) -> TextStyle<'static> {
    ("sans-serif", LETTERS)
        .into_font()
        .color(&colour)
        .pos(Pos::new(across, down))
}

/// A whole number on the paper, where numbers need not be told apart beyond what an eye sees.
#[expect(
    clippy::cast_precision_loss,
    reason = "a count is drawn, not reckoned with"
)]
const fn drawn(count: u64) -> f64 {
    count as f64
}

/// What parts come to.
fn sum_of(parts: &[Stretch]) -> u64 {
    parts.iter().map(|(_, count)| count).sum()
}

/// The first round number at or above this: it ends a measure.
fn round(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for factor in [4, 5, 8, 10, 12, 16, 20, 30] {
            let top = step * factor;
            if top >= most {
                return top;
            }
        }
        step *= 10;
    }
}

/// A part of a column or bar: which of [`MARKS`] it has, and how much it is.
pub type Stretch = (usize, u64);

/// Columns side by side, each of parts on top of each other; names stand under as many as there is room for.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn columns(title: &str, columns: &[(String, Vec<Stretch>)]) -> Result<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDE, HIGH)).into_drawing_area();
        draw_columns(&root, columns)?;
        root.present().map_err(failed)?;
    }
    Ok(fit_for_a_page(&text, title))
}

fn draw_columns(root: &Paper<'_>, columns: &[(String, Vec<Stretch>)]) -> Result<()> {
    let most = columns.iter().map(|(_, parts)| sum_of(parts)).max();
    let top = round(most.unwrap_or(0));
    let many = drawn(columns.len() as u64);
    let mut chart = ChartBuilder::on(root)
        .margin_top(10)
        .margin_right(4)
        .x_label_area_size(LETTERS + 8)
        .y_label_area_size(38)
        .build_cartesian_2d(0.0..many.max(1.0), 0.0..drawn(top))
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(5)
        .y_label_formatter(&|value| format!("{value:.0}"))
        .y_label_style(style(INK_COLOUR, HPos::Right, VPos::Center))
        .axis_style(FAINT_COLOUR)
        .bold_line_style(FAINT_COLOUR)
        .light_line_style(FAINT_COLOUR.mix(0.0))
        .draw()
        .map_err(failed)?;
    let every = columns.len().div_ceil(NAMES).max(1);
    for (place, (name, parts)) in columns.iter().enumerate() {
        let left = drawn(place as u64);
        let mut sum = 0;
        for (part, count) in parts.iter().filter(|(_, count)| *count > 0) {
            let corners = [(left + 0.1, drawn(sum)), (left + 0.9, drawn(sum + count))];
            sum += count;
            let filled = Rectangle::new(corners, mark(*part).filled());
            chart.draw_series([filled]).map_err(failed)?;
        }
        if place % every == 0 {
            let (across, down) = chart.plotting_area().map_coordinate(&(left + 0.5, 0.0));
            let under = style(INK_COLOUR, HPos::Center, VPos::Top);
            root.draw(&Text::new(name.clone(), (across, down + 5), under))
                .map_err(failed)?;
        }
    }
    Ok(())
}

/// One line of bars: its name, the parts of its bar, and what is said at its end.
pub struct BarLine {
    /// The name.
    pub name: String,
    /// The parts of its bar.
    pub parts: Vec<Stretch>,
    /// What is said at its end.
    pub said: String,
}

/// Height of a line: its name, and its bar under it.
const LINE: i32 = 37;

/// Bars below each other, each under its name, in one measure.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn bars(title: &str, lines: &[BarLine]) -> Result<String> {
    let most = lines.iter().map(|line| sum_of(&line.parts)).max();
    let most = most.unwrap_or(0).max(1);
    let high = LINE * i32::try_from(lines.len()).unwrap_or(1) + 6;
    let wide = i32::try_from(WIDE).unwrap_or(360);
    let mut text = String::new();
    {
        let size = (WIDE, high.unsigned_abs());
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        for (place, line) in (0i32..).zip(lines) {
            let top = place * LINE + 2;
            let left = style(INK_COLOUR, HPos::Left, VPos::Top);
            let right = style(INK_COLOUR, HPos::Right, VPos::Top);
            root.draw(&Text::new(line.name.clone(), (0, top), left))
                .map_err(failed)?;
            root.draw(&Text::new(line.said.clone(), (wide, top), right))
                .map_err(failed)?;
            let under = top + 18;
            let floor = [(0, under), (wide, under + 11)];
            root.draw(&Rectangle::new(floor, FAINT_COLOUR.mix(0.35).filled()))
                .map_err(failed)?;
            let mut sum = 0u64;
            for (part, count) in &line.parts {
                let place = |sum: u64| {
                    let share = u128::from(sum) * u128::from(WIDE) / u128::from(most);
                    i32::try_from(share).unwrap_or(wide)
                };
                let (from, to) = (place(sum), place(sum + count));
                sum += count;
                if *count > 0 {
                    // Something above nothing always shows.
                    let corners = [(from, under), (to.max(from + 1), under + 11)];
                    root.draw(&Rectangle::new(corners, mark(*part).filled()))
                        .map_err(failed)?;
                }
            }
        }
        root.present().map_err(failed)?;
    }
    Ok(fit_for_a_page(&text, title))
}

/// An SVG as a page holds it: as wide as there is room, named for whoever cannot see it, and with nothing that
/// looks like an address of elsewhere.
fn fit_for_a_page(svg: &str, title: &str) -> String {
    let head_end = svg.find('>').unwrap_or(0);
    let (head, rest) = svg.split_at(head_end);
    let view = head
        .split_once("viewBox=\"")
        .and_then(|(_, view)| view.split_once('"'))
        .map_or("", |(view, _)| view);
    let name = escaped(title);
    let rest: String = rest.lines().map(str::trim).collect::<Vec<_>>().join("");
    format!("<svg viewBox=\"{view}\" role=\"img\" aria-label=\"{name}\"{rest}")
}

/// A text as it stands in a page.
pub fn escaped(text: &str) -> String {
    let text = super::harmless::line(text);
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_shows_its_parts_and_asks_for_nothing() {
        let days = vec![
            ("01/12".to_owned(), vec![(0, 3), (1, 0), (2, 1)]),
            ("02/12".to_owned(), vec![(0, 0)]),
        ];
        let chart = columns("Mensagens <por> dia", &days).expect("a chart");
        assert!(chart.starts_with("<svg viewBox=\"0 0 360 210\""), "{chart}");
        assert!(
            chart.contains("aria-label=\"Mensagens &lt;por&gt; dia\""),
            "{chart}"
        );
        assert_eq!(chart.matches(MARKS[0]).count(), 1, "{chart}");
        assert_eq!(chart.matches(MARKS[1]).count(), 0);
        assert_eq!(chart.matches(MARKS[2]).count(), 1);
        assert!(chart.contains("01/12") && chart.contains(INK));
        assert!(
            !chart.contains("http:") && !chart.contains("xmlns"),
            "{chart}"
        );
    }

    #[test]
    fn names_in_a_chart_cannot_become_markup() {
        let line = BarLine {
            name: "<b>&amp".to_owned(),
            parts: vec![(0, 1)],
            said: "1".to_owned(),
        };
        let chart = bars("x", &[line]).expect("a chart");
        assert!(!chart.contains("<b>"), "{chart}");
        assert!(chart.contains("&lt;b&gt;"), "{chart}");
    }

    #[test]
    fn a_measure_ends_at_a_round_number() {
        for (most, top) in [
            (0, 4),
            (4, 4),
            (5, 5),
            (7, 8),
            (33, 40),
            (130, 160),
            (999, 1000),
        ] {
            assert_eq!(round(most), top, "{most}");
        }
    }
}
