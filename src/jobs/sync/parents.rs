//! Rows that may refer to each other, in an order in which they can be written.

use std::collections::BTreeSet;

use crate::domain::book::FactKind;
use crate::source::Row;

/// The rows of a kind whose rows may refer to each other, each after the one that it refers to; few enough
/// to be held.
pub(super) fn parents_first(kind: &FactKind, rows: Vec<(u64, Row)>) -> Vec<(u64, Row)> {
    let parent = |row: &Row| -> Option<i64> { row.filled(kind, "parent_id")?.parse().ok() };
    let mut left = rows;
    let mut sorted = Vec::new();
    loop {
        let ids: BTreeSet<i64> = left.iter().map(|(_, row)| row.id).collect();
        let waits = |row: &Row| parent(row).is_some_and(|id| id != row.id && ids.contains(&id));
        let (later, now): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, row)| waits(row));
        let stuck = now.is_empty();
        sorted.extend(now);
        left = later;
        if stuck || left.is_empty() {
            sorted.extend(left);
            return sorted;
        }
    }
}
