//! The book: the kinds of facts mirrored from the ERP, and their columns.

use super::cell::words;
pub use super::cell::{CellType, Column, Unacceptable, Value, read};
use super::money::Money;
use super::phone;
use super::text::fold;
use super::words::{
    AccessStatus, AddressKind, Author, Channel, ContractStatus, InvoiceStatus, Online, PersonType,
    Purpose, plain,
};

/// One kind of facts.
#[derive(Debug)]
pub struct FactKind {
    /// Its name on the command line and of its files.
    pub name: &'static str,
    /// What it is called in Portuguese, as it may be typed too.
    pub portuguese: &'static str,
    /// Its table in the database.
    pub table: &'static str,
    /// How many of its first columns are the key.
    pub key: usize,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A column whose type says that it tells of nobody; of any other, whoever adds it says whether it does.
const fn column(name: &'static str, cell: CellType) -> Column {
    // An erasure must know of every other whether it is `personal` or `impersonal`.
    assert!(cell.of_nobody());
    impersonal(name, cell)
}

/// A column that tells of one client: their erasure takes its value away.
const fn personal(name: &'static str, cell: CellType) -> Column {
    Column {
        personal: true,
        ..impersonal(name, cell)
    }
}

/// A column that tells of the provider, its network or its staff: an erasure leaves it.
const fn impersonal(name: &'static str, cell: CellType) -> Column {
    Column {
        name,
        cell,
        personal: false,
        required: false,
        refers: None,
        source_may_lack: false,
    }
}

const fn required(column: Column) -> Column {
    Column {
        required: true,
        ..column
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
pub static KINDS: [FactKind; 10] = [
    FactKind {
        name: "clients",
        portuguese: "clientes",
        table: "client",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            required(personal("name", CellType::Text)),
            required(column("person_type", words::<PersonType>(None))),
            column("active", YES),
            personal("birth_date", CellType::Birth),
            personal("mobile", CellType::Phone),
            personal("whatsapp", CellType::Phone),
            personal("phone", CellType::Phone),
            personal("work_phone", CellType::Phone),
            personal("email", CellType::Text),
            personal("tax_id", CellType::TaxId),
            personal("street", CellType::Text),
            personal("number", CellType::Text),
            personal("complement", CellType::Text),
            personal("district", CellType::Text),
            personal("city", CellType::Text),
            personal("state", CellType::State),
            personal("zip", CellType::Text),
            impersonal("branch", CellType::Text),
            personal("app_first_access_on", CellType::Day),
            column("in_collection", YES),
            column("in_reminders", YES),
            column("sms_allowed", YES),
            column("email_allowed", YES),
        ],
    },
    FactKind {
        name: "contracts",
        portuguese: "contratos",
        table: "contract",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            of("clients", required(column("client_id", CellType::Id))),
            impersonal("plan", CellType::Text),
            required(column("status", words::<ContractStatus>(None))),
            Column {
                source_may_lack: true,
                ..required(column("access_status", words::<AccessStatus>(None)))
            },
            impersonal("activated_on", CellType::Day),
            impersonal("branch", CellType::Text),
            impersonal("seller", CellType::Text),
            personal("city", CellType::Text),
            personal("district", CellType::Text),
            impersonal("payment_method", CellType::Text),
            impersonal("notice_hold_until", CellType::Until),
        ],
    },
    FactKind {
        name: "invoices",
        portuguese: "faturas",
        table: "invoice",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            of("clients", required(column("client_id", CellType::Id))),
            of("contracts", column("contract_id", CellType::Id)),
            impersonal("number", CellType::Text),
            impersonal("portfolio", CellType::Text),
            impersonal("issued_on", CellType::Day),
            required(impersonal("due_on", CellType::Day)),
            required(column("amount", CellType::Money)),
            column("open_amount", CellType::Money),
            required(column("status", words::<InvoiceStatus>(None))),
            impersonal("settled_on", CellType::Day),
            column("released", YES),
            column("awaiting_confirmation", NO),
            personal("digitable_line", CellType::Code),
            personal("pix_code", CellType::Code),
            personal("payment_url", CellType::Code),
            impersonal("payment_method", CellType::Text),
            impersonal("bureau_listed_on", CellType::Day),
            impersonal("bureau_removed_on", CellType::Day),
        ],
    },
    FactKind {
        name: "logins",
        portuguese: "logins",
        table: "login",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            of("clients", required(column("client_id", CellType::Id))),
            of("contracts", column("contract_id", CellType::Id)),
            required(personal("username", CellType::Text)),
            column("active", YES),
            column("online", words::<Online>(Some("unknown"))),
            personal("ip", CellType::Code),
            impersonal("concentrator", CellType::Text),
            impersonal("pop", CellType::Text),
            personal("box", CellType::Text),
            column("last_online_at", CellType::Instant),
        ],
    },
    FactKind {
        name: "devices",
        portuguese: "aparelhos",
        table: "device",
        key: 1,
        columns: &[
            required(personal("address", CellType::Code)),
            column("address_kind", words::<AddressKind>(Some("token"))),
            of("clients", required(column("client_id", CellType::Id))),
            impersonal("platform", CellType::Text),
            column("logged_in", YES),
            column("notifications_enabled", YES),
            column("last_seen_at", CellType::Instant),
        ],
    },
    FactKind {
        name: "staff",
        portuguese: "equipe",
        table: "staff",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            required(impersonal("name", CellType::Text)),
            impersonal("email", CellType::Text),
            impersonal("mobile", CellType::Phone),
            impersonal("chat", CellType::Text),
            impersonal("teams", CellType::List),
            column("ticket_manager", NO),
            column("notify_replies", NO),
            column("notify_workflow", NO),
            column("active", YES),
        ],
    },
    FactKind {
        name: "topics",
        portuguese: "assuntos",
        table: "topic",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            required(impersonal("name", CellType::Text)),
            of("topics", column("parent_id", CellType::Id)),
            impersonal("teams", CellType::List),
            impersonal("alert_text", CellType::Wording),
            column("alert_staff", CellType::Ids),
        ],
    },
    FactKind {
        name: "tickets",
        portuguese: "atendimentos",
        table: "ticket",
        key: 1,
        columns: &[
            required(column("id", CellType::Id)),
            of("clients", column("client_id", CellType::Id)),
            of("topics", column("topic_id", CellType::Id)),
            of("topics", column("subtopic_id", CellType::Id)),
            personal("title", CellType::Text),
            impersonal("status", CellType::Text),
            impersonal("priority", CellType::Text),
            of("staff", column("responsible_id", CellType::Id)),
            column("opened_by", words::<Author>(None)),
            column("visible_to_client", NO),
            column("opened_at", CellType::Instant),
        ],
    },
    FactKind {
        name: "opt-outs",
        portuguese: "descadastros",
        table: "opt_out",
        key: 3,
        columns: &[
            of("clients", required(column("client_id", CellType::Id))),
            column("channel", words::<Channel>(Some(""))),
            column("purpose", words::<Purpose>(Some(""))),
            impersonal("since", CellType::Day),
            personal("source", CellType::Text),
        ],
    },
    FactKind {
        name: "block-lists",
        portuguese: "listas-de-bloqueio",
        table: "block_list",
        key: 2,
        columns: &[
            required(impersonal("list", CellType::Text)),
            // What keeps somebody from being written to stays, as opt-outs do.
            required(impersonal("phone", CellType::Phone)),
            impersonal("since", CellType::Day),
        ],
    },
];

