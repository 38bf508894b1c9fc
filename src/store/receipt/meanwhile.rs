//! What was reported of a message while it was under way: before the answer of the try itself was written down.

use rusqlite::{Connection, params};

use super::{carry_out, change, get, note_times, read_receipt};
use crate::domain::receipt::{MessageChange, Receipt};
use crate::error::Result;

/// Has a message that is settled just now become what reports say that came while it was under way. They are
/// about this try when they name the id that it was given; where it was given none, an id that no try before
/// it had. What arrived is sent, however its last try ended. Whether that changed it.
pub(in crate::store) fn heed_meanwhile(
    connection: &Connection,
    message_id: i64,
    provider_id: Option<&str>,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT r.* FROM receipt r JOIN message m ON m.id = r.message_id
         WHERE r.message_id = ?1 AND r.kind <> 'replied'
           AND CASE
             WHEN r.kind IN ('delivered', 'read') THEN 1
             WHEN r.provider_id = '' THEN 0
             WHEN ?2 IS NOT NULL THEN r.provider_id = ?2
             ELSE r.provider_id IS NOT m.provider_id AND NOT EXISTS (
               SELECT 1 FROM attempt a WHERE a.message_id = ?1 AND a.provider_id = r.provider_id)
           END
         ORDER BY r.id",
    )?;
    let receipts: Vec<Receipt> = statement
        .query_map(params![message_id, provider_id], read_receipt)?
        .collect::<rusqlite::Result<_>>()?;
    let mut changed = false;
    for receipt in receipts {
        let Some(message) = get(connection, message_id)? else {
            return Ok(false);
        };
        let change = change(&message, &receipt);
        note_times(connection, &message, &receipt, change)?;
        carry_out(connection, message_id, &receipt, change)?;
        changed |= change != MessageChange::Nothing;
    }
    Ok(changed)
}
