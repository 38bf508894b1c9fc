//! Rows of the book drawn by lot, always the same ones: for a look at how a text reads.

use std::collections::BinaryHeap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use rusqlite::Connection;

use crate::error::Result;

/// What was drawn: a client, and the row that was drawn with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drawn {
    /// The client.
    pub client_id: i64,
    /// A contract of theirs.
    pub contract_id: Option<i64>,
    /// An owing invoice of theirs.
    pub invoice_id: Option<i64>,
    /// A login of theirs.
    pub login_id: Option<i64>,
}

/// Active clients, at most so many.
pub fn clients(connection: &Connection, most: u32) -> Result<Vec<Drawn>> {
    let sql = "SELECT id, NULL, NULL, NULL FROM client WHERE active AND absent_since IS NULL";
    draw(connection, most, sql)
}

/// Active clients with their first active contract.
pub fn contracts(connection: &Connection, most: u32) -> Result<Vec<Drawn>> {
    let sql = "SELECT c.id, (SELECT min(k.id) FROM contract k
                 WHERE k.client_id = c.id AND k.status = 'active' AND k.absent_since IS NULL) AS own,
               NULL, NULL FROM client c WHERE c.active AND c.absent_since IS NULL AND own IS NOT NULL";
    draw(connection, most, sql)
}

/// Active clients with their oldest owing invoice.
pub fn invoices(connection: &Connection, most: u32) -> Result<Vec<Drawn>> {
    let sql = "SELECT c.id, NULL, (SELECT i.id FROM invoice i WHERE i.client_id = c.id AND i.owing
                 AND i.absent_since IS NULL ORDER BY i.due_on, i.id LIMIT 1) AS own, NULL
               FROM client c WHERE c.active AND c.absent_since IS NULL AND own IS NOT NULL";
    draw(connection, most, sql)
}

/// Active clients with their first active login.
pub fn logins(connection: &Connection, most: u32) -> Result<Vec<Drawn>> {
    let sql = "SELECT c.id, NULL, NULL, (SELECT min(l.id) FROM login l
                 WHERE l.client_id = c.id AND l.active AND l.absent_since IS NULL) AS own
               FROM client c WHERE c.active AND c.absent_since IS NULL AND own IS NOT NULL";
    draw(connection, most, sql)
}

/// Draws among the rows of a query: those whose clients have the lowest lots, by id. No more are held.
fn draw(connection: &Connection, most: u32, sql: &str) -> Result<Vec<Drawn>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let lots = BuildHasherDefault::<DefaultHasher>::default();
    let mut drawn: BinaryHeap<(u64, Drawn)> = BinaryHeap::new();
    while let Some(row) = rows.next()? {
        let one = Drawn {
            client_id: row.get(0)?,
            contract_id: row.get(1)?,
            invoice_id: row.get(2)?,
            login_id: row.get(3)?,
        };
        drawn.push((lots.hash_one(one.client_id), one));
        if drawn.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            drawn.pop();
        }
    }
    let mut drawn: Vec<Drawn> = drawn.into_iter().map(|(_, one)| one).collect();
    drawn.sort_unstable();
    Ok(drawn)
}
