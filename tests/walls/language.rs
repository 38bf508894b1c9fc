//! Every text for people has its Portuguese: the texts that stand in the sources are phrases of the catalogue.

use super::sources::{Source, root, sources};

/// Files whose texts are for programs, for providers, or written in the language of their readers.
const NOT_SAID: &[&str] = &[
    "store/migrations/",
    "view/language/",
    "jobs/demo",
    "cli/examples.rs",
    // Paths of commands, headings of exports, words that mail servers answer with.
    "cli/reading.rs",
    "source/ixc/headings.rs",
    "channel/smtp/meaning.rs",
    "channel/smtp/bounce.rs",
    // Words of HTTP and of systemd, for machines.
    "jobs/receive.rs",
    "cli/task/units.rs",
    "domain/template/own_words.rs",
    "domain/words.rs",
    // A document in Portuguese.
    "jobs/dossier.rs",
    "domain/notice.rs",
];

/// A text that stands in a source.
struct Literal {
    line: usize,
    text: String,
    /// What stands before it, as far as it says what the text is for.
    before: String,
}

/// The texts of a source outside its tests, as they are when the program runs.
fn literals(code: &str) -> Vec<Literal> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if code[at..].starts_with("//") => {
                at += code[at..].find('\n').unwrap_or(code.len() - at);
            }
            b'\'' => at += character(&code[at..]),
            b'r' if is_raw(&code[at..]) => {
                let hashes = code[at + 1..].bytes().take_while(|b| *b == b'#').count();
                let end = format!("\"{}", "#".repeat(hashes));
                let start = at + 2 + hashes;
                let length = code[start..].find(&end).expect("the end of a raw text");
                found.push(literal(code, at, code[start..start + length].to_owned()));
                at = start + length + end.len();
            }
            b'"' => {
                let (text, length) = quoted(&code[at..]);
                found.push(literal(code, at, text));
                at += length;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                // A name ends before anything else begins: `br"…"` and `for` are no raw texts.
                at += code[at..]
                    .bytes()
                    .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                    .count();
            }
            _ => at += 1,
        }
    }
    found
}

/// How long what begins with an apostrophe is: a letter, or the sign of a lifetime.
fn character(code: &str) -> usize {
    let mut chars = code.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => code[2..].find('\'').map_or(1, |end| {
            // The apostrophe itself may be what is meant.
            if end == 0 { 4 } else { end + 3 }
        }),
        Some((at, letter)) if code[at + letter.len_utf8()..].starts_with('\'') => {
            at + letter.len_utf8() + 1
        }
        _ => 1,
    }
}

fn is_raw(code: &str) -> bool {
    let rest = code[1..].trim_start_matches('#');
    rest.starts_with('"') && code.len() - rest.len() <= 4
}

/// A text between quotes, and how long it is in the source.
fn quoted(code: &str) -> (String, usize) {
    let mut text = String::new();
    let mut chars = code.char_indices().skip(1).peekable();
    while let Some((at, letter)) = chars.next() {
        match letter {
            '"' => return (text, at + 1),
            '\\' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, '\n')) => {
                    while chars.peek().is_some_and(|(_, next)| next.is_whitespace()) {
                        chars.next();
                    }
                }
                Some((_, other)) => text.push(other),
                None => break,
            },
            letter => text.push(letter),
        }
    }
    panic!("a text without an end: {}", &code[..code.len().min(80)]);
}

fn literal(code: &str, at: usize, text: String) -> Literal {
    let before = &code[..at];
    let from = before.rfind(['\n', ';']).map_or(0, |from| from + 1);
    let mut before = before[from..].trim().to_owned();
    if before.is_empty() || before == "=" {
        let earlier = code[..at].trim_end();
        let from = earlier.rfind('\n').map_or(0, |from| from + 1);
        earlier[from..].trim().clone_into(&mut before);
    }
    Literal {
        line: code[..at].matches('\n').count() + 1,
        text,
        before,
    }
}

/// A text as the catalogue has it: each place is `{}`.
fn as_phrase(text: &str) -> String {
    let mut phrase = String::new();
    let mut chars = text.chars().peekable();
    while let Some(letter) = chars.next() {
        match letter {
            '{' if chars.peek() == Some(&'{') => {
                chars.next();
                phrase.push('{');
            }
            '}' if chars.peek() == Some(&'}') => {
                chars.next();
                phrase.push('}');
            }
            '{' => {
                for inner in chars.by_ref() {
                    if inner == '}' {
                        break;
                    }
                }
                phrase.push_str("{}");
            }
            letter => phrase.push(letter),
        }
    }
    phrase
}

