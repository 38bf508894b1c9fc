//! Hosts at work together: each message once, and what belongs to all is kept by all.

use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Act, Seen, Server};
use crate::{PUSH, Scene, postgres, until, work};

/// A provider that answers nobody before more is asked of it at once than two hosts of four workers can ask: so all three
/// are at work, however late the third of them began.
fn answers_once_three_ask() -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(move |_| {
        asked.fetch_add(1, Ordering::SeqCst);
        let begun = Instant::now();
        while asked.load(Ordering::SeqCst) <= 8 && begun.elapsed() < Duration::from_secs(100) {
            thread::sleep(Duration::from_millis(5));
        }
        Act::json(200, "{}")
    })
}

/// Ends a host as its service manager would.
fn end(child: Child) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("a signal");
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(143), "{output:?}");
}

#[test]
fn three_hosts_deliver_everything_once_and_the_planner_delivers_nothing() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    const N: usize = 300;
    let patient = format!("{PUSH}timeout_seconds = 120\n");
    let scene = Scene::with(postgres, N, answers_once_three_ask(), &patient, "");
    let sent = scene
        .planner
        .json(&["send", "contracts", "--template", "outage", "--yes"]);
    assert_eq!(sent["messages"]["queued"], N);
    assert_eq!(scene.server.seen().len(), 0, "the planner delivers nothing");
    let hosts = [scene.host(), scene.host(), scene.host()];
    let running: Vec<_> = hosts.iter().map(|host| work(host, "600")).collect();
    until("all are served", || scene.server.seen().len() == N);
    for child in running {
        end(child);
    }
    let stats = scene.planner.json(&["queue", "stats"]);
    let hosts = stats["hosts"].as_array().expect("hosts");
    assert_eq!(hosts.len(), 3, "{stats}");
    let sum: i64 = hosts
        .iter()
        .map(|host| host["sent"].as_i64().expect("sent"))
        .sum();
    assert_eq!(sum, 300);
    let idle = hosts.iter().find(|host| host["sent"] == 0);
    assert_eq!(idle, None, "each has done some: {stats}");
    let gathered = scene.planner.json(&["queue", "gather"]);
    assert_eq!(gathered["sent"], N, "{gathered}");
    assert_eq!(scene.nothing_lost_nothing_twice(N), 0);
    let again = scene.planner.json(&["queue", "gather"]);
    assert_eq!(again["sent"], 0, "each outcome comes home once");
}

#[test]
fn a_rate_is_of_all_hosts_together() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let settings = PUSH.replace("rate_per_minute = 0", "rate_per_minute = 600");
    let scene = Scene::new(postgres, 60, Duration::ZERO, &settings);
    scene.share();
    let begun = Instant::now();
    let hosts = [scene.host(), scene.host(), scene.host()];
    let running: Vec<_> = hosts.iter().map(|host| work(host, "120")).collect();
    until("all are served", || scene.server.seen().len() == 60);
    // Ten at once, and ten a second after that.
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(4_500), "{took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    for mut child in running {
        child.kill().expect("a killed host");
        child.wait().expect("its end");
    }
}

#[test]
fn one_request_at_a_time_of_all_hosts_with_a_rest_after_it() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let settings = PUSH.replace("workers = 4", "pause_seconds = [1, 1]");
    let scene = Scene::new(postgres, 4, Duration::from_millis(200), &settings);
    scene.share();
    let begun = Instant::now();
    let hosts = [scene.host(), scene.host(), scene.host()];
    let running: Vec<_> = hosts.iter().map(|host| work(host, "120")).collect();
    until("all are served", || scene.server.seen().len() == 4);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(3_500), "{took:?}");
    for mut child in running {
        child.kill().expect("a killed host");
        child.wait().expect("its end");
    }
}

#[test]
fn a_channel_that_one_host_closed_is_closed_for_all_and_one_probe_opens_it() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let well = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_well = std::sync::Arc::clone(&well);
    let server = Server::start(move |_| {
        if is_well.load(std::sync::atomic::Ordering::SeqCst) {
            Act::json(200, "{}")
        } else {
            Act::json(401, r#"{"error":"who are you"}"#)
        }
    });
    let scene = Scene::with(postgres, 40, server, PUSH, "");
    scene.share();
    let first = scene.host().run(&["queue", "work"]);
    assert_eq!(first.code, 4, "{first:?}");
    let tried = scene.server.seen().len();
    assert!((1..=8).contains(&tried), "{tried} requests");
    // Another host tries with one message whether the channel is well again.
    let second = scene.host().run(&["queue", "work"]);
    assert_eq!(second.code, 4, "{second:?}");
    assert_eq!(scene.server.seen().len(), tried + 1);
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    scene.host().run(&["queue", "work"]).ok();
    // What was tried in vain comes back by the planner, and goes with the next share.
    scene.planner.run(&["queue", "gather"]).ok();
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.addresses("sent").len(), 40);
    assert_eq!(scene.addresses("failed").len(), 0);
}

