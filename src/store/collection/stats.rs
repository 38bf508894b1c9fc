//! How each stage has done.

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::domain::ladder::{Milestone, Stage};
use crate::domain::money::Money;
use crate::error::Result;
use crate::store::columns::Day;

/// How one stage has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageFigures {
    /// The stage.
    pub stage: Stage,
    /// Cases that came to it.
    pub entered: i64,
    /// Of these, paid within seven days of coming to it.
    pub paid_within_7: i64,
    /// And within thirty.
    pub paid_within_30: i64,
    /// What was paid while a case stood there, payments in part included.
    pub recovered: Money,
}

/// How each stage has done, in the ladder's order; of one rule or of all, of moves since a day.
pub fn figures(
    connection: &Connection,
    rule: Option<&str>,
    since: Option<NaiveDate>,
) -> Result<Vec<StageFigures>> {
    let mut statement = connection.prepare_cached(
        "WITH step AS (
           SELECT m.case_id, m.moved_on, m.move, m.owed,
                  lead(m.move) OVER way AS next_move, lead(m.owed) OVER way AS next_owed
           FROM collection_move m WHERE m.move NOT IN ('gone', 'reopened')
           WINDOW way AS (PARTITION BY m.case_id ORDER BY m.number)
         ), stay AS (
           SELECT s.move AS stage,
                  CASE WHEN c.outcome = 'paid' THEN
                    julianday(coalesce(i.settled_on, c.closed_on)) - julianday(s.moved_on) END AS days,
                  CASE WHEN s.next_move IS NULL AND i.status IN ('cancelled', 'renegotiated') THEN 0
                       WHEN s.next_move IS NULL THEN max(s.owed - i.owed, 0)
                       WHEN s.next_move IN ('cancelled', 'renegotiated') THEN 0
                       ELSE max(s.owed - s.next_owed, 0) END AS recovered
           FROM step s
           JOIN collection_case c ON c.id = s.case_id
           JOIN invoice i ON i.id = c.invoice_id
           WHERE (?1 IS NULL OR c.rule = ?1) AND (?2 IS NULL OR s.moved_on >= ?2)
         )
         SELECT stage, count(*), coalesce(sum(days BETWEEN 0 AND 7), 0),
                coalesce(sum(days BETWEEN 0 AND 30), 0), coalesce(sum(recovered), 0)
         FROM stay GROUP BY stage",
    )?;
    let mut rows = statement.query((rule, since.map(Day)))?;
    let mut figures = Vec::new();
    while let Some(row) = rows.next()? {
        // How cases closed is a milestone too, but no stage.
        if let Milestone::Reached(stage) = row.get(0)? {
            figures.push(StageFigures {
                stage,
                entered: row.get(1)?,
                paid_within_7: row.get(2)?,
                paid_within_30: row.get(3)?,
                recovered: row.get(4)?,
            });
        }
    }
    figures.sort_by_key(|figure| figure.stage);
    Ok(figures)
}
