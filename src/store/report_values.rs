//! What a field of a report holds: its values with their counts, and the one nearest to a value that
//! no row has.

use rusqlite::Connection;

use super::report::{ReportRow, Sql, condition, expression, from};
use crate::clock::Now;
use crate::domain::report::{Field, FieldType, Filter, Operator, Report, ReportKind, fold};
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

/// Of each filter whose texts no row has, whatever the others say: the filter, and the nearest value
/// that there is.
pub fn unfit(
    connection: &Connection,
    report: &Report,
    now: Now,
) -> Result<Vec<(String, Option<String>)>> {
    let mut unfit = Vec::new();
    for filter in &report.filters {
        let text = matches!(filter.field.field_type(), FieldType::Text);
        let (Operator::Equal, true) = (filter.operator, text) else {
            continue;
        };
        let Some(wanted) = filter.first_text() else {
            continue;
        };
        if !fits(connection, report.kind, filter, now)? {
            let near = near(connection, report.kind, filter.field, wanted, now)?;
            unfit.push((filter.to_string(), near));
        }
    }
    Ok(unfit)
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
