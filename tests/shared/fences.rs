//! What can change: nobody is told what is no longer true.

use std::thread;
use std::time::Duration;

use crate::server::{Act, Server};
use crate::{PUSH, Scene, postgres};

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
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
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
    scene.planner.run(&["queue", "gather"]).ok();
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
