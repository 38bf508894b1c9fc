//! The `sqlite3` shell of the system, or the bundled library driven barely where there is none.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use crate::measure::Program;

/// One thing that the shell does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Statements.
    Run(String),
    /// A CSV file with a header into a table that has its columns.
    Import(PathBuf, &'static str),
    /// A query's rows into a CSV file with a header.
    Export(String, PathBuf),
}

/// Whether the system has the shell.
pub fn is_there() -> bool {
    let mut command = Command::new("sqlite3");
    let quiet = command
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The steps on a database, as a program to be measured.
pub fn program(folder: &Path, database: &Path, steps: &[Step]) -> Program {
    let database = database.display().to_string();
    if is_there() {
        let commands: Vec<String> = steps.iter().flat_map(dots).collect();
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        return Program::new("sqlite3", folder)
            .with(&["-batch", &database])
            .with(&commands);
    }
    let words: Vec<String> = steps.iter().flat_map(words).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Program::floor(folder, &["sql", &database]).with(&words)
}

/// A step as the shell's own commands.
fn dots(step: &Step) -> Vec<String> {
    match step {
        Step::Run(sql) => vec![sql.clone()],
        Step::Import(file, table) => {
            vec![format!(
                ".import --csv --skip 1 \"{}\" {table}",
                file.display()
            )]
        }
        Step::Export(sql, file) => vec![
            ".headers on".to_owned(),
            ".mode csv".to_owned(),
            format!(".output \"{}\"", file.display()),
            sql.clone(),
            ".output".to_owned(),
        ],
    }
}

/// A step as arguments of our own.
fn words(step: &Step) -> Vec<String> {
    match step {
        Step::Run(sql) => vec!["run".to_owned(), sql.clone(), String::new()],
        Step::Import(file, table) => {
            vec![
                "import".to_owned(),
                file.display().to_string(),
                (*table).to_owned(),
            ]
        }
        Step::Export(sql, file) => {
            vec!["export".to_owned(), sql.clone(), file.display().to_string()]
        }
    }
}

/// Does steps by the bundled library.
pub fn bundled(database: &str, words: &[String]) {
    let connection = Connection::open(database).expect("a database");
    for step in words.chunks(3) {
        match step[0].as_str() {
            "run" => connection.execute_batch(&step[1]).expect("statements"),
            "import" => import(&connection, &step[1], &step[2]),
            _ => export(&connection, &step[1], &step[2]),
        }
    }
}

fn import(connection: &Connection, file: &str, table: &str) {
    let mut reader = csv::Reader::from_path(file).expect("a CSV file");
    let places = vec!["?"; reader.headers().expect("a header").len()].join(", ");
    connection.execute_batch("BEGIN").expect("a transaction");
    let mut insert = connection
        .prepare(&format!("INSERT INTO {table} VALUES ({places})"))
        .expect("an insertion");
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).expect("a row") {
        insert
            .execute(params_from_iter(row.iter()))
            .expect("an insertion");
    }
    drop(insert);
    connection.execute_batch("COMMIT").expect("a transaction");
}

fn export(connection: &Connection, sql: &str, file: &str) {
    let mut query = connection.prepare(sql).expect("a query");
    let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(file).expect("a file")));
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    writer.write_record(&names).expect("a header");
    let mut rows = query.query([]).expect("rows");
    let mut number = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        for column in 0..names.len() {
            let value = match row.get_ref(column).expect("a value") {
                ValueRef::Text(text) => text,
                ValueRef::Integer(integer) => {
                    number.clear();
                    write!(number, "{integer}").expect("memory");
                    &number
                }
                _ => b"",
            };
            writer.write_field(value).expect("a cell");
        }
        writer.write_record(None::<&[u8]>).expect("a row's end");
    }
    writer.flush().expect("a written file");
}
