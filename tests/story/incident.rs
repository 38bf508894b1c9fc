//! Outages: whom an incident concerns is told once a step, before all else, and of the end exactly once.

use serde_json::Value;

use crate::house::House;

const WORDS: &str = r#"
[[template]]
name = "outage"
channel = "sms"
kind = "support"
body = "Sem sinal no seu bairro, #cliente_primeiro_nome#."

[[template]]
name = "longer"
channel = "sms"
kind = "support"
body = "Demora mais um pouco."

[[template]]
name = "over"
channel = "sms"
kind = "support"
body = "O sinal voltou."

[[template]]
name = "over-of-login"
channel = "sms"
kind = "support"
body = "O sinal de #login|sua casa# voltou."

[[template]]
name = "zap"
channel = "whatsapp"
kind = "support"
description = "Queda"
body = "Sem sinal, {{1}}."
variables = ["cliente_primeiro_nome"]

[[template]]
name = "offer"
channel = "sms"
kind = "general"
body = "Leve mais velocidade!"

[[template]]
name = "bill"
channel = "sms"
kind = "financial"
body = "Sua fatura #areceber_numero# venceu."
"#;

/// Ten clients by sms, the first six on POP Centro; each has a login of the same number.
fn town() -> House {
    let house = House::new();
    let mut clients = "id,name,person_type,mobile\n".to_owned();
    let mut contracts = "id,client_id,status,access_status\n".to_owned();
    let mut logins = "id,client_id,contract_id,username,pop,box,concentrator,online\n".to_owned();
    for id in 1..=10 {
        let pop = if id <= 6 { "Centro" } else { "Norte" };
        clients += &format!("{id},Cliente{id} Silva,F,49 98888-{id:04}\n");
        contracts += &format!("{},{id},A,A\n", 100 + id);
        logins += &format!("{id},{id},{},user{id},{pop},CX-{id},BRAS,N\n", 100 + id);
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.write("book/logins.csv", logins);
    house.write("words.toml", WORDS);
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "words.toml"]).ok();
    house
}

const OPEN: &[&str] = &[
    "incident",
    "open",
    "centro",
    "--report",
    "logins",
    "--filter",
    "pop=Centro",
    "--template",
    "outage",
];

/// The keys delivered to a file, in order.
fn delivered(house: &House, file: &str) -> Vec<String> {
    let key = |line: &Value| line["key"].as_str().expect("a key").to_owned();
    house.lines(file).iter().map(key).collect()
}

/// Keys of messages in a state, in order of their ids.
fn in_state(house: &House, status: &str) -> Vec<String> {
    let rows = house.json(&["history", "--status", status, "--limit", "0"]);
    let mut rows: Vec<&Value> = rows.as_array().expect("rows").iter().collect();
    rows.sort_by_key(|row| row["id"].as_i64());
    rows.iter()
        .map(|row| row["key"].as_str().expect("a key").to_owned())
        .collect()
}

