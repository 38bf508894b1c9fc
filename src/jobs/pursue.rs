//! Until it is delivered: after a refusal, or when no arrival was reported in time, the next template goes.

use std::collections::BTreeMap;

use super::compose::Composer;
use super::draft::{Draft, Key, Wording};
use super::notice::recorded_for;
use super::rows::{About, Rows};
use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{Move, MoveKind};
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::Recipient;
use crate::domain::rule::Deliver;
use crate::domain::template::Template;
use crate::domain::words::{Channel, Origin};
use crate::error::Result;
use crate::store::message::{self, Inserted};
use crate::store::pursuit::{self, Pursued};
use crate::store::{Connection, Store, book, collection, rule, template};

/// Goes on with every chain that is due; on which channels something was queued. What was queued is looked at
/// once more when its turn comes, as any message of another day.
pub fn pursue(store: &mut Store, config: &Config, clock: &Clock) -> Result<BTreeMap<Channel, u64>> {
    let now = clock.now();
    store.write(|connection| {
        let mut queued = BTreeMap::new();
        for chain in pursuit::due(connection, now.at)? {
            if let Some(channel) = go_on(connection, config, now, &chain)? {
                *queued.entry(channel).or_default() += 1;
            }
            pursuit::end(connection, chain.message_id)?;
        }
        Ok(queued)
    })
}

/// The template after a chain's latest, by its rule as it is now; none where it was the last.
fn next_template(connection: &Connection, chain: &Pursued) -> Result<Option<(Template, i64)>> {
    let Some(kept) = rule::get(connection, &chain.rule)? else {
        return Ok(None);
    };
    let Some(step) = Move::parse(&chain.event, false) else {
        return Ok(None);
    };
    let (names, deliver) = kept.rule.says(step);
    let hours = step.phase().and_then(|phase| kept.rule.hours(phase));
    let at = names.iter().position(|name| *name == chain.template);
    let next = at.and_then(|at| names.get(at + 1));
    let (Some(name), Some(hours)) = (next, hours) else {
        return Ok(None);
    };
    if deliver != Deliver::UntilDelivered {
        return Ok(None);
    }
    Ok(template::find(connection, name)?.map(|template| (template, hours)))
}

/// Makes the next message of a chain; its channel, if it is queued.
fn go_on(
    connection: &Connection,
    config: &Config,
    now: Now,
    chain: &Pursued,
) -> Result<Option<Channel>> {
    let over = chain.expires_at.is_some_and(|end| end <= now.at);
    let closed = match chain.case_id {
        Some(case) if chain.while_owing => !collection::case_open(connection, case)?,
        _ => false,
    };
    let (Some((template, hours)), false) = (next_template(connection, chain)?, over || closed)
    else {
        return Ok(None);
    };
    let (Some(client), Some(invoice)) = (
        book::client(connection, chain.client_id)?,
        book::invoice(connection, chain.invoice_id)?,
    ) else {
        return Ok(None);
    };
    let closing =
        Move::parse(&chain.event, false).is_some_and(|step| step.kind() == MoveKind::Closing);
    if invoice.client_id != client.id || (!closing && !invoice.owing()) {
        return Ok(None);
    }
    let mut queued = None;
    for mut message in compose(
        connection,
        config,
        now,
        chain,
        (&client, invoice, &template),
    )? {
        // Looked at once more when its turn comes: holds, its case, what it owes.
        message.made_under = String::new();
        let goes = message.fate == Fate::Queued;
        if let Inserted::New(id) = message::insert(connection, &message)? {
            pursuit::note(connection, id, &chain.rule, hours)?;
            if goes {
                queued = Some(message.channel);
            }
        }
    }
    Ok(queued)
}

/// The messages of a chain's next template.
fn compose(
    connection: &Connection,
    config: &Config,
    now: Now,
    chain: &Pursued,
    (client, invoice, template): (&Client, Invoice, &Template),
) -> Result<Vec<NewMessage>> {
    let about = About {
        contract_id: invoice.contract_id,
        invoice_id: Some(invoice.id),
        case_id: chain.case_id,
        ..About::default()
    };
    let composer = Composer::new(config, now);
    let needs = template.needs();
    let client_id = Some(client.id);
    let mut rows = Rows::gather(connection, client_id, about, &needs, now.today)?;
    rows.notice = recorded_for(connection, &composer, template, client, Some(&invoice))?;
    rows.invoice = Some(invoice);
    // A key goes on after its event with the template and the channel.
    let event = format!("/{}/", chain.event);
    let start = chain
        .key
        .find(&event)
        .map_or(chain.key.as_str(), |at| &chain.key[..at]);
    let draft = Draft {
        key: Key::Whole(format!(
            "{start}{event}{}/{}",
            template.name, template.channel
        )),
        event: chain.event.clone(),
        about,
        expires_at: chain.expires_at,
        while_owing: chain.while_owing,
        ..Draft::new(
            Wording::Template(template),
            Recipient::Client(client),
            rows.facts(now, composer.company),
            Origin::Collection,
        )
    };
    composer.compose(connection, &draft)
}
