//! The figures that the README quotes, measured by one command: `cargo bench --bench figures`.
//!
//! Each row runs a piece of work by the real binary beside its floor, three times each in turn, and holds the
//! medians to how many times as long it may take. `-- --small` does all of it at a tenth of the size,
//! `-- ROW…` only these rows, `-- --keep` keeps the data for another run. Exit code 1: a row falls short.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

mod book;
mod floors;
#[cfg(feature = "postgres")]
mod hosts;
mod measure;
mod rows;
mod servers;
mod shell;
mod sql;
mod table;

use book::Book;
use rows::{Bench, ROWS, Row};
use table::Table;

/// What is measured of several hosts, in a build that has them.
#[cfg(feature = "postgres")]
const OF_HOSTS: &[Row] = hosts::ROWS;
#[cfg(not(feature = "postgres"))]
const OF_HOSTS: &[Row] = &[];

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without `cargo bench` it is a test of all targets that runs this, and has nothing to measure.
    let Some(bench) = arguments.iter().position(|argument| argument == "--bench") else {
        return ExitCode::SUCCESS;
    };
    arguments.remove(bench);
    match arguments.first().map(String::as_str) {
        Some("--measure") => measure::measure(&arguments[1..]),
        Some("--floor") => floors::run(&arguments[1..]),
        _ => return figures(&arguments),
    }
    ExitCode::SUCCESS
}

fn figures(arguments: &[String]) -> ExitCode {
    let is = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let rows = ROWS.iter().chain(OF_HOSTS);
    let names: Vec<&str> = rows.clone().map(|(name, _)| *name).collect();
    let flags = ["--small", "--keep"];
    let wrong = arguments
        .iter()
        .find(|a| !flags.contains(&a.as_str()) && !names.contains(&a.as_str()));
    assert!(
        wrong.is_none(),
        "{wrong:?} is no row; rows: {}; flags: {}",
        names.join(" "),
        flags.join(" ")
    );
    let all = !names.iter().any(|name| asked(name));

    let most = if is("--small") { 100_000 } else { 1_000_000 };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures");
    if !is("--keep") {
        let _ = fs::remove_dir_all(&folder);
    }
    let (http, smtp) = (servers::http(), servers::smtp());
    let book = |clients: usize| Book::write(&folder.join(clients.to_string()), clients, http, smtp);
    let mut bench = Bench::new(book(most), book(most / 10), (http, smtp), is("--small"));
    let mut table = Table::default();
    for (name, row) in rows {
        if all || asked(name) {
            row(&mut bench, &mut table);
        }
    }
    if !is("--keep") {
        let _ = fs::remove_dir_all(&folder);
    }
    if table.fell_short() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
