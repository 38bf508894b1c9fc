//! Sync: everything that changed at the source is read first, then written to the book in one
//! transaction. Nothing is ever sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::ticket::Desk;
use crate::clock::{Clock, Now, Stopwatch, instant_from};
use crate::config::Config;
use crate::domain::book::{self, Kind, Value};
use crate::domain::ticket::event::{Event, Happening, Said, Ticket};
use crate::domain::words::{Author, Word as _, parse_yes_no};
use crate::error::{Error, Result};
use crate::source::ixc::{
    CHANGED, Facts, Fetch, Form, Ixc, Names, Query, Row, Tally, Unread, envelope, facts, page,
};
use crate::store::import::{Importer, Put};
use crate::store::meta;
use crate::store::sync::{self, Standing};
use crate::store::{Connection, Store, Transaction, ticket};

mod spool;

use spool::Spool;

/// The kinds that come from the source, each after those it refers to, with the form they come from.
pub const KINDS: [(&str, Form); 5] = [
    ("clients", Form::Cliente),
    ("contracts", Form::Contrato),
    ("invoices", Form::Areceber),
    ("logins", Form::Radusuarios),
    ("tickets", Form::Ticket),
];

/// How far before the last change the next reading begins: a change may become visible a little
/// after the time it carries, and the two clocks may differ a little.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// Rows that are read again one by one, at most, in one sync.
const MOST_AGAIN: usize = 200;

/// Refused rows that are told one by one, at most; all are counted.
const MOST_TOLD: usize = 1000;

/// How the source writes its times.
const SOURCE_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// What to sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Names of kinds; empty: all that the source has.
    pub kinds: Vec<String>,
    /// Everything is read, whether it changed or not.
    pub full: bool,
    /// Everything is read and compared, nothing is written.
    pub dry_run: bool,
    /// Rows asked for at a time.
    pub page_size: u64,
}

/// What became of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The kind.
    pub kind: &'static str,
    /// The form it came from.
    pub form: &'static str,
    /// Only changes since this time of the server were asked for.
    pub changed_since: Option<String>,
    /// Rows read.
    pub read: u64,
    /// Rows that the book did not have.
    pub new: u64,
    /// Rows that now say something else.
    pub changed: u64,
    /// Rows that say what the book said.
    pub unchanged: u64,
    /// Rows that could not be taken.
    pub refused: u64,
}

/// A row that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind.
    pub kind: &'static str,
    /// The row's id.
    pub id: i64,
    /// The column.
    pub column: &'static str,
    /// What was found.
    pub found: String,
    /// What is accepted, or what to do.
    pub remedy: String,
}

/// Something in the source that was not understood, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// The kind.
    pub kind: &'static str,
    /// The source's field, or the book's column.
    pub field: &'static str,
    /// What stood there: a code as it came, or what is wrong with the first such value.
    pub found: String,
    /// What was made of it.
    pub taken: String,
    /// It is a code that regua does not know.
    pub code: bool,
    /// Rows that hold it.
    pub rows: u64,
    /// The first of them.
    pub first_id: i64,
}

/// What a sync came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// By kind, in the order they were written.
    pub kinds: Vec<Synced>,
    /// Rows that could not be taken; the first thousand.
    pub refused: Vec<Refused>,
    /// What was not understood.
    pub noticed: Vec<Noticed>,
    /// What a person should know besides.
    pub notes: Vec<String>,
    /// Requests made.
    pub requests: u64,
    /// What happened to tickets since the last sync, told to whom a trigger names.
    pub ticket_events: u64,
    /// Messages that those events caused; they wait in the queue.
    pub ticket_messages: u64,
}

impl Summary {
    /// How many rows could not be taken.
    pub fn refused_rows(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.refused).sum()
    }
}

/// One kind read and put aside.
struct Gathered {
    kind: &'static Kind,
    form: Form,
    spool: Spool,
    changed_since: Option<String>,
    changed_until: Option<String>,
    /// Real time that the reading took.
    took: TimeDelta,
}

/// Syncs every kind from the source that is configured, as a task does.
///
/// # Errors
/// When none is configured (exit 3), and as [`sync`] does.
pub fn everything(store: &mut Store, config: &Config, clock: &Clock) -> Result<Summary> {
    let source = configured(config)?;
    let request = Request {
        kinds: Vec::new(),
        full: false,
        dry_run: false,
        page_size: source.page_size(),
    };
    sync(store, &source, &request, config, clock, &mut |_, _| {})
}

