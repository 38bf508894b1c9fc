//! Answers by rules, logins, what is shown and what is refused: stories of one gateway.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::house::House;
use super::server::{Act, Seen, Server};
use super::{database, sent};

/// A house whose text messages go to `url` as these settings say.
fn sms(url: &str, settings: &str) -> House {
    let house = House::new();
    house.write("regua.db", database());
    let settings = settings.replace("URL", url);
    house.write(
        "config.toml",
        format!("[sms]\nprovider = \"http\"\ntimeout_seconds = 2\n{settings}"),
    );
    house
}

/// What becomes of the message when it is answered so.
fn outcome(settings: &str, status: u16, body: &str) -> (i32, String, String) {
    let body = body.to_owned();
    let server = Server::start(move |_| Act::json(status, body.clone()));
    let house = sms(
        &server.url(),
        &format!("url = \"URL/send\"\nbody = '#body#'\n{settings}"),
    );
    let (code, row) = sent(&house, "sms");
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    (code, text("status"), text("reason"))
}

fn came(code: i32, status: &str, reason: &str) -> (i32, String, String) {
    (code, status.to_owned(), reason.to_owned())
}

#[test]
fn trial_4_a_gateway_that_wants_money_stops_the_channel() {
    for status in [401, 402, 403, 404, 405] {
        assert_eq!(outcome("", status, ""), came(4, "queued", ""), "{status}");
    }
}

#[test]
fn trial_10_two_hundred_with_an_error_in_its_text() {
    let rule = "[[sms.answer]]\ntext = \"ERRO*\"\nmeans = \"stop\"\n";
    assert_eq!(outcome(rule, 200, "ERRO: chave\n"), came(4, "queued", ""));
    assert_eq!(outcome(rule, 200, "OK 7"), came(0, "sent", ""));
    // Without a rule it is as configured, and doctor warns.
    assert_eq!(outcome("", 200, "ERRO: chave"), came(0, "sent", ""));
    let server = Server::start(|_| Act::json(200, ""));
    let blind = sms(&server.url(), "url = \"URL/send\"\n");
    blind
        .run(&["doctor"])
        .prints("by the status of its answers alone");
    let seeing = sms(&server.url(), &format!("url = \"URL/send\"\n{rule}"));
    let told = seeing.run(&["doctor"]);
    assert!(!told.stdout.contains("alone"), "{}", told.stdout);
}

