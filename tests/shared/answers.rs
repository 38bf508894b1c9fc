//! Messages that were given out to a host that never heard of it: it says so when the way is back, and they go once.

use std::process::Child;
use std::time::Duration;

use crate::crashes::{kill, signal};
use crate::house::House;
use crate::postgres::Postgres;
use crate::way::Way;
use crate::{PUSH, Scene, postgres, until, work};

const N: usize = 40;

/// A host that was given messages, and cut off in the place of the answer; its lease has run out since, and the planner
/// calls them unknown. Who they are for.
fn cut_off(postgres: &Postgres) -> (Scene, Way, (House, Child), Vec<String>) {
    let scene = Scene::new(postgres, N, Duration::from_millis(100), PUSH);
    scene.share();
    let way = Way::to(postgres);
    let house = way.host(&scene, postgres);
    let host = work(&house, "600");
    until("some are served", || scene.server.seen().len() > 4);
    way.cut_at_the_next_answer();
    until("the way is cut", || way.is_cut());
    let mut unknown = Vec::new();
    until("its lease is over", || {
        scene.planner.run(&["queue", "gather"]);
        unknown = scene.addresses("unknown");
        !unknown.is_empty()
    });
    let served = scene.served();
    unknown.retain(|address| !served.contains_key(address));
    assert!(!unknown.is_empty(), "all of them were begun");
    (scene, way, (house, host), unknown)
}

fn end(host: Child) {
    signal(&host, nix::sys::signal::Signal::SIGTERM);
    host.wait_with_output().expect("its end");
}

/// The way is back: everything is sent once, and nothing is left in doubt.
fn everything_goes_once(scene: &Scene, way: &Way, host: Child) {
    way.mend();
    until("all are served", || {
        scene.planner.run(&["queue", "share"]);
        scene.served().len() == N
    });
    end(host);
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.nothing_lost_nothing_twice(N), 0);
}

/// Outcomes that say that a host had not begun a message.
fn untouched(scene: &Scene, postgres: &Postgres) -> i64 {
    let row = postgres.client(&scene.database).query_one(
        "SELECT count(*) FROM regua.outcome WHERE what = 'untouched'",
        &[],
    );
    row.expect("a count").get(0)
}

/// The number of a message that is unknown, by its address.
fn number(scene: &Scene, address: &str) -> String {
    let rows = scene
        .planner
        .json(&["history", "--status", "unknown", "--limit", "0"]);
    let rows = rows.as_array().expect("a list");
    let row = rows.iter().find(|row| row["address"] == address);
    row.expect("it is unknown")["id"].to_string()
}

#[test]
fn what_a_host_never_heard_that_it_was_given_goes_once_when_the_way_is_back() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let (scene, way, (_house, host), _) = cut_off(postgres);
    everything_goes_once(&scene, &way, host);
    let attempts = scene
        .planner
        .json(&["history", "--status", "sent", "--limit", "0"]);
    let attempts = attempts.as_array().expect("a list").iter();
    let tried: Vec<_> = attempts.map(|row| row["attempts"].clone()).collect();
    assert!(tried.iter().all(|tried| *tried == 1), "{tried:?}");
}

#[test]
fn what_a_person_had_sent_again_meanwhile_is_not_sent_a_second_time() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let (scene, way, (_house, host), unknown) = cut_off(postgres);
    // The first is sent by another host before the way is back, the second waits to be handed over.
    let retry = |address: &String| {
        let number = number(&scene, address);
        let retry = ["queue", "retry", "--unknown", &number];
        scene.planner.run(&retry).ok();
    };
    retry(&unknown[0]);
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert!(scene.addresses("sent").contains(&unknown[0]));
    if let Some(second) = unknown.get(1) {
        retry(second);
    }
    everything_goes_once(&scene, &way, host);
}

#[test]
fn a_host_that_dies_before_the_way_is_back_leaves_them_unknown() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let (scene, way, (_house, host), unknown) = cut_off(postgres);
    kill(host);
    way.mend();
    let again = way.host(&scene, postgres);
    again.run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "share"]).ok();
    again.run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    let left = scene.addresses("unknown");
    assert!(unknown.iter().all(|address| left.contains(address)));
    scene.nothing_lost_nothing_twice(N);
}

#[test]
fn what_was_for_a_client_who_was_erased_meanwhile_does_not_go() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let (scene, way, (_house, host), unknown) = cut_off(postgres);
    let client = unknown[0].trim_start_matches("device-");
    let erase = ["client", "erase", client, "--why", "asked for", "--yes"];
    scene.planner.run(&erase).ok();
    way.mend();
    until("all others are served", || {
        scene.planner.run(&["queue", "share"]);
        scene.served().len() == N - 1
    });
    end(host);
    scene.planner.run(&["queue", "gather"]).ok();
    assert!(!scene.served().contains_key(&unknown[0]));
    let rows = scene.planner.json(&["history", "--client", client]);
    assert_eq!(rows[0]["status"], "cancelled", "{rows}");
}

