//! The book: the kinds of facts mirrored from the ERP, their columns, and what each cell may hold.

use chrono_tz::Tz;

use super::money::{self, Money};
use super::phone::{self, Phone};
use super::words::{
    AccessStatus, AddressKind, Author, Channel, ContractStatus, InvoiceStatus, Online, PersonType,
    Purpose, Word, YES_NO_ACCEPTED, parse_yes_no,
};
use super::{day, tax_id};
use crate::clock;

/// What a cell of a column holds.
#[derive(Debug, Clone, Copy)]
pub enum CellType {
    /// A whole number that names something.
    Id,
    /// Any text.
    Text,
    /// A day.
    Day,
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
    /// One of a closed set of words.
    Word(Vocabulary),
}

/// A closed set of words as a column sees it.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    parse: fn(&str) -> Option<&'static str>,
    accepted: fn() -> String,
    /// What an empty cell means; none: no value.
    empty: Option<&'static str>,
}

const fn words<W: Word>(empty: Option<&'static str>) -> CellType {
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
    /// Whether a new row needs it and no row may clear it.
    pub required: bool,
    /// The kind whose ids it holds.
    pub refers: Option<&'static str>,
    /// A file must say it; the ERP's web service may answer a code that nobody knows, and then it stays empty.
    pub source_may_lack: bool,
}

/// One kind of facts.
#[derive(Debug)]
pub struct Kind {
    /// Its name on the command line and of its files.
    pub name: &'static str,
    /// Its table in the database.
    pub table: &'static str,
    /// How many of its first columns are the key.
    pub key: usize,
    /// Its columns.
    pub columns: &'static [Column],
}

const fn column(name: &'static str, cell: CellType) -> Column {
    Column {
        name,
        cell,
        required: false,
        refers: None,
        source_may_lack: false,
    }
}

const fn required(name: &'static str, cell: CellType) -> Column {
    Column {
        required: true,
        ..column(name, cell)
    }
}

const fn of(kind: &'static str, column: Column) -> Column {
    Column {
        refers: Some(kind),
        ..column
    }
}

const YES: CellType = CellType::YesNo(true);
const NO: CellType = CellType::YesNo(false);

