//! Stories of the chained ledger: it verifies through all that may happen, and whatever is changed is found.

use ring::digest::{SHA256, digest};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::house::{House, hex};

/// Three invoices that are told of by text message: two sent, one skipped; the third client has no number.
fn told() -> House {
    told_with("#cliente_nome#: venceu #areceber_numero#")
}

/// The same in these words.
fn told_with(text: &str) -> House {
    let house = House::new();
    house.write("config.toml", "max_data_age_hours = 0\n");
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile\n1,Ana Lima,F,(49) 99999-0001\n2,Bruno Sá,F,(49) 99999-0002\n3,Cida Rê,F,\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,due_on,amount,status\n11,1,2026-11-10,99.90,A\n12,2,2026-11-10,10,A\n13,3,2026-11-10,5,A\n",
    );
    house.write(
        "rules.toml",
        format!(
            "[[template]]\nname = \"late\"\nchannel = \"sms\"\nkind = \"financial\"\nbody = {}\n[[rule]]\nname = \"all\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\"]\n",
            json!(text)
        ),
    );
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "rules.toml"]).ok();
    let ran = house.run(&["collection", "update"]);
    assert!(ran.code < 2, "{ran:#?}");
    house
}

fn verified(house: &House, more: &[&str]) -> (i32, Value) {
    let arguments: Vec<&str> = ["evidence", "verify", "--json"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let ran = house.run(&arguments);
    (ran.code, ran.json())
}

fn head(house: &House) -> String {
    house
        .run(&["evidence", "head"])
        .ok()
        .stdout
        .trim()
        .to_owned()
}

fn sql(house: &House, text: &str) {
    let c = Connection::open(house.path("regua.db")).expect("the database");
    c.execute_batch(text).expect(text);
}

/// Reckons the chain again, by the page of the ledger and nothing of the program's.
fn reckoned(house: &House) -> String {
    let c = Connection::open(house.path("regua.db")).expect("the database");
    let mut statement = c
        .prepare("SELECT number, at, what, coalesce(message_id, ''), coalesce(note, ''), sealed FROM evidence ORDER BY number")
        .expect("records");
    let mut rows = statement.query([]).expect("rows");
    let mut before = vec![0_u8; 32];
    let mut number = 0;
    while let Some(row) = rows.next().expect("a row") {
        number = row.get::<_, i64>(0).expect("a number");
        let text = |place: usize| -> String {
            match row.get_ref(place).expect("a value") {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                value => value.as_str().expect("a text").to_owned(),
            }
        };
        let sealed: Vec<u8> = row.get(5).expect("a seal");
        let content = hex(&sealed[..sealed.len() - 32]);
        let form = format!(
            "regua/evidence/1\nnumber={number}\nat={}\nwhat={}\nmessage={}\ncontent={content}\nnote={}\n",
            text(1),
            text(2),
            text(3),
            text(4)
        );
        let whole = [before.as_slice(), form.as_bytes()].concat();
        before = digest(&SHA256, &whole).as_ref().to_vec();
        assert_eq!(before, sealed[sealed.len() - 32..], "record {number}");
    }
    format!("{number}:{}", hex(&before))
}

/// One part of the first sent message, reckoned the same way: its text.
fn text_part(house: &House) -> (Vec<u8>, Vec<u8>) {
    let c = Connection::open(house.path("regua.db")).expect("the database");
    c.query_row(
        "SELECT e.salt, e.sealed, m.body FROM evidence e JOIN message m ON m.id = e.message_id
         WHERE e.what = 'sent' ORDER BY e.number LIMIT 1",
        [],
        |row| {
            let (salt, sealed, body): (Vec<u8>, Vec<u8>, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let values = json!([null, body, null, null, null]).to_string();
            let part = digest(&SHA256, &[salt.as_slice(), values.as_bytes()].concat());
            Ok((part.as_ref().to_vec(), sealed[32..64].to_vec()))
        },
    )
    .expect("a record")
}

#[test]
fn another_hand_reckons_the_same_chain() {
    let house = told();
    let (code, answer) = verified(&house, &[]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["records"], json!(3));
    assert_eq!(answer["fault"], json!(null));
    assert_eq!(answer["first_at"], json!("2026-11-23T09:00:00-03:00"));
    assert_eq!(reckoned(&house), head(&house));
    let (part, sealed) = text_part(&house);
    assert_eq!(part, sealed);
}

#[test]
fn another_hand_seals_every_sign_of_a_text_the_same_way() {
    let house = told_with("\"#cliente_nome#\" \\ venceu:\n- às 9h, é urgente 🙂");
    let (part, sealed) = text_part(&house);
    assert_eq!(part, sealed);
    assert_eq!(reckoned(&house), head(&house));
    assert_eq!(verified(&house, &[]).0, 0);
}

#[test]
fn one_changed_byte_anywhere_is_found() {
    let kept = head(&told());
    assert!(kept.starts_with("3:"));
    for (change, told_of) in [
        (
            "UPDATE message SET body = body || '.' WHERE id = 1",
            "its text",
        ),
        (
            "UPDATE message SET sent_at = sent_at + 1 WHERE id = 1",
            "its answer",
        ),
        (
            "UPDATE message SET address = '+5549999990009' WHERE id = 1",
            "what it is about",
        ),
        (
            "UPDATE message SET invoice_id = 12 WHERE id = 1",
            "what it is about",
        ),
        (
            "UPDATE message SET created_at = created_at - 1 WHERE id = 1",
            "what it is about",
        ),
        (
            "UPDATE message SET reason = 'held' WHERE status = 'skipped'",
            "its answer",
        ),
        (
            "UPDATE attempt SET at = at + 1 WHERE message_id = 1",
            "its answer",
        ),
        (
            "UPDATE attempt SET outcome = 'refused' WHERE message_id = 1",
            "its answer",
        ),
        (
            "UPDATE message SET status = 'failed' WHERE id = 1",
            "says sent",
        ),
        (
            "UPDATE message SET status = 'queued' WHERE id = 1",
            "says sent",
        ),
        ("DELETE FROM message WHERE id = 1", "is not there"),
        (
            "UPDATE evidence SET at = at + 1 WHERE number = 2",
            "record 2 was changed",
        ),
        (
            "UPDATE evidence SET message_id = 2 WHERE number = 1",
            "record 1 was changed",
        ),
        (
            "UPDATE evidence SET number = 9 WHERE number = 1; UPDATE evidence SET number = 1 WHERE number = 2; UPDATE evidence SET number = 2 WHERE number = 9",
            "record 1 was changed",
        ),
        (
            "DELETE FROM evidence WHERE number = 2",
            "record 2 is missing",
        ),
        (
            "UPDATE evidence SET salt = NULL WHERE number = 1",
            "lost its salt",
        ),
        (
            "UPDATE evidence SET sealed = x'00' WHERE number = 1",
            "record 1 is not whole",
        ),
        (
            "INSERT INTO message (key, channel, purpose, kind, origin, event, status, created_at) VALUES ('x', 'sms', 'collection', 'financial', 'send', '1', 'sent', 99999999999999)",
            "no record says so",
        ),
    ] {
        let house = told();
        sql(&house, change);
        let (code, answer) = verified(&house, &[]);
        let fault = answer["fault"].as_str().unwrap_or_default();
        assert_eq!(code, 3, "{change}: {answer}");
        assert!(fault.contains(told_of), "{change}: {fault}");
    }
}

#[test]
fn a_ledger_cut_short_is_found_by_a_head_that_was_kept() {
    let house = told();
    let kept = head(&house);
    assert_eq!(verified(&house, &["--head", &kept]).0, 0);
    sql(
        &house,
        "DELETE FROM message WHERE id = (SELECT message_id FROM evidence WHERE number = 3); DELETE FROM evidence WHERE number = 3",
    );
    assert_eq!(verified(&house, &[]).0, 0);
    let (code, answer) = verified(&house, &["--head", &kept]);
    assert_eq!(code, 3);
    assert!(
        answer["fault"]
            .as_str()
            .expect("a fault")
            .contains("ends at record 2")
    );
    let wrong = house.run(&["evidence", "verify", "--head", "3:abc"]);
    assert_eq!(wrong.code, 2, "{wrong:#?}");
}

#[test]
fn purging_erasing_and_two_hands_at_once_leave_a_chain_that_verifies() {
    let mut house = told();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[retention]\nbodies_days = 10\nmessages_days = 30\n",
    );
    house
        .run(&[
            "task", "add", "tidy", "--run", "purge", "--minute", "0", "--hour", "3",
        ])
        .ok();
    house.at("2026-12-10T09:00");
    house.run(&["task", "run", "tidy"]).ok();
    assert_eq!(verified(&house, &[]).1["fault"], json!(null));
    let texts = house.run(&["history", "--json"]).ok().json();
    assert_eq!(texts[0]["body"], json!(null));
    let children: Vec<_> = (0..2)
        .map(|_| {
            let house = &house;
            house
                .command(&["send", "invoices", "--template", "late", "--yes", "--again"])
                .spawn()
                .expect("it runs")
        })
        .collect();
    for mut child in children {
        child.wait().expect("its end");
    }
    assert_eq!(verified(&house, &[]).1["fault"], json!(null));
    house
        .run(&["client", "erase", "1", "--why", "asked", "--yes"])
        .ok();
    let answer = verified(&house, &[]).1;
    assert_eq!(answer["fault"], json!(null));
    house.at("2027-01-20T09:00");
    house.run(&["task", "run", "tidy"]).ok();
    assert_eq!(verified(&house, &[]).1["fault"], json!(null));
    assert_eq!(reckoned(&house), head(&house));
    sql(
        &house,
        "UPDATE evidence SET salt = x'00112233445566778899aabbccddeeff' WHERE what = 'erase'",
    );
    assert_eq!(verified(&house, &[]).1["fault"], json!(null));
}

#[test]
fn a_restored_backup_goes_on_from_the_ledger_that_was_replaced() {
    let mut house = told();
    house.run(&["backup", "backups"]).ok();
    house.at("2026-11-24T09:00");
    house.write("cut.csv", "id,status,settled_on\n11,R,2026-11-24\n");
    let again = house.run(&["send", "invoices", "--template", "late", "--yes"]);
    assert!(again.code < 2, "{again:#?}");
    house
        .run(&["client", "erase", "2", "--why", "asked", "--yes"])
        .ok();
    let kept = head(&house);
    let backup = std::fs::read_dir(house.path("backups"))
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "db"))
        .expect("a backup");
    house.run(&["restore", &backup.display().to_string()]).ok();
    let (code, answer) = verified(&house, &["--head", &kept]);
    assert_eq!(code, 0, "{answer}");
    let c = Connection::open(house.path("regua.db")).expect("the database");
    let last: String = c
        .query_row(
            "SELECT group_concat(what, ' ') FROM evidence WHERE message_id IS NULL",
            [],
            |row| row.get(0),
        )
        .expect("records");
    assert_eq!(last, "erase restore erase");
    let bruno = house.run(&["client", "show", "2", "--json"]).ok().json();
    assert_eq!(bruno["client"]["mobile"], json!(null));
    let sent = house.run(&["send", "invoices", "--template", "late", "--yes", "--again"]);
    assert!(sent.code < 2, "{sent:#?}");
    assert_eq!(verified(&house, &["--head", &kept]).0, 0);
}

