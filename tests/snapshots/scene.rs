//! One scene: commands that run one after the other in a house, held in one snapshot.

use std::process::Stdio;

use crate::house::House;

/// The last day of the demo, which [`demo`] stands at.
pub const AFTER_THE_DEMO: &str = "2026-12-02T12:00";

/// A house with the demo's provider as the demo leaves it: sends, birthdays, tickets, collections.
pub fn demo() -> House {
    let mut house = House::new();
    house.run(&["demo", "."]).ok();
    house.at(AFTER_THE_DEMO);
    house
}

/// A house with a database and nothing in it.
pub fn empty() -> House {
    let house = House::new();
    regua::store::Store::open(&house.path("regua.db")).expect("a database");
    house
}

/// A house with the small book and the files of `examples` beside it, some of them applied.
pub fn with_examples(applied: &[&str]) -> House {
    let house = House::with_book();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in [
        "send.toml",
        "birthday.toml",
        "collection.toml",
        "ticket.toml",
        "event.json",
        "events.jsonl",
    ] {
        let text = std::fs::read_to_string(folder.join(name)).expect("an example");
        house.write(name, text);
    }
    house.write(
        "config.toml",
        "[company]\nname = \"Provedor Exemplo\"\nphone = \"+554933330000\"\n\
         tax_id = \"12.345.678/0001-95\"\n[birthday]\ntemplate = \"birthday\"\n",
    );
    for name in applied {
        house.run(&["apply", name]).ok();
    }
    house
}

/// Writes a file that holds a secret, readable by its owner alone or by everyone.
pub fn write_secret(house: &House, name: &str, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = house.write(name, text);
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, mode).expect("a mode");
}

/// Runs a script and compares what a person reads with the snapshot of this name.
///
/// Each line is a command without `regua`, its words as in a shell with single quotes; `< FILE` at its end
/// is its standard input. `@ DATE-TIME` sets the clock for those that follow.
#[track_caller]
pub fn holds(name: &str, house: &mut House, script: &str) {
    compare(name, &told(house, script));
}

/// The same beside a server: `SERVER` stands for its host and port.
#[track_caller]
pub fn holds_beside(name: &str, house: &mut House, script: &str, url: &str) {
    let host = url.trim_start_matches("http://");
    let told = told(house, script).replace(host, "SERVER");
    compare(name, &told);
}

/// The same with lines of a log, whose instants are the machine's own.
#[track_caller]
pub fn holds_log(name: &str, house: &mut House, script: &str) {
    let told = after(&told(house, script), "\"at\":\"", "INSTANT");
    compare(name, &told);
}

/// What the commands of a script say.
fn told(house: &mut House, script: &str) -> String {
    let mut told = String::new();
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if let Some(now) = line.strip_prefix("@ ") {
            house.at(now);
            told += &format!("# at {now}\n\n");
        } else {
            told += &shown(house, line);
        }
    }
    told
}

/// Compares a text with the snapshot of this name.
#[track_caller]
pub fn compare(name: &str, told: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snap");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, told));
}

/// A command line with all that it answered.
fn shown(house: &House, line: &str) -> String {
    let (words, input) = match line.split_once(" < ") {
        Some((words, file)) => (words, Some(house.read_bytes(file))),
        None => (line, None),
    };
    let words = split(words);
    let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = house.command(&arguments);
    command
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .env_remove("PATH")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("the program runs");
    if let Some(input) = input {
        use std::io::Write as _;
        let mut stdin = child.stdin.take().expect("its input");
        // A program that refuses early may close its input.
        let _ = stdin.write_all(&input);
    }
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: &[u8]| steady(&String::from_utf8_lossy(bytes), house);
    format!(
        "$ regua {line}\nexit {}\n{}{}\n",
        output.status.code().unwrap_or(-1),
        block("stdout", &text(&output.stdout)),
        block("stderr", &text(&output.stderr)),
    )
}

/// A stream's lines, each set in; nothing where nothing was said.
fn block(stream: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut told = format!("{stream}:\n");
    for line in text.lines() {
        if line.is_empty() {
            told.push('\n');
        } else {
            told += &format!("  {line}\n");
        }
    }
    if !text.ends_with('\n') {
        told += "  (no line end)\n";
    }
    told
}

