//! Rows read from the source, put aside until all have come: a file without a name, gone with its process.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::path::Path;

use crate::error::{Error, Result};
use crate::private_file;
use crate::source::Row;

/// Rows of one kind on their way to the book.
pub struct Spool {
    file: BufWriter<File>,
}

impl Spool {
    /// A spool on the disk of `path`. Only its owner can read it, and nobody can find it:
    /// the name is taken away as soon as the file is open.
    pub fn new(path: &Path) -> Result<Self> {
        let broken = |error: std::io::Error| {
            Error::world(format!("{} cannot be written", path.display()))
                .because(error)
                .hint("the database's folder must be writable, with room for what is read")
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let file = private_file::open(path, &options).map_err(broken)?;
        fs::remove_file(path).map_err(broken)?;
        Ok(Self {
            file: BufWriter::new(file),
        })
    }

    /// Puts a row aside.
    pub fn push(&mut self, row: &Row) -> Result<()> {
        serde_json::to_writer(&mut self.file, row).map_err(std::io::Error::from)?;
        self.file.write_all(b"\n")?;
        Ok(())
    }

    /// The rows, in the order they came.
    pub fn into_rows(self) -> Result<impl Iterator<Item = Result<Row>>> {
        let mut file = self
            .file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(BufReader::new(file).lines().map(|line| {
            serde_json::from_str(&line?).map_err(|error| {
                Error::world("a row that was put aside came back broken").because(error)
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::book::FactKind;
    use crate::source::Strange;

    #[test]
    fn rows_come_back_as_they_went_and_leave_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::new(&folder.path().join("spool")).expect("a spool");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        let kind = FactKind::named("clients").expect("a kind");
        let mut row = Row::of(kind, 7);
        row.put(kind, "name", "São\n\"José\"".to_owned());
        row.strange.push(Strange {
            field: "ativo".into(),
            found: "Z".to_owned(),
            taken: "left as it was".into(),
            code: true,
        });
        spool.push(&row).expect("room");
        spool.push(&Row::of(kind, 8)).expect("room");
        let back: Result<Vec<Row>> = spool.into_rows().expect("rows").collect();
        assert_eq!(back.expect("rows"), [row, Row::of(kind, 8)]);
    }
}
