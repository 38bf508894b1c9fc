//! What can go wrong, said once: what, where, and what to try; and the exit code of each kind.

use std::fmt;

/// Why a run ended without doing what was asked; each kind has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line does not make sense (exit 2).
    Usage,
    /// Something given is not acceptable: a definition, a file, a day, a number (exit 3).
    Unacceptable,
    /// The world failed: provider, network, disk, database (exit 4).
    World,
    /// Another run holds the lock (exit 5).
    Locked,
    /// Whoever read our output went away; nothing to say to anybody (exit 0).
    BrokenPipe,
}

impl ErrorKind {
    /// The exit code of this kind.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Usage => 2,
            Self::Unacceptable => 3,
            Self::World => 4,
            Self::Locked => 5,
        }
    }
}

/// One thing wrong in something given: the one shape of it, whatever it was that was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flaw {
    /// What it stands in: `config.toml:12`, `clients.csv:7`, ``template `cut` ``; empty where that is plain.
    pub place: String,
    /// Which part of it: `push.workers`, `birth_date`, `body`; empty when it is the whole.
    pub key: String,
    /// What was found there.
    pub found: String,
    /// What is accepted, or what to write instead; may be empty.
    pub remedy: String,
}

impl Flaw {
    /// A flaw of one part of something, whose place others may know: see [`Flaw::within`].
    pub fn of(key: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            place: String::new(),
            key: key.into(),
            found: found.into(),
            remedy: remedy.into(),
        }
    }

    /// A flaw of all that stands at a place.
    pub fn at(
        place: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::of("", found, remedy).within(place)
    }

    /// The same flaw, with what it stands in.
    #[must_use]
    pub fn within(self, place: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            ..self
        }
    }

    /// The flaw on one line, in another language: `say` turns what is said; where it is stays as it is.
    pub fn said(&self, say: &dyn Fn(&str) -> String) -> String {
        let mut text = String::new();
        for part in [&self.place, &self.key] {
            if !part.is_empty() {
                // What is named in backticks stands in words: a rule's name, a template's.
                text.push_str(&if part.contains('`') {
                    say(part)
                } else {
                    part.clone()
                });
                text.push_str(": ");
            }
        }
        text.push_str(&say(&self.found));
        if !self.remedy.is_empty() {
            text.push_str(", ");
            text.push_str(&say(&self.remedy));
        }
        text
    }

    /// The place and the key, as far as they are known: `config.toml:12: push.workers`.
    pub fn whereabouts(&self) -> String {
        let known = [self.place.as_str(), self.key.as_str()];
        known
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said(&str::to_owned))
    }
}

/// An error for a person: what happened, where, and what to try.
#[derive(Debug)]
pub struct Error {
    /// The kind, which decides the exit code.
    pub kind: ErrorKind,
    /// One sentence without a full stop.
    pub message: String,
    /// Where it happened (`in examples/cut.toml, line 6`).
    pub place: Option<String>,
    /// What to try, one line each.
    pub hints: Vec<String>,
    /// Everything that is wrong, when several things are.
    pub flaws: Vec<Flaw>,
    /// What the library below said.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind with its sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            hints: Vec::new(),
            flaws: Vec::new(),
            source: None,
        }
    }

    /// Wrong usage (exit 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Something given is not acceptable (exit 3).
    pub fn unacceptable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unacceptable, message)
    }

    /// The world failed (exit 4).
    pub fn world(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::World, message)
    }

    /// Another run holds the lock (exit 5).
    pub fn locked(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Locked, message)
    }

    /// Everything that is wrong in something given, told at once (exit 3).
    pub fn flaws(message: impl Into<String>, flaws: Vec<Flaw>) -> Self {
        Self {
            flaws,
            ..Self::unacceptable(message)
        }
    }

    /// The same error, with where it happened.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The same error, with one thing more to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error, with the error below it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl Error {
    /// The error as people read it, line by line; what a line tells of may hold line breaks of its own.
    pub fn lines(&self) -> Vec<String> {
        self.lines_said(&str::to_owned)
    }

    /// The same in another language: `say` turns what is said, part by part.
    pub fn lines_said(&self, say: &dyn Fn(&str) -> String) -> Vec<String> {
        let first = match &self.source {
            Some(source) => format!("{}: {}", say(&self.message), say(&source.to_string())),
            None => say(&self.message),
        };
        let mut lines = vec![first];
        lines.extend(self.place.iter().map(|place| format!("  {}", say(place))));
        lines.extend(
            self.flaws
                .iter()
                .map(|flaw| format!("  {}", flaw.said(say))),
        );
        lines.extend(self.hints.iter().map(|hint| say(&format!("  try: {hint}"))));
        lines
    }

    /// The same on one line, for a record.
    pub fn on_one_line(&self) -> String {
        let lines = self.lines();
        let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        lines.join("; ")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(ErrorKind::BrokenPipe, "nobody reads our output any more");
        }
        Self::world("reading or writing failed").because(error)
    }
}

/// What was looked up by its name. When there is none, the error says so, with the name that may be
/// meant and the command that lists them; `known` is asked for the names only then.
pub fn must<T, N: AsRef<str>>(
    found: Option<T>,
    what: &str,
    name: &str,
    known: impl FnOnce() -> Result<Vec<N>>,
) -> Result<T> {
    match found {
        Some(found) => Ok(found),
        None => Err(unknown(what, name, &known()?).hint(format!("regua {what} list"))),
    }
}

/// There is nothing of this name: the error with the name that may be meant.
pub fn unknown<N: AsRef<str>>(what: &str, name: &str, known: &[N]) -> Error {
    let error = Error::unacceptable(format!("there is no {what} `{name}`"));
    match did_you_mean(name, known.iter().map(AsRef::as_ref)) {
        Some(question) => error.hint(question),
        None => error,
    }
}

/// There is nothing of this number among what regua keeps itself.
pub fn missing(what: &str, id: i64) -> Error {
    Error::unacceptable(format!("there is no {what} {id}"))
}

/// The provider's system never gave us anything of this number.
pub fn not_in_the_book(what: &str, id: i64) -> Error {
    Error::unacceptable(format!("there is no {what} {id} in the book"))
}

/// What may be meant by a mistyped word, asked: ``did you mean `near`?``; none when nothing is near.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// Where the known text nearest to another stands, however far it is.
pub fn closest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<usize> {
    known
        .into_iter()
        .enumerate()
        .min_by_key(|(_, candidate)| strsim::damerau_levenshtein(text, candidate))
        .map(|(at, _)| at)
}

/// The known word nearest to a mistyped one, when it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            let (length, own) = (candidate.chars().count(), word.chars().count());
            // Of two short words that differ in half of their letters neither is meant.
            *distance <= (length / 3).max(2) && distance * 2 < length.max(own)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_suggests_only_what_may_be_meant() {
        let known = ["areceber_valor", "cliente_nome", "login"];
        assert_eq!(nearest("areceber_valr", known), Some("areceber_valor"));
        assert_eq!(nearest("Cliente_Nome", known), Some("cliente_nome"));
        assert_eq!(nearest("completely_other", known), None);
        assert_eq!(nearest("nu", ["c1", "g1"]), None);
        assert_eq!(nearest("naem", ["name"]), Some("name"));
        assert_eq!(nearest("x", ["y"]), None);
        // Case does not count.
        let states = ["AC", "SP"];
        assert_eq!(nearest("sp", states), Some("SP"));
        assert_eq!(nearest("XX", states), None);
    }
}
