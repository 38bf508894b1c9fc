//! Reports: their fields as SQL, rows streamed one by one; and the saved ones.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql};

use super::columns::{Columns as _, Day, Json, Millis};
use super::report_arrears::{Arrears, ReadArrears, tells};
pub use super::report_value::FieldValue;
use crate::clock::{Now, start_of};
use crate::domain::report::{
    Field, FieldType, Filter, FilterValue, Operator, Report, ReportKind, SavedReport,
};
use crate::error::{Error, Result, must};

/// The rows of each kind: `k` is the contract, `c` the client, `l` the login, `i` the invoice. A row that
/// is gone from its source, or is an absent client's, is in none of them.
pub(super) const fn from(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Contracts => {
            "contract k JOIN client c ON c.id = k.client_id \
             AND k.absent_since IS NULL AND c.absent_since IS NULL"
        }
        ReportKind::Logins => {
            "login l JOIN client c ON c.id = l.client_id \
             AND l.absent_since IS NULL AND c.absent_since IS NULL \
             LEFT JOIN contract k ON k.id = l.contract_id AND k.absent_since IS NULL"
        }
        ReportKind::Invoices => {
            "invoice i JOIN client c ON c.id = i.client_id \
             AND i.absent_since IS NULL AND c.absent_since IS NULL \
             LEFT JOIN contract k ON k.id = i.contract_id AND k.absent_since IS NULL"
        }
    }
}

/// Days since an invoice's own due date, while it is unpaid.
const INVOICE_OVERDUE_DAYS: &str = "CASE WHEN i.status IN ('open', 'partial') \
     THEN max(0, CAST(julianday(?1) - julianday(i.due_on) AS INTEGER)) ELSE 0 END";

/// Days since the due date of a contract's oldest owing invoice.
const CONTRACT_OVERDUE_DAYS: &str = "coalesce(max(0, CAST(julianday(?1) - julianday(\
     (SELECT min(o.due_on) FROM invoice o WHERE o.contract_id = k.id AND +o.client_id = c.id AND o.owing)\
     ) AS INTEGER)), 0)";

/// What a contract's client owes of it and is late.
const CONTRACT_OVERDUE_TOTAL: &str = "(SELECT coalesce(sum(o.owed), 0) FROM invoice o \
     WHERE o.contract_id = k.id AND +o.client_id = c.id AND o.owing AND o.due_on < ?1)";

/// A field as SQL. `?1` is today; nothing else of the outside stands in it.
pub(super) const fn expression(field: Field) -> &'static str {
    match field {
        Field::LoginId => "l.id",
        Field::Username => "l.username",
        Field::LoginActive => "l.active",
        Field::Online => "l.online",
        Field::Ip => "l.ip",
        Field::Concentrator => "l.concentrator",
        Field::Pop => "l.pop",
        Field::Box => "l.box",
        Field::LastOnlineAt => "l.last_online_at",
        Field::InvoiceId => "i.id",
        Field::InvoiceStatusField => "i.status",
        Field::DueOn => "i.due_on",
        Field::IssuedOn => "i.issued_on",
        Field::OpenAmount => "i.owed",
        Field::InvoiceOverdueDays => INVOICE_OVERDUE_DAYS,
        Field::InvoicePortfolio => "i.portfolio",
        Field::ContractId => "k.id",
        Field::ContractStatusField => "k.status",
        Field::AccessStatusField => "k.access_status",
        Field::Plan => "k.plan",
        Field::Seller => "k.seller",
        Field::Branch => "coalesce(k.branch, c.branch)",
        Field::ActivatedOn => "k.activated_on",
        Field::ClientId => "c.id",
        Field::ClientName => "c.name",
        Field::ClientActive => "c.active",
        Field::PersonTypeField => "c.person_type",
        Field::City => "coalesce(k.city, c.city)",
        Field::District => "coalesce(k.district, c.district)",
        Field::BirthDate => "c.birth_date",
        Field::Mobile => "c.mobile",
        Field::Email => "c.email",
        Field::OpenInvoices => {
            "(SELECT count(*) FROM invoice o \
             WHERE o.contract_id = k.id AND +o.client_id = c.id AND o.owing)"
        }
        Field::OverdueInvoices => {
            "(SELECT count(*) FROM invoice o \
             WHERE o.contract_id = k.id AND +o.client_id = c.id AND o.owing AND o.due_on < ?1)"
        }
        Field::OldestDueOn => {
            "(SELECT min(o.due_on) FROM invoice o \
             WHERE o.contract_id = k.id AND +o.client_id = c.id AND o.owing)"
        }
        Field::OverdueDays => CONTRACT_OVERDUE_DAYS,
        Field::OverdueTotal => CONTRACT_OVERDUE_TOTAL,
        Field::Portfolio => {
            "(SELECT o.portfolio FROM invoice o \
             WHERE o.contract_id = k.id AND +o.client_id = c.id AND o.owing \
             ORDER BY o.due_on, o.id LIMIT 1)"
        }
        Field::HasApp => {
            "EXISTS (SELECT 1 FROM device d WHERE d.client_id = c.id AND d.gone_at IS NULL)"
        }
    }
}

