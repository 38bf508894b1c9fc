//! What a client has been told of stages today, by whichever rule.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use crate::domain::ladder::{Phase, Stage};
use crate::domain::words::{Channel, Status};
use crate::error::Result;
use crate::store::columns::Millis;

/// A stage message that a client got, or is to get, today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageTold {
    /// The message.
    pub message_id: i64,
    /// The invoice it is about.
    pub invoice_id: i64,
    /// The stage it tells of.
    pub stage: Stage,
    /// Whether it has left, or may have.
    pub left: bool,
}

/// The stage messages of a client on a channel made since `since` for cases of rules other than
/// `rule` that give each client one message, in the order they were made. A notice that the law asks for is none of
/// them: nothing is folded into it, and it into nothing.
pub fn stages_told(
    connection: &Connection,
    client_id: i64,
    channel: Channel,
    since: DateTime<Utc>,
    rule: &str,
) -> Result<Vec<StageTold>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.id, m.invoice_id, m.event, m.status
         FROM message m INDEXED BY message_client
         JOIN collection_case c ON c.id = m.case_id
         JOIN rule r ON r.name = c.rule
         WHERE m.client_id = ?1 AND m.channel = ?2 AND m.created_at >= ?3
           AND m.status IN ('queued', 'shared', 'sending', 'sent', 'unknown')
           AND c.rule <> ?4 AND r.one_message_per_client
           AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.message_id = m.id)
         ORDER BY m.id",
    )?;
    let mut rows = statement.query((client_id, channel, Millis(since), rule))?;
    let mut told = Vec::new();
    while let Some(row) = rows.next()? {
        let event: String = row.get(2)?;
        if let Some(Phase::Stage(stage)) = Phase::parse(&event) {
            told.push(StageTold {
                message_id: row.get(0)?,
                invoice_id: row.get(1)?,
                stage,
                left: row.get::<_, Status>(3)? != Status::Queued,
            });
        }
    }
    Ok(told)
}

/// Folds a queued stage message into the graver one about another invoice.
pub fn give_way(connection: &Connection, message_id: i64, invoice_id: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'skipped', reason = 'merged',
                    detail = 'the client hears of invoice ' || ?2
             WHERE id = ?1 AND status IN ('queued', 'shared')",
        )?
        .execute((message_id, invoice_id))?;
    Ok(())
}
