//! Reports that come while their message is under way: before the answer of its own try is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::house::House;
use crate::server::{Act, Seen, Server};
use crate::{add_notice, send_notice, send_sms, states};

const ANA: &str = "send/notice/2026-11-23/1/+5549999990001";

/// A house whose gateway lets `tell` report about Ana's message before it answers the request that brings it;
/// `tell` gets the number of the request.
fn house(tell: impl Fn(&House, usize) -> Act + Send + Sync + 'static) -> (Arc<House>, Server) {
    let house = Arc::new(House::with_book());
    let (inside, asked) = (Arc::clone(&house), AtomicUsize::new(0));
    let server = Server::start(move |seen: &Seen| {
        if seen.json()["to"] != "+5549999990001" {
            return Act::json(200, json!({"id": "other"}).to_string());
        }
        tell(&inside, asked.fetch_add(1, Ordering::SeqCst) + 1)
    });
    house.write(
        "config.toml",
        format!(
            "[sms]\nprovider = \"http\"\nurl = \"{}/sms\"\nbody = '{{\"to\":\"#address#\",\"text\":\"#body#\"}}'\n\
             id_pointer = \"/id\"\nworkers = 1\n",
            server.url()
        ),
    );
    (house, server)
}

/// Reports about Ana's message, by our key and by the gateway's id.
fn report(house: &House, id: &str, status: &str) {
    let report = json!({"id": id, "key": ANA, "status": status, "at": "2026-11-23T09:00:00-03:00"});
    house
        .run_with(&["receipts", "import", "-"], report.to_string())
        .ok();
}

#[test]
fn a_failure_that_is_told_before_the_answer_is_written_down_fails_the_message() {
    let (house, _server) = house(|house, _| {
        report(house, "A1", "failed");
        Act::json(200, json!({"id": "A1"}).to_string())
    });
    add_notice(&house);
    send_notice(&house).exits(1);
    assert_eq!(states(&house), ["1 failed", "4 sent"]);
    let row = house.json(&["history", "--client", "1"])[0].clone();
    assert_eq!(row["reason"], "refused");
    assert!(!row["failed_at"].is_null());
}

#[test]
fn what_arrived_before_its_answer_is_sent_however_the_try_ended_and_goes_no_second_time() {
    for status in [503, 400] {
        let (house, server) = house(move |house, _| {
            report(house, "A1", "delivered");
            Act::json(status, "{}")
        });
        send_sms(&house);
        assert_eq!(states(&house), ["1 sent delivered", "4 sent"], "{status}");
        house.run(&["queue", "deliver"]).ok();
        assert_eq!(server.seen().len(), 2);
    }
}

#[test]
fn what_arrived_before_a_run_died_is_sent() {
    let (house, server) = house(|house, _| {
        report(house, "A1", "delivered");
        Act::Hang
    });
    add_notice(&house);
    let mut child = house
        .command(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=11",
            "--template",
            "notice",
            "--yes",
        ])
        .spawn()
        .expect("a run");
    let began = std::time::Instant::now();
    while states(&house) != ["1 sending delivered"] {
        assert!(began.elapsed().as_secs() < 60, "{:?}", states(&house));
        std::thread::yield_now();
    }
    child.kill().expect("a killed run");
    child.wait().expect("its end");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(states(&house), ["1 sent delivered"]);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn what_is_told_of_an_earlier_try_does_not_fail_a_later_one() {
    let (house, _server) = house(|house, time| {
        if time == 2 {
            let again = json!({"id": "A1", "key": ANA, "status": "failed", "code": "9", "at": "2026-11-23T09:00:00-03:00"});
            house
                .run_with(&["receipts", "import", "-"], again.to_string())
                .ok();
        }
        Act::json(200, json!({"id": format!("A{time}")}).to_string())
    });
    send_sms(&house);
    report(&house, "A1", "failed");
    assert_eq!(states(&house), ["1 failed", "4 sent"]);
    house.run(&["queue", "retry", "--all"]).ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
}