/// The source that is configured.
///
/// # Errors
/// When there is none, or its token cannot be had (exit 3).
pub fn configured(config: &Config) -> Result<Ixc> {
    let Some(settings) = &config.ixc else {
        return Err(Error::unacceptable("no source is configured")
            .hint("write [sync.ixc] with base_url and token in the configuration")
            .hint("regua import DIR, for files that the ERP exports"));
    };
    Ixc::new(settings)
}

/// Reads what changed at the source and brings the book up to it. `progress` hears of each kind
/// and how many of its rows have come.
///
/// # Errors
/// When the source does not answer, answers with no data, or with less than it told of: then
/// nothing is written (exit 4). When another sync is still reading (exit 5).
pub fn sync(
    store: &mut Store,
    fetch: &dyn Fetch,
    request: &Request,
    config: &Config,
    clock: &Clock,
    progress: &mut dyn FnMut(&'static str, u64),
) -> Result<Summary> {
    let now = &clock.now();
    let wanted = wanted(&request.kinds)?;
    let _lock = lock(store)?;
    let mut summary = Summary::default();
    let mut references = BTreeSet::new();
    let mut all = Vec::new();
    for (kind, form) in wanted {
        let gathered = gather(
            store,
            fetch,
            request,
            (kind, form),
            &mut references,
            &mut summary,
            progress,
        )?;
        all.push(gathered);
    }
    let (names, learned) = names(store, fetch, request, &references, &mut summary)?;
    let write = |transaction: &Transaction<'_>| {
        let mut book = Book {
            connection: transaction,
            names: &names,
            now,
            synced: all.iter().map(|gathered| gathered.kind.name).collect(),
            desk: Desk::new(config, clock),
            tickets_since: None,
            summary,
        };
        for (form, id, name) in &learned {
            sync::set_name(transaction, form.name(), *id, name)?;
        }
        for gathered in all {
            book.take(gathered)?;
        }
        Ok(book.summary)
    };
    if request.dry_run {
        store.rehearse(write)
    } else {
        store.write(write)
    }
}

/// The kinds named, in the order they are written.
///
/// # Errors
/// When one of them does not come from the source (exit 2).
pub fn wanted(names: &[String]) -> Result<Vec<(&'static Kind, Form)>> {
    for name in names {
        if !KINDS.iter().any(|(kind, _)| kind == name) {
            let known = KINDS.map(|(kind, _)| kind).join(", ");
            return Err(
                Error::usage(format!("`{name}` does not come from the source")).hint(format!(
                    "some of: {known}; everything else is imported from files"
                )),
            );
        }
    }
    Ok(KINDS
        .into_iter()
        .filter(|(kind, _)| names.is_empty() || names.iter().any(|name| name == kind))
        .filter_map(|(kind, form)| Some((Kind::named(kind)?, form)))
        .collect())
}

/// Takes the lock of syncs.
fn lock(store: &Store) -> Result<File> {
    store.lock("sync")?.ok_or_else(|| {
        Error::locked("another sync is still reading")
            .hint("wait for it; a slow server makes it long")
    })
}

