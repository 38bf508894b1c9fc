//! `regua report`: contracts, logins or invoices, filtered; and the saved ones.

use clap::Subcommand;
use serde_json::json;

use super::arguments::{Asked, Narrowed, saved_report, says_all, tell_unfit, word};
use super::{Context, Outcome, face};
use crate::domain::phone;
use crate::domain::report::{Field, FieldType, Report, ReportKind, SavedReport, name_problem};
use crate::domain::text::typed;
use crate::error::{Error, Result, did_you_mean};
use crate::store::report::{self as store, FieldValue, ReportRow};
use crate::store::report_values;
use crate::view::measure::folded;
use crate::view::{Cell, Fields, Format, View};

/// Reports of contracts, logins or invoices: run, save, edit, list, show, remove, fields, values.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "A filter is field=v1,v2 (any of), field!=v, field>=v, field<=v, field~text (contains, ignoring\n\
    case and accents) or field= (empty). Filters are joined by AND. A comma within a value is \\,\n\n\
    Example:\n  \
    regua report run contracts --filter contract_status=active --filter access_status=manual_block,auto_block"
)]
pub(super) enum Command {
    /// Run a kind of report, or a saved one narrowed further
    #[command(after_help = "Examples:\n  \
        regua report run invoices --filter 'overdue_days>=5' --order open_amount:desc\n  \
        regua report run cut-for-debt --filter city=Chapecó -o csv > cut.csv")]
    Run {
        /// Which report
        #[command(flatten)]
        asked: Asked,
        /// Columns to show, separated by commas; `all` for every one
        #[arg(long, value_name = "FIELDS")]
        columns: Option<String>,
        /// At most so many; 0 for all
        #[arg(long, value_name = "N", default_value_t = 0)]
        limit: u64,
    },
    /// List the fields of a kind
    Fields {
        /// contracts, logins or invoices
        #[arg(value_parser = word::<ReportKind>)]
        kind: ReportKind,
    },
    /// List the values of a field, each with its count
    #[command(after_help = "Example:\n  \
        regua report values contracts city")]
    Values {
        /// contracts, logins or invoices
        #[arg(value_parser = word::<ReportKind>)]
        kind: ReportKind,
        /// Its name, as `regua report fields` lists it
        field: String,
    },
    /// Save a report under a new name
    #[command(after_help = "Example:\n  \
        regua report save cut-for-debt contracts --filter contract_status=active \\\n    \
        --filter access_status=manual_block,auto_block --filter client_active=yes")]
    Save {
        /// Its name
        name: String,
        /// contracts, logins or invoices
        #[arg(value_parser = word::<ReportKind>)]
        kind: ReportKind,
        /// Its conditions and order
        #[command(flatten)]
        narrowed: Narrowed,
    },
    /// Change a saved report: the conditions given take the place of all its own, and so does the order
    #[command(after_help = "Examples:\n  \
        regua report edit cut-for-debt --filter contract_status=active --filter access_status=auto_block\n  \
        regua report edit cut-for-debt --order client_name")]
    Edit {
        /// Its name
        name: String,
        /// Its conditions and order
        #[command(flatten)]
        narrowed: Narrowed,
        /// Without any condition
        #[arg(long, conflicts_with = "filters")]
        no_filters: bool,
        /// Without an order of its own
        #[arg(long, conflicts_with = "order")]
        no_order: bool,
    },
    /// List the saved reports
    List,
    /// Show a saved report
    Show {
        /// Its name
        name: String,
    },
    /// Remove a saved report
    Remove {
        /// Its name
        name: String,
    },
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Run {
            asked,
            columns,
            limit,
        } => run_report(&asked, columns.as_deref(), limit, context),
        Command::Fields { kind } => fields(kind, context),
        Command::Values { kind, field } => values(kind, &field, context),
        Command::Save {
            name,
            kind,
            narrowed,
        } => save(name, kind, &narrowed, context),
        Command::Edit {
            name,
            narrowed,
            no_filters,
            no_order,
        } => edit(&name, &narrowed, no_filters, no_order, context),
        Command::List => list(context),
        Command::Show { name } => show(&name, context),
        Command::Remove { name } => {
            let mut store = context.open()?;
            store.write(|transaction| {
                saved_report(transaction, &name)?;
                store::remove(transaction, &name)
            })?;
            face::removed(context, "report", &name)
        }
    }
}

/// The columns that a table shows unless others are asked for.
const fn usual(kind: ReportKind) -> &'static [Field] {
    match kind {
        ReportKind::Contracts => &[
            Field::ContractId,
            Field::ClientName,
            Field::ContractStatusField,
            Field::AccessStatusField,
            Field::Plan,
            Field::OverdueDays,
            Field::OverdueTotal,
            Field::HasApp,
        ],
        ReportKind::Logins => &[
            Field::LoginId,
            Field::Username,
            Field::Online,
            Field::Concentrator,
            Field::ContractId,
            Field::ClientName,
            Field::AccessStatusField,
        ],
        ReportKind::Invoices => &[
            Field::InvoiceId,
            Field::InvoiceStatusField,
            Field::DueOn,
            Field::OpenAmount,
            Field::InvoiceOverdueDays,
            Field::ClientName,
            Field::AccessStatusField,
        ],
    }
}

