//! A template tried out: one message with a client's facts, sent to an address of one's own.

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::message::NewMessage;
use crate::domain::phone;
use crate::domain::recipient::{Address, Reach, reach_typed};
use crate::domain::template::Template;
use crate::domain::words::{AddressKind, Channel, Origin, Word as _};
use crate::error::{Error, Result};
use crate::jobs::blocked::blocking_list;
use crate::jobs::compose::Composer;
use crate::jobs::deliver::{Once, Stop, once};
use crate::jobs::draft::{Draft, Key};
use crate::jobs::provided;
use crate::store::client::{self, SoughtContact};
use crate::store::{Connection, Store, book, opt_out};

/// Clients of one address that are told.
const TOLD: i64 = 3;

/// A message to be tried out.
#[derive(Debug)]
pub struct Trial {
    /// The message.
    message: NewMessage,
    /// Clients of the book whose address that is, a few at the most: by id, with their names.
    pub owners: Vec<(i64, String)>,
}

impl Trial {
    /// Where it goes.
    pub fn address(&self) -> &str {
        self.message.address.as_deref().unwrap_or_default()
    }
}

/// The address as it is kept.
///
/// # Errors
/// When nothing can be sent there.
fn readable(channel: Channel, typed: &str) -> Result<String> {
    match reach_typed(channel, typed) {
        Reach::To(mut addresses) => Ok(addresses.remove(0).text),
        Reach::Not { detail, .. } => {
            let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
            Err(Error::unacceptable(format!(
                "`{typed}` is no address of the channel {channel}{detail}"
            ))
            .hint("a number with its area code for sms and whatsapp, a mailbox for email, a device's address for push"))
        }
    }
}

/// Makes the message of a trial, by the draft of a send; nothing is written down.
///
/// # Errors
/// When the address cannot work, somebody whose address it is said no, a list of numbers forbids it, or a
/// value is missing.
pub fn prepare(
    connection: &Connection,
    config: &Config,
    clock: &Clock,
    template: &Template,
    draft: &Draft<'_>,
    typed: &str,
) -> Result<Trial> {
    provided::refuse(config, [template])?;
    let text = readable(template.channel, typed)?;
    let owners = owners(connection, template.channel, &text)?;
    for (id, _) in &owners {
        let opt_outs = opt_out::of_client(connection, *id)?;
        if opt_outs
            .iter()
            .any(|no| no.forbids(template.channel, template.purpose))
        {
            return Err(Error::unacceptable(format!(
                "that address is client {id}'s, who said no to {} by {}",
                template.purpose, template.channel
            ))
            .hint("try it at an address of your own"));
        }
    }
    let composer = Composer::new(config, clock.now());
    let errand = (template.channel, template.purpose, false);
    let today = clock.now().today;
    if let Some(list) = blocking_list(connection, &config.policy, errand, &text, today)? {
        return Err(Error::unacceptable(format!(
            "that number stands in the list `{list}` of numbers that must not be written to"
        ))
        .hint("try it at an address of your own"));
    }
    let kind = match template.channel {
        Channel::Push => Some(device_kind(connection, &text)?),
        _ => None,
    };
    let client_id = draft.recipient.client_id().unwrap_or_default();
    let draft = Draft {
        key: Key::Whole(format!(
            "test/{}/{client_id}/{:016x}",
            template.name,
            fastrand::u64(..)
        )),
        origin: Origin::Test,
        event: "test".to_owned(),
        ..draft.clone()
    };
    let message = composer
        .to_address(&draft, Address { text, kind })
        .map_err(|variable| {
            Error::unacceptable(format!(
                "#{}# has no value for client {client_id}",
                variable.name()
            ))
            .hint("--invoice ID, --contract ID or --login ID, or another client")
        })?;
    Ok(Trial { message, owners })
}

/// What kind of address a device's is: as the book has it, else a registration token.
fn device_kind(connection: &Connection, address: &str) -> Result<AddressKind> {
    let known = book::device(connection, address)?.and_then(|(_, device)| device);
    Ok(known.map_or(AddressKind::Token, |device| device.kind))
}

/// The clients of the book whose address that is, a few at the most.
fn owners(connection: &Connection, channel: Channel, address: &str) -> Result<Vec<(i64, String)>> {
    if channel.goes_to_devices() {
        let Some((id, _)) = book::device(connection, address)? else {
            return Ok(Vec::new());
        };
        let name = book::client_name(connection, id)?.unwrap_or_default();
        return Ok(vec![(id, name)]);
    }
    let sought = match phone::compared(address) {
        Some(digits) => SoughtContact::Number(digits),
        None if channel == Channel::Email => SoughtContact::Mailbox(address.to_owned()),
        None => return Ok(Vec::new()),
    };
    let mut owners = Vec::new();
    client::each(connection, &sought, TOLD, |client| {
        owners.push((client.id, client.name));
        Ok(())
    })?;
    Ok(owners)
}

/// Sends the message of a trial, and nothing else.
///
/// # Errors
/// When another run delivers the channel, or the channel cannot be used.
pub fn send(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    template: &Template,
    trial: &Trial,
    stop: &Stop,
) -> Result<Once> {
    once(store, config, clock, &trial.message, &template.look, stop)?.ok_or_else(|| {
        Error::locked(format!(
            "another run is delivering {}; nothing was sent",
            template.channel.as_str()
        ))
        .hint("run it again when that has ended")
    })
}
