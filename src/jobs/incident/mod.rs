//! Incidents: each command freezes whom it tells and writes its messages down in one transaction, so that
//! the same command again only carries on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::provided;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::incident::{self, Incident, Opening, Step, StepKind, repeats};
use crate::domain::report::{Report, ReportKind};
use crate::domain::send::{RowIds, columns};
use crate::domain::template::Template;
use crate::domain::text::typed;
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::{Error, Result};
use crate::store::incident::{self as store, IncidentTally};
use crate::store::{Connection, Store, Transaction, report, template};

mod telling;

use telling::Telling;

/// Clients looked up at once: a page of ids is all that is held.
const PAGE: usize = 1_000;

/// What a command of an incident wrote down, or found written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTold {
    /// The incident.
    pub incident: Incident,
    /// The step.
    pub step: Step,
    /// Its template's channel: where it is to be delivered.
    pub channel: Channel,
    /// It stood already: a command is carried on.
    pub carried_on: bool,
    /// It stood already, and is expected to be over at another instant from now on.
    pub put_off: bool,
    /// Clients who came to the list with it.
    pub newcomers: u64,
    /// Messages of earlier steps that were taken out of the queue.
    pub cancelled: u64,
    /// Clients who are to receive it.
    pub recipients: u64,
    /// Messages to them.
    pub messages: u64,
    /// Messages recorded as skipped, by reason.
    pub skipped: BTreeMap<Reason, u64>,
}

/// How a command is carried out.
#[derive(Debug, Clone, Copy)]
pub struct IncidentRun<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The instant.
    pub now: Now,
    /// Nothing is kept: only what it would come to is wanted.
    pub dry_run: bool,
}

impl IncidentRun<'_> {
    fn write(
        self,
        store: &mut Store,
        work: impl FnOnce(&Transaction<'_>) -> Result<StepTold>,
    ) -> Result<StepTold> {
        if self.dry_run {
            store.rehearse(work)
        } else {
            store.write(work)
        }
    }

    /// The template, if an incident can be told by it as the configuration stands.
    fn template(self, connection: &Connection, name: &str, kind: ReportKind) -> Result<Template> {
        let template = template::get(connection, name)?;
        incident::accept(&template, kind)?;
        provided::refuse(self.config, [&template])?;
        Ok(template)
    }

    fn still_to_come(self, until: Option<DateTime<Utc>>) -> Result<()> {
        match until {
            Some(until) if until <= self.now.at => Err(Error::unacceptable(format!(
                "{} is past: it cannot be when the outage is expected to be over",
                self.now.iso(until)
            ))
            .hint("give a later instant, or leave --until out")),
            _ => Ok(()),
        }
    }
}

/// Opens an incident: freezes whom the report says it concerns, and writes down what they are told. The
/// same opening again carries on.
///
/// # Errors
/// When another incident is open under the name, the template cannot tell of it, or it concerns nobody
/// (exit 3).
pub fn open(store: &mut Store, run: IncidentRun<'_>, opening: &Opening) -> Result<StepTold> {
    if let Some(problem) = incident::name_problem(&opening.name) {
        return Err(
            Error::usage(format!("the name `{}` {problem}", opening.name))
                .hint("give it a short plain name: pop-centro"),
        );
    }
    run.write(store, |transaction| {
        if let Some(open) = store::find_open(transaction, &opening.name)? {
            return carry_on_opening(transaction, open, opening);
        }
        run.still_to_come(opening.until)?;
        let wanted = report_of(transaction, opening)?;
        let template = run.template(transaction, &opening.template, wanted.kind)?;
        let mut incident = Incident {
            id: 0,
            name: opening.name.clone(),
            report: opening.report.clone(),
            filters: opening.filters.clone(),
            opened_at: run.now.at,
            until: opening.until,
            closed_at: None,
            hold_collection: opening.hold_collection,
        };
        incident.id = store::open(transaction, &incident, &wanted)?;
        let id = incident.id;
        let step = next_step(transaction, id, StepKind::Open, &template, run.now)?;
        let newcomers = gather(transaction, &incident, &wanted, &step, run.now)?;
        if newcomers == 0 {
            return Err(Error::unacceptable(format!(
                "the report `{}` has no client as it is narrowed; nothing was opened",
                opening.report
            ))
            .hint("regua report run REPORT --filter …, and regua report values logins pop"));
        }
        let mut telling = Telling::new(transaction, run, &incident, &step, &template);
        everybody(transaction, &incident, |row| telling.tell(row))?;
        telling.told(newcomers, 0)
    })
}

