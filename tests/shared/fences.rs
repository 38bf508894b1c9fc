//! What can change: nobody is told what is no longer true.

use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crashes::signal;
use crate::house::House;
use crate::postgres::Postgres;
use crate::server::{Act, Server};
use crate::{PUSH, Scene, postgres, until, work};

#[test]
fn what_was_paid_meanwhile_is_withdrawn_before_anybody_claims_it() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 4, Duration::ZERO, PUSH);
    let invoices = |paid: &str| {
        let mut text = String::from("id,client_id,contract_id,due_on,amount,status\n");
        for id in 1..=4 {
            let status = if paid.contains(&id.to_string()) {
                "R"
            } else {
                "A"
            };
            text.push_str(&format!("{id},{id},{id},10/11/2026,{id}0.00,{status}\n"));
        }
        text
    };
    scene.planner.write("invoices.csv", invoices(""));
    scene
        .planner
        .run(&["import", "invoices", "invoices.csv"])
        .ok();
    let add = [
        "template",
        "add",
        "bill",
        "--channel",
        "push",
        "--kind",
        "financial",
        "--title",
        "Fatura",
        "--body",
        "Devem-se #areceber_valor#",
    ];
    scene.planner.run(&add).ok();
    let send = ["send", "contracts", "--template", "bill", "--yes"];
    scene.planner.run(&send).ok();
    scene.planner.write("invoices.csv", invoices("2 3"));
    scene
        .planner
        .run(&["import", "invoices", "invoices.csv"])
        .ok();
    scene.planner.run(&["task", "run-due"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    let served: Vec<String> = scene.served().into_keys().collect();
    assert_eq!(served, ["device-1", "device-4"]);
    let rows = scene.planner.json(&["history", "--status", "skipped"]);
    let reasons: Vec<&str> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["reason"].as_str().expect("a reason"))
        .collect();
    assert_eq!(reasons, ["settled", "settled"]);
}

#[test]
fn what_nobody_looked_at_for_a_while_stays_and_comes_back() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let server = Server::start(|_| Act::json(200, "{}"));
    let scene = Scene::with(postgres, 5, server, PUSH, "stale_seconds = 2");
    scene.share();
    thread::sleep(Duration::from_millis(2_500));
    scene.host().run(&["queue", "work"]).ok();
    assert_eq!(scene.served().len(), 0, "the planner was not there");
    let gathered = scene.planner.json(&["queue", "gather"]);
    assert_eq!(gathered["back"], 5, "{gathered}");
    assert_eq!(scene.addresses("queued").len(), 5);
    let patient = scene
        .config
        .replace("stale_seconds = 2", "stale_seconds = 600");
    let host = scene.host();
    for house in [&scene.planner, &host] {
        house.write("config.toml", &patient);
    }
    scene.planner.run(&["queue", "share"]).ok();
    host.run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.nothing_lost_nothing_twice(5), 0);
}

#[test]
fn what_is_cancelled_by_hand_does_not_leave_and_can_be_put_back() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 3, Duration::ZERO, PUSH);
    scene.share();
    let cancelled = scene
        .planner
        .json(&["queue", "cancel", "--client", "2", "--yes"]);
    assert_eq!(cancelled["messages"], 1, "{cancelled}");
    scene.host().run(&["queue", "work"]).ok();
    let gathered = scene.planner.json(&["queue", "gather"]);
    assert_eq!(gathered["sent"], 2, "{gathered}");
    assert_eq!(gathered["back"], 0, "it was cancelled: {gathered}");
    assert_eq!(scene.addresses("cancelled"), ["device-2"]);
    assert_eq!(scene.served().len(), 2);
    scene
        .planner
        .run(&["queue", "retry", "--cancelled", "--all"])
        .ok();
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.nothing_lost_nothing_twice(3), 0);
}

/// A scene of three whose messages are all in a host's hand: its provider says that it is busy, once it may answer.
fn in_hand(postgres: &Postgres) -> (Scene, Arc<AtomicBool>, (House, Child)) {
    let may_answer = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&may_answer);
    let server = Server::start(move |_| {
        let begun = Instant::now();
        while !told.load(Ordering::SeqCst) && begun.elapsed() < Duration::from_secs(100) {
            thread::sleep(Duration::from_millis(5));
        }
        Act::json(503, r#"{"error":"busy"}"#)
    });
    let patient = format!("{PUSH}timeout_seconds = 120\n");
    let scene = Scene::with(postgres, 3, server, &patient, "");
    scene.share();
    let host = scene.host();
    let child = work(&host, "600");
    until("all are in hand", || scene.server.seen().len() == 3);
    (scene, may_answer, (host, child))
}

/// Lets the provider answer, ends the host, and brings home what it has to say.
fn come_home(scene: &Scene, may_answer: &AtomicBool, (_host, child): (House, Child)) {
    may_answer.store(true, Ordering::SeqCst);
    signal(&child, nix::sys::signal::Signal::SIGTERM);
    child.wait_with_output().expect("its end");
    scene.planner.run(&["queue", "gather"]).ok();
}

