//! A report: contracts, logins or invoices, narrowed by filters that are checked before any row is read.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::money::{self, Money};
use super::words::{
    AccessStatus, ContractStatus, InvoiceStatus, Online, PersonType, Word, YES_NO_ACCEPTED,
    parse_yes_no,
};
use super::{day, template};
use crate::error::{Error, Flaw, Result, did_you_mean};

super::words::words_enum! {
    /// What a report has one row for.
    ReportKind {
        /// Contracts.
        Contracts = "contracts",
        /// Logins.
        Logins = "logins",
        /// Invoices.
        Invoices = "invoices",
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// A whole number: an id, a count, days.
    Number,
    /// An amount.
    Money,
    /// A day.
    Day,
    /// An instant.
    Instant,
    /// Yes or no.
    YesNo,
    /// A text.
    Text,
    /// A phone, kept as E.164.
    Phone,
    /// One of a closed set of words: how one is read, and what they are.
    Word(fn(&str) -> Option<&'static str>, fn() -> String),
}

impl FieldType {
    /// As `report fields` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Money => "money",
            Self::Day => "date",
            Self::Instant => "date-time",
            Self::YesNo => "yes/no",
            Self::Text => "text",
            Self::Phone => "phone",
            Self::Word(..) => "word",
        }
    }

    /// What a filter's value may be.
    pub fn accepted(self) -> String {
        match self {
            Self::Number => "a whole number".to_owned(),
            Self::Money => format!("an amount such as {}", money::ACCEPTED),
            Self::Day | Self::Instant => format!("a date: {}", day::ACCEPTED),
            Self::YesNo => YES_NO_ACCEPTED.to_owned(),
            Self::Text => "any text".to_owned(),
            Self::Phone => "a phone, or part of one after ~".to_owned(),
            Self::Word(_, accepted) => accepted(),
        }
    }

    const fn ordered(self) -> bool {
        matches!(self, Self::Number | Self::Money | Self::Day | Self::Instant)
    }

    const fn textual(self) -> bool {
        matches!(self, Self::Text | Self::Phone)
    }
}

const fn word<W: Word>() -> FieldType {
    FieldType::Word(|text| W::parse(text).map(W::as_str), W::accepted)
}

macro_rules! fields {
    ($($member:ident = $name:literal: $kind:expr, $doc:literal;)+) => {
        /// A field of a report.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Field { $(#[doc = $doc] $member,)+ }

        impl Field {
            /// Every field of every kind.
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];

            /// Its name in filters, headers and JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $name,)+ }
            }

            /// What it holds.
            pub const fn field_type(self) -> FieldType {
                match self { $(Self::$member => $kind,)+ }
            }

            /// What it means, in a few words.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$member => $doc,)+ }
            }
        }
    };
}