/// Reads one kind and puts its rows aside.
fn gather(
    store: &Store,
    fetch: &dyn Fetch,
    request: &Request,
    (kind, form): (&'static Kind, Form),
    references: &mut BTreeSet<(Form, i64)>,
    summary: &mut Summary,
    progress: &mut dyn FnMut(&'static str, u64),
) -> Result<Gathered> {
    let watch = Stopwatch::start();
    let connection = store.connection();
    let changed_since = if request.full {
        None
    } else {
        sync::cursor(connection, kind.name)?.map(|cursor| earlier(&cursor.changed_until, OVERLAP))
    };
    let mut spool = Spool::new(form, &spool_path(store, form))?;
    let mut seen = BTreeSet::new();
    let mut read = 0;
    progress(kind.name, 0);
    if changed_since.is_some() {
        let again = sync::again(connection, kind.name)?;
        if again.len() > MOST_AGAIN {
            summary.notes.push(format!(
                "{} of the {} that were refused before were not read again; `regua sync --full` reads all",
                again.len() - MOST_AGAIN,
                kind.name
            ));
        }
        seen.extend(again.into_iter().take(MOST_AGAIN));
        let ids: Vec<i64> = seen.iter().copied().collect();
        let mut tally = Tally::default();
        let rows =
            page::some(fetch, form, &ids, &mut tally).map_err(|unread| unread.into_error(form))?;
        summary.requests += tally.requests;
        for row in rows {
            references.extend(facts::references(&row));
            spool.push(&row)?;
            read += 1;
        }
    }
    let query = Query {
        form,
        changed_since: changed_since.clone(),
        page_size: request.page_size,
    };
    let tally = page::read(fetch, &query, &mut |rows| {
        for row in rows {
            if row.id().is_some_and(|id| seen.contains(&id)) {
                continue;
            }
            references.extend(facts::references(&row));
            spool.push(&row)?;
            read += 1;
        }
        progress(kind.name, read);
        Ok(())
    })
    .map_err(|unread| unread.into_error(form))?;
    summary.requests += tally.requests;
    if tally.filter_ignored {
        summary.notes.push(format!(
            "the server ignored the filter by time of {}: every row was read",
            form.name()
        ));
    }
    if tally.rows > 0 && tally.changed_until.is_none() {
        summary.notes.push(format!(
            "{} does not say when its rows changed: every row is read each time",
            form.name()
        ));
    }
    Ok(Gathered {
        kind,
        form,
        spool,
        changed_since,
        changed_until: tally.changed_until,
        took: TimeDelta::from_std(watch.elapsed()).unwrap_or_default(),
    })
}

/// Where the rows of a form are put aside: on the database's disk, which has room for them.
fn spool_path(store: &Store, form: Form) -> PathBuf {
    let mut path = store.path().to_owned().into_os_string();
    path.push(format!(".{}.{}.tmp", form.name(), std::process::id()));
    PathBuf::from(path)
}

/// How far a kind is known now. A row may have changed after its page was read, while a later page
/// told of later changes: so it is never later than the moment this sync began, and always as much
/// earlier than the last change as the reading took (the server's clock need not be ours).
fn reached(
    changed_until: Option<String>,
    took: TimeDelta,
    before: Option<String>,
    now: &Now,
) -> Option<String> {
    let begun = now.local().format(SOURCE_TIME).to_string();
    let reached = changed_until.map(|until| earlier(&until, took).min(begun));
    match (reached, before) {
        (Some(reached), Some(before)) => Some(reached.max(before)),
        (reached, before) => reached.or(before),
    }
}

/// A time of the source, so much earlier, to the second.
fn earlier(text: &str, by: TimeDelta) -> String {
    NaiveDateTime::parse_from_str(text, SOURCE_TIME).map_or_else(
        |_| text.to_owned(),
        |at| {
            let at = at - TimeDelta::seconds(by.num_seconds());
            at.format(SOURCE_TIME).to_string()
        },
    )
}

/// The names of everything referred to; asked for only where they are not known yet.
#[expect(
    clippy::type_complexity,
    reason = "the names, and those to be remembered"
)]
fn names(
    store: &Store,
    fetch: &dyn Fetch,
    request: &Request,
    references: &BTreeSet<(Form, i64)>,
    summary: &mut Summary,
) -> Result<(Names, Vec<(Form, i64, String)>)> {
    let mut names = Names::default();
    for (form, id, name) in sync::names(store.connection())? {
        if let Some(form) = Form::parse(&form) {
            names.insert(form, id, name);
        }
    }
    let wanted: BTreeSet<Form> = references
        .iter()
        .filter(|(form, id)| request.full || names.get(*form, *id).is_none())
        .map(|(form, _)| *form)
        .collect();
    let mut learned = Vec::new();
    for form in wanted {
        let query = Query {
            form,
            changed_since: None,
            page_size: request.page_size,
        };
        let mut found: BTreeMap<i64, String> = BTreeMap::new();
        let outcome = page::read(fetch, &query, &mut |rows| {
            found.extend(facts::named(&rows));
            Ok(())
        });
        match outcome {
            Ok(tally) => summary.requests += tally.requests,
            // Names are a comfort; without them the ids stand.
            Err(unread @ Unread::Said { .. }) => {
                summary.requests += 1;
                let told = unread.into_error(form);
                let used = if form == Form::Cidade {
                    "cities are left as they were"
                } else {
                    "ids stand for names"
                };
                let remedy = told.hints.first().cloned().unwrap_or_default();
                summary.notes.push(format!(
                    "the form {} cannot be read, {used}: {}; try: {remedy}",
                    form.name(),
                    told.message
                ));
                continue;
            }
            Err(Unread::Failed(error)) => return Err(error),
        }
        for (_, id) in references.iter().filter(|(of, _)| *of == form) {
            // An empty name says that there is no such row, so that it is not looked for each time.
            found.entry(*id).or_default();
        }
        for (id, name) in found {
            names.insert(form, id, name.clone());
            learned.push((form, id, name));
        }
    }
    Ok((names, learned))
}

