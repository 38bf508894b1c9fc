//! One cell as an ERP exports it: what its column may hold, and how it is read.

use std::borrow::Cow;

use chrono::{Datelike as _, NaiveDate};

use super::money::{self, Money};
use super::phone::{self, Phone};
use super::template::unknown_variables;
use super::text::nfc;
use super::words::{Word, YES_NO_ACCEPTED, parse_yes_no};
use super::{day, tax_id};
use crate::clock::{self, Now};

/// What a cell of a column holds.
#[derive(Debug, Clone, Copy)]
pub enum CellType {
    /// A whole number that names something.
    Id,
    /// Any text, for people.
    Text,
    /// A text that machines read: kept byte for byte.
    Code,
    /// A day.
    Day,
    /// A day of birth, which has been.
    Birth,
    /// A day up to which something holds, perhaps for ever.
    Until,
    /// An instant.
    Instant,
    /// An amount.
    Money,
    /// Yes or no, with the value of an empty cell.
    YesNo(bool),
    /// A phone.
    Phone,
    /// A CPF or CNPJ.
    TaxId,
    /// Two letters that name a state.
    State,
    /// Texts separated by `|`.
    List,
    /// Ids separated by `|`.
    Ids,
    /// A text that may write the variables of templates.
    Wording,
    /// One of a closed set of words.
    Word(Vocabulary),
}

impl CellType {
    /// Whether it holds only ids, amounts, instants and words of ours, which tell of nobody.
    pub(super) const fn of_nobody(self) -> bool {
        matches!(
            self,
            Self::Id | Self::Ids | Self::Instant | Self::Money | Self::YesNo(_) | Self::Word(_)
        )
    }

    /// Whether an empty cell may stand for one that cannot be read: it decides neither what is owed nor whether
    /// somebody is written to.
    pub const fn may_be_emptied(self) -> bool {
        !matches!(
            self,
            Self::Id | Self::Ids | Self::Money | Self::YesNo(_) | Self::Word(_) | Self::Until
        )
    }
}

/// A closed set of words as a column sees it.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    parse: fn(&str) -> Option<&'static str>,
    accepted: fn() -> String,
    /// What an empty cell means; none: no value.
    empty: Option<&'static str>,
}

pub(super) const fn words<W: Word>(empty: Option<&'static str>) -> CellType {
    CellType::Word(Vocabulary {
        parse: |text| W::parse(text).map(W::as_str),
        accepted: W::accepted,
        empty,
    })
}

/// The states of Brazil and the federal district, by the two letters that the IBGE gives them.
const STATES: [&str; 27] = [
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE",
    "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
];

/// One column of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in files and in the database.
    pub name: &'static str,
    /// What its cells hold.
    pub cell: CellType,
    /// Whether its value tells of one client, so that their erasure takes it away.
    pub personal: bool,
    /// Whether a new row needs it and no row may clear it.
    pub required: bool,
    /// The kind whose ids it holds.
    pub refers: Option<&'static str>,
    /// A file must say it; the ERP's web service may answer a code that nobody knows, and then it stays empty.
    pub source_may_lack: bool,
}

/// A cell read and found good, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A number, a yes or no, cents, milliseconds.
    Integer(i64),
    /// A text, a day, a word.
    Text(String),
}

/// A cell that cannot be taken: what is accepted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unacceptable {
    /// What was found, quoted.
    pub found: String,
    /// What is accepted.
    pub accepted: String,
}

/// The longest text that an error quotes, in characters.
const QUOTED: usize = 60;

/// What exports write where there is no value, and spreadsheets where a formula found none.
const NO_VALUE: [&str; 8] = [
    "NULL", "null", "\\N", "#N/D", "#N/A", "#N/DISP", "#NULO!", "#NULL!",
];

/// What spreadsheets write where a formula failed.
const FAILED: [&str; 9] = [
    "#REF!", "#VALOR!", "#VALUE!", "#NOME?", "#NAME?", "#DIV/0!", "#NÚM!", "#NUM!", "########",
];

/// The last year that is believed of a day.
const LAST_YEAR: i32 = 2199;