/// A statement with what is bound to it.
pub(super) struct Sql {
    text: String,
    today: NaiveDate,
    pub(super) bound: Vec<Box<dyn ToSql>>,
}

impl Sql {
    /// A statement to come, `?1` being today.
    pub(super) fn of_day(today: NaiveDate) -> Self {
        Self {
            text: String::new(),
            today,
            bound: vec![Box::new(Day(today))],
        }
    }

    /// Binds a value; its place in the text.
    fn bind(&mut self, value: impl ToSql + 'static) -> String {
        self.bound.push(Box::new(value));
        format!("?{}", self.bound.len())
    }

    /// Binds what a filter compares with; a day of an instant is the first one that is `of` it.
    pub(super) fn bind_value(
        &mut self,
        value: &FilterValue,
        of: impl Fn(NaiveDate) -> Millis,
    ) -> String {
        match value {
            FilterValue::Empty => self.bind(Null),
            FilterValue::Integer(number) => self.bind(*number),
            FilterValue::Text(text) => self.bind(text.clone()),
            FilterValue::DayOfInstant(day) => self.bind(of(*day)),
        }
    }
}

/// Where the value of a column of a report stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In this column of the statement.
    Column(usize),
    /// In what the contract owes, as this field of it.
    Owed(Field),
}

/// The columns of a report's statement, and where the value of each column asked for stands. The contract
/// and the client are the last of them when what is owed is read besides.
fn placed(columns: &[Field]) -> (Vec<&'static str>, Vec<Place>) {
    let mut selected = Vec::new();
    let places = columns.iter().map(|field| {
        if tells(*field) {
            return Place::Owed(*field);
        }
        selected.push(expression(*field));
        Place::Column(selected.len() - 1)
    });
    let places: Vec<Place> = places.collect();
    if columns.iter().any(|field| tells(*field)) {
        selected.extend(["k.id", "c.id"]);
    }
    (selected, places)
}

/// Builds the statement of a report that selects these columns.
fn sql(report: &Report, selected: &[&str], today: NaiveDate, zone: Tz) -> Sql {
    let mut sql = Sql::of_day(today);
    // ?1 is used by some fields only: naming it once keeps it bound for all.
    let mut text = format!(
        "SELECT {} FROM {} WHERE ?1 IS NOT NULL",
        selected.join(", "),
        from(report.kind)
    );
    for filter in &report.filters {
        text.push_str(" AND ");
        text.push_str(&condition(&mut sql, filter, zone));
    }
    text.push_str(" ORDER BY ");
    for order in &report.order {
        let direction = if order.descending { " DESC" } else { "" };
        let expression = expression(order.field);
        match order.field.field_type() {
            FieldType::Text => {
                text.push_str(&format!(
                    "fold({expression}){direction}, {expression}{direction}, "
                ));
            }
            _ => text.push_str(&format!("{expression}{direction}, ")),
        }
    }
    text.push_str(expression(report.kind.row_id()));
    sql.text = text;
    sql
}

/// The first instant of a day.
fn start(zone: Tz) -> impl Fn(NaiveDate) -> Millis {
    move |day| Millis(start_of(zone, day))
}

/// The first instant after a day.
fn end(zone: Tz) -> impl Fn(NaiveDate) -> Millis {
    move |day| Millis(start_of(zone, day + Days::new(1)))
}

