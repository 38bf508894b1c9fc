//! Arguments that several commands share: words, texts, spans of time, reports.

use std::path::Path;

use chrono::{DateTime, Days, TimeDelta, Utc};
use clap::Args;

use super::Context;
use crate::clock::{iso, start_of};
use crate::domain::day;
use crate::domain::percent::{self, Percent};
use crate::domain::report::{Field, FieldType, Report, ReportKind, SavedReport};
use crate::domain::text::nfc;
use crate::domain::words::{Word, plain};
use crate::error::{Error, Result, did_you_mean, unknown};
use crate::store::report_values::{self, Near};
use crate::store::{Connection, report as store};
use crate::view::View;

/// A word of a closed set, for clap.
pub fn word<W: Word>(text: &str) -> Result<W, String> {
    W::parse(text).ok_or_else(|| format!("one of: {}", W::accepted()))
}

/// Whether a text says `none`, in either language.
pub fn says_none(text: &str) -> bool {
    ["none", "nenhum", "nenhuma"].contains(&plain(text).as_str())
}

/// Whether a text says `all`, in either language.
pub fn says_all(text: &str) -> bool {
    ["all", "todos", "todas"].contains(&plain(text).as_str())
}

/// A span of time: a number of minutes, hours or days.
pub fn ago(text: &str) -> Result<TimeDelta, String> {
    let said = || "a number and a unit: 90m, 24h or 3d".to_owned();
    let unit = text.trim().chars().next_back().ok_or_else(said)?;
    let number = text.trim().trim_end_matches(unit);
    let number: u32 = number.trim().parse().map_err(|_| said())?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return Err(said()),
    };
    TimeDelta::try_minutes(i64::from(number) * minutes).ok_or_else(said)
}

/// A share such as `5%`, for clap.
pub fn share(text: &str) -> Result<Percent, String> {
    Percent::parse(text).ok_or_else(|| percent::ACCEPTED.to_owned())
}

/// A text given as it is, or as `@FILE`.
pub fn text_or_file(text: &str) -> Result<String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(text.to_owned());
    };
    let text = std::fs::read(Path::new(path)).map_err(|error| {
        Error::unacceptable(format!("{path} cannot be read"))
            .because(error)
            .hint("@FILE takes the text from a file")
    })?;
    let text = String::from_utf8(text)
        .map_err(|_| Error::unacceptable(format!("{path} is not UTF-8 text")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(nfc(text.trim_end_matches(['\n', '\r'])).into_owned())
}

/// Tells of filters that no row fits, with the nearest value that there is.
pub fn tell_unfit(context: &Context, connection: &Connection, report: &Report) -> Result<()> {
    for unfit in report_values::unfit(connection, report, context.now())? {
        let told = format!("no row fits the filter {}", unfit.filter);
        context.out.warn(match unfit.near {
            Some(near) => {
                let near = typed(unfit.field, near, context);
                format!("{told}; the nearest value that there is: `{near}`")
            }
            None => format!("{told}; the field is empty everywhere"),
        });
    }
    Ok(())
}

/// A value as a filter takes it.
fn typed(field: Field, value: Near, context: &Context) -> String {
    match (value, field.field_type()) {
        (Near::Text(text), _) => text,
        (Near::Integer(cents), FieldType::Money) => {
            format!("{}.{:02}", cents / 100, cents.unsigned_abs() % 100)
        }
        (Near::Integer(millis), FieldType::Instant) => DateTime::from_timestamp_millis(millis)
            .map_or_else(String::new, |at| iso(at, context.clock.zone())),
        (Near::Integer(yes), FieldType::YesNo) => if yes == 0 { "no" } else { "yes" }.to_owned(),
        (Near::Integer(number), _) => number.to_string(),
    }
}

/// A view with the columns of `--columns` only: names separated by commas; `all` for every one.
pub fn with_columns<'a, T: ?Sized>(view: View<'a, T>, columns: &str) -> Result<View<'a, T>> {
    let wanted: Vec<&str> = columns.split(',').map(str::trim).collect();
    let known = view.names();
    if matches!(wanted.as_slice(), [all] if says_all(all)) {
        let all: Vec<String> = known.into_iter().map(str::to_owned).collect();
        return Ok(view.only(&all));
    }
    for name in &wanted {
        if !known.contains(name) {
            let question = did_you_mean(name, known.iter().copied());
            return Err(Error::unacceptable(format!("there is no column `{name}`"))
                .hint(question.unwrap_or_else(|| known.join(", "))));
        }
    }
    Ok(view.only(&wanted))
}

/// The first instant of a day, or an instant as it is given; `end` is the first instant after the day.
fn instant(text: &str, end: bool, context: &Context) -> Result<DateTime<Utc>> {
    let zone = context.clock.zone();
    if let Some(Some(day)) = day::parse(text) {
        let day = if end {
            day.checked_add_days(Days::new(1)).unwrap_or(day)
        } else {
            day
        };
        return Ok(start_of(zone, day));
    }
    crate::clock::parse_instant(text, zone)
}

/// The first instant wanted.
pub type Since = Option<DateTime<Utc>>;
/// The first instant no longer wanted.
pub type Until = Option<DateTime<Utc>>;

/// The first instants within a span of days or instants.
pub fn span(since: Option<&str>, until: Option<&str>, context: &Context) -> Result<(Since, Until)> {
    Ok((
        since
            .map(|text| instant(text, false, context))
            .transpose()?,
        until.map(|text| instant(text, true, context)).transpose()?,
    ))
}

/// Conditions and order.
#[derive(Debug, Clone, Default, Args)]
pub struct Narrowed {
    /// Only rows for which this holds; may be given several times
    #[arg(short, long = "filter", value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Order by this field, or FIELD:desc; may be given several times
    #[arg(long = "order", value_name = "FIELD[:desc]")]
    pub order: Vec<String>,
}

/// A report as it is asked for.
#[derive(Debug, Clone, Args)]
pub struct Asked {
    /// A saved report's name, or contracts, logins, invoices
    #[arg(value_name = "REPORT")]
    pub name: String,
    /// Its conditions and order
    #[command(flatten)]
    pub narrowed: Narrowed,
}

impl Asked {
    /// The report: a kind's, or the saved one narrowed by the filters given; an order given replaces the saved one.
    pub fn report(&self, connection: &Connection) -> Result<Report> {
        find(connection, &self.name, &self.narrowed)
    }
}

/// A report's name as it is written down: a kind's in its canonical word.
pub fn report_name(name: String) -> String {
    ReportKind::parse(&name).map_or(name, |kind| kind.as_str().to_owned())
}

/// The report of that name, narrowed.
pub fn find(connection: &Connection, name: &str, narrowed: &Narrowed) -> Result<Report> {
    if let Some(kind) = ReportKind::parse(name) {
        return Report::parse(kind, &narrowed.filters, &narrowed.order);
    }
    let saved = saved_report(connection, name)?.report;
    let more = Report::parse(saved.kind, &narrowed.filters, &narrowed.order)?;
    saved.narrowed(more)
}

/// A saved report that must be there; the error suggests the nearest name.
pub fn saved_report(connection: &Connection, name: &str) -> Result<SavedReport> {
    if let Some(saved) = store::find(connection, name)? {
        return Ok(saved);
    }
    let mut known = store::names(connection)?;
    known.extend(ReportKind::ALL.iter().map(|kind| kind.as_str().to_owned()));
    Err(unknown("report", name, &known)
        .hint("contracts, logins, invoices, or one of `regua report list`"))
}
