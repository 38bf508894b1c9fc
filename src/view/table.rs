//! Rows drawn as a table: for a pipe plainly, for a terminal within its width. Where room is short, texts
//! stand on several lines, columns are left out, and at last each row becomes a block of `name: value`;
//! no word, code, date or amount is ever broken.

use comfy_table::{
    Attribute, Cell as Drawn, CellAlignment, Color, ContentArrangement, LineStyle, Table, presets,
};

use super::Out;
use super::cell::{Cell, Tone};
use super::columns::{Frame, Place};
use super::language;
use super::measure::{folded, longest, width};

/// Blanks between two columns.
const GAP: usize = 2;

/// How narrow a column of words is made before another is left out.
const NARROW: usize = 12;

/// Rows laid out for the paper they go to.
pub(super) struct Laid {
    /// Their lines.
    pub(super) lines: Vec<String>,
    /// Names of the columns for which there was no room.
    pub(super) left_out: Vec<String>,
}

/// A column that tables show, with the texts of its cells.
struct Shown<'v> {
    name: &'v str,
    right: bool,
    texts: Vec<(String, Option<Tone>)>,
    /// Columns that it takes with every text on one line.
    whole: usize,
    /// Columns that it takes at the least.
    least: usize,
}

impl Shown<'_> {
    fn measure(&mut self) {
        let title = language::header(self.name);
        let header = title.split(['_', ' ']).map(width).max().unwrap_or(0);
        let texts = || self.texts.iter().map(|(text, _)| text.as_str());
        self.whole = texts().map(width).max().unwrap_or(0).max(header);
        let chunk = texts().map(longest).max().unwrap_or(0).max(header);
        self.least = chunk.max(self.whole.min(NARROW));
    }
}

/// Lays rows out; each has a cell for every column that tables show.
pub(super) fn lay(out: Out, frame: &Frame, rows: &[Vec<Cell>]) -> Laid {
    let mut shown: Vec<Shown> = frame
        .shown()
        .enumerate()
        .map(|(place, (_, column))| Shown {
            name: column.name.as_ref(),
            right: column.place == Place::Right,
            texts: rows.iter().map(|cells| text_of(&cells[place])).collect(),
            whole: 0,
            least: 0,
        })
        .collect();
    if !out.drawn {
        return Laid {
            lines: drawn(out, &shown, None),
            left_out: Vec::new(),
        };
    }
    shown.iter_mut().for_each(Shown::measure);
    let room = usize::from(out.width);
    let mut left_out = Vec::new();
    let most = shown.len() / 2;
    while needed(&shown) > room {
        if left_out.len() == most {
            return blocks(frame, rows, room);
        }
        let Some(place) = missed_least(&shown, frame.spared, frame.kept) else {
            return blocks(frame, rows, room);
        };
        left_out.push(language::header(shown.remove(place).name).to_owned());
    }
    let widths = widths(&shown, room);
    Laid {
        lines: drawn(out, &shown, Some(&widths)),
        left_out,
    }
}

/// A cell's text on one line, and its tone.
fn text_of(cell: &Cell) -> (String, Option<Tone>) {
    let tone = match cell {
        Cell::Toned(_, tone) => Some(*tone),
        _ => None,
    };
    (cell.for_people().into_owned(), tone)
}

/// Which column is missed least: one in which nothing stands, then those that the view spares, then the
/// last. The first column, which says what the row is, always stays, and so do those that the view keeps.
fn missed_least(shown: &[Shown], spared: &[&str], kept: &[&str]) -> Option<usize> {
    let nothing = |column: &Shown| column.texts.iter().all(|(text, _)| text.is_empty());
    let empty = shown.iter().rposition(nothing);
    let spare = || {
        let mut spared = spared.iter();
        spared.find_map(|name| shown.iter().position(|column| column.name == *name))
    };
    let last = || {
        let loose = |column: &Shown| !kept.contains(&column.name);
        shown.iter().rposition(loose)
    };
    empty
        .or_else(spare)
        .or_else(last)
        .filter(|place| *place > 0)
}

/// How many columns of the screen these take at the least.
fn needed(shown: &[Shown]) -> usize {
    let gaps = GAP * shown.len().saturating_sub(1);
    shown.iter().map(|column| column.least).sum::<usize>() + gaps
}

/// Shares the room out: what a column needs to stand on one line, the smallest need first.
fn widths(shown: &[Shown], room: usize) -> Vec<usize> {
    let mut over = room.saturating_sub(needed(shown));
    let mut widths: Vec<usize> = shown.iter().map(|column| column.least).collect();
    let need = |place: &usize| shown[*place].whole.saturating_sub(shown[*place].least);
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(need);
    for (done, place) in order.iter().enumerate() {
        let share = need(place).min(over / (order.len() - done));
        widths[*place] += share;
        over -= share;
    }
    widths
}

