//! How large a file and a function may grow outside its tests.

use super::sources::{Source, sources};

/// The most lines of a file, its tests apart.
const MOST_OF_A_FILE: usize = 500;

/// The most lines of a function.
const MOST_OF_A_FUNCTION: usize = 60;

/// Files that are longer, each with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Functions that are longer, each with its file and the reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("cli/mod.rs", "dispatch", "one line for each command"),
    (
        "jobs/run_due.rs",
        "carry_out",
        "one arm for each kind of task",
    ),
];

/// Each function outside the tests with its number of lines, told by its indentation, as rustfmt leaves it.
fn functions(source: &Source) -> Vec<(String, usize)> {
    let lines: Vec<&str> = source.outside_tests().lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some((before, after)) = line.split_once("fn ") else {
            continue;
        };
        let declares = before.split_whitespace().all(|word| {
            word.starts_with("pub(") || ["pub", "const", "async", "extern"].contains(&word)
        });
        let signature = lines[start..]
            .iter()
            .find(|line| line.ends_with(['{', '}', ';']));
        if !declares || !signature.is_some_and(|line| line.ends_with('{')) {
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let length = lines[start..].iter().position(|line| *line == end);
        let name = after.split(['(', '<']).next().unwrap_or_default();
        found.push((name.to_owned(), length.expect("a function ends") + 1));
    }
    found
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    let mut wrong = Vec::new();
    let mut excused: Vec<&str> = LONG_FILES.iter().map(|(path, _)| *path).collect();
    for source in sources() {
        let lines = source.outside_tests().lines().count();
        if lines <= MOST_OF_A_FILE {
            continue;
        }
        match excused.iter().position(|path| *path == source.path) {
            Some(at) => drop(excused.remove(at)),
            None => wrong.push(format!(
                "{}: {lines} lines outside its tests; divide it by what it does",
                source.path
            )),
        }
    }
    wrong.extend(
        excused
            .iter()
            .map(|path| format!("{path}: is short enough now, so take it off the list")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn long_tests_stand_in_a_file_of_their_own() {
    for source in sources() {
        let lines = source.tests().lines().count();
        assert!(
            lines <= MOST_OF_A_FILE,
            "{}: {lines} lines of tests; let them stand in `tests.rs` of its folder",
            source.path
        );
    }
}

#[test]
fn no_function_is_too_long_to_see_at_once() {
    let mut wrong = Vec::new();
    let mut excused: Vec<(&str, &str)> = LONG_FUNCTIONS
        .iter()
        .map(|(path, name, _)| (*path, *name))
        .collect();
    let mut lengths = Vec::new();
    for source in sources() {
        for (name, lines) in functions(&source) {
            lengths.push(lines);
            if lines <= MOST_OF_A_FUNCTION {
                continue;
            }
            let known = excused
                .iter()
                .position(|one| *one == (source.path.as_str(), name.as_str()));
            match known {
                Some(at) => drop(excused.remove(at)),
                None => wrong.push(format!("{}: `{name}` has {lines} lines", source.path)),
            }
        }
    }
    wrong.extend(
        excused
            .iter()
            .map(|(path, name)| format!("{path}: `{name}` is short enough now, or gone")),
    );
    assert!(
        lengths.len() > 1000,
        "only {} functions seen",
        lengths.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
