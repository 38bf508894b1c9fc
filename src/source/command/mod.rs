//! Any program as a source: it prints rows as JSON Lines, and says at its end that they are all.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::headings::KnownHeadings;
use super::{
    AskedKind, Checked, Complete, Explained, Question, Reached, Row, Sort, Source, SourceSettings,
    Take,
};
use crate::domain::book::{FactKind, KINDS};
use crate::error::{Error, Flaw, Result};
use crate::http::Cover;
use crate::settings::Secret;
use crate::toml_table::Section;

mod line;
mod program;
mod settings;

use line::{Line, Whole};
use program::Program;
pub use settings::CommandSettings;

/// Programs, as they stand under `[sync.command]`.
pub(super) const SORT: Sort = Sort {
    key: "command",
    brings: &ALL_KINDS,
    headings: NO_HEADINGS,
    asks: &[],
    read,
};

/// A program exports no files with headings of its own.
const NO_HEADINGS: KnownHeadings = &[];

/// Whatever the book has, a program may bring.
const ALL_KINDS: [&str; KINDS.len()] = {
    let mut names = [""; KINDS.len()];
    let mut at = 0;
    while at < KINDS.len() {
        names[at] = KINDS[at].name;
        at += 1;
    }
    names
};

/// Rows handed over at a time.
const PAGE: usize = 500;

/// Reads every `[sync.command.NAME]`, in the order in which they stand in the file: the rows of one may refer to
/// what those before it bring.
fn read(
    section: Section<'_, '_>,
    base: &Path,
    _warnings: &mut Vec<String>,
) -> Vec<Arc<dyn SourceSettings>> {
    let mut programs = section.tables();
    programs.sort_by_key(|(_, program)| program.line());
    let read = programs
        .into_iter()
        .filter_map(|(name, program)| settings::read(&section, &name, program, base))
        .map(|settings| Arc::new(settings) as Arc<dyn SourceSettings>)
        .collect();
    section.finish();
    read
}

impl SourceSettings for CommandSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn secrets(&self) -> Vec<(&str, &Secret)> {
        self.env
            .iter()
            .map(|(name, secret)| (name.as_str(), secret))
            .collect()
    }

    fn open(&self) -> Result<Box<dyn Source>> {
        let mut env = Vec::new();
        for (name, secret) in &self.env {
            let value = secret
                .reveal()
                .map_err(|error| error.at(format!("sync.{}.env.{name}", self.name)))?;
            env.push((name.clone(), value));
        }
        Ok(Box::new(Command {
            cover: Cover::over(env.iter().map(|(_, value)| value.as_str())),
            settings: self.clone(),
            env,
        }))
    }
}

/// A program as a source.
struct Command {
    settings: CommandSettings,
    env: Vec<(String, String)>,
    cover: Cover,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What a program has said so far.
struct Hearing<'q> {
    question: &'q Question<'q>,
    cover: &'q Cover,
    known: Vec<&'static FactKind>,
    /// Rows of one kind that were not handed over yet.
    page: Vec<Row>,
    kind: Option<&'static FactKind>,
    /// The kinds of which it said something.
    told: Vec<&'static str>,
    lines: u64,
    end: Option<line::End>,
}

impl Hearing<'_> {
    /// Takes one line; what is wrong with it ends the reading.
    fn take(&mut self, text: &[u8], take: &mut Take<'_>) -> Result<()> {
        self.lines += 1;
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let place = format!("line {}", self.lines);
        if self.end.is_some() {
            return Err(broken(&format!(
                "it goes on after its last line, in {place}"
            )));
        }
        match line::parse(text, &self.known) {
            Ok(Line::Row(kind, row)) => self.row(kind, row, take),
            Ok(Line::End(end)) => {
                self.end = Some(end);
                self.hand_over(take)
            }
            Err(flaw) => {
                let shown = Flaw {
                    key: self.cover.cover(flaw.key),
                    found: self.cover.cover(flaw.found),
                    ..flaw
                };
                Err(Error::flaws(
                    "the program's rows are not acceptable; nothing of it was written",
                    vec![shown.within(place)],
                ))
            }
        }
    }

    fn row(&mut self, kind: &'static FactKind, row: Row, take: &mut Take<'_>) -> Result<()> {
        if !self.told.contains(&kind.name) {
            self.told.push(kind.name);
        }
        let asked = self.question.kinds.iter();
        if !asked
            .map(|asked| asked.kind.name)
            .any(|name| name == kind.name)
        {
            return Ok(());
        }
        if self.kind.is_some_and(|before| before.name != kind.name) || self.page.len() >= PAGE {
            self.hand_over(take)?;
        }
        self.kind = Some(kind);
        self.page.push(row);
        Ok(())
    }

    fn hand_over(&mut self, take: &mut Take<'_>) -> Result<()> {
        match self.kind {
            Some(kind) if !self.page.is_empty() => take(kind, std::mem::take(&mut self.page)),
            _ => Ok(()),
        }
    }
}

