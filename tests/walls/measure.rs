//! The measure of a change, which `src/lib.rs` shows as a table: each row names an example of the thing
//! and the files in which it stands, and these are the files in which it really stands. What is done of one
//! example by and by has a row for each step, and no file is in two of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::sources::{root, sources};

/// One row of the table.
struct Row {
    change: String,
    count: usize,
    example: String,
    places: BTreeSet<String>,
}

/// The rows under the heading, up to the first line that is none.
fn table() -> Vec<Row> {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("the map");
    map.lines()
        .map(|line| line.trim_start_matches("//!").trim())
        .skip_while(|line| !line.starts_with("| a change |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [change, count, example, places] = cells[..] else {
                panic!("a row of four cells: {line}");
            };
            Row {
                change: change.to_owned(),
                count: count.parse().expect("a number of files"),
                example: example.trim_matches('`').to_owned(),
                places: places
                    .split(", ")
                    .map(|place| place.trim_matches('`').to_owned())
                    .collect(),
            }
        })
        .collect()
}

/// Whether a text holds a word, and not only as part of a longer one.
fn holds(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

/// Every place that holds an example: a file, or the folder that the map names.
fn found(example: &str, named: &BTreeSet<String>) -> BTreeSet<String> {
    let folder = |path: &str| {
        let folders = named.iter().filter(|place| place.ends_with('/'));
        folders
            .into_iter()
            .find(|folder| path.starts_with(folder.as_str()))
            .cloned()
    };
    sources()
        .iter()
        // The demo is an example.
        .filter(|source| !source.path.starts_with("jobs/demo"))
        .filter(|source| {
            let code: String = source
                .outside_tests()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| [line, "\n"])
                .collect();
            holds(&code, example)
        })
        .map(|source| source.path.clone())
        .chain(presets().filter(|path| holds(path, example)))
        .map(|path| folder(&path).unwrap_or(path))
        .collect()
}

/// The files of gateways, each named for the one it describes.
fn presets() -> impl Iterator<Item = String> {
    let folder = "channel/presets";
    let files = fs::read_dir(root().join("src").join(folder)).expect("the presets");
    files.map(move |file| {
        let name = file.expect("a file").file_name();
        format!("{folder}/{}", name.to_string_lossy())
    })
}

#[test]
fn a_change_is_made_in_the_files_the_map_names() {
    let rows = table();
    assert!(rows.len() >= 10, "only {} rows seen", rows.len());
    let mut examples: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Row {
        change,
        count,
        example,
        places,
    } in rows
    {
        assert_eq!(count, places.len(), "{change}");
        let named = examples.entry(example).or_default();
        for place in places {
            let new = named.insert(place.clone());
            assert!(new, "{change}: `{place}` stands in a row before it too");
        }
    }
    for (example, named) in examples {
        let found = found(&example, &named);
        assert_eq!(
            found, named,
            "where `{example}` stands, and what the map says"
        );
    }
}