/// The opening of an open incident once more, or another one under its name.
fn carry_on_opening(connection: &Connection, open: Incident, asked: &Opening) -> Result<StepTold> {
    let steps = store::steps(connection, open.id)?;
    let is_updated = steps.len() > 1;
    let Some(first) = steps.into_iter().next() else {
        return Err(Error::world("an incident has no step"));
    };
    let differs = asked.differs_from(&open, &first.template, is_updated);
    if !differs.is_empty() {
        return Err(Error::unacceptable(format!(
            "another incident is open under the name `{}`: it differs in {}",
            open.name,
            differs.join(", ")
        ))
        .hint(format!(
            "regua incident update {0} tells something new of it, regua incident close {0} ends it",
            typed(&open.name)
        ))
        .hint("or give this one a name of its own"));
    }
    carried_on(connection, open, first)
}

fn carried_on(connection: &Connection, incident: Incident, step: Step) -> Result<StepTold> {
    let template = template::get(connection, &step.template)?;
    Ok(StepTold {
        incident,
        step,
        channel: template.channel,
        carried_on: true,
        put_off: false,
        newcomers: 0,
        cancelled: 0,
        recipients: 0,
        messages: 0,
        skipped: BTreeMap::new(),
    })
}

/// Tells everybody on an open incident's list something new, with whoever the report has come to name.
/// What is still queued of earlier steps is cancelled. The last update's template again carries on,
/// unless it is to be told `again`; another expected end is noted all the same.
///
/// # Errors
/// When no such incident is open, or the template cannot tell of it (exit 3).
pub fn update(
    store: &mut Store,
    run: IncidentRun<'_>,
    name: &str,
    template: &str,
    again: bool,
    until: Option<DateTime<Utc>>,
) -> Result<StepTold> {
    run.write(store, |transaction| {
        let mut incident = must_be_open(transaction, name, run.now)?;
        if let Some(last) = store::steps(transaction, incident.id)?.pop()
            && repeats(&last, template, again)
        {
            return repeated(transaction, run, incident, last, until);
        }
        run.still_to_come(until)?;
        let wanted = match report_named(transaction, &incident.report, &incident.filters)? {
            Some(report) => report,
            None => store::kept_report(transaction, incident.id)?,
        };
        let template = run.template(transaction, template, wanted.kind)?;
        if let Some(until) = until {
            store::set_until(transaction, incident.id, until)?;
            incident.until = Some(until);
        }
        let id = incident.id;
        let step = next_step(transaction, id, StepKind::Update, &template, run.now)?;
        let cancelled = store::cancel_before(
            transaction,
            id,
            step.number,
            "the incident was updated before it went",
        )?;
        let newcomers = gather(transaction, &incident, &wanted, &step, run.now)?;
        let mut telling = Telling::new(transaction, run, &incident, &step, &template);
        everybody(transaction, &incident, |row| telling.tell(row))?;
        telling.told(newcomers, cancelled)
    })
}

/// The last update once more: what is left of it goes on, until another instant where one is given.
fn repeated(
    connection: &Connection,
    run: IncidentRun<'_>,
    mut incident: Incident,
    last: Step,
    until: Option<DateTime<Utc>>,
) -> Result<StepTold> {
    let Some(until) = until.filter(|_| until != incident.until) else {
        return carried_on(connection, incident, last);
    };
    run.still_to_come(Some(until))?;
    store::set_until(connection, incident.id, until)?;
    let end = until.min(run.config.policy.expires_at(run.now));
    store::let_wait(connection, incident.id, last.number, end)?;
    incident.until = Some(until);
    Ok(StepTold {
        put_off: true,
        ..carried_on(connection, incident, last)?
    })
}

/// Closes an incident: exactly those who were told of it, or may have been, are told of its end. What is
/// still queued of it is cancelled. The same closing again carries on.
///
/// # Errors
/// When no such incident is open, or the template cannot tell of it (exit 3).
pub fn close(
    store: &mut Store,
    run: IncidentRun<'_>,
    name: &str,
    template: &str,
) -> Result<StepTold> {
    run.write(store, |transaction| {
        let latest = store::latest(transaction, name)?;
        if latest.closed_at.is_some()
            && let Some(last) = store::steps(transaction, latest.id)?.pop()
            && last.template == template
        {
            return carried_on(transaction, latest, last);
        }
        let mut incident = must_be_open(transaction, name, run.now)?;
        let kind = store::kept_report(transaction, incident.id)?.kind;
        let template = run.template(transaction, template, kind)?;
        let id = incident.id;
        let step = next_step(transaction, id, StepKind::Close, &template, run.now)?;
        let cancelled = store::cancel_before(
            transaction,
            id,
            step.number,
            "the incident was closed before it went",
        )?;
        store::close(transaction, id, run.now.at)?;
        incident.closed_at = Some(run.now.at);
        let mut telling = Telling::new(transaction, run, &incident, &step, &template);
        everybody(transaction, &incident, |row| {
            if store::was_told(transaction, id, step.number, row.client)? {
                telling.tell(row)?;
            }
            Ok(())
        })?;
        telling.told(0, cancelled)
    })
}

