//! The sources of the house as the walls read them.

use std::fs;
use std::path::{Path, PathBuf};

/// One file under `src`.
pub struct Source {
    /// The room: the folder or file directly under `src`.
    pub room: String,
    /// The path under `src`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The text without the lines that are comments.
    pub code: String,
}

impl Source {
    /// The text before the tests, which stand last in a file.
    pub fn outside_tests(&self) -> &str {
        &self.text[..self.tests_start()]
    }

    /// Its tests, where they stand in the file itself.
    pub fn tests(&self) -> &str {
        &self.text[self.tests_start()..]
    }

    fn tests_start(&self) -> usize {
        let tests = self.text.find("#[cfg(test)]\nmod ");
        tests.unwrap_or(self.text.len())
    }
}

/// The root of the house.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source but the entrance and the map.
pub fn sources() -> Vec<Source> {
    let house = root().join("src");
    let mut files = Vec::new();
    collect(&house, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let within = file.strip_prefix(&house).expect("under src").to_owned();
            let top = within.components().next().expect("a component");
            let text = fs::read_to_string(&file).expect("a source");
            Source {
                room: top.as_os_str().to_string_lossy().replace(".rs", ""),
                path: within.display().to_string(),
                code: text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .flat_map(|line| [line, "\n"])
                    .collect(),
                text,
            }
        })
        .filter(|source| source.path != "main.rs" && source.path != "lib.rs")
        // Tests that have a file of their own.
        .filter(|source| !source.path.ends_with("/tests.rs"))
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The names of the libraries that the program, and not only its tests, depends on.
pub fn manifest() -> Vec<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Table = text.parse().expect("TOML");
    let dependencies = manifest["dependencies"].as_table().expect("a table");
    dependencies.keys().cloned().collect()
}
