//! What may stand at the end of a command line that somebody is typing: `regua complete`, which the shells'
//! scripts call.

use clap::{Arg, ArgAction, Args, Command};

use super::values::{self, Files, Typed};
use crate::cli::Outcome;
use crate::error::Result;
use crate::view::{Out, harmless};

/// Say what may stand at the end of a command line; the shells' scripts call it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  regua complete bash -- 'regua template sh'")]
pub(in crate::cli) struct Complete {
    /// How it is asked and answered
    #[arg(value_enum)]
    shell: Asking,
    /// The words up to the cursor, the program's name first; for bash the line as it stands
    #[arg(last = true)]
    words: Vec<String>,
}

/// A shell that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Asking {
    Bash,
    Zsh,
    Fish,
}

/// Something that may stand there, and what it means.
#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    value: String,
    meaning: String,
}

/// What may stand at the end of a line.
#[derive(Debug, Default)]
struct Answer {
    /// Files and folders may stand there too.
    files: Files,
    candidates: Vec<Candidate>,
}

impl Complete {
    /// Answers: a line `files`, `folders` or `-`, then one candidate a line, in the shell's own form.
    pub(in crate::cli) fn run(&self, out: Out, command: &mut Command) -> Result<Outcome> {
        let (words, in_quotes) = match self.shell {
            Asking::Bash => split(&self.words.join(" ")),
            Asking::Zsh | Asking::Fish => (self.words.clone(), false),
        };
        let Some((last, before)) = words.split_last() else {
            return Ok(Outcome::Done);
        };
        command.build();
        let answer = answer(command, before, last);
        let mut text = format!("{}\n", answer.files.as_str());
        for candidate in answer.candidates {
            text.push_str(&self.shell.line(&candidate, last, in_quotes));
            text.push('\n');
        }
        out.exact(text)?;
        Ok(Outcome::Done)
    }
}

impl Asking {
    /// A candidate as the shell takes it, harmless whatever its name holds.
    fn line(self, candidate: &Candidate, typed: &str, in_quotes: bool) -> String {
        let (value, meaning) = (
            harmless::line(&candidate.value),
            harmless::line(&candidate.meaning),
        );
        match self {
            // To bash a word begins anew behind these, and its answer takes the place of that part alone.
            Self::Bash => {
                let part = match typed.rfind(['=', ':']) {
                    Some(at) => value.get(at + 1..).unwrap_or(&value),
                    None => &value,
                };
                // Bash puts it in as it stands, and quotes nothing by itself.
                if in_quotes {
                    part.to_owned()
                } else {
                    escaped(part)
                }
            }
            Self::Zsh => {
                let value = value.replace('\\', "\\\\").replace(':', "\\:");
                if meaning.is_empty() {
                    value
                } else {
                    format!("{value}:{meaning}")
                }
            }
            Self::Fish if meaning.is_empty() => value.into_owned(),
            Self::Fish => format!("{value}\t{meaning}"),
        }
    }
}

/// Where a line that was read so far leaves whoever types on.
struct Place<'c> {
    command: &'c Command,
    /// The names of the commands, the program's own left out.
    path: Vec<&'c str>,
    /// How many words without a flag stand behind the last command.
    positionals: usize,
    /// A flag that waits for its value.
    waiting: Option<&'c Arg>,
    /// Behind `--` there are no flags.
    plain: bool,
}

impl<'c> Place<'c> {
    fn after(root: &'c Command, words: &[String]) -> Self {
        let mut place = Self {
            command: root,
            path: Vec::new(),
            positionals: 0,
            waiting: None,
            plain: false,
        };
        for word in words.iter().skip(1) {
            place.read(word);
        }
        place
    }

    fn read(&mut self, word: &str) {
        if self.waiting.take().is_some() {
            return;
        }
        if self.plain || !word.starts_with('-') || word == "-" {
            return self.read_plain(word);
        }
        if word == "--" {
            self.plain = true;
        } else if !word.contains('=') {
            let flag = match word.strip_prefix("--") {
                Some(long) => by_long(self.command, long),
                None => word
                    .chars()
                    .last()
                    .and_then(|short| by_short(self.command, short)),
            };
            self.waiting = flag.filter(|flag| needs_value(flag));
        }
    }

    fn read_plain(&mut self, word: &str) {
        let below = self.command.find_subcommand(word);
        match below.filter(|_| self.positionals == 0 && !self.plain) {
            Some(below) => {
                self.command = below;
                self.path.push(below.get_name());
            }
            None => self.positionals += 1,
        }
    }

    /// The argument that a word without a flag would be.
    fn positional(&self) -> Option<&'c Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let many = |arg: &&&Arg| matches!(arg.get_action(), ArgAction::Append);
        all.get(self.positionals)
            .or_else(|| all.last().filter(many))
            .copied()
    }
}

fn by_long<'c>(command: &'c Command, long: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| {
        let others = arg.get_all_aliases().unwrap_or_default();
        arg.get_long() == Some(long) || others.contains(&long)
    })
}