/// What a program did wrong.
fn broken(message: &str) -> Error {
    Error::world(format!("the program's answer is not complete: {message}"))
        .hint("its last line must be {\"complete\":true}; nothing of it was written")
}

impl Command {
    /// Whether it brings a kind, as far as that is known before it says anything: its configuration names its
    /// kinds, or it told of this one before.
    fn brings(&self, asked: &AskedKind) -> bool {
        self.settings.names_kinds || asked.last.is_some()
    }

    /// The mark that the program gave last, where every kind that it brings has the same one.
    fn since<'q>(&self, question: &'q Question<'_>) -> Option<&'q str> {
        let mut marks = question
            .kinds
            .iter()
            .filter(|asked| self.brings(asked))
            .map(|asked| asked.last.as_ref().map(|last| last.cursor.as_str()));
        let first = marks.next()??;
        (!question.full && marks.all(|mark| mark == Some(first))).then_some(first)
    }

    fn program(&self, question: &Question<'_>) -> Program<'_> {
        let kinds: Vec<&str> = question.kinds.iter().map(|asked| asked.kind.name).collect();
        let mut env = self.env.clone();
        env.push((
            "REGUA_SINCE".to_owned(),
            self.since(question).unwrap_or_default().to_owned(),
        ));
        env.push(("REGUA_KINDS".to_owned(), kinds.join(" ")));
        Program {
            settings: &self.settings,
            env,
            cover: &self.cover,
        }
    }
}

impl Source for Command {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn kinds(&self) -> Vec<&'static FactKind> {
        self.settings.kinds.clone()
    }

    fn all_or_nothing(&self) -> bool {
        true
    }

    fn empties_bad(&self) -> bool {
        self.settings.empty_bad
    }

    fn covered(&self, text: String) -> String {
        self.cover.cover(text)
    }

    fn read(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<Complete> {
        let place = || {
            format!(
                "in {}, which is sync.{}",
                self.settings.shown(),
                self.name()
            )
        };
        let mut hearing = Hearing {
            question,
            cover: &self.cover,
            known: self.kinds(),
            page: Vec::new(),
            kind: None,
            told: Vec::new(),
            lines: 0,
            end: None,
        };
        let Some(first) = question.kinds.first() else {
            return Ok(Complete::default());
        };
        let said = self
            .program(question)
            .run(&mut |line| match line {
                Some(line) => hearing.take(line, take),
                // Nothing came for a moment: whoever takes the rows may want to end it.
                None => take(first.kind, Vec::new()),
            })
            .map_err(|error| error.at(place()))?;
        let Some(end) = hearing.end else {
            return Err(said
                .shown_in(broken("it ended without its last line"))
                .at(place()));
        };
        let since = self.since(question).map(str::to_owned);
        let told = hearing.told;
        let kinds = question.kinds.iter().map(|asked| Reached {
            form: self.settings.shown(),
            changed_since: since.clone(),
            // An empty mark asks for everything the next time.
            cursor: Some(end.cursor.clone().unwrap_or_default()),
            whole: match &end.whole {
                Whole::Nothing => false,
                Whole::Everything => true,
                Whole::Kinds(names) => names.contains(&asked.kind.name),
            },
            silent: !(self.brings(asked) || told.contains(&asked.kind.name)),
            ..Reached::default()
        });
        Ok(Complete {
            kinds: kinds.collect(),
            notes: said.notes(self.name()),
            requests: 1,
            ..Complete::default()
        })
    }

    fn explain(&self, kind: &'static FactKind) -> Vec<Explained> {
        let columns = kind.columns.iter();
        columns
            .map(|column| Explained::of(column.name, format!("\"{}\"", column.name)))
            .collect()
    }

    fn examine(&self, tell: &mut dyn FnMut(Checked) -> Result<()>) -> Result<()> {
        tell(self.settings.examine())
    }
}