fn chosen(kind: ReportKind, columns: Option<&str>, format: Format) -> Result<Vec<Field>> {
    match columns {
        None if format == Format::Table => Ok(usual(kind).to_vec()),
        None => Ok(kind.fields()),
        Some(all) if says_all(all) => Ok(kind.fields()),
        Some(names) => names
            .split(',')
            .map(|name| named(kind, name.trim()))
            .collect(),
    }
}

/// The field of a kind that must be there.
fn named(kind: ReportKind, name: &str) -> Result<Field> {
    kind.field(name).ok_or_else(|| {
        let fields = kind.fields();
        let question = did_you_mean(name, fields.iter().map(|field| field.name()));
        Error::unacceptable(format!("`{name}` is not a field of {kind}"))
            .hint(question.unwrap_or_else(|| format!("regua report fields {kind}")))
    })
}

/// A value with its count.
struct Counted {
    value: Cell,
    count: i64,
}

fn values(kind: ReportKind, name: &str, context: &Context) -> Result<Outcome> {
    let field = named(kind, name)?;
    let store = context.open()?;
    let view = View::<Counted>::new()
        .words("value", |counted| counted.value.clone())
        .number("count", |counted| counted.count);
    let mut list = context.out.list(view);
    let mut count = 0u64;
    report_values::values(store.connection(), kind, field, context.now(), |row| {
        list.row(&Counted {
            value: cell(row.value(0)?, field.field_type(), context),
            count: row.number(1)?.unwrap_or(0),
        })?;
        count += 1;
        Ok(true)
    })?;
    let noun = if count == 1 { "value" } else { "values" };
    list.finish(&format!("{count} {noun}"))?;
    Ok(Outcome::Done)
}

fn run_report(
    asked: &Asked,
    columns: Option<&str>,
    limit: u64,
    context: &Context,
) -> Result<Outcome> {
    let store = context.open()?;
    let report = asked.report(store.connection())?;
    let fields = chosen(report.kind, columns, context.out.format())?;
    let mut list = context.out.list(field_view(&fields));
    let mut rows = 0u64;
    store::run(store.connection(), &report, &fields, context.now(), |row| {
        if !list.fields(|sheet| write(sheet, row, &fields, context))? {
            list.row(&cells(row, &fields, context)?)?;
        }
        rows += 1;
        Ok(limit == 0 || rows < limit)
    })?;
    let noun = if rows == 1 { "row" } else { "rows" };
    list.finish(&format!("{rows} {noun}"))?;
    if rows == 0 {
        tell_unfit(context, store.connection(), &report)?;
    }
    Ok(Outcome::Done)
}

/// Writes a row's values into a CSV, as [`cell`] would have them.
fn write(
    sheet: &mut Fields<'_>,
    row: &ReportRow<'_>,
    fields: &[Field],
    context: &Context,
) -> Result<()> {
    for (i, field) in fields.iter().enumerate() {
        let field = field.field_type();
        match (row.value(i)?, field) {
            (FieldValue::Null, _) => sheet.text("")?,
            (FieldValue::Text(day), FieldType::Day) => sheet.day(day)?,
            (FieldValue::Text(text), _) => sheet.text(text)?,
            (FieldValue::Integer(n), FieldType::Number) => sheet.number(n)?,
            (value, _) => sheet.cell(&cell(value, field, context))?,
        }
    }
    Ok(())
}

/// The fields asked for as columns; a row holds a cell of each.
fn field_view(fields: &[Field]) -> View<'static, [Cell]> {
    let columns = fields.iter().enumerate();
    columns.fold(View::<[Cell]>::new(), |view, (i, field)| {
        let cell = move |row: &[Cell]| row.get(i).cloned();
        match field.field_type() {
            FieldType::Number | FieldType::Money => view.number(field.name(), cell),
            _ => view.words(field.name(), cell),
        }
    })
}

fn cells(row: &ReportRow<'_>, fields: &[Field], context: &Context) -> Result<Vec<Cell>> {
    let fields = fields.iter().enumerate();
    fields
        .map(|(i, field)| Ok(cell(row.value(i)?, field.field_type(), context)))
        .collect()
}

/// A value of a field as it is shown.
fn cell(value: FieldValue<'_>, field: FieldType, context: &Context) -> Cell {
    match (value, field) {
        (FieldValue::Null, _) => Cell::Null,
        (FieldValue::Integer(n), FieldType::YesNo) => Cell::Flag(n != 0),
        (FieldValue::Integer(n), FieldType::Money) => Cell::Cents(n),
        (FieldValue::Integer(n), FieldType::Instant) => {
            face::instant(context, chrono::DateTime::from_timestamp_millis(n))
        }
        (FieldValue::Integer(n), _) => Cell::Number(n),
        (FieldValue::Text(text), FieldType::Day) => text
            .parse::<chrono::NaiveDate>()
            .map_or_else(|_| Cell::of(text), Cell::Day),
        (FieldValue::Text(text), FieldType::Phone) => Cell::shown(text, phone::shown(text)),
        (FieldValue::Text(text), FieldType::Word(known, _)) => {
            known(text).map_or_else(|| Cell::of(text), Cell::Word)
        }
        (FieldValue::Text(text), _) => Cell::Text(text.to_owned()),
    }
}

