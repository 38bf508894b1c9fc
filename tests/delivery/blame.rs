//! Blame: what is about us stops a channel and is booked on nobody; what is one person's stops nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::house::House;
use crate::mail_server::{MailServer, Manner};
use crate::server::{Act, Seen, Server};

/// Clients with a mobile and an e-mail address each.
fn people(house: &House, n: usize) {
    let mut clients = String::from("id,name,person_type,mobile,email\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    for id in 1..=n {
        clients.push_str(&format!(
            "{id},Client {id},F,4999999{id:04},c{id}@example.com\n"
        ));
        contracts.push_str(&format!("{id},{id},A,A\n"));
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.run(&["import", "book"]).ok();
}

/// A house with `n` clients and this configuration, and a template on the channel.
fn house(n: usize, config: &str, template: &[&str]) -> House {
    let house = House::new();
    house.write("config.toml", config);
    people(&house, n);
    let add = [
        &["template", "add", "notice", "--kind", "support"],
        template,
    ]
    .concat();
    house.run(&add).ok();
    house
}

const SMS: [&str; 4] = ["--channel", "sms", "--body", "Oi #cliente_nome#"];
const MAIL: [&str; 6] = [
    "--channel",
    "email",
    "--title",
    "Aviso",
    "--body",
    "Oi #cliente_nome#",
];

fn queue(house: &House) {
    let send = ["send", "contracts", "--template", "notice", "--yes", "-q"];
    house
        .run(&[&send[..], &["--deliver", "queue"]].concat())
        .ok();
}

fn deliver(house: &House) -> i32 {
    house.run(&["queue", "deliver"]).code
}

/// How many messages are in each of these states.
fn states<const N: usize>(house: &House, statuses: [&str; N]) -> [usize; N] {
    statuses.map(|status| rows(house, status).len())
}

fn rows(house: &House, status: &str) -> Vec<Value> {
    let rows = house.json(&["history", "--status", status, "--limit", "0"]);
    rows.as_array().expect("a list").clone()
}

fn gateway(server: &Server, more: &str) -> String {
    format!(
        "[sms]\nprovider = \"http\"\nurl = \"{}/sms\"\nrate_per_minute = 0\nworkers = 2\n\
         body = '{{\"to\": \"#address#\"}}'\n{more}",
        server.url()
    )
}

fn smtp(server: &MailServer) -> String {
    format!(
        "[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         from = \"aviso@example.com\"\nworkers = 1\n",
        server.address.port()
    )
}

/// The number at the end of an address of [`people`].
fn of(seen: &Seen) -> usize {
    let to = seen.json()["to"].as_str().expect("an address").to_owned();
    to[to.len() - 4..].parse().expect("a number")
}

#[test]
fn trial_1_a_daily_limit_stops_the_channel_and_is_booked_on_nobody() {
    let server = MailServer::start(Manner {
        daily_limit: Some(5),
        ..Manner::default()
    });
    let house = house(30, &smtp(&server), &MAIL);
    queue(&house);
    let run = house.run(&["queue", "deliver"]).exits(4);
    assert!(run.stderr.contains("5.4.5"), "{}", run.stderr);
    assert_eq!(states(&house, ["sent", "queued", "failed"]), [5, 25, 0]);
}

#[test]
fn trial_2_a_relay_that_is_denied_is_ours_though_it_names_an_address() {
    let server = MailServer::start(Manner {
        relays_nothing: true,
        ..Manner::default()
    });
    let house = house(30, &smtp(&server), &MAIL);
    queue(&house);
    house.run(&["queue", "deliver"]).exits(4);
    assert_eq!(states(&house, ["queued", "failed"]), [30, 0]);
}

/// A WhatsApp account of Meta with one template, that answers each send by `answer`.
fn meta(
    answer: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    n: usize,
    more: &str,
) -> (Server, House) {
    let server = Server::start(move |seen| {
        if seen.path.contains("/message_templates") {
            let body = [json!({"type": "BODY", "text": "Oi {{1}}!"})];
            let row = |language: &str| {
                json!({"id": "1", "name": "oi", "language": language, "category": "MARKETING",
                       "status": "APPROVED", "components": body})
            };
            let data = json!({"data": [row("en_US"), row("pt_BR")]});
            return Act::json(200, data.to_string());
        }
        answer(seen)
    });
    let config = format!(
        "[whatsapp]\nprovider = \"meta\"\nbase_url = \"{}/v24.0\"\nphone_number_id = \"pn\"\n\
         account_id = \"wa\"\ntoken = \"t\"\nworkers = 2\nrate_per_minute = 0\n{more}",
        server.url()
    );
    let house = house(
        n,
        &config,
        &[
            "--channel",
            "whatsapp",
            "--provider-template",
            "oi",
            "--var",
            "1=cliente_nome",
        ],
    );
    (server, house)
}

fn sent() -> Act {
    Act::json(200, r#"{"messages":[{"id":"wamid.1"}]}"#)
}

fn refused(code: i64) -> Act {
    let body = json!({"error": {"message": format!("(#{code}) no"), "code": code}});
    Act::json(400, body.to_string())
}

#[test]
fn trial_3_an_account_that_is_not_registered_stops_the_channel() {
    let (_server, house) = meta(|_| refused(133_010), 14, "");
    queue(&house);
    house.run(&["queue", "deliver"]).exits(4);
    assert_eq!(states(&house, ["queued", "failed"]), [14, 0]);
}

#[test]
fn trial_3_eight_alike_of_any_code_stop_the_channel_and_go_back() {
    let (server, house) = meta(|_| refused(999_999), 40, "");
    queue(&house);
    let run = house.run(&["queue", "deliver"]).exits(4);
    assert!(run.stderr.contains("alike"), "{}", run.stderr);
    assert_eq!(states(&house, ["queued", "failed"]), [40, 0]);
    let asked = |server: &Server| {
        let seen = server.seen();
        seen.iter().filter(|seen| seen.method == "POST").count()
    };
    let first = asked(&server);
    assert!((8..=18).contains(&first), "{first}");
    // The next run begins with those that were not tried yet.
    let tried = house.json(&["queue", "list"]);
    let untried = tried
        .as_array()
        .expect("a list")
        .iter()
        .filter(|row| row["attempts"] == 0);
    assert_eq!(untried.count(), 40 - first);
    house.run(&["queue", "deliver"]).exits(4);
    assert_eq!(states(&house, ["queued", "failed"]), [40, 0]);
    let mut people: Vec<String> = server
        .seen()
        .iter()
        .filter(|seen| seen.method == "POST")
        .map(|seen| seen.json()["to"].to_string())
        .collect();
    people.sort_unstable();
    people.dedup();
    assert!(people.len() >= 16, "the same ones were tried first");
}

#[test]
fn eight_people_whom_nothing_names_fail_alone_when_others_are_accepted() {
    let server = Server::start(|seen| {
        if of(seen) <= 8 {
            Act::json(422, r#"{"error": "not deliverable"}"#)
        } else {
            Act::json(200, "{}")
        }
    });
    let house = house(
        12,
        &gateway(&server, "workers = 1\n").replace("workers = 2\n", ""),
        &SMS,
    );
    queue(&house);
    assert_eq!(deliver(&house), 4);
    assert_eq!(states(&house, ["failed"]), [0]);
    assert_eq!(deliver(&house), 1);
    assert_eq!(states(&house, ["sent", "failed", "queued"]), [4, 8, 0]);
}

#[test]
fn trial_4_a_used_up_balance_stops_the_channel() {
    for status in [401, 402, 403, 404, 405] {
        let server = Server::start(move |_| Act::json(status, r#"{"error": "no"}"#));
        let house = house(12, &gateway(&server, ""), &SMS);
        queue(&house);
        house.run(&["queue", "deliver"]).exits(4);
        assert_eq!(states(&house, ["queued", "failed"]), [12, 0], "{status}");
        assert!(server.seen().len() <= 2, "{status}");
    }
}

#[test]
fn trial_5_one_text_that_is_too_long_stops_nobody_else() {
    let (_server, house) = meta(
        |seen| {
            if seen.json()["to"] == "5549999990003" {
                refused(132_005)
            } else {
                sent()
            }
        },
        60,
        "",
    );
    queue(&house);
    house.run(&["queue", "deliver"]).exits(1);
    assert_eq!(states(&house, ["sent", "failed", "queued"]), [59, 1, 0]);
}

#[test]
fn a_template_that_is_too_long_for_everybody_is_set_aside() {
    let (server, house) = meta(|_| refused(132_005), 20, "");
    queue(&house);
    let run = house.run(&["queue", "deliver"]).exits(4);
    assert!(run.stderr.contains("template `notice`"), "{}", run.stderr);
    assert_eq!(states(&house, ["failed", "queued"]), [0, 20]);
    let asked = server
        .seen()
        .iter()
        .filter(|seen| seen.method == "POST")
        .count();
    assert!(asked <= 10, "{asked}");
}

#[test]
fn trial_6_no_connection_costs_no_attempt_however_few_wait() {
    for n in [1, 9] {
        let mut house = house(
            n,
            "[sms]\nprovider = \"http\"\nurl = \"http://127.0.0.1:9/sms\"\nbody = \"{}\"\n[queue]\nmax_attempts = 2\n",
            &SMS,
        );
        queue(&house);
        for minute in [0, 0, 4, 8, 12, 16, 20] {
            house.at(&format!("2026-11-23T09:{minute:02}"));
            let run = house.run(&["queue", "deliver"]).exits(4);
            assert!(run.stderr.contains("sms closed"), "{}", run.stderr);
            assert_eq!(rows(&house, "queued").len(), n, "at {minute}");
        }
        assert!(
            rows(&house, "queued")
                .iter()
                .all(|row| row["attempts"] == 0)
        );
    }
}

#[test]
fn trial_10_doctor_warns_of_a_gateway_that_is_judged_by_its_status_alone() {
    let server = Server::start(|_| Act::json(200, "ERRO: chave"));
    let house = house(1, &gateway(&server, ""), &SMS);
    let told = |house: &House| house.run(&["doctor", "--json"]).stdout;
    assert!(told(&house).contains("by the status of its answers alone"));
    house.write("config.toml", gateway(&server, "id_pointer = \"/id\"\n"));
    assert!(!told(&house).contains("by the status of its answers alone"));
}

#[test]
fn trial_11_a_success_without_its_id_is_not_accepted() {
    for body in [
        r#"{"id":"","errors":["All included players are not subscribed"]}"#,
        r#"{"id":null}"#,
        r#"{"id":"  "}"#,
        r#"{"ok":true}"#,
        "[]",
        "ok",
    ] {
        let server = Server::start(move |_| Act::json(200, body));
        let house = house(1, &gateway(&server, "id_pointer = \"/id\"\n"), &SMS);
        queue(&house);
        assert_eq!(deliver(&house), 1, "{body}");
        assert_eq!(states(&house, ["sent", "unknown"]), [0, 1], "{body}");
    }
}

#[test]
fn trial_79_what_a_provider_asks_for_is_bounded_by_a_day_and_half_the_time_left() {
    for asked in ["604800", "99999999999", "Fri, 31 Dec 2049 23:59:59 GMT"] {
        let server = Server::start(move |_| Act::json(503, "{}").with("Retry-After", asked));
        let house = house(1, &gateway(&server, "[queue]\nexpire_days = 1\n"), &SMS);
        queue(&house);
        house.run(&["queue", "deliver"]).ok();
        let row = &rows(&house, "queued")[0];
        let at = row["not_before"].as_str().expect("an instant").to_owned();
        assert!(at.as_str() <= "2026-11-23T21:00:01-03:00", "{asked}: {at}");
    }
}

#[test]
fn trial_102_infobip_tells_an_empty_account_by_its_name_and_not_by_its_group() {
    let answer = |name: &str| {
        json!({"messages": [{"messageId": "m1", "status": {
            "groupId": 5, "groupName": "REJECTED", "name": name, "description": "words"}}]})
        .to_string()
    };
    let config = |server: &Server| {
        format!(
            "[sms]\nprovider = \"http\"\npreset = \"infobip\"\nbase_url = \"{}\"\ntoken = \"t\"\n\
             sender = \"s\"\nrate_per_minute = 0\nworkers = 1\n",
            server.url()
        )
    };
    let empty = answer("REJECTED_NOT_ENOUGH_CREDITS");
    let server = Server::start(move |_| Act::json(200, empty.clone()));
    let house_of_ours = house(6, &config(&server), &SMS);
    queue(&house_of_ours);
    assert_eq!(deliver(&house_of_ours), 4);
    assert_eq!(states(&house_of_ours, ["queued", "failed"]), [6, 0]);
    // One person's number stops nobody, however many there are.
    let theirs = answer("REJECTED_DESTINATION");
    let server = Server::start(move |_| Act::json(200, theirs.clone()));
    let house_of_theirs = house(12, &config(&server), &SMS);
    queue(&house_of_theirs);
    assert_eq!(deliver(&house_of_theirs), 1);
    assert_eq!(states(&house_of_theirs, ["queued", "failed"]), [0, 12]);
}

fn twilio(server: &Server) -> String {
    format!(
        "[sms]\nprovider = \"twilio\"\nbase_url = \"{}\"\naccount_sid = \"AC1\"\npassword = \"p\"\n\
         from = \"+15550100\"\nrate_per_minute = 0\nworkers = 1\n",
        server.url()
    )
}

fn twilio_error(status: u16, code: i64) -> Act {
    let body = json!({"code": code, "message": format!("error {code}"), "status": status});
    Act::json(status, body.to_string())
}

#[test]
fn trial_102_twilio_tells_of_our_sender_and_our_account() {
    for (status, code) in [(400, 21_704), (403, 21_408), (400, 21_212), (404, 20_404)] {
        let server = Server::start(move |_| twilio_error(status, code));
        let house = house(5, &twilio(&server), &SMS);
        queue(&house);
        assert_eq!(deliver(&house), 4, "{code}");
        assert_eq!(states(&house, ["queued", "failed"]), [5, 0], "{code}");
        assert_eq!(server.seen().len(), 1, "{code}");
    }
}

#[test]
fn trial_104_who_told_the_provider_to_stop_is_opted_out() {
    let server = Server::start(|_| twilio_error(400, 21_610));
    let house = house(1, &twilio(&server), &SMS);
    queue(&house);
    assert_eq!(deliver(&house), 1);
    assert_eq!(rows(&house, "failed")[0]["reason"], "opted_out");
    let listed = house.json(&["optout", "list"]);
    assert_eq!(listed[0]["channel"], "sms");
    assert_eq!(listed[0]["purpose"], Value::Null);

    let (_server, other) = meta(|_| refused(131_050), 1, "");
    queue(&other);
    assert_eq!(deliver(&other), 1);
    let listed = other.json(&["optout", "list"]);
    assert_eq!(
        (&listed[0]["channel"], &listed[0]["purpose"]),
        (&json!("whatsapp"), &json!("marketing"))
    );
}

#[test]
fn trial_105_an_outage_is_probed_once_a_minute_and_nobody_is_given_up() {
    let well = Arc::new(AtomicBool::new(false));
    let seen_well = Arc::clone(&well);
    let server = Server::start(move |_| {
        if seen_well.load(Ordering::SeqCst) {
            Act::json(200, "{}")
        } else {
            Act::json(503, "{}")
        }
    });
    let mut house = house(200, &gateway(&server, ""), &SMS);
    queue(&house);
    house.run(&["queue", "deliver"]).exits(4);
    let first = server.seen().len();
    assert!(first <= 20, "{first} requests of the first run");
    // The same minute again: nobody is asked.
    let run = house.run(&["queue", "deliver"]).exits(4);
    assert!(
        run.stderr.contains("one message a minute"),
        "{}",
        run.stderr
    );
    assert_eq!(server.seen().len(), first);
    for minute in 1..=20 {
        house.at(&format!("2026-11-23T09:{minute:02}"));
        house.run(&["queue", "deliver"]).exits(4);
        assert_eq!(server.seen().len(), first + minute, "at {minute}");
    }
    assert_eq!(states(&house, ["queued", "failed"]), [200, 0]);
    // Well again: the probe is taken, and the queue goes on in the same run.
    well.store(true, Ordering::SeqCst);
    house.at("2026-11-23T09:21");
    house.run(&["queue", "deliver"]).ok();
    let sent = rows(&house, "sent").len();
    assert!(sent >= 150, "{sent}");
    house.at("2026-11-25T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(states(&house, ["sent", "failed"]), [200, 0]);
}

#[test]
fn trial_105_an_outage_met_by_a_few_messages_is_probed_too() {
    let well = Arc::new(AtomicBool::new(false));
    let seen_well = Arc::clone(&well);
    let server = Server::start(move |_| {
        if seen_well.load(Ordering::SeqCst) {
            Act::json(200, "{}")
        } else {
            Act::json(503, "{}")
        }
    });
    let mut house = house(5, &gateway(&server, ""), &SMS);
    queue(&house);
    // Each is tried once, and waits its turn: that is no failure yet.
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.seen().len(), 5);
    for minute in 1..=10 {
        house.at(&format!("2026-11-23T09:{minute:02}"));
        house.run(&["queue", "deliver"]).exits(4);
        assert_eq!(server.seen().len(), 5 + minute, "at {minute}");
    }
    // None has spent the tries that it has at once, so all go within minutes of the end.
    well.store(true, Ordering::SeqCst);
    for minute in 11..=20 {
        house.at(&format!("2026-11-23T09:{minute:02}"));
        house.run(&["queue", "deliver"]).ok();
    }
    assert_eq!(states(&house, ["sent", "queued"]), [5, 0]);
}

#[test]
fn trial_105_one_message_that_comes_back_later_is_no_outage() {
    let server = Server::start(|_| Act::json(503, "{}"));
    let mut house = house(1, &gateway(&server, ""), &SMS);
    queue(&house);
    house.run(&["queue", "deliver"]).ok();
    house.at("2026-11-23T09:01");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn trial_106_who_is_talking_with_somebody_costs_no_attempt() {
    let server = Server::start(|seen| {
        let data = if seen.method == "POST" {
            let words = "Este contato já está em atendimento com Ana";
            let body = json!({"status": "error", "code": 400, "data": {"message": words}});
            return Act::json(400, body.to_string());
        } else if seen.path.ends_with("/limites-diarios-envio") {
            return Act::json(200, "{}");
        } else if seen.path.ends_with("/template") {
            json!([{"_id": "t1", "atalho": "oi", "texto": "Oi {{1}}!"}])
        } else {
            json!([{"_id": "c1", "nome": "Um", "canal": "Whatsapp", "status": "A"}])
        };
        let answer = json!({"status": "success", "code": 200, "data": data});
        Act::json(200, answer.to_string())
    });
    let config = format!(
        "[whatsapp]\nprovider = \"opa\"\nbase_url = \"{}\"\ntoken = \"t\"\n[queue]\nmax_attempts = 2\n",
        server.url()
    );
    let mut house = house(
        1,
        &config,
        &[
            "--channel",
            "whatsapp",
            "--provider-channel",
            "c1",
            "--provider-template",
            "t1",
            "--var",
            "1=cliente_nome",
        ],
    );
    queue(&house);
    for hour in 9..20 {
        house.at(&format!("2026-11-23T{hour:02}:00"));
        house.run(&["queue", "deliver"]).ok();
        assert_eq!(rows(&house, "queued").len(), 1, "at {hour}");
    }
    house.at("2026-11-30T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(rows(&house, "skipped")[0]["reason"], "expired");
}

#[test]
fn trial_109_a_connection_that_ends_after_so_many_goes_on_at_once_with_another() {
    let server = MailServer::start(Manner {
        ends_after: Some(3),
        ..Manner::default()
    });
    let house = house(10, &smtp(&server), &MAIL);
    queue(&house);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.mails().len(), 10);
    assert!(rows(&house, "sent").iter().all(|row| row["attempts"] == 1));
    assert_eq!(server.connections(), 4);
}

#[test]
fn trial_111_a_name_in_two_languages_means_the_configured_one() {
    let (server, house) = meta(|_| sent(), 1, "language = \"pt_BR\"\n");
    queue(&house);
    house.run(&["queue", "deliver"]).ok();
    let post = server.seen().into_iter().find(|seen| seen.method == "POST");
    let body = post.expect("a send").json();
    assert_eq!(body["template"]["language"]["code"], "pt_BR");
}

#[test]
fn trial_112_marketing_goes_to_its_own_endpoint_when_that_is_set() {
    let answer = |seen: &Seen| {
        if seen.path.ends_with("/marketing_messages") {
            sent()
        } else {
            refused(131_063)
        }
    };
    let (_server, house) = meta(answer, 2, "");
    queue(&house);
    let run = house.run(&["queue", "deliver"]).exits(4);
    assert!(
        run.stderr.contains("marketing_endpoint = true"),
        "{}",
        run.stderr
    );
    assert_eq!(states(&house, ["queued", "failed"]), [2, 0]);
    let (_server, house) = meta(answer, 2, "marketing_endpoint = true\n");
    queue(&house);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(states(&house, ["sent"]), [2]);
}

#[test]
fn a_channel_that_resends_by_itself_ends_unknown_and_not_given_up() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = Server::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Act::Cut
    });
    let more = "[queue]\nresend_unknown = [\"sms\"]\nmax_attempts = 2\n";
    let mut house = house(1, &gateway(&server, more), &SMS);
    queue(&house);
    for time in ["23T09:00", "27T09:00"] {
        house.at(&format!("2026-11-{time}"));
        house.run(&["queue", "deliver"]);
    }
    assert_eq!(states(&house, ["unknown", "failed"]), [1, 0]);
    assert!(asked.load(Ordering::SeqCst) >= 2);
}

#[test]
fn trial_38_a_template_that_nothing_of_ours_can_fill_is_refused_when_it_is_saved() {
    let buttons = |kind: &str| json!({"type": "BUTTONS", "buttons": [{"type": kind, "text": "x"}]});
    for (component, named) in [
        (buttons("COPY_CODE"), "copy-code"),
        (json!({"type": "HEADER", "format": "IMAGE"}), "header"),
        (json!({"type": "HEADER", "format": "VIDEO"}), "header"),
        (json!({"type": "CAROUSEL", "cards": []}), "carousel"),
        (buttons("OTP"), "one-time"),
        (json!({"type": "LIMITED_TIME_OFFER"}), "offer"),
    ] {
        let components = [
            json!({"type": "BODY", "text": "Oi {{1}}!"}),
            component.clone(),
        ];
        let server = Server::start(move |_| {
            let row = json!({"id": "1", "name": "oi", "language": "pt_BR", "status": "APPROVED",
                             "components": components});
            Act::json(200, json!({"data": [row]}).to_string())
        });
        let house = House::new();
        house.write(
            "config.toml",
            format!(
                "[whatsapp]\nprovider = \"meta\"\nbase_url = \"{}/v24.0\"\nphone_number_id = \"pn\"\n\
                 account_id = \"wa\"\ntoken = \"t\"\n",
                server.url()
            ),
        );
        let add = "template add oi --channel whatsapp --kind support --provider-template oi --var 1=cliente_nome";
        let run = house.run(&add.split(' ').collect::<Vec<_>>()).exits(3);
        assert!(run.stderr.contains(named), "{component}: {}", run.stderr);
    }
}

#[test]
fn trial_37_a_preference_without_the_ninth_digit_is_an_opt_out_of_marketing() {
    let house = house(2, "", &SMS);
    let told = |value: &str| {
        json!({"entry": [{"changes": [{"field": "user_preferences", "value": {
            "contacts": [{"wa_id": "554999990002"}],
            "user_preferences": [{"wa_id": "554999990002", "category": "marketing_messages",
                                  "value": value, "timestamp": 1_764_100_000}]}}]}]})
        .to_string()
    };
    let run = house.run_with(&["whatsapp", "status", "-", "--json"], told("stop"));
    assert_eq!(run.ok().json()["opt_outs"], 1);
    let listed = house.json(&["optout", "list"]);
    assert_eq!(listed[0]["client_id"], 2);
    assert_eq!(listed[0]["channel"], "whatsapp");
    assert_eq!(listed[0]["purpose"], "marketing");
    house
        .run_with(&["whatsapp", "status", "-"], told("resume"))
        .ok();
    assert_eq!(house.json(&["optout", "list"]), json!([]));
}
