//! Paper and ink: results on standard output in the form asked for, talk on standard error. Knows none of our nouns.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, Flaw, Result};

mod cell;
pub mod chart;
mod columns;
pub mod harmless;
mod json;
pub mod language;
mod list;
mod log;
pub mod measure;
mod progress;
mod spreadsheet;
pub mod svg;
mod table;

pub use cell::{Cell, Tone};
pub use columns::View;
pub use language::Language;
pub use list::{Fields, List};
pub use progress::Progress;
pub use spreadsheet::Spreadsheet;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns for people; drawn on a terminal, plain in a pipe.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// CSV with a header.
    Csv,
}

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// What explains the rest.
    Verbose,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a run writes, asked once at its start.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    format: Format,
    talk: Talk,
    /// Standard output is a terminal.
    drawn: bool,
    colour: bool,
    /// Standard error is a terminal.
    progress: bool,
    /// Standard input and standard error are terminals.
    interactive: bool,
    width: u16,
    /// The manner of a CSV.
    sheet: Spreadsheet,
    /// What is said is written as lines of JSON, each with the instant that this tells.
    stamp: Option<Stamp>,
}

/// Tells the instant at which a line of a log is written.
pub type Stamp = fn() -> String;

impl Out {
    /// Looks at the terminal.
    pub fn new(format: Format, talk: Talk, colour: Colour) -> Self {
        let drawn = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok())
            .or_else(|| console_width().filter(|_| drawn))
            .unwrap_or(80);
        Self {
            format,
            talk,
            drawn,
            colour: match colour {
                Colour::Always => true,
                Colour::Never => false,
                Colour::Auto => drawn && !no_colour,
            },
            progress: io::stderr().is_terminal() && talk > Talk::Quiet,
            interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
            width,
            sheet: Spreadsheet::default(),
            stamp: None,
        }
    }

    /// The same, with what is said on standard error as lines of JSON, and without bars.
    #[must_use]
    pub const fn logging(mut self, stamp: Stamp) -> Self {
        self.stamp = Some(stamp);
        self.progress = false;
        self
    }

    /// The same, with this manner of a CSV.
    #[must_use]
    pub const fn with_spreadsheet(mut self, sheet: Spreadsheet) -> Self {
        self.sheet = sheet;
        self
    }

    /// The form of the answer.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whether a person can be asked.
    pub const fn interactive(&self) -> bool {
        self.interactive
    }

    /// Columns of the terminal; 80 when it is none.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether results are drawn for a terminal.
    pub const fn drawn(&self) -> bool {
        self.drawn
    }

    /// Whether the explaining talk is wanted.
    pub fn verbose(&self) -> bool {
        self.talk >= Talk::Verbose
    }

    /// Says a line on standard error, unless quiet.
    pub fn say(&self, text: impl AsRef<str>) {
        if self.talk > Talk::Quiet {
            self.tell("info", "", text.as_ref());
        }
    }

    /// Says a line that somebody else wrote: as it is, in every language.
    pub fn quote(&self, text: impl AsRef<str>) {
        if self.talk > Talk::Quiet {
            match self.stamp {
                Some(stamp) => log::write(stamp, "info", text.as_ref(), |_| {}),
                None => exactly(text.as_ref()),
            }
        }
    }

    /// Says something that explains, with `-v`.
    pub fn explain(&self, text: impl AsRef<str>) {
        if self.verbose() {
            self.tell("debug", "", text.as_ref());
        }
    }

    /// Warns on standard error, unless quiet.
    pub fn warn(&self, text: impl AsRef<str>) {
        if self.talk > Talk::Quiet {
            self.tell("warning", "warning: ", text.as_ref());
        }
    }

    /// Tells what is wrong, always.
    pub fn complain(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        match text.strip_prefix("error: ") {
            Some(rest) => self.tell("error", "error: ", rest),
            None => self.tell("error", "", text),
        }
    }

    /// Tells an error, always.
    pub fn error(&self, error: &Error) {
        let lines = error.lines_said(&in_language);
        if let Some(stamp) = self.stamp {
            log::write(stamp, "error", &lines[0], |more| log::parts(more, error));
            return;
        }
        exactly(&format!("{} {}", language::said("error:"), lines[0]));
        for line in &lines[1..] {
            exactly(line);
        }
    }

    /// Says a flaw on standard error, unless quiet; behind these words, where there are some.
    pub fn say_flaw(&self, before: &str, flaw: &Flaw) {
        if self.talk > Talk::Quiet {
            self.complain_of(before, flaw);
        }
    }

    /// Tells a flaw, always.
    pub fn complain_of(&self, before: &str, flaw: &Flaw) {
        let text = format!("{}{}", language::said(before), flaw.said(&in_language));
        match self.stamp {
            Some(stamp) => log::write(stamp, "error", &text, |_| {}),
            None => exactly(&text),
        }
    }

    /// Writes a line of talk: for people behind its mark, for programs under its level.
    fn tell(&self, level: &str, mark: &str, text: &str) {
        match self.stamp {
            Some(stamp) => log::write(stamp, level, text, |_| {}),
            None => err(&format!("{mark}{text}")),
        }
    }

    /// Writes lines for people to standard output. What comes from outside and must not make lines of its
    /// own goes through [`harmless::line`] before.
    pub fn text(&self, text: impl AsRef<str>) -> Result<()> {
        self.exact(harmless::lines(&language::said(text.as_ref())))
    }

    /// Writes lines that somebody else wrote to standard output: what a template or a message says is
    /// told as it is, in every language.
    pub fn theirs(&self, text: impl AsRef<str>) -> Result<()> {
        self.exact(harmless::lines(text.as_ref()))
    }

    /// Writes a row as a block of names and values to standard output.
    pub fn block<T: ?Sized>(&self, view: &View<'_, T>, row: &T, name_width: usize) -> Result<()> {
        let room = self.drawn.then_some(usize::from(self.width));
        self.exact(view.block(row, name_width, room))
    }

    /// Writes a text for programs to standard output, to the letter.
    pub fn exact(&self, text: impl AsRef<str>) -> Result<()> {
        let mut out = io::stdout().lock();
        let text = text.as_ref();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') && !text.is_empty() {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }

    /// Writes bytes of a protocol to standard output, at once and as they are.
    pub fn wire(&self, text: impl AsRef<str>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_ref().as_bytes())?;
        out.flush()
    }

    /// Writes a whole JSON document.
    pub fn json(&self, document: &impl Serialize) -> Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        json::write_pretty(&mut out, document, self.drawn)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Writes one JSON object on one line.
    pub fn json_line(&self, document: &impl Serialize) -> Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        json::write(&mut out, document, self.drawn)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Begins a list with the columns of a view.
    pub fn list<'a, T: ?Sized>(&self, view: View<'a, T>) -> List<'a, T> {
        List::new(*self, view)
    }

    /// Answers with these rows and no totals.
    pub fn all<'r, T: 'r>(
        &self,
        view: View<'_, T>,
        rows: impl IntoIterator<Item = &'r T>,
    ) -> Result<()> {
        let mut list = self.list(view);
        list.rows(rows)?;
        list.finish("")
    }

    /// Answers with one row for programs: a JSON document, a line of JSON, a CSV of one line; whether it
    /// did. Where people read, it does nothing.
    pub fn one<T: ?Sized>(&self, view: View<'_, T>, row: &T) -> Result<bool> {
        match self.format {
            Format::Table => return Ok(false),
            Format::Json => self.json(&columns::Row(&view.frame, &view.cell_at(row)))?,
            Format::Jsonl => self.json_line(&columns::Row(&view.frame, &view.cell_at(row)))?,
            Format::Csv => {
                let mut list = self.list(view);
                list.row(row)?;
                list.finish("")?;
            }
        }
        Ok(true)
    }

    /// Answers with a document where JSON is asked for; whether it did.
    pub fn document(&self, document: &impl Serialize) -> Result<bool> {
        match self.format {
            Format::Json => self.json(document)?,
            Format::Jsonl => self.json_line(document)?,
            Format::Table | Format::Csv => return Ok(false),
        }
        Ok(true)
    }

    /// A bar for work over a second, on a terminal; `total` 0 when unknown.
    pub fn progress(&self, what: &str, total: u64, bytes: bool) -> Progress {
        Progress::new(self.progress, &language::said(what), total, bytes)
    }

    /// Asks a person yes or no; no answer is no.
    pub fn ask(&self, question: &str) -> Result<bool> {
        let mut err = io::stderr().lock();
        let yes = match language::spoken() {
            Language::English => "y/N",
            Language::Portuguese => "s/N",
        };
        let question = language::said(question);
        write!(err, "{} [{yes}] ", harmless::line(&question))?;
        err.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(
            answer.trim().to_lowercase().as_str(),
            "y" | "yes" | "s" | "sim"
        ))
    }
}

