//! Importing the ERP's files.

use crate::house::House;
use serde_json::{Value, json};

const CLIENTS: &str = "id,name,person_type,city\n1,Ana,F,Chapecó\n2,Bruno,F,Xaxim\n";

fn clients(house: &House) -> Value {
    house.json(&[
        "report",
        "run",
        "contracts",
        "--columns",
        "client_id,client_name,city",
    ])
}

/// A house where each of these clients has a contract, so that a report shows them.
fn with_contracts(ids: &[i64]) -> House {
    let house = House::new();
    let mut contracts = "id,client_id,status,access_status\n".to_owned();
    let mut rows = "id,name,person_type,city\n".to_owned();
    for id in ids {
        contracts.push_str(&format!("{id},{id},A,A\n"));
        rows.push_str(&format!("{id},Client {id},F,Chapecó\n"));
    }
    house.write("in/clients.csv", rows);
    house.write("in/contracts.csv", contracts);
    house.run(&["import", "in"]).ok();
    house
}

#[test]
fn a_folder_is_imported_and_again_changes_nothing() {
    let house = House::with_book();
    let again = house.json(&["import", "book"]);
    assert_eq!(again[0]["kind"], "clients");
    assert_eq!(again[0]["new"], 0);
    assert_eq!(again[0]["updated"], 6);
    let rows = house.json(&["report", "run", "contracts", "--filter", "contract_id=11"]);
    assert_eq!(
        rows[0],
        json!({
            "contract_id": 11, "contract_status": "active", "access_status": "auto_block",
            "plan": "Fibra 500", "seller": null, "branch": null, "activated_on": "2022-05-03",
            "client_id": 1, "client_name": "Ana Lima", "client_active": true,
            "person_type": "individual", "city": "Chapecó", "district": null,
            "birth_date": "1991-11-23", "mobile": "+5549999990001", "email": "ana@example.com",
            "open_invoices": 2, "overdue_invoices": 1, "oldest_due_on": "2026-11-10",
            "overdue_days": 13, "overdue_total": 99.9, "portfolio": "Boleto", "has_app": true
        })
    );
}

#[test]
fn all_nine_kinds_come_in_one_folder_whatever_their_order() {
    let house = House::new();
    for (file, text) in [
        (
            "tickets.csv",
            "id,client_id,topic_id,subtopic_id,responsible_id,opened_by,opened_at\n70,1,5,4,34,client,2026-11-21 10:00\n",
        ),
        (
            "opt-outs.csv",
            "client_id,channel,purpose,since\n1,,marketing,2026-01-01\n",
        ),
        (
            "devices.jsonl",
            "{\"address\":\"a\",\"client_id\":1,\"address_kind\":\"fid\"}\n",
        ),
        (
            "topics.csv",
            "id,name,parent_id,teams\n4,Sub,5,\n5,Top,,SAC|Suporte\n",
        ),
        (
            "staff.csv",
            "id,name,teams,ticket_manager\n34,Zé,SAC | Suporte,sim\n",
        ),
        (
            "logins.csv",
            "id,client_id,contract_id,username,online\n21,1,11,ana,SS\n",
        ),
        (
            "invoices.csv",
            "id,client_id,contract_id,due_on,amount,status\n101,1,11,2026-12-10,1,A\n",
        ),
        (
            "contracts.csv",
            "id,client_id,status,access_status\n11,1,P,AA\n",
        ),
        ("clients.csv", "id,name,person_type\n1,Ana,E\n"),
    ] {
        house.write(&format!("in/{file}"), text);
    }
    let answer = house.json(&["import", "in"]);
    let kinds: Vec<_> = answer
        .as_array()
        .expect("an array")
        .iter()
        .map(|file| (file["kind"].as_str().expect("a kind"), file["new"].as_i64()))
        .collect();
    for kind in [
        "clients",
        "contracts",
        "invoices",
        "logins",
        "devices",
        "staff",
        "tickets",
        "opt-outs",
    ] {
        assert!(kinds.contains(&(kind, Some(1))), "{kind}: {kinds:?}");
    }
    assert!(kinds.contains(&("topics", Some(2))));
}

