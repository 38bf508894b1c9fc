//! Stories of what is reported after messages were taken: files, mail that came back, questions, and one
//! request at a time behind a socket.

#[allow(dead_code, reason = "shared with the stories, which use all of it")]
#[path = "../story/house.rs"]
mod house;

#[allow(
    dead_code,
    reason = "shared with the provider tests, which use all of it"
)]
#[path = "../providers/server.rs"]
mod server;

#[allow(
    dead_code,
    reason = "shared with the provider tests, which use all of it"
)]
#[path = "../providers/mail_server.rs"]
mod mail_server;

mod files;
mod mail;
mod meanwhile;
mod polling;
mod receive;

use house::{House, Ran};

/// Adds a text message's template.
fn add_notice(house: &House) {
    house
        .run(&[
            "template",
            "add",
            "notice",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Ola #cliente_primeiro_nome#",
        ])
        .ok();
}

/// Sends it to Ana and to Davi, whose provider is as configured.
fn send_notice(house: &House) -> Ran {
    house.run(&[
        "send",
        "contracts",
        "--filter",
        "contract_id=11,14",
        "--template",
        "notice",
        "--yes",
    ])
}

/// Adds the template and sends it.
fn send_sms(house: &House) {
    add_notice(house);
    send_notice(house).ok();
}

/// The status, and when it was delivered, of each message by its client.
fn states(house: &House) -> Vec<String> {
    let rows = house.json(&["history"]);
    let mut states: Vec<String> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let arrived = if row["delivered_at"].is_null() {
                ""
            } else {
                " delivered"
            };
            format!(
                "{} {}{arrived}",
                row["client_id"],
                row["status"].as_str().unwrap_or("")
            )
        })
        .collect();
    states.sort();
    states
}
