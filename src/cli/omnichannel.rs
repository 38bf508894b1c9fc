//! `regua omnichannel`: what the WhatsApp provider has, and the ERP's *Logs Omnichannel*.

use clap::Subcommand;

use super::history::{Logs, run_logs};
use super::{Context, Outcome};
use crate::channel::{Listed, connect};
use crate::domain::template::Placeholders;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::out::{Cell, Column};

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
    let provider = connect(Channel::Whatsapp, &context.config)?;
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
    let provider = connect(Channel::Whatsapp, &context.config)?;
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
fn only(mut channels: Vec<Listed>) -> Result<String> {
    match channels.len() {
        1 => Ok(channels.remove(0).id),
        0 => Err(Error::unacceptable("the provider has no channel")),
        n => Err(Error::usage(format!("the provider has {n} channels"))
            .hint("--channel ID; regua omnichannel channels lists them")),
    }
}