#[test]
fn every_spelling_of_an_erp_is_read() {
    let house = House::new();
    house.write(
        "in/clients.csv",
        "id,name,person_type,active,birth_date,mobile\n\
         1,A,F,S,10/12/1990,49 9999-0001\n2,B,E,n,0000-00-00,(49) 3333-0000\n3,C,J,não,0,55967228964\n\
         4,D,company,TRUE,,00000000000\n5,E,individual,0,1990-12-10,+55 49 99999-0005\n",
    );
    house.write(
        "in/contracts.csv",
        "id,client_id,status,access_status\n1,1,P,A\n2,2,A,D\n3,3,I,CM\n4,4,N,CA\n5,5,D,FA\n",
    );
    house.write(
        "in/invoices.csv",
        "id;client_id;contract_id;due_on;amount;status\n1;1;1;2026-12-10;99.90;A\n2;2;2;10/12/2026;99,90;P\n\
         3;3;3;2026-12-10;1.234,56;R\n4;4;4;2026-12-10;R$ 1234.56;C\n5;5;5;2026-12-10;7;RN\n6;5;0;2026-12-10;1;open\n",
    );
    house.run(&["import", "in"]).ok();
    let run = |kind: &str, columns: &str| {
        house
            .run(&["report", "run", kind, "--columns", columns, "-o", "csv"])
            .ok()
            .stdout
    };
    assert_eq!(
        run(
            "contracts",
            "contract_status,access_status,person_type,client_active,birth_date,mobile"
        ),
        "contract_status,access_status,person_type,client_active,birth_date,mobile\n\
         pre_contract,active,individual,yes,1990-12-10,'+5549999990001\n\
         active,disabled,individual,no,,'+554933330000\n\
         inactive,manual_block,company,no,,'+5555967228964\n\
         blacklisted,auto_block,company,yes,,00000000000\n\
         withdrawn,payment_warning,individual,no,1990-12-10,'+5549999990005\n"
    );
    assert_eq!(
        run("invoices", "invoice_status,due_on,open_amount,contract_id"),
        "invoice_status,due_on,open_amount,contract_id\n\
         open,2026-12-10,99.90,1\npartial,2026-12-10,99.90,2\npaid,2026-12-10,0.00,3\n\
         cancelled,2026-12-10,0.00,4\nrenegotiated,2026-12-10,0.00,5\nopen,2026-12-10,1.00,\n"
    );
}

#[test]
fn a_column_absent_is_left_and_an_empty_cell_clears() {
    let house = with_contracts(&[1, 2]);
    house.write("new.csv", "id,name\n1,Ana\n");
    house.run(&["import", "clients", "new.csv"]).ok();
    assert_eq!(clients(&house)[0]["city"], "Chapecó");
    assert_eq!(clients(&house)[0]["client_name"], "Ana");
    house.write("clear.jsonl", "{\"id\":1,\"city\":null}\n{\"id\":2}\n");
    house.run(&["import", "clients", "clear.jsonl"]).ok();
    assert_eq!(clients(&house)[0]["city"], Value::Null);
    assert_eq!(clients(&house)[1]["city"], "Chapecó");
    house
        .run_with(&["import", "clients", "-"], "id,city\n9,Xaxim\n")
        .exits(3)
        .says("standard input:2: id: 9 is not in the book yet, a new row needs also: name, person_type");
}

