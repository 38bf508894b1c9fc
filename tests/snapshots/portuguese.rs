//! The demo in Portuguese, whole: nothing of it may be English but what is data or typed as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::house::House;
use crate::scene;

/// Words of a text in small letters.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|letter: char| !letter.is_alphabetic() && letter != '\'');
    parts
        .filter(|word| word.len() > 1 && word.chars().all(|letter| !letter.is_uppercase()))
        .map(str::to_owned)
}

/// A text without what stands between backticks.
fn without_quoted(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The words that the program's English has and its Portuguese has not, as the catalogue tells them.
fn english() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = fs::read_to_string(root.join("src/view/pt.toml")).expect("the catalogue");
    let catalogue: toml::Table = catalogue.parse().expect("TOML");
    let (mut english, mut portuguese) = (BTreeSet::new(), BTreeSet::new());
    for section in catalogue.values() {
        for (key, said) in section.as_table().expect("a section") {
            english.extend(words(&without_quoted(key)));
            portuguese.extend(words(said.as_str().expect("a text")));
        }
    }
    english.difference(&portuguese).cloned().collect()
}

/// The names that the examples give to what they define.
fn names() -> BTreeSet<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = fs::read_dir(examples).expect("examples");
    let texts = files.filter_map(|file| fs::read_to_string(file.expect("a file").path()).ok());
    let named = |line: &str| {
        let name = line.strip_prefix("name = \"")?;
        Some(name.trim_end_matches('"').to_owned())
    };
    texts
        .flat_map(|text| text.lines().filter_map(named).collect::<Vec<_>>())
        .collect()
}

/// A line as far as it is said: without commands, names, paths, codes and what stands between backticks.
fn said(line: &str, names: &BTreeSet<String>) -> String {
    if line.starts_with("$ ") {
        return String::new();
    }
    let line = without_quoted(line);
    let line = line.split("regua ").next().unwrap_or_default();
    let code = |word: &&str| !word.contains(['.', '/', '_', ':', '=', '#', '-', '@', '*']);
    let words = line.split_whitespace().filter(|word| {
        let ending = [':', ',', ';', '.', '(', ')'];
        let bare = word.trim_matches(ending);
        code(&bare) && !names.contains(bare)
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_demo_in_portuguese_has_no_word_of_english() {
    let house = House::new();
    let ran = house.run(&["--lang", "pt", "demo", "."]).ok();
    let (english, names) = (english(), names());
    assert!(
        english.len() > 500 && english.contains("skipped"),
        "{english:?}"
    );
    let mut found = Vec::new();
    for line in ran.stdout.lines().chain(ran.stderr.lines()) {
        let wrong: Vec<String> = words(&said(line, &names))
            .filter(|word| english.contains(word))
            .collect();
        if !wrong.is_empty() {
            found.push(format!("{wrong:?} in: {line}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let told = format!("{}\n{}", ran.stdout, ran.stderr);
    scene::compare("demo_in_portuguese", &scene::steady(&told, &house));
}