fields! {
    LoginId = "login_id": FieldType::Number, "the login's id";
    Username = "username": FieldType::Text, "PPPoE user";
    LoginActive = "login_active": FieldType::YesNo, "whether the login is active";
    Online = "online": word::<Online>(), "whether it is connected";
    Ip = "ip": FieldType::Text, "its address";
    Concentrator = "concentrator": FieldType::Text, "the concentrator it hangs on";
    Pop = "pop": FieldType::Text, "point of presence";
    Box = "box": FieldType::Text, "splice box";
    LastOnlineAt = "last_online_at": FieldType::Instant, "when it was last seen";
    InvoiceId = "invoice_id": FieldType::Number, "the invoice's id";
    InvoiceStatusField = "invoice_status": word::<InvoiceStatus>(), "state of the invoice";
    DueOn = "due_on": FieldType::Day, "printed due date";
    IssuedOn = "issued_on": FieldType::Day, "day of issue";
    OpenAmount = "open_amount": FieldType::Money, "what is still owed";
    InvoiceOverdueDays = "overdue_days": FieldType::Number, "days since the printed due date, while unpaid";
    InvoicePortfolio = "portfolio": FieldType::Text, "billing portfolio of the invoice";
    ContractId = "contract_id": FieldType::Number, "the contract's id";
    ContractStatusField = "contract_status": word::<ContractStatus>(), "state of the contract";
    AccessStatusField = "access_status": word::<AccessStatus>(), "state of its access";
    Plan = "plan": FieldType::Text, "the plan";
    Seller = "seller": FieldType::Text, "who sold it";
    Branch = "branch": FieldType::Text, "the contract's branch, else the client's";
    ActivatedOn = "activated_on": FieldType::Day, "day of activation";
    ClientId = "client_id": FieldType::Number, "the client's id";
    ClientName = "client_name": FieldType::Text, "the client's name";
    ClientActive = "client_active": FieldType::YesNo, "whether the registration is active";
    PersonTypeField = "person_type": word::<PersonType>(), "a person or a company";
    City = "city": FieldType::Text, "the contract's city, else the client's";
    District = "district": FieldType::Text, "the contract's district, else the client's";
    BirthDate = "birth_date": FieldType::Day, "day of birth";
    Mobile = "mobile": FieldType::Phone, "the client's mobile";
    Email = "email": FieldType::Text, "the client's e-mail";
    OpenInvoices = "open_invoices": FieldType::Number, "owing invoices of the contract";
    OverdueInvoices = "overdue_invoices": FieldType::Number, "those of them past their due date";
    OldestDueOn = "oldest_due_on": FieldType::Day, "due date of the oldest owing one";
    OverdueDays = "overdue_days": FieldType::Number, "days since that due date";
    OverdueTotal = "overdue_total": FieldType::Money, "what the overdue ones come to";
    Portfolio = "portfolio": FieldType::Text, "billing portfolio of the oldest owing one";
    HasApp = "has_app": FieldType::YesNo, "whether the client has the app on a device";
}

const LOGIN_FIELDS: &[Field] = &[
    Field::LoginId,
    Field::Username,
    Field::LoginActive,
    Field::Online,
    Field::Ip,
    Field::Concentrator,
    Field::Pop,
    Field::Box,
    Field::LastOnlineAt,
];
const INVOICE_FIELDS: &[Field] = &[
    Field::InvoiceId,
    Field::InvoiceStatusField,
    Field::DueOn,
    Field::IssuedOn,
    Field::OpenAmount,
    Field::InvoiceOverdueDays,
    Field::InvoicePortfolio,
];
const CONTRACT_FIELDS: &[Field] = &[
    Field::ContractId,
    Field::ContractStatusField,
    Field::AccessStatusField,
    Field::Plan,
    Field::Seller,
    Field::Branch,
    Field::ActivatedOn,
    Field::ClientId,
    Field::ClientName,
    Field::ClientActive,
    Field::PersonTypeField,
    Field::City,
    Field::District,
    Field::BirthDate,
    Field::Mobile,
    Field::Email,
    Field::OpenInvoices,
    Field::OverdueInvoices,
    Field::OldestDueOn,
    Field::OverdueDays,
    Field::OverdueTotal,
    Field::Portfolio,
    Field::HasApp,
];

impl ReportKind {
    /// Its fields, in the order of its columns.
    pub fn fields(self) -> Vec<Field> {
        let own: &[Field] = match self {
            Self::Contracts => &[],
            Self::Logins => LOGIN_FIELDS,
            Self::Invoices => INVOICE_FIELDS,
        };
        let shadowed = |field: &Field| own.iter().any(|f| f.name() == field.name());
        own.iter()
            .chain(CONTRACT_FIELDS.iter().filter(|field| !shadowed(field)))
            .copied()
            .collect()
    }

    /// The field of that name.
    pub fn field(self, name: &str) -> Option<Field> {
        self.fields().into_iter().find(|field| field.name() == name)
    }