#[test]
fn a_ledger_begun_late_says_since_when() {
    let house = told();
    sql(&house, "DELETE FROM evidence");
    let (code, answer) = verified(&house, &[]);
    assert_eq!(
        (code, &answer["records"], &answer["head"]),
        (0, &json!(0), &json!(null))
    );
    let mut house = house;
    house.at("2026-11-24T09:00");
    let sent = house.run(&["send", "invoices", "--template", "late", "--yes"]);
    assert!(sent.code < 2, "{sent:#?}");
    let (code, answer) = verified(&house, &[]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["first_at"], json!("2026-11-24T09:00:00-03:00"));
}

#[test]
fn a_receipt_that_was_changed_added_or_taken_away_is_found() {
    for change in [
        "UPDATE receipt SET kind = 'read'",
        "UPDATE receipt SET at = at + 1",
        "UPDATE receipt SET provider_id = 'x'",
        "UPDATE receipt SET text = 'later'",
        "UPDATE receipt SET code = '1'",
        "DELETE FROM receipt",
        "INSERT INTO receipt (message_id, source, kind, at, received_at)
           VALUES (1, 'csv', 'read', 1795000000000, 1795000000000)",
        "UPDATE message SET delivered_at = delivered_at + 1 WHERE id = 1",
    ] {
        let house = told();
        house.write(
            "arrived.csv",
            "key,status,at\ncollection/11/1/stage:notice/late/sms,delivered,2026-11-23T09:02\n",
        );
        house.run(&["receipts", "import", "arrived.csv"]).ok();
        let (code, answer) = verified(&house, &[]);
        assert_eq!((code, &answer["records"]), (0, &json!(4)), "{answer}");
        sql(&house, change);
        let (code, answer) = verified(&house, &[]);
        assert_eq!(code, 3, "{change}: {answer}");
    }
}

