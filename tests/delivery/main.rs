//! Delivery against a server that remembers every request: crashes, company, faults and signals.
//!
//! Nothing lost, nothing sent twice, whatever happens in between.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

mod blame;
mod changing;
#[allow(dead_code, reason = "the providers' tests use the rest")]
#[path = "../providers/mail_server.rs"]
mod mail_server;

#[allow(dead_code, reason = "the stories use the rest")]
#[path = "../story/house.rs"]
mod house;
#[allow(dead_code, reason = "the providers' tests use the rest")]
#[path = "../providers/server.rs"]
mod server;
mod told;

use house::House;
use server::{Act, Seen, Server};

/// A house whose push goes to `server`, with `n` clients of one device each.
fn provider(server: &Server, n: usize, settings: &str) -> House {
    let house = House::new();
    configure(&house, &server.url(), settings);
    people(&house, n);
    house
}

fn configure(house: &House, url: &str, settings: &str) {
    house.write(
        "config.toml",
        format!(
            "[push]\nprovider = \"http\"\nurl = \"{url}/push\"\nrate_per_minute = 0\n\
             body = '{{\"to\": \"#address#\", \"text\": \"#body#\"}}'\n{settings}"
        ),
    );
}

fn people(house: &House, n: usize) {
    let mut clients = String::from("id,name,person_type\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    let mut devices = String::from("address,client_id\n");
    for id in 1..=n {
        clients.push_str(&format!("{id},Client {id},F\n"));
        contracts.push_str(&format!("{id},{id},A,A\n"));
        devices.push_str(&format!("device-{id},{id}\n"));
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.write("book/devices.csv", devices);
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "outage",
        "--channel",
        "push",
        "--kind",
        "support",
        "--title",
        "Aviso",
        "--body",
        "Olá, #cliente_nome#",
    ];
    house.run(&add).ok();
}

/// Writes the messages of a send into the queue.
fn queue(house: &House) {
    house
        .run(&[
            "send",
            "contracts",
            "--template",
            "outage",
            "--yes",
            "--deliver",
            "queue",
            "-q",
        ])
        .ok();
}

/// How often each address was served.
fn served(server: &Server) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for request in server.seen() {
        *times.entry(address(&request)).or_default() += 1;
    }
    times
}

fn address(seen: &Seen) -> String {
    seen.json()["to"].as_str().expect("an address").to_owned()
}