#[test]
fn an_outage_is_opened_updated_and_closed() {
    let mut house = town();
    let opened = house.json(OPEN);
    assert_eq!(opened["concerned"], 6);
    assert_eq!(opened["told"], 6);
    assert_eq!(opened["steps"], 1);
    assert_eq!(opened["messages"]["sent"], 6);
    let expected: Vec<String> = (1..=6).map(|id| format!("incident/1/1/{id}/sms")).collect();
    assert_eq!(delivered(&house, "sms.jsonl"), expected);
    let row = &house.json(&["history", "--origin", "incident", "--limit", "1"])[0];
    assert_eq!(row["purpose"], "service");
    assert_eq!(row["event"], "centro:open");

    // The same again tells nobody twice; another one under the name is refused.
    house.run(OPEN).ok().says("was told already");
    let mut other = OPEN.to_vec();
    other[6] = "pop=Norte";
    house.run(&other).exits(3).says("it differs in filters");
    assert_eq!(house.lines("sms.jsonl").len(), 6);

    // Client 7 moves to the POP: a newcomer of the update, which tells all seven.
    house.at("2026-11-23T11:00");
    house.write("moved.csv", "id,pop\n7,Centro\n");
    house.run(&["import", "logins", "moved.csv"]).ok();
    let update = ["incident", "update", "centro", "--template", "longer"];
    let updated = house.json(&update);
    assert_eq!(updated["newcomers"], 1);
    assert_eq!(updated["concerned"], 7);
    assert_eq!(updated["messages"]["sent"], 7);
    house.run(&update).ok().says("was told already");
    let mut again = update.to_vec();
    again.push("--again");
    assert_eq!(house.json(&again)["steps"], 3);

    // Client 2 says no, and login 3 is client 8's now.
    house.run(&["optout", "add", "--client", "2"]).ok();
    house.write("sold.csv", "id,client_id,contract_id\n3,8,108\n");
    house.run(&["import", "logins", "sold.csv"]).ok();
    house.at("2026-11-23T15:00");
    let close = ["incident", "close", "centro", "--template", "over-of-login"];
    let closed = house.json(&close);
    assert_eq!(closed["messages"]["sent"], 6);
    assert_eq!(closed["reasons"]["opted_out"], 1);
    assert_eq!(closed["closed_at"], "2026-11-23T15:00:00-03:00");
    let lines = house.lines("sms.jsonl");
    let end = |client: i64| {
        let key = format!("incident/1/4/{client}/sms");
        lines.iter().find(|line| line["key"] == *key)
    };
    assert_eq!(end(1).expect("told")["body"], "O sinal de user1 voltou.");
    assert_eq!(
        end(3).expect("told of the end")["body"],
        "O sinal de sua casa voltou."
    );
    assert!(end(2).is_none() && end(8).is_none());
    house.run(&close).ok().says("was told already");
    assert_eq!(house.lines("sms.jsonl").len(), lines.len());
    let mut other = close.to_vec();
    other[4] = "over";
    house.run(&other).exits(3).says("was closed at");

    let shown = house.json(&["incident", "show", "centro"]);
    assert_eq!(shown["told"], 7);
    assert_eq!(shown["told_steps"].as_array().expect("steps").len(), 4);
    let listed = house.json(&["incident", "list"]);
    for key in [
        "name",
        "report",
        "opened_at",
        "until",
        "closed_at",
        "concerned",
        "told",
        "failed",
        "steps",
    ] {
        assert!(listed[0].get(key).is_some(), "{key}");
    }
    // The name is free again.
    assert_eq!(house.json(OPEN)["incident_id"], 2);
}

#[test]
fn what_is_told_of_an_outage_goes_before_all_else_whatsapp_too() {
    let house = town();
    house
        .run(&[
            "send",
            "contracts",
            "--template",
            "zap",
            "--filter",
            "client_id>=4",
            "--yes",
        ])
        .ok();
    assert_eq!(house.lines("whatsapp.jsonl").len(), 0);
    let mut open = OPEN.to_vec();
    open[8] = "zap";
    house.run(&open).ok();
    let keys = delivered(&house, "whatsapp.jsonl");
    assert_eq!(keys.len(), 13);
    assert!(
        keys[..6].iter().all(|key| key.starts_with("incident/1/1/")),
        "{keys:?}"
    );
}

#[test]
fn a_crash_between_writing_and_delivering_is_carried_on() {
    let house = town();
    // Nothing can be delivered: the file is a folder.
    std::fs::create_dir(house.path("sms.jsonl")).expect("a folder");
    house.run(OPEN).exits(4);
    assert_eq!(in_state(&house, "queued").len(), 6);
    std::fs::remove_dir(house.path("sms.jsonl")).expect("gone");
    house.run(OPEN).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 6);
}

