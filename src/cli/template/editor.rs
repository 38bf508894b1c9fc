//! `regua template edit NAME` without flags: the template's TOML in the person's own editor.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Context, Outcome, change, face};
use crate::domain::template::Template;
use crate::error::{Error, Flaw, Result};
use crate::jobs::template as job;
use crate::source::definition::{self, Definitions};
use crate::store::template as store;

/// Opens the editor, and saves what it leaves.
pub(super) fn run(name: &str, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let template = store::get(saved.connection(), name)?;
    if !context.out.interactive() {
        return Err(Error::usage("nothing to change").hint(
            "give what changes: --title, --body, --kind …; on a terminal $VISUAL or $EDITOR opens",
        ));
    }
    let before = definition::template::write(&template);
    let file = write(name, &before)?;
    let after = match edit(&file) {
        Ok(after) => after,
        Err(error) => {
            let _ = std::fs::remove_file(&file);
            return Err(error);
        }
    };
    if after == before {
        let _ = std::fs::remove_file(&file);
        context.out.say("nothing to change");
        return Ok(Outcome::Done);
    }
    let kept = |error: Error| {
        error.hint(format!(
            "what you wrote is in {0}: mend it there, then regua apply {0}",
            file.display()
        ))
    };
    let place = file.display().to_string();
    let wanted = read(&place, name, &after).map_err(kept)?;
    if store::get(saved.connection(), name).map_err(kept)? != template {
        return Err(kept(Error::unacceptable(format!(
            "template `{name}` was changed by somebody else meanwhile; nothing was saved"
        ))));
    }
    let text_given = wanted.body != template.body;
    let changed = job::replace(&mut saved, &context.config, wanted, text_given).map_err(kept)?;
    let _ = std::fs::remove_file(&file);
    change::tell_saved(context, &changed, face::edited(Some(&template), &changed))
}

/// Writes the TOML into a file of its own that nobody else can read.
fn write(name: &str, text: &str) -> Result<PathBuf> {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let failed = |error| Error::world("the file to edit cannot be written").because(error);
    loop {
        let end = fastrand::u32(..);
        let path = std::env::temp_dir().join(format!("regua-{plain}-{end:08x}.toml"));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).map_err(failed)?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Runs the editor to its end; what it leaves in the file.
fn edit(file: &Path) -> Result<String> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let editor = set("VISUAL")
        .or_else(|| set("EDITOR"))
        .unwrap_or_else(|| OsString::from("vi"));
    let failed = || {
        Error::world(format!("the editor `{}` did not work", editor.display()))
            .hint("set VISUAL or EDITOR to an editor that waits until the file is closed")
    };
    // An editor's variable may hold flags, as in `code --wait`: the shell takes it apart, as git lets it.
    let status = Command::new("sh")
        .arg("-c")
        .arg({
            let mut line = editor.clone();
            line.push(" \"$1\"");
            line
        })
        .arg("sh")
        .arg(file)
        .status()
        .map_err(|error| failed().because(error))?;
    if !status.success() {
        return Err(failed().at(format!("it ended with {status}; nothing was saved")));
    }
    std::fs::read_to_string(file).map_err(|error| {
        Error::unacceptable(format!("{} cannot be read as text", file.display())).because(error)
    })
}

/// The one template of the text, which keeps its name.
fn read(place: &str, name: &str, text: &str) -> Result<Template> {
    let mut definitions = Definitions::default();
    let mut flaws = definitions.read(place, text);
    let others = definitions.reports.len()
        + definitions.rules.len()
        + definitions.tasks.len()
        + definitions.triggers.len();
    let mut templates = definitions.templates.into_iter();
    let first = templates.next();
    if flaws.is_empty() {
        match &first {
            Some(placed) if placed.value.name != name => flaws.push(
                Flaw::of(
                    "template.name",
                    format!("became `{}`", placed.value.name),
                    "a template keeps its name: regua template add makes another",
                )
                .within(&placed.place),
            ),
            Some(_) if others == 0 && templates.next().is_none() => {}
            _ => flaws.push(Flaw::at(
                place,
                "does not hold one [[template]] and nothing else",
                "leave the one that was there",
            )),
        }
    }
    match first {
        Some(placed) if flaws.is_empty() => Ok(placed.value),
        _ => Err(Error::flaws(
            format!("template `{name}` is not acceptable; nothing was saved"),
            flaws,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "[[template]]\nname = \"t\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"Oi\"\n";

    #[test]
    fn trial_61_what_the_editor_left_is_one_template_of_that_name() {
        let template = read("t.toml", "t", &GOOD.replace("Oi", "Tchau")).expect("a template");
        assert_eq!(template.body, "Tchau");
    }

    #[test]
    fn trial_61_nonsense_is_told_with_its_line() {
        let twice = format!("{GOOD}{}", GOOD.replace("\"t\"", "\"u\""));
        for (text, told) in [
            (GOOD.replace("sms", "smoke"), "t.toml:3: template.channel"),
            (
                GOOD.replace("\"t\"", "\"u\""),
                "t.toml:1: template.name: became `u`",
            ),
            (GOOD.replace("\"Oi\"", "Oi"), "t.toml:5"),
            (GOOD.replace("Oi", "#areceber_valr#"), "areceber_valor"),
            (twice, "one [[template]]"),
            (String::new(), "one [[template]]"),
        ] {
            let error = read("t.toml", "t", &text).expect_err(told).to_string();
            assert!(error.contains(told), "{told}: {error}");
        }
    }
}
