//! The walls of the house: which room may import which, what only one room may touch, that no two
//! files need each other, how large files and functions grow, that a name means one thing, and the measure
//! of a change.

mod circles;
mod language;
mod measure;
mod names;
mod sizes;
mod sources;

use sources::{Source, manifest, sources};

/// Each room and the rooms it may import besides itself; `src/lib.rs` draws the same map for people.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("private_file", &[]),
    ("clock", &["error"]),
    ("toml_table", &["error", "domain"]),
    ("domain", &["error", "clock"]),
    ("view", &["error"]),
    ("settings", &["error", "toml_table", "wire"]),
    (
        "config",
        &[
            "domain",
            "error",
            "channel",
            "source",
            "settings",
            "toml_table",
        ],
    ),
    ("wire", &["error", "clock"]),
    ("http", &["error", "clock", "wire"]),
    (
        "store",
        &["domain", "error", "clock", "private_file", "wire"],
    ),
    (
        "channel",
        &[
            "domain",
            "error",
            "settings",
            "toml_table",
            "http",
            "wire",
            "clock",
            "private_file",
        ],
    ),
    (
        "source",
        &[
            "domain",
            "error",
            "settings",
            "http",
            "wire",
            "clock",
            "toml_table",
        ],
    ),
    (
        "jobs",
        &[
            "domain",
            "store",
            "channel",
            "source",
            "config",
            "error",
            "clock",
            "private_file",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "store",
            "channel",
            "source",
            "config",
            "error",
            "clock",
            "jobs",
            "view",
            "private_file",
        ],
    ),
];

/// What stands only in these rooms or files.
const ONLY: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("rusqlite", &["store"]),
    ("postgres", &["store"]),
    ("tokio_postgres_rustls", &["store"]),
    ("ureq", &["http"]),
    ("rustls", &["wire", "http"]),
    ("webpki_roots", &["wire"]),
    ("comfy_table", &["view"]),
    ("plotters", &["view"]),
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
const SHARED_CLI: &[&str] = &[
    "arguments",
    "context",
    "examples",
    "mod",
    "signals",
    "speech",
    "face",
    "global",
    "by_hand",
    "whole_file",
];

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
    for Source {
        room, path, code, ..
    } in sources()
    {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{path}: the room `{room}` is not on the map"));
            continue;
        };
        for named in named_rooms(&code) {
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
    for Source {
        room, path, code, ..
    } in sources()
    {
        for (library, allowed) in ONLY {
            let named = code
                .match_indices(&format!("{library}::"))
                // Another library's name may end with this one's.
                .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                || code.contains(&format!("use {library};"));
            if named && !allowed.contains(&room.as_str()) {
                wrong.push(format!(
                    "{path}: `{library}` belongs in {}",
                    allowed.join(", ")
                ));
            }
        }
        for (call, allowed) in ONLY_CALLS {
            if code.contains(call) && room != *allowed {
                wrong.push(format!("{path}: `{call}` belongs in {allowed}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_command_imports_another_commands_file() {
    let mut wrong = Vec::new();
    let files = sources();
    let commands: Vec<String> = files
        .iter()
        .filter_map(|Source { room, path, .. }| {
            let name = path
                .strip_prefix("cli/")?
                .split('/')
                .next()?
                .replace(".rs", "");
            (room == "cli" && !SHARED_CLI.contains(&name.as_str())).then_some(name)
        })
        .collect();
    for Source {
        room, path, code, ..
    } in &files
    {
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
            let imports = code.contains(&format!("use super::{command}"))
                || code.contains(&format!("crate::cli::{command}"))
                || code.contains(&format!(" super::{command}::"));
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
    for Source { path, .. } in sources() {
        for name in ["util", "helper", "common", "manager", "service", "misc"] {
            assert!(
                !path.contains(name),
                "{path}: name the file by what it is about"
            );
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let files = sources();
    for name in manifest() {
        let named = name.replace('-', "_");
        let used = files.iter().any(|source| {
            source.code.contains(&format!("{named}::"))
                || source.code.contains(&format!("use {named}"))
        });
        assert!(used, "`{name}` is in Cargo.toml, and no source uses it");
    }
}

#[test]
fn results_are_written_with_the_alias() {
    for source in sources() {
        let found = source.code.matches("std::result::Result<").count();
        // Where the alias itself is made.
        let allowed = usize::from(source.path == "error.rs");
        assert_eq!(found, allowed, "{}: write Result<T, E>", source.path);
    }
}
