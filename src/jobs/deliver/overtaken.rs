//! Overtaken: a message that tells of a state of things which has gone on since it was made.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::spoken::Against;
use crate::domain::birthday;
use crate::domain::incident::StepKind;
use crate::domain::words::{Origin, Reason, Word as _};
use crate::error::Result;
use crate::store::queue::DueMessage;
use crate::store::{Connection, access, book, incident};

/// What stands against a message of an incident, of a change of access or of a birthday because of what came
/// after it. `active_only` says that birthdays are those of active clients.
pub(super) fn overtaken(
    connection: &Connection,
    message: &DueMessage,
    zone: Tz,
    active_only: bool,
) -> Result<Option<Against>> {
    match message.origin {
        Origin::Incident => by_incident(connection, message),
        Origin::Access => by_access(connection, message),
        Origin::Birthday => {
            let made_at = message.created_at.with_timezone(&zone);
            by_birthday(connection, message, made_at.date_naive(), active_only)
        }
        _ => Ok(None),
    }
}

/// The incident was told further since, or its end is told to somebody who was told nothing of it.
fn by_incident(connection: &Connection, message: &DueMessage) -> Result<Option<Against>> {
    let id = message.outgoing.id;
    let Some((incident, step, last)) = incident::of_message(connection, id)? else {
        return Ok(None);
    };
    if step.number < last {
        let detail = format!("step {last} of incident `{}` was told since", incident.name);
        return Ok(Some((Reason::Expired, Some(detail))));
    }
    let closing = step.kind == StepKind::Close;
    let Some(client) = message.outgoing.client_id.filter(|_| closing) else {
        return Ok(None);
    };
    let told = incident::was_told(connection, incident.id, step.number, client)?;
    let detail = format!("the client was never told of incident `{}`", incident.name);
    Ok((!told).then_some((Reason::Settled, Some(detail))))
}

/// The contract's access is in another state than the one that is told; or it was in another one in between, and
/// the message of the later change tells the same.
fn by_access(connection: &Connection, message: &DueMessage) -> Result<Option<Against>> {
    let told = access::told_by(connection, message.outgoing.id)?;
    let (Some(told), Some(id)) = (told, message.outgoing.contract_id) else {
        return Ok(None);
    };
    let now = book::contract(connection, id)?.and_then(|contract| contract.access_status);
    if now != Some(told) {
        let is = now.map_or("unknown", |status| status.as_str());
        let detail = format!("the access of contract {id} is {is} now");
        return Ok(Some((Reason::Settled, Some(detail))));
    }
    let later = access::told_later(connection, (id, told), &message.outgoing)?;
    Ok(later.map(|number| {
        let detail = format!("change {number} of the access of contract {id} tells the same");
        (Reason::Settled, Some(detail))
    }))
}

/// By what the book says now the day is not the client's birthday, or nobody would congratulate them.
fn by_birthday(
    connection: &Connection,
    message: &DueMessage,
    on: NaiveDate,
    active_only: bool,
) -> Result<Option<Against>> {
    let Some(id) = message.outgoing.client_id else {
        return Ok(None);
    };
    let client = book::client(connection, id)?;
    let Some(client) = client.filter(|client| client.absent_since.is_none()) else {
        // Who is gone is asked with the address.
        return Ok(None);
    };
    let against = birthday::against_on(&client, active_only, on);
    Ok(against.map(|why| (Reason::Settled, Some(why.to_owned()))))
}