/// Every kind, each after those it refers to.
pub static KINDS: [Kind; 9] = [
    Kind {
        name: "clients",
        table: "client",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            required("name", CellType::Text),
            required("person_type", words::<PersonType>(None)),
            column("active", YES),
            column("birth_date", CellType::Day),
            column("mobile", CellType::Phone),
            column("whatsapp", CellType::Phone),
            column("phone", CellType::Phone),
            column("work_phone", CellType::Phone),
            column("email", CellType::Text),
            column("tax_id", CellType::TaxId),
            column("street", CellType::Text),
            column("number", CellType::Text),
            column("complement", CellType::Text),
            column("district", CellType::Text),
            column("city", CellType::Text),
            column("state", CellType::State),
            column("zip", CellType::Text),
            column("branch", CellType::Text),
            column("app_first_access_on", CellType::Day),
            column("in_collection", YES),
            column("in_reminders", YES),
            column("sms_allowed", YES),
            column("email_allowed", YES),
        ],
    },
    Kind {
        name: "contracts",
        table: "contract",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            of("clients", required("client_id", CellType::Id)),
            column("plan", CellType::Text),
            required("status", words::<ContractStatus>(None)),
            Column {
                source_may_lack: true,
                ..required("access_status", words::<AccessStatus>(None))
            },
            column("activated_on", CellType::Day),
            column("branch", CellType::Text),
            column("seller", CellType::Text),
            column("city", CellType::Text),
            column("district", CellType::Text),
            column("payment_method", CellType::Text),
            column("notice_hold_until", CellType::Day),
        ],
    },
    Kind {
        name: "invoices",
        table: "invoice",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            of("clients", required("client_id", CellType::Id)),
            of("contracts", column("contract_id", CellType::Id)),
            column("number", CellType::Text),
            column("portfolio", CellType::Text),
            column("issued_on", CellType::Day),
            required("due_on", CellType::Day),
            required("amount", CellType::Money),
            column("open_amount", CellType::Money),
            required("status", words::<InvoiceStatus>(None)),
            column("settled_on", CellType::Day),
            column("released", YES),
            column("awaiting_confirmation", NO),
            column("digitable_line", CellType::Text),
            column("pix_code", CellType::Text),
            column("payment_url", CellType::Text),
            column("payment_method", CellType::Text),
            column("bureau_listed_on", CellType::Day),
            column("bureau_removed_on", CellType::Day),
        ],
    },
    Kind {
        name: "logins",
        table: "login",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            of("clients", required("client_id", CellType::Id)),
            of("contracts", column("contract_id", CellType::Id)),
            required("username", CellType::Text),
            column("active", YES),
            column("online", words::<Online>(Some("unknown"))),
            column("ip", CellType::Text),
            column("concentrator", CellType::Text),
            column("pop", CellType::Text),
            column("box", CellType::Text),
            column("last_online_at", CellType::Instant),
        ],
    },
    Kind {
        name: "devices",
        table: "device",
        key: 1,
        columns: &[
            required("address", CellType::Text),
            column("address_kind", words::<AddressKind>(Some("token"))),
            of("clients", required("client_id", CellType::Id)),
            column("platform", CellType::Text),
            column("logged_in", YES),
            column("notifications_enabled", YES),
            column("last_seen_at", CellType::Instant),
        ],
    },
    Kind {
        name: "staff",
        table: "staff",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            required("name", CellType::Text),
            column("email", CellType::Text),
            column("mobile", CellType::Phone),
            column("chat", CellType::Text),
            column("teams", CellType::List),
            column("ticket_manager", NO),
            column("notify_replies", NO),
            column("notify_workflow", NO),
            column("active", YES),
        ],
    },
    Kind {
        name: "topics",
        table: "topic",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            required("name", CellType::Text),
            of("topics", column("parent_id", CellType::Id)),
            column("teams", CellType::List),
            column("alert_text", CellType::Text),
            column("alert_staff", CellType::List),
        ],
    },
    Kind {
        name: "tickets",
        table: "ticket",
        key: 1,
        columns: &[
            required("id", CellType::Id),
            of("clients", column("client_id", CellType::Id)),
            of("topics", column("topic_id", CellType::Id)),
            of("topics", column("subtopic_id", CellType::Id)),
            column("title", CellType::Text),
            column("status", CellType::Text),
            column("priority", CellType::Text),
            of("staff", column("responsible_id", CellType::Id)),
            column("opened_by", words::<Author>(None)),
            column("visible_to_client", NO),
            column("opened_at", CellType::Instant),
        ],
    },
    Kind {
        name: "opt-outs",
        table: "opt_out",
        key: 3,
        columns: &[
            of("clients", required("client_id", CellType::Id)),
            column("channel", words::<Channel>(Some(""))),
            column("purpose", words::<Purpose>(Some(""))),
            column("since", CellType::Day),
            column("source", CellType::Text),
        ],
    },
];

impl Kind {
    /// The kind of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The names of all kinds.
    pub fn names() -> Vec<&'static str> {
        KINDS.iter().map(|kind| kind.name).collect()
    }

    /// Where a column of that name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
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

fn quoted(text: &str) -> String {
    if text.chars().count() > QUOTED {
        let start: String = text.chars().take(QUOTED).collect();
        format!("`{start}…`")
    } else {
        format!("`{text}`")
    }
}

/// Reads one cell of a column; `zone` is where a date-time without offset counts.
pub fn read(column: &Column, text: &str, zone: Tz) -> Result<Value, Unacceptable> {
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
    if text.is_empty() {
        return read_empty(column);
    }
    filled(column, text, zone).map_or_else(|| refused(&accepted(&column.cell)), Ok)
}