/// A field in a list of fields, or a line of the words that the one above it takes.
enum Line {
    Field(Field),
    Words(String),
}

impl Line {
    const fn field(&self) -> Option<Field> {
        match self {
            Self::Field(field) => Some(*field),
            Self::Words(_) => None,
        }
    }
}

fn fields(kind: ReportKind, context: &Context) -> Result<Outcome> {
    let view = View::<Line>::new()
        .words("field", |line| Cell::maybe(line.field().map(Field::name)))
        .words("type", |line| {
            line.field().map(|field| field.field_type().as_str())
        })
        .words("meaning", |line| match line {
            Line::Field(field) => Cell::Said(field.meaning().to_owned()),
            Line::Words(words) => Cell::of(words),
        })
        .data("accepted", |line| {
            line.field().map(|field| field.field_type().accepted())
        });
    let mut list = context.out.list(view);
    for field in kind.fields() {
        list.row(&Line::Field(field))?;
        if let (FieldType::Word(_, words), Format::Table) =
            (field.field_type(), context.out.format())
        {
            for line in folded(&words(), WORDS_WIDTH) {
                list.row(&Line::Words(line))?;
            }
        }
    }
    list.finish("")?;
    Ok(Outcome::Done)
}

/// How wide the words of a field may stand under its meaning, so that the table fits 80 columns.
const WORDS_WIDTH: usize = 46;

fn save(name: String, kind: ReportKind, narrowed: &Narrowed, context: &Context) -> Result<Outcome> {
    if let Some(what) = name_problem(&name) {
        return Err(
            Error::unacceptable(format!("the report's name `{name}` {what}"))
                .hint("give it a short plain name"),
        );
    }
    let saved = SavedReport {
        report: Report::parse(kind, &narrowed.filters, &narrowed.order)?,
        name,
    };
    let mut store = context.open()?;
    store.write(|transaction| {
        if store::find(transaction, &saved.name)?.is_some() {
            return Err(
                Error::unacceptable(format!("there is a report `{}` already", saved.name))
                    .hint(format!("regua report edit {}", typed(&saved.name))),
            );
        }
        store::save(transaction, &saved)
    })?;
    tell(context, &saved, "saved")
}

fn edit(
    name: &str,
    narrowed: &Narrowed,
    no_filters: bool,
    no_order: bool,
    context: &Context,
) -> Result<Outcome> {
    let filters = no_filters || !narrowed.filters.is_empty();
    let order = no_order || !narrowed.order.is_empty();
    if !filters && !order {
        return Err(Error::usage("nothing to change")
            .hint("--filter …, --order …, --no-filters, --no-order"));
    }
    let mut store = context.open()?;
    let (before, saved) = store.write(|transaction| {
        let mut saved = saved_report(transaction, name)?;
        let before = saved.clone();
        let given = Report::parse(saved.report.kind, &narrowed.filters, &narrowed.order)?;
        if filters {
            saved.report.filters = given.filters;
        }
        if order {
            saved.report.order = given.order;
        }
        store::save(transaction, &saved)?;
        Ok((before, saved))
    })?;
    tell(context, &saved, face::edited(Some(&before), &saved))
}

/// Tells what was done to a saved report.
fn tell(context: &Context, saved: &SavedReport, done: &'static str) -> Result<Outcome> {
    let view = View::<SavedReport>::new()
        .words("done", move |_| done)
        .and(saved_view(), |saved| saved);
    let words = format!("{done} report `{}`", saved.name);
    face::done(context, view, saved, words)?;
    Ok(Outcome::Done)
}

fn list(context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let saved = store::list(store.connection())?;
    let view = saved_view().spares(&["order"]).when_empty(
        "no saved reports yet",
        "regua report save NAME contracts --filter FIELD=VALUE; regua report fields contracts",
    );
    context.out.all(view, &saved)?;
    Ok(Outcome::Done)
}

fn saved_view<'a>() -> View<'a, SavedReport> {
    View::<SavedReport>::new()
        .words("name", |saved| Cell::of(&saved.name))
        .words("kind", |saved| Cell::of(saved.report.kind))
        .words("filters", |saved| json!(saved.report.written_filters()))
        .words("order", |saved| json!(saved.report.written_order()))
}

fn show(name: &str, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let saved = saved_report(store.connection(), name)?;
    if context.out.one(saved_view(), &saved)? {
        return Ok(Outcome::Done);
    }
    let mut text = format!("{} ({})\n", saved.name, saved.report.kind);
    for filter in saved.report.written_filters() {
        text.push_str(&format!("filter  {filter}\n"));
    }
    for order in saved.report.written_order() {
        text.push_str(&format!("order   {order}\n"));
    }
    context.out.text(text)?;
    Ok(Outcome::Done)
}
