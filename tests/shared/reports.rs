//! What providers report to a host comes home to the planner, once.

use serde_json::json;

use crate::house::House;
use crate::server::{Act, Server};
use crate::{Scene, postgres};

const TOKEN: &str = "nobody-guesses-this-1";

/// What a host answers to a report in our own words.
fn reported(host: &House, report: &serde_json::Value) -> String {
    let body = report.to_string();
    let request = format!(
        "POST /{TOKEN}/csv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    host.run_with(&["receive"], request).stdout
}

#[test]
fn what_a_provider_reports_to_a_host_comes_home_once() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let settings = format!(
        "{}[receive]\npath_token = \"{TOKEN}\"\nstop_unsigned = true\n",
        crate::PUSH
    );
    let server = Server::start(|_| Act::json(200, "{}"));
    let scene = Scene::with(postgres, 3, server, &settings, "");
    scene.share();
    let host = scene.host();
    host.run(&["queue", "work"]).ok();
    let key = |client: i64| {
        let row = scene
            .planner
            .json(&["history", "--client", &client.to_string()]);
        row[0]["key"].clone()
    };
    // It arrives before the planner knows that the message was sent.
    let first = json!({"key": key(1), "status": "delivered", "at": "2026-11-21T09:01:00-03:00"});
    let second = json!({"key": key(2), "status": "failed", "code": "E7"});
    let stop =
        json!({"phone": "+5549991030003", "channel": "sms", "status": "replied", "text": "Sair"});
    for report in [&first, &second, &stop, &first] {
        let said = reported(&host, report);
        assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    }
    assert!(!host.path("regua.db").exists(), "a host needs no database");
    let gathered = scene.planner.json(&["queue", "gather"]);
    assert_eq!(
        (&gathered["sent"], &gathered["receipts"]),
        (&json!(3), &json!(3)),
        "{gathered}"
    );
    let row = |client: i64| {
        let rows = scene
            .planner
            .json(&["history", "--client", &client.to_string()]);
        rows[0].clone()
    };
    assert_eq!(row(1)["status"], "sent");
    assert!(row(1)["delivered_at"].is_string(), "{}", row(1));
    assert_eq!(
        (&row(2)["status"], &row(2)["reason"]),
        (&json!("failed"), &json!("refused"))
    );
    let opt_outs = scene.planner.json(&["optout", "list"]);
    assert_eq!(opt_outs[0]["client_id"], 3, "{opt_outs}");
    let again = scene.planner.json(&["queue", "gather"]);
    assert_eq!(again["receipts"], 0, "{again}");
    // Whoever cannot keep it says so, and the provider comes again.
    postgres
        .client(&scene.database)
        .execute("DROP SCHEMA regua CASCADE", &[])
        .expect("gone");
    let said = reported(&host, &first);
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(said.contains("Retry-After: "), "{said}");
}
