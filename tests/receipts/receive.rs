//! `regua receive`: one request on standard input, its answer on standard output, and 200 only for what is
//! written down.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use ring::hmac;
use serde_json::json;

use crate::house::{House, hex};
use crate::{send_sms, states};

const TOKEN: &str = "um-caminho-secreto";
const ANA: &str = "send/notice/2026-11-23/1/+5549999990001";

fn house(more: &str) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!("[receive]\npath_token = \"{TOKEN}\"\nmeta_verify_token = \"verify-me\"\nmeta_app_secret = \"app-secret\"\n{more}"),
    );
    send_sms(&house);
    house
}

/// The answer to a request, whole.
fn answer(house: &House, request: impl AsRef<[u8]>) -> String {
    let ran = house.run_with(&["receive"], request);
    ran.stdout
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn delivered(key: &str) -> String {
    json!({"key": key, "status": "delivered", "at": "2026-11-23T09:01:00-03:00"}).to_string()
}

fn hub(body: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    format!("X-Hub-Signature-256: sha256={}\r\n", hex(tag.as_ref()))
}

#[test]
fn what_is_answered_200_is_written_down() {
    let house = house("");
    let said = answer(&house, post(&format!("/{TOKEN}/csv"), "", &delivered(ANA)));
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
    assert!(
        said.contains("\r\nConnection: close\r\n") && said.contains("\r\nContent-Length: 0\r\n")
    );
    assert_eq!(states(&house), ["1 sent delivered", "4 sent"]);
    // The same twice, in chunks this time, and as a form.
    let body = delivered(ANA);
    let chunked = format!(
        "POST /{TOKEN}/csv HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    assert!(answer(&house, chunked).starts_with("HTTP/1.1 200 "));
    let form = post(
        &format!("/{TOKEN}/twilio"),
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "MessageSid=SMx&MessageStatus=delivered",
    );
    assert!(answer(&house, form).starts_with("HTTP/1.1 200 "));
    let shown = house.json(&["history", "show", "1"]);
    assert_eq!(shown["receipts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_short_secret_path_is_warned_of_and_one_that_is_no_path_refused() {
    let house = House::with_book();
    house.write("config.toml", "[receive]\npath_token = \"short\"\n");
    let said = house.run(&["queue", "stats"]).ok();
    assert!(
        said.stderr
            .contains("receive.path_token: whoever guesses it"),
        "{}",
        said.stderr
    );
    let said = answer(&house, post("/short/csv", "", &delivered(ANA)));
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    house.write(
        "config.toml",
        "[receive]\npath_token = \"two/parts of a path\"\n",
    );
    house
        .run(&["queue", "stats"])
        .exits(3)
        .says("config.toml:2: receive.path_token: holds more than letters");
}

#[test]
fn every_other_request_is_told_by_its_status_and_keeps_nothing() {
    let house = house("");
    let at = |path: &str| post(path, "", &delivered(ANA));
    let big = "x".repeat((1 << 20) + 1);
    for (status, request) in [
        (404, at("/csv")),
        (404, at("/")),
        (404, at(&format!("/{TOKEN}/vivo"))),
        (404, at(&format!("/{TOKEN}/csv/"))),
        (404, at("/um-caminho-secretO/csv")),
        (404, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (404, "PUT /x/csv HTTP/1.1\r\n\r\n".to_owned()),
        (405, format!("PUT /{TOKEN}/csv HTTP/1.1\r\n\r\n")),
        (405, format!("GET /{TOKEN}/csv HTTP/1.1\r\n\r\n")),
        (405, format!("DELETE /{TOKEN}/meta HTTP/1.1\r\n\r\n")),
        (400, post(&format!("/{TOKEN}/csv"), "", "{\"key\":")),
        (400, "nonsense\r\n\r\n".to_owned()),
        (
            411,
            format!("POST /{TOKEN}/csv HTTP/1.1\r\n\r\n{}", delivered(ANA)),
        ),
        (413, post(&format!("/{TOKEN}/csv"), "", &big)),
        (403, post(&format!("/{TOKEN}/meta"), "", "{}")),
        (
            403,
            post(&format!("/{TOKEN}/meta"), &hub("{}", "another"), "{}"),
        ),
    ] {
        let said = answer(&house, &request);
        assert!(
            said.starts_with(&format!("HTTP/1.1 {status} "))
                && said.contains("\r\nConnection: close\r\n"),
            "{status}: {}\n{said}",
            &request[..request.len().min(80)]
        );
    }
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
    // Without its secret nothing of Meta's is taken, however it is signed.
    let text = house
        .read("config.toml")
        .replace("meta_app_secret = \"app-secret\"\n", "");
    house.write("config.toml", text);
    let said = answer(
        &house,
        post(&format!("/{TOKEN}/meta"), &hub("{}", ""), "{}"),
    );
    assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
}

#[test]
fn meta_is_answered_its_challenge_and_its_signed_words_count() {
    let house = house("");
    let ask = |token: &str| {
        answer(
            &house,
            format!(
                "GET /{TOKEN}/meta?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444 HTTP/1.1\r\nHost: x\r\n\r\n"
            ),
        )
    };
    assert!(ask("verify-me").ends_with("\r\n\r\n1158201444"));
    assert!(ask("verify-you").starts_with("HTTP/1.1 403 "));
    let body = json!({"object":"whatsapp_business_account","entry":[{"changes":[{"value":{
        "messages":[{"id":"wamid.in","from":"554999990001","timestamp":"1795430000","type":"text","text":{"body":"SAIR"}}]}}]}]})
    .to_string();
    let said = answer(
        &house,
        post(&format!("/{TOKEN}/meta"), &hub(&body, "app-secret"), &body),
    );
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    let out = house.json(&["optout", "list"]);
    assert_eq!(
        (&out[0]["client_id"], &out[0]["channel"]),
        (&json!(1), &json!("whatsapp"))
    );
}

#[test]
fn an_unsigned_stop_is_kept_and_counts_only_where_that_is_configured() {
    let stop = json!({"status":"replied","phone":"+5549999990001","text":"parar"}).to_string();
    let dated = stop.replace('}', ",\"at\":\"2026-11-23T09:00:00-03:00\"}");
    let careful = house("");
    assert!(
        answer(&careful, post(&format!("/{TOKEN}/csv"), "", &stop)).starts_with("HTTP/1.1 200 ")
    );
    assert_eq!(careful.json(&["optout", "list"]), json!([]));
    assert_eq!(careful.json(&["history", "--replies"])[0]["stop"], "no");
    // Whoever imports it from a file answers for it; the same again is known.
    let import = |times: &str| {
        let answer = careful
            .run_with(
                &["receipts", "import", "-", "--preset", "csv", "--json"],
                &dated,
            )
            .ok()
            .json();
        assert_eq!(answer[times], 1, "{answer}");
    };
    import("opt_outs");
    import("repeated");
    assert_eq!(careful.json(&["optout", "list"])[0]["client_id"], 1);
    assert_eq!(careful.json(&["history", "--replies"])[0]["stop"], "yes");
    let trusting = house(
        "stop_unsigned = true\nstop_words = [\"parar\"]\nstop_purposes = [\"marketing\", \"collection\"]\n",
    );
    assert!(
        answer(&trusting, post(&format!("/{TOKEN}/csv"), "", &stop)).starts_with("HTTP/1.1 200 ")
    );
    assert_eq!(
        trusting.json(&["optout", "list"]).as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn twilio_signs_where_its_token_is_known() {
    let house =
        house("twilio_auth_token = \"auth\"\npublic_url = \"https://hooks.example.com/\"\n");
    let body = "MessageSid=SM1&SmsStatus=received&From=%2B5549999990001&Body=stop";
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let signed = format!(
        "https://hooks.example.com/{TOKEN}/twilioBodystopFrom+5549999990001MessageSidSM1SmsStatusreceived"
    );
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"auth");
    let tag = base64::engine::general_purpose::STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    let path = format!("/{TOKEN}/twilio");
    assert!(answer(&house, post(&path, kind, body)).starts_with("HTTP/1.1 403 "));
    let said = answer(
        &house,
        post(&path, &format!("{kind}X-Twilio-Signature: {tag}\r\n"), body),
    );
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert_eq!(house.json(&["optout", "list"])[0]["channel"], "sms");
}

#[test]
fn a_busy_database_is_told_to_come_again() {
    let house = house("");
    let writer = rusqlite_lock(&house);
    let began = Instant::now();
    let ran = house.run_with(
        &["receive"],
        post(&format!("/{TOKEN}/csv"), "", &delivered(ANA)),
    );
    assert!(
        ran.stdout.starts_with("HTTP/1.1 503 ") && ran.stdout.contains("\r\nRetry-After: "),
        "{}",
        ran.stdout
    );
    assert!(began.elapsed() < Duration::from_secs(20));
    drop(writer);
    assert!(
        answer(&house, post(&format!("/{TOKEN}/csv"), "", &delivered(ANA)))
            .starts_with("HTTP/1.1 200 ")
    );
    // Without a database, or a configuration, nobody is told that it went well.
    let empty = House::new();
    empty.write(
        "config.toml",
        format!("[receive]\npath_token = \"{TOKEN}\"\n"),
    );
    let said = answer(&empty, post(&format!("/{TOKEN}/csv"), "", &delivered(ANA)));
    assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
    assert!(!empty.path("regua.db").exists());
    empty.write("config.toml", "[receive]\npath_tokn = 1\n");
    assert!(answer(&empty, post("/x/csv", "", "{}")).starts_with("HTTP/1.1 503 "));
}

/// Holds the database's write lock until it is dropped.
fn rusqlite_lock(house: &House) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the lock");
    connection
}

#[test]
fn whoever_is_slow_is_told_so_in_time() {
    let house = house("");
    let mut child = begin(&house);
    let mut stdin = child.stdin.take().expect("its input");
    stdin
        .write_all(b"POST /x HTTP/1.1\r\nContent-Le")
        .expect("half a request");
    let began = Instant::now();
    let mut said = String::new();
    child
        .stdout
        .take()
        .expect("its output")
        .read_to_string(&mut said)
        .expect("text");
    child.wait().expect("its end");
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    let took = began.elapsed();
    assert!(
        (Duration::from_secs(8)..Duration::from_secs(30)).contains(&took),
        "{took:?}"
    );
    drop(stdin);
}

fn begin(house: &House) -> Child {
    house
        .command(&["receive"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs")
}

#[test]
fn a_kill_in_the_middle_loses_nothing_that_was_answered_200() {
    let house = house("");
    let mut answered = 0u32;
    for round in 0..30u64 {
        // Each request tells something new about the same message.
        let body = json!({"key": ANA, "status": "failed", "code": format!("c{round}")}).to_string();
        let mut child = begin(&house);
        let mut stdin = child.stdin.take().expect("its input");
        let _ = stdin.write_all(post(&format!("/{TOKEN}/csv"), "", &body).as_bytes());
        drop(stdin);
        // Killed sooner or later: before it has read, while it writes, after it has answered.
        std::thread::sleep(Duration::from_millis(round * 3));
        let _ = child.kill();
        let mut said = String::new();
        let _ = child
            .stdout
            .take()
            .expect("its output")
            .read_to_string(&mut said);
        child.wait().expect("its end");
        if said.starts_with("HTTP/1.1 200 ") {
            answered += 1;
            let shown = house.json(&["history", "show", "1"]);
            let code = format!("c{round}");
            let kept = shown["receipts"]
                .as_array()
                .expect("a list")
                .iter()
                .any(|receipt| receipt["code"] == code.as_str());
            assert!(kept, "{code} was answered 200 and is lost");
        }
    }
    // The last word is always heard: nothing was left locked behind.
    let said = answer(&house, post(&format!("/{TOKEN}/csv"), "", &delivered(ANA)));
    assert!(
        said.starts_with("HTTP/1.1 200 "),
        "after {answered}: {said}"
    );
    assert_eq!(states(&house), ["1 sent delivered", "4 sent"]);
}
