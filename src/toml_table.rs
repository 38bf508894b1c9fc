//! Reads TOML key by key, remembering where each stood, so that every flaw is told at once with its line.

use std::cell::RefCell;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::text::nfc;
use crate::error::{Flaw, Result, did_you_mean};

/// One TOML file being read: its flaws collect here.
pub struct Sheet<'a> {
    file: String,
    text: &'a str,
    /// Where its lines end: a file of many tables asks for a line for each of them.
    ends: Vec<usize>,
    flaws: RefCell<Vec<(usize, Flaw)>>,
}

impl<'a> Sheet<'a> {
    /// A file's text; `file` names it in every flaw.
    pub fn new(file: impl Into<String>, text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            file: file.into(),
            text,
            ends: text.match_indices('\n').map(|(at, _)| at).collect(),
            flaws: RefCell::new(Vec::new()),
        }
    }

    /// The top-level table; none when the text is not TOML (which is then among the flaws).
    pub fn parse(&self) -> Option<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = error.span().map_or(1, |span| self.line(span.start));
            let flaw = Flaw::at(
                format!("{}:{line}", self.file),
                error.message().to_owned(),
                "write it as TOML",
            );
            self.flaws.borrow_mut().push((line, flaw));
        }
        errors.is_empty().then(|| table.into_inner())
    }

    /// The line (from 1) of a byte of the text.
    pub fn line(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end < at) + 1
    }

    /// The file's name, as flaws give it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Notes a flaw at a line.
    pub fn wrong(
        &self,
        line: usize,
        key: &str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let flaw = Flaw::of(key, found, remedy).within(format!("{}:{line}", self.file));
        self.flaws.borrow_mut().push((line, flaw));
    }

    /// Everything that was wrong, in the order of the lines, whatever was read first.
    pub fn into_flaws(self) -> Vec<Flaw> {
        let mut flaws = self.flaws.into_inner();
        flaws.sort_by_key(|(line, _)| *line);
        flaws.into_iter().map(|(_, flaw)| flaw).collect()
    }
}

/// One table of a sheet, read key by key.
pub struct Section<'s, 'a> {
    sheet: &'s Sheet<'a>,
    table: &'s DeTable<'a>,
    path: String,
    line: usize,
    known: RefCell<Vec<&'static str>>,
    /// Keys that were read by whatever name they have.
    named: RefCell<Vec<String>>,
}

impl<'s, 'a> Section<'s, 'a> {
    /// The top-level table of a sheet.
    pub fn top(sheet: &'s Sheet<'a>, table: &'s DeTable<'a>) -> Self {
        Self::new(sheet, table, String::new(), 1)
    }

    fn new(sheet: &'s Sheet<'a>, table: &'s DeTable<'a>, path: String, line: usize) -> Self {
        Self {
            sheet,
            table,
            path,
            line,
            known: RefCell::new(Vec::new()),
            named: RefCell::default(),
        }
    }

