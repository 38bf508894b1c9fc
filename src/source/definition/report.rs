//! A saved report as TOML, read and written.

use std::fmt::Write as _;

use super::{quoted, quoted_list};
use crate::domain::report::{Report, ReportKind, SavedReport, name_problem};
use crate::domain::words::Word as _;
use crate::toml_table::Section;

/// Reads one `[[report]]`; what is wrong with it is noted in its sheet.
pub fn read(section: &Section<'_, '_>) -> Option<SavedReport> {
    let name = section.filled("name");
    match &name {
        None if !section.has("name") => section.wrong("name", "is missing", "name the report"),
        Some(name) => {
            if let Some(what) = name_problem(name) {
                section.wrong(
                    "name",
                    format!("`{name}` {what}"),
                    "give it a short plain name",
                );
            }
        }
        None => {}
    }
    let kind = section.word::<ReportKind>("on");
    if kind.is_none() && !section.has("on") {
        let remedy = format!("write one of: {}", ReportKind::accepted());
        section.wrong("on", "is missing", remedy);
    }
    let filters = section.texts("filters").unwrap_or_default();
    let order = section.texts("order").unwrap_or_default();
    let kind = kind?;
    let (report, flaws) = Report::read(kind, &filters, &order);
    for flaw in &flaws {
        let key = if flaw.place.starts_with("order") {
            "order"
        } else {
            "filters"
        };
        section.wrong(key, format!("{}: {}", flaw.place, flaw.found), &flaw.remedy);
    }
    Some(SavedReport {
        name: name?,
        report,
    })
}

/// Writes a saved report as one `[[report]]`.
pub fn write(saved: &SavedReport) -> String {
    let mut text = String::from("[[report]]\n");
    let mut line = |key: &str, value: String| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", quoted(&saved.name));
    line("on", quoted(saved.report.kind.as_str()));
    line("filters", quoted_list(&saved.report.written_filters()));
    if !saved.report.order.is_empty() {
        line("order", quoted_list(&saved.report.written_order()));
    }
    text
}