#[test]
fn an_update_cancels_what_is_queued_and_the_end_is_told_to_those_who_were_told() {
    let mut house = town();
    std::fs::create_dir(house.path("sms.jsonl")).expect("a folder");
    house.run(OPEN).exits(4);
    let update = ["incident", "update", "centro", "--template", "longer"];
    let ran = house.run(&update).exits(4);
    assert!(
        ran.stderr.contains("6 queued messages of earlier steps"),
        "{}",
        ran.stderr
    );
    assert_eq!(in_state(&house, "cancelled").len(), 6);
    // A person puts a cancelled one back: it has been overtaken.
    std::fs::remove_dir(house.path("sms.jsonl")).expect("gone");
    house.run(&["queue", "retry", "--cancelled", "1"]).ok();
    // One client was told of the update, and nobody else before the end.
    house
        .run(&["queue", "cancel", "--client", "3", "--yes"])
        .ok();
    house
        .run(&["queue", "cancel", "--client", "4", "--yes"])
        .ok();
    house.at("2026-11-23T12:00");
    house.run(&["queue", "deliver"]).ok();
    let sent = delivered(&house, "sms.jsonl");
    assert_eq!(
        sent,
        [1, 2, 5, 6].map(|id| format!("incident/1/2/{id}/sms"))
    );
    let expired = house.json(&["history", "--reason", "expired"]);
    assert_eq!(expired[0]["key"], "incident/1/1/1/sms");
    house
        .run(&["incident", "close", "centro", "--template", "over"])
        .ok();
    let told = &delivered(&house, "sms.jsonl")[4..];
    assert_eq!(
        told,
        [1, 2, 5, 6].map(|id| format!("incident/1/3/{id}/sms"))
    );
}

#[test]
fn a_client_in_two_outages_hears_of_each() {
    let house = town();
    house.run(OPEN).ok();
    house
        .run(&[
            "incident",
            "open",
            "caixa-1",
            "--report",
            "logins",
            "--filter",
            "box=CX-1",
            "--template",
            "outage",
        ])
        .ok();
    house
        .run(&["incident", "close", "centro", "--template", "over"])
        .ok();
    house
        .run(&["incident", "close", "caixa-1", "--template", "over"])
        .ok();
    let of_one: Vec<String> = delivered(&house, "sms.jsonl")
        .into_iter()
        .filter(|key| key.ends_with("/1/sms"))
        .collect();
    assert_eq!(
        of_one,
        [
            "incident/1/1/1/sms",
            "incident/2/1/1/sms",
            "incident/1/2/1/sms",
            "incident/2/2/1/sms"
        ]
    );
}

#[test]
fn marketing_waits_for_the_end_and_collections_where_it_is_asked() {
    let house = town();
    house.write(
        "invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n\
         51,1,101,2026-11-10,99.90,A\n59,9,109,2026-11-10,99.90,A\n",
    );
    house.run(&["import", "invoices", "invoices.csv"]).ok();
    let offer = ["send", "contracts", "--template", "offer", "--yes"];
    // One offer waits in the queue already: it is looked at again when its turn comes.
    let mut early = offer.to_vec();
    early.extend(["--filter", "client_id=1", "--deliver", "queue"]);
    house.run(&early).ok();
    let mut open = OPEN.to_vec();
    open.push("--hold-collection");
    house.run(&open).ok();
    let sent = house.json(&offer);
    assert_eq!(sent["messages"]["sent"], 4);
    assert_eq!(sent["reasons"]["incident"], 6);
    let kept = house.json(&["history", "--client", "1", "--reason", "incident"]);
    assert_eq!(kept[0]["template"], "offer");
    assert_eq!(kept[0]["detail"], "incident `centro` is open");
    let bill = ["send", "invoices", "--template", "bill", "--yes"];
    let billed = house.json(&bill);
    assert_eq!(billed["messages"]["sent"], 1);
    assert_eq!(billed["reasons"]["incident"], 1);
    house.write(
        "rule.toml",
        "[[rule]]\nname = \"r\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"bill\"]\n",
    );
    house.run(&["apply", "rule.toml"]).ok();
    let update = house.json(&["collection", "update"]);
    assert_eq!(update["rules"][0]["left_out"]["incident"], 1);
    assert_eq!(update["rules"][0]["entered"], 1);
    // The end brings it all back.
    house
        .run(&["incident", "close", "centro", "--template", "over"])
        .ok();
    let sent = house.json(&offer);
    assert_eq!(sent["messages"]["sent"], 6);
}

#[test]
fn an_outage_without_hold_leaves_collections_alone() {
    let house = town();
    house.write(
        "invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n51,1,101,2026-11-10,99.90,A\n",
    );
    house.run(&["import", "invoices", "invoices.csv"]).ok();
    house.run(OPEN).ok();
    let billed = house.json(&["send", "invoices", "--template", "bill", "--yes"]);
    assert_eq!(billed["messages"]["sent"], 1);
}