#[test]
fn an_old_word_about_what_is_in_hand_is_not_taken_for_a_new_one() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 2, Duration::ZERO, PUSH);
    scene.share();
    let mut client = postgres.client(&scene.database);
    let mut given_out = |call: i64| -> i64 {
        let round = "SELECT coalesce(json_array_length(regua.round('r', 'h', 'p', 1, '[]', '{}', 0, 'push', 1, '{}', '{}',
                       600, 0, 0, false, NULL, $1)->'claim'->'taken'), -1)::bigint";
        client.query_one(round, &[&call]).expect("a round").get(0)
    };
    postgres
        .client(&scene.database)
        .query_one(
            "SELECT regua.begin('r', 'h', 'p', 'push', 'http', 60, '0')::text",
            &[],
        )
        .expect("a run");
    let mut other = postgres.client(&scene.database);
    let mut put_back = |call: i64| {
        let put_back = "SELECT regua.put_back('r', '{}', false, $1)";
        other.execute(put_back, &[&call]).expect("it is heard");
    };
    let count = |state: &str| -> i64 {
        let count = "SELECT count(*) FROM regua.message WHERE state = $1";
        let row = postgres.client(&scene.database).query_one(count, &[&state]);
        row.expect("a count").get(0)
    };
    assert_eq!(given_out(5), 1);
    // What was said before that arrives now, and a call that gave messages out too.
    put_back(4);
    assert_eq!(count("sending"), 1);
    assert_eq!(given_out(4), -1, "it gives nothing out to nobody");
    // The same when the lease has run out.
    let end = "UPDATE regua.run SET lease_until = '-infinity'";
    postgres
        .client(&scene.database)
        .batch_execute(end)
        .expect("its end");
    scene.planner.run(&["queue", "gather"]);
    assert_eq!(scene.addresses("unknown").len(), 1);
    put_back(5);
    assert_eq!(untouched(&scene, postgres), 0);
    put_back(6);
    assert_eq!(untouched(&scene, postgres), 1);
    put_back(7);
    assert_eq!(untouched(&scene, postgres), 1, "it is said once");
    let gathered = scene.planner.json(&["queue", "gather"]);
    assert_eq!(gathered["back"], 1, "{gathered}");
    assert_eq!(scene.addresses("unknown").len(), 0);
}

#[test]
fn tables_of_an_older_regua_are_brought_up_to_date_and_those_of_a_newer_one_refused() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 3, Duration::ZERO, PUSH);
    let mut client = postgres.client(&scene.database);
    client
        .batch_execute(concat!(
            "DROP SCHEMA regua CASCADE;",
            include_str!("../../src/store/shared/migrations/0001_first.sql"),
            include_str!("../../src/store/shared/migrations/0002_reports.sql"),
            "INSERT INTO regua.version (number) VALUES (2);"
        ))
        .expect("older tables");
    let refused = |house: &House, command: &[&str], words: &str| {
        let ran = house.run(command);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains(words), "{ran:?}");
    };
    scene.queue();
    let older = "regua queue share --setup, on the planner";
    refused(&scene.planner, &["queue", "share"], older);
    refused(&scene.host(), &["queue", "work"], older);
    scene.planner.run(&["queue", "share", "--setup"]).ok();
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.nothing_lost_nothing_twice(3), 0);
    client
        .batch_execute("UPDATE regua.version SET number = 99")
        .expect("newer tables");
    let newer = "use the newer regua on every host";
    refused(&scene.planner, &["queue", "share"], newer);
    refused(&scene.planner, &["queue", "share", "--setup"], newer);
    refused(&scene.host(), &["queue", "work"], newer);
}

#[test]
fn what_a_host_cannot_read_waits_for_one_that_can() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 3, Duration::ZERO, PUSH);
    scene.share();
    let says = |purpose: &str| {
        let mut client = postgres.client(&scene.database);
        let change = format!(
            "UPDATE regua.message SET payload = (payload::jsonb || '{{\"purpose\":\"{purpose}\"}}')::json"
        );
        client.execute(&change, &[]).expect("a change")
    };
    assert_eq!(says("of tomorrow"), 3);
    let refused = scene.host().run(&["queue", "work"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    let remedy = "use the same regua on every host";
    assert!(refused.stderr.contains(remedy), "{refused:?}");
    scene.gather().ok();
    assert_eq!(scene.addresses("unknown").len(), 0);
    assert_eq!(scene.addresses("queued").len(), 3);
    says("service");
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.gather().ok();
    assert_eq!(scene.nothing_lost_nothing_twice(3), 0);
}