#[test]
fn every_bad_row_is_named_and_nothing_is_kept() {
    let house = House::with_book();
    house.write(
        "bad.csv",
        "id,client_id,due_on,amount,status,released\n\
         900,1,2026-02-30,-5,A,S\n901,1,2026-12-10,1.234,A,talvez\n902,77,2026-12-10,5,A,S\n\
         903,1,2026-12-10,5,Z,S\n904,1,2026-12-10,5,A,S\n904,1,2026-12-10,6,A,S\nx,1,,5,A,S\n905,1\n\
         906,1,2026-12-10,5,A,S,more\n",
    );
    let ran = house.run(&["import", "invoices", "bad.csv"]).exits(3);
    for line in [
        "bad.csv:2: due_on: found `2026-02-30`, accepted: 2026-12-10 or 10/12/2026",
        "bad.csv:2: amount: found `-5`, accepted: an amount such as 99.90",
        "bad.csv:3: amount: found `1.234`, accepted: an amount such as",
        "bad.csv:3: released: found `talvez`, accepted: ",
        "bad.csv:4: client_id: 77 is not among the clients of the book, import clients first",
        "bad.csv:5: status: found `Z`, accepted: open, partial, paid, cancelled, renegotiated",
        "bad.csv:7: id: 904 stands already on line 6",
        "bad.csv:8: id: found `x`, accepted: a whole number from 1",
        "bad.csv:8: due_on: is empty, accepted: 2026-12-10",
        "bad.csv:9: the row has 2 cells, the header names 6 columns",
        "bad.csv:10: the row has 7 cells, the header names 6 columns",
        "8 rows are not acceptable; nothing was imported",
    ] {
        assert!(ran.stderr.contains(line), "lacks {line}\n{}", ran.stderr);
    }
    let rows = house.json(&["report", "run", "invoices", "-f", "invoice_id>=900"]);
    assert_eq!(rows, json!([]));
}

#[test]
fn a_wrong_tax_id_is_refused_and_a_phone_with_letters_kept_for_what_it_is() {
    let house = House::new();
    house
        .run_with(
            &["import", "clients", "-"],
            "id,name,person_type,mobile,tax_id\n1,Ana,F,49 9999O-0001,111.444.777-36\n",
        )
        .exits(3)
        .says("1 row is not acceptable")
        .says("standard input:2: tax_id: found `111.444.777-36`, accepted: a CPF or CNPJ");
}

#[test]
fn bad_rows_are_skipped_into_a_file_that_can_be_mended() {
    let house = with_contracts(&[1]);
    house.write(
        "erp.csv",
        "id;name;person_type;city\n1;Ana;F;Seara\n2;Jo\"ão;Q;A;B\n3;\"Caio; filho\";F;Seara\n4;Davi;X;\"Sea;ra\"\n",
    );
    house
        .run(&["import", "clients", "erp.csv", "--skip-bad", "bad.csv"])
        .exits(1)
        .says("bad rows left out: 2; they are in bad.csv");
    assert_eq!(clients(&house)[0]["client_name"], "Ana");
    let bad = house.read("bad.csv");
    assert!(
        bad.starts_with("id;name;person_type;city;problems\n"),
        "{bad}"
    );
    assert!(
        bad.contains("4;Davi;X;\"Sea;ra\";person_type: found `X`, accepted: individual, company\n"),
        "{bad}"
    );
    // Read back as it is, the same rows are bad for the same reasons; the reasons are passed over.
    house
        .run(&["import", "clients", "bad.csv"])
        .exits(3)
        .says("bad.csv:3: person_type: found `X`");
    let mended = bad.replace(";Q;A;B;", ";F;A;").replace(";X;", ";J;");
    house.write("bad.csv", mended);
    house.run(&["import", "clients", "bad.csv"]).ok();
}

#[test]
fn bad_rows_never_overwrite_the_file_they_are_read_from() {
    let house = House::new();
    let text = "id,name,person_type\n1,Ana,F\n2,Bia,Q\n";
    house.write("in/clients.csv", text);
    for arguments in [
        [
            "import",
            "clients",
            "in/clients.csv",
            "--skip-bad",
            "in/../in/clients.csv",
        ]
        .as_slice(),
        &["import", "in", "--skip-bad", "in"],
    ] {
        house.run(arguments).exits(2).says("would write over");
    }
    assert_eq!(house.read("in/clients.csv"), text);
}

