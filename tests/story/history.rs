//! Every message there ever was.

use crate::house::House;
use serde_json::{Value, json};

/// A house that sent a push, an e-mail and a whatsapp message on two days.
fn house() -> House {
    let mut house = House::with_book();
    for arguments in [
        [
            "p",
            "push",
            "financial",
            "--title",
            "Fatura",
            "--body",
            "#cliente_nome# #areceber_valor#",
        ]
        .as_slice(),
        &[
            "e",
            "email",
            "support",
            "--title",
            "Manutenção",
            "--body",
            "Às 2h",
        ],
        &[
            "w",
            "whatsapp",
            "financial",
            "--body",
            "Oi {{1}}!",
            "--var",
            "1=cliente_primeiro_nome",
        ],
    ] {
        let (name, channel, kind) = (arguments[0], arguments[1], arguments[2]);
        let mut all = vec![
            "template",
            "add",
            name,
            "--channel",
            channel,
            "--kind",
            kind,
        ];
        all.extend(&arguments[3..]);
        house.run(&all).ok();
    }
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "p",
            "-f",
            "client_id=1,4",
            "--yes",
        ])
        .ok();
    house.at("2026-11-24T09:00");
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "e",
            "-f",
            "client_id=1,3",
            "--yes",
        ])
        .ok();
    house
        .run(&["send", "contracts", "-t", "w", "-f", "client_id=1", "--yes"])
        .ok();
    house.run(&["queue", "deliver"]).ok();
    house
}

fn ids(house: &House, filters: &[&str]) -> Vec<i64> {
    let mut arguments = vec!["history"];
    arguments.extend(filters);
    let rows = house.json(&arguments);
    let rows = rows.as_array().expect("an array").clone();
    rows.iter()
        .map(|row| row["id"].as_i64().expect("an id"))
        .collect()
}

#[test]
fn every_filter_narrows_the_newest_first() {
    let house = house();
    for (filters, expected) in [
        ([].as_slice(), [6, 5, 4, 3, 2, 1].as_slice()),
        (&["--id", "3"], &[3]),
        (&["--client", "1"], &[6, 4, 2, 1]),
        (&["--channel", "email"], &[5, 4]),
        (&["--contact", "casa.example"], &[5]),
        (&["--contact", "99999"], &[6]),
        (&["--status", "skipped"], &[3]),
        (&["--status", "skipped,sent", "--client", "4"], &[3]),
        (&["--reason", "not_logged_in"], &[3]),
        (&["--template", "w"], &[6]),
        (&["--origin", "send"], &[6, 5, 4, 3, 2, 1]),
        (&["--origin", "birthday"], &[]),
        (&["--since", "2026-11-24"], &[6, 5, 4]),
        (&["--until", "23/11/2026"], &[3, 2, 1]),
        (&["--since", "2026-11-24T10:00"], &[]),
        (&["--invoice", "101"], &[2, 1]),
        (&["--contains", "as 2H"], &[5, 4]),
        (&["--contains", "MANUTENCAO"], &[5, 4]),
        (&["--limit", "2"], &[6, 5]),
        (&["--limit", "0"], &[6, 5, 4, 3, 2, 1]),
    ] {
        assert_eq!(ids(&house, filters), expected, "{filters:?}");
    }
    house
        .run(&["history", "--status", "gone"])
        .exits(2)
        .says("queued");
    house
        .run(&["history", "--since", "ontem"])
        .exits(2)
        .says("`ontem`");
}

#[test]
fn a_row_has_exactly_these_keys() {
    let house = house();
    let rows = house.json(&["history", "--id", "1"]);
    let keys: Vec<&str> = rows[0]
        .as_object()
        .expect("a row")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys.join(" "),
        "id key channel purpose kind template origin event client_id contract_id invoice_id login_id ticket_id \
         address title body status reason detail created_at not_before sent_at attempts provider_id batch_id planned delivered_at read_at failed_at"
    );
    assert_eq!(rows[0]["body"], "Ana Lima R$ 99,90");
    assert_eq!(rows[0]["created_at"], "2026-11-23T09:00:00-03:00");
    assert_eq!(rows[0]["login_id"], Value::Null);
    assert_eq!(rows[0]["event"], "1");
}

