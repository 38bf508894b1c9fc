//! Tickets: who hears of what, told by flags, by events, and by the triggers that decide.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::house::House;

/// A provider's office: two managers' worth of staff, three topics, triggers for every event.
fn office() -> House {
    let house = House::with_book();
    house.write(
        "staff.csv",
        "id,name,email,mobile,teams,ticket_manager,notify_replies,notify_workflow,active\n\
         2,Gabi,gabi@p.example.com,,,S,N,S,S\n\
         3,Rui,rui@p.example.com,49 98888-0003,Suporte,N,S,S,S\n\
         5,Lia,,49 98888-0005,Suporte|Redes,N,S,N,S\n\
         34,Henrique,henrique@p.example.com,,Redes,N,N,S,S\n\
         40,Zeca,zeca@p.example.com,,Suporte,N,S,S,N\n",
    );
    house.write(
        "topics.csv",
        "id,name,parent_id,teams,alert_text,alert_staff\n\
         4,Suporte técnico,,Suporte,,\n\
         9,Sem sinal,4,,Sem sinal: #cliente_nome# em #atendimento_id#,5|34\n\
         7,Financeiro,,,,\n",
    );
    house.run(&["import", "staff", "staff.csv"]).ok();
    house.run(&["import", "topics", "topics.csv"]).ok();
    house.write("rules.toml", RULES);
    house.run(&["apply", "rules.toml"]).ok();
    house
}

const RULES: &str = r##"
[[template]]
name = "opened-email"
channel = "email"
kind = "support"
title = "Atendimento #atendimento_id#"
body = "#cliente_primeiro_nome#: #atendimento_titulo# (#atendimento_assunto#)"

[[template]]
name = "opened-sms"
channel = "sms"
kind = "support"
body = "Atendimento #atendimento_id# aberto"

[[template]]
name = "staff-email"
channel = "email"
kind = "support"
title = "Novo #atendimento_id#"
body = "#atendimento_titulo# de #cliente_nome#"

[[template]]
name = "moved-email"
channel = "email"
kind = "support"
title = "Atendimento #atendimento_id#"
body = "#atendimento_status_anterior# -> #atendimento_status# (#atendimento_mensagem#)"

[[template]]
name = "replied-email"
channel = "email"
kind = "support"
title = "Resposta em #atendimento_id#"
body = "#atendimento_resposta#"

[[trigger]]
name = "client"
event = "new-ticket-client"
templates = ["opened-email", "opened-sms"]

[[trigger]]
name = "by-client"
event = "new-public-ticket-by-client"
staff = [34, 3]
templates = ["staff-email"]

[[trigger]]
name = "internal"
event = "new-internal-ticket"
topics = [4]
templates = ["staff-email"]

[[trigger]]
name = "resolved"
event = "workflow"
to = ["resolved"]
audience = ["client", "responsible", "managers"]
templates = ["moved-email"]

[[trigger]]
name = "answered"
event = "reply"
staff = [3]
fallback = "team:Suporte"
templates = ["replied-email"]
"##;

const OPENED: &str = r#"{"id":"e1","type":"opened","at":"2026-11-21T10:00:00-03:00","ticket_id":1070,"client_id":1,"topic_id":4,"subtopic_id":9,"title":"Caiu a internet","opened_by":"client","visible_to_client":true,"responsible_id":34,"priority":"normal","status":"in_progress","text":"Nada funciona"}"#;
const REPLIED: &str =
    r#"{"id":"e2","type":"replied","ticket_id":1070,"text":"Alguma novidade?","by":"client"}"#;
const MOVED: &str = r#"{"id":"e3","type":"moved","ticket_id":1070,"from":null,"to":"resolved"}"#;

/// The ticket messages, as they were made: key and status.
fn history(house: &House) -> Vec<(String, String)> {
    let rows = house.json(&["history", "--origin", "ticket", "--limit", "0"]);
    let mut rows: Vec<(i64, String, String)> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            (
                row["id"].as_i64().expect("an id"),
                text("key"),
                text("status"),
            )
        })
        .collect();
    rows.sort();
    rows.into_iter()
        .map(|(_, key, status)| (key, status))
        .collect()
}

fn keys(house: &House) -> Vec<String> {
    history(house).into_iter().map(|(key, _)| key).collect()
}

/// The delivered message of a key.
fn delivered(house: &House, file: &str, key: &str) -> Value {
    house
        .lines(file)
        .into_iter()
        .find(|line| line["key"] == key)
        .unwrap_or_else(|| panic!("{key} was not delivered"))
}