/// The book while rows are written to it.
struct Book<'a> {
    connection: &'a Connection,
    names: &'a Names,
    now: &'a Now,
    /// The kinds that are brought up to date in this very run.
    synced: Vec<&'static str>,
    /// Where ticket events are taken.
    desk: Desk<'a>,
    /// Tickets opened before this have no news to tell; none before tickets were ever synced.
    tickets_since: Option<DateTime<Utc>>,
    summary: Summary,
}

/// What became of one row.
enum Outcome {
    New,
    Changed,
    Unchanged,
    Refused,
}

impl Book<'_> {
    fn take(&mut self, gathered: Gathered) -> Result<()> {
        let kind = gathered.kind;
        let mut synced = Synced {
            kind: kind.name,
            form: gathered.form.name(),
            changed_since: gathered.changed_since.clone(),
            read: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            refused: 0,
        };
        // The rows that were to be read again are known by now, or gone.
        if gathered.changed_since.is_none() {
            for id in sync::again(self.connection, kind.name)? {
                sync::set_again(self.connection, kind.name, id, false)?;
            }
        } else {
            for id in sync::again(self.connection, kind.name)?
                .into_iter()
                .take(MOST_AGAIN)
            {
                sync::set_again(self.connection, kind.name, id, false)?;
            }
        }
        if gathered.form == Form::Ticket {
            self.tickets_since = sync::cursor(self.connection, kind.name)?
                .and_then(|cursor| instant_from(&cursor.changed_until, self.now.zone))
                .map(|at| at - TimeDelta::days(1));
        }
        let mut importer = Importer::new(self.connection, kind)?;
        for row in gathered.spool.into_rows()? {
            synced.read += 1;
            let row = row?;
            match self.row(kind, &mut importer, synced.read, &row)? {
                Outcome::New => synced.new += 1,
                Outcome::Changed => synced.changed += 1,
                Outcome::Unchanged => synced.unchanged += 1,
                Outcome::Refused => synced.refused += 1,
            }
        }
        let before = sync::cursor(self.connection, kind.name)?.map(|cursor| cursor.changed_until);
        if let Some(until) = reached(gathered.changed_until, gathered.took, before, self.now) {
            sync::set_cursor(self.connection, kind.name, &until, self.now.at)?;
        }
        meta::set_refreshed(self.connection, kind.name, self.now.at)?;
        self.summary.kinds.push(synced);
        Ok(())
    }

    fn row(
        &mut self,
        kind: &'static Kind,
        importer: &mut Importer<'_>,
        line: u64,
        row: &Row,
    ) -> Result<Outcome> {
        let id = row.id().unwrap_or(0);
        let facts = facts::facts(row, self.names);
        let told = if row.form() == Form::Ticket {
            self.ticket(row, &facts)?
        } else {
            None
        };
        let Facts { columns, strange } = facts;
        let codes: Vec<(&str, &str)> = strange
            .iter()
            .filter(|strange| strange.code)
            .map(|strange| (strange.field, strange.found.as_str()))
            .collect();
        sync::set_codes(self.connection, kind.name, id, &codes)?;
        for strange in &strange {
            self.notice(
                kind,
                strange.field,
                &strange.found,
                strange.taken,
                strange.code,
                id,
            );
        }
        let mut cells: Vec<Option<Value>> = vec![None; kind.columns.len()];
        for (name, text) in &columns {
            let Some(at) = kind.position(name) else {
                continue;
            };
            let column = &kind.columns[at];
            if text.is_empty() && column.source_may_lack {
                cells[at] = Some(Value::Null);
                continue;
            }
            match book::read(column, text, self.now.zone) {
                Ok(value) => cells[at] = Some(value),
                Err(refused) if column.required => {
                    return self.refuse(kind, id, column.name, refused.found, refused.accepted);
                }
                Err(refused) => {
                    let found = format!("{}, {}", refused.found, refused.accepted);
                    self.notice(kind, column.name, &found, "left empty", false, id);
                    cells[at] = book::read(column, "", self.now.zone).ok();
                }
            }
        }
        loop {
            let standing = sync::standing(self.connection, kind, &cells)?;
            if standing == Standing::Same {
                return Ok(told.unwrap_or(Outcome::Unchanged));
            }
            match importer.put(line, &cells)? {
                Put::Written if standing == Standing::New => return Ok(Outcome::New),
                // Twice: the row was read again by itself, and stood on a page too.
                Put::Written | Put::Twice(_) => return Ok(told.unwrap_or(Outcome::Changed)),
                Put::Lacks(columns) => {
                    return self.refuse(
                        kind,
                        id,
                        columns.first().copied().unwrap_or("id"),
                        "is missing in the answer".to_owned(),
                        format!("a new row needs {}", columns.join(", ")),
                    );
                }
                Put::Orphan {
                    column,
                    id: other,
                    kind: of,
                } => {
                    // It may come with its own kind, if that was not read just now.
                    let may_come =
                        !self.synced.contains(&of) && KINDS.iter().any(|(k, _)| *k == of);
                    let at = kind.position(column).unwrap_or(0);
                    if kind.columns[at].required {
                        let remedy = if may_come {
                            format!("sync {of} as well")
                        } else {
                            format!("look for it among the {of} of the ERP")
                        };
                        return self.refuse(
                            kind,
                            id,
                            column,
                            format!("{other} is not among the {of} of the book"),
                            remedy,
                        );
                    }
                    if may_come {
                        sync::set_again(self.connection, kind.name, id, true)?;
                    }
                    let found = format!("not among the {of} of the book");
                    self.notice(kind, column, &found, "left empty", false, id);
                    cells[at] = Some(Value::Null);
                }
            }
        }
    }

    /// Tells what happened to a ticket since the last sync: that it was opened, or that its status
    /// or priority changed. The first sync of tickets only learns how they are. An event writes the
    /// ticket down: the answer is what that made of it.
    fn ticket(&mut self, row: &Row, facts: &Facts) -> Result<Option<Outcome>> {
        let (Some(since), Some(id)) = (self.tickets_since, row.id()) else {
            return Ok(None);
        };
        let before = ticket::find(self.connection, id)?;
        let Some(event) = event(row, facts, id, before.as_ref(), since, self.now) else {
            return Ok(None);
        };
        let taken = self.desk.take_in(self.connection, &event, *self.now)?;
        if taken.known {
            return Ok(None);
        }
        self.summary.ticket_events += 1;
        self.summary.ticket_messages += u64::try_from(taken.made.len()).unwrap_or(0);
        Ok(Some(match before {
            None => Outcome::New,
            Some(_) => Outcome::Changed,
        }))
    }

    /// Leaves a row out, and has it read again next time.
    fn refuse(
        &mut self,
        kind: &'static Kind,
        id: i64,
        column: &'static str,
        found: String,
        remedy: String,
    ) -> Result<Outcome> {
        sync::set_again(self.connection, kind.name, id, true)?;
        if self.summary.refused.len() < MOST_TOLD {
            self.summary.refused.push(Refused {
                kind: kind.name,
                id,
                column,
                found,
                remedy,
            });
        }
        Ok(Outcome::Refused)
    }

    /// Counts something that was not understood: codes by code, values by what was made of them.
    fn notice(
        &mut self,
        kind: &'static Kind,
        field: &'static str,
        found: &str,
        taken: &str,
        code: bool,
        id: i64,
    ) {
        let same = self.summary.noticed.iter_mut().find(|noticed| {
            noticed.kind == kind.name
                && noticed.field == field
                && noticed.taken == taken
                && noticed.code == code
                && (!code || noticed.found == found)
        });
        if let Some(noticed) = same {
            noticed.rows += 1;
        } else {
            self.summary.noticed.push(Noticed {
                kind: kind.name,
                field,
                found: found.to_owned(),
                taken: taken.to_owned(),
                code,
                rows: 1,
                first_id: id,
            });
        }
    }
}

