//! What a field of a report holds: its values with their counts, and the one nearest to a value that
//! no row has.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

use super::columns::Millis;
use super::report::{ReportRow, Sql, condition, expression, from};
use crate::clock::{Now, start_of};
use crate::domain::report::{
    Field, FieldType, Filter, FilterValue, NearestFit, Report, ReportKind, fold,
};
use crate::error::{Result, closest};

/// So many values, at most, are looked through for a near one.
const MOST_VALUES: usize = 20_000;

/// Hands over each value of a field with its count, the most frequent first: columns 0 and 1 of a row.
pub fn values(
    connection: &Connection,
    kind: ReportKind,
    field: Field,
    now: Now,
    mut each: impl FnMut(&ReportRow<'_>) -> Result<bool>,
) -> Result<()> {
    let sql = Sql::of_day(now.today);
    let e = expression(field);
    let text = format!(
        "SELECT {e}, count(*) FROM {} WHERE ?1 IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
        from(kind)
    );
    let mut statement = connection.prepare(&text)?;
    let mut rows = statement.query(rusqlite::params_from_iter(sql.bound))?;
    while let Some(row) = rows.next()? {
        if !each(&ReportRow::plain(row, kind))? {
            break;
        }
    }
    Ok(())
}

/// A filter that no row fits, whatever the other filters say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The filter, as it was written.
    pub filter: String,
    /// Its field.
    pub field: Field,
    /// The nearest value that there is; none when the field is empty everywhere.
    pub near: Option<Near>,
}

/// A value that some row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Near {
    /// A number, cents, yes or no, milliseconds.
    Integer(i64),
    /// A text, a word, a day.
    Text(String),
}

/// The filters that no row fits, each with the nearest value that there is.
pub fn unfit(connection: &Connection, report: &Report, now: Now) -> Result<Vec<Unfit>> {
    let mut unfit = Vec::new();
    for filter in &report.filters {
        let Some(wanted) = filter
            .values
            .iter()
            .find(|value| **value != FilterValue::Empty)
        else {
            continue;
        };
        let Some(nearest) = filter.nearest() else {
            continue;
        };
        if fits(connection, report.kind, filter, now)? {
            continue;
        }
        let spelled = matches!(
            filter.field.field_type(),
            FieldType::Text | FieldType::Phone | FieldType::Word(..)
        );
        let near = match wanted {
            FilterValue::Text(text) if spelled => {
                near(connection, report.kind, filter.field, text, now)?.map(Near::Text)
            }
            _ => beside(connection, report.kind, (filter, wanted, nearest), now)?,
        };
        unfit.push(Unfit {
            filter: filter.to_string(),
            field: filter.field,
            near,
        });
    }
    Ok(unfit)
}

/// The value of a field that comes nearest to fitting: the greatest, the least, or the one beside.
fn beside(
    connection: &Connection,
    kind: ReportKind,
    (filter, wanted, nearest): (&Filter, &FilterValue, NearestFit),
    now: Now,
) -> Result<Option<Near>> {
    let mut sql = Sql::of_day(now.today);
    let e = expression(filter.field);
    let order = match nearest {
        NearestFit::Greatest => format!("{e} DESC"),
        NearestFit::Least => e.to_owned(),
        NearestFit::Beside => {
            let value = sql.bind_value(wanted, |day| Millis(start_of(now.zone, day)));
            match filter.field.field_type() {
                FieldType::Day => format!("abs(julianday({e}) - julianday({value})), {e}"),
                _ => format!("abs({e} - {value}), {e}"),
            }
        }
    };
    let text = format!(
        "SELECT {e} FROM {} WHERE ?1 IS NOT NULL AND {e} IS NOT NULL ORDER BY {order} LIMIT 1",
        from(kind)
    );
    let mut statement = connection.prepare(&text)?;
    let near = statement.query_row(rusqlite::params_from_iter(sql.bound), |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Integer(number) => Some(Near::Integer(number)),
            ValueRef::Text(text) => Some(Near::Text(String::from_utf8_lossy(text).into_owned())),
            _ => None,
        })
    });
    Ok(near.optional()?.flatten())
}

/// Whether any row of the kind has what a filter asks for.
fn fits(connection: &Connection, kind: ReportKind, filter: &Filter, now: Now) -> Result<bool> {
    let mut sql = Sql::of_day(now.today);
    let condition = condition(&mut sql, filter, now.zone);
    let text = format!(
        "SELECT EXISTS (SELECT 1 FROM {} WHERE ?1 IS NOT NULL AND {condition})",
        from(kind)
    );
    let mut statement = connection.prepare(&text)?;
    Ok(statement.query_row(rusqlite::params_from_iter(sql.bound), |row| row.get(0))?)
}

fn near(
    connection: &Connection,
    kind: ReportKind,
    field: Field,
    wanted: &str,
    now: Now,
) -> Result<Option<String>> {
    let mut known: Vec<String> = Vec::new();
    values(connection, kind, field, now, |row| {
        if let super::report::FieldValue::Text(text) = row.value(0)? {
            known.push(text.to_owned());
        }
        Ok(known.len() < MOST_VALUES)
    })?;
    let folded: Vec<String> = known.iter().map(|text| fold(text)).collect();
    let near = closest(&fold(wanted), folded.iter().map(String::as_str));
    Ok(near.map(|at| known[at].clone()))
}