#[test]
fn a_ticket_opened_answered_and_resolved_tells_each_once_and_in_order() {
    let house = office();
    house.write("events.jsonl", [OPENED, REPLIED, MOVED].join("\n"));
    let answer = house.json(&["ticket", "events", "events.jsonl"]);
    assert_eq!(answer["events"], json!({"taken": 3, "known": 0, "bad": 0}));
    assert_eq!(
        answer["messages"],
        json!({"sent": 11, "failed": 0, "queued": 0, "skipped": 1, "unknown": 0})
    );
    assert_eq!(answer["reasons"], json!({"no_contact": 1}));
    assert_eq!(
        keys(&house),
        [
            "ticket/e1/client:1/email",
            "ticket/e1/client:1/sms",
            "ticket/e1/staff:2/email",
            "ticket/e1/staff:3/email",
            "ticket/e1/staff:5/email",
            "ticket/e1/staff:34/email",
            "ticket/e1/staff:5/sms/alert:9",
            "ticket/e2/staff:3/email",
            "ticket/e2/staff:34/email",
            "ticket/e3/client:1/email",
            "ticket/e3/staff:34/email",
            "ticket/e3/staff:2/email",
        ]
    );
    let opened = delivered(&house, "email.jsonl", "ticket/e1/client:1/email");
    assert_eq!(opened["title"], "Atendimento 1070");
    assert_eq!(opened["body"], "Ana: Caiu a internet (Suporte técnico)");
    let alert = delivered(&house, "sms.jsonl", "ticket/e1/staff:5/sms/alert:9");
    assert_eq!(alert["body"], "Sem sinal: Ana Lima em 1070");
    assert_eq!(alert["address"], "+5549988880005");
    // The status before and the opening text come from what was told earlier.
    let moved = delivered(&house, "email.jsonl", "ticket/e3/client:1/email");
    assert_eq!(moved["body"], "em andamento -> resolvido (Nada funciona)");

    let shown = house.json(&["ticket", "show", "1070"]);
    assert_eq!(shown["status"], "resolved");
    assert_eq!(shown["visible_to_client"], true);
    assert_eq!(shown["opened_at"], "2026-11-21T10:00:00-03:00");
    assert_eq!(shown["events"].as_array().map(Vec::len), Some(3));
    let told = shown["told"].as_array().expect("who was told");
    assert_eq!(told.len(), 12);
    assert_eq!(told[0]["person"], "client:1");
    assert_eq!(told[0]["name"], "Ana Lima");
    assert_eq!(told[0]["event"], "client");
    assert_eq!(told[0]["sent_at"], "2026-11-23T09:00:00-03:00");
    assert_eq!(told[6]["event"], "alert:9");
    let listed = house.json(&["ticket", "list", "--client", "1", "--status", "Resolved"]);
    assert_eq!(listed[0]["messages"], 12);
    assert_eq!(listed[0]["told"].as_array().map(Vec::len), Some(12));
    house
        .run(&["ticket", "show", "1070"])
        .ok()
        .prints("Ana Lima (client:1) by email: client, sent");
}

#[test]
fn a_known_event_is_passed_over_silently() {
    let house = office();
    house.run_with(&["ticket", "events", "-"], OPENED).ok();
    let before = history(&house);
    let again = house.run_with(&["ticket", "events", "-"], OPENED).ok();
    assert_eq!(again.stderr, "");
    assert_eq!(history(&house), before);
    let by_flags = house.json(&[
        "ticket", "move", "--ticket", "1070", "--to", "resolved", "--id", "e1",
    ]);
    assert_eq!(by_flags["known"], true);
    assert_eq!(by_flags["messages"], json!([]));
    assert_eq!(
        house.json(&["ticket", "show", "1070"])["status"],
        "in_progress"
    );
}

#[test]
fn a_bad_line_is_named_and_the_others_go_on() {
    let house = office();
    let lines = format!(
        "{OPENED}\n{{\"id\":\"x\",\"type\":\"moved\",\"ticket_id\":\"1070\",\"titel\":1}}\nnonsense\n\n{REPLIED}\n"
    );
    let ran = house
        .run_with(&["ticket", "events", "-", "--json"], &lines)
        .exits(1)
        .says("standard input:2: titel: is not a known key, did you mean `title`?")
        .says("standard input:2: ticket_id: found the text `1070`")
        .says("standard input:3: is not an event");
    let answer = ran.json();
    assert_eq!(answer["events"], json!({"taken": 2, "known": 0, "bad": 2}));
    assert_eq!(answer["problems"][0]["place"], "standard input:2: titel");
    assert!(keys(&house).contains(&"ticket/e2/staff:34/email".to_owned()));

    let strict = office();
    let answer = strict
        .run_with(&["ticket", "events", "-", "--strict", "--json"], &lines)
        .exits(3)
        .says("stopped at the first bad line")
        .json();
    assert_eq!(answer["events"], json!({"taken": 1, "known": 0, "bad": 1}));
    // What came before it was told.
    assert_eq!(
        history(&strict)[0],
        ("ticket/e1/client:1/email".to_owned(), "sent".to_owned())
    );
}

