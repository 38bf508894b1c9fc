//! What providers reported to hosts, on its way to the planner's database.

use chrono::TimeDelta;

use super::{Called, SharedQueue, failure};

/// What a provider reported to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReport {
    /// Its number: reports are told in order.
    pub number: i64,
    /// The preset that reads it.
    pub preset: String,
    /// Whether stop words count in it.
    pub stops: bool,
    /// What it says, as JSON.
    pub body: String,
    /// How long ago it came.
    pub age: TimeDelta,
}

impl SharedQueue {
    /// Keeps, for the planner, what a provider reported to this host.
    pub fn report(&mut self, preset: &str, stops: bool, body: &str) -> Called<()> {
        self.rows("SELECT regua.report($1, $2, $3)", &[&preset, &stops, &body])?;
        Ok(())
    }

    /// The number of the last report: none below it is still to appear.
    pub fn last_report(&mut self, turn: &str) -> Called<i64> {
        self.one("SELECT regua.last_report($1)", &[&turn])
    }

    /// Reports after one number and up to another, in order; at most so many.
    pub fn reports(
        &mut self,
        turn: &str,
        after: i64,
        until: i64,
        most: i32,
    ) -> Called<Vec<HostReport>> {
        let rows = self.rows(
            "SELECT r_number, r_preset, r_stops, r_body, r_age_ms FROM regua.reports($1, $2, $3, $4)",
            &[&turn, &after, &until, &most],
        )?;
        let read = |row: &postgres::Row| {
            Ok(HostReport {
                number: row.try_get(0)?,
                preset: row.try_get(1)?,
                stops: row.try_get(2)?,
                body: row.try_get(3)?,
                age: TimeDelta::milliseconds(row.try_get::<_, i64>(4)?.max(0)),
            })
        };
        rows.iter().map(|row| read(row).map_err(failure)).collect()
    }

    /// Reports up to this one are in the planner's database; with `forget` they are kept here no longer.
    pub fn reported(&mut self, turn: &str, number: i64, forget: bool) -> Called<()> {
        self.rows(
            "SELECT regua.reported($1, $2, $3)",
            &[&turn, &number, &forget],
        )?;
        Ok(())
    }
}
