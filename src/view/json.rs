//! JSON as it is written: exact always, and on a terminal with what a terminal would obey as `\uXXXX`,
//! which reads back as the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::harmless;

/// Writes the parts of texts harmlessly, and the rest as another formatter does.
struct Harmless<F>(F);

impl<F> Harmless<F> {
    fn text<W: ?Sized + Write>(writer: &mut W, fragment: &str) -> io::Result<()> {
        if harmless::is_harmless(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for c in fragment.chars() {
            if harmless::is_harmless(c.encode_utf8(&mut [0; 4])) {
                write!(writer, "{c}")?;
            } else {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// Every call of a formatter that the pretty one answers in its own way.
macro_rules! as_the_other {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        Self::text(writer, fragment)
    }

    as_the_other! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }
}

/// Writes a document on one line.
pub(super) fn write(writer: impl Write, value: &impl Serialize, terminal: bool) -> io::Result<()> {
    let written = if terminal {
        let formatter = Harmless(CompactFormatter);
        value.serialize(&mut Serializer::with_formatter(writer, formatter))
    } else {
        serde_json::to_writer(writer, value)
    };
    Ok(written?)
}

/// Writes a document on several lines.
pub(super) fn write_pretty(
    writer: impl Write,
    value: &impl Serialize,
    terminal: bool,
) -> io::Result<()> {
    let written = if terminal {
        let formatter = Harmless(PrettyFormatter::new());
        value.serialize(&mut Serializer::with_formatter(writer, formatter))
    } else {
        serde_json::to_writer_pretty(writer, value)
    };
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn trial_76_json_on_a_terminal_is_harmless_and_the_same() {
        let value =
            json!({"name": "A\u{9b}2J\u{202e}\u{7f}ção \"x\" \u{e0041}\u{1b}", "n": [1, {}]});
        let mut compact = Vec::new();
        write(&mut compact, &value, true).expect("a document");
        let mut pretty = Vec::new();
        write_pretty(&mut pretty, &value, true).expect("a document");
        for bytes in [compact, pretty] {
            let text = String::from_utf8(bytes).expect("UTF-8");
            assert!(harmless::is_harmless(&text), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        }
        let mut exact = Vec::new();
        write(&mut exact, &value, false).expect("a document");
        assert_eq!(exact, serde_json::to_vec(&value).expect("a document"));
    }
}