#[test]
fn no_client_hears_of_an_internal_ticket_and_managers_of_every_one() {
    let house = office();
    let answer = house.json(&[
        "ticket",
        "open",
        "--ticket",
        "8",
        "--client",
        "1",
        "--topic",
        "7",
        "--title",
        "Auditoria",
        "--opened-by",
        "staff",
    ]);
    // Topic 7 has no trigger of its own: its manager hears in the words of the event's first.
    let messages = answer["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["person"], "staff:2");
    assert_eq!(messages[0]["list"], "managers");
    assert_eq!(messages[0]["event"], "internal");
    assert_eq!(messages[0]["status"], "sent");
    assert_eq!(
        answer["left_out"][0]["why"],
        "the ticket is not visible to the client"
    );
    // Opened by the client, it is visible whatever the event says.
    house
        .run_with(
            &["ticket", "events", "-"],
            r#"{"id":"v","type":"opened","ticket_id":9,"client_id":1,"opened_by":"client","visible_to_client":false,"title":"Oi","topic_id":7}"#,
        )
        .ok();
    assert!(keys(&house).contains(&"ticket/v/client:1/email".to_owned()));
    let told = house.json(&["history", "--client", "1"]);
    let tickets: Vec<&Value> = told
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| &row["ticket_id"])
        .collect();
    assert!(
        tickets.iter().all(|ticket| **ticket == json!(9)),
        "{tickets:?}"
    );
}

#[test]
fn the_book_fills_in_what_an_event_leaves_out() {
    let house = office();
    house.write(
        "tickets.csv",
        "id,client_id,topic_id,title,status,priority,responsible_id,opened_by,visible_to_client,opened_at\n\
         50,3,4,Fatura,open,urgent,40,client,N,2026-11-20 08:00\n",
    );
    house.run(&["import", "tickets", "tickets.csv"]).ok();
    // Its responsible is inactive, so the fallback hears: Lia has no e-mail, Rui is named already.
    let answer = house.json(&[
        "ticket", "reply", "--ticket", "50", "--text", "Oi", "--by", "client",
    ]);
    let told: Vec<(&Value, &Value, &Value)> = answer["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|m| (&m["person"], &m["list"], &m["status"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("staff:3"), &json!("staff"), &json!("sent")),
            (&json!("staff:5"), &json!("fallback"), &json!("skipped")),
        ]
    );
    let moved = house.json(&[
        "ticket", "move", "--ticket", "50", "--to", "resolved", "--id", "m",
    ]);
    assert_eq!(moved["messages"][0]["person"], "client:3");
    // Nobody told the opening text: the client hears without it.
    assert_eq!(moved["messages"][0]["status"], "sent");
    assert_eq!(
        moved["messages"][0]["left_empty"],
        json!(["atendimento_mensagem"])
    );
}

#[test]
fn what_the_book_does_not_know_stops_no_event() {
    let house = office();
    let answer = house.json(&[
        "ticket",
        "open",
        "--ticket",
        "60",
        "--client",
        "999",
        "--topic",
        "4",
        "--subtopic",
        "77",
        "--responsible",
        "88",
        "--opened-by",
        "client",
        "--title",
        "Novo",
        "--id",
        "n",
    ]);
    assert_eq!(answer["messages"][0]["person"], "client:999");
    assert_eq!(answer["messages"][0]["reason"], "no_contact");
    assert_eq!(
        answer["messages"][0]["detail"],
        "the book has no client 999"
    );
    // The client comes with the next import, and the ticket still knows whose it is.
    house.write(
        "late.csv",
        "id,name,person_type,email\n999,Nova,F,nova@example.com\n",
    );
    house.run(&["import", "clients", "late.csv"]).ok();
    assert_eq!(house.json(&["ticket", "show", "60"])["client_name"], "Nova");
    let moved = house.json(&["ticket", "move", "--ticket", "60", "--to", "resolved"]);
    assert_eq!(moved["messages"][0]["person"], "client:999");
    assert_eq!(moved["messages"][0]["name"], "Nova");
}

