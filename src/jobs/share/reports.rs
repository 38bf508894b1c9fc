//! What providers report to hosts: kept in the shared queue there, and taken in by the planner as its own.

use serde_json::Value;

use super::planner::Planner;
use super::{open, settings};
use crate::channel::receipts::ReceiptForm;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::receipt::StopWords;
use crate::error::Result;
use crate::jobs::deliver::Stop;
use crate::jobs::receipt::{ReceiptSummary, Taking, adopt, take_document};
use crate::source::receipt::Document;
use crate::store::Connection;
use crate::store::shared::HostReport;
use crate::store::sharing;

/// Reports that one transaction has to do with.
const PAGE: i32 = 100;

/// Keeps in the shared queue what a provider reported to this host; `stops` says whether stop words count in it.
///
/// # Errors
/// When the shared queue cannot be reached, or is not set up.
pub fn keep(config: &Config, form: &ReceiptForm, stops: bool, report: &Value) -> Result<()> {
    let mut queue = open(settings(config)?)?;
    queue.is_set_up()?;
    Ok(queue.report(form.name(), stops, &report.to_string())?)
}

impl Planner<'_> {
    /// Takes in what providers reported to hosts, each once; and what they reported here before it was known
    /// what it is about.
    pub(super) fn take_reports(&mut self, stop: &Stop) -> Result<ReceiptSummary> {
        let mut summary = ReceiptSummary::default();
        let now = self.clock.now();
        self.store
            .write(|connection| adopt(connection, now, &mut summary))?;
        let last = self.queue.last_report(&self.turn)?;
        let mut cursor = sharing::report_cursor(self.store.connection())?;
        if cursor > last {
            // Another shared queue than before: its reports are counted from its beginning.
            cursor = 0;
            self.store
                .write(|connection| sharing::set_report_cursor(connection, cursor))?;
        }
        while cursor < last && stop.asked() == 0 {
            let now = self.clock.now();
            let reports = self.queue.reports(&self.turn, cursor, last, PAGE)?;
            cursor = reports.last().map_or(last, |report| report.number);
            let words = &self.config.receive.stops;
            self.store.write(|connection| {
                for report in &reports {
                    take(connection, report, words, now, &mut summary)?;
                }
                sharing::set_report_cursor(connection, cursor)
            })?;
        }
        self.queue.reported(&self.turn, cursor, false)?;
        Ok(summary)
    }
}

/// Takes one report as if it had come here when it came there. A preset that only a newer program knows is
/// passed over.
fn take(
    connection: &Connection,
    report: &HostReport,
    words: &StopWords,
    now: Now,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    let Ok(form) = ReceiptForm::named(&report.preset) else {
        return Ok(());
    };
    let taking = Taking {
        stops: report.stops.then_some(words),
        now: Now::new(now.at - report.age, now.zone),
    };
    let document = Document {
        place: format!("a request of {}", form.name()),
        value: serde_json::from_str(&report.body).map_err(|error| error.to_string()),
    };
    take_document(connection, taking, Some(form), document, summary)
}
