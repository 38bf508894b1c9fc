//! The manual: a page for each command, and pages on the configuration, on filters and on variables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::domain::report::ReportKind;
use crate::domain::template::Variable;
use crate::domain::words::Word as _;

/// What every installation's configuration is shown by.
const CONFIGURATION: &str = include_str!("../../../config.example.toml");

/// What the program's own page says besides its flags.
const MORE: &str = include_str!("program.roff");

/// How the page on the configuration begins, on filters, and on variables.
const CONFIG: &str = include_str!("config.roff");
const FILTERS: &str = include_str!("filters.roff");
const VARIABLES: &str = include_str!("variables.roff");

/// How each command is called, by the name of its page.
fn usages(command: &mut clap::Command, page: &str, found: &mut BTreeMap<String, String>) {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    found.insert(format!("{page}.1"), usage.to_owned());
    for below in command.get_subcommands_mut() {
        let page = format!("{page}-{}", below.get_name());
        usages(below, &page, found);
    }
}

/// Writes every page into a folder that exists.
pub(super) fn write(folder: &Path, command: clap::Command) -> io::Result<()> {
    let mut built = command.clone();
    built.build();
    let mut called = BTreeMap::new();
    usages(&mut built, "regua", &mut called);
    clap_mangen::generate_to(command, folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Other programs' pages may stand there too.
        let is_ours = name == "regua.1" || name.starts_with("regua-");
        if is_ours && name.ends_with(".1") {
            let usage = called.get(name.as_ref()).map(String::as_str);
            let page = readable(&fs::read_to_string(&path)?, usage, name == "regua.1");
            fs::write(&path, page)?;
        }
    }
    let configuration = format!("{CONFIG}{}{SEE_ALSO}", as_it_stands(CONFIGURATION));
    fs::write(folder.join("regua-config.5"), configuration)?;
    fs::write(folder.join("regua-filters.7"), filters() + SEE_ALSO)?;
    fs::write(folder.join("regua-variables.7"), variables() + SEE_ALSO)
}

const SEE_ALSO: &str = ".SH SEE ALSO\nregua(1)\n";

fn filters() -> String {
    let mut page = FILTERS.to_owned();
    for kind in ReportKind::ALL {
        // Writing to a text does not fail.
        let _ = writeln!(page, ".SH {}", kind.as_str().to_uppercase());
        for field in kind.fields() {
            let accepted = field.field_type().accepted();
            let _ = writeln!(
                page,
                ".TP\n\\fB{}\\fR ({})\n{}; {}.",
                plain(field.name()),
                field.field_type().as_str(),
                plain(field.meaning()),
                plain(&accepted)
            );
        }
    }
    page
}

fn variables() -> String {
    let mut page = VARIABLES.to_owned();
    for variable in Variable::ALL {
        let _ = writeln!(
            page,
            ".TP\n\\fB#{}#\\fR\nFrom {}.",
            plain(variable.name()),
            plain(variable.need().as_str())
        );
    }
    page
}

/// A page as it reads well: no words divided or drawn apart, the usage as the help has it, examples line by line.
fn readable(page: &str, usage: Option<&str>, more: bool) -> String {
    let mut out = String::from(".nh\n.ad l\n");
    let (before, examples) = page.split_once(".SH EXTRA\n").unwrap_or((page, ""));
    out += &called(before, usage);
    if !examples.is_empty() {
        let (examples, after) = match examples.find("\n.SH ") {
            Some(end) => examples.split_at(end + 1),
            None => (examples, ""),
        };
        let _ = write!(
            out,
            ".SH EXAMPLES\n.nf\n{}\n.fi\n{after}",
            examples.trim_end()
        );
    }
    if more {
        out += MORE;
    }
    out
}

/// A page with its usage in place of a list of every flag there is.
fn called(page: &str, usage: Option<&str>) -> String {
    let parts = page.split_once(".SH SYNOPSIS\n");
    let (Some((before, synopsis)), Some(usage)) = (parts, usage) else {
        return page.to_owned();
    };
    let rest = synopsis.find(".SH ").map_or("", |end| &synopsis[end..]);
    format!("{before}.SH SYNOPSIS\n{}\n{rest}", plain(usage))
}

/// A text that roff leaves as it is.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    // A dot or an apostrophe begins a request.
    let at_start = |line: &str| line.starts_with(['.', '\'']);
    let lines = text.lines().map(|line| {
        let guard = if at_start(line) { "\\&" } else { "" };
        format!("{guard}{line}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn as_it_stands(text: &str) -> String {
    format!(".nf\n{}\n.fi\n", plain(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_stand_line_by_line_and_nothing_becomes_a_request() {
        let page = readable(
            ".TH a\n.SH SYNOPSIS\n\\fBa\\fR [\\-\\-every]\n.SH EXTRA\nExamples:\n  a \\-\\-b\n",
            Some("a [OPTIONS]"),
            true,
        );
        assert!(page.contains(".SH SYNOPSIS\na [OPTIONS]\n"), "{page}");
        assert!(
            page.contains(".SH EXAMPLES\n.nf\nExamples:\n  a \\-\\-b\n.fi\n"),
            "{page}"
        );
        assert!(page.ends_with(MORE), "{page}");
        assert_eq!(plain(".a\n'b\nc\\d-e"), "\\&.a\n\\&'b\nc\\ed\\-e");
    }
}
