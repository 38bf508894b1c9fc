//! Relations of rows on their way in, checked here once they are many: SQLite would look each up in its table.

use rusqlite::Connection;

use crate::domain::id_set::IdSet;
use crate::error::Result;

/// So many ids are looked up one by one before all of a table's are read.
const ONE_BY_ONE: u32 = 2_000;
/// The most blocks of ids that are held: ids that lie further apart are looked up one by one.
const MOST_BLOCKS: usize = 8_192;

/// The tables that rows refer to.
pub(super) struct Relations<'c> {
    connection: &'c Connection,
    tables: Vec<Table>,
}

/// One table that rows refer to.
struct Table {
    name: &'static str,
    asked: u32,
    ids: Option<IdSet>,
}

impl<'c> Relations<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            tables: Vec::new(),
        }
    }

    /// Whether a table has this id. Its rows must not change meanwhile.
    pub(super) fn has(&mut self, name: &'static str, id: i64) -> Result<bool> {
        let connection = self.connection;
        let at = self.tables.iter().position(|table| table.name == name);
        let at = at.unwrap_or_else(|| {
            self.tables.push(Table {
                name,
                asked: 0,
                ids: None,
            });
            self.tables.len() - 1
        });
        let table = &mut self.tables[at];
        table.asked = table.asked.saturating_add(1);
        if table.asked == ONE_BY_ONE {
            table.ids = all(connection, name)?;
        }
        match &table.ids {
            Some(ids) => Ok(ids.contains(id)),
            None => has(connection, name, id),
        }
    }
}

/// All ids of a table, unless they lie too far apart.
fn all(connection: &Connection, table: &str) -> Result<Option<IdSet>> {
    let mut statement = connection.prepare(&format!("SELECT id FROM {table}"))?;
    let mut rows = statement.query([])?;
    let mut ids = IdSet::default();
    while let Some(row) = rows.next()? {
        ids.insert(row.get(0)?);
        if ids.blocks() > MOST_BLOCKS {
            return Ok(None);
        }
    }
    Ok(Some(ids))
}

/// Whether a table has this id, as it is now.
pub(super) fn has(connection: &Connection, table: &str, id: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?1)"
        ))?
        .query_row([id], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_however_far_apart_they_lie() {
        for step in [1, 100_000] {
            let connection = Connection::open_in_memory().expect("a database");
            connection
                .execute_batch("CREATE TABLE client (id INTEGER PRIMARY KEY)")
                .expect("a table");
            for id in 1..=10_000 {
                connection
                    .prepare_cached("INSERT INTO client VALUES (?1)")
                    .and_then(|mut insert| insert.execute([id * step]))
                    .expect("a row");
            }
            let mut relations = Relations::new(&connection);
            for id in 1..=5_000 {
                assert!(relations.has("client", id * step).expect("an answer"));
                assert!(!relations.has("client", -id).expect("an answer"));
            }
            assert_eq!(relations.tables[0].ids.is_some(), step == 1);
        }
    }
}