pub(super) fn condition(sql: &mut Sql, filter: &Filter, zone: Tz) -> String {
    let e = expression(filter.field);
    match filter.operator {
        Operator::Equal => any_of(sql, e, filter, zone),
        // The complement of `=`: a row without a value has another value than any.
        Operator::NotEqual => format!("NOT ({})", any_of(sql, e, filter, zone)),
        Operator::AtLeast => late_since(sql, filter).unwrap_or_else(|| {
            format!("{e} >= {}", sql.bind_value(&filter.values[0], start(zone)))
        }),
        Operator::AtMost => {
            let value = &filter.values[0];
            let sign = match value {
                FilterValue::DayOfInstant(_) => "<",
                _ => "<=",
            };
            format!("{e} {sign} {}", sql.bind_value(value, end(zone)))
        }
        Operator::Contains => {
            let value = sql.bind_value(&filter.values[0], start(zone));
            format!("instr(fold({e}), {value}) > 0")
        }
    }
}

/// Contracts that are so many days late or more, found from their invoices, of which there are few, and not
/// reckoned for each contract; none where the filter asks for something else.
fn late_since(sql: &mut Sql, filter: &Filter) -> Option<String> {
    let (Field::OverdueDays, FilterValue::Integer(days)) = (filter.field, filter.values.first()?)
    else {
        return None;
    };
    let days = u64::try_from(*days).ok().filter(|days| *days > 0)?;
    let since = Day(sql.today.checked_sub_days(Days::new(days))?);
    let since = sql.bind(since);
    Some(format!(
        "(k.id IN (SELECT o.contract_id FROM invoice o WHERE o.owing AND o.due_on <= {since}) \
         AND EXISTS (SELECT 1 FROM invoice o WHERE o.contract_id = k.id AND +o.client_id = c.id \
                     AND o.owing AND o.due_on <= {since}))"
    ))
}

/// A condition that is true or false for every row, never null.
fn any_of(sql: &mut Sql, e: &str, filter: &Filter, zone: Tz) -> String {
    let mut alternatives = Vec::new();
    let mut values = Vec::new();
    for value in &filter.values {
        match value {
            FilterValue::Empty => alternatives.push(format!("{e} IS NULL")),
            FilterValue::DayOfInstant(_) => {
                let from = sql.bind_value(value, start(zone));
                let to = sql.bind_value(value, end(zone));
                alternatives.push(format!(
                    "({e} IS NOT NULL AND {e} >= {from} AND {e} < {to})"
                ));
            }
            value => values.push(sql.bind_value(value, start(zone))),
        }
    }
    if !values.is_empty() {
        alternatives.push(format!(
            "({e} IS NOT NULL AND {e} IN ({}))",
            values.join(", ")
        ));
    }
    format!("({})", alternatives.join(" OR "))
}

/// One row of a report, in the order of the columns asked for.
pub struct ReportRow<'r> {
    row: &'r Row<'r>,
    kind: ReportKind,
    places: &'r [Place],
    owed: Arrears,
}

impl<'r> ReportRow<'r> {
    /// A row whose columns are those of its statement.
    pub(super) fn plain(row: &'r Row<'r>, kind: ReportKind) -> Self {
        Self {
            row,
            kind,
            places: &[],
            owed: Arrears::default(),
        }
    }

    /// The kind of its report.
    pub const fn kind(&self) -> ReportKind {
        self.kind
    }

    /// The value of a column, from 0.
    pub fn value(&self, column: usize) -> Result<FieldValue<'_>> {
        let column = match self.places.get(column) {
            Some(Place::Owed(field)) => return Ok(self.owed.value(*field)),
            Some(Place::Column(column)) => *column,
            None => column,
        };
        Ok(match self.row.get_ref(column)? {
            ValueRef::Null => FieldValue::Null,
            ValueRef::Integer(number) => FieldValue::Integer(number),
            ValueRef::Text(text) => FieldValue::Text(std::str::from_utf8(text).unwrap_or("")),
            // No column holds either; a number that SQLite computed may be a float.
            ValueRef::Real(number) =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole numbers far below 2^53"
                )]
                FieldValue::Integer(number as i64)
            }
            ValueRef::Blob(_) => FieldValue::Null,
        })
    }

    /// The number in a column, if it holds one.
    pub fn number(&self, column: usize) -> Result<Option<i64>> {
        Ok(match self.value(column)? {
            FieldValue::Integer(number) => Some(number),
            _ => None,
        })
    }
}

