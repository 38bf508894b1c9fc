//! Overtaken: a message that tells of a state of things which has gone on since it was made.

use super::spoken::Against;
use crate::domain::incident::StepKind;
use crate::domain::words::{Origin, Reason, Word as _};
use crate::error::Result;
use crate::store::queue::DueMessage;
use crate::store::{Connection, access, book, incident};

/// What stands against a message of an incident or a change of access because of what came after it.
pub(super) fn overtaken(connection: &Connection, message: &DueMessage) -> Result<Option<Against>> {
    match message.origin {
        Origin::Incident => by_incident(connection, message),
        Origin::Access => by_access(connection, message),
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

/// The contract's access is in another state than the one that is told.
fn by_access(connection: &Connection, message: &DueMessage) -> Result<Option<Against>> {
    let told = access::told_by(connection, message.outgoing.id)?;
    let (Some(told), Some(id)) = (told, message.outgoing.contract_id) else {
        return Ok(None);
    };
    let now = book::contract(connection, id)?.and_then(|contract| contract.access_status);
    Ok((now != Some(told)).then(|| {
        let is = now.map_or("unknown", |status| status.as_str());
        let detail = format!("the access of contract {id} is {is} now");
        (Reason::Settled, Some(detail))
    }))
}