fn deliver(house: &House) -> Child {
    house
        .command(&["queue", "deliver", "--channel", "push"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

/// The addresses of messages in a state.
fn addresses(house: &House, status: &str) -> Vec<String> {
    let rows = house.json(&["history", "--status", status, "--limit", "0"]);
    rows.as_array()
        .expect("a list")
        .iter()
        .map(|row| row["address"].as_str().expect("an address").to_owned())
        .collect()
}

fn stat(house: &House, key: &str) -> i64 {
    house.json(&["queue", "stats"])[0][key]
        .as_i64()
        .expect("a number")
}

/// After everything: each address served once, but those reported unknown; none missing.
fn nothing_lost_nothing_twice(house: &House, server: &Server, n: usize) {
    let times_served = served(server);
    for (address, times) in &times_served {
        assert_eq!(*times, 1, "{address} was served {times} times");
    }
    let (sent, unknown) = (addresses(house, "sent"), addresses(house, "unknown"));
    for address in &sent {
        assert!(
            times_served.contains_key(address),
            "{address} is called sent and was not served"
        );
    }
    assert_eq!(sent.len() + unknown.len(), n, "some are missing");
    let neither = times_served
        .keys()
        .find(|address| !sent.contains(address) && !unknown.contains(address));
    assert_eq!(neither, None, "served, and neither sent nor unknown");
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_sent_twice() {
    const N: usize = 400;
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(2));
        Act::json(200, "{}")
    });
    let house = provider(&server, N, "workers = 4\n");
    queue(&house);
    let mut moments = fastrand::Rng::with_seed(11);
    for _ in 0..25 {
        let mut child = deliver(&house);
        thread::sleep(Duration::from_millis(moments.u64(1..45)));
        child.kill().expect("a killed run");
        child.wait().expect("its end");
        // Never more in flight than two for each worker.
        assert!(stat(&house, "sending") <= 8);
    }
    let last = house.run(&["queue", "deliver"]);
    assert!([0, 1].contains(&last.code), "{last:?}");
    assert_eq!(stat(&house, "due"), 0);
    assert_eq!(stat(&house, "sending"), 0);
    nothing_lost_nothing_twice(&house, &server, N);
}

#[test]
fn after_a_kill_at_most_twice_the_workers_are_in_doubt() {
    const WORKERS: usize = 3;
    let server = Server::start(|_| Act::Hang);
    let house = provider(&server, 40, &format!("workers = {WORKERS}\n"));
    queue(&house);
    let mut child = deliver(&house);
    wait_until(|| server.seen().len() == WORKERS);
    child.kill().expect("a killed run");
    child.wait().expect("its end");
    let sending = stat(&house, "sending");
    assert!(
        (3..=6).contains(&sending),
        "{sending} are in doubt: one in hand and at most one waiting for each worker"
    );
    assert_eq!(stat(&house, "due"), 40 - sending);
}

#[test]
fn unknown_messages_are_resent_only_when_asked() {
    let server = Server::start(|_| Act::Hang);
    let house = provider(&server, 3, "workers = 3\n");
    queue(&house);
    let mut child = deliver(&house);
    wait_until(|| server.seen().len() == 3);
    child.kill().expect("a killed run");
    child.wait().expect("its end");
    configure(
        &house,
        &Server::start(|_| Act::json(200, "{}")).keep(),
        "workers = 3\n",
    );
    house.run(&["queue", "deliver"]).exits(1);
    assert_eq!(addresses(&house, "unknown").len(), 3);
    let listed = house.json(&["queue", "list", "--unknown"]);
    assert_eq!(listed.as_array().expect("a list").len(), 3);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(
        addresses(&house, "unknown").len(),
        3,
        "delivered without being asked"
    );
    house.run(&["queue", "retry", "--unknown"]).ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(addresses(&house, "sent").len(), 3);
    let id = listed[0]["id"].to_string();
    let shown = house.json(&["history", "show", &id]);
    assert_eq!(shown["attempts"], 2);
    assert_eq!(shown["attempt_log"][0]["outcome"], "unknown");
    assert_eq!(shown["attempt_log"][1]["outcome"], "accepted");
}

#[test]
fn a_channel_set_to_resend_does_so_by_itself() {
    let server = Server::start(|_| Act::Hang);
    let house = provider(&server, 2, "[queue]\nresend_unknown = [\"push\"]\n");
    queue(&house);
    let mut child = deliver(&house);
    wait_until(|| server.seen().len() == 2);
    child.kill().expect("a killed run");
    child.wait().expect("its end");
    let url = Server::start(|_| Act::json(200, "{}")).keep();
    configure(&house, &url, "[queue]\nresend_unknown = [\"push\"]\n");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(addresses(&house, "sent").len(), 2);
}

#[test]
fn of_two_runs_at_once_one_delivers_and_the_other_says_so() {
    const N: usize = 150;
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(5));
        Act::json(200, "{}")
    });
    let house = provider(&server, N, "workers = 2\n");
    queue(&house);
    let runs: Vec<Child> = (0..2).map(|_| deliver(&house)).collect();
    let mut codes: Vec<i32> = runs
        .into_iter()
        .map(|run| {
            let output = run.wait_with_output().expect("its end");
            let code = output.status.code().expect("a code");
            if code == 5 {
                let told = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(told.contains("another run is delivering push"), "{told}");
            }
            code
        })
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 5]);
    nothing_lost_nothing_twice(&house, &server, N);
}

#[test]
fn connections_are_kept() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let house = provider(&server, 200, "workers = 4\n");
    queue(&house);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(addresses(&house, "sent").len(), 200);
    // One connection goes ahead of the others; one that would overtake it is opened anew.
    assert!(
        server.connections() <= 20,
        "{} connections",
        server.connections()
    );
}

#[test]
fn messages_are_claimed_in_the_reports_order() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let house = provider(&server, 30, "workers = 1\n");
    house
        .run(&[
            "send",
            "contracts",
            "--order",
            "contract_id:desc",
            "--template",
            "outage",
            "--yes",
            "-q",
        ])
        .ok();
    let order: Vec<String> = server.seen().iter().map(address).collect();
    let wanted: Vec<String> = (1..=30).rev().map(|id| format!("device-{id}")).collect();
    assert_eq!(order, wanted);
}

