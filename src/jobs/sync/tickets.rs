//! What happened to tickets since the last sync, told to whom a trigger names.

use chrono::{DateTime, TimeDelta, Utc};

use super::summary::{Became, SyncSummary};
use crate::clock::Now;
use crate::domain::book::FactKind;
use crate::error::Result;
use crate::jobs::ticket::Desk;
use crate::source::ticket::Known;
use crate::source::{AskedKind, Row, Source};
use crate::store::{Connection, erasure, ticket};

/// How long before the end of the last sync a ticket may have been opened and still be news.
const NEWS: TimeDelta = TimeDelta::days(1);

/// Tickets of a source on their way to the desk where events are taken in.
pub struct Tickets<'a> {
    source: &'a dyn Source,
    desk: Desk<'a>,
    /// Tickets opened before this have no news to tell; none before tickets were ever synced.
    since: Option<DateTime<Utc>>,
}

impl<'a> Tickets<'a> {
    /// Nothing is heard yet.
    pub fn new(source: &'a dyn Source, desk: Desk<'a>) -> Self {
        Self {
            source,
            desk,
            since: None,
        }
    }

    /// A kind begins. The first sync of tickets only learns how they are.
    pub fn begin(&mut self, asked: &AskedKind, now: &Now) {
        self.since = asked
            .last
            .as_ref()
            .filter(|_| asked.kind.name == "tickets")
            .and_then(|last| self.source.known_until(last, now.zone))
            .map(|at| at - NEWS);
    }

    /// Tells what a row says that the book does not know. An event writes the ticket down: the
    /// answer is what that made of it.
    pub fn hear(
        &mut self,
        connection: &Connection,
        kind: &FactKind,
        row: &Row,
        now: &Now,
        summary: &mut SyncSummary,
    ) -> Result<Option<Became>> {
        let Some(since) = self.since.filter(|_| kind.name == "tickets") else {
            return Ok(None);
        };
        let before = ticket::find(connection, row.id)?;
        let known = Known {
            ticket: before.as_ref(),
            since,
            now,
        };
        let mut became = None;
        for event in self.source.events(row, known) {
            let of_book = before.as_ref().and_then(|ticket| ticket.client_id);
            if let Some(client) = event.said.client_id.or(of_book)
                && erasure::erased(connection, client)?.is_some()
            {
                continue;
            }
            let taken = self.desk.take_in(connection, &event, *now)?;
            if taken.known {
                continue;
            }
            if let Some(flaw) = taken.refused {
                // The row itself is taken: the source knows whose ticket it is.
                summary
                    .notes
                    .push(format!("nobody was told: {}", flaw.found));
                continue;
            }
            summary.ticket_events += 1;
            summary.ticket_messages += u64::try_from(taken.made.len()).unwrap_or(0);
            became = Some(match before {
                None => Became::New,
                Some(_) => Became::Changed,
            });
        }
        Ok(became)
    }
}
