//! How collections have done: of the cases that came to each stage, how many were paid, and how much came back.

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::domain::ladder::{Milestone, Stage};
use crate::domain::money::Money;
use crate::domain::stats::FunnelBy;
use crate::domain::words::{Channel, Word as _};
use crate::error::Result;
use crate::store::columns::Day;

/// What the figures of a funnel's line are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunnelKey {
    /// A stage of the ladder.
    Stage(Stage),
    /// A template by which a stage was told.
    Template(String),
    /// A channel by which a stage was told.
    Channel(Channel),
}

impl FunnelKey {
    /// As programs read it.
    pub fn word(&self) -> String {
        match self {
            Self::Stage(stage) => stage.as_str().to_owned(),
            Self::Template(name) => name.clone(),
            Self::Channel(channel) => channel.as_str().to_owned(),
        }
    }
}

/// How the cases did that came to a stage, or were told of one in these words or by this channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunnelFigures {
    /// What they have in common.
    pub key: FunnelKey,
    /// How often a case came to it.
    pub entered: i64,
    /// Of these, paid within seven days of coming to it.
    pub paid_within_7: i64,
    /// And within thirty.
    pub paid_within_30: i64,
    /// Of these, those of which something came back while they stood there.
    pub recovered_cases: i64,
    /// What that came to, payments in part included.
    pub recovered: Money,
}

/// The stays of cases at the stages: one row for each time that a case came to one. `?1` is a rule, `?2` the
/// first day of coming to it.
const STAYS: &str = "WITH step AS (
       SELECT m.case_id, m.moved_on, m.move, m.owed,
              lead(m.move) OVER way AS next_move, lead(m.owed) OVER way AS next_owed
       FROM collection_move m WHERE m.move NOT IN ('gone', 'reopened')
       WINDOW way AS (PARTITION BY m.case_id ORDER BY m.number)
     ), stay AS (
       SELECT s.move AS stage, s.case_id, c.invoice_id,
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
     )";

/// What is counted of stays.
const COUNTS: &str = "count(*), coalesce(sum(days BETWEEN 0 AND 7), 0),
     coalesce(sum(days BETWEEN 0 AND 30), 0), coalesce(sum(recovered > 0), 0), coalesce(sum(recovered), 0)";

/// How collections have done, of one rule or of all, of moves since a day. By stage, in the ladder's order;
/// by template and by channel, those first that most cases were told by. A case that was told in several
/// ways counts in each; one whose message was folded into another's was told by that.
pub fn figures(
    connection: &Connection,
    rule: Option<&str>,
    since: Option<NaiveDate>,
    by: FunnelBy,
) -> Result<Vec<FunnelFigures>> {
    let told = match by {
        FunnelBy::Stage => {
            return by_stage(connection, rule, since);
        }
        FunnelBy::Template => "template",
        FunnelBy::Channel => "channel",
    };
    let mut statement = connection.prepare_cached(&format!(
        "{STAYS}, told AS (
           SELECT DISTINCT stay.case_id, stay.stage, stay.days, stay.recovered, m.{told} AS told
           FROM stay CROSS JOIN message m
             ON m.invoice_id = stay.invoice_id AND m.case_id = stay.case_id
            AND m.event = 'stage:' || stay.stage
           WHERE m.origin = 'collection' AND m.{told} IS NOT NULL
             AND (m.status = 'sent' OR m.reason = 'merged')
         )
         SELECT told, {COUNTS} FROM told GROUP BY told ORDER BY 2 DESC, 1"
    ))?;
    let mut rows = statement.query((rule, since.map(Day)))?;
    let mut figures = Vec::new();
    while let Some(row) = rows.next()? {
        let key = match by {
            FunnelBy::Channel => FunnelKey::Channel(row.get(0)?),
            FunnelBy::Template | FunnelBy::Stage => FunnelKey::Template(row.get(0)?),
        };
        figures.push(read(row, key)?);
    }
    Ok(figures)
}

fn read(row: &rusqlite::Row<'_>, key: FunnelKey) -> rusqlite::Result<FunnelFigures> {
    Ok(FunnelFigures {
        key,
        entered: row.get(1)?,
        paid_within_7: row.get(2)?,
        paid_within_30: row.get(3)?,
        recovered_cases: row.get(4)?,
        recovered: row.get(5)?,
    })
}

fn by_stage(
    connection: &Connection,
    rule: Option<&str>,
    since: Option<NaiveDate>,
) -> Result<Vec<FunnelFigures>> {
    let mut statement = connection.prepare_cached(&format!(
        "{STAYS} SELECT stage, {COUNTS} FROM stay GROUP BY stage"
    ))?;
    let mut rows = statement.query((rule, since.map(Day)))?;
    let mut figures: Vec<(Stage, FunnelFigures)> = Vec::new();
    while let Some(row) = rows.next()? {
        // How cases closed is a milestone too, but no stage.
        if let Milestone::Reached(stage) = row.get(0)? {
            figures.push((stage, read(row, FunnelKey::Stage(stage))?));
        }
    }
    figures.sort_by_key(|(stage, _)| *stage);
    Ok(figures.into_iter().map(|(_, figures)| figures).collect())
}
