//! The manual: a page for each command, and pages on the configuration, on filters and on variables.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::domain::report::ReportKind;
use crate::domain::template::Variable;
use crate::domain::words::Word as _;

/// What every installation's configuration is shown by.
const CONFIGURATION: &str = include_str!("../../config.example.toml");

/// What the program's own page says besides its flags.
const MORE: &str = r#".SH EXIT STATUS
.TP
0
Done.
.TP
1
Done in part: some messages or rows failed.
.TP
2
Wrong usage.
.TP
3
Not acceptable: a row, a definition or the configuration.
.TP
4
The world failed: a disk, a network, a provider.
.TP
5
Another run holds the lock.
.TP
6
\fBapply \-\-check\fR found changes.
.TP
130, 143
Stopped by a signal, after what was on its way.
.SH FILES
.TP
/etc/regua/config.toml
The configuration, unless another one is named or found; see regua\-config(5).
.TP
/var/lib/regua/regua.db
Everything else, in one SQLite file, as the package configures it. Copy it with \fBregua backup\fR only.
.SH ENVIRONMENT
.TP
REGUA_CONFIG
The configuration file.
.TP
REGUA_NOW
The date and time to work with, in place of the clock's.
.TP
REGUA_LANG
Portuguese (\fBpt\fR) or English (\fBen\fR); else LC_ALL, LC_MESSAGES and LANG decide.
.TP
NO_COLOR
No colours.
.SH SEE ALSO
regua\-config(5), regua\-filters(7), regua\-variables(7), systemd.timer(5), crontab(5)
"#;

/// How filters are written.
const FILTERS: &str = "A filter is a field, an operator and a value. Fields that are given several times must all hold.
.TP
\\fIfield\\fR=\\fIvalue\\fR[,\\fIvalue\\fR…]
One of these values; an empty one stands for none.
.TP
\\fIfield\\fR!=\\fIvalue\\fR[,\\fIvalue\\fR…]
None of these values.
.TP
\\fIfield\\fR>=\\fIvalue\\fR, \\fIfield\\fR<=\\fIvalue\\fR
At least, at most: numbers, amounts, dates.
.TP
\\fIfield\\fR~\\fItext\\fR
Holds this text, whatever its case and accents.
";

/// Writes every page into a folder that exists.
pub(super) fn write(folder: &Path, command: clap::Command) -> io::Result<()> {
    clap_mangen::generate_to(command, folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|section| section == "1") {
            let page = fs::read_to_string(&path)?;
            let more = path.file_stem().is_some_and(|name| name == "regua");
            fs::write(&path, readable(&page, more))?;
        }
    }
    let name = "the configuration of regua";
    let mut page = head("REGUA-CONFIG", 5, &format!("regua\\-config \\- {name}"));
    page += "The first that is found of: \\fB\\-\\-config\\fR, REGUA_CONFIG, ./config.toml, \
             $XDG_CONFIG_HOME/regua/config.toml, /etc/regua/config.toml. Every key, with its default:\n.PP\n";
    page += &as_it_stands(CONFIGURATION);
    fs::write(folder.join("regua-config.5"), page + SEE_ALSO)?;
    fs::write(folder.join("regua-filters.7"), filters() + SEE_ALSO)?;
    fs::write(folder.join("regua-variables.7"), variables() + SEE_ALSO)
}

const SEE_ALSO: &str = ".SH SEE ALSO\nregua(1)\n";

fn head(title: &str, section: u8, name: &str) -> String {
    format!(".nh\n.TH {title} {section}\n.SH NAME\n{name}\n.SH DESCRIPTION\n")
}

fn filters() -> String {
    let name = "regua\\-filters \\- what reports tell, and how their rows are chosen";
    let mut page = head("REGUA-FILTERS", 7, name) + FILTERS;
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
    let name = "regua\\-variables \\- what texts may write between number signs";
    let mut page = head("REGUA-VARIABLES", 7, name);
    page += "A text is filled for each recipient. A variable without a value leaves its message out, unless it \
             has other words: \\fB#name|text#\\fR.\n";
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

/// A page as it reads well: no words divided, examples line by line.
fn readable(page: &str, more: bool) -> String {
    let mut out = String::from(".nh\n");
    let (before, examples) = page.split_once(".SH EXTRA\n").unwrap_or((page, ""));
    out += before;
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
        let page = readable(".TH a\n.SH EXTRA\nExamples:\n  a \\-\\-b\n", true);
        assert!(
            page.contains(".SH EXAMPLES\n.nf\nExamples:\n  a \\-\\-b\n.fi\n"),
            "{page}"
        );
        assert!(page.ends_with(MORE), "{page}");
        assert_eq!(plain(".a\n'b\nc\\d-e"), "\\&.a\n\\&'b\nc\\ed\\-e");
    }
}