fn quoted(text: &str) -> String {
    if text.chars().count() > QUOTED {
        let start: String = text.chars().take(QUOTED).collect();
        format!("`{start}…`")
    } else {
        format!("`{text}`")
    }
}

/// Reads one cell of a column; `now` is where a date-time without offset counts, and what has been.
pub fn read(column: &Column, text: &str, now: &Now) -> Result<Value, Unacceptable> {
    let text = text.trim();
    let refused = |accepted: &str| {
        Err(Unacceptable {
            found: format!("found {}", quoted(text)),
            accepted: format!("accepted: {accepted}"),
        })
    };
    if text.contains('\0') {
        return refused("text without NUL characters");
    }
    // Each of these words begins as hardly any cell does.
    let may_be_none = matches!(text.bytes().next(), None | Some(b'N' | b'n' | b'\\' | b'#'));
    if text.is_empty() || may_be_none && NO_VALUE.contains(&text) {
        return read_empty(column);
    }
    if may_be_none && FAILED.contains(&text) {
        return refused(&format!(
            "{}; a formula of the spreadsheet failed",
            accepted(&column.cell)
        ));
    }
    let peeled = peeled(text);
    if rounded(&peeled) {
        return refused(
            "the number itself: the spreadsheet rounded it; format the column as text before saving",
        );
    }
    let peeled = peeled.trim();
    if peeled.is_empty() {
        return read_empty(column);
    }
    match filled(column, peeled, now) {
        Some(Value::Null) if column.required => refused(&accepted(&column.cell)),
        Some(value) => Ok(value),
        None => refused(&accepted(&column.cell)),
    }
}

/// A cell without what spreadsheets put around a text so that it stays one: `="000123"`, `'0019`,
/// and the apostrophe before a text that would be a formula, or a telephone number.
pub fn peeled(text: &str) -> Cow<'_, str> {
    if !text.starts_with(['=', '\'']) {
        return Cow::Borrowed(text);
    }
    let formula = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"'));
    if let Some(inner) = formula {
        return if inner.contains("\"\"") {
            Cow::Owned(inner.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(inner)
        };
    }
    let forced = text
        .strip_prefix('\'')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || "=+-@(".contains(c)));
    Cow::Borrowed(forced.unwrap_or(text))
}

/// Whether a number stands in E-notation, as spreadsheets write a long code: its digits are gone.
fn rounded(text: &str) -> bool {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let Some(at) = text.bytes().position(|byte| matches!(byte, b'E' | b'e')) else {
        return false;
    };
    let (number, exponent) = (&text[..at], &text[at + 1..]);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa = match number.split_once([',', '.']) {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(number),
    };
    mantissa && exponent.strip_prefix(['+', '-']).is_some_and(digits)
}

/// The value of a cell that is not empty; none when it is not one of the column's.
fn filled(column: &Column, text: &str, now: &Now) -> Option<Value> {
    match column.cell {
        CellType::Id => match text.parse::<i64>() {
            // Ids of other things: the ERP writes 0 for none.
            Ok(0) if column.refers.is_some() && !column.required => Some(Value::Null),
            Ok(id) if id > 0 => Some(Value::Integer(id)),
            _ => None,
        },
        CellType::Text => Some(Value::Text(nfc(text).into_owned())),
        CellType::Code => Some(Value::Text(text.to_owned())),
        CellType::Day => read_day(text, |day| day.year() <= LAST_YEAR),
        CellType::Birth => read_day(text, |day| day <= now.today),
        CellType::Until => read_day(text, |_| true),
        CellType::Instant => read_instant(text, now),
        CellType::Money => Money::parse(text).map(|money| Value::Integer(money.cents())),
        CellType::YesNo(_) => parse_yes_no(text).map(|yes| Value::Integer(i64::from(yes))),
        CellType::Phone => Some(Value::Text(Phone::kept(text))),
        CellType::TaxId => tax_id::parse(text).map(Value::Text),
        CellType::State => read_state(text),
        CellType::List => Some(read_list(&nfc(text))),
        CellType::Ids => read_ids(text),
        CellType::Wording => {
            let text = nfc(text);
            let known = unknown_variables(&text).is_empty();
            known.then(|| Value::Text(text.into_owned()))
        }
        CellType::Word(vocabulary) => {
            (vocabulary.parse)(text).map(|word| Value::Text(word.to_owned()))
        }
    }
}

