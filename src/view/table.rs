//! Rows drawn as a table: for a terminal with lines and colours, for a pipe plainly.

use comfy_table::{
    Attribute, Cell as Drawn, CellAlignment, Color, ColumnConstraint, ContentArrangement,
    LineStyle, Table, presets,
};

use super::Out;
use super::cell::{Cell, Tone};
use super::columns::{Place, View};

/// The lines of a table; each row has a cell for every column that tables show.
pub(super) fn lines<T: ?Sized>(out: Out, view: &View<T>, rows: Vec<Vec<Cell>>) -> Vec<String> {
    let shown: Vec<(&str, bool)> = view
        .columns
        .iter()
        .filter(|column| column.place != Place::Nowhere)
        .map(|column| (column.name.as_ref(), column.place == Place::Right))
        .collect();
    let mut table = empty(out);
    table.set_header(shown.iter().map(|(name, _)| header(name, out)));
    for cells in rows {
        table.add_row(cells.iter().map(|cell| drawn(cell, out.colour)));
    }
    for (place, (_, right)) in shown.iter().enumerate() {
        if let Some(column) = table.column_mut(place) {
            if *right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            // Nothing stands after the last one: its padding would go over the edge.
            let after = if place + 1 == shown.len() { 0 } else { 2 };
            column.set_padding((0, after));
        }
    }
    if out.drawn {
        keep_short_columns_whole(&mut table, out.width);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

fn empty(out: Out) -> Table {
    let mut table = Table::new();
    if out.drawn {
        table
            .load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─')))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(out.width);
    } else {
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .force_no_tty();
    }
    if out.colour {
        table.enforce_styling();
    }
    table
}

/// A column's name over it. Where room is short, a name of several words stands on several lines.
fn header(name: &str, out: Out) -> Drawn {
    let cell = if out.drawn {
        Drawn::new(name.replace('_', "\n"))
    } else {
        Drawn::new(name)
    };
    if out.colour {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn drawn(cell: &Cell, colour: bool) -> Drawn {
    // A text from outside must not move the cursor or break the row.
    let text: String = cell
        .for_people()
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect();
    let drawn = Drawn::new(text);
    match cell {
        Cell::Toned(_, tone) if colour => drawn.fg(match tone {
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Dim => Color::DarkGrey,
        }),
        _ => drawn,
    }
}

/// Columns of short words and numbers are not broken over lines while the longer ones have room to give.
fn keep_short_columns_whole(table: &mut Table, width: u16) {
    /// What counts as short, tried from the widest; and what a long column needs at the least.
    const SHORT: [u16; 4] = [22, 18, 14, 11];
    const LEAST: u16 = 9;
    const PADDING: u16 = 2;
    let widths = table.column_max_content_widths();
    let fits = |short: &u16| {
        let needed: u32 = widths
            .iter()
            .map(|w| u32::from(if w <= short { *w } else { LEAST } + PADDING))
            .sum();
        needed <= u32::from(width) + u32::from(PADDING)
    };
    let Some(short) = SHORT.into_iter().find(fits) else {
        return;
    };
    for (place, w) in widths.iter().enumerate() {
        if *w <= short
            && let Some(column) = table.column_mut(place)
        {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}