#[test]
fn every_fault_ends_where_it_should() {
    let script = |seen: &Seen| match address(seen).as_str() {
        "device-1" => Act::json(200, "{\"id\": \"abc\"}"),
        "device-2" => Act::json(400, "{\"error\": \"no such device\"}"),
        "device-3" => Act::json(503, "{}"),
        "device-4" => Act::json(429, "{}").with("Retry-After", "120"),
        "device-5" => Act::Cut,
        "device-6" => Act::Half(200, "{\"id\": \"half\"}".to_owned()),
        _ => Act::Nonsense,
    };
    let server = Server::start(script);
    let house = provider(
        &server,
        7,
        "workers = 1\nnever = [400]\nid_pointer = \"/id\"\n",
    );
    let answer = house.run(&[
        "send",
        "contracts",
        "--template",
        "outage",
        "--yes",
        "--json",
    ]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let rows = answer.json()["rows"].clone();
    let statuses: Vec<&str> = (0..7)
        .map(|i| rows[i]["status"].as_str().expect("a status"))
        .collect();
    assert_eq!(
        statuses,
        [
            "sent", "failed", "queued", "queued", "unknown", "unknown", "unknown"
        ]
    );
    assert_eq!(rows[1]["reason"], "refused");
    let history = house.json(&["history", "--limit", "0"]);
    let row = |device: &str| -> Value {
        history
            .as_array()
            .expect("a list")
            .iter()
            .find(|row| row["address"] == device)
            .expect("the device's message")
            .clone()
    };
    assert_eq!(row("device-1")["provider_id"], "abc");
    // Not before the provider asked: two minutes after nine.
    assert!(row("device-4")["not_before"].as_str().expect("an instant") >= "2026-11-23T09:02:00");
    assert!(row("device-3")["not_before"].as_str().expect("an instant") > "2026-11-23T09:00:00");
    for device in ["device-5", "device-6", "device-7"] {
        assert_eq!(row(device)["attempts"], 1, "{device} was tried again");
    }
    // Nothing of it is due now: the run does not wait for retries.
    let again = house.run(&["queue", "deliver"]).ok();
    assert!(again.stderr.contains("nothing is due"), "{again:?}");
}

#[test]
fn after_every_retry_failed_a_message_gives_up() {
    let server = Server::start(|_| Act::json(500, "{}"));
    let mut house = provider(&server, 1, "[queue]\nmax_attempts = 3\n");
    queue(&house);
    // Not before half of the seven days has passed.
    for time in ["23T09:00", "23T10:00", "24T10:00", "26T20:59", "27T09:00"] {
        assert_eq!(house.json(&["history"])[0]["status"], "queued", "{time}");
        house.at(&format!("2026-11-{time}"));
        house.run(&["queue", "deliver"]);
    }
    let row = &house.json(&["history"])[0];
    assert_eq!(row["status"], "failed");
    assert_eq!(row["reason"], "gave_up");
    assert_eq!(row["attempts"], 3);
    assert!(
        row["detail"]
            .as_str()
            .expect("the last error")
            .contains("500")
    );
    // A person may put it back.
    let well = Server::start(|_| Act::json(200, "{}")).keep();
    configure(&house, &well, "");
    house.run(&["queue", "retry", "--reason", "gave_up"]).ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.json(&["history"])[0]["status"], "sent");
}

#[test]
fn a_provider_that_is_down_closes_the_channel_and_loses_nothing() {
    let gone = Server::start(|_| Act::json(200, "{}"));
    let house = provider(&gone, 60, "workers = 2\n");
    configure(&house, "http://127.0.0.1:9", "workers = 2\n");
    queue(&house);
    let run = house.run(&["queue", "deliver"]).exits(4);
    assert!(run.stderr.contains("failures in a row"), "{}", run.stderr);
    assert_eq!(
        house
            .json(&["history", "--status", "queued", "--limit", "0"])
            .as_array()
            .map(Vec::len),
        Some(60)
    );
    let tried = house
        .json(&["history", "--limit", "0"])
        .as_array()
        .expect("a list")
        .iter()
        .filter(|row| row["attempts"] != 0)
        .count();
    assert_eq!(tried, 0, "no connection is no attempt");
}

#[test]
fn bad_credentials_stop_the_channel_at_once() {
    let server = Server::start(|_| Act::json(401, "{\"error\": \"bad token\"}"));
    let house = provider(&server, 50, "workers = 1\n");
    queue(&house);
    house
        .run(&["queue", "deliver"])
        .exits(4)
        .says("push closed");
    assert_eq!(stat(&house, "due"), 50);
    assert!(server.seen().len() <= 4);
}

