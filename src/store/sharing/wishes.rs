//! Wishes: whoever skips or cancels a message that was handed over may only wish so, for it may be leaving this
//! instant.

use rusqlite::Connection;

use crate::error::Result;

/// Has the rest of a transaction, and those after it, turn each skipping or cancelling of a message that was handed
/// over into a wish. To be called when an immediate transaction begins: nobody else hands over any while it lasts.
///
/// Only where any was handed over: a trigger that looks at every message makes each change of a state a quarter dearer.
pub(in crate::store) fn heed(connection: &Connection) -> Result<()> {
    let is_needed: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message WHERE status = 'shared')
                AND NOT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'shared_wish')",
        )?
        .query_row([], |row| row.get(0))?;
    if is_needed {
        connection.execute_batch(
            "CREATE TEMP TRIGGER shared_wish BEFORE UPDATE OF status ON main.message
             WHEN OLD.status = 'shared' AND NEW.status IN ('skipped', 'cancelled')
             BEGIN
               UPDATE shared SET wish = NEW.status, wish_reason = NEW.reason,
                 wish_detail = NEW.detail
               WHERE message_id = OLD.id;
               SELECT RAISE(IGNORE);
             END",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::error::{Error, Result};
    use crate::store::Store;

    const MESSAGES: &str = "
        INSERT INTO message (id, key, channel, purpose, kind, origin, event, status, created_at)
        VALUES (1, 'a', 'sms', 'service', 'support', 'send', '', 'shared', 0),
               (2, 'b', 'sms', 'service', 'support', 'send', '', 'queued', 0);
        INSERT INTO shared (message_id, tag, round) VALUES (1, 'x', 1);";

    fn states(store: &Store) -> Vec<String> {
        let mut statement = store
            .connection()
            .prepare(
                "SELECT m.status || coalesce(' ' || s.wish || ' ' || s.wish_reason, '')
                 FROM message m LEFT JOIN shared s ON s.message_id = m.id ORDER BY m.id",
            )
            .expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("rows")
    }

    fn skip_all(store: &mut Store) -> Result<()> {
        store.write(|transaction| {
            transaction.execute(
                "UPDATE message SET status = 'skipped', reason = 'settled'",
                [],
            )?;
            Ok(())
        })
    }

    #[test]
    fn what_was_handed_over_is_wished_away_by_whatever_transaction_comes_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Store::open(&folder.path().join("regua.db")).expect("a database");
        let (mut planner, mut other) = (open(), open());
        // The other has written before anything was handed over.
        other.write(|_| Ok(())).expect("written");
        planner
            .write(|transaction| Ok(transaction.execute_batch(MESSAGES)?))
            .expect("handed over");
        // A transaction that is not kept takes nothing of this with it.
        let not_kept = other.write(|_| -> Result<()> { Err(Error::world("no")) });
        assert!(not_kept.is_err());
        skip_all(&mut other).expect("skipped");
        assert_eq!(states(&other), ["shared skipped settled", "skipped"]);
    }
}
