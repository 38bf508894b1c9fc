//! What can go wrong, said once: what, where, and what to try; and the exit code of each kind.

use std::fmt;

/// Why a run ended without doing what was asked; each kind has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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

impl Kind {
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

/// One thing wrong in something given, with its place and its remedy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// Where it stands: `config.toml:12: push.workers`, `clients.csv:7: birth_date`.
    pub place: String,
    /// What was found there.
    pub found: String,
    /// What is accepted, or what to write instead; may be empty.
    pub remedy: String,
}

impl Problem {
    /// A problem from its three parts.
    pub fn new(
        place: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            found: found.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.found)?;
        if !self.remedy.is_empty() {
            write!(f, ", {}", self.remedy)?;
        }
        Ok(())
    }
}

/// An error for a person: what happened, where, and what to try.
#[derive(Debug)]
pub struct Error {
    /// The kind, which decides the exit code.
    pub kind: Kind,
    /// One sentence without a full stop.
    pub message: String,
    /// Where it happened (`in examples/cut.toml, line 6`).
    pub place: Option<String>,
    /// What to try, one line each.
    pub hints: Vec<String>,
    /// Everything that is wrong, when several things are.
    pub problems: Vec<Problem>,
    /// What the library below said.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind with its sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            hints: Vec::new(),
            problems: Vec::new(),
            source: None,
        }
    }

    /// Wrong usage (exit 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something given is not acceptable (exit 3).
    pub fn unacceptable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unacceptable, message)
    }

    /// The world failed (exit 4).
    pub fn world(message: impl Into<String>) -> Self {
        Self::new(Kind::World, message)
    }

    /// Another run holds the lock (exit 5).
    pub fn locked(message: impl Into<String>) -> Self {
        Self::new(Kind::Locked, message)
    }

    /// Several problems found at once (exit 3).
    pub fn problems(message: impl Into<String>, problems: Vec<Problem>) -> Self {
        Self {
            problems,
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        if let Some(place) = &self.place {
            write!(f, "\n  {place}")?;
        }
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        for hint in &self.hints {
            write!(f, "\n  try: {hint}")?;
        }
        Ok(())
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
            return Self::new(Kind::BrokenPipe, "nobody reads our output any more");
        }
        Self::world("reading or writing failed").because(error)
    }
}

/// The known word nearest to a mistyped one, when it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(2))
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
    }
}
