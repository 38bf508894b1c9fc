//! Where the bad rows of an import go while the good ones are taken.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::domain::book::FactKind;
use crate::error::{Error, Result};
use crate::private_file;

/// The file that bad rows are written to; made when there is one.
pub(super) struct Rejects {
    pub path: PathBuf,
    file: Option<fs::File>,
}

impl Rejects {
    /// Where the bad rows of a file go; nothing is made yet.
    pub fn new(target: &Path, kind: &FactKind, source: &Path, several: bool) -> Self {
        let path = if several || target.is_dir() {
            let extension = source.extension().and_then(|e| e.to_str()).unwrap_or("csv");
            target.join(format!("{}.{extension}", kind.name))
        } else {
            target.to_owned()
        };
        Self { path, file: None }
    }

    /// Writes a row, after the header where it is the first.
    pub fn write(&mut self, header: Option<&str>, line: &str) -> Result<()> {
        let failed = |path: &Path, error| {
            Error::world(format!("bad rows cannot be written to {}", path.display())).because(error)
        };
        if self.file.is_none() {
            if let Some(parent) = self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
                private_file::folder(parent).map_err(|error| failed(&self.path, error))?;
            }
            let mut file =
                private_file::create(&self.path).map_err(|error| failed(&self.path, error))?;
            file.write_all(header.unwrap_or_default().as_bytes())
                .map_err(|error| failed(&self.path, error))?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(line.as_bytes())
                .map_err(|error| failed(&self.path, error))?;
        }
        Ok(())
    }
}
