//! Importing status callbacks: what became of WhatsApp messages after they were taken.

use std::collections::BTreeMap;
use std::io::Read;

use crate::clock::Now;
use crate::domain::callback::{MessageChange, Preference, Told};
use crate::domain::recipient::OptOut;
use crate::domain::words::{CallbackStatus, Channel, Purpose};
use crate::error::Result;
use crate::source;
use crate::store::callback::{self as store, Applied};
use crate::store::{Connection, Store, opt_out};

/// What an import of callbacks came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackSummary {
    /// Statuses read.
    pub read: u64,
    /// New ones, by what they say.
    pub new: BTreeMap<CallbackStatus, u64>,
    /// Known already.
    pub known: u64,
    /// About no message of ours.
    pub unmatched: u64,
    /// Not a status that means anything here.
    pub passed_over: u64,
    /// Messages that turned out to be sent.
    pub now_sent: u64,
    /// Messages that turned out to have failed.
    pub now_failed: u64,
    /// Clients who told WhatsApp to stop marketing, and are opted out of it now.
    pub opted_out: u64,
}

/// Marketing by WhatsApp.
const MARKETING: OptOut = OptOut {
    channel: Some(Channel::Whatsapp),
    purpose: Some(Purpose::Marketing),
};
/// Who says so, when WhatsApp does.
const SOURCE: &str = "whatsapp";

/// Notes what a person wants for every client of that number: no marketing, or again after all.
fn prefer(
    connection: &Connection,
    preference: &Preference,
    now: Now,
    summary: &mut CallbackSummary,
) -> Result<()> {
    let clients = opt_out::clients_of(connection, &preference.numbers())?;
    summary.unmatched += u64::from(clients.is_empty());
    for client in clients {
        if preference.stops {
            let is_new = opt_out::add(connection, client, MARKETING, now.today, SOURCE)?;
            summary.opted_out += u64::from(is_new);
        } else {
            opt_out::take_back(connection, client, MARKETING, SOURCE)?;
        }
    }
    Ok(())
}

/// Reads callbacks and writes them down, all or none.
pub fn import(
    store: &mut Store,
    now: Now,
    input: impl Read,
    place: &str,
) -> Result<CallbackSummary> {
    store.write(|transaction| {
        let mut summary = CallbackSummary::default();
        let passed_over = source::callback::read(input, place, |told| {
            summary.read += 1;
            let callback = match told {
                Told::Status(callback) => callback,
                Told::Preference(preference) => {
                    return prefer(transaction, &preference, now, &mut summary);
                }
            };
            match store::apply(transaction, &callback)? {
                Applied::Known => summary.known += 1,
                Applied::Unmatched => summary.unmatched += 1,
                Applied::New(change, client) => {
                    *summary.new.entry(callback.status).or_default() += 1;
                    match change {
                        MessageChange::Nothing => {}
                        MessageChange::Sent => summary.now_sent += 1,
                        MessageChange::Failed(_) => summary.now_failed += 1,
                    }
                    if let (true, Some(client)) = (callback.stops_marketing(), client) {
                        let is_new =
                            opt_out::add(transaction, client, MARKETING, now.today, SOURCE)?;
                        summary.opted_out += u64::from(is_new);
                    }
                }
            }
            Ok(())
        })?;
        summary.passed_over = passed_over;
        Ok(summary)
    })
}
