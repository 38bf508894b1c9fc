//! Lists the presets of gateways and the forms of receipts, so that one more is one file more and no line of
//! Rust; makes the catalogue of Portuguese ready to be read; and has the released binary begin at once.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    begin_at_once();
    listed("src/channel/presets", "PRESETS", "presets.rs")?;
    listed("src/channel/receipts", "FORMS", "receipts.rs")?;
    catalogue("src/view/pt.toml", "pt.txt")
}

/// Links the released binary for a fixed address, as Go links its own: 41,000 addresses need not be put right at
/// each start then, which dirties 140 pages (a third of the time of `regua --version`), nor be listed (1 MB).
/// Libraries, heap and stack lie where chance puts them all the same. REGUA_PIE=1 leaves that to the whole binary.
fn begin_at_once() {
    println!("cargo:rerun-if-env-changed=REGUA_PIE");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if linux && is("PROFILE", "release") && env::var_os("REGUA_PIE").is_none() {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

/// Writes a constant with the name and the text of every TOML file of a folder.
fn listed(folder: &str, constant: &str, into: &str) -> io::Result<()> {
    println!("cargo:rerun-if-changed={folder}");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join(folder))? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut text = format!("const {constant}: &[(&str, &str)] = &[\n");
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let path = path.display().to_string();
        writeln!(text, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    text.push_str("];\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join(into), text)
}

/// Writes a catalogue as its reader wants it: section, key and text behind U+001F, each entry ended by U+001E.
fn catalogue(from: &str, into: &str) -> io::Result<()> {
    println!("cargo:rerun-if-changed={from}");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let source = fs::read_to_string(Path::new(&root).join(from))?;
    let table: toml::Table = source.parse().map_err(io::Error::other)?;
    let mut text = String::new();
    for (section, entries) in &table {
        for (key, said) in entries.as_table().into_iter().flatten() {
            let said = said.as_str().unwrap_or_default();
            write!(text, "{section}\u{1f}{key}\u{1f}{said}\u{1e}").map_err(io::Error::other)?;
        }
    }
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join(into), text)
}
