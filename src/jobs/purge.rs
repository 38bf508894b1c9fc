//! The purge: what the retention says may go, and nothing that is queued.

use chrono::{DateTime, Days, Utc};

use crate::clock::Now;
use crate::config::Config;
use crate::domain::words::{Purpose, Word as _};
use crate::error::Result;
use crate::store::{Store, purge, ticket};

/// What a purge came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PurgeSummary {
    /// Messages whose text was cleared.
    pub bodies: u64,
    /// Messages deleted.
    pub messages: u64,
    /// Records of task runs deleted.
    pub runs: u64,
    /// Whether any retention is configured.
    pub configured: bool,
}

/// Deletes what is older than `[retention]` says; without one, nothing.
pub fn run(store: &mut Store, config: &Config, now: Now) -> Result<PurgeSummary> {
    let retention = &config.retention;
    let before = |days: i64| -> DateTime<Utc> {
        now.at
            .checked_sub_days(Days::new(days.unsigned_abs()))
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    };
    let mut summary = PurgeSummary {
        configured: retention.bodies_days.is_some()
            || retention.messages_days.is_some()
            || retention.runs_days.is_some()
            || retention.notices_days.is_some(),
        ..PurgeSummary::default()
    };
    if let Some(days) = retention.messages_days {
        // The caps count messages back so many days; those must still be there.
        let counted = Purpose::ALL
            .iter()
            .filter_map(|purpose| config.policy.caps.get(*purpose).map(|cap| cap.days))
            .max()
            .unwrap_or(0);
        summary.messages = purge::messages(store, before(days.max(counted)))?;
    }
    if let Some(days) = retention.notices_days {
        summary.messages += purge::notices(store, before(days))?;
    }
    if let Some(days) = retention.bodies_days {
        summary.bodies = purge::bodies(store, before(days), now.at)?;
        store.write(|transaction| ticket::forget_texts(transaction, before(days)))?;
        purge::replies(store, before(days))?;
    }
    if let Some(days) = retention.runs_days {
        summary.runs = purge::runs(store, before(days))?;
    }
    Ok(summary)
}