#[test]
fn what_is_cancelled_in_a_hosts_hand_is_not_tried_again() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let (scene, may_answer, host) = in_hand(postgres);
    let cancel = ["queue", "cancel", "--client", "2", "--yes"];
    scene.planner.run(&cancel).ok();
    let erase = ["client", "erase", "3", "--why", "asked for", "--yes"];
    scene.planner.run(&erase).ok();
    come_home(&scene, &may_answer, host);
    for (client, status) in [("1", "queued"), ("2", "cancelled"), ("3", "cancelled")] {
        let found = scene.planner.json(&["history", "--client", client]);
        assert_eq!(found[0]["status"], status, "{found}");
    }
}

#[test]
fn what_is_known_of_an_erased_client_is_erased_there_too() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 3, Duration::ZERO, PUSH);
    scene.share();
    let erase = ["client", "erase", "2", "--why", "asked for", "--yes"];
    scene.planner.run(&erase).ok();
    scene.planner.run(&["task", "run-due"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    scene.planner.run(&["queue", "share"]).ok();
    assert_eq!(scene.served().len(), 2);
    assert!(!scene.served().contains_key("device-2"));
    let mut client = postgres.client(&scene.database);
    let rows = client
        .query(
            "SELECT key FROM regua.message
             WHERE key LIKE '%device-2%' OR address = 'device-2' OR payload::text LIKE '%Client 2%'",
            &[],
        )
        .expect("rows");
    assert!(rows.is_empty(), "{} rows", rows.len());
}

#[test]
fn what_a_host_had_in_hand_when_its_client_was_erased_is_erased_there_when_it_is_home() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 1, Duration::ZERO, PUSH);
    scene.share();
    let left = || -> i64 {
        let kept = "SELECT count(*) FROM regua.message WHERE address <> '' OR payload IS NOT NULL";
        let row = postgres.client(&scene.database).query_one(kept, &[]);
        row.expect("a count").get(0)
    };
    let state = |state: &str| {
        postgres
            .client(&scene.database)
            .execute("UPDATE regua.message SET state = $1", &[&state])
            .expect("a state");
    };
    state("sending");
    let erase = ["client", "erase", "1", "--why", "asked for", "--yes"];
    scene.planner.run(&erase).ok();
    scene.planner.run(&["queue", "share"]).ok();
    assert_eq!(left(), 1);
    state("waiting");
    for _ in 0..2 {
        scene.planner.run(&["queue", "share"]).ok();
        scene.planner.run(&["queue", "gather"]).ok();
    }
    assert_eq!(left(), 0);
    let rows = scene.planner.json(&["history"]);
    assert_eq!(rows[0]["status"], "cancelled", "{rows}");
}

#[test]
fn what_a_host_heard_of_a_client_who_was_erased_since_comes_home_without_words() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 3, Duration::ZERO, PUSH);
    scene.share();
    scene.host().run(&["queue", "work"]).ok();
    let erase = ["client", "erase", "2", "--why", "asked for", "--yes"];
    scene.planner.run(&erase).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    let words = |client: &str| {
        let rows = scene.planner.json(&["client", "show", client]);
        let message = &rows["messages"][0];
        assert_eq!(message["status"], "sent", "{message}");
        let told = &message["attempt_log"][0];
        (told["text"].clone(), told["provider_id"].clone())
    };
    assert_eq!(words("2"), (Value::Null, Value::Null));
    assert_ne!(words("1").0, Value::Null);
    // And what the provider said stays nowhere there.
    let said = || -> i64 {
        let kept = "SELECT count(*) FROM regua.outcome WHERE body::text LIKE '%\"text\"%'";
        let row = postgres.client(&scene.database).query_one(kept, &[]);
        row.expect("a count").get(0)
    };
    assert_eq!(said(), 3);
    scene.planner.run(&["queue", "share"]).ok();
    assert_eq!(said(), 2);
}

#[test]
fn postgresql_is_reached_by_tls_and_only_with_a_certificate_of_somebody_who_is_trusted() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let port = postgres.encrypt(
        include_bytes!("../providers/tls/server.pem"),
        include_bytes!("../providers/tls/server.key"),
    );
    let database = postgres.database();
    let config = |more: &str| {
        let settings = PUSH.replace("SERVER", "http://127.0.0.1:9");
        format!(
            "{settings}\n[queue.shared]\nurl = \"postgres://regua@127.0.0.1:{port}/{database}\"\n{more}\n"
        )
    };
    let house = House::new();
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/providers/tls/ca.pem");
    house.write("config.toml", config(""));
    let stranger = house.run(&["queue", "share", "--setup"]);
    assert_eq!(stranger.code, 4, "{stranger:?}");
    assert!(stranger.stderr.contains("ertificate"), "{stranger:?}");
    house.write("config.toml", config(&format!("ca_file = \"{authority}\"")));
    house.run(&["queue", "share", "--setup"]).ok();
    let doctor = house.run(&["doctor"]);
    assert!(doctor.stdout.contains("its tables are those"), "{doctor:?}");
}