#[test]
fn what_cannot_be_opened_is_refused_with_the_reason() {
    let house = town();
    let with = |place: usize, word: &'static str| {
        let mut open = OPEN.to_vec();
        open[place] = word;
        open
    };
    house
        .run(&with(8, "offer"))
        .exits(3)
        .says("--purpose service");
    house.run(&with(8, "bill")).exits(3);
    house
        .run(&with(6, "pop=Sul"))
        .exits(3)
        .says("has no client");
    house.run(&with(4, "contratos")).exits(3);
    let mut past = OPEN.to_vec();
    past.extend(["--until", "2026-11-22T10:00"]);
    house.run(&past).exits(3).says("is past");
    house
        .run(&["incident", "update", "centro", "--template", "longer"])
        .exits(3)
        .says("there is no incident `centro`");
    let mut dry = OPEN.to_vec();
    dry.push("--dry-run");
    house.run(&dry).ok().says("6 clients would be told");
    assert_eq!(
        house
            .json(&["incident", "list"])
            .as_array()
            .expect("rows")
            .len(),
        0
    );
    assert_eq!(house.lines("sms.jsonl").len(), 0);
}

#[test]
fn what_has_not_gone_by_the_expected_end_is_not_sent_and_an_open_outage_is_warned_of() {
    let mut house = town();
    std::fs::create_dir(house.path("sms.jsonl")).expect("a folder");
    let mut open = OPEN.to_vec();
    open.extend(["--until", "12:00"]);
    house.run(&open).exits(4);
    std::fs::remove_dir(house.path("sms.jsonl")).expect("gone");
    house.at("2026-11-23T12:30");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 0);
    assert_eq!(in_state(&house, "skipped").len(), 6);
    house
        .run(&["incident", "list"])
        .ok()
        .says("was expected to be over at 2026-11-23T12:00:00-03:00");
}

/// The end that is expected is another one now, and nothing new is said: it is noted, and what waits goes until then.
#[test]
fn another_expected_end_with_the_same_words_is_noted() {
    let mut house = town();
    std::fs::create_dir(house.path("sms.jsonl")).expect("a folder");
    house.run(OPEN).exits(4);
    let until = |time| {
        let line = ["incident", "update", "centro", "--template", "longer"];
        [&line[..], &["--until", time]].concat()
    };
    house.run(&until("12:00")).exits(4);
    house.at("2026-11-23T11:30");
    house
        .run(&until("18:00"))
        .exits(4)
        .says("it is expected to be over at 2026-11-23T18:00:00-03:00 now");
    std::fs::remove_dir(house.path("sms.jsonl")).expect("gone");
    house.at("2026-11-23T12:30");
    let told = house.json(&until("18:00"));
    assert_eq!(told["messages"]["sent"], 6, "{told}");
    assert_eq!(told["until"], "2026-11-23T18:00:00-03:00");
    assert_eq!(told["steps"], 2);
    house
        .run(&["--lang", "pt", "incident", "show", "centro"])
        .ok()
        .prints("canceladas");
    house.at("2026-11-23T19:00");
    house
        .run(&["status", "--check"])
        .exits(4)
        .prints("regua incident close centro");
}

/// Whatever calls the opening again and again, as a monitor does, means the same one.
#[test]
fn the_same_opening_is_the_same_when_its_time_has_come_and_when_an_update_moved_it() {
    let mut house = town();
    house
        .run(&["report", "save", "pop", "logins", "--filter", "pop=Centro"])
        .ok();
    let mut open = OPEN.to_vec();
    open[4] = "pop";
    open.splice(5..7, []);
    open.extend(["--until", "12:00"]);
    house.run(&open).ok();
    house.at("2026-11-23T12:05");
    house.run(&open).ok().says("was told already");
    house.run(&["report", "remove", "pop"]).ok();
    house.run(&open).ok().says("was told already");
    let update = ["incident", "update", "centro", "--template", "longer"];
    house
        .run(&[&update[..], &["--until", "20:00"]].concat())
        .ok();
    house.run(&open).ok().says("was told already");
    open.push("--hold-collection");
    house
        .run(&open)
        .exits(3)
        .says("it differs in hold-collection");
    assert_eq!(house.lines("sms.jsonl").len(), 12);
}

