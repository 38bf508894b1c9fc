//! `queue` and `optout`: what waits, what is tried again, what nobody wants.

use crate::house::House;
use crate::scene;
use crate::server::{Act, Server};

#[test]
fn queue_empty() {
    let mut house = scene::empty();
    scene::holds(
        "queue_empty",
        &mut house,
        "queue list
         queue list --json
         queue list -o csv
         queue list -o jsonl
         queue list --unknown
         queue list --failed
         queue deliver
         queue deliver --json
         queue stats
         queue stats --json
         queue retry --all
         queue cancel --all --yes",
    );
}

#[test]
fn queue() {
    let mut house = scene::with_examples(&["send.toml"]);
    scene::holds(
        "queue",
        &mut house,
        "send contracts --template due-whatsapp --yes
         queue list
         queue list --json --limit 1
         queue list -o csv
         queue stats
         queue stats --json
         queue stats -o csv
         queue deliver --channel sms
         queue cancel 1
         queue cancel 1 --yes
         queue retry --cancelled
         queue cancel 1 --yes
         queue cancel 1 --yes
         queue cancel 999 --yes
         queue cancel
         queue retry
         queue retry 1
         queue retry --reason cancelled
         queue retry --reason canceled
         queue deliver
         queue deliver --channel whatsapp --json
         queue cancel --template due-whatsapp --yes
         queue cancel --template due-whatsap
         queue cancel --batch 1 --json --yes
         queue retry --template due-whatsapp
         queue deliver -o csv
         queue list
         queue deliver --channel fax",
    );
}

/// A house whose sms gateway answers so.
fn with_gateway(act: impl Fn() -> Act + Send + Sync + 'static) -> (House, Server) {
    let house = scene::with_examples(&["send.toml"]);
    let server = Server::start(move |_| act());
    house.write(
        "config.toml",
        format!(
            "[company]\nname = \"Provedor Exemplo\"\n[sms]\nprovider = \"http\"\nurl = \"{}/send\"\nbody = \"{{}}\"\nworkers = 1\n",
            server.url()
        ),
    );
    (house, server)
}

#[test]
fn queue_failing() {
    for (name, act) in [
        ("refused", Act::json(400, r#"{"error":"invalid number"}"#)),
        ("later", Act::json(500, r#"{"error":"broken"}"#)),
        ("unauthorized", Act::json(401, r#"{"error":"who are you"}"#)),
        ("unknown", Act::Cut),
    ] {
        let (mut house, server) = with_gateway(move || act.clone());
        scene::holds_beside(
            &format!("queue_{name}"),
            &mut house,
            "send logins --template outage-sms --limit 1 --yes
             queue stats
             queue stats --json
             queue list
             queue list --failed
             queue list --unknown --json
             history show 1
             queue retry 1
             queue retry --unknown --all
             queue deliver
             queue deliver --json
             history",
            &server.url(),
        );
    }
}

#[test]
fn queue_out_of_reach() {
    let mut house = scene::with_examples(&["send.toml"]);
    // Nobody listens at port 9 of this machine.
    house.write(
        "config.toml",
        "[company]\nname = \"Provedor Exemplo\"\n[sms]\nprovider = \"http\"\nurl = \"http://127.0.0.1:9/send\"\nbody = \"{}\"\nworkers = 1\n",
    );
    scene::holds(
        "queue_out_of_reach",
        &mut house,
        "send logins --template outage-sms --limit 1 --yes
         queue stats
         queue deliver
         doctor",
    );
}

#[test]
fn queue_locked() {
    let mut house = scene::with_examples(&["send.toml"]);
    house
        .run(&["send", "contracts", "-t", "due-whatsapp", "--yes"])
        .ok();
    let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
    let _lock = store.lock("whatsapp").expect("no fault").expect("free");
    scene::holds(
        "queue_locked",
        &mut house,
        "queue deliver\nqueue deliver --json",
    );
}

#[test]
fn optout() {
    let mut house = House::with_book();
    scene::holds(
        "optout",
        &mut house,
        "optout list
         optout list --json
         optout list -o csv
         optout add --client 1 --channel sms --purpose marketing --source phone
         optout add --client 1 --channel sms --purpose marketing
         optout add --client 2
         optout add --client 2 --json
         optout list
         optout list --json
         optout list --client 1 -o csv
         optout remove --client 1 --channel sms --purpose marketing
         optout remove --client 1 --channel sms --purpose marketing
         optout add --client 99
         optout add
         optout add --client 1 --channel smss
         optout add --client 1 --purpose market
         optout list --client 99",
    );
}