/// A day that is believed; null for the days that mean none.
fn read_day(text: &str, believed: impl Fn(NaiveDate) -> bool) -> Option<Value> {
    match day::of_cell(text)? {
        None => Some(Value::Null),
        Some(day) => (day.year() >= 1900 && believed(day)).then(|| Value::Text(day::kept(day))),
    }
}

/// An instant; a day alone is its beginning.
fn read_instant(text: &str, now: &Now) -> Option<Value> {
    let instant = match day::parse(text) {
        Some(None) => return Some(Value::Null),
        Some(Some(day)) => clock::start_of(now.zone, day),
        None => clock::instant_from(text, now.zone).or_else(|| {
            // 20/11/2026 19:45:10, as Brazil's screens write it.
            let (day, time) = text.split_once(' ')?;
            let day = day::parse(day)??;
            clock::instant_from(&format!("{day} {time}"), now.zone)
        })?,
    };
    // Before that stand only the zeros of clocks.
    Some(if instant.year() < 1900 {
        Value::Null
    } else {
        Value::Integer(instant.timestamp_millis())
    })
}

/// What an empty cell of a column means.
fn read_empty(column: &Column) -> Result<Value, Unacceptable> {
    match column.cell {
        CellType::Word(Vocabulary {
            empty: Some(word), ..
        }) => Ok(Value::Text(word.to_owned())),
        _ if column.required => Err(Unacceptable {
            found: "is empty".to_owned(),
            accepted: format!("accepted: {}", accepted(&column.cell)),
        }),
        CellType::YesNo(default) => Ok(Value::Integer(i64::from(default))),
        _ => Ok(Value::Null),
    }
}

/// The two letters of a state, in capitals.
fn read_state(text: &str) -> Option<Value> {
    let letters = text.to_ascii_uppercase();
    STATES
        .contains(&letters.as_str())
        .then_some(Value::Text(letters))
}

/// Texts separated by `|`, those that hold nothing left out.
fn read_list(text: &str) -> Value {
    let items = text.split('|').map(str::trim);
    let items: Vec<&str> = items.filter(|item| !item.is_empty()).collect();
    if items.is_empty() {
        Value::Null
    } else {
        Value::Text(items.join("|"))
    }
}

/// Ids separated by `|`; none when one of them is no id.
fn read_ids(text: &str) -> Option<Value> {
    let list = read_list(text);
    let Value::Text(ids) = &list else {
        return Some(list);
    };
    let all = ids
        .split('|')
        .all(|id| id.parse().is_ok_and(|id: i64| id > 0));
    all.then_some(list)
}

/// What a cell of this type may hold, for an error's remedy.
fn accepted(cell: &CellType) -> String {
    match cell {
        CellType::Id => "a whole number from 1".to_owned(),
        CellType::Text | CellType::Code => "a text".to_owned(),
        CellType::Day | CellType::Until => day::ACCEPTED.to_owned(),
        CellType::Birth => format!("{}, from 1900 until today", day::ACCEPTED),
        CellType::Instant => "2026-11-21T09:00:00-03:00, or without offset".to_owned(),
        CellType::Money => format!("an amount such as {}", money::ACCEPTED),
        CellType::YesNo(_) => YES_NO_ACCEPTED.to_owned(),
        CellType::Phone => phone::ACCEPTED.to_owned(),
        CellType::TaxId => tax_id::ACCEPTED.to_owned(),
        CellType::State => "the two letters of a state, such as SC".to_owned(),
        CellType::List => "texts separated by |".to_owned(),
        CellType::Ids => "whole numbers from 1, separated by |".to_owned(),
        CellType::Wording => {
            "a text with the variables of `regua template variables`; ## writes one #".to_owned()
        }
        CellType::Word(vocabulary) => (vocabulary.accepted)(),
    }
}