    /// The field that numbers its rows.
    pub const fn row_id(self) -> Field {
        match self {
            Self::Contracts => Field::ContractId,
            Self::Logins => Field::LoginId,
            Self::Invoices => Field::InvoiceId,
        }
    }

    fn known_field(self, name: &str, place: &str) -> Result<Field, Flaw> {
        self.field(name).ok_or_else(|| {
            let names: Vec<&str> = self.fields().iter().map(|f| f.name()).collect();
            let accepted = format!("accepted: {}", names.join(", "));
            let remedy = did_you_mean(name, names.iter().copied()).map_or_else(
                || accepted.clone(),
                |question| format!("{question} {accepted}"),
            );
            Flaw::at(place, format!("`{name}` is not a field of {self}"), remedy)
        })
    }
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Any of.
    Equal,
    /// None of.
    NotEqual,
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
    /// Holds, ignoring case and accents.
    Contains,
}

impl Operator {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Contains => "~",
        }
    }
}

/// One value of a filter, typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterValue {
    /// No value at all.
    Empty,
    /// A number, cents, yes or no.
    Integer(i64),
    /// A text, a word, a day.
    Text(String),
    /// A calendar day where the field holds instants; the day in the provider's zone.
    DayOfInstant(chrono::NaiveDate),
}

/// One condition on the rows of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// On which field.
    pub field: Field,
    /// How.
    pub operator: Operator,
    /// With what; one value but for `=` and `!=`.
    pub values: Vec<FilterValue>,
    written: String,
}

/// As it was written.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Filter {
    /// Reads `field=v1,v2`, `field!=v`, `field>=v`, `field<=v`, `field~text` or `field=`.
    /// A comma within a value is written `\,` and a backslash `\\`.
    pub fn parse(kind: ReportKind, text: &str) -> Result<Self, Flaw> {
        let place = format!("filter `{text}`");
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let operator = [
            Operator::NotEqual,
            Operator::AtLeast,
            Operator::AtMost,
            Operator::Contains,
            Operator::Equal,
        ]
        .into_iter()
        .find(|operator| rest.starts_with(operator.as_str()));
        let (Some(operator), false) = (operator, name.is_empty()) else {
            return Err(Flaw::at(
                place,
                "is not a filter",
                "write field=value, field!=value, field>=value, field<=value or field~text",
            ));
        };
        let field = kind.known_field(name, &place)?;
        let value = &rest[operator.as_str().len()..];
        let field_type = field.field_type();
        if matches!(operator, Operator::AtLeast | Operator::AtMost) && !field_type.ordered() {
            return Err(Flaw::at(
                place,
                format!("`{name}` holds {}, which has no order", field_type.as_str()),
                "use = or != (or ~ for texts)",
            ));
        }
        if operator == Operator::Contains && !field_type.textual() {
            return Err(Flaw::at(
                place,
                format!("`{name}` holds {}, not text", field_type.as_str()),
                "use =, != (or >= and <= for numbers and dates)",
            ));
        }
        let written: Vec<String> = match operator {
            Operator::Equal | Operator::NotEqual
                if matches!(field_type, FieldType::Money)
                    && value.contains(',')
                    && Money::parse(value).is_some() =>
            {
                return Err(Flaw::at(
                    place,
                    format!("`{name}`: found `{value}`, which may be one amount or two"),
                    "write 99.90 for one, 99.00,90.00 for two",
                ));
            }
            Operator::Equal | Operator::NotEqual => split(value),
            _ => vec![value.to_owned()],
        };
        let values = written
            .iter()
            .map(|value| read_value(field_type, operator, value))
            .collect::<Result<Vec<_>, String>>()
            .map_err(|found| {
                Flaw::at(
                    &place,
                    format!("`{name}`: {found}"),
                    format!("accepted: {}", field_type.accepted()),
                )
            })?;
        Ok(Self {
            field,
            operator,
            values,
            written: text.to_owned(),
        })
    }
}