/// A whatsapp provider where the template `gone` was deleted, with `n` clients of a mobile each.
fn whatsapp(n: usize) -> (Server, House) {
    let server = Server::start(|seen| {
        let data = if seen.method == "POST" {
            if seen.json()["template"]["_id"] == "gone" {
                return Act::json(
                    404,
                    r#"{"error":"NOT_FOUND_ERROR","message":"Template not found."}"#,
                );
            }
            serde_json::json!({"messageSentId": "m1"})
        } else if seen.path.ends_with("/limites-diarios-envio") {
            return Act::json(200, "{}");
        } else if seen.path.ends_with("/template") {
            serde_json::json!([
                {"_id": "gone", "atalho": "gone", "texto": "Olá {{1}}"},
                {"_id": "good", "atalho": "good", "texto": "Oi {{1}}"},
            ])
        } else {
            serde_json::json!([{"_id": "c1", "nome": "Um", "canal": "Whatsapp", "status": "A"}])
        };
        let answer = serde_json::json!({"status": "success", "code": 200, "data": data});
        Act::json(200, answer.to_string())
    });
    let house = House::new();
    house.write(
        "config.toml",
        format!(
            "[whatsapp]\nprovider = \"opa\"\nbase_url = \"{}\"\ntoken = \"the-token\"\nworkers = 2\n",
            server.url()
        ),
    );
    people(&house, n);
    let mut clients = String::from("id,name,person_type,mobile\n");
    for id in 1..=n {
        clients.push_str(&format!("{id},Client {id},F,4999999{id:04}\n"));
    }
    house.write("more/clients.csv", clients);
    house.run(&["import", "more"]).ok();
    for name in ["gone", "good"] {
        house
            .run(&[
                "template",
                "add",
                name,
                "--channel",
                "whatsapp",
                "--kind",
                "support",
                "--provider-channel",
                "c1",
                "--provider-template",
                name,
                "--var",
                "1=cliente_primeiro_nome",
            ])
            .ok();
        house
            .run(&["send", "contracts", "--template", name, "--yes", "-q"])
            .ok();
    }
    (server, house)
}

#[test]
fn a_template_that_is_gone_steps_back_and_the_others_go() {
    let (server, house) = whatsapp(20);
    for _ in 0..2 {
        let run = house.run(&["queue", "deliver"]).exits(4);
        assert!(run.stderr.contains("only for template `gone`"), "{run:?}");
    }
    let counts = |status: &str, template: &str| {
        let arguments = [
            "history",
            "--status",
            status,
            "--template",
            template,
            "--limit",
            "0",
        ];
        house.json(&arguments).as_array().map(Vec::len)
    };
    assert_eq!(counts("sent", "good"), Some(20));
    assert_eq!(counts("queued", "gone"), Some(20));
    let asked = |template: &str| {
        let sends = server.seen_at("/template/send");
        let of = |seen: &&Seen| seen.json()["template"]["_id"] == template;
        sends.iter().filter(of).count()
    };
    assert_eq!(asked("good"), 20, "each once");
    assert!(asked("gone") <= 2 * 8, "{} were tried", asked("gone"));
}

#[test]
fn a_signal_stops_claiming_and_settles_what_answers() {
    const N: usize = 400;
    // How many requests are answered; the next wait until more are allowed, however slow the machine is.
    let allowed = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let (allowed, asked) = (Arc::clone(&allowed), AtomicUsize::new(0));
        move |_| {
            let mine = asked.fetch_add(1, Ordering::SeqCst);
            while mine >= allowed.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            thread::sleep(Duration::from_millis(30));
            Act::json(200, "{}")
        }
    });
    let house = provider(&server, N, "workers = 2\n");
    queue(&house);
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 143)] {
        if signal == "-HUP" && house::hangups_are_ignored() {
            continue;
        }
        let before = server.seen().len();
        allowed.store(before + 5, Ordering::SeqCst);
        let child = deliver(&house);
        wait_until(|| server.seen().len() > before + 5);
        std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .expect("a signal");
        allowed.store(usize::MAX, Ordering::SeqCst);
        let output = child.wait_with_output().expect("its end");
        assert_eq!(output.status.code(), Some(code));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("still queued"), "{told}");
        assert_eq!(stat(&house, "sending"), 0);
        assert_eq!(stat(&house, "unknown"), 0);
    }
    assert!(stat(&house, "due") > 0, "it did not stop");
    house.run(&["queue", "deliver"]).ok();
    nothing_lost_nothing_twice(&house, &server, N);
}

#[test]
fn a_full_disk_in_the_middle_ends_in_an_error_and_a_state_to_go_on_from() {
    const N: usize = 600;
    let server = Server::start(|_| Act::json(200, "{}"));
    let house = provider(&server, N, "workers = 2\n");
    queue(&house);
    // The shell limits how large a file may grow; the write-ahead log reaches it in the middle.
    let limited = std::process::Command::new("sh")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 200; exec \"$0\" queue deliver")
        .arg(env!("CARGO_BIN_EXE_regua"))
        .current_dir(house.folder())
        .env("REGUA_NOW", house::MONDAY)
        .output()
        .expect("the program runs");
    assert_eq!(limited.status.code(), Some(4), "{limited:?}");
    let told = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert!(
        told.starts_with("error: ") && told.contains("database") || told.contains("disk"),
        "{told}"
    );
    assert!(served(&server).len() < N, "the limit was never reached");
    let next = house.run(&["queue", "deliver"]);
    assert!([0, 1].contains(&next.code), "{next:?}");
    nothing_lost_nothing_twice(&house, &server, N);
}