#[test]
fn trial_11_an_empty_id_is_never_accepted() {
    let id = "id_pointer = \"/id\"\n";
    for answer in [r#"{"id":"","errors":["x"]}"#, r#"{"id":null}"#, "{}", ""] {
        assert_eq!(outcome(id, 200, answer), came(1, "unknown", ""), "{answer}");
    }
    // Not even by a rule; but a rule may say what it is.
    let accepts = format!("{id}[[sms.answer]]\nstatus = [200]\nmeans = \"accepted\"\n");
    assert_eq!(
        outcome(&accepts, 200, r#"{"id":""}"#),
        came(1, "unknown", "")
    );
    assert_eq!(outcome(&accepts, 200, r#"{"id":"7"}"#), came(0, "sent", ""));
    let refuses =
        format!("{id}[[sms.answer]]\npointer = \"/errors\"\npresent = true\nmeans = \"never\"\n");
    assert_eq!(
        outcome(&refuses, 200, r#"{"id":"","errors":["x"]}"#),
        came(1, "failed", "refused")
    );
    let text = "id_text = \"OK;{id}\"\n";
    assert_eq!(outcome(text, 200, "OK;77\n"), came(0, "sent", ""));
    assert_eq!(outcome(text, 200, "OK;"), came(1, "unknown", ""));
    assert_eq!(outcome(text, 200, "NO;77"), came(1, "unknown", ""));
}

#[test]
fn the_first_rule_that_holds_decides_and_the_old_keys_come_after() {
    let settings = "accepted = [200, 202]\nnever = [422]\nresult_pointer = \"/code\"\n\
         result_accepted = [\"0\"]\nresult_stop = [\"9\"]\n\
         [[sms.answer]]\nstatus = [422]\npointer = \"/code\"\nis = [\"9\", \"1*\"]\nmeans = \"later\"\n\
         [[sms.answer]]\npointer = \"/code\"\nis = [\"77\"]\nmeans = \"gone\"\nreason = \"unusable_contact\"\n\
         [[sms.answer]]\ntext = \"*never again*\"\nmeans = \"never\"\nreason = \"opted_out\"\n\
         [[sms.answer]]\npointer = \"/who\"\npresent = false\nstatus = [299]\nmeans = \"unknown\"\n";
    for (status, body, wanted) in [
        (422, r#"{"code":9}"#, came(0, "queued", "")),
        (422, r#"{"code":"12"}"#, came(0, "queued", "")),
        (422, r#"{"code":"2"}"#, came(1, "failed", "refused")),
        (200, r#"{"code":9}"#, came(4, "queued", "")),
        (200, r#"{"code":77}"#, came(1, "failed", "unusable_contact")),
        (
            200,
            r#"{"code":0,"x":"never again"}"#,
            came(1, "failed", "opted_out"),
        ),
        (299, r#"{"who":""}"#, came(1, "unknown", "")),
        (200, r#"{"code":0}"#, came(0, "sent", "")),
        (200, r#"{"code":5}"#, came(1, "unknown", "")),
        (402, r#"{"code":5}"#, came(4, "queued", "")),
        (503, "", came(0, "queued", "")),
        (410, "", came(1, "failed", "refused")),
    ] {
        assert_eq!(outcome(settings, status, body), wanted, "{status} {body}");
    }
}

#[test]
fn who_said_no_by_an_answer_is_opted_out() {
    let server = Server::start(|_| Act::json(400, "STOP"));
    let house = sms(
        &server.url(),
        "url = \"URL/send\"\nbody = '#body#'\n[[sms.answer]]\ntext = \"STOP\"\nmeans = \"never\"\nreason = \"opted_out\"\n",
    );
    let (_, row) = sent(&house, "sms");
    assert_eq!(row["reason"], "opted_out");
    let out = house.json(&["optout", "list"]);
    assert_eq!(out[0]["client_id"], 193, "{out:#}");
    assert_eq!(out[0]["channel"], "sms");
}

#[test]
fn an_answer_is_judged_without_sending_and_the_rule_is_named() {
    let house = sms(
        "http://127.0.0.1:9",
        "url = \"URL/send\"\nid_pointer = \"/id\"\nmessage_pointer = \"/error\"\n\
         [[sms.answer]]\ntext = \"ERRO*\"\nmeans = \"never\"\nreason = \"unusable_contact\"\n\
         [[sms.answer]]\nstatus = [200]\npointer = \"/state\"\nis = [\"full\"]\nmeans = \"later\"\n",
    );
    let judge = |status: &str, body: &str| {
        house.json(&[
            "omnichannel",
            "judge",
            "--channel",
            "sms",
            "--status",
            status,
            "--body",
            body,
        ])
    };
    let told = judge("200", "ERRO: numero");
    assert_eq!(
        (&told["means"], &told["reason"], &told["rule"]),
        (
            &json!("never"),
            &json!("unusable_contact"),
            &json!("[[sms.answer]] (config.toml:7)")
        ),
        "{told:#}"
    );
    assert_eq!(
        judge("200", r#"{"state":"full"}"#)["rule"],
        "[[sms.answer]] (config.toml:11)"
    );
    let taken = judge("200", r#"{"id":17}"#);
    assert_eq!(
        (&taken["means"], &taken["provider_id"]),
        (&json!("accepted"), &json!("17"))
    );
    assert_eq!(taken["rule"], "accepted");
    let lost = judge("200", "{}");
    assert_eq!(lost["means"], "unknown");
    assert!(
        lost["rule"]
            .as_str()
            .is_some_and(|rule| rule.starts_with("id_pointer")),
        "{lost:#}"
    );
    let stopped = judge("402", r#"{"error":"pay"}"#);
    assert_eq!(
        (&stopped["means"], &stopped["rule"], &stopped["text"]),
        (&json!("stop"), &json!("stop"), &json!("pay"))
    );
    house.write("answer.html", "<html>503</html>");
    assert_eq!(judge("418", "@answer.html")["means"], "never");
    let people = house.run(&[
        "omnichannel",
        "judge",
        "--channel",
        "sms",
        "--status",
        "200",
        "--body",
        "ERRO 1",
    ]);
    people
        .ok()
        .prints("never (unusable_contact), by [[sms.answer]] (config.toml:7)");
    house
        .run(&[
            "omnichannel",
            "judge",
            "--channel",
            "email",
            "--status",
            "200",
        ])
        .exits(3)
        .says("whose answers no rule judges");
}

#[test]
fn every_flaw_of_the_rules_is_told_at_once_with_its_line() {
    let house = sms(
        "http://127.0.0.1:9",
        "url = \"URL/send\"\n\
         [[sms.answer]]\nstatus = [200]\nmeans = \"acepted\"\n\
         [[sms.answer]]\npointer = \"id\"\npresent = true\nmeans = \"never\"\n\
         [[sms.answer]]\ntext = \"*\"\nmeans = \"unknown\"\n\
         [[sms.answer]]\nstatus = [402]\nmeans = \"stop\"\n\
         [[sms.answer]]\npointer = \"/a\"\nmeans = \"accepted\"\nreason = \"refused\"\n\
         [[sms.answer]]\nstatus = [20]\n",
    );
    let run = house.run(&["queue", "stats"]).exits(3);
    for told in [
        "config.toml:7: sms.answer.means: found `acepted`, write one of: accepted, later, never, gone, stop, unknown",
        "config.toml:9: sms.answer.pointer: found `id`, which is no JSON pointer",
        "config.toml:15: sms.answer: can never hold: the rule of line 12 holds of every such answer",
        "config.toml:19: sms.answer.pointer: says where to look, and not for what",
        "config.toml:21: sms.answer.reason: is said of what is no refusal for good",
        "config.toml:23: sms.answer.status: names what is no status",
        "config.toml:22: sms.answer.means: is missing",
    ] {
        assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
    }
    // What is special before what is general holds.
    let fine = sms(
        "http://127.0.0.1:9",
        "url = \"URL/send\"\n\
         [[sms.answer]]\nstatus = [200]\ntext = \"A*\"\nmeans = \"accepted\"\n\
         [[sms.answer]]\nstatus = [200]\nmeans = \"never\"\n\
         [[sms.answer]]\nmeans = \"unknown\"\n",
    );
    fine.run(&[
        "omnichannel",
        "judge",
        "--channel",
        "sms",
        "--status",
        "200",
    ])
    .ok();
}

#[test]
fn a_rule_whose_answers_an_earlier_one_takes_can_never_hold() {
    for (earlier, later) in [
        ("text = \"ERR*\"", "text = \"ERRO: chave\""),
        (
            "text = \"*saldo*\"",
            "status = [200]\ntext = \"*sem saldo*\"",
        ),
        (
            "pointer = \"/b\"\nis = [\"sem *\", \"x\"]",
            "pointer = \"/b\"\nis = [\"sem saldo\", \"sem credito*\"]",
        ),
    ] {
        let rules = |first: &str, second: &str| {
            let settings = format!(
                "url = \"URL/send\"\n[[sms.answer]]\n{first}\nmeans = \"stop\"\n\
                 [[sms.answer]]\n{second}\nmeans = \"never\"\n"
            );
            sms("http://127.0.0.1:9", &settings).run(&["queue", "stats"])
        };
        rules(earlier, later)
            .exits(3)
            .says("sms.answer: can never hold: the rule of line");
        // What is special first, and what is general after it.
        rules(later, earlier).ok();
    }
}

#[test]
fn a_request_is_shown_without_a_secret() {
    let house = sms(
        "https://gw.example.com",
        "url = \"URL/send?apikey=#token#&to=#address_digits#\"\n\
         token = \"env:NOT_SET_ANYWHERE\"\nusername = \"ana\"\npassword = \"xyz\"\n\
         headers = { X-Secret-Key = \"abc\", X-Ref = \"#uuid#\" }\n\
         values = { unit = \"sul\", api_secret = \"a-very-secret-value\" }\n\
         body = '{\"text\":\"#body#\",\"client\":\"#client_id#\",\"template\":\"#template#\",\"unit\":\"#unit#\",\"s\":\"#api_secret#\",\"p\":\"#password#\"}'\n",
    );
    let preview = ["template", "preview", "sms", "--client", "193", "--request"];
    let shown = house.json(&preview);
    assert_eq!(shown["method"], "POST");
    assert_eq!(
        shown["url"],
        "https://gw.example.com/send?apikey=***&to=5549999990001"
    );
    assert_eq!(shown["headers"]["X-Secret-Key"], "***");
    assert_eq!(
        shown["headers"]["X-Ref"].as_str().map(str::len),
        Some(36),
        "{shown:#}"
    );
    let body: serde_json::Value =
        serde_json::from_str(shown["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(
        body,
        json!({"text": super::TEXT, "client": "193", "template": "sms", "unit": "sul", "s": "***", "p": "***"})
    );
    assert_eq!(
        house.json(&preview),
        shown,
        "the same message has the same uuid"
    );
    let people = house.run(&preview).ok();
    assert!(
        people
            .stdout
            .starts_with("POST https://gw.example.com/send?apikey=***"),
        "{}",
        people.stdout
    );
    assert!(
        !people.stdout.contains("very-secret") && !people.stdout.contains("xyz"),
        "{}",
        people.stdout
    );
    assert_eq!(
        house.json(&["history"]),
        json!([]),
        "nothing was sent or written down"
    );
    house
        .run(&[
            "template",
            "preview",
            "push",
            "--client",
            "193",
            "--request",
        ])
        .exits(3)
        .says("goes by `file`, which no request describes");
}

/// A gateway that gives tokens and takes the last one it gave, so many times each.
fn with_login(each: usize) -> (Server, &'static str) {
    let logins = AtomicUsize::new(0);
    let used = AtomicUsize::new(0);
    let server = Server::start(move |seen: &Seen| {
        if seen.path == "/login" {
            assert_eq!(seen.body, "user=provedor&pass=a-very-secret-word");
            used.store(0, Ordering::SeqCst);
            let n = logins.fetch_add(1, Ordering::SeqCst) + 1;
            return Act::json(
                200,
                format!(r#"{{"data":{{"token":"very/secret+token={n}"}}}}"#),
            );
        }
        let token = format!("Bearer very/secret+token={}", logins.load(Ordering::SeqCst));
        if seen.header("authorization") != Some(&token)
            || used.fetch_add(1, Ordering::SeqCst) >= each
        {
            return Act::json(401, format!(r#"{{"error":"{token} is over"}}"#));
        }
        Act::json(200, r#"{"id":"g-1"}"#)
    });
    let settings = "url = \"URL/send\"\nbody = '{\"to\":\"#address#\",\"text\":\"#body#\"}'\nid_pointer = \"/id\"\nmessage_pointer = \"/error\"\n\
        username = \"provedor\"\npassword = \"a-very-secret-word\"\nworkers = 1\n\
        [sms.login]\nurl = \"URL/login\"\nbody = \"user=#username#&pass=#password#\"\ntoken_pointer = \"/data/token\"\n";
    (server, settings)
}

#[test]
fn a_token_is_fetched_before_the_first_message_and_once_more_when_it_is_refused() {
    let (server, settings) = with_login(1);
    let house = sms(&server.url(), settings);
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile\n1,Bia,F,49999990002\n2,Caio,F,49999990003\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n1,1,A,A\n2,2,A,A\n",
    );
    house.write("book/devices.csv", "address,client_id\n");
    house.run(&["import", "book"]).ok();
    house
        .run(&["send", "contracts", "--template", "sms", "--yes", "-q"])
        .ok();
    // Each token is good for one message: two were refused, and fetched anew.
    assert_eq!(server.seen_at("/login").len(), 3);
    assert_eq!(server.seen_at("/send").len(), 5);
    let history = house.json(&["history", "--status", "sent"]);
    assert_eq!(history.as_array().map(Vec::len), Some(3));
}

#[test]
fn a_token_that_is_never_taken_stops_the_channel_and_is_not_shown() {
    let (server, settings) = with_login(0);
    let house = sms(&server.url(), settings);
    let (code, row) = sent(&house, "sms");
    assert_eq!((code, &row["status"]), (4, &json!("queued")));
    assert_eq!(server.seen_at("/login").len(), 2);
    assert_eq!(server.seen_at("/send").len(), 2);
    assert!(!format!("{row}").contains("secret"), "{row:#}");
    let refusing = Server::start(|_| Act::json(403, r#"{"error":"a-very-secret-word is wrong"}"#));
    let house = sms(&refusing.url(), settings);
    let run = house
        .run(&["send", "contracts", "--template", "sms", "--yes"])
        .exits(4)
        .says("the login was refused");
    assert!(!run.stderr.contains("a-very-secret-word"), "{}", run.stderr);
    assert_eq!(refusing.seen().len(), 1, "no message without a token");
}
