//! Every snapshot is one of a scene that is still played.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::house::House;

/// The commands that the binary's help names.
fn commands() -> BTreeSet<String> {
    let help = House::new().run(&["--help"]).stdout;
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Whether a source plays the scene of this name: it names it, or makes its name of a beginning and a word.
fn plays(source: &str, name: &str, commands: &BTreeSet<String>) -> bool {
    let named = |word: &str| source.contains(&format!("\"{word}\""));
    if named(name) {
        return true;
    }
    source.match_indices("{name}\"").any(|(end, _)| {
        let begin = source[..end].rfind('"').map_or(0, |at| at + 1);
        name.strip_prefix(&source[begin..end])
            .is_some_and(|rest| commands.contains(rest) || named(rest))
    })
}

#[test]
fn every_snapshot_is_of_a_scene_that_is_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let files = |folder: &Path| -> Vec<std::path::PathBuf> {
        let files = fs::read_dir(folder).expect("a folder");
        files.map(|file| file.expect("a file").path()).collect()
    };
    let sources: Vec<String> = files(&folder)
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| fs::read_to_string(path).expect("a source"))
        .collect();
    let commands = commands();
    let snapshots = files(&folder.join("snap"));
    let left: Vec<&str> = snapshots
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.strip_suffix(".snap"))
        .filter(|name| !sources.iter().any(|source| plays(source, name, &commands)))
        .collect();
    assert!(snapshots.len() > 50, "only {} seen", snapshots.len());
    assert!(
        left.is_empty(),
        "snapshots that no scene compares: {left:?}"
    );
    assert!(!plays(&sources[0], "a scene of old", &commands));
}
