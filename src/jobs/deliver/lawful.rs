//! What law and place say of a message whose turn has come: its hours, and the dates that a notice allows.

use chrono::{DateTime, Utc};

use crate::domain::client::Client;
use crate::domain::invoice::Invoice;
use crate::domain::notice::NoticeDates;
use crate::domain::place::Place;
use crate::domain::policy::Policy;
use crate::error::Result;
use crate::jobs::compose::Composer;
use crate::jobs::notice::{announced, recorded};
use crate::store::queue::DueMessage;
use crate::store::{Connection, book, collection, notice};

/// The next opening of the hours of a message's place and purpose; none while they are open.
pub(super) fn hours_wait(
    connection: &Connection,
    policy: &Policy,
    composer: &Composer<'_>,
    message: &DueMessage,
) -> Result<Option<DateTime<Utc>>> {
    let outgoing = &message.outgoing;
    let client = match (message.staff_id, outgoing.client_id) {
        (None, Some(id)) if !policy.places.is_empty() => book::client(connection, id)?,
        _ => None,
    };
    let place = match &client {
        Some(client) => composer.place(connection, client, outgoing.contract_id)?,
        None => Place::default(),
    };
    Ok(policy.not_before_at(outgoing.purpose, &place, composer.now))
}

/// From which days on a message's own notice, or else the recorded one, allows what it announces; what its own
/// announces is noted.
pub(super) fn allowed(
    connection: &Connection,
    policy: &Policy,
    composer: &Composer<'_>,
    message_id: i64,
    client: &Client,
    invoice: &Invoice,
) -> Result<Option<NoticeDates>> {
    let Some(case) = collection::open_case(connection, invoice.id)? else {
        return Ok(None);
    };
    let about = (case.id, invoice.contract_id);
    let place = composer.place(connection, client, invoice.contract_id)?;
    let now = composer.now;
    match notice::kind_of(connection, message_id)? {
        Some(kind) => {
            let when = (now.today, now.zone);
            let which = (case.rule.as_str(), kind);
            let dates = announced(connection, policy, &place, which, about, when)?;
            // Its text says them as soon as it is written again.
            notice::announce(connection, message_id, dates)?;
            Ok(dates)
        }
        None => recorded(connection, policy, &place, about, now.zone),
    }
}
