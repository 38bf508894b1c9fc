//! What the documents say really works: the commands of the README and of its Portuguese sister, the examples, the
//! example configuration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod alone;

use alone::alone;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn regua(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regua"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("REGUA_NOW", "2026-11-23T09:00");
    alone(&mut command, folder);
    command.output().expect("the program runs")
}

#[track_caller]
fn well(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_example_configuration_says_every_default() {
    let text = fs::read_to_string(root().join("config.example.toml")).expect("the example");
    let read = |text: &str| {
        let config = regua::config::Config::read(text, "config", Path::new(""))
            .unwrap_or_else(|error| panic!("{error}"));
        format!("{config:#?}")
    };
    assert_eq!(read(&text), read(""));
}

#[test]
fn the_examples_are_applied_and_then_nothing_changes() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut files: Vec<String> = fs::read_dir(root().join("examples"))
        .expect("examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.display().to_string())
        .collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    let mut arguments = vec!["apply"];
    arguments.extend(files.iter().map(String::as_str));
    well(regua(folder.path(), &arguments));
    arguments.push("--check");
    well(regua(folder.path(), &arguments));
    // What is exported is the same as what was applied.
    let exported = well(regua(folder.path(), &["export"]));
    fs::write(folder.path().join("all.toml"), exported).expect("a written file");
    well(regua(
        folder.path(),
        &["apply", "--check", "--prune", "all.toml"],
    ));
}

#[test]
fn the_demo_runs_twice_and_quickly() {
    let folder = tempfile::TempDir::new().expect("a folder");
    for _ in 0..2 {
        let told = well(regua(folder.path(), &["demo", "provider"]));
        for command in [
            "$ regua send",
            "$ regua collection",
            "$ regua ticket",
            "$ regua task",
        ] {
            assert!(told.contains(command), "{command}");
        }
    }
    let pushed = fs::read_to_string(folder.path().join("provider/push.jsonl")).expect("pushes");
    assert!(pushed.lines().count() > 5);
    // A folder with other things in it is left alone.
    fs::create_dir(folder.path().join("mine")).expect("a folder");
    fs::write(folder.path().join("mine/letter.txt"), "dear").expect("a file");
    assert_eq!(
        regua(folder.path(), &["demo", "mine"]).status.code(),
        Some(3)
    );
    assert!(folder.path().join("mine/letter.txt").exists());
}

/// The commands in the README's blocks: every word up to the first flag, number or value.
fn commands(text: &str) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
            continue;
        }
        let line = line.trim_start_matches("$ ").trim();
        let Some(rest) = line.strip_prefix("regua ").filter(|_| block) else {
            continue;
        };
        let words = rest
            .split_whitespace()
            .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            .take_while(|word| !word.starts_with('-'))
            .map(str::to_owned)
            .take(2);
        found.insert(words.collect());
    }
    found
}

