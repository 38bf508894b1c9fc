//! What became of messages after they were taken: reports from files, from mail servers, asked for, and
//! what people answer.

use std::io::Read;

use crate::channel::receipts::ReceiptForm;
use crate::clock::Now;
use crate::domain::receipt::{
    Informant, MessageChange, Preference, Receipt, Reply, StopWords, Told, compared,
};
use crate::domain::recipient::OptOut;
use crate::domain::words::{Channel, Purpose, Word as _};
use crate::error::{Flaw, Result};
use crate::source::receipt::{Document, documents};
use crate::store::receipt::{self as store, Written};
use crate::store::reply::{self, NewReply};
use crate::store::{Connection, Store, opt_out};

pub mod mail;
pub mod poll;

/// What a reading of reports came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptSummary {
    /// Reports read.
    pub read: u64,
    /// New ones about messages of ours, and answers of people we know.
    pub matched: u64,
    /// About no message of ours, and answers of nobody we know.
    pub unknown_ids: u64,
    /// Known already.
    pub repeated: u64,
    /// Not acceptable.
    pub bad: u64,
    /// Documents in which nothing is what this provider reports.
    pub meaningless: u64,
    /// Opt-outs that came of them.
    pub opt_outs: u64,
    /// Messages that turned out to be sent.
    pub now_sent: u64,
    /// Messages that turned out to have failed.
    pub now_failed: u64,
    /// What was wrong with the first of the bad ones.
    pub flaws: Vec<Flaw>,
}

/// Flaws that are told one by one; the rest is counted.
const MOST_FLAWS: usize = 10;

/// Reports that are written down in one transaction, so that nobody else waits long.
const STEP: usize = 500;

/// How reports are taken.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    /// Words by which people stop; none where they do not count.
    pub stops: Option<&'a StopWords>,
    /// The instant and day.
    pub now: Now,
}

impl ReceiptSummary {
    /// Notes a report that is not acceptable.
    fn is_bad(&mut self, place: String, found: String) {
        self.bad += 1;
        if self.flaws.len() < MOST_FLAWS {
            self.flaws.push(Flaw::at(place, found, ""));
        }
    }
}

/// Reads reports and writes them down, some hundred at a time: what was read before a failure is kept, and
/// reading it again changes nothing. Without a form each document is taken for what it looks like.
pub fn import(
    store: &mut Store,
    taking: Taking<'_>,
    form: Option<&ReceiptForm>,
    input: impl Read,
    place: &str,
) -> Result<ReceiptSummary> {
    let mut summary = ReceiptSummary::default();
    store.write(|transaction| adopt(transaction, taking.now, &mut summary))?;
    let mut waiting = Vec::new();
    documents(input, place, |document| {
        waiting.push(document);
        if waiting.len() < STEP {
            return Ok(());
        }
        take_all(
            store,
            taking,
            form,
            std::mem::take(&mut waiting),
            &mut summary,
        )
    })?;
    take_all(store, taking, form, waiting, &mut summary)?;
    Ok(summary)
}

fn take_all(
    store: &mut Store,
    taking: Taking<'_>,
    form: Option<&ReceiptForm>,
    documents: Vec<Document>,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    store.write(|transaction| {
        for document in documents {
            take_document(transaction, taking, form, document, summary)?;
        }
        Ok(())
    })
}

/// Takes all that one document tells. To be called within an immediate transaction.
pub fn take_document(
    connection: &Connection,
    taking: Taking<'_>,
    form: Option<&ReceiptForm>,
    document: Document,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    let Document { place, value } = document;
    let value = match value {
        Ok(value) => value,
        Err(found) => {
            summary.read += 1;
            summary.is_bad(place, found);
            return Ok(());
        }
    };
    let form = form.or_else(|| ReceiptForm::recognised(&value, taking.now));
    let Some(form) = form else {
        summary.read += 1;
        summary.is_bad(
            place,
            "is no report that regua knows; name its --preset".to_owned(),
        );
        return Ok(());
    };
    let items = form.tell(&value, taking.now);
    if items.is_empty() {
        // Something of the provider's that means nothing here.
        summary.read += 1;
        summary.meaningless += 1;
    }
    for item in items {
        summary.read += 1;
        match item {
            Ok((told, providers)) => {
                let informant = Informant {
                    source: form.name(),
                    providers: &providers,
                };
                take(connection, taking, informant, told, summary)?;
            }
            Err(found) => summary.is_bad(place.clone(), found),
        }
    }
    Ok(())
}

/// Takes one thing told. To be called within an immediate transaction.
fn take(
    connection: &Connection,
    taking: Taking<'_>,
    informant: Informant<'_>,
    told: Told,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    match told {
        Told::Receipt(receipt) => {
            take_receipt(connection, taking.now, informant, &receipt, summary)
        }
        Told::Reply(reply) => take_reply(connection, taking, informant, &reply, summary),
        Told::Preference(preference) => prefer(connection, &preference, taking.now, summary),
    }
}

