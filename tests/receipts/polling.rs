//! Asking Twilio what became of messages: within bounds, and not again too soon.

use serde_json::json;

use crate::house::House;
use crate::server::{Act, Seen, Server};
use crate::{send_sms, states};

fn twilio(status: &'static str) -> impl Fn(&Seen) -> Act {
    move |seen: &Seen| {
        if seen.method == "POST" {
            let sid = format!("SM{}", &seen.field("To").unwrap_or_default()[6..]);
            return Act::json(201, json!({"sid": sid, "status": "queued"}).to_string());
        }
        let sid = seen
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".json");
        match sid {
            "SM9990001" | "SM99990001" => Act::json(
                200,
                json!({"sid": sid, "status": status, "error_code": null, "date_updated": "Mon, 23 Nov 2026 12:01:00 +0000"}).to_string(),
            ),
            _ => Act::json(200, json!({"sid": sid, "status": "sent"}).to_string()),
        }
    }
}

fn house(server: &Server) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!(
            "[sms]\nprovider = \"twilio\"\nbase_url = \"{}\"\naccount_sid = \"AC1\"\npassword = \"twilio-secret\"\nfrom = \"+15005550006\"\nworkers = 2\n",
            server.url()
        ),
    );
    send_sms(&house);
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
    house
}

#[test]
fn a_message_is_asked_about_until_something_final_is_known() {
    let server = Server::start(twilio("delivered"));
    let mut house = house(&server);
    let answer = house.json(&["receipts", "poll"]);
    assert_eq!(
        (&answer["read"], &answer["matched"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(states(&house), ["1 sent delivered", "4 sent"]);
    let asked = |server: &Server| {
        server
            .seen()
            .iter()
            .filter(|seen| seen.method == "GET")
            .count()
    };
    assert_eq!(asked(&server), 2);
    // Not again at once; after some minutes the one that is still under way; after three days nobody.
    house
        .run(&["receipts", "poll"])
        .ok()
        .says("nobody was asked");
    house.at("2026-11-23T09:06");
    house
        .run(&[
            "task", "add", "receipts", "--run", "receipts", "--minute", "*", "--hour", "*",
        ])
        .ok();
    house.run(&["task", "run", "receipts"]).ok();
    assert_eq!(asked(&server), 3);
    house.at("2026-11-26T09:01");
    house
        .run(&["receipts", "poll"])
        .ok()
        .says("nobody was asked");
}

#[test]
fn an_account_that_is_refused_ends_the_questions() {
    let server = Server::start(|seen: &Seen| {
        if seen.method == "POST" {
            return twilio("sent")(seen);
        }
        Act::json(401, r#"{"code":20003,"message":"Authenticate"}"#)
    });
    let house = house(&server);
    house
        .run(&["receipts", "poll"])
        .exits(4)
        .says("sms gave no answers: 20003: Authenticate");
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
}
