//! What is said, as lines of JSON on standard error: for journals and those who gather them.

use std::io::{self, Write as _};

use serde_json::{Map, Value, json};

use super::{Stamp, harmless, language};
use crate::error::Error;

/// A text in the language of the run, harmless whatever it tells of.
fn said(text: &str) -> Value {
    let said = language::said(text);
    Value::from(harmless::line(&said).as_ref())
}

/// Writes one line: the instant, the level, the message, and what `add` puts in besides; nobody can be told
/// when standard error is gone.
pub(super) fn write(
    stamp: Stamp,
    level: &str,
    message: &str,
    add: impl FnOnce(&mut Map<String, Value>),
) {
    let mut line = Map::new();
    line.insert("at".to_owned(), json!(stamp()));
    line.insert("level".to_owned(), json!(level));
    line.insert("message".to_owned(), said(message.trim()));
    add(&mut line);
    let _ = writeln!(io::stderr().lock(), "{}", Value::Object(line));
}

/// What else an error tells: where, what is wrong, what to try, and the exit code.
pub(super) fn parts(line: &mut Map<String, Value>, error: &Error) {
    let all = |texts: Vec<String>| -> Value { texts.iter().map(|text| said(text)).collect() };
    if let Some(place) = &error.place {
        line.insert("place".to_owned(), said(place));
    }
    if !error.flaws.is_empty() {
        let say = |text: &str| language::said(text).into_owned();
        let flaws = error.flaws.iter().map(|flaw| flaw.said(&say));
        line.insert("flaws".to_owned(), all(flaws.collect()));
    }
    if !error.hints.is_empty() {
        line.insert("try".to_owned(), all(error.hints.clone()));
    }
    line.insert("exit_code".to_owned(), json!(error.kind.exit_code()));
}