#[test]
fn what_hides_a_changed_receipt_is_found_too() {
    for change in [
        "UPDATE evidence SET salt = NULL WHERE what = 'receipt'; DELETE FROM receipt; UPDATE message SET delivered_at = NULL",
        "UPDATE message SET delivered_at = NULL",
        "UPDATE message SET failed_at = 1795000000000 WHERE id = 1",
        "INSERT INTO attempt (message_id, number, at, provider, outcome) VALUES (1, 2, 0, 'file', 'refused')",
    ] {
        let house = told();
        house.write(
            "arrived.csv",
            "key,status,at\ncollection/11/1/stage:notice/late/sms,delivered,2026-11-23T09:02\n",
        );
        house.run(&["receipts", "import", "arrived.csv"]).ok();
        assert_eq!(verified(&house, &[]).0, 0);
        sql(&house, change);
        let (code, answer) = verified(&house, &[]);
        assert_eq!(code, 3, "{change}: {answer}");
    }
}

#[test]
fn what_a_replaced_file_purged_excuses_nothing_in_the_restored_one() {
    let mut house = told();
    let made = house.json(&["backup", "backups"]);
    let backup = made["file"].as_str().expect("a file").to_owned();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[retention]\nbodies_days = 10\nmessages_days = 30\n",
    );
    house
        .run(&[
            "task", "add", "tidy", "--run", "purge", "--minute", "0", "--hour", "3",
        ])
        .ok();
    house.at("2027-01-20T09:00");
    house.run(&["task", "run", "tidy"]).ok();
    house.run(&["restore", &backup]).ok();
    assert_eq!(verified(&house, &[]).1["fault"], json!(null));
    sql(&house, "DELETE FROM message WHERE id = 1");
    let (code, answer) = verified(&house, &[]);
    assert_eq!(code, 3, "{answer}");
}