impl FactKind {
    /// The kind of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The kind that somebody means who types its name, in Portuguese too.
    pub fn typed(name: &str) -> Option<&'static Self> {
        let wanted = plain(name);
        let portuguese = |kind: &&Self| plain(kind.portuguese) == wanted;
        Self::named(name).or_else(|| KINDS.iter().find(portuguese))
    }

    /// Names of kinds as they were typed, each in the word by which it goes; what is none stays as it is.
    pub fn meant(names: &[String]) -> Vec<String> {
        let meant =
            |name: &String| Self::typed(name).map_or(name.clone(), |kind| kind.name.to_owned());
        names.iter().map(meant).collect()
    }

    /// Whether its rows refer to rows of its own.
    pub fn refers_to_itself(&self) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|column| column.refers == Some(self.name))
    }

    /// Whether a row says everything that a new one needs.
    pub fn is_whole(&self, cells: &[Option<Value>]) -> bool {
        let columns = self.columns.iter().zip(cells);
        columns
            .into_iter()
            .all(|(column, cell)| !column.required || cell.is_some())
    }

    /// Whether its rows can be absent: devices come and go by themselves, and what somebody said no to
    /// stays said.
    pub fn can_be_gone(&self) -> bool {
        !matches!(self.name, "devices" | "opt-outs" | "block-lists")
    }

    /// The names of all kinds.
    pub fn names() -> Vec<&'static str> {
        KINDS.iter().map(|kind| kind.name).collect()
    }

    /// Where a column of that name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Where the column stands that a heading means: case, accents, spaces and underscores do not count.
    pub fn means(&self, heading: &str) -> Option<usize> {
        let heading = plain_heading(heading);
        let same = |column: &Column| plain_heading(column.name) == heading;
        self.columns.iter().position(same)
    }

    /// What one value of a row says against another, as the column and what is wrong with it.
    pub fn contradiction(&self, values: &[Option<Value>]) -> Option<(&'static str, Unacceptable)> {
        if self.table == "block_list"
            && let Some(Some(Value::Text(phone))) = values.get(1)
            && phone::compared(phone).is_none()
        {
            let wrong = Unacceptable {
                found: format!("found `{phone}`"),
                accepted: "accepted: one number with its area code, and nothing else".to_owned(),
            };
            return Some(("phone", wrong));
        }
        let cents = |name: &str| match values.get(self.position(name)?)? {
            Some(Value::Integer(cents)) => Some(Money::from_cents(*cents)),
            _ => None,
        };
        let (open, amount) = (cents("open_amount")?, cents("amount")?);
        (open > amount).then(|| {
            let wrong = Unacceptable {
                found: format!("found {open}, which is more than the amount, {amount}"),
                accepted: "accepted: at most the amount".to_owned(),
            };
            ("open_amount", wrong)
        })
    }

    /// What a row's amount or open amount says against the other one, which its file leaves as the book has it:
    /// `kept` are the amount and the open amount that the book has.
    pub fn against_kept(
        &self,
        values: &[Option<Value>],
        (amount, open): (Money, Option<Money>),
    ) -> Option<(&'static str, Unacceptable)> {
        let cents = |name: &str| match values.get(self.position(name)?)? {
            Some(Value::Integer(cents)) => Some(Money::from_cents(*cents)),
            _ => None,
        };
        let (column, found, accepted) = match (cents("open_amount"), cents("amount")) {
            (Some(given), None) if given > amount => (
                "open_amount",
                format!("found {given}, which is more than the amount that the book has, {amount}"),
                "accepted: at most the amount, or both columns",
            ),
            (None, Some(given)) if open.is_some_and(|open| open > given) => (
                "amount",
                format!(
                    "found {given}, which is less than the open amount that the book has, {}",
                    open?
                ),
                "accepted: at least the open amount, or both columns",
            ),
            _ => return None,
        };
        let wrong = Unacceptable {
            found,
            accepted: accepted.to_owned(),
        };
        Some((column, wrong))
    }
}