impl Out {
    /// Asks a person for a line; `usual` where they give none, and nothing at the end of what they type.
    pub fn prompt(&self, question: &str, usual: &str) -> Result<Option<String>> {
        let mut err = io::stderr().lock();
        let question = language::said(question);
        write!(err, "{}", harmless::line(&question))?;
        if !usual.is_empty() {
            write!(err, " [{usual}]")?;
        }
        write!(err, ": ")?;
        err.flush()?;
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            return Ok(None);
        }
        let answer = answer.trim();
        Ok(Some(
            if answer.is_empty() { usual } else { answer }.to_owned(),
        ))
    }
}

/// Writes a line to standard error, harmless whatever it tells of; nobody can be told when that is gone.
fn err(text: &str) {
    exactly(&language::said(text));
}

/// What is said, in the language of the run.
fn in_language(text: &str) -> String {
    language::said(text).into_owned()
}

/// The same in the words in which it is given.
fn exactly(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless::line(text));
}

/// The terminal's width, as the table library sees it.
fn console_width() -> Option<u16> {
    comfy_table::Table::new()
        .set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
        .width()
}

impl Out {
    /// Writes a JSON document whose rows are many: the head's keys, the rows under `key`, the tail's keys.
    pub fn json_with_rows<T: ?Sized>(
        &self,
        head: &Map<String, Value>,
        key: &str,
        view: &View<'_, T>,
        tail: &Map<String, Value>,
        fill: impl FnOnce(&mut dyn FnMut(&T) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let terminal = self.drawn;
        let pair = |out: &mut BufWriter<_>, name: &str, value: &Value| -> io::Result<()> {
            write!(out, "  {}: ", Value::from(name))?;
            json::write(out, value, terminal)
        };
        out.write_all(b"{\n")?;
        for (name, value) in head {
            pair(&mut out, name, value)?;
            out.write_all(b",\n")?;
        }
        write!(out, "  {}: [", Value::from(key))?;
        let mut first = true;
        fill(&mut |row| {
            out.write_all(if first { b"\n    " } else { b",\n    " })?;
            first = false;
            Ok(json::write(
                &mut out,
                &columns::Row(&view.frame, &view.cell_at(row)),
                terminal,
            )?)
        })?;
        out.write_all(if first { b"]" } else { b"\n  ]" })?;
        for (name, value) in tail {
            out.write_all(b",\n")?;
            pair(&mut out, name, value)?;
        }
        out.write_all(b"\n}\n")?;
        Ok(out.flush()?)
    }
}
