//! What doctor says of the network outside: incidents that should be over, changes of access held back, who is alerted.

#[cfg(feature = "postgres")]
use super::shared::findings as of_shared;
use super::{Finding, Patient};
use crate::channel::proxies_in_use;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::alert::Alerted;
use crate::error::Result;
use crate::jobs::watch::{self, Attention};
use crate::store::Connection;

/// What waits for a person to decide.
pub(super) fn undecided(connection: &Connection, now: Now) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = watch::incidents_overdue(connection, now)?
        .into_iter()
        .map(|overdue| Finding::warning("incidents", overdue.what, overdue.remedy))
        .collect();
    if let Some(Attention { count, remedy, .. }) = watch::access_undecided(connection)? {
        let what = format!("changes of access are held back, too many for one run: {count}");
        findings.push(Finding::warning("triggers", what, remedy));
    }
    Ok(findings)
}

/// Who is alerted of what does not go well, where that is configured.
pub(super) fn alerts(config: &Config) -> Option<Finding> {
    let Alerted { channel, address } = config.alerts.as_ref()?;
    if config.channel(*channel).provider.written_files().is_empty() {
        return Some(Finding::ok(
            "alerts",
            format!("what does not go well is told to {address} by {channel}"),
        ));
    }
    Some(Finding::warning(
        "alerts",
        format!("alerts go by {channel}, which is delivered to a file: nobody reads them"),
        format!("choose a provider in [{channel}], or another channel in [alerts]"),
    ))
}

/// The proxies that requests go through, and the shared queue; nothing where there is none.
pub(super) fn network(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = match proxies_in_use() {
        Ok(proxies) => proxies
            .into_iter()
            .map(|told| Finding::ok("network", told))
            .collect(),
        Err(error) => vec![Finding::failure("network", &error)],
    };
    findings.extend(of_shared(patient.config, patient.now));
    findings
}

/// A build without PostgreSQL has no shared queue.
#[cfg(not(feature = "postgres"))]
const fn of_shared(_: &Config, _: &Now) -> Vec<Finding> {
    Vec::new()
}
