//! What notices allow, and when: the one that is being given, and the recorded one.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::domain::notice::{NoticeDates, NoticeKind};
use crate::domain::place::Place;
use crate::domain::policy::Policy;
use crate::error::Result;
use crate::store::{Connection, notice};

/// What the recorded notice of suspension of a case allows, if one was sent.
pub fn recorded(
    connection: &Connection,
    policy: &Policy,
    place: &Place,
    (case, contract_id): (i64, Option<i64>),
    zone: Tz,
) -> Result<Option<NoticeDates>> {
    let given = notice::given(connection, case, contract_id, zone)?;
    let calendar = policy.calendar_at(place);
    Ok(given.suspension.map(|on| policy.notice.dates(on, calendar)))
}

/// What a notice given today would announce: its own dates, or those of the suspension's notice before it.
pub fn announced(
    connection: &Connection,
    policy: &Policy,
    place: &Place,
    kind: NoticeKind,
    (case, contract_id): (i64, Option<i64>),
    (today, zone): (NaiveDate, Tz),
) -> Result<NoticeDates> {
    let fresh = policy.notice.dates(today, policy.calendar_at(place));
    if kind == NoticeKind::Suspension {
        return Ok(fresh);
    }
    let before = recorded(connection, policy, place, (case, contract_id), zone)?;
    Ok(before.unwrap_or(fresh))
}