/// What Meta says of a template, and of a message.
fn meta(seen: &Seen) -> Act {
    if seen.path.contains("/message_templates") {
        return Act::json(
            200,
            r#"{"data": [{"id": "1", "name": "aviso", "language": "pt_BR", "status": "APPROVED",
                "components": [{"type": "BODY", "text": "sem valores"}]}]}"#,
        );
    }
    Act::json(
        200,
        r#"{"messages":[{"id":"wamid.1","message_status":"accepted"}]}"#,
    )
}

#[test]
fn people_in_a_day_are_counted_by_all_hosts_together() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let settings = "[whatsapp]\nprovider = \"meta\"\nbase_url = \"SERVER/v24.0\"\nphone_number_id = \"p\"\n\
                    account_id = \"a\"\ntoken = \"t\"\nworkers = 2\ndaily_recipients = 5\n";
    let scene = Scene::with(postgres, 12, Server::start(meta), settings, "");
    let add = [
        "template",
        "add",
        "aviso",
        "--channel",
        "whatsapp",
        "--kind",
        "support",
        "--provider-channel",
        "p",
        "--provider-template",
        "aviso",
    ];
    scene.planner.run(&add).ok();
    let send = ["send", "contracts", "--template", "aviso", "--yes"];
    scene.planner.run(&send).ok();
    scene.planner.run(&["queue", "share"]).ok();
    let hosts = [scene.host(), scene.host(), scene.host()];
    let running: Vec<_> = hosts.iter().map(|host| work(host, "600")).collect();
    until("five are served", || {
        scene.server.seen_at("/messages").len() == 5
    });
    // Time enough for a sixth.
    thread::sleep(Duration::from_secs(3));
    for child in running {
        end(child);
    }
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.server.seen_at("/messages").len(), 5);
    assert_eq!(scene.addresses("sent").len(), 5);
    assert_eq!(scene.addresses("queued").len(), 7);
}

/// A gateway that knows every number but those that end in 2 or 4.
fn knows(seen: &Seen) -> Act {
    if seen.path != "/numbers" {
        return Act::json(200, r#"{"id":"w-1"}"#);
    }
    let numbers = seen.json()["numbers"].clone();
    let told: Vec<serde_json::Value> = numbers
        .as_array()
        .expect("a list")
        .iter()
        .map(|number| {
            let digits = number.as_str().expect("a number");
            serde_json::json!({"exists": !digits.ends_with(['2', '4']), "number": digits})
        })
        .collect();
    Act::json(200, serde_json::Value::from(told).to_string())
}

#[test]
fn numbers_are_asked_about_once_by_all_hosts_together_and_those_who_are_not_there_are_skipped() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let settings = "[whatsapp]\nprovider = \"http\"\nurl = \"SERVER/send\"\nid_pointer = \"/id\"\nworkers = 2\n\
                    body = '{\"to\": \"#address_digits#\", \"text\": \"#body#\"}'\n\
                    [whatsapp.check_numbers]\nurl = \"SERVER/numbers\"\nbody = '{\"numbers\":[#numbers#]}'\n\
                    at_once = 5\nnumber_pointer = \"/number\"\nexists_pointer = \"/exists\"\n";
    let scene = Scene::with(postgres, 40, Server::start(knows), settings, "");
    let add = [
        "template",
        "add",
        "aviso",
        "--channel",
        "whatsapp",
        "--kind",
        "support",
        "--body",
        "Olá, #cliente_nome#",
    ];
    scene.planner.run(&add).ok();
    let send = ["send", "contracts", "--template", "aviso", "--yes"];
    let deliver = |sent: usize| {
        scene.planner.run(&["queue", "share"]).ok();
        let hosts = [scene.host(), scene.host()];
        let running: Vec<_> = hosts.iter().map(|host| work(host, "600")).collect();
        until("all of it came home", || {
            scene.planner.run(&["queue", "gather"]).ok();
            scene.addresses("sent").len() >= sent
        });
        for child in running {
            end(child);
        }
        scene.planner.run(&["queue", "gather"]).ok();
    };
    scene.planner.run(&send).ok();
    deliver(32);
    let skipped = scene
        .planner
        .json(&["history", "--reason", "not_on_whatsapp", "--limit", "0"]);
    let skipped = skipped.as_array().expect("a list");
    // Of forty numbers eight end in 2 or in 4.
    assert_eq!(skipped.len(), 8, "{skipped:?}");
    assert!(skipped.iter().all(|row| row["status"] == "skipped"));
    assert_eq!(scene.addresses("sent").len(), 32);
    let asked = || -> Vec<String> {
        let lots = scene.server.seen_at("/numbers");
        let numbers = lots.iter().flat_map(|lot| {
            let lot = lot.json()["numbers"].as_array().cloned().expect("a list");
            assert!(lot.len() <= 5, "{lot:?}");
            lot
        });
        numbers.map(|number| number.to_string()).collect()
    };
    let first = asked();
    let each: std::collections::BTreeSet<&String> = first.iter().collect();
    assert_eq!(each.len(), 40);
    // What one host was told, no host asks again.
    scene.planner.run(&[&send[..], &["--again"]].concat()).ok();
    deliver(64);
    assert_eq!(asked().len(), first.len());
    assert_eq!(scene.addresses("sent").len(), 64);
}
