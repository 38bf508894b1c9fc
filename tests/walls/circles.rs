//! No circle among files: what a file needs never needs the file in turn. The first page of a folder
//! (`mod.rs`) is its table of contents: that it names the pages of the folder is no need.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{Source, sources};

/// A path of names, from the root of the house.
type Names = Vec<String>;

/// One file as a module: what it is called, and what it takes from elsewhere under a name of its own.
struct Module {
    path: String,
    /// Every path it needs, in full.
    arrows: Vec<Names>,
    /// What `use` brings in: the name here, and the full path.
    imported: BTreeMap<String, Names>,
}

fn module_name(path: &str) -> Names {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The paths that a tree such as `a::{b, c::{D, E as F}}` stands for, each with the name it gets.
fn tree(text: &str, before: &[String], found: &mut Vec<(String, Names)>) {
    let text = text.trim();
    if let Some((head, group)) = text.split_once('{') {
        let mut start = before.to_vec();
        start.extend(names(head));
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let mut depth = 0;
        let mut from = 0;
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    tree(&group[from..at], &start, found);
                    from = at + 1;
                }
                _ => {}
            }
        }
        tree(&group[from..], &start, found);
        return;
    }
    let (path, renamed) = text.split_once(" as ").unwrap_or((text, ""));
    let mut whole = before.to_vec();
    whole.extend(names(path));
    if whole.last().is_some_and(|last| last == "self") {
        whole.pop();
    }
    if let Some(last) = whole.last().filter(|_| !text.is_empty()) {
        let name = if renamed.is_empty() { last } else { renamed };
        found.push((name.to_owned(), whole));
    }
}

fn names(path: &str) -> Names {
    path.split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A path as a file writes it, in full; none when it leads out of the house.
fn in_full(path: &[String], here: &[String], children: &BTreeSet<String>) -> Option<Names> {
    let mut whole: Names = here.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            whole.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|name| name == "super") {
                whole.pop();
                rest = &rest[1..];
            }
        }
        child if children.contains(child) => {}
        _ => return None,
    }
    whole.extend(rest.iter().cloned());
    Some(whole)
}

/// The paths that stand in the code itself, after the `use` lines.
fn in_code(code: &str) -> Vec<Names> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.split(|c| !part(c))
        .filter(|word| word.contains("::"))
        .map(names)
        .filter(|path| path.len() > 1)
        .collect()
}

fn read(source: &Source, all: &BTreeSet<Names>) -> Module {
    let here = module_name(&source.path);
    let children: BTreeSet<String> = all
        .iter()
        .filter(|name| name.len() == here.len() + 1 && name.starts_with(&here))
        .filter_map(|name| name.last().cloned())
        .collect();
    let code: String = source
        .outside_tests()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut module = Module {
        path: source.path.clone(),
        arrows: Vec::new(),
        imported: BTreeMap::new(),
    };
    let mut rest = String::new();
    for piece in code.split_inclusive(';') {
        let lines = piece.trim_start();
        let Some((shared, body)) = import(lines) else {
            rest.push_str(piece);
            continue;
        };
        let mut found = Vec::new();
        tree(body.trim_end_matches(';'), &[], &mut found);
        for (name, path) in found {
            if let Some(path) = in_full(&path, &here, &children) {
                // What is only handed on is nothing this file needs.
                if !shared {
                    module.arrows.push(path.clone());
                }
                module.imported.insert(name, path);
            }
        }
    }
    for path in in_code(&rest) {
        module.arrows.extend(in_full(&path, &here, &children));
    }
    module
}

/// The tree of a `use`, and whether it hands on what it names; none for any other statement.
fn import(statement: &str) -> Option<(bool, &str)> {
    let shared = statement.starts_with("pub");
    let Some(("" | "pub " | "pub(crate) " | "pub(super) ", rest)) = statement.split_once("use ")
    else {
        return None;
    };
    Some((shared, rest))
}

/// The file in which the thing of this path is declared, whoever hands it on.
fn declared_in(path: &[String], modules: &BTreeMap<Names, Module>) -> Option<Names> {
    let mut path = path.to_vec();
    for _ in 0..8 {
        let length = (1..=path.len())
            .rev()
            .find(|length| modules.contains_key(&path[..*length]))?;
        let (module, item) = path.split_at(length);
        let handed_on = item
            .first()
            .and_then(|name| modules[module].imported.get(name));
        match handed_on {
            None => return Some(module.to_vec()),
            Some(elsewhere) => {
                let mut next = elsewhere.clone();
                next.extend(item[1..].iter().cloned());
                path = next;
            }
        }
    }
    None
}

#[test]
fn no_file_needs_a_file_that_needs_it() {
    let files = sources();
    let all: BTreeSet<Names> = files
        .iter()
        .map(|source| module_name(&source.path))
        .collect();
    let modules: BTreeMap<Names, Module> = files
        .iter()
        .map(|source| (module_name(&source.path), read(source, &all)))
        .collect();
    let needs: BTreeMap<&Names, BTreeSet<Names>> = modules
        .iter()
        .map(|(name, module)| {
            let needed = module.arrows.iter();
            let needed = needed.filter_map(|path| declared_in(path, &modules));
            let needed = needed.filter(|other| !other.starts_with(name));
            (name, needed.collect())
        })
        .collect();
    let arrows: usize = needs.values().map(BTreeSet::len).sum();
    assert!(arrows > 300, "only {arrows} arrows seen");
    let reached = |from: &Names| {
        let mut reached: BTreeSet<&Names> = BTreeSet::new();
        let mut next: Vec<&Names> = needs[from].iter().collect();
        while let Some(name) = next.pop() {
            if reached.insert(name) {
                next.extend(&needs[name]);
            }
        }
        reached
    };
    let mut wrong = Vec::new();
    for (name, needed) in &needs {
        for other in needed.iter().filter(|other| reached(other).contains(name)) {
            wrong.push(format!(
                "{} needs {}, which leads back to it",
                modules[*name].path, modules[other].path
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