fn must_be_open(connection: &Connection, name: &str, now: Now) -> Result<Incident> {
    let latest = store::latest(connection, name)?;
    match latest.closed_at {
        None => Ok(latest),
        Some(at) => Err(Error::unacceptable(format!(
            "the incident `{name}` was closed at {}",
            now.iso(at)
        ))
        .hint("regua incident open opens it anew; regua incident list shows all of them")),
    }
}

/// The report of an opening, narrowed by its filters.
///
/// # Errors
/// When it is not saved, or a filter is not acceptable (exit 3).
pub fn report_of(connection: &Connection, opening: &Opening) -> Result<Report> {
    match report_named(connection, &opening.report, &opening.filters)? {
        Some(report) => Ok(report),
        // The error suggests the nearest name.
        None => report::get(connection, &opening.report).map(|saved| saved.report),
    }
}

/// The report of a name as it is now, narrowed; none when it is not saved, or not any more.
fn report_named(connection: &Connection, name: &str, filters: &[String]) -> Result<Option<Report>> {
    if let Some(kind) = ReportKind::parse(name) {
        return Report::parse(kind, filters, &[]).map(Some);
    }
    match report::find(connection, name)? {
        None => Ok(None),
        Some(saved) => {
            let more = Report::parse(saved.report.kind, filters, &[])?;
            saved.report.narrowed(more).map(Some)
        }
    }
}

fn next_step(
    connection: &Connection,
    id: i64,
    kind: StepKind,
    template: &Template,
    now: Now,
) -> Result<Step> {
    let last = store::steps(connection, id)?.pop();
    let step = Step {
        number: last.map_or(1, |last| last.number + 1),
        kind,
        template: template.name.clone(),
        at: now.at,
    };
    store::add_step(connection, id, &step)?;
    Ok(step)
}

/// Puts on the list whoever the report names and it does not have yet; how many they are.
fn gather(
    connection: &Connection,
    incident: &Incident,
    wanted: &Report,
    step: &Step,
    now: Now,
) -> Result<u64> {
    let before = store::concerned(connection, incident.id)?;
    let mut place = before;
    report::run(connection, wanted, columns(wanted.kind), now, |row| {
        let ids = RowIds {
            client: row.number(0)?.unwrap_or_default(),
            contract: row.number(1)?,
            login: match wanted.kind {
                ReportKind::Logins => row.number(2)?,
                _ => None,
            },
            invoice: None,
        };
        if store::concern(connection, incident.id, place + 1, step.number, &ids)? {
            place += 1;
        }
        Ok(true)
    })?;
    Ok((place - before).unsigned_abs())
}

/// Goes through the list in its order.
fn everybody(
    connection: &Connection,
    incident: &Incident,
    mut each: impl FnMut(&RowIds) -> Result<()>,
) -> Result<()> {
    let mut after = 0;
    loop {
        let page = store::page(connection, incident.id, after, PAGE)?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after = *last;
        for (_, row) in &page {
            each(row)?;
        }
    }
}

/// An incident as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentState {
    /// The incident.
    pub incident: Incident,
    /// How far it was told.
    pub tally: IncidentTally,
    /// Its steps, each with what became of its messages.
    pub steps: Vec<StepState>,
}

/// A step as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepState {
    /// The step.
    pub step: Step,
    /// Messages in each state.
    pub states: BTreeMap<Status, u64>,
    /// Messages not sent, by reason.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Looks at an incident, with its steps.
pub fn state(connection: &Connection, incident: Incident) -> Result<IncidentState> {
    let steps = store::steps(connection, incident.id)?
        .into_iter()
        .map(|step| step_state(connection, incident.id, step))
        .collect::<Result<_>>()?;
    Ok(IncidentState {
        tally: store::tally(connection, incident.id)?,
        incident,
        steps,
    })
}

/// Looks at one step of an incident.
pub fn step_state(connection: &Connection, id: i64, step: Step) -> Result<StepState> {
    let (states, reasons) = store::step_totals(connection, id, step.number)?;
    Ok(StepState {
        step,
        states,
        reasons,
    })
}