#[test]
fn skipping_in_a_folder_writes_one_file_for_each_kind() {
    let house = House::new();
    house.write("in/clients.csv", "id,name,person_type\n1,Ana,F\n2,Bia,Q\n");
    house.write(
        "in/contracts.csv",
        "id,client_id,status,access_status\n11,1,A,A\n12,2,A,A\n",
    );
    house.run(&["import", "in", "--skip-bad", "bad"]).exits(1);
    assert!(house.read("bad/clients.csv").contains("2,Bia,Q,"));
    assert!(
        house
            .read("bad/contracts.csv")
            .contains("12,2,A,A,\"client_id: 2 is not among the clients")
    );
}

#[test]
fn topics_may_stand_before_their_parents_but_not_without() {
    let house = House::new();
    let topics = "id,name,parent_id\n1,A,2\n2,B,3\n3,C,\n4,D,9\n";
    house
        .run_with(&["import", "topics", "-"], topics)
        .exits(3)
        .says("standard input:5: parent_id: topic 9 is not in the book");
    let answer = house
        .run_with(
            &["import", "topics", "-", "--skip-bad", "bad.csv", "--json"],
            topics,
        )
        .exits(1)
        .json();
    assert_eq!(answer[0]["new"], 3);
    assert_eq!(answer[0]["bad"], 1);
    assert!(house.read("bad.csv").contains("4,D,9,"));
}

#[test]
fn an_unknown_column_suggests_the_nearest_and_may_be_ignored() {
    let house = House::new();
    house.write(
        "c.csv",
        "id,name,person_typ,person_type,cor\n1,Ana,F,F,azul\n",
    );
    house
        .run(&["import", "clients", "c.csv"])
        .exits(3)
        .says("c.csv:1: person_typ: clients have no such column, did you mean `person_type`?")
        .says("c.csv:1: cor: clients have no such column");
    house
        .run(&["import", "clients", "c.csv", "--ignore-unknown"])
        .ok();
    house.write("c.jsonl", "{\"id\":2,\"nam\":\"B\"}\n");
    house
        .run(&["import", "clients", "c.jsonl"])
        .exits(3)
        .says("c.jsonl:1: nam: clients have no such column, did you mean `name`?");
}

#[test]
fn a_wrong_header_is_told_whole() {
    let house = House::new();
    house
        .run_with(
            &["import", "clients", "-"],
            "name,name,person_type,\nA,A,F,\n",
        )
        .exits(3)
        .says("name: the column stands twice")
        .says("column 4 has no name")
        .says("the header lacks the key column `id`");
}