#[test]
fn the_contact_policy_holds_for_clients_and_hours_for_everyone() {
    let mut house = office();
    house
        .run(&["optout", "add", "--client", "1", "--channel", "sms"])
        .ok();
    let opened = house.json(&[
        "ticket",
        "open",
        "--ticket",
        "70",
        "--client",
        "1",
        "--topic",
        "7",
        "--title",
        "X",
        "--opened-by",
        "client",
    ]);
    assert_eq!(opened["messages"][1]["reason"], "opted_out");
    for template in ["opened-email", "staff-email"] {
        house
            .run(&["template", "edit", template, "--purpose", "marketing"])
            .ok();
    }
    house.at("2026-11-23T21:00");
    let late = house.json(&[
        "ticket",
        "open",
        "--ticket",
        "71",
        "--client",
        "1",
        "--topic",
        "7",
        "--title",
        "X",
        "--opened-by",
        "client",
    ]);
    for (i, person) in [(0, "client:1"), (2, "staff:2")] {
        assert_eq!(late["messages"][i]["person"], person);
        assert_eq!(late["messages"][i]["status"], "queued");
        assert_eq!(
            late["messages"][i]["not_before"],
            "2026-11-24T08:00:00-03:00"
        );
    }
}

#[test]
fn a_rehearsal_tells_who_would_hear_and_writes_nothing() {
    let house = office();
    house.write("event.json", OPENED.replace(",\"", ",\n  \""));
    let answer = house.json(&["trigger", "test", "by-client", "--event", "event.json"]);
    assert_eq!(answer["matches"], true);
    let heard: Vec<(i64, &str, &str, &str)> = answer["hears"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            (
                row["position"].as_i64().expect("a place"),
                row["person"].as_str().expect("who"),
                row["channel"].as_str().expect("how"),
                row["list"].as_str().expect("from where"),
            )
        })
        .collect();
    assert_eq!(
        heard,
        [
            (3, "staff:2", "email", "managers"),
            (4, "staff:3", "email", "teams"),
            (5, "staff:5", "email", "teams"),
            (6, "staff:34", "email", "staff"),
            (7, "staff:5", "sms", "alert:9"),
        ]
    );
    assert_eq!(answer["hears"][0]["body"], "Caiu a internet de Ana Lima");
    let whys: Vec<String> = answer["left_out"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            format!(
                "{} {}",
                row["person"].as_str().unwrap_or("-"),
                row["why"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        whys,
        [
            "staff:40 is inactive",
            "staff:3 hears already, from the list teams",
            "staff:34 hears already, from the list staff",
        ]
    );
    assert_eq!(history(&house), []);
    house.run(&["ticket", "show", "1070"]).exits(3);
    let other = house.json(&["trigger", "test", "answered", "--event", "event.json"]);
    assert_eq!(other["matches"], false);
    assert_eq!(
        other["mismatch"],
        "it listens to events of type replied, and this one is opened"
    );
    house
        .run_with(
            &["trigger", "test", "answered", "--event", "-"],
            "{\"id\":\"x\"}",
        )
        .exits(3)
        .says("standard input: type: is missing");
    house
        .run(&["trigger", "test", "by-clent", "--event", "event.json"])
        .exits(3)
        .says("did you mean `by-client`?");
}

#[test]
fn triggers_are_checked_when_saved() {
    let house = office();
    house
        .run(&[
            "template",
            "add",
            "push",
            "--channel",
            "push",
            "--kind",
            "support",
            "--title",
            "t",
            "--body",
            "b",
        ])
        .ok();
    for (arguments, code, says) in [
        (
            &["--event", "reply", "--template", "push"][..],
            3,
            "`push` is a push template, it tells staff: by sms, email and chat",
        ),
        (
            &["--event", "reply", "--template", "nope"],
            3,
            "there is no template `nope`",
        ),
        (
            &["--event", "reply", "--template", "opened-email,staff-email"],
            3,
            "are both email templates",
        ),
        (&["--event", "reply"], 3, "templates: names none"),
        (
            &[
                "--event",
                "reply",
                "--template",
                "opened-email",
                "--to",
                "x",
            ],
            3,
            "to: does not go with event reply",
        ),
        (
            &[
                "--event",
                "workflow",
                "--template",
                "opened-email",
                "--staff",
                "3",
            ],
            3,
            "audience = [\"staff:3\"]",
        ),
        (
            &[
                "--event",
                "workflow",
                "--template",
                "opened-email",
                "--audience",
                "boss",
            ],
            2,
            "--audience boss is nobody",
        ),
        (
            &["--event", "replys", "--template", "opened-email"],
            2,
            "new-ticket-client",
        ),
    ] {
        let mut all = vec!["trigger", "add", "t"];
        all.extend(arguments);
        house.run(&all).exits(code).says(says);
    }
    house
        .run(&[
            "trigger",
            "add",
            "client",
            "--event",
            "reply",
            "--template",
            "opened-email",
        ])
        .exits(3)
        .says("there is a trigger `client` already");
    house
        .run(&[
            "trigger", "add", "t", "--event", "new-internal-ticket", "--team", "Redes", "--staff", "34,5",
            "--template", "staff-email", "--duplicates", "allow",
        ])
        .ok()
        .says("warning: trigger `t`: Lia (5) does not have notify_workflow")
        .says("warning: trigger `t`: Henrique (34) is in teams and staff and alert:9 and may hear of one event as often");
    let edited = house
        .run(&[
            "trigger",
            "edit",
            "t",
            "--staff",
            "",
            "--duplicates",
            "",
            "--subtopic",
            "9",
        ])
        .ok();
    assert!(!edited.stderr.contains("warning"), "{}", edited.stderr);
    let shown = house.json(&["trigger", "show", "t"]);
    assert_eq!(
        shown,
        json!({
            "name": "t", "event": "new-internal-ticket", "topics": [], "subtopics": [9], "from": [],
            "to": [], "priorities": [], "audience": [], "teams": ["Redes"], "staff": [],
            "fallback": null, "templates": ["staff-email"], "duplicates": null,
        })
    );
    house
        .run(&["template", "remove", "staff-email"])
        .exits(3)
        .says("in use by trigger `by-client`, trigger `internal`, trigger `t`");
    house
        .run(&["template", "edit", "replied-email", "--body", "#areceber_valor#"])
        .exits(3)
        .says("trigger `answered`: templates: `replied-email` uses #areceber_valor#, which a ticket cannot supply");
    house.run(&["trigger", "remove", "t"]).ok();
    house.run(&["trigger", "show", "t"]).exits(3);
}

#[test]
fn allowed_duplicates_are_one_a_list() {
    let house = office();
    house
        .run(&[
            "trigger",
            "add",
            "a",
            "--event",
            "new-internal-ticket",
            "--subtopic",
            "9",
            "--team",
            "Redes",
            "--staff",
            "34",
            "--template",
            "staff-email",
            "--duplicates",
            "allow",
        ])
        .ok();
    house
        .run_with(
            &["ticket", "events", "-"],
            r#"{"id":"d","type":"opened","ticket_id":80,"client_id":1,"subtopic_id":9,"title":"X"}"#,
        )
        .ok();
    assert_eq!(
        keys(&house),
        [
            "ticket/d/staff:2/email/managers",
            "ticket/d/staff:3/email",
            "ticket/d/staff:5/email/teams",
            "ticket/d/staff:34/email/teams",
            "ticket/d/staff:34/email/staff",
            "ticket/d/staff:5/sms/alert:9",
            "ticket/d/staff:34/email/alert:9",
        ]
    );
}

#[test]
fn triggers_are_files_too() {
    let house = office();
    let exported = house.run(&["export"]).ok().stdout;
    assert!(exported.contains("[[trigger]]\nname = \"answered\"\nevent = \"reply\"\nstaff = [3]\nfallback = \"team:Suporte\"\n"), "{exported}");
    house.write("exported.toml", &exported);
    house
        .run(&["apply", "--check", "--prune", "exported.toml"])
        .ok()
        .prints("= trigger answered");
    house.write(
        "exported.toml",
        exported.replace("staff = [3]", "staff = [3, 34]"),
    );
    house
        .run(&["apply", "--check", "exported.toml"])
        .exits(6)
        .prints("~ trigger answered (staff)");
    house.write(
        "bad.toml",
        "[[trigger]]\nname = \"x\"\nevent = \"reply\"\nto = [\"y\"]\ntemplates = [\"opened-email\"]\n\n\
         [[trigger]]\nname = \"z\"\nevent = \"replied\"\ntemplates = [\"opened-email\"]\n",
    );
    house
        .run(&["apply", "bad.toml"])
        .exits(3)
        .says("bad.toml:4: trigger.to: does not go with event reply")
        .says("bad.toml:9: trigger.event: found `replied`, write one of:");
    house.write(
        "lost.toml",
        "[[trigger]]\nname = \"x\"\nevent = \"reply\"\ntemplates = [\"opened-emial\"]\n",
    );
    house
        .run(&["apply", "--check", "lost.toml"])
        .exits(3)
        .says("lost.toml:1: trigger.templates: there is no template `opened-emial`, did you mean `opened-email`?");
    // A file that changes a template's channel may not spoil a trigger it does not name.
    house.write("spoil.toml", "[[template]]\nname = \"replied-email\"\nchannel = \"push\"\nkind = \"support\"\ntitle = \"t\"\nbody = \"b\"\n");
    house
        .run(&["apply", "spoil.toml"])
        .exits(3)
        .says("`replied-email` is a push template");
    // What the files no longer name goes, triggers before their templates.
    house.write(
        "few.toml",
        "[[template]]\nname = \"only\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"b\"\n",
    );
    house
        .run(&["apply", "--prune", "few.toml"])
        .ok()
        .prints("- trigger answered")
        .prints("- template replied-email");
    assert_eq!(house.json(&["trigger", "list"]), json!([]));
}

/// Three events a ticket.
fn many(tickets: i64) -> Vec<String> {
    (1..=tickets)
        .flat_map(|n| {
            let ticket = 10_000 + n;
            [
                format!(r#"{{"id":"o{n}","type":"opened","ticket_id":{ticket},"client_id":1,"topic_id":4,"title":"T","opened_by":"client","responsible_id":34,"status":"open","text":"x"}}"#),
                format!(r#"{{"id":"r{n}","type":"replied","ticket_id":{ticket},"text":"x","by":"client"}}"#),
                format!(r#"{{"id":"m{n}","type":"moved","ticket_id":{ticket},"to":"resolved"}}"#),
            ]
        })
        .collect()
}

#[test]
fn a_run_killed_in_the_middle_and_run_again_tells_each_once() {
    const TICKETS: i64 = 100;
    let house = office();
    let events = many(TICKETS);
    let half = events.len() / 2;
    let mut child = house
        .command(&["ticket", "events", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut pipe = child.stdin.take().expect("its input");
    for event in &events[..half] {
        writeln!(pipe, "{event}").expect("room in the pipe");
    }
    pipe.flush().expect("a flushed pipe");
    // It waits for more now: once its last event is written down, it dies.
    let last = (10_000 + TICKETS / 2).to_string();
    let arrived = (0..3_000).any(|_| house.run(&["ticket", "show", &last]).code == 0);
    assert!(arrived, "half of the events are written down");
    child.kill().expect("a killed run");
    child.wait().expect("its end");
    assert_eq!(house.read("email.jsonl"), "", "nothing was delivered yet");

    house.write("all.jsonl", events.join("\n"));
    let answer = house.json(&["ticket", "events", "all.jsonl"]);
    let known = answer["events"]["known"].as_i64().expect("a number");
    assert!(known > 0, "{answer}");
    assert_eq!(answer["events"]["taken"], 3 * TICKETS - known);
    // Everyone of both runs has heard, once.
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for line in house
        .lines("email.jsonl")
        .into_iter()
        .chain(house.lines("sms.jsonl"))
    {
        *times
            .entry(line["key"].as_str().expect("a key").to_owned())
            .or_default() += 1;
    }
    assert!(times.values().all(|n| *n == 1));
    let made = history(&house);
    let sent = made.iter().filter(|(_, status)| status == "sent").count();
    assert_eq!(sent, times.len());
    // Client twice, Gabi, Rui, Henrique; Rui and Henrique; client, Henrique, Gabi.
    assert_eq!(i64::try_from(sent), Ok(10 * TICKETS));
    assert!(
        made.iter()
            .all(|(_, status)| status == "sent" || status == "skipped")
    );
}

#[test]
fn no_triggers_no_messages_and_unreadable_files_are_refused() {
    let house = House::with_book();
    let answer = house.json(&["ticket", "open", "--ticket", "1", "--client", "1"]);
    assert_eq!(answer["messages"], json!([]));
    assert_eq!(answer["type"], "opened");
    house
        .run(&["ticket", "events", "nowhere.jsonl"])
        .exits(3)
        .says("nowhere.jsonl cannot be read");
    house
        .run(&["ticket", "move", "--ticket", "1"])
        .exits(2)
        .says("--to STATUS");
    house
        .run(&["ticket", "show", "2"])
        .exits(3)
        .says("no ticket 2");
    let empty = house.run_with(&["ticket", "events", "-"], "").ok();
    assert!(empty.stderr.is_empty());
}

#[test]
fn a_purge_clears_what_events_said_and_never_their_ids() {
    let mut house = office();
    house.write("config.toml", "[retention]\nbodies_days = 10\n");
    house.run_with(&["ticket", "events", "-"], OPENED).ok();
    house
        .run(&[
            "task", "add", "p", "--run", "purge", "--minute", "0", "--hour", "3",
        ])
        .ok();
    house.at("2026-12-20T12:00");
    house.run(&["task", "run", "p"]).ok();
    let shown = house.json(&["ticket", "show", "1070"]);
    assert_eq!(shown["events"][0]["id"], "e1");
    assert_eq!(shown["events"][0]["text"], Value::Null);
    assert_eq!(shown["told"][0]["body"], Value::Null);
    let again = house
        .run_with(&["ticket", "events", "-", "--json"], OPENED)
        .ok();
    assert_eq!(again.json()["events"]["known"], 1);
}

/// Two triggers for staff of one event: the closer one names the priority, the other does not.
const WANTING: &str = r##"
[[template]]
name = "urgent-email"
channel = "email"
kind = "support"
title = "Prioridade #atendimento_prioridade#"
body = "#atendimento_titulo#: prioridade #atendimento_prioridade#."

[[template]]
name = "plain-email"
channel = "email"
kind = "support"
title = "Novo #atendimento_id#"
body = "#atendimento_titulo#"

[[trigger]]
name = "internal-network"
event = "new-internal-ticket"
topics = [4]
templates = ["urgent-email"]

[[trigger]]
name = "internal-all"
event = "new-internal-ticket"
teams = ["Redes"]
templates = ["plain-email"]
"##;

fn wanting() -> House {
    let house = office();
    for name in ["internal", "client"] {
        house.run(&["trigger", "remove", name]).ok();
    }
    house.write("wanting.toml", WANTING);
    house.run(&["apply", "wanting.toml"]).ok();
    house
}

#[test]
fn trial_25_nobody_is_left_untold_because_the_event_lacks_a_word() {
    let house = wanting();
    let ran = house.run(&[
        "ticket",
        "open",
        "--ticket",
        "7",
        "--topic",
        "4",
        "--title",
        "Fibra rompida",
        "--id",
        "e7",
    ]);
    // Gabi (2, a manager) and Lia (5, of both teams) hear in the next trigger's words; Rui (3) is named by the
    // first alone, and hears with the word left empty.
    ran.ok()
        .says("the event has nothing for #atendimento_prioridade#: the text leaves it empty")
        .prints("event e7: 3 messages told");
    let body = |key: &str| delivered(&house, "email.jsonl", key)["body"].clone();
    assert_eq!(body("ticket/e7/staff:2/email"), "Fibra rompida");
    assert_eq!(
        body("ticket/e7/staff:3/email"),
        "Fibra rompida: prioridade ."
    );
    assert_eq!(body("ticket/e7/staff:34/email"), "Fibra rompida");
    let told = house.json(&["history", "--origin", "ticket", "--limit", "0"]);
    let event = |key: &str| {
        let rows = told.as_array().expect("rows");
        let row = rows.iter().find(|row| row["key"] == key).expect(key);
        row["event"].clone()
    };
    assert_eq!(event("ticket/e7/staff:2/email"), "internal-all");
    assert_eq!(event("ticket/e7/staff:3/email"), "internal-network");
}

#[test]
fn trial_25_the_answer_names_the_variable_and_counts_as_told_only_what_was() {
    let house = wanting();
    let line = r#"{"id":"e8","type":"opened","ticket_id":8,"topic_id":4,"title":"Fibra"}"#;
    let answer = house
        .run_with(&["ticket", "events", "-", "--json"], line)
        .ok();
    let answer: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(answer["left_empty"], json!({"atendimento_prioridade": 1}));
    assert_eq!(answer["messages"]["skipped"], 1);
    let again = house.json(&[
        "ticket", "open", "--ticket", "9", "--topic", "4", "--title", "Poste", "--id", "e9",
    ]);
    let rui = again["messages"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["person"] == "staff:3"))
        .expect("Rui's");
    assert_eq!(rui["left_empty"], json!(["atendimento_prioridade"]));
    assert_eq!(rui["status"], "sent");
    // Lia has no e-mail: she is not counted as told.
    house
        .run(&[
            "ticket",
            "open",
            "--ticket",
            "10",
            "--topic",
            "4",
            "--title",
            "Poste",
            "--priority",
            "high",
        ])
        .ok()
        .prints("3 messages told, 1 skipped");
}

#[test]
fn trial_26_statuses_and_priorities_are_told_in_portuguese_or_in_the_provider_s_words() {
    let house = office();
    house.write(
        "moved.toml",
        "[[template]]\nname = \"moved-email\"\nchannel = \"email\"\nkind = \"support\"\ntitle = \"Atendimento\"\n\
         body = \"passou de #atendimento_status_anterior# para #atendimento_status#, prioridade #atendimento_prioridade#\"\n",
    );
    house.run(&["apply", "moved.toml"]).ok();
    house.write("opened.jsonl", OPENED);
    house.run(&["ticket", "events", "opened.jsonl"]).ok();
    let moved = |id: &str, from: &str| {
        house
            .run(&[
                "ticket",
                "move",
                "--ticket",
                "1070",
                "--from",
                from,
                "--to",
                "resolved",
                "--priority",
                "high",
                "--id",
                id,
            ])
            .ok();
        delivered(
            &house,
            "email.jsonl",
            &format!("ticket/{id}/client:1/email"),
        )["body"]
            .clone()
    };
    assert_eq!(
        moved("m1", "in_progress"),
        "passou de em andamento para resolvido, prioridade alta"
    );
    house.write(
        "config.toml",
        "[words]\nin_progress = \"em atendimento\"\nresolved = \"concluído\"\n",
    );
    assert_eq!(
        moved("m2", "in_progress"),
        "passou de em atendimento para concluído, prioridade alta"
    );
    assert_eq!(
        moved("m3", "Aguardando peça"),
        "passou de Aguardando peça para concluído, prioridade alta"
    );
}

#[test]
fn trial_86_an_event_that_names_another_client_is_refused_with_its_line() {
    let house = office();
    let moved = r#"{"id":"m1","type":"moved","ticket_id":1070,"client_id":2,"from":"open","to":"resolved"}"#;
    let reply = r#"{"id":"r1","type":"replied","ticket_id":1070,"client_id":1,"text":"ok"}"#;
    let lines = [OPENED, moved, reply].join("\n");
    let ran = house
        .run_with(&["ticket", "events", "-", "--json"], &lines)
        .exits(1)
        .says("standard input:2: client_id: names client 2, but ticket 1070 is client 1's");
    let answer: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(answer["events"], json!({"taken": 2, "known": 0, "bad": 1}));
    assert_eq!(house.json(&["ticket", "show", "1070"])["client_id"], 1);
    assert!(!keys(&house).iter().any(|key| key.contains("client:2")));
    house
        .run(&[
            "ticket", "move", "--ticket", "1070", "--client", "2", "--to", "resolved", "--id", "m2",
        ])
        .exits(3)
        .says("names client 2, but ticket 1070 is client 1's");
    // Refused is not told: the same id may come again, mended.
    let mended = moved.replace("\"client_id\":2", "\"client_id\":1");
    house.run_with(&["ticket", "events", "-"], &mended).ok();
    assert_eq!(
        house.json(&["ticket", "show", "1070"])["status"],
        "resolved"
    );
}

#[test]
fn the_first_ticket_example_tells_its_staff() {
    let house = House::with_book();
    let example = |name: &str| {
        std::fs::read(format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR")))
            .expect("an example")
    };
    for (name, from) in [
        ("staff.csv", "demo/staff.csv"),
        ("topics.csv", "demo/topics.csv"),
        ("ticket.toml", "ticket.toml"),
    ] {
        house.write(name, example(from));
    }
    house.run(&["import", "staff", "staff.csv"]).ok();
    house.run(&["import", "topics", "topics.csv"]).ok();
    house.run(&["apply", "ticket.toml"]).ok();
    // As the README opens one: without priority, status or responsible.
    house
        .run(&[
            "ticket",
            "open",
            "--ticket",
            "1070",
            "--client",
            "1",
            "--topic",
            "1",
            "--title",
            "Sem sinal",
            "--opened-by",
            "client",
            "--id",
            "e1",
        ])
        .ok();
    let told: Vec<String> = keys(&house);
    for person in ["staff:1", "staff:2", "staff:3"] {
        let key = format!("ticket/e1/{person}/email");
        assert!(told.contains(&key), "{told:?}");
        let body = delivered(&house, "email.jsonl", &key)["body"].clone();
        assert_eq!(
            body,
            "Ana Lima, assunto Suporte técnico, em 23/11/2026 09:00.\nPrioridade não informada, status aberto."
        );
    }
}