fn by_short(command: &Command, short: char) -> Option<&Arg> {
    command
        .get_arguments()
        .find(|arg| arg.get_short() == Some(short))
}

/// Whether a flag takes the next word for itself.
fn needs_value(flag: &Arg) -> bool {
    flag.get_num_args()
        .is_some_and(|values| values.min_values() > 0)
}

/// What may stand in place of the last word.
fn answer(root: &Command, before: &[String], last: &str) -> Answer {
    let place = Place::after(root, before);
    let typed = Typed {
        words: before,
        path: &place.path,
    };
    if let Some(flag) = place.waiting {
        return value_of(&typed, flag, "", last);
    }
    if !place.plain && last.starts_with("--") && last.contains('=') {
        let (long, value) = last.split_at(last.find('=').unwrap_or(0));
        let flag = by_long(place.command, long.trim_start_matches('-'));
        let value = value.trim_start_matches('=');
        return flag.map_or_else(Answer::default, |flag| {
            value_of(&typed, flag, &last[..=long.len()], value)
        });
    }
    if !place.plain && last.starts_with('-') {
        return flags(place.command, last);
    }
    let mut answer = place
        .positional()
        .map_or_else(Answer::default, |arg| value_of(&typed, arg, "", last));
    if place.positionals == 0 && !place.plain {
        answer.candidates.extend(commands(place.command, last));
    }
    if answer.candidates.is_empty() && answer.files == Files::None && last.is_empty() {
        return flags(place.command, last);
    }
    answer
}

/// The values of an argument, each behind what of the word stands before it.
fn value_of(typed: &Typed<'_>, arg: &Arg, before: &str, value: &str) -> Answer {
    let end = arg
        .get_value_delimiter()
        .and_then(|between| value.rfind(between).map(|at| at + between.len_utf8()));
    let (listed, beginning) = value.split_at(end.unwrap_or(0));
    let known = values::of(typed, arg, beginning).into_iter();
    let fits = known.filter(|(word, _)| word.starts_with(beginning));
    Answer {
        files: values::files(arg),
        candidates: fits
            .map(|(word, meaning)| Candidate {
                value: format!("{before}{listed}{word}"),
                meaning,
            })
            .collect(),
    }
}

/// The flags that begin so.
fn flags(command: &Command, beginning: &str) -> Answer {
    let shown = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && arg.get_long().is_some());
    let candidates = shown.filter_map(|arg| {
        let value = format!("--{}", arg.get_long()?);
        value.starts_with(beginning).then(|| Candidate {
            value,
            meaning: short(arg.get_help().map(ToString::to_string)),
        })
    });
    Answer {
        files: Files::None,
        candidates: candidates.collect(),
    }
}

/// The commands below one that begin so.
fn commands<'c>(command: &'c Command, beginning: &'c str) -> impl Iterator<Item = Candidate> + 'c {
    let shown = command
        .get_subcommands()
        .filter(move |below| !below.is_hide_set() && below.get_name().starts_with(beginning));
    shown.map(|below| Candidate {
        value: below.get_name().to_owned(),
        meaning: short(below.get_about().map(ToString::to_string)),
    })
}

/// A meaning on one line.
fn short(text: Option<String>) -> String {
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// A word with a backslash before each letter that would end it or mean something to a shell.
fn escaped(word: &str) -> String {
    let mut text = String::new();
    for letter in word.chars() {
        if letter == ' ' || "\\'\"$`&;|<>()*?[]{}!#~".contains(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// The words of a line as a shell would read them, the last of them as far as it was typed; and whether that
/// one stands in quotes that are open still.
fn split(line: &str) -> (Vec<String>, bool) {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut letters = line.trim_start().chars();
    let mut begun = false;
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => word.extend(letters.next()),
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(closing)) if letter == closing => quote = None,
            (' ' | '\t' | '\n', None) => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
                continue;
            }
            _ => word.push(letter),
        }
        begun = true;
    }
    words.push(word);
    (words, quote.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_a_shell_would() {
        for (line, words) in [
            ("regua", vec!["regua"]),
            ("regua ", vec!["regua", ""]),
            ("regua  send   x", vec!["regua", "send", "x"]),
            ("regua --filter 'a b", vec!["regua", "--filter", "a b"]),
            (r#"regua a\ b "c d" e"#, vec!["regua", "a b", "c d", "e"]),
            ("", vec![""]),
        ] {
            assert_eq!(split(line).0, words, "{line}");
        }
    }

    #[test]
    fn a_shell_gets_a_candidate_in_its_own_form() {
        let candidate = Candidate {
            value: "--stage=notice:3".to_owned(),
            meaning: "a stage".to_owned(),
        };
        assert_eq!(
            Asking::Bash.line(&candidate, "--stage=no", false),
            "notice:3"
        );
        assert_eq!(
            Asking::Bash.line(&candidate, "--st", false),
            "--stage=notice:3"
        );
        assert_eq!(
            Asking::Zsh.line(&candidate, "", false),
            r"--stage=notice\:3:a stage"
        );
    }
}