    /// The line where this table begins.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The file and the line where this table begins: `rules.toml:12`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.sheet.file, self.line)
    }

    /// The name of a key of this table with everything above it.
    pub fn full(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn get(&self, key: &'static str) -> Option<&'s Spanned<DeValue<'a>>> {
        self.known.borrow_mut().push(key);
        self.table.get(key)
    }

    /// A text that is not empty, under a key that is named elsewhere than in this program.
    pub fn named(&self, key: &str) -> Option<String> {
        self.named.borrow_mut().push(key.to_owned());
        let value = self.table.get(key)?.get_ref();
        let text = value.as_str().map(normal);
        if text.as_deref().is_none_or(|text| text.trim().is_empty()) {
            self.wrong(
                key,
                format!("found {}", describe(value)),
                "write a text in quotes",
            );
            return None;
        }
        text
    }

    /// Whether the key stands here at all.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Whether a key that is named elsewhere than in this program stands here.
    pub fn holds(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The line of a key; this table's own line when the key is absent.
    pub fn line_of(&self, key: &str) -> usize {
        self.table
            .get(key)
            .map_or(self.line, |value| self.sheet.line(value.span().start))
    }

    /// Notes a flaw with a key of this table.
    pub fn wrong(&self, key: &str, found: impl Into<String>, remedy: impl Into<String>) {
        self.sheet
            .wrong(self.line_of(key), &self.full(key), found, remedy);
    }

    /// Notes a flaw with this table as a whole.
    pub fn wrong_here(&self, found: impl Into<String>, remedy: impl Into<String>) {
        self.sheet.wrong(self.line, &self.path, found, remedy);
    }

    fn of_type<T>(
        &self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&'s DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let found = read(value.get_ref());
        if found.is_none() {
            self.wrong(key, format!("found {}", describe(value.get_ref())), wanted);
        }
        found
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<String> {
        self.of_type(key, "write a text in quotes", |v| v.as_str().map(normal))
    }

    /// A text where another type would be fine too.
    pub fn text_if(&self, key: &'static str) -> Option<String> {
        self.get(key)?.get_ref().as_str().map(normal)
    }

    /// True or false where another type would be fine too.
    pub fn flag_if(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.get_ref().as_bool()
    }

    /// A text that is not empty.
    pub fn filled(&self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        if text.trim().is_empty() {
            self.wrong(
                key,
                "found an empty text",
                "fill it in or leave the key out",
            );
            return None;
        }
        Some(text)
    }

    /// A whole number within a range.
    pub fn number(&self, key: &'static str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let wanted = format!(
            "write a whole number from {} to {}",
            range.start(),
            range.end()
        );
        self.of_type(key, &wanted, |v| integer(v).filter(|n| range.contains(n)))
    }

    /// True or false.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        self.of_type(key, "write true or false", DeValue::as_bool)
    }

    /// A list of texts.
    pub fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.of_type(key, "write a list of texts: [\"a\", \"b\"]", |v| {
            v.as_array()?
                .iter()
                .map(|item| item.get_ref().as_str().map(normal))
                .collect()
        })
    }

    /// A list of whole numbers.
    pub fn numbers(&self, key: &'static str) -> Option<Vec<i64>> {
        self.of_type(key, "write a list of whole numbers: [1, 2]", |v| {
            v.as_array()?
                .iter()
                .map(|item| integer(item.get_ref()))
                .collect()
        })
    }

    /// One of a closed set of words.
    pub fn word<W: crate::domain::words::Word>(&self, key: &'static str) -> Option<W> {
        let text = self.text(key)?;
        let word = W::parse(&text);
        if word.is_none() {
            self.wrong(
                key,
                format!("found `{text}`"),
                format!("write one of: {}", W::accepted()),
            );
        }
        word
    }

    /// A list of words of a closed set.
    pub fn words<W: crate::domain::words::Word>(&self, key: &'static str) -> Option<Vec<W>> {
        let mut words = Vec::new();
        for text in self.texts(key)? {
            match W::parse(&text) {
                Some(word) => words.push(word),
                None => self.wrong(
                    key,
                    format!("found `{text}`"),
                    format!("write some of: {}", W::accepted()),
                ),
            }
        }
        Some(words)
    }

    /// A table under a key.
    pub fn section(&self, key: &'static str) -> Option<Section<'s, 'a>> {
        let line = self.line_of(key);
        let table = self.of_type(key, &format!("write a table: [{}]", self.full(key)), |v| {
            v.as_table()
        })?;
        Some(Section::new(self.sheet, table, self.full(key), line))
    }

    /// The tables of an array of tables (`[[key]]`).
    pub fn sections(&self, key: &'static str) -> Vec<Section<'s, 'a>> {
        let Some(array) = self.of_type(
            key,
            &format!("write a table for each: [[{}]]", self.full(key)),
            |v| v.as_array(),
        ) else {
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|item| {
                let line = self.sheet.line(item.span().start);
                let Some(table) = item.get_ref().as_table() else {
                    self.wrong(
                        key,
                        format!("found {}", describe(item.get_ref())),
                        format!("write a table for each: [[{}]]", self.full(key)),
                    );
                    return None;
                };
                Some(Section::new(self.sheet, table, self.full(key), line))
            })
            .collect()
    }

    /// Every key of this table with a text value (headers, names); other values are flaws.
    pub fn pairs(&self) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        for (key, value) in self.table {
            match value.get_ref().as_str() {
                Some(text) => {
                    pairs.insert(normal(key.get_ref()), normal(text));
                }
                None => self.wrong(
                    key.get_ref(),
                    format!("found {}", describe(value.get_ref())),
                    "write a text in quotes",
                ),
            }
        }
        pairs
    }

    /// Every table under this one, whatever its name, each with it; other values are flaws.
    pub fn tables(&self) -> Vec<(String, Self)> {
        let mut tables = Vec::new();
        for (key, value) in self.table {
            self.named.borrow_mut().push(key.get_ref().to_string());
            let name = normal(key.get_ref());
            let line = self.sheet.line(value.span().start);
            match value.get_ref().as_table() {
                Some(table) => {
                    let path = self.full(&name);
                    tables.push((name, Section::new(self.sheet, table, path, line)));
                }
                None => self.wrong(
                    key.get_ref(),
                    format!("found {}", describe(value.get_ref())),
                    format!("write a table: [{}]", self.full(&name)),
                ),
            }
        }
        tables
    }

    /// Every key of this table with a list of texts; other values are flaws.
    pub fn lists(&self) -> BTreeMap<String, Vec<String>> {
        let mut lists = BTreeMap::new();
        for (key, value) in self.table {
            let texts = value.get_ref().as_array().and_then(|items| {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(normal));
                texts.collect::<Option<Vec<_>>>()
            });
            match texts {
                Some(texts) => {
                    lists.insert(normal(key.get_ref()), texts);
                }
                None => self.wrong(
                    key.get_ref(),
                    format!("found {}", describe(value.get_ref())),
                    "write a list of texts: [\"a\", \"b\"]",
                ),
            }
        }
        lists
    }

    /// Ends the reading: every key that nobody asked for is a flaw.
    pub fn finish(self) {
        let known = self.known.borrow();
        for (key, value) in self.table {
            let asked = self.named.borrow().iter().any(|k| k == key.get_ref());
            if !asked && !known.iter().any(|k| *k == key.get_ref()) {
                let remedy =
                    did_you_mean(key.get_ref(), known.iter().copied()).unwrap_or_else(|| {
                        let mut names = known.clone();
                        names.sort_unstable();
                        names.dedup();
                        format!("known here: {}", names.join(", "))
                    });
                self.sheet.wrong(
                    self.sheet.line(value.span().start),
                    &self.full(key.get_ref()),
                    "is not a known key",
                    remedy,
                );
            }
        }
    }
}

