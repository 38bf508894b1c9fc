//! `regua omnichannel`: what the WhatsApp provider has, and the ERP's *Logs Omnichannel*.

use clap::{Args, Subcommand};

use super::arguments::{span, word};
use super::{Context, Outcome, face};
use crate::channel::CatalogueEntry;
use crate::domain::template::Placeholders;
use crate::domain::words::{Channel, Origin};
use crate::error::{Error, Result};
use crate::store::message::{self, LogWanted};
use crate::view::{Cell, Column};

/// The WhatsApp provider: its channels, its templates, and what was tried.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the provider's communication channels (*buscar canais*)
    #[command(after_help = "Example:\n  regua omnichannel channels")]
    Channels,
    /// List the templates of a channel (*buscar template*)
    #[command(
        after_help = "Example:\n  regua omnichannel templates --channel 64f09e6332843f9dada2d0d6"
    )]
    Templates {
        /// The channel's id, from `regua omnichannel channels` [default: the only one there is]
        #[arg(long, value_name = "ID")]
        channel: Option<String>,
    },
    /// WhatsApp messages that were tried, as the ERP's Logs Omnichannel shows them
    #[command(
        after_help = "Example:\n  regua omnichannel logs --status failure --since 2026-11-01"
    )]
    Logs(Logs),
}

/// Runs the command.
pub fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Channels => channels(context),
        Command::Templates { channel } => templates(channel.as_deref(), context),
        Command::Logs(logs) => run_logs(logs, context),
    }
}

fn none(name: &str) -> Error {
    Error::unacceptable(format!(
        "the whatsapp provider `{name}` keeps no channels or templates"
    ))
    .hint("with `file` a template's text is given by --body; opa and meta have catalogues")
}

fn channels(context: &Context) -> Result<Outcome> {
    let provider = context.config.channel(Channel::Whatsapp).connect()?;
    let catalogue = provider.catalogue().ok_or_else(|| none(provider.name()))?;
    let mut list = context.out.list(&["id", "name", "status"].map(Column::new));
    for channel in catalogue.channels()? {
        list.row(vec![
            Cell::Text(channel.id),
            Cell::Text(channel.name),
            Cell::text(channel.status),
        ])?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}

fn templates(channel: Option<&str>, context: &Context) -> Result<Outcome> {
    let provider = context.config.channel(Channel::Whatsapp).connect()?;
    let catalogue = provider.catalogue().ok_or_else(|| none(provider.name()))?;
    let channel = match channel {
        Some(channel) => channel.to_owned(),
        None => only(catalogue.channels()?)?,
    };
    let mut list = context.out.list(&[
        Column::new("id"),
        Column::new("name"),
        Column::new("status"),
        Column::number("variables"),
        Column::new("text"),
    ]);
    for template in catalogue.templates(&channel)? {
        let places = template
            .text
            .as_deref()
            .map(|text| Placeholders::of(text).count);
        list.row(vec![
            Cell::Text(template.id),
            Cell::Text(template.name),
            Cell::text(template.status),
            Cell::number(places.and_then(|places| i64::try_from(places).ok())),
            Cell::text(template.text),
        ])?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}

/// The channel meant when none is named: there must be exactly one.
fn only(mut channels: Vec<CatalogueEntry>) -> Result<String> {
    match channels.len() {
        1 => Ok(channels.remove(0).id),
        0 => Err(Error::unacceptable("the provider has no channel")),
        n => Err(Error::usage(format!("the provider has {n} channels"))
            .hint("--channel ID; regua omnichannel channels lists them")),
    }
}

/// Which attempts are wanted.
#[derive(Debug, Args)]
pub struct Logs {
    /// This message
    #[arg(long)]
    id: Option<i64>,
    /// About this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// Of this communication type: send, collection, birthday or ticket
    #[arg(long = "type", value_parser = word::<Origin>)]
    communication_type: Option<Origin>,
    /// To a number holding this
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Last tried on or after this day
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Last tried on or before this day
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// success or failure
    #[arg(long, value_parser = ["success", "failure"])]
    status: Option<String>,
    /// Whose confirmation or cause of failure holds this
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: i64,
}

/// Runs `regua omnichannel logs`.
fn run_logs(logs: &Logs, context: &Context) -> Result<Outcome> {
    let (since, until) = span(logs.since.as_deref(), logs.until.as_deref(), context)?;
    let wanted = LogWanted {
        id: logs.id,
        client_id: logs.client,
        origin: logs.communication_type,
        contact: logs.contact.clone(),
        since,
        until,
        success: logs.status.as_deref().map(|status| status == "success"),
        message: logs.message.clone(),
    };
    let store = context.open()?;
    let mut list = context.out.list(&[
        Column::number("id"),
        Column::number("client_id"),
        Column::new("communication_type"),
        Column::new("contact"),
        Column::new("sent_at"),
        Column::new("status"),
        Column::new("message"),
    ]);
    message::each_log(store.connection(), &wanted, logs.limit, |log| {
        list.row(vec![
            Cell::Number(log.id),
            Cell::number(log.client_id),
            Cell::of(log.origin),
            face::phone(log.contact.as_deref()),
            face::instant(context, Some(log.at)),
            Cell::of(if log.success { "success" } else { "failure" }),
            Cell::text(log.message),
        ])
    })?;
    list.finish("")?;
    Ok(Outcome::Done)
}
