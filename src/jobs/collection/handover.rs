//! Handing cases over to a credit bureau or a notary: whoever may be, each once.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::clock::Now;
use crate::domain::collection::LeftOut;
use crate::domain::ladder::{Move, Stage};
use crate::error::Result;
use crate::store::collection::{self, Handover};
use crate::store::{Connection, Store};

/// Who is to be handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandoverList {
    /// Their cases.
    pub cases: Vec<Handover>,
    /// Cases that stand at the stage and are left out as from any step of the ladder, by reason: a
    /// dispute is not handed over.
    pub left_out: BTreeMap<LeftOut, u64>,
}

/// The cases at a stage, reached on `since` or later, that have not been handed over at it.
pub fn to_hand_over(
    connection: &Connection,
    stage: Stage,
    since: Option<NaiveDate>,
    now: Now,
) -> Result<HandoverList> {
    let mut list = HandoverList::default();
    for case in collection::to_hand_over(connection, stage, since)? {
        let Some(detail) = collection::detail(connection, case.invoice_id, true, now.zone)? else {
            continue;
        };
        let reason = detail.exclusions.forbid(Move::Advance(stage), now.today);
        match reason {
            None => list.cases.push(case),
            Some(reason) => *list.left_out.entry(reason).or_default() += 1,
        }
    }
    Ok(list)
}

/// Notes that these cases were handed over.
pub fn mark(store: &mut Store, cases: &[Handover], stage: Stage, now: Now) -> Result<()> {
    store.write(|transaction| {
        for case in cases {
            collection::hand_over(transaction, case.case_id, stage, now.today)?;
        }
        Ok(())
    })
}