/// A text in the form in which texts are kept, however its accents were typed.
fn normal(text: &str) -> String {
    nfc(text).into_owned()
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A value as a flaw quotes it.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => format!("{flag}"),
        DeValue::Datetime(when) => format!("the date {when}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Reads a whole file with `read`; any flaw refuses all of it.
pub fn read_whole<T>(
    file: &str,
    text: &str,
    what: &str,
    read: impl FnOnce(&Section<'_, '_>) -> T,
) -> Result<T> {
    let sheet = Sheet::new(file, text);
    let mut value = None;
    if let Some(table) = sheet.parse() {
        let top = Section::top(&sheet, &table);
        value = Some(read(&top));
        top.finish();
    }
    let flaws = sheet.into_flaws();
    match value {
        Some(value) if flaws.is_empty() => Ok(value),
        _ => Err(crate::error::Error::flaws(what, flaws)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_flaws_are_told_with_their_lines() {
        let text = "name = 3\n[push]\nworkrs = 2\nworkers = 0\n";
        let error = read_whole(
            "c.toml",
            text,
            "the configuration is not acceptable",
            |top| {
                top.text("name");
                if let Some(push) = top.section("push") {
                    push.number("workers", 1..=512);
                    push.finish();
                }
            },
        )
        .expect_err("three problems");
        let told: Vec<String> = error.flaws.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "c.toml:1: name: found the number 3, write a text in quotes",
                "c.toml:3: push.workrs: is not a known key, did you mean `workers`?",
                "c.toml:4: push.workers: found the number 0, write a whole number from 1 to 512",
            ]
        );
    }
}