/// Runs a report: `each` sees every row in order until it answers false.
pub fn run(
    connection: &Connection,
    report: &Report,
    columns: &[Field],
    now: Now,
    mut each: impl FnMut(&ReportRow<'_>) -> Result<bool>,
) -> Result<()> {
    let (selected, places) = placed(columns);
    let sql = sql(report, &selected, now.today, now.zone);
    let mut statement = connection.prepare(&sql.text)?;
    let mut rows = statement.query(rusqlite::params_from_iter(sql.bound))?;
    let mut owing = if columns.iter().any(|field| tells(*field)) {
        Some(ReadArrears::new(connection, now.today)?)
    } else {
        None
    };
    while let Some(row) = rows.next()? {
        let owed = match &mut owing {
            Some(owing) => {
                let last = selected.len() - 1;
                owing.of(row.get(last - 1)?, row.get(last)?)?
            }
            None => Arrears::default(),
        };
        let row = ReportRow {
            row,
            kind: report.kind,
            places: &places,
            owed,
        };
        if !each(&row)? {
            break;
        }
    }
    Ok(())
}

fn read_saved(row: &Row<'_>) -> rusqlite::Result<(String, ReportKind, Vec<String>, Vec<String>)> {
    Ok((
        row.get("name")?,
        row.get("kind")?,
        row.json("filters")?,
        row.json("orders")?,
    ))
}

/// A saved report.
pub fn find(connection: &Connection, name: &str) -> Result<Option<SavedReport>> {
    let found = connection
        .prepare_cached("SELECT * FROM report WHERE name = ?1")?
        .query_row([name], read_saved)
        .optional()?;
    found
        .map(|(name, kind, filters, order)| {
            Ok(SavedReport {
                report: Report::parse(kind, &filters, &order)?,
                name,
            })
        })
        .transpose()
}

/// Every saved report, by name.
pub fn list(connection: &Connection) -> Result<Vec<SavedReport>> {
    let mut statement = connection.prepare_cached("SELECT * FROM report ORDER BY name")?;
    let rows = statement.query_map([], read_saved)?;
    rows.map(|row| {
        let (name, kind, filters, order) = row?;
        Ok(SavedReport {
            report: Report::parse(kind, &filters, &order)?,
            name,
        })
    })
    .collect()
}

/// Saves a report under its name, in place of any other.
pub fn save(connection: &Connection, saved: &SavedReport) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO report (name, kind, filters, orders) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET
               kind = excluded.kind, filters = excluded.filters, orders = excluded.orders",
        )?
        .execute((
            &saved.name,
            saved.report.kind,
            Json(saved.report.written_filters()),
            Json(saved.report.written_order()),
        ))?;
    Ok(())
}

/// A saved report that must be there; the error suggests the nearest name.
pub fn get(connection: &Connection, name: &str) -> Result<SavedReport> {
    must(find(connection, name)?, "report", name, || {
        names(connection)
    })
}

/// The names of the saved reports.
pub fn names(connection: &Connection) -> Result<Vec<String>> {
    Ok(list(connection)?
        .into_iter()
        .map(|saved| saved.name)
        .collect())
}

/// Removes a saved report.
pub fn remove(connection: &Connection, name: &str) -> Result<()> {
    let tasks = super::task::using_report(connection, name)?;
    if !tasks.is_empty() {
        return Err(Error::unacceptable(format!(
            "report `{name}` is in use by task `{}`",
            tasks.join("`, task `")
        ))
        .hint("change those first"));
    }
    let removed = connection.execute("DELETE FROM report WHERE name = ?1", [name])?;
    must((removed > 0).then_some(()), "report", name, || {
        names(connection)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn statement(filters: &[&str]) -> Sql {
        let filters: Vec<String> = filters.iter().map(|f| (*f).to_owned()).collect();
        let report =
            Report::parse(ReportKind::Contracts, &filters, &[]).expect("an acceptable report");
        sql(
            &report,
            &[expression(Field::ContractId)],
            NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day"),
            chrono_tz::America::Sao_Paulo,
        )
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn only_placeholders_reach_sql(value in "[ -~áçõ]{1,16}") {
            prop_assume!(!value.trim().is_empty());
            let mark = format!("x{value}x");
            for operator in ["=", "!=", "~"] {
                let sql = statement(&[&format!("client_name{operator}{mark}")]);
                let same = statement(&[&format!("client_name{operator}other")]);
                if !value.contains([',', '\\']) {
                    prop_assert_eq!(&sql.text, &same.text);
                }
                prop_assert!(!sql.text.contains(&mark));
            }
        }
    }
}