#[test]
fn one_message_is_shown_with_every_attempt() {
    let house = house();
    let shown = house.json(&["history", "show", "1"]);
    assert_eq!(shown["status"], "sent");
    assert_eq!(shown["attempt_log"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["attempt_log"][0]["provider"], "file");
    assert_eq!(shown["attempt_log"][0]["at"], "2026-11-23T09:00:00-03:00");
    house
        .run(&["history", "show", "3"])
        .ok()
        .says("no attempt was made")
        .prints("not_logged_in");
    house
        .run(&["history", "show", "99"])
        .exits(3)
        .says("there is no message 99");
}

#[test]
fn the_history_is_narrowed_by_kind_event_batch_and_ticket_and_shows_the_columns_asked_for() {
    let house = house();
    for (filters, found) in [
        (["--kind", "financial"], 4),
        (["--kind", "support"], 2),
        (["--kind", "support,financial"], 6),
        (["--batch", "2"], 2),
        (["--event", "2"], 2),
        (["--event", "stage"], 0),
        (["--ticket", "1"], 0),
        (["--limit", "0"], 6),
    ] {
        let mut arguments = vec!["history"];
        arguments.extend(filters);
        assert_eq!(
            house.json(&arguments).as_array().map(Vec::len),
            Some(found),
            "{filters:?}"
        );
    }
    let rows = house.json(&["history", "--limit", "1", "--columns", "status, id"]);
    assert_eq!(rows, json!([{ "status": "sent", "id": 6 }]));
    house
        .run(&["history", "--columns", "id,titel"])
        .exits(3)
        .says("there is no column `titel`")
        .says("did you mean `title`?");
    // The ERP's *histórico de notificações push*.
    let push = house.run(&["history", "--channel", "push"]).ok().stdout;
    let header = push.lines().next().expect("a header");
    for column in ["title", "kind", "sent_at"] {
        assert!(header.contains(column), "{push}");
    }
    assert!(push.contains("Fatura"), "{push}");
}

#[test]
fn the_omnichannel_log_shows_whatsapp_attempts_only() {
    let house = house();
    let logs = house.json(&["omnichannel", "logs"]);
    let row = logs[0].as_object().expect("a row");
    let keys: Vec<&str> = row.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "client_id",
            "communication_type",
            "contact",
            "sent_at",
            "status",
            "message"
        ]
    );
    assert_eq!(logs.as_array().map(Vec::len), Some(1));
    assert_eq!(row["communication_type"], "WhatsApp");
    assert_eq!(row["contact"], "+5549999990001");
    assert_eq!(row["status"], "success");
    assert_eq!(row["sent_at"], "2026-11-24T09:00:00-03:00");
    assert_ne!(row["message"], "Oi Ana!");
    for (filters, found) in [
        (["--status", "success"], 1),
        (["--status", "failure"], 0),
        (["--client", "2"], 0),
        (["--type", "whatsapp"], 1),
        (["--type", "WhatsApp"], 1),
        (["--origin", "send"], 1),
        (["--origin", "collection"], 0),
        (["--contact", "99999"], 1),
        (["--until", "2026-11-23"], 0),
        (["--since", "2026-11-24"], 1),
        (["--id", "6"], 1),
    ] {
        let mut arguments = vec!["omnichannel", "logs"];
        arguments.extend(filters);
        assert_eq!(
            house.json(&arguments).as_array().map(Vec::len),
            Some(found),
            "{filters:?}"
        );
    }
    assert_eq!(
        house.json(&["omnichannel", "logs", "--message", "nothing like it"]),
        json!([])
    );
}
