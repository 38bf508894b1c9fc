//! `--help` of the program and of every command and subcommand, found by reading the help itself.

use crate::house::House;
use crate::scene;

/// The commands that a help names, in order.
fn commands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // A long description goes on further to the right.
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The scripts of a command and all below it.
fn walk(house: &House, words: &str, script: &mut String) {
    let arguments: Vec<&str> = words.split(' ').chain(["--help"]).collect();
    *script += &format!("{words} --help\n");
    let help = house.run(&arguments).ok().stdout;
    for name in commands(&help) {
        walk(house, &format!("{words} {name}"), script);
    }
}

#[test]
fn every_command_helps() {
    let mut house = House::new();
    scene::holds("help", &mut house, "--help\n-h\n--version");
    let names = commands(&house.run(&["--help"]).ok().stdout);
    assert!(names.len() > 20, "{names:?}");
    // Each is compared, and then all that differ are told.
    let failed: Vec<&String> = names
        .iter()
        .filter(|name| {
            let mut script = String::new();
            walk(&house, name, &mut script);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                scene::holds(&format!("help_{name}"), &mut house, &script);
            }))
            .is_err()
        })
        .collect();
    assert!(failed.is_empty(), "the help of {failed:?} differs");
}
