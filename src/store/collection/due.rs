//! A run's list of moves, in the order in which they are written down.

use rusqlite::{CachedStatement, Connection};

use crate::domain::ladder::{Move, Stage};
use crate::error::{Error, Result};

/// One move of a evaluation, waiting to be written down in the order of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMove {
    /// Whose invoice moves.
    pub client_id: i64,
    /// Which invoice.
    pub invoice_id: i64,
    /// How.
    pub step: Move,
    /// Its open case before the move.
    pub case: Option<i64>,
    /// The stage its latest case stood at before the move.
    pub stage: Option<Stage>,
}

/// Begins a run's list of moves: it lies in a temporary table, so that memory stays flat however many
/// there are, and holds each invoice once, so that none moves twice in a evaluation.
pub fn begin_run(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS due_move (
           invoice_id INTEGER PRIMARY KEY,
           client_id INTEGER NOT NULL,
           -- The place of its rule among those of the run.
           rule INTEGER NOT NULL,
           event TEXT NOT NULL,
           bureau_waits INTEGER NOT NULL,
           case_id INTEGER,
           stage TEXT
         ) STRICT;
         DELETE FROM temp.due_move;",
    )?;
    Ok(())
}

/// Notes many moves: what that takes is made ready once.
pub struct DueWriter<'c>(CachedStatement<'c>);

impl<'c> DueWriter<'c> {
    /// Makes ready to write the list of a run that has begun.
    pub fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self(connection.prepare_cached(
            "INSERT INTO temp.due_move
               (invoice_id, client_id, rule, event, bureau_waits, case_id, stage)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?))
    }

    /// Notes a move by the rule of this place, unless its invoice has one in this evaluation.
    pub fn note(&mut self, rule: usize, due: &DueMove) -> Result<()> {
        let bureau_waits = matches!(
            due.step,
            Move::Close {
                bureau_waits: true,
                ..
            }
        );
        self.0.execute((
            due.invoice_id,
            due.client_id,
            rule,
            due.step.to_string(),
            bureau_waits,
            due.case,
            due.stage,
        ))?;
        Ok(())
    }
}

/// Whether an invoice has moved in this evaluation.
pub fn moved_in_run(connection: &Connection, invoice_id: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.due_move WHERE invoice_id = ?1)")?
        .query_row([invoice_id], |row| row.get(0))?)
}

/// The run's moves, each with the place of its rule, in the order of clients, then rules, then invoices.
pub fn each_due(
    connection: &Connection,
    mut each: impl FnMut(usize, DueMove) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT invoice_id, client_id, event, bureau_waits, case_id, stage, rule
         FROM temp.due_move ORDER BY client_id, rule, invoice_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let event: String = row.get(2)?;
        let step = Move::parse(&event, row.get(3)?)
            .ok_or_else(|| Error::world(format!("a move `{event}` is none")))?;
        let due = DueMove {
            invoice_id: row.get(0)?,
            client_id: row.get(1)?,
            step,
            case: row.get(4)?,
            stage: row.get(5)?,
        };
        each(row.get(6)?, due)?;
    }
    Ok(())
}