/// What a ticket's row tells beside what the book knows of it; none when that is nothing new.
fn event(
    row: &Row,
    facts: &Facts,
    id: i64,
    before: Option<&Ticket>,
    since: DateTime<Utc>,
    now: &Now,
) -> Option<Event> {
    let instant = |text: Option<&str>| instant_from(text?, now.zone);
    let status = facts.filled("status").map(str::to_owned);
    let priority = facts.filled("priority").map(str::to_owned);
    let mut said = Said {
        client_id: facts.id("client_id"),
        topic_id: facts.id("topic_id"),
        title: facts.filled("title").map(str::to_owned),
        responsible_id: facts.id("responsible_id"),
        opened_by: facts.filled("opened_by").and_then(Author::parse),
        visible_to_client: facts.filled("visible_to_client").and_then(parse_yes_no),
        ..Said::default()
    };
    let Some(before) = before else {
        let opened_at = instant(facts.filled("opened_at")).filter(|at| *at >= since)?;
        said.status = status;
        said.priority = priority;
        return Some(Event {
            id: format!("ixc/{id}/opened"),
            at: opened_at,
            dated: true,
            ticket_id: id,
            said,
            happening: Happening::Opened {
                text: row.filled("menssagem").map(envelope::unmarked),
            },
        });
    };
    let to = status.filter(|status| before.status.as_ref() != Some(status));
    said.priority = priority.filter(|priority| before.priority.as_ref() != Some(priority));
    if to.is_none() && said.priority.is_none() {
        return None;
    }
    let changed = row.filled(CHANGED);
    let at = instant(changed);
    Some(Event {
        id: format!(
            "ixc/{id}/moved/{}",
            changed.map_or_else(|| now.iso(now.at), str::to_owned)
        ),
        at: at.unwrap_or(now.at),
        dated: at.is_some(),
        ticket_id: id,
        said,
        happening: Happening::Moved {
            from: before.status.clone().filter(|_| to.is_some()),
            to,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::source::ixc::Answer;

    /// An honest web service in memory.
    #[derive(Default)]
    struct Erp {
        rows: RefCell<BTreeMap<&'static str, Vec<Json>>>,
        asked: RefCell<Vec<(Form, Json)>>,
        broken: RefCell<Option<Form>>,
    }

    impl Erp {
        fn put(&self, form: Form, rows: Json) {
            let Json::Array(mut rows) = rows else {
                panic!("rows are a list")
            };
            rows.sort_by_key(|row| row["id"].as_str().and_then(|id| id.parse::<i64>().ok()));
            self.rows.borrow_mut().insert(form.name(), rows);
        }

        fn questions(&self, form: Form) -> usize {
            self.asked
                .borrow()
                .iter()
                .filter(|(of, _)| *of == form)
                .count()
        }
    }

    impl Fetch for Erp {
        fn list(&self, form: Form, body: &str) -> Result<Answer> {
            let body: Json = serde_json::from_str(body).expect("we send JSON");
            let text = |value: &Json| value.as_str().expect("text").to_owned();
            let after: i64 = text(&body["query"]).parse().expect("an id");
            let size: usize = text(&body["rp"]).parse().expect("a size");
            let since = body.get("grid_param").map(|grid| {
                let grid: Json = serde_json::from_str(&text(grid)).expect("JSON in JSON");
                text(&grid[0]["P"])
            });
            self.asked.borrow_mut().push((form, body));
            if *self.broken.borrow() == Some(form) {
                let body = r#"{"type":"error","message":"Recurso não está disponível!"}"#;
                return Ok(Answer {
                    status: 200,
                    body: body.as_bytes().to_vec(),
                });
            }
            let rows = self.rows.borrow();
            let found: Vec<&Json> = rows
                .get(form.name())
                .into_iter()
                .flatten()
                .filter(|row| text(&row["id"]).parse::<i64>().expect("an id") > after)
                .filter(|row| {
                    since
                        .as_ref()
                        .is_none_or(|since| text(&row["ultima_atualizacao"]) >= *since)
                })
                .collect();
            let page: Vec<&Json> = found.iter().take(size).copied().collect();
            let body = json!({"page": "1", "total": found.len().to_string(), "registros": page});
            Ok(Answer {
                status: 200,
                body: body.to_string().into_bytes(),
            })
        }
    }

    fn erp() -> Erp {
        let erp = Erp::default();
        erp.put(Form::Cliente, json!([
            {"id": "1", "razao": "Ana", "tipo_pessoa": "F", "ativo": "S", "cidade": "9", "senha": "s3cret-ana", "ultima_atualizacao": "2026-11-01 10:00:00"},
            {"id": "2", "razao": "Bar Ltda", "tipo_pessoa": "J", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-02 10:00:00"},
        ]));
        erp.put(Form::Contrato, json!([
            {"id": "10", "id_cliente": "1", "contrato": "Fibra", "status": "A", "status_internet": "CA", "ultima_atualizacao": "2026-11-02 10:00:00"},
        ]));
        erp.put(Form::Areceber, json!([
            {"id": "100", "id_cliente": "1", "id_contrato": "10", "id_carteira_cobranca": "5", "status": "A", "liberado": "S", "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "99.90", "ultima_atualizacao": "2026-11-03 10:00:00"},
        ]));
        erp.put(Form::Cidade, json!([{"id": "9", "nome": "Chapecó"}]));
        erp.put(Form::Carteira, json!([{"id": "5", "descricao": "Boleto"}]));
        erp
    }

    struct House {
        _folder: tempfile::TempDir,
        store: Store,
    }

    fn house() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("regua.db")).expect("a database");
        House {
            _folder: folder,
            store,
        }
    }

    fn clock() -> Clock {
        Clock::of_run(Some("2026-11-21T09:00"), chrono_tz::America::Sao_Paulo).expect("an instant")
    }

    fn now() -> Now {
        clock().now()
    }

    fn config() -> Config {
        Config::read("", "the defaults", std::path::Path::new("")).expect("acceptable")
    }

    fn run(house: &mut House, erp: &Erp, kinds: &[&str], full: bool) -> Result<Summary> {
        let request = Request {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            full,
            dry_run: false,
            page_size: 500,
        };
        sync(
            &mut house.store,
            erp,
            &request,
            &config(),
            &clock(),
            &mut |_, _| {},
        )
    }

    fn counts(summary: &Summary, kind: &str) -> (u64, u64, u64, u64) {
        let synced = summary
            .kinds
            .iter()
            .find(|synced| synced.kind == kind)
            .expect(kind);
        (synced.new, synced.changed, synced.unchanged, synced.refused)
    }

    fn text(house: &House, sql: &str) -> String {
        house
            .store
            .connection()
            .query_row(sql, [], |row| row.get::<_, Option<String>>(0))
            .expect(sql)
            .unwrap_or_default()
    }

    #[test]
    fn the_second_sync_asks_only_for_what_changed() {
        let (mut house, erp) = (house(), erp());
        let first = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&first, "clients"), (2, 0, 0, 0));
        assert_eq!(counts(&first, "invoices"), (1, 0, 0, 0));
        assert_eq!(first.noticed, []);
        assert_eq!(
            text(&house, "SELECT city FROM client WHERE id = 1"),
            "Chapecó"
        );
        assert_eq!(text(&house, "SELECT portfolio FROM invoice"), "Boleto");
        assert_eq!(
            text(&house, "SELECT access_status FROM contract"),
            "auto_block"
        );
        erp.put(Form::Cliente, json!([
            {"id": "1", "razao": "Ana", "tipo_pessoa": "F", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-01 10:00:00"},
            {"id": "2", "razao": "Bar Novo Ltda", "tipo_pessoa": "J", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-20 10:00:00"},
            {"id": "3", "razao": "Caio", "tipo_pessoa": "F", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-20 11:00:00"},
        ]));
        let cities = erp.questions(Form::Cidade);
        let second = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&second, "clients"), (1, 1, 0, 0));
        assert_eq!(counts(&second, "invoices"), (0, 0, 1, 0));
        assert_eq!(
            second.kinds[0].changed_since.as_deref(),
            Some("2026-11-02 09:50:00")
        );
        assert_eq!(erp.questions(Form::Cidade), cities, "the city is known");
        assert_eq!(
            text(&house, "SELECT name FROM client WHERE id = 2"),
            "Bar Novo Ltda"
        );
        let full = run(&mut house, &erp, &["clients"], true).expect("synced");
        assert_eq!(counts(&full, "clients"), (0, 0, 3, 0));
        assert_eq!(full.kinds.len(), 1);
    }

    #[test]
    fn a_source_that_fails_midway_changes_nothing() {
        let (mut house, erp) = (house(), erp());
        *erp.broken.borrow_mut() = Some(Form::Radusuarios);
        let error = run(&mut house, &erp, &[], false).expect_err("no logins");
        assert!(
            error.to_string().contains("release the form radusuarios"),
            "{error}"
        );
        assert_eq!(text(&house, "SELECT count(*) || '' FROM client"), "0");
        assert_eq!(
            sync::cursor(house.store.connection(), "clients").expect("a reading"),
            None
        );
        assert_eq!(
            meta::refreshed(house.store.connection(), "invoices").expect("a reading"),
            None
        );
        *erp.broken.borrow_mut() = None;
        run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(
            meta::refreshed(house.store.connection(), "invoices").expect("a reading"),
            Some(now().at)
        );
    }

    #[test]
    fn a_dry_run_tells_the_same_and_keeps_nothing() {
        let (mut house, erp) = (house(), erp());
        let request = Request {
            kinds: Vec::new(),
            full: false,
            dry_run: true,
            page_size: 1,
        };
        let dry = sync(
            &mut house.store,
            &erp,
            &request,
            &config(),
            &clock(),
            &mut |_, _| {},
        )
        .expect("read");
        assert_eq!(text(&house, "SELECT count(*) || '' FROM client"), "0");
        let real = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(dry.kinds, real.kinds);
    }

    #[test]
    fn two_syncs_do_not_run_at_once() {
        let (mut house, erp) = (house(), erp());
        let lock = lock(&house.store).expect("the lock");
        let error = run(&mut house, &erp, &[], false).expect_err("it is taken");
        assert_eq!(error.kind, crate::error::ErrorKind::Locked);
        drop(lock);
        run(&mut house, &erp, &[], false).expect("synced");
    }

    #[test]
    fn names_that_cannot_be_read_do_not_stop_it() {
        let (mut house, erp) = (house(), erp());
        *erp.broken.borrow_mut() = Some(Form::Carteira);
        let summary = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(text(&house, "SELECT portfolio FROM invoice"), "5");
        assert!(
            summary
                .notes
                .iter()
                .any(|note| note.contains("fn_carteira_cobranca"))
        );
    }

    #[test]
    fn a_refused_row_is_read_again_until_it_is_mended() {
        let (mut house, erp) = (house(), erp());
        let bad = |due: &str| {
            json!([
                {"id": "100", "id_cliente": "1", "status": "A", "data_vencimento": "2026-11-10", "valor": "99.90", "ultima_atualizacao": "2026-11-03 10:00:00"},
                {"id": "50", "id_cliente": "1", "status": "A", "data_vencimento": due, "valor": "10", "ultima_atualizacao": "2020-01-01 10:00:00"},
            ])
        };
        erp.put(Form::Areceber, bad("0000-00-00"));
        let first = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&first, "invoices"), (1, 0, 0, 1));
        assert_eq!(first.refused[0].column, "due_on");
        let second = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&second, "invoices"), (0, 0, 1, 1), "told again");
        erp.put(Form::Areceber, bad("2026-11-11"));
        let third = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&third, "invoices"), (1, 0, 1, 0));
        let fourth = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&fourth, "invoices"), (0, 0, 1, 0));
    }

    #[test]
    fn what_an_invoice_refers_to_may_come_later() {
        let (mut house, erp) = (house(), erp());
        let summary = run(&mut house, &erp, &["invoices"], false).expect("synced");
        assert_eq!(counts(&summary, "invoices"), (0, 0, 0, 1));
        assert_eq!(summary.refused[0].remedy, "sync clients as well");
        let summary = run(&mut house, &erp, &["invoices", "clients"], false).expect("synced");
        assert_eq!(counts(&summary, "invoices"), (1, 0, 0, 0));
        assert_eq!(summary.noticed[0].field, "contract_id");
        let summary = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(counts(&summary, "invoices"), (0, 1, 0, 0));
        assert_eq!(text(&house, "SELECT contract_id || '' FROM invoice"), "10");
    }

    #[test]
    fn unknown_codes_are_kept_raw_and_told() {
        let (mut house, erp) = (house(), erp());
        let rows = |code: &str| json!([{"id": "10", "id_cliente": "1", "status": "A", "status_internet": code, "ultima_atualizacao": "2026-11-02 10:00:00"}]);
        erp.put(Form::Contrato, rows("XX"));
        let summary = run(&mut house, &erp, &[], false).expect("synced");
        assert_eq!(summary.noticed[0].found, "XX");
        let codes = sync::codes(house.store.connection()).expect("a reading");
        assert_eq!(
            (codes[0].code.as_str(), codes[0].rows, codes[0].first_id),
            ("XX", 1, 10)
        );
        erp.put(Form::Contrato, rows("A"));
        run(&mut house, &erp, &[], true).expect("synced");
        assert_eq!(
            sync::codes(house.store.connection()).expect("a reading"),
            []
        );
    }

    #[test]
    fn no_password_reaches_the_database() {
        let (mut house, erp) = (house(), erp());
        run(&mut house, &erp, &[], false).expect("synced");
        let path = house.store.path().to_owned();
        drop(house.store);
        for file in std::fs::read_dir(path.parent().expect("a folder")).expect("a folder") {
            let bytes = std::fs::read(file.expect("a file").path()).expect("a file");
            assert!(!bytes.windows(10).any(|window| window == b"s3cret-ana"));
        }
    }

    #[test]
    fn a_cursor_never_passes_the_beginning_of_its_own_run() {
        let now = now();
        let some = |text: &str| Some(text.to_owned());
        let none = TimeDelta::zero();
        let before = || some("2026-11-20 00:00:00");
        assert_eq!(
            reached(some("2026-11-21 09:30:00"), none, before(), &now),
            some("2026-11-21 09:00:00")
        );
        assert_eq!(reached(None, none, before(), &now), before());
        assert_eq!(
            reached(some("2026-11-19 00:00:00"), none, before(), &now),
            before()
        );
        assert_eq!(
            reached(
                some("2026-11-21 08:30:00"),
                TimeDelta::minutes(45),
                before(),
                &now
            ),
            some("2026-11-21 07:45:00")
        );
        assert_eq!(
            earlier("2026-11-20 00:05:00", OVERLAP),
            "2026-11-19 23:55:00"
        );
        assert_eq!(earlier("no time", OVERLAP), "no time");
    }
}
