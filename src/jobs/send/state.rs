//! A send as it stands: what became of its messages so far.

use std::collections::BTreeMap;

use crate::clock::Stopwatch;
use crate::domain::words::{Reason, Status};
use crate::error::{Result, missing};
use crate::store::{Connection, Store, batch};

/// A send as it stands: what the batch's messages have become.
#[derive(Debug, Clone, PartialEq)]
pub struct SendState {
    /// The batch.
    pub batch: batch::Batch,
    /// Messages in each state.
    pub states: BTreeMap<Status, u64>,
    /// Messages not sent, by reason; who had the template already counted under `duplicate`.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Looks at a batch.
pub fn standing(connection: &Connection, id: i64) -> Result<SendState> {
    let Some(batch) = batch::get(connection, id)? else {
        return Err(missing("send", id).hint("regua send list"));
    };
    let mut standing = SendState {
        states: BTreeMap::new(),
        reasons: BTreeMap::new(),
        batch,
    };
    for ((status, reason), n) in batch::totals(connection, id)? {
        *standing.states.entry(status).or_default() += n;
        if let Some(reason) = reason {
            *standing.reasons.entry(reason).or_default() += n;
        }
    }
    if standing.batch.duplicates > 0 {
        *standing.reasons.entry(Reason::Duplicate).or_default() += standing.batch.duplicates;
    }
    Ok(standing)
}

/// Notes how long a send took since `watch` was started, delivery included.
pub fn took(store: &mut Store, id: i64, watch: Stopwatch) -> Result<()> {
    store.write(|transaction| batch::took(transaction, id, watch.elapsed().as_secs_f64()))
}
