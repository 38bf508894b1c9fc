//! What moves next in many cases, one after the other.

use chrono::NaiveDate;

use super::{at_place, next_evaluation};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::collection::next_move;
use crate::domain::ladder::Move;
use crate::error::Result;
use crate::store::collection::{self, Case};
use crate::store::{Connection, hold, rule};

/// The rules as they stand, by which cases are looked ahead for.
#[derive(Debug)]
pub struct Ahead<'a> {
    connection: &'a Connection,
    config: &'a Config,
    now: Now,
    rules: Vec<rule::Kept>,
    any_hold: bool,
}

impl<'a> Ahead<'a> {
    /// Reads the rules.
    pub fn new(connection: &'a Connection, config: &'a Config, now: Now) -> Result<Self> {
        Ok(Self {
            connection,
            config,
            now,
            rules: rule::all(connection)?,
            any_hold: hold::any(connection)?,
        })
    }

    /// The day on which a case moves next, and how, if the book stays as it is; none when nothing moves it.
    pub fn of(&self, case: &Case) -> Result<Option<(NaiveDate, Move)>> {
        if case.outcome.is_some() {
            return Ok(None);
        }
        let kept = self.rules.iter().find(|kept| kept.rule.name == case.rule);
        let detail = collection::detail(
            self.connection,
            case.invoice_id,
            self.any_hold,
            self.now.zone,
        )?;
        let (Some(kept), Some(detail)) = (kept, detail) else {
            return Ok(None);
        };
        let evaluation = next_evaluation(kept, self.config, self.now);
        let evaluation = at_place(evaluation, self.config, &detail);
        Ok(next_move(
            evaluation,
            &detail.bill,
            &detail.past,
            &detail.exclusions,
        ))
    }
}