/// The values between commas, with `\,` and `\\` undone.
fn split(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some(',' | '\\')) => {
                if let (Some(last), Some(next)) = (values.last_mut(), chars.next()) {
                    last.push(next);
                }
            }
            ',' => values.push(String::new()),
            c => {
                if let Some(last) = values.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    values
}

fn read_value(
    field_type: FieldType,
    operator: Operator,
    text: &str,
) -> Result<FilterValue, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return match operator {
            Operator::Equal | Operator::NotEqual => Ok(FilterValue::Empty),
            _ => Err(format!("nothing stands after {}", operator.as_str())),
        };
    }
    if operator == Operator::Contains {
        return Ok(FilterValue::Text(fold(trimmed)));
    }
    let value = match field_type {
        FieldType::Number => trimmed.parse().ok().map(FilterValue::Integer),
        FieldType::Money => Money::parse(trimmed).map(|m| FilterValue::Integer(m.cents())),
        FieldType::Day => day::parse(trimmed)
            .flatten()
            .map(|day| FilterValue::Text(day.to_string())),
        FieldType::Instant => day::parse(trimmed).flatten().map(FilterValue::DayOfInstant),
        FieldType::YesNo => parse_yes_no(trimmed).map(|yes| FilterValue::Integer(i64::from(yes))),
        FieldType::Text => Some(FilterValue::Text(trimmed.to_owned())),
        FieldType::Phone => super::phone::Phone::parse(trimmed)
            .map(|phone| FilterValue::Text(phone.as_str().to_owned())),
        FieldType::Word(parse, _) => parse(trimmed).map(|word| FilterValue::Text(word.to_owned())),
    };
    value.ok_or_else(|| format!("found `{trimmed}`"))
}

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By which field.
    pub field: Field,
    /// From the last to the first.
    pub descending: bool,
    written: String,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Order {
    /// Reads `FIELD`, `FIELD:asc` or `FIELD:desc`.
    pub fn parse(kind: ReportKind, text: &str) -> Result<Self, Flaw> {
        let place = format!("order `{text}`");
        let (name, descending) = match text.split_once(':') {
            None | Some((_, "asc")) => (text.split(':').next().unwrap_or(text), false),
            Some((name, "desc")) => (name, true),
            Some((_, other)) => {
                return Err(Flaw::at(
                    place,
                    format!("`{other}` is no direction"),
                    "write FIELD or FIELD:desc",
                ));
            }
        };
        Ok(Self {
            field: kind.known_field(name, &place)?,
            descending,
            written: text.to_owned(),
        })
    }
}

/// A report: its kind, its conditions, its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it has one row for.
    pub kind: ReportKind,
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// First by the first; at last by the row's id.
    pub order: Vec<Order>,
}

impl Report {
    /// Reads a report; every problem is told at once.
    pub fn parse(kind: ReportKind, filters: &[String], order: &[String]) -> Result<Self> {
        let (report, problems) = Self::read(kind, filters, order);
        if problems.is_empty() {
            Ok(report)
        } else {
            Err(Error::flaws("the report is not acceptable", problems)
                .hint(format!("regua report fields {kind}")))
        }
    }

    /// Reads a report as far as it is good, and everything wrong with the rest.
    pub fn read(kind: ReportKind, filters: &[String], order: &[String]) -> (Self, Vec<Flaw>) {
        let mut problems = Vec::new();
        let mut keep = |problem| {
            problems.push(problem);
        };
        let mut report = Self {
            kind,
            filters: Vec::new(),
            order: Vec::new(),
        };
        for text in filters {
            match Filter::parse(kind, text) {
                Ok(filter) => report.filters.push(filter),
                Err(problem) => keep(problem),
            }
        }
        for text in order {
            match Order::parse(kind, text) {
                Ok(order) => report.order.push(order),
                Err(problem) => keep(problem),
            }
        }
        (report, problems)
    }