/// The value of a cell that is not empty; none when it is not one of the column's.
fn filled(column: &Column, text: &str, zone: Tz) -> Option<Value> {
    match column.cell {
        CellType::Id => match text.parse::<i64>() {
            // Ids of other things: the ERP writes 0 for none.
            Ok(0) if column.refers.is_some() && !column.required => Some(Value::Null),
            Ok(id) if id > 0 => Some(Value::Integer(id)),
            _ => None,
        },
        CellType::Text => Some(Value::Text(text.to_owned())),
        CellType::Day => match day::parse(text) {
            Some(Some(day)) => Some(Value::Text(day.to_string())),
            Some(None) if !column.required => Some(Value::Null),
            _ => None,
        },
        CellType::Instant => match day::parse(text) {
            Some(None) => Some(Value::Null),
            Some(Some(day)) => Some(Value::Integer(
                clock::start_of(zone, day).timestamp_millis(),
            )),
            None => clock::instant_from(text, zone)
                .map(|instant| Value::Integer(instant.timestamp_millis())),
        },
        CellType::Money => Money::parse(text).map(|money| Value::Integer(money.cents())),
        CellType::YesNo(_) => parse_yes_no(text).map(|yes| Value::Integer(i64::from(yes))),
        CellType::Phone => Phone::parse(text).map(|phone| Value::Text(phone.as_str().to_owned())),
        CellType::TaxId => tax_id::parse(text).map(Value::Text),
        CellType::State => read_state(text),
        CellType::List => Some(read_list(text)),
        CellType::Word(vocabulary) => {
            (vocabulary.parse)(text).map(|word| Value::Text(word.to_owned()))
        }
    }
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

/// What a cell of this type may hold, for an error's remedy.
fn accepted(cell: &CellType) -> String {
    match cell {
        CellType::Id => "a whole number from 1".to_owned(),
        CellType::Text => "a text".to_owned(),
        CellType::Day => day::ACCEPTED.to_owned(),
        CellType::Instant => "2026-11-21T09:00:00-03:00, or without offset".to_owned(),
        CellType::Money => format!("an amount such as {}", money::ACCEPTED),
        CellType::YesNo(_) => YES_NO_ACCEPTED.to_owned(),
        CellType::Phone => phone::ACCEPTED.to_owned(),
        CellType::TaxId => tax_id::ACCEPTED.to_owned(),
        CellType::State => "the two letters of a state, such as SC".to_owned(),
        CellType::List => "texts separated by |".to_owned(),
        CellType::Word(vocabulary) => (vocabulary.accepted)(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(kind: &str, column: &str, text: &str) -> Result<Value, Unacceptable> {
        let kind = Kind::named(kind).expect("a kind");
        let column = &kind.columns[kind.position(column).expect("a column")];
        read(column, text, chrono_tz::America::Sao_Paulo)
    }

    #[test]
    fn an_erp_export_reads_as_it_is() {
        let text = |t: &str| Ok(Value::Text(t.to_owned()));
        assert_eq!(cell("clients", "person_type", "F"), text("individual"));
        assert_eq!(cell("clients", "active", ""), Ok(Value::Integer(1)));
        assert_eq!(cell("clients", "active", "N"), Ok(Value::Integer(0)));
        assert_eq!(cell("clients", "birth_date", "0000-00-00"), Ok(Value::Null));
        assert_eq!(
            cell("clients", "mobile", "(49) 99999-0001"),
            text("+5549999990001")
        );
        assert_eq!(
            cell("invoices", "amount", "R$ 99,90"),
            Ok(Value::Integer(9990))
        );
        assert_eq!(cell("invoices", "due_on", "10/12/2026"), text("2026-12-10"));
        assert_eq!(cell("invoices", "contract_id", "0"), Ok(Value::Null));
        assert_eq!(cell("contracts", "access_status", "CA"), text("auto_block"));
        assert_eq!(cell("logins", "online", ""), text("unknown"));
        assert_eq!(cell("opt-outs", "channel", ""), text(""));
        assert_eq!(
            cell("staff", "teams", "SAC | Suporte|"),
            text("SAC|Suporte")
        );
        assert_eq!(
            cell("tickets", "opened_at", "2026-11-21 10:00"),
            Ok(Value::Integer(1_795_266_000_000))
        );
    }

    #[test]
    fn what_cannot_be_taken_says_what_is_accepted() {
        for (kind, column, text) in [
            ("invoices", "amount", "1.234"),
            ("invoices", "due_on", "2026-02-30"),
            ("invoices", "due_on", "0000-00-00"),
            ("clients", "id", "x"),
            ("clients", "id", "0"),
            ("clients", "name", ""),
            ("clients", "mobile", "não tem"),
            ("contracts", "status", "Z"),
        ] {
            let refused = cell(kind, column, text).expect_err(text);
            assert!(refused.accepted.starts_with("accepted: "), "{refused:?}");
        }
    }

    #[test]
    fn every_kind_stands_after_those_it_refers_to() {
        for (i, kind) in KINDS.iter().enumerate() {
            for column in kind.columns {
                if let Some(refers) = column.refers {
                    let at = KINDS.iter().position(|k| k.name == refers).expect("a kind");
                    assert!(at <= i, "{} refers to {refers}", kind.name);
                }
            }
        }
    }
}
