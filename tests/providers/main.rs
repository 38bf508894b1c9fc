//! The providers against servers that behave by script: one battery for all, then each one's own.

mod battery;
mod example;
mod fcm;
mod http;
mod mail_server;
mod meta;
mod opa;
mod secrets;
mod server;
mod smtp;
mod twilio;
mod wire;

use std::path::Path;

use regua::channel::{Outgoing, Provider, Refusal};
use regua::config::Config;
use regua::domain::words::{AddressKind, Channel, Purpose};

/// The provider of a channel by a configuration's text.
fn provider(channel: Channel, text: &str, base: &Path) -> Box<dyn Provider> {
    let config = Config::read(text, "config.toml", base).expect("an acceptable configuration");
    config.channel(channel).connect().expect("a provider")
}

/// A message on a channel.
fn message(channel: Channel) -> Outgoing {
    Outgoing {
        id: 42,
        key: "send/cut/2026-11-21/7/x".to_owned(),
        channel,
        purpose: Purpose::Collection,
        template: Some("cut".to_owned()),
        event: "stage:notice".to_owned(),
        client_id: Some(7),
        contract_id: None,
        invoice_id: Some(900),
        ticket_id: None,
        address: match channel {
            Channel::Push => "device-token".to_owned(),
            Channel::Whatsapp | Channel::Sms => "+5549999990001".to_owned(),
            Channel::Email => "ana@example.com".to_owned(),
            Channel::Letter => "Rua das Flores, 120\n89801-000 Chapecó/SC".to_owned(),
            Channel::Chat => "-1001234".to_owned(),
        },
        name: None,
        address_kind: (channel == Channel::Push).then_some(AddressKind::Token),
        title: channel.has_title().then(|| "Fatura vencida".to_owned()),
        body: "Ana, a fatura \"900\" de R$ 99,90 não foi paga\n& vence # hoje".to_owned(),
        html: None,
        provider_channel: (channel == Channel::Whatsapp).then(|| "c1".to_owned()),
        provider_template: (channel == Channel::Whatsapp).then(|| "fatura".to_owned()),
        variables: if channel == Channel::Whatsapp {
            vec!["Ana".to_owned(), "R$ 99,90".to_owned()]
        } else {
            Vec::new()
        },
        look: regua::domain::template::Look::default(),
        time_to_live: None,
        at: "2026-11-21T09:00:00-03:00"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .expect("an instant")
            .with_timezone(&chrono_tz::America::Sao_Paulo),
    }
}

/// A refusal's outcome in one word, for tables of expectations.
fn next(outcome: &Result<regua::channel::Accepted, Refusal>) -> String {
    match outcome {
        Ok(_) => "accepted".to_owned(),
        Err(refusal) => format!("{:?}", refusal.next),
    }
}