/// Takes one receipt; one of no message that is known is kept for a while.
fn take_receipt(
    connection: &Connection,
    now: Now,
    informant: Informant<'_>,
    receipt: &Receipt,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    let written = store::write(connection, informant, receipt, now.at)?;
    if written == Written::Unmatched {
        store::keep_early(connection, informant, receipt, now.at)?;
    }
    heed_receipt(connection, now, receipt, written, summary)
}

/// Counts what became of a receipt, and does what a new one asks for.
fn heed_receipt(
    connection: &Connection,
    now: Now,
    receipt: &Receipt,
    written: Written,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    match written {
        Written::Known => summary.repeated += 1,
        Written::Unmatched => summary.unknown_ids += 1,
        Written::New(told) => {
            summary.matched += 1;
            heed(connection, now, receipt, told, summary)?;
        }
    }
    Ok(())
}

/// Counts what a new receipt changed, and notes what the person said no to.
fn heed(
    connection: &Connection,
    now: Now,
    receipt: &Receipt,
    told: store::Matched,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    match told.change {
        MessageChange::Nothing => {}
        MessageChange::Sent => summary.now_sent += 1,
        MessageChange::Failed(_) => summary.now_failed += 1,
    }
    if let (Some(stopped), Some(client)) = (receipt.stopped, told.client_id) {
        let source = stopped.channel.map_or("receipt", Channel::as_str);
        opts_out(connection, client, stopped, now, source, summary)?;
    }
    Ok(())
}

/// Brings reports that came early to their messages. To be called within an immediate transaction.
pub fn adopt(connection: &Connection, now: Now, summary: &mut ReceiptSummary) -> Result<()> {
    for (receipt, told) in store::settle_early(connection, now.at)? {
        heed(connection, now, &receipt, told, summary)?;
    }
    Ok(())
}

/// Notes an opt-out of a client that the book has, and counts it when it is new.
fn opts_out(
    connection: &Connection,
    client: i64,
    stopped: OptOut,
    now: Now,
    source: &str,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    if crate::store::book::client_name(connection, client)?.is_some() {
        let is_new = opt_out::add(connection, client, stopped, now.today, source)?;
        summary.opt_outs += u64::from(is_new);
    }
    Ok(())
}

/// Keeps an answer with its client and the message it answers; one that is a stop word opts out every
/// client of its number.
fn take_reply(
    connection: &Connection,
    taking: Taking<'_>,
    informant: Informant<'_>,
    said: &Reply,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    let phone = compared(said.channel, &said.from);
    let clients = opt_out::clients_of(connection, &phone)?;
    let named = match &said.about {
        Some(about) => match store::message_of(connection, informant, about)? {
            Some(message) => Some(message),
            None => store::message_of_key(connection, about)?,
        },
        None => None,
    };
    let message_id = match named {
        Some(message) => Some(message),
        None => reply::answered(connection, &clients, said.channel, &phone, said.at)?,
    };
    let of_message = match message_id {
        Some(id) => store::client_of(connection, id)?,
        None => None,
    };
    let stops = taking.stops.filter(|stops| stops.stops(&said.text));
    let new = NewReply {
        reply: said,
        source: informant.source,
        phone: &phone,
        client_id: of_message.or_else(|| clients.first().copied()),
        message_id,
        stops: stops.is_some() && !clients.is_empty(),
    };
    if !reply::write(connection, new, taking.now.at)? {
        summary.repeated += 1;
        return Ok(());
    }
    if new.client_id.is_none() {
        summary.unknown_ids += 1;
    } else {
        summary.matched += 1;
    }
    if let Some(message) = message_id {
        store::note_reply(connection, informant.source, message, said, taking.now.at)?;
    }
    for purpose in stops.map_or(&[][..], StopWords::purposes) {
        let stopped = OptOut {
            channel: Some(said.channel),
            purpose: Some(*purpose),
        };
        for client in &clients {
            opts_out(connection, *client, stopped, taking.now, "reply", summary)?;
        }
    }
    Ok(())
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
    summary: &mut ReceiptSummary,
) -> Result<()> {
    let phone = compared(Channel::Whatsapp, &preference.from);
    let clients = opt_out::clients_of(connection, &phone)?;
    if clients.is_empty() {
        summary.unknown_ids += 1;
    } else {
        summary.matched += 1;
    }
    for client in clients {
        if preference.stops {
            opts_out(connection, client, MARKETING, now, SOURCE, summary)?;
        } else {
            opt_out::take_back(connection, client, MARKETING, SOURCE)?;
        }
    }
    Ok(())
}
