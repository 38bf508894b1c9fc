//! One name, one thing: no two public types are called the same.

use std::collections::BTreeMap;

use super::sources::sources;

/// The name of the public type that a line declares.
fn declared(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = ["struct ", "enum ", "trait ", "type "]
        .iter()
        .find_map(|kind| rest.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

/// Names that more than one public type still has.
const STILL_SHARED: &[&str] = &[];

/// The public types of a source, those that `words_enum!` makes included.
fn types(text: &str) -> Vec<&str> {
    let mut words = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "words_enum! {" => words = true,
            "}" => words = false,
            _ => {}
        }
        let word = line
            .strip_prefix("    ")
            .and_then(|line| line.strip_suffix(" {"));
        let word = word.filter(|word| words && word.chars().all(char::is_alphanumeric));
        found.extend(word.or_else(|| declared(line)));
    }
    found
}

#[test]
fn no_two_public_types_have_one_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for name in types(source.outside_tests()) {
            let places = places.entry(name.to_owned()).or_default();
            places.push(source.path.clone());
        }
    }
    assert!(places.len() > 150, "only {} types seen", places.len());
    let twice: Vec<String> = places
        .iter()
        .filter(|(name, places)| places.len() > 1 && !STILL_SHARED.contains(&name.as_str()))
        .map(|(name, places)| format!("`{name}` is declared in {}", places.join(", ")))
        .collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}
