//! Lists the presets of gateways and the forms of receipts, so that one more is one file more and no line of
//! Rust.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    listed("src/channel/presets", "PRESETS", "presets.rs")?;
    listed("src/channel/receipts", "FORMS", "receipts.rs")
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