#[test]
fn a_clock_set_back_loses_nothing() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let mut house = provider(&server, 5, "");
    queue(&house);
    house.at("2026-11-20T09:00");
    house.run(&["queue", "deliver"]).ok();
    nothing_lost_nothing_twice(&house, &server, 5);
}

#[test]
fn the_rate_is_kept() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let house = House::new();
    house.write(
        "config.toml",
        format!(
            "[push]\nprovider = \"http\"\nurl = \"{}/push\"\nworkers = 4\nrate_per_minute = 1200\n\
             body = '{{\"to\": \"#address#\"}}'\n",
            server.url()
        ),
    );
    people(&house, 50);
    queue(&house);
    let begun = Instant::now();
    house.run(&["queue", "deliver"]).ok();
    // Twenty a second, of which the first second's worth may go at once.
    assert!(
        begun.elapsed() >= Duration::from_millis(1400),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(server.seen().len(), 50);
}

#[test]
fn what_changed_while_a_message_waited_is_looked_at_again() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let mut house = provider(&server, 4, "");
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n\
         1,1,1,2026-11-10,10,A\n2,2,2,2026-11-10,10,A\n3,3,3,2026-11-10,10,A\n4,4,4,2026-11-10,10,A\n",
    );
    house.at("2026-11-21T18:00");
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "debt",
        "--channel",
        "push",
        "--kind",
        "financial",
        "--title",
        "Fatura",
        "--body",
        "#areceber_valor#",
    ];
    house.run(&add).ok();
    let answer = house.json(&["send", "contracts", "--template", "debt", "--yes"]);
    assert_eq!(
        answer["messages"]["queued"], 4,
        "Saturday evening is outside the contact hours"
    );
    let waiting = &house.json(&["queue", "list"])[0];
    assert_eq!(waiting["not_before"], "2026-11-23T08:00:00-03:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.seen().len(), 0, "it did not wait");
    // Over the weekend one pays, one says no.
    let paid = "id,client_id,contract_id,due_on,amount,status\n1,1,1,2026-11-10,10,R\n";
    house.run_with(&["import", "invoices", "-"], paid).ok();
    house
        .run(&["optout", "add", "--client", "2", "--purpose", "collection"])
        .ok();
    house.at("2026-11-23T08:00");
    house.run(&["queue", "deliver"]).ok();
    let rows = house.json(&["history", "--limit", "0"]);
    let reason = |client: i64| {
        rows.as_array()
            .expect("a list")
            .iter()
            .find(|row| row["client_id"] == client)
            .expect("a message")["reason"]
            .clone()
    };
    assert_eq!(reason(1), "settled");
    assert_eq!(reason(2), "opted_out");
    assert_eq!(reason(3), Value::Null);
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_message_whose_time_ran_out_does_not_go() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let mut house = provider(&server, 1, "[queue]\nexpire_days = 2\n");
    queue(&house);
    house.at("2026-11-25T09:00");
    house.run(&["queue", "deliver"]).ok();
    let row = &house.json(&["history"])[0];
    assert_eq!(
        (&row["status"], &row["reason"]),
        (&"skipped".into(), &"expired".into())
    );
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_long_queue_is_delivered_in_little_memory() {
    const N: usize = 60_000;
    let house = House::new();
    // The `file` provider is quick: more in flight share each commit.
    house.write("config.toml", "[push]\nworkers = 64\n");
    people(&house, N);
    queue(&house);
    let most = house.peak_memory(&["queue", "deliver", "--channel", "push"]);
    assert!(most > 0 && most < 48 * 1024, "{most} KiB");
    let text = house.read("push.jsonl");
    assert_eq!(text.lines().count(), N);
}

fn wait_until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it never happened"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

/// Servers that a test keeps without looking at them again.
static KEPT: Mutex<Vec<Server>> = Mutex::new(Vec::new());

trait Keep {
    /// Lets the server live to the end of the tests; its address.
    fn keep(self) -> String;
}

impl Keep for Server {
    fn keep(self) -> String {
        let url = self.url();
        KEPT.lock().expect("the kept servers").push(self);
        url
    }
}