/// An outage of contracts has no logins: nobody would be told by words that need one, of its end least of all.
#[test]
fn words_that_need_a_login_are_refused_where_the_report_has_none() {
    let house = town();
    house.write(
        "login.toml",
        "[[template]]\nname = \"of-login\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"Sem #login#.\"\n",
    );
    house.run(&["apply", "login.toml"]).ok();
    let open = |template| {
        let line = ["incident", "open", "todos", "--report", "contracts"];
        house.run(&[&line[..], &["--template", template]].concat())
    };
    open("of-login")
        .exits(3)
        .says("uses #login#, which a report of contracts cannot supply");
    open("outage").ok();
    let close = |template| house.run(&["incident", "close", "todos", "--template", template]);
    close("of-login").exits(3);
    close("over-of-login").ok();
    assert_eq!(house.lines("sms.jsonl").len(), 20);
}

#[test]
fn whom_it_concerns_goes_by_pop_box_concentrator_and_state_of_the_line() {
    let house = town();
    house.write("online.csv", "id,online,box\n2,S,CX-1\n3,,CX-1\n7,N,CX-1\n");
    house.run(&["import", "logins", "online.csv"]).ok();
    let who = |filters: &[&str]| -> Vec<i64> {
        let mut line = vec!["report", "run", "logins"];
        for filter in filters {
            line.extend(["--filter", *filter]);
        }
        let rows = house.json(&line);
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| row["login_id"].as_i64().expect("an id"))
            .collect()
    };
    assert_eq!(who(&["pop=Centro"]), [1, 2, 3, 4, 5, 6]);
    assert_eq!(who(&["box=CX-1"]), [1, 2, 3, 7]);
    assert_eq!(who(&["box=CX-1", "pop=Centro", "online=no"]), [1]);
    assert_eq!(who(&["box=CX-1", "online=unknown"]), [3]);
    assert_eq!(who(&["box=CX-1", "online=yes,unknown"]), [2, 3]);
    assert_eq!(
        who(&["concentrator=BRAS", "pop~nort", "online=no"]),
        [7, 8, 9, 10]
    );
    // The same filters say whom an incident concerns.
    let open = [
        "incident",
        "open",
        "caixa",
        "--report",
        "logins",
        "--template",
        "outage",
    ];
    let answer = house.json(
        &[
            &open[..],
            &["--filter", "box=CX-1", "--filter", "online=no"],
        ]
        .concat(),
    );
    assert_eq!(answer["concerned"], 2, "{answer}");
    assert_eq!(house.lines("sms.jsonl").len(), 2);
}

/// A POP of eight thousand logins is told in memory that does not follow their number.
#[test]
fn a_whole_pop_is_told_in_little_memory() {
    fn told(logins: u32) -> u64 {
        let house = House::new();
        let mut clients = "id,name,person_type,mobile\n".to_owned();
        let mut lines = "id,client_id,username,pop,online\n".to_owned();
        for id in 1..=logins {
            clients += &format!(
                "{id},Cliente {id},F,49 98{:03}-{:04}\n",
                id / 10_000 + 800,
                id % 10_000
            );
            lines += &format!("{id},{id},user{id},Centro,N\n");
        }
        house.write("book/clients.csv", clients);
        house.write("book/logins.csv", lines);
        house.write("words.toml", WORDS);
        house.write(
            "config.toml",
            "[sms]\nprovider = \"file\"\nrate_per_minute = 0\n",
        );
        house.run(&["import", "book"]).ok();
        house.run(&["apply", "words.toml"]).ok();
        let peak = house.peak_memory(&[
            "incident",
            "open",
            "centro",
            "--report",
            "logins",
            "--filter",
            "pop=Centro",
            "--template",
            "outage",
            "-q",
        ]);
        let list = house.json(&["incident", "show", "centro"]);
        assert_eq!(list["told"], logins, "{list}");
        peak
    }
    let (small, large) = (told(800), told(8_000));
    // What a larger database adds is its page cache alone, of 16 MB at the most.
    assert!(
        large < small + 18 * 1024,
        "{large} KiB for 8,000 logins, {small} KiB for 800"
    );
}