#[test]
fn every_command_in_the_readme_and_its_sister_is_there() {
    let mut found = BTreeSet::new();
    for name in ["README.md", "LEIAME.md"] {
        let named = commands(&document(name));
        assert!(named.len() > 20, "{name}: {named:?}");
        found.extend(named);
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    for words in found {
        let Some(first) = words.first() else { continue };
        let help = well(regua(folder.path(), &[first, "--help"]));
        assert!(help.contains("Usage: regua"), "{first}");
        // Where a command has parts, the second word is one of them or a value.
        if let Some(second) = words.get(1)
            && help.contains("\nCommands:\n")
            && !help.contains(&format!("\n  {second}"))
        {
            assert!(
                help.contains(&format!("Usage: regua {first} [")),
                "regua {first} {second}"
            );
        }
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let help = well(regua(folder.path(), &["--help"]));
    let names: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // A long description goes on further to the right.
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let help = well(regua(folder.path(), &[name, "--help"]));
        assert!(
            help.contains("regua ") && help.to_lowercase().contains("example"),
            "{name}:\n{help}"
        );
    }
}

/// A line without what differs from run to run: spaces at its end, and seconds.
fn steady(line: &str) -> String {
    let line = line.trim_end();
    match line.rsplit_once(' ') {
        Some((rest, last)) if last.contains('.') && last.parse::<f64>().is_ok() => {
            rest.trim_end().to_owned()
        }
        _ => line.to_owned(),
    }
}

/// Runs the commands of one section in a folder, and holds each line that it shows to what was really said.
#[track_caller]
fn tour(name: &str, heading: &str, folder: &Path, language: &str) {
    let text = document(name);
    let (_, tour) = text.split_once(heading).expect("the tour");
    let (tour, _) = tour.split_once("\n## ").expect("its end");
    let sh = |command: &str| {
        let program = env!("CARGO_BIN_EXE_regua");
        let mut shell = Command::new("sh");
        shell
            .args([
                "-c",
                &format!("regua() {{ '{program}' \"$@\"; }}; {command} 2>&1"),
            ])
            .current_dir(folder)
            .env("REGUA_NOW", "2026-11-23T09:00")
            .env("REGUA_LANG", language);
        alone(&mut shell, folder);
        let output = shell.output().expect("a shell");
        String::from_utf8(output.stdout).expect("text")
    };
    let mut checked = 0;
    for block in tour.split("```").skip(1).step_by(2) {
        let joined = block.replace("\\\n", " ");
        let mut said = String::new();
        for line in joined.lines().filter(|line| !line.is_empty()) {
            if let Some(command) = line.strip_prefix("$ ") {
                said = sh(command);
            } else if line != "…" {
                let shown = steady(line);
                assert!(
                    said.lines().any(|line| steady(line) == shown),
                    "{name} shows\n{shown}\nand regua says\n{said}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 25, "{name}: {checked} lines");
}

#[test]
fn the_tour_works_from_an_empty_folder() {
    let folder = tempfile::TempDir::new().expect("a folder");
    tour("README.md", "## Five minutes", folder.path(), "en");
}

#[test]
fn the_portuguese_tour_works_from_an_empty_folder() {
    let folder = tempfile::TempDir::new().expect("a folder");
    tour("LEIAME.md", "## Em cinco minutos", folder.path(), "pt");
}

/// The place in a page that a heading's link leads to.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn what_the_readme_and_its_sister_point_to_is_there() {
    let readme = document("README.md");
    let anchors: BTreeSet<String> = readme
        .lines()
        .filter(|line| line.starts_with("##"))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    let sister = document("LEIAME.md");
    let mut pointed = 0;
    let links = readme.split("](").skip(1).chain(sister.split("](").skip(1));
    for link in links {
        let (target, _) = link.split_once(')').expect("a whole link");
        let (file, place) = target.split_once('#').unwrap_or((target, ""));
        assert!(root().join(file).exists(), "{target}");
        if !place.is_empty() {
            assert!(anchors.contains(place), "{target}: {anchors:?}");
            pointed += 1;
        }
    }
    assert!(pointed > 10, "{pointed}");
    assert!(readme.contains("](LEIAME.md)"));
}

/// Every file of tests below a folder, as one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|e| e == "rs") {
            text += &fs::read_to_string(&path).expect("a source");
        }
    }
    text
}

#[test]
fn every_guarantee_names_tests_that_are_there() {
    let readme = document("README.md");
    let (_, guarantees) = readme
        .split_once("\n## Guarantees and limits")
        .expect("the guarantees");
    let (guarantees, _) = guarantees.split_once("\n## ").expect("their end");
    let tests = sources(&root().join("tests"));
    let mut named = 0;
    for name in guarantees.split('`').skip(1).step_by(2) {
        if name.matches('_').count() >= 3 {
            assert!(
                tests.contains(&format!("fn {name}(")),
                "there is no test {name}"
            );
            named += 1;
        }
    }
    let rows = guarantees
        .lines()
        .filter(|line| line.starts_with("| "))
        .count();
    assert!(rows > 12 && named >= rows, "{named} tests for {rows} rows");
}