    /// Its filters as they were written.
    pub fn written_filters(&self) -> Vec<String> {
        self.filters.iter().map(ToString::to_string).collect()
    }

    /// Its order as it was written.
    pub fn written_order(&self) -> Vec<String> {
        self.order.iter().map(ToString::to_string).collect()
    }
}

/// A report under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedReport {
    /// Its name.
    pub name: String,
    /// The report.
    pub report: Report,
}

/// What is wrong with the name of a saved report, if anything: it must not be a kind's.
pub fn name_problem(name: &str) -> Option<&'static str> {
    template::name_problem(name).or_else(|| {
        ReportKind::parse(name)
            .is_some()
            .then_some("is the name of a kind of report")
    })
}

/// A text without case and accents, for comparing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(text: &str) -> Result<Filter, Flaw> {
        Filter::parse(ReportKind::Contracts, text)
    }

    #[test]
    fn filters_are_typed() {
        let f = filter("access_status=CM,auto_block").expect("a filter");
        assert_eq!(
            f.values,
            [
                FilterValue::Text("manual_block".into()),
                FilterValue::Text("auto_block".into())
            ]
        );
        let f = filter("overdue_total>=1.234,56").expect("a filter");
        assert_eq!(f.values, [FilterValue::Integer(123_456)]);
        let f = filter("overdue_total=99.90,10").expect("a filter");
        assert_eq!(
            f.values,
            [FilterValue::Integer(9_990), FilterValue::Integer(1_000)]
        );
        let f = filter("client_name~JOÃO").expect("a filter");
        assert_eq!(f.values, [FilterValue::Text("joao".into())]);
        let f = filter("plan=Fibra 500\\, Plus,X").expect("a filter");
        assert_eq!(
            f.values,
            [
                FilterValue::Text("Fibra 500, Plus".into()),
                FilterValue::Text("X".into())
            ]
        );
        assert_eq!(
            filter("seller=").expect("a filter").values,
            [FilterValue::Empty]
        );
    }

    #[test]
    fn what_is_wrong_is_said_before_any_row_is_read() {
        for (text, part) in [
            ("contract_statu=active", "did you mean `contract_status`?"),
            ("contract_status=on", "pre_contract, active"),
            ("overdue_days=many", "a whole number"),
            ("activated_on>=2026-02-30", "a date"),
            ("plan>=a", "which has no order"),
            ("overdue_days~1", "not text"),
            ("overdue_total=99,90", "may be one amount or two"),
            ("overdue_total!=1.234,56", "may be one amount or two"),
            ("overdue_days>=", "nothing stands after >="),
            ("nonsense", "is not a filter"),
            ("login_id=1", "is not a field of contracts"),
        ] {
            let told = filter(text).expect_err(text).to_string();
            assert!(told.contains(part), "{told}");
        }
        assert!(Order::parse(ReportKind::Contracts, "plan:up").is_err());
    }

    #[test]
    fn each_kind_has_each_field_once() {
        for kind in ReportKind::ALL {
            let mut names: Vec<_> = kind.fields().iter().map(|f| f.name()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
        assert_eq!(ReportKind::Contracts.fields().len(), 23);
        assert_eq!(ReportKind::Logins.fields().len(), 32);
        assert_eq!(ReportKind::Invoices.fields().len(), 28);
        assert_eq!(Field::ALL.len(), 39);
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_filter_printed_and_read_again_is_the_same(
            field in proptest::sample::select(ReportKind::Invoices.fields()),
            operator in proptest::sample::select(vec!["=", "!=", ">=", "<=", "~"]),
            value in ".{0,12}",
        ) {
            let text = format!("{}{operator}{value}", field.name());
            if let Ok(filter) = Filter::parse(ReportKind::Invoices, &text) {
                prop_assert_eq!(Filter::parse(ReportKind::Invoices, &filter.to_string()), Ok(filter));
            }
        }

        #[test]
        fn folding_twice_changes_nothing(text in ".{0,20}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
