//! What doctor says of the queue that several hosts share: whether it is there, its version, its schema, its clock.

use super::Finding;
use crate::clock::{Clock, Now};
use crate::config::{Config, SharedConfig};
use crate::error::{Error, Result};
use crate::jobs::share;

const AREA: &str = "shared queue";
/// Seconds by which two clocks may differ.
const APART: i64 = 5;

/// What there is to say, where a shared queue is configured.
pub(super) fn findings(config: &Config, now: &Now) -> Vec<Finding> {
    let Some(shared) = &config.queue.shared else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if let Err(error) = examine(shared, now, &mut findings) {
        findings.push(Finding::failure(AREA, &error));
    }
    findings
}

fn examine(shared: &SharedConfig, now: &Now, findings: &mut Vec<Finding>) -> Result<()> {
    let mut queue = share::open(shared)?;
    let version = queue.server().map_err(Error::from)?;
    findings.push(Finding::ok(
        AREA,
        format!("PostgreSQL {}.{} answers", version / 10_000, version % 100),
    ));
    queue.is_set_up().map_err(Error::from)?;
    let standing = queue.standing().map_err(Error::from)?;
    findings.push(Finding::ok(
        AREA,
        "its tables are those that this program knows",
    ));
    // The machine's own, whatever day the run is to work with.
    let clock = Clock::system(now.zone).now();
    let apart = (clock.at.timestamp_millis() - standing.now_ms) / 1000;
    findings.push(if apart.abs() > APART {
        Finding::warning(
            AREA,
            format!("this machine's clock and PostgreSQL's are {apart} seconds apart"),
            "set both by NTP: times of what hosts send are told by PostgreSQL's",
        )
    } else {
        Finding::ok(AREA, "this machine's clock and PostgreSQL's agree")
    });
    let Some(planner) = standing.planner else {
        findings.push(Finding::warning(
            AREA,
            "no database plans it",
            "regua queue share --setup, on the planner",
        ));
        return Ok(());
    };
    let seen = planner.seen_ms / 1000;
    let whose = format!("{} on {}", planner.place, planner.host);
    findings.push(if seen > shared.stale_seconds {
        Finding::warning(
            AREA,
            format!(
                "its planner, {whose}, was seen {seen} seconds ago: nothing of the queue leaves"
            ),
            "regua task run-due on the planner, each minute: regua task crontab",
        )
    } else {
        Finding::ok(AREA, format!("{whose} plans it, seen {seen} seconds ago"))
    });
    for closed in standing.closed {
        findings.push(Finding::warning(
            AREA,
            format!("{} is closed for all hosts: {}", closed.channel, closed.why),
            "one host tries it with one message: regua queue work",
        ));
    }
    Ok(())
}
