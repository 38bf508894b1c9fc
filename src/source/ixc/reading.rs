//! One run's reading of the web service: each form asked for, page by page, as rows of the book.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::cursor::{OVERLAP, earlier, reached};
use super::facts::{facts, prospect, reply};
use super::form::{Form, FormRow};
use super::names::NameBook;
use super::page::{self, Fetch, Heard, Query, Tally};
use super::settings::TicketVisible;
use super::trouble::Unread;
use crate::clock::Stopwatch;
use crate::error::Result;
use crate::source::{AskedKind, Question, Reached, Take};

/// What one run works with.
pub(super) struct FormReading<'a> {
    pub(super) fetch: &'a dyn Fetch,
    /// Rows asked for at a time.
    pub(super) page_size: u64,
    /// Prospects come too, inactive.
    pub(super) prospects: bool,
    /// Which tickets that staff opened their client may see.
    pub(super) visible: TicketVisible,
    pub(super) question: &'a Question<'a>,
    pub(super) names: NameBook,
    pub(super) heard: Heard,
}

impl FormReading<'_> {
    /// Reads the form of one kind: the rows that are to be read again, then what changed.
    pub(super) fn kind(
        &mut self,
        asked: &AskedKind,
        form: Form,
        take: &mut Take<'_>,
    ) -> Result<Reached> {
        let watch = Stopwatch::start();
        let last = asked.last.as_ref();
        let changed_since = last
            .filter(|_| !self.question.full)
            .map(|last| earlier(&last.cursor, OVERLAP));
        take(asked.kind, Vec::new())?;
        let mut seen = BTreeSet::new();
        if changed_since.is_some() {
            seen.extend(asked.again.iter().copied());
            let mut tally = Tally::default();
            let rows = page::some(self.fetch, form, &asked.again, &mut tally);
            self.heard.requests += tally.requests;
            let rows = match rows {
                Ok(rows) => rows,
                Err(unread) => return withheld(unread, form),
            };
            self.hand_over(asked, &rows, take)?;
        }
        let tally = match self.changes(asked, form, changed_since.clone(), &seen, take) {
            Ok(tally) => tally,
            Err(unread) => return withheld(unread, form),
        };
        self.heard.requests += tally.requests;
        self.note(form, &tally);
        if form == Form::Ticket {
            self.replies(asked, take)?;
        }
        let took = TimeDelta::from_std(watch.elapsed()).unwrap_or_default();
        let before = last.map(|last| last.cursor.clone());
        Ok(Reached {
            form: form.name().to_owned(),
            whole: changed_since.is_none(),
            changed_since,
            cursor: reached(tally.changed_until, took, before, &self.question.now),
            ..Reached::default()
        })
    }

    /// Hands over what was written in tickets since the last sync; the first one only learns how they are.
    /// Without this form nobody hears of replies, and everything else comes all the same.
    fn replies(&mut self, asked: &AskedKind, take: &mut Take<'_>) -> Result<()> {
        let Some(last) = &asked.last else {
            return Ok(());
        };
        let query = Query {
            form: Form::Mensagem,
            changed_since: Some(earlier(&last.cursor, OVERLAP)),
            page_size: self.page_size,
        };
        let read = page::read(self.fetch, &query, &mut |rows| {
            let rows = rows.iter().filter_map(|row| reply(row, asked.kind));
            take(asked.kind, rows.collect())
        });
        match read {
            Ok(tally) => self.heard.requests += tally.requests,
            Err(Unread::Failed(error)) => return Err(error),
            Err(unread @ Unread::Said { .. }) => {
                self.heard.requests += 1;
                let told = unread.into_error(Form::Mensagem);
                let remedy = told.hints.first().cloned().unwrap_or_default();
                self.heard.notes.push(format!(
                    "the form su_mensagens cannot be read, nobody hears of replies: {}; try: {remedy}",
                    told.message
                ));
            }
        }
        Ok(())
    }

    /// Hands over the rows that changed, but for those that were `seen` already.
    fn changes(
        &mut self,
        asked: &AskedKind,
        form: Form,
        changed_since: Option<String>,
        seen: &BTreeSet<i64>,
        take: &mut Take<'_>,
    ) -> Result<Tally, Unread> {
        let query = Query {
            form,
            changed_since,
            page_size: self.page_size,
        };
        page::read(self.fetch, &query, &mut |mut rows| {
            rows.retain(|row| row.id().is_none_or(|id| !seen.contains(&id)));
            self.hand_over(asked, &rows, take)
        })
    }

    fn hand_over(
        &mut self,
        asked: &AskedKind,
        rows: &[FormRow],
        take: &mut Take<'_>,
    ) -> Result<()> {
        let manner = (self.question.full, self.page_size);
        self.names
            .learn(self.fetch, rows, manner, &mut self.heard)?;
        let rows = rows
            .iter()
            .filter(|row| self.prospects || !prospect(row))
            .map(|row| facts(row, asked.kind, (&self.names, self.visible)))
            .collect();
        take(asked.kind, rows)
    }

    fn note(&mut self, form: Form, tally: &Tally) {
        let name = form.name();
        if tally.filter_ignored {
            self.heard.notes.push(format!(
                "the server ignored the filter by time of {name}: every row was read"
            ));
        }
        if tally.rows > 0 && tally.changed_until.is_none() {
            self.heard.notes.push(format!(
                "{name} does not say when its rows changed: every row is read each time"
            ));
        }
    }
}

/// A form that is withheld from the token is told of; anything else fails the run.
fn withheld(unread: Unread, form: Form) -> Result<Reached> {
    let withheld = unread.withheld();
    let error = unread.into_error(form);
    if !withheld {
        return Err(error);
    }
    let remedy = error.hints.first().cloned().unwrap_or_default();
    Ok(Reached {
        form: form.name().to_owned(),
        withheld: Some(format!("{}; try: {remedy}", error.message)),
        ..Reached::default()
    })
}
