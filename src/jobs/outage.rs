//! What did not go well is told once an outage, not each minute: what was told already is remembered here.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::Result;
use crate::store::{Connection, meta};

/// Hours after which something that still does not go well is told again.
const AGAIN_AFTER: i64 = 20;

fn key(about: &str) -> String {
    format!("told:{about}")
}

/// Whether something was told in this outage already.
pub(super) fn was_told(connection: &Connection, about: &str, now: DateTime<Utc>) -> Result<bool> {
    let told = meta::get(connection, &key(about))?
        .and_then(|text| text.parse().ok())
        .and_then(DateTime::from_timestamp_millis);
    Ok(told.is_some_and(|told| {
        (TimeDelta::zero()..TimeDelta::hours(AGAIN_AFTER)).contains(&(now - told))
    }))
}

/// Whether something is to be told now: not when it was told in this outage already.
pub(super) fn is_news(connection: &Connection, about: &str, now: DateTime<Utc>) -> Result<bool> {
    let news = !was_told(connection, about, now)?;
    if news {
        meta::set(connection, &key(about), &now.timestamp_millis().to_string())?;
    }
    Ok(news)
}

/// Notes that something goes well again.
pub(super) fn is_over(connection: &Connection, about: &str) -> Result<()> {
    let told = meta::get(connection, &key(about))?;
    if told.is_some_and(|told| !told.is_empty()) {
        meta::set(connection, &key(about), "")?;
    }
    Ok(())
}