/// The words of a command line; single quotes hold one together.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// A text with fixed words in place of what differs from run to run or from machine to machine.
pub fn steady(text: &str, house: &House) -> String {
    let folder = house.folder();
    let real = folder.canonicalize().expect("a folder");
    let text = text
        .replace(&real.display().to_string(), "FOLDER")
        .replace(&folder.display().to_string(), "FOLDER")
        .replace(env!("CARGO_BIN_EXE_regua"), "PROGRAM")
        .replace(
            &format!("regua {}", env!("CARGO_PKG_VERSION")),
            "regua VERSION",
        );
    // The database's own version grows with each migration; when a message is tried again is drawn by lot.
    let text = after(&text, " is whole, version ", "VERSION");
    let text = after(&text, "the next may go at ", "LATER");
    // Units run as whoever owns the folder.
    let text = after(&text, "\nUser=", "USER");
    let text = after(&text, "the tasks run as the user ", "USER");
    let text = after(&text, "\"next_at\":\"", "LATER");
    seconds(&after(&text, " requests, ", "SECONDS"))
}

/// A text with a word in place of what follows these words, up to a line's end, a comma or a quote.
fn after(text: &str, before: &str, word: &str) -> String {
    let mut parts = text.split(before);
    let mut steady = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['\n', ',', '"', ' ']).unwrap_or(part.len());
        steady += &format!("{before}{word}{}", &part[end..]);
    }
    steady
}

/// Durations replaced: under a heading `seconds` of a table, in its cell of a CSV, at its key in JSON.
fn seconds(text: &str) -> String {
    let mut lines = Vec::new();
    let mut column = Column::None;
    for line in text.lines() {
        let found = Column::of(line);
        if matches!(found, Column::None) {
            if line.is_empty() {
                column = Column::None;
            }
            lines.push(in_json(&column.replaced(line)));
        } else {
            column = found;
            lines.push(line.to_owned());
        }
    }
    let mut steady = lines.join("\n");
    if text.ends_with('\n') {
        steady.push('\n');
    }
    steady
}

/// Where the durations of a table or CSV stand.
enum Column {
    None,
    /// From this place to that, counted in letters.
    Table(usize, usize),
    /// At this place of the cells.
    Csv(usize),
}

impl Column {
    fn of(header: &str) -> Self {
        if let Some(place) = header.split(',').position(|cell| cell == "seconds") {
            return Self::Csv(place);
        }
        let letters: Vec<char> = header.chars().collect();
        let heading = if header.contains("segundos") {
            "segundos"
        } else {
            "seconds"
        };
        let word: Vec<char> = heading.chars().collect();
        let whole = |at: usize| {
            (at == 0 || letters[at - 1] == ' ')
                && letters.get(at + word.len()).is_none_or(|c| *c == ' ')
        };
        let begins = letters.first().is_some_and(char::is_ascii_lowercase) && header.contains("  ");
        match letters.windows(word.len()).position(|at| at == word) {
            Some(at) if whole(at) && begins => Self::Table(at, at + word.len()),
            _ => Self::None,
        }
    }

    fn replaced(&self, line: &str) -> String {
        match *self {
            Self::None => line.to_owned(),
            Self::Csv(place) => {
                let mut cells: Vec<&str> = line.split(',').collect();
                if let Some(cell) = cells.get_mut(place)
                    && cell.parse::<f64>().is_ok()
                {
                    *cell = "SECONDS";
                }
                cells.join(",")
            }
            Self::Table(from, to) => line
                .chars()
                .enumerate()
                .map(|(at, letter)| {
                    let within = (from..to).contains(&at);
                    if within && letter.is_ascii_digit() {
                        '#'
                    } else {
                        letter
                    }
                })
                .collect(),
        }
    }
}

fn in_json(line: &str) -> String {
    let Some((before, after)) = line.split_once("\"seconds\":") else {
        return line.to_owned();
    };
    let space = if after.starts_with(' ') { " " } else { "" };
    let number = after.trim_start();
    let end = number
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e' || c == '-'))
        .unwrap_or(number.len());
    if end == 0 {
        return line.to_owned();
    }
    format!("{before}\"seconds\":{space}\"SECONDS\"{}", &number[end..])
}

#[test]
fn durations_are_replaced_wherever_they_stand() {
    assert_eq!(
        seconds("task  seconds  message\na        0.12  12.50 left\n\nb 0.1\n"),
        "task  seconds  message\na        #.##  12.50 left\n\nb 0.1\n"
    );
    assert_eq!(seconds("a,seconds\n0.1,0.25\n"), "a,seconds\n0.1,SECONDS\n");
    assert_eq!(
        seconds("{\"a\":0.5,\"seconds\":0.003,\"b\":1}\n"),
        "{\"a\":0.5,\"seconds\":\"SECONDS\",\"b\":1}\n"
    );
}

#[test]
fn words_are_split_as_in_a_shell() {
    assert_eq!(
        split("report run x --filter 'plan=Fibra 500' ''"),
        ["report", "run", "x", "--filter", "plan=Fibra 500", ""]
    );
}
