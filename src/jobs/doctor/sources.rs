//! What doctor says of the sources: whether each answers and may be read, and what their syncs left behind.

use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::{Finding, Health, Patient, each};
use crate::clock::Now;
use crate::domain::book::FactKind;
use crate::error::Result;
use crate::source::{Checked, SourceSettings};
use crate::store::{Connection, Store, meta, presence, sync};

/// Days after which a list of invoices should have been read whole once more.
const WHOLE_AGAIN: u64 = 8;

/// Looks at every source, and at what is remembered of it.
pub(super) fn examine(
    patient: &Patient<'_>,
    store: Option<&Store>,
    tell: &mut dyn FnMut(Finding) -> Result<()>,
) -> Result<()> {
    let sources = &patient.config.sources;
    if sources.is_empty() {
        return tell(Finding::ok(
            "source",
            "none is configured; facts come by regua import",
        ));
    }
    for settings in sources {
        source(&**settings, tell)?;
    }
    if let Some(store) = store {
        let findings = remembered(store.connection(), sources, patient.now);
        each(tell, "source", findings)?;
    }
    Ok(())
}

/// A source: whether it answers, and each thing it needs may be read.
fn source(
    settings: &dyn SourceSettings,
    tell: &mut dyn FnMut(Finding) -> Result<()>,
) -> Result<()> {
    match settings.open() {
        Ok(source) => source.examine(&mut |checked| tell(of_source(checked))),
        Err(error) => tell(Finding::failure("source", &error)),
    }
}

fn of_source(checked: Checked) -> Finding {
    match checked {
        Checked::Fine(message) => Finding::ok("source", message),
        Checked::Doubtful { message, remedy } => Finding::warning("source", message, remedy),
        Checked::Unreadable {
            what,
            error,
            needed,
        } => {
            let finding = Finding::failure("source", &error);
            Finding {
                message: match what {
                    Some(what) => format!("{what}: {}", finding.message),
                    None => finding.message,
                },
                health: if needed {
                    Health::Failure
                } else {
                    Health::Warning
                },
                ..finding
            }
        }
    }
}

/// What the syncs so far left behind.
fn remembered(
    connection: &Connection,
    sources: &[Arc<dyn SourceSettings>],
    now: &Now,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for source in sources {
        for kind in FactKind::names() {
            let again = sync::again(connection, source.name(), kind)?.len();
            if again > 0 {
                findings.push(Finding::warning(
                    "source",
                    format!("{again} of the {kind} were refused by the last sync"),
                    format!("regua sync {kind} tells why; mend them in the ERP"),
                ));
            }
        }
    }
    for twice in presence::clients_brought_twice(connection)? {
        findings.push(Finding::warning(
            "source",
            format!(
                "clients that several sources bring ({}): {}, the first is {}; each source overwrites what the other says",
                twice.sources.join(", "),
                twice.rows,
                twice.first_id
            ),
            "where their ids do not mean the same people, keep a database for each; else let one of them bring the clients",
        ));
    }
    for code in sync::codes(connection)? {
        findings.push(Finding::warning(
            "source",
            format!(
                "{}: {} holds the code `{}`, which regua does not know (rows: {}, the first {})",
                code.kind, code.field, code.code, code.rows, code.first_id
            ),
            "look what it means in the ERP, and whether those rows are rightly left alone",
        ));
    }
    for source in sources {
        let cursor = sync::cursor(connection, source.name(), "invoices")?;
        if let Some(at) = cursor.and_then(|cursor| cursor.synced_at) {
            findings.push(Finding::ok(
                "source",
                format!("the invoices were last synced {}", now.iso(at)),
            ));
            findings.extend(not_read_whole(connection, source.name(), now)?);
        }
    }
    Ok(findings)
}

/// Invoices that were deleted at a source and not cancelled are seen only where all of them are read.
fn not_read_whole(connection: &Connection, source: &str, now: &Now) -> Result<Option<Finding>> {
    let last: Option<NaiveDate> =
        meta::read_whole(connection, source, "invoices")?.and_then(|day| day.parse().ok());
    let told = match last {
        Some(day) if day + Days::new(WHOLE_AGAIN) > now.today => return Ok(None),
        Some(day) => format!(
            "the invoices of {source} were last read whole on {day}: what was deleted there since still owes here"
        ),
        None => format!(
            "the invoices of {source} were never read whole: what was deleted there since still owes here"
        ),
    };
    let remedy = "regua task add weekly --run sync --full --minute 0 --hour 5 --weekday sun; a program says \"full\":true when it told all there is";
    Ok(Some(Finding::warning("source", told, remedy)))
}
