//! What stands under `[sync.command.NAME]`, and its reader.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::domain::book::{FactKind, KINDS};
use crate::error::{Error, did_you_mean};
use crate::settings::Secret;
use crate::source::Checked;
use crate::toml_table::Section;

/// Seconds that a program may run, where nothing is written.
const USUAL_SECONDS: i64 = 600;
/// The most that may be written.
const MOST_SECONDS: i64 = 86_400;

/// A program that prints rows.
#[derive(Debug, Clone)]
pub struct CommandSettings {
    /// `command.NAME`: what it is remembered by.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// What it is given.
    pub arguments: Vec<String>,
    /// The folder that it runs in: that of the configuration.
    pub folder: PathBuf,
    /// The kinds it brings, each after those it refers to.
    pub kinds: Vec<&'static FactKind>,
    /// `kinds` stands in the configuration.
    pub names_kinds: bool,
    /// Seconds that it may run.
    pub timeout_seconds: i64,
    /// A value that cannot be read is emptied and told of, in a column that is not required and decides nothing.
    pub empty_bad: bool,
    /// What it finds in its environment, besides ours.
    pub env: Vec<(String, Secret)>,
}

/// Whether a text may be a program's name under `[sync.command]`.
fn is_name(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= 40 && name.chars().all(fine)
}

/// Reads one `[sync.command.NAME]`.
pub fn read(
    above: &Section<'_, '_>,
    name: &str,
    section: Section<'_, '_>,
    base: &Path,
) -> Option<CommandSettings> {
    if !is_name(name) {
        above.wrong(
            name,
            "is not a name",
            "write at most 40 letters, digits, - and _: [sync.command.mkauth]",
        );
    }
    let command = read_command(&section);
    let kinds = section.texts("kinds");
    let names_kinds = kinds.is_some();
    let kinds = kinds.map_or_else(
        || KINDS.iter().collect(),
        |names| read_kinds(&section, &names),
    );
    let timeout_seconds = section
        .number("timeout_seconds", 1..=MOST_SECONDS)
        .unwrap_or(USUAL_SECONDS);
    let empty_bad = section.flag("empty_bad").unwrap_or(false);
    let env = section.section("env").map_or_else(Vec::new, |env| {
        let pairs = env.pairs().into_iter();
        pairs
            .inspect(|(name, _)| {
                if name.is_empty() || name.contains(['=', '\0']) || name.starts_with("REGUA_") {
                    env.wrong(name, "cannot be set", "REGUA_… are regua's own");
                }
            })
            .map(|(name, value)| (name, Secret::new(value, base)))
            .collect()
    });
    section.finish();
    let (program, arguments) = command?;
    Some(CommandSettings {
        name: format!("command.{name}"),
        program: located(&program, base),
        arguments,
        folder: base.to_owned(),
        kinds,
        names_kinds,
        timeout_seconds,
        empty_bad,
        env,
    })
}

fn read_command(section: &Section<'_, '_>) -> Option<(String, Vec<String>)> {
    let write =
        "write the program and what it is given: command = [\"/etc/regua/mkauth\", \"--all\"]";
    if !section.has("command") {
        section.wrong("command", "is missing", write);
        return None;
    }
    let mut words = section.texts("command")?.into_iter();
    match words.next().filter(|program| !program.trim().is_empty()) {
        Some(program) => Some((program, words.collect())),
        None => {
            section.wrong("command", "names no program", write);
            None
        }
    }
}

/// The kinds of these names, in the order in which they refer to each other.
fn read_kinds(section: &Section<'_, '_>, names: &[String]) -> Vec<&'static FactKind> {
    for name in names {
        if FactKind::named(name).is_none() {
            let known = FactKind::names();
            let remedy = did_you_mean(name, known.iter().copied())
                .unwrap_or_else(|| format!("some of: {}", known.join(", ")));
            section.wrong("kinds", format!("`{name}` is not a kind"), remedy);
        }
    }
    if names.is_empty() {
        section.wrong("kinds", "names none", "leave it out for every kind");
    }
    KINDS
        .iter()
        .filter(|kind| names.iter().any(|name| name == kind.name))
        .collect()
}

/// Where a program is: a path starts from the configuration's folder, a bare name is looked for in `PATH`.
fn located(program: &str, base: &Path) -> PathBuf {
    if program.contains('/') {
        base.join(program)
    } else {
        PathBuf::from(program)
    }
}

impl CommandSettings {
    /// The program as it is told of.
    pub fn shown(&self) -> String {
        self.program.display().to_string()
    }

    /// Looks whether the program is there and may be run; it is not run.
    pub fn examine(&self) -> Checked {
        let (name, shown) = (&self.name, self.shown());
        let Some(path) = self.found() else {
            return Checked::Unreadable {
                what: Some(name.clone()),
                error: Error::world(format!("the program {shown} is not there"))
                    .hint(format!("look at command under [sync.{name}]")),
                needed: true,
            };
        };
        let mode = std::fs::metadata(&path).map_or(0, |file| file.permissions().mode());
        if mode & 0o111 == 0 {
            return Checked::Unreadable {
                what: Some(name.clone()),
                error: Error::world(format!("the program {shown} may not be run"))
                    .hint(format!("chmod +x {shown}")),
                needed: true,
            };
        }
        if mode & 0o002 != 0 {
            return Checked::Doubtful {
                message: format!("{name}: anybody may write {shown}, which regua runs"),
                remedy: format!("chmod o-w {shown}"),
            };
        }
        let message = format!("{name}: {shown} is there (`regua sync --dry-run` runs it)");
        Checked::Fine(message)
    }

    fn found(&self) -> Option<PathBuf> {
        if self.program.components().count() > 1 {
            return self.program.is_file().then(|| self.program.clone());
        }
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(&self.program))
            .find(|file| file.is_file())
    }
}