#[test]
fn delimiters_encodings_and_line_ends_are_recognised() {
    let plain = "id,name,person_type,city\n1,João,F,Chapecó\n";
    let bom = format!("\u{feff}{plain}");
    let latin1: Vec<u8> = plain
        .replace(',', ";")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).expect("a Latin-1 letter"))
        .collect();
    for (what, bytes) in [
        ("plain", plain.as_bytes().to_vec()),
        ("semicolons", plain.replace(',', ";").into_bytes()),
        ("tabs", plain.replace(',', "\t").into_bytes()),
        ("crlf", plain.replace('\n', "\r\n").into_bytes()),
        ("bom", bom.into_bytes()),
        ("latin1", latin1),
        (
            "no line end at the end",
            plain.trim_end().as_bytes().to_vec(),
        ),
        (
            "json lines",
            "{\"id\":1,\"name\":\"João\",\"person_type\":\"F\",\"city\":\"Chapecó\"}".into(),
        ),
    ] {
        let house = with_contracts(&[1]);
        house.run_with(&["import", "clients", "-"], bytes).ok();
        let row = &clients(&house)[0];
        assert_eq!(row["client_name"], "João", "{what}");
        assert_eq!(row["city"], "Chapecó", "{what}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let house = House::new();
    let text = "id,name,person_type\n\n1,\"Ana\nMaria\",X\n\n\n2,Bia,Y\n3,Caio,Z";
    for text in [
        text.to_owned(),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
    ] {
        house
            .run_with(&["import", "clients", "-"], &text)
            .exits(3)
            .says("standard input:3: person_type: found `X`")
            .says("standard input:7: person_type: found `Y`")
            .says("standard input:8: person_type: found `Z`");
    }
}

#[test]
fn a_quote_that_never_closes_swallows_nothing_silently() {
    let house = House::new();
    for text in [
        "id,person_type,name\n1,F,Ana\n2,F,\"Bia\n3,F,Caio\n",
        "id,person_type,name\n1,F,Ana\n2,F,\"Bia\n3,F,Caio",
        "id,name,person_type\n1,Ana,F\n2,\"Bia,F\n3,Caio,F\n4,\"Davi\",F\n",
    ] {
        house
            .run_with(&["import", "clients", "-"], text)
            .exits(3)
            .says("standard input:3: a quote is opened that never closes");
    }
    let huge = format!("id,name,person_type\n1,\"{}", "a".repeat(2_000_000));
    house
        .run_with(&["import", "clients", "-"], huge)
        .exits(3)
        .says("a row is longer than 1 MiB; does a quote never close?");
    let huge = format!("{{\"id\":1,\"name\":\"{}", "a".repeat(2_000_000));
    house
        .run_with(&["import", "clients", "-"], huge)
        .exits(3)
        .says("standard input:1: a line is longer than 1 MiB");
}

#[test]
fn what_is_no_table_is_told_so() {
    let house = House::new();
    for (bytes, told) in [
        (Vec::new(), "standard input is empty"),
        (b"\n \n".to_vec(), "standard input is empty"),
        (b"\xff\xfei\0d\0".to_vec(), "is UTF-16"),
        (b"i\0d\0,\0n\0\n\0".to_vec(), "is it UTF-16"),
        (b"[{\"id\":1}]".to_vec(), "not JSON Lines"),
        (
            b"{\"id\":1\n".to_vec(),
            "standard input:1: is not a JSON object",
        ),
        (
            b"{\"id\":1,\"name\":{}}\n".to_vec(),
            "standard input:1: name: found {}",
        ),
        (
            b"id,name,person_type\n1,A\0a,F\n".to_vec(),
            "text without NUL",
        ),
    ] {
        house
            .run_with(&["import", "clients", "-"], bytes)
            .exits(3)
            .says(told);
    }
    house
        .run(&["import", "clients", "none.csv"])
        .exits(3)
        .says("none.csv cannot be read");
    house
        .run_with(&["import", "clients", "-"], "id,name,person_type\n")
        .ok();
    house
        .run(&["import", "client", "x.csv"])
        .exits(2)
        .says("did you mean `clients`?");
    house.write("in/clientes.csv", CLIENTS);
    house
        .run(&["import", "in"])
        .exits(3)
        .says("clientes.csv: is not named by a kind, did you mean `clients.csv`?");
}

#[test]
fn two_imports_at_once_both_arrive() {
    let house = with_contracts(&[1]);
    let rows = |from: i64| {
        (from..from + 3000).fold("id,name,person_type\n".to_owned(), |text, id| {
            text + &format!("{id},Client {id},F\n")
        })
    };
    house.write("a.csv", rows(10_000));
    house.write("b.csv", rows(20_000));
    let children: Vec<_> = ["a.csv", "b.csv"]
        .iter()
        .map(|file| {
            house
                .command(&["import", "clients", file])
                .spawn()
                .expect("it runs")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("its end").success());
    }
    let again = house.json(&["import", "clients", "a.csv"]);
    assert_eq!(again[0]["updated"], 3000);
}

#[test]
fn a_new_contract_needs_its_access_status() {
    let house = House::with_book();
    house
        .run_with(
            &["import", "contracts", "-"],
            "id,client_id,status\n99,1,A\n",
        )
        .exits(3)
        .says("a new row needs also: access_status");
    // One that is known keeps the one it has.
    house
        .run_with(
            &["import", "contracts", "-"],
            "id,client_id,status\n11,1,I\n",
        )
        .ok();
}

#[test]
fn a_hundred_thousand_clients_take_little_memory() {
    const CLIENTS: u32 = 100_000;
    let house = House::new();
    let mut clients = String::from("id,name,person_type,city\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    let mut invoices = String::from("id,client_id,contract_id,due_on,amount,status\n");
    for id in 1..=CLIENTS {
        let access = if id % 7 == 0 { "CA" } else { "A" };
        clients.push_str(&format!("{id},Client {id},F,Chapecó\n"));
        contracts.push_str(&format!("{id},{id},A,{access}\n"));
        for k in 0..3 {
            let due = format!("2026-{:02}-10", 9 + k);
            invoices.push_str(&format!("{},{id},{id},{due},99.90,A\n", id * 3 + k));
        }
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.write("book/invoices.csv", invoices);
    let import = house.peak_memory(&["import", "book"]);
    let report = [
        "report",
        "run",
        "contracts",
        "--filter",
        "access_status=CA",
        "--filter",
        "overdue_days>=5",
        "-o",
        "csv",
    ];
    let peak = house.peak_memory(&report);
    // The page cache, and little more: memory does not follow the size of the files.
    assert!(import < 60 * 1024, "{import} KiB to import");
    // The unoptimised program itself takes a good part of this.
    assert!(peak < 48 * 1024, "{peak} KiB to report");
    let rows = house.run(&report).ok();
    assert_eq!(rows.stdout.lines().count(), 1 + 100_000 / 7);
}

/// Clients enough for a file that is read ahead, and lines that stand in place of some of them.
fn many_clients(instead: &[(usize, &str)]) -> String {
    let mut text = "id,name,person_type,city,birth_date\n".to_owned();
    for line in 2..=9_001 {
        match instead.iter().find(|(at, _)| *at == line) {
            Some((_, row)) => text.push_str(&format!("{row}\n")),
            None => text.push_str(&format!(
                "{line},Client {line},F,Chapecó do Norte,1980-01-{:02}\n",
                1 + line % 28
            )),
        }
    }
    text
}

#[test]
fn what_is_read_ahead_is_told_and_kept_as_what_comes_through_a_pipe() {
    let bad = [
        (5, "5,Bad,F,Xaxim,1980-02-31"),
        (4_000, "x,Bad,F,Xaxim,1980-02-03"),
        (6_000, "17,Twice,F,Xaxim,1980-02-03"),
        (8_990, "8990,Bad,Q,Xaxim,1980-02-03"),
    ];
    for (text, code) in [
        (many_clients(&bad), 3),
        (
            many_clients(&[(8_000, "8000,\"Open,F,Xaxim,1980-02-03")]),
            3,
        ),
        (many_clients(&[(7, "7,Ana\u{0},F,Xaxim,1980-02-03")]), 3),
        (many_clients(&[]), 0),
    ] {
        let (ahead, piped) = (House::new(), House::new());
        assert!(text.len() > 1 << 18, "worth reading ahead");
        ahead.write("clients.csv", &text);
        let read = ahead.run(&["import", "clients", "clients.csv", "-o", "json"]);
        let heard = piped.run_with(&["import", "clients", "-", "-o", "json"], &text);
        assert_eq!((read.code, heard.code), (code, code), "{read:?}");
        let as_piped = |said: &str| said.replace("clients.csv", "standard input");
        assert_eq!(as_piped(&read.stderr), heard.stderr);
        let without_time = |said: &str| -> Value {
            let mut said: Value = serde_json::from_str(said).unwrap_or_default();
            if let Some(file) = said.get_mut(0) {
                file["seconds"] = json!(0);
            }
            said
        };
        assert_eq!(
            without_time(&as_piped(&read.stdout)),
            without_time(&heard.stdout)
        );
        let kept = |house: &House| house.run(&["client", "list", "--limit", "0", "-o", "csv"]);
        assert_eq!(kept(&ahead).stdout, kept(&piped).stdout);
    }
}
