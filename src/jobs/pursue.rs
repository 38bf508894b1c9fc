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

/// The invoices that a chain's message spoke for and that still are to be spoken of, each with its case; its own
/// first, where it is one of them.
fn still_spoken_for(
    connection: &Connection,
    chain: &Pursued,
) -> Result<Vec<(Invoice, Option<i64>)>> {
    let closing =
        Move::parse(&chain.event, false).is_some_and(|step| step.kind() == MoveKind::Closing);
    let mut ids = message::speaks_for(connection, chain.message_id)?;
    if ids.is_empty() {
        ids.push(chain.invoice_id);
    }
    let mut spoken = Vec::new();
    for id in ids {
        let Some(invoice) = book::invoice(connection, id)? else {
            continue;
        };
        if invoice.client_id != chain.client_id || (!closing && !invoice.owing()) {
            continue;
        }
        let own = id == chain.invoice_id;
        let case = match chain.case_id {
            Some(case) if own => Some(case),
            Some(_) => collection::open_case(connection, id)?.map(|case| case.id),
            None => None,
        };
        let open = match case {
            Some(case) => collection::case_open(connection, case)?,
            None => chain.case_id.is_none(),
        };
        if open || !chain.while_owing {
            spoken.push((invoice, case));
        }
    }
    spoken.sort_by_key(|(invoice, _)| invoice.id != chain.invoice_id);
    Ok(spoken)
}

/// Makes the next message of a chain; its channel, if it is queued.
fn go_on(
    connection: &Connection,
    config: &Config,
    now: Now,
    chain: &Pursued,
) -> Result<Option<Channel>> {
    let over = chain.expires_at.is_some_and(|end| end <= now.at);
    let (Some((template, hours)), false) = (next_template(connection, chain)?, over) else {
        return Ok(None);
    };
    let Some(client) = book::client(connection, chain.client_id)? else {
        return Ok(None);
    };
    let spoken = still_spoken_for(connection, chain)?;
    if spoken.is_empty() {
        return Ok(None);
    }
    let mut queued = None;
    for mut message in compose(connection, config, now, chain, (&client, spoken, &template))? {
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

/// The messages of a chain's next template; of its invoices, never none, the first is the one that is named where the
/// text names one.
fn compose(
    connection: &Connection,
    config: &Config,
    now: Now,
    chain: &Pursued,
    (client, mut spoken, template): (&Client, Vec<(Invoice, Option<i64>)>, &Template),
) -> Result<Vec<NewMessage>> {
    let (named, case_id) = spoken[0].clone();
    let about = About {
        contract_id: named.contract_id,
        invoice_id: Some(named.id),
        case_id,
        ..About::default()
    };
    let composer = Composer::new(config, now);
    let needs = template.needs();
    let client_id = Some(client.id);
    let mut rows = Rows::gather(connection, client_id, about, &needs, now.today)?;
    rows.notice = recorded_for(connection, &composer, template, client, Some(&named))?;
    rows.invoice = Some(named);
    if spoken.len() > 1 && template.speaks_for_all() {
        spoken.sort_by_key(|(invoice, _)| (invoice.due_on, invoice.id));
        rows.invoices = spoken.into_iter().map(|(invoice, _)| invoice).collect();
    }
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