/// A heading without case, accents, spaces, underscores and hyphens.
pub fn plain_heading(heading: &str) -> String {
    let mut plain = fold(heading);
    plain.retain(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{a0}' | '\u{feff}'));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;

    fn cell(kind: &str, column: &str, text: &str) -> Result<Value, Unacceptable> {
        let kind = FactKind::named(kind).expect("a kind");
        let column = &kind.columns[kind.position(column).expect("a column")];
        let at = "2026-11-23T12:00:00Z".parse().expect("an instant");
        read(column, text, &Now::new(at, chrono_tz::America::Sao_Paulo))
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
            ("clients", "state", "XX"),
            ("contracts", "status", "Z"),
        ] {
            let refused = cell(kind, column, text).expect_err(text);
            assert!(refused.accepted.starts_with("accepted: "), "{refused:?}");
        }
    }

    #[test]
    fn trial_30_cells_as_spreadsheets_and_databases_write_them() {
        let text = |t: &str| Ok(Value::Text(t.to_owned()));
        for (written, kept) in [
            ("=\"000123\"", "000123"),
            ("=\"a\"\"b\"", "a\"b"),
            ("'0019500", "0019500"),
            ("'=HYPERLINK(\"x\")", "=HYPERLINK(\"x\")"),
            ("'t Hooft", "'t Hooft"),
            ("3E2", "3E2"),
        ] {
            assert_eq!(cell("invoices", "number", written), text(kept), "{written}");
        }
        for none in ["NULL", "null", "\\N", "#N/D", "#N/A", "=\"\""] {
            assert_eq!(cell("invoices", "number", none), Ok(Value::Null), "{none}");
            assert_eq!(
                cell("clients", "birth_date", none),
                Ok(Value::Null),
                "{none}"
            );
            assert!(cell("clients", "name", none).is_err(), "{none}");
        }
        for (kind, column) in [
            ("invoices", "number"),
            ("invoices", "digitable_line"),
            ("clients", "mobile"),
            ("clients", "zip"),
            ("devices", "address"),
        ] {
            for rounded in ["1,9E+45", "1.9E+45", "5E+13", "=\"5,5E+12\"", "#REF!"] {
                assert!(cell(kind, column, rounded).is_err(), "{column} {rounded}");
            }
        }
    }

    #[test]
    fn trial_31_days_that_cannot_be() {
        let text = |t: &str| Ok(Value::Text(t.to_owned()));
        for none in ["30/12/1899", "01/01/0001", "1899-12-30 00:00:00"] {
            assert_eq!(
                cell("clients", "birth_date", none),
                Ok(Value::Null),
                "{none}"
            );
            assert!(cell("invoices", "due_on", none).is_err(), "{none}");
        }
        assert!(cell("clients", "birth_date", "2026-11-24").is_err());
        assert_eq!(
            cell("clients", "birth_date", "2026-11-23"),
            text("2026-11-23")
        );
        assert!(cell("clients", "birth_date", "1899-01-01").is_err());
        assert!(cell("invoices", "due_on", "10/12/9999").is_err());
        assert_eq!(
            cell("contracts", "notice_hold_until", "9999-12-31"),
            text("9999-12-31")
        );
    }

    #[test]
    fn trial_32_texts_are_kept_in_one_form_and_codes_as_they_came() {
        let text = |t: &str| Ok(Value::Text(t.to_owned()));
        assert_eq!(cell("clients", "city", "Chapeco\u{301}"), text("Chapecó"));
        assert_eq!(cell("staff", "teams", "Sa\u{303}o|B"), text("São|B"));
        assert_eq!(
            cell("invoices", "pix_code", "a\u{301}  b"),
            text("a\u{301}  b")
        );
    }

    #[test]
    fn headings_are_read_without_case_accents_spaces_and_underscores() {
        let kind = FactKind::named("clients").expect("a kind");
        for heading in [
            "Birth Date",
            "BIRTH_DATE",
            "birthdate",
            "\u{feff}Bírth  date",
        ] {
            assert_eq!(
                kind.means(heading),
                kind.position("birth_date"),
                "{heading}"
            );
        }
        assert_eq!(kind.means("birth"), None);
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