/// What is said of a command: behind some blanks, or after it in the same sentence.
fn told_of_command(command: &str) -> Option<&str> {
    if let Some((_, told)) = command.split_once("   ") {
        return Some(told.trim_start());
    }
    // Two commands in a row are typed as they are.
    let sentence = [", or ", ", and ", ", if ", ", then ", "; "];
    let told = |between: &&str| {
        let rest = command.split_once(*between).map(|(_, rest)| rest);
        rest.is_some_and(|rest| *between != "; " || !rest.starts_with("regua "))
    };
    sentence.iter().any(told).then_some(command)
}

/// Whether a text is said to people: words of English with blanks between them.
fn is_said(literal: &Literal) -> bool {
    let text = literal.text.trim();
    // A command is typed as it is; what is said of it is not.
    if text.starts_with("regua ") && told_of_command(text).is_none() {
        return false;
    }
    let before = literal.before.as_str();
    let code = [
        "reason =",
        ".expect(",
        "#[",
        "panic!",
        "unreachable!",
        "include_str!",
        "assert",
        "env(",
    ];
    if code.iter().any(|mark| before.contains(mark)) {
        return false;
    }
    let sql = [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "WITH ",
        "CREATE",
        "PRAGMA",
        "ALTER",
        "DROP",
        "FROM ",
        "WHERE ",
        "ORDER BY",
        "JOIN ",
        "LEFT ",
        "VALUES",
        "AND ",
        "OR ",
        "EXISTS",
        "BEGIN",
        "COMMIT",
        "ATTACH",
        "DETACH",
        "VACUUM",
        "REINDEX",
        "ON CONFLICT",
        "UNION",
        "IS NULL",
        "CASE ",
        "NOT ",
        "LIMIT ",
        "GROUP ",
        "SAVEPOINT",
        "RELEASE",
        "ROLLBACK",
    ];
    // `$EDITOR opens` has no `OR ` of its own.
    let own = |at: usize| !text[..at].ends_with(|before: char| before.is_ascii_alphabetic());
    let holds = |word: &&str| text.match_indices(*word).any(|(at, _)| own(at));
    if sql.iter().any(holds) {
        return false;
    }
    let words = text
        .split(|c: char| !(c.is_ascii_lowercase() || c == '\''))
        .filter(|word| word.len() > 1)
        .count();
    text.contains(' ') && words >= 2
}

#[test]
fn every_text_for_people_has_its_portuguese() {
    let catalogue =
        std::fs::read_to_string(root().join("src/view/pt.toml")).expect("the catalogue");
    let catalogue: toml::Table = catalogue.parse().expect("TOML");
    let phrases = catalogue["phrases"].as_table().expect("phrases");
    let mut lacking = Vec::new();
    for source in sources() {
        let Source { path, .. } = &source;
        if NOT_SAID.iter().any(|part| path.starts_with(part)) {
            continue;
        }
        for literal in literals(source.outside_tests()) {
            if !is_said(&literal) {
                continue;
            }
            for line in literal.text.lines().map(|line| as_phrase(line.trim())) {
                if let Some(command) = line.strip_prefix("regua ") {
                    let known = told_of_command(command).is_none_or(|told| {
                        phrases.contains_key(told) || phrases.contains_key(&line)
                    });
                    if !known {
                        lacking.push(format!("{path}:{}: {line}", literal.line));
                    }
                    continue;
                }
                let words = line
                    .split(' ')
                    .filter(|word| word.bytes().all(|b| b.is_ascii_alphabetic()) && word.len() > 1);
                if words.count() >= 2
                    && !phrases.contains_key(&line)
                    && !phrases.contains_key(&as_phrase(literal.text.trim()))
                {
                    lacking.push(format!("{path}:{}: {line}", literal.line));
                }
            }
        }
    }
    assert!(
        lacking.is_empty(),
        "{} texts have no Portuguese in src/view/pt.toml:\n{}",
        lacking.len(),
        lacking.join("\n")
    );
}