/// Draws columns, each within its width where one is given.
fn drawn(out: Out, shown: &[Shown], widths: Option<&[usize]>) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    if out.drawn {
        table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─')));
    } else {
        table.force_no_tty();
    }
    if out.colour {
        table.enforce_styling();
    }
    table.set_header(shown.iter().map(|column| header(column.name, out)));
    let rows = shown.first().map_or(0, |column| column.texts.len());
    for row in 0..rows {
        table.add_row(shown.iter().enumerate().map(|(place, column)| {
            let (text, tone) = &column.texts[row];
            let text = match widths {
                Some(widths) => folded(text, widths[place]).join("\n"),
                None => text.clone(),
            };
            toned(Drawn::new(text), *tone, out)
        }));
    }
    for (place, shown_column) in shown.iter().enumerate() {
        if let Some(column) = table.column_mut(place) {
            if shown_column.right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            // Nothing stands after the last one: its padding would go over the edge.
            let last = place + 1 == shown.len();
            column.set_padding((0, if last { 0 } else { 2 }));
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// A column's name over it. Where room is short, a name of several words stands on several lines.
fn header(name: &str, out: Out) -> Drawn {
    let title = language::header(name);
    let cell = if out.drawn {
        Drawn::new(title.replace(['_', ' '], "\n"))
    } else {
        Drawn::new(title)
    };
    if out.colour {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn toned(drawn: Drawn, tone: Option<Tone>, out: Out) -> Drawn {
    match tone {
        Some(tone) if out.colour => drawn.fg(match tone {
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Dim => Color::DarkGrey,
        }),
        _ => drawn,
    }
}

/// Each row as lines of `name: value`, a blank line between two rows.
fn blocks(frame: &Frame, rows: &[Vec<Cell>], room: usize) -> Laid {
    let names = || frame.shown().map(|(_, head)| head.name.as_ref());
    let mut lines = Vec::new();
    for (at, cells) in rows.iter().enumerate() {
        if at > 0 {
            lines.push(String::new());
        }
        for (name, cell) in names().zip(cells) {
            let name = language::header(name);
            let (text, _) = text_of(cell);
            if !text.is_empty() {
                let parts = folded(&format!("{name}: {text}"), room.saturating_sub(GAP));
                let mut parts = parts.into_iter();
                lines.extend(parts.next());
                lines.extend(parts.map(|part| format!("  {part}")));
            }
        }
    }
    Laid {
        lines,
        left_out: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Colour, Format, Talk, View};

    fn paper(width: u16) -> Out {
        Out {
            drawn: true,
            width,
            ..Out::new(Format::Table, Talk::Normal, Colour::Never)
        }
    }

    struct Row {
        id: i64,
        name: &'static str,
        at: &'static str,
        code: &'static str,
        phone: &'static str,
        note: &'static str,
    }

    fn view() -> View<'static, Row> {
        View::<Row>::new()
            .number("id", |row| row.id)
            .words("client_name", |row| row.name)
            .words("created_at", |row| row.at)
            .words("code", |row| row.code)
            .words("address", |row| row.phone)
            .words("note", |row| row.note)
    }

    const ROWS: [Row; 2] = [
        Row {
            id: 1042,
            name: "Maria Aparecida da Conceição dos Santos 漢字漢字",
            at: "11-23 09:00",
            code: "new-public-ticket-by-client",
            phone: "+55 (49) 99999-0001",
            note: "venceu há 13 dias, R$ 1.234,56 em aberto",
        },
        Row {
            id: 7,
            name: "Zé",
            at: "11-24 10:30",
            code: "x",
            phone: "",
            note: "",
        },
    ];

    fn laid(width: u16) -> Laid {
        laid_as(&view(), width)
    }

    fn laid_as(view: &View<'static, Row>, width: u16) -> Laid {
        let cells = |row: &Row| (0..6).map(view.cell_at(row)).collect();
        let rows: Vec<Vec<Cell>> = ROWS.iter().map(cells).collect();
        lay(paper(width), &view.frame, &rows)
    }

    #[test]
    fn a_column_that_is_kept_is_never_left_out() {
        let view = view().keeps(&["note"]);
        assert_eq!(laid(80).left_out, ["note", "address"]);
        for room in [30, 60, 80, 100, 200] {
            let laid = laid_as(&view, room);
            assert!(!laid.left_out.iter().any(|name| name == "note"), "{room}");
            let text = laid.lines.join(" ");
            assert!(text.contains("aberto"), "{room}: {text}");
        }
    }

    #[test]
    fn trial_60_no_word_code_date_or_amount_is_broken_at_any_width() {
        for room in [20, 30, 36, 40, 60, 80, 100, 120, 200] {
            let laid = laid(room);
            let text = laid.lines.join("\n");
            for line in &laid.lines {
                assert!(
                    width(line) <= usize::from(room) || longest(line) + 14 > usize::from(room),
                    "{room}: {line}"
                );
            }
            for (column, whole) in [
                ("client_name", "Aparecida"),
                ("client_name", "Conceição"),
                ("client_name", "漢字漢字"),
                ("created_at", "11-23 09:00"),
                ("code", "new-public-ticket-by-client"),
                ("address", "+55 (49) 99999-0001"),
                ("note", "R$ 1.234,56"),
            ] {
                let left_out = laid.left_out.iter().any(|name| name == column);
                assert_eq!(text.contains(whole), !left_out, "{room}: {whole}\n{text}");
            }
        }
    }

    #[test]
    fn trial_60_columns_are_left_out_before_rows_become_blocks() {
        let wide = laid(200);
        assert!(wide.left_out.is_empty());
        assert!(laid(100).left_out.is_empty());
        assert_eq!(laid(80).left_out, ["note", "address"]);
        let narrow = laid(30).lines;
        assert_eq!(narrow[0], "id: 1042");
        assert_eq!(narrow[1], "client_name: Maria Aparecida");
        assert_eq!(narrow[2], "  da Conceição dos Santos");
        assert!(narrow.contains(&String::new()));
    }
}
