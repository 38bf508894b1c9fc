//! The walls of the house: which room may import which, and what only one room may touch.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may import besides itself; `src/lib.rs` draws the same map for people.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("clock", &["error"]),
    ("toml_table", &["error", "domain"]),
    ("domain", &["error", "clock"]),
    ("view", &["error"]),
    ("settings", &["error", "toml_table"]),
    ("config", &["domain", "error", "settings", "toml_table"]),
    ("http", &["error", "clock"]),
    ("store", &["domain", "error", "clock"]),
    (
        "channel",
        &["domain", "error", "config", "settings", "http", "clock"],
    ),
    (
        "source",
        &[
            "domain",
            "error",
            "config",
            "settings",
            "http",
            "clock",
            "toml_table",
        ],
    ),
    (
        "jobs",
        &[
            "domain", "store", "channel", "source", "config", "error", "clock",
        ],
    ),
    (
        "cli",
        &[
            "domain", "store", "channel", "source", "config", "error", "clock", "jobs", "view",
        ],
    ),
];

/// What stands only in these rooms or files.
const ONLY: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("rusqlite", &["store"]),
    ("ureq", &["http"]),
    ("comfy_table", &["view"]),
    ("indicatif", &["view"]),
];

/// Calls that only one room makes.
const ONLY_CALLS: &[(&str, &str)] = &[
    ("Utc::now", "clock"),
    ("Local::now", "clock"),
    ("Instant::now", "clock"),
    ("SystemTime::now", "clock"),
    ("println!", "view"),
    ("eprintln!", "view"),
    ("print!(", "view"),
];

/// Files of `cli` that commands share; any other is one command's own.
const SHARED_CLI: &[&str] = &["arguments", "context", "examples", "mod", "signals", "face"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source but the entrance and the map: its room, its path under `src`, its lines without comments.
fn rooms() -> Vec<(String, String, String)> {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&house, &mut files);
    files
        .into_iter()
        .filter_map(|file| {
            let within = file.strip_prefix(&house).expect("under src").to_owned();
            let shown = within.display().to_string();
            if shown == "main.rs" || shown == "lib.rs" {
                return None;
            }
            let top = within.components().next().expect("a component");
            let room = top.as_os_str().to_string_lossy().replace(".rs", "");
            let text: String = fs::read_to_string(&file)
                .expect("a source")
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| [line, "\n"])
                .collect();
            Some((room, shown, text))
        })
        .collect()
}

/// The rooms that a source names after `crate::`.
fn named_rooms(text: &str) -> Vec<String> {
    text.match_indices("crate::")
        // `$crate::` in a macro names the same house.
        .map(|(at, word)| {
            text[at + word.len()..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn every_room_imports_only_what_it_may() {
    let mut wrong = Vec::new();
    for (room, path, text) in rooms() {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{path}: the room `{room}` is not on the map"));
            continue;
        };
        for named in named_rooms(&text) {
            let known = MAY_IMPORT.iter().any(|(name, _)| *name == named);
            if known && named != room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{path}: `{room}` may not import `{named}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_library_stays_in_its_room() {
    let mut wrong = Vec::new();
    for (room, path, text) in rooms() {
        for (library, allowed) in ONLY {
            let named =
                text.contains(&format!("{library}::")) || text.contains(&format!("use {library}"));
            if named && !allowed.contains(&room.as_str()) {
                wrong.push(format!(
                    "{path}: `{library}` belongs in {}",
                    allowed.join(", ")
                ));
            }
        }
        for (call, allowed) in ONLY_CALLS {
            if text.contains(call) && room != *allowed {
                wrong.push(format!("{path}: `{call}` belongs in {allowed}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_command_imports_another_commands_file() {
    let mut wrong = Vec::new();
    let files = rooms();
    let commands: Vec<String> = files
        .iter()
        .filter_map(|(room, path, _)| {
            let name = path
                .strip_prefix("cli/")?
                .split('/')
                .next()?
                .replace(".rs", "");
            (room == "cli" && !SHARED_CLI.contains(&name.as_str())).then_some(name)
        })
        .collect();
    for (room, path, text) in &files {
        if room != "cli" {
            continue;
        }
        let own = path
            .strip_prefix("cli/")
            .and_then(|path| path.split('/').next())
            .unwrap_or_default()
            .replace(".rs", "");
        if own == "mod" {
            continue;
        }
        for command in &commands {
            let imports = text.contains(&format!("use super::{command}"))
                || text.contains(&format!("crate::cli::{command}"))
                || text.contains(&format!(" super::{command}::"));
            // A command in a folder has files of its own there.
            if *command != own && imports && !path[4..].contains('/') {
                wrong.push(format!("{path}: imports the command `{command}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_called_util() {
    for (_, path, _) in rooms() {
        for name in ["util", "helper", "common", "manager", "service", "misc"] {
            assert!(
                !path.contains(name),
                "{path}: name the file by what it is about"
            );
        }
    }
}
