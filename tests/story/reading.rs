//! Files as exports have them: cells, letters, line ends, headings.

use crate::house::House;
use serde_json::json;

/// A house where clients 1 to 3 have a contract each.
fn house() -> House {
    let house = House::new();
    house.write(
        "in/clients.csv",
        "id,name,person_type,city\n1,Ana,F,Chapecó\n2,Bruno,F,Xaxim\n3,Caio,F,Lages\n",
    );
    house.write(
        "in/contracts.csv",
        "id,client_id,status,access_status\n1,1,A,A\n2,2,A,A\n3,3,A,A\n",
    );
    house.run(&["import", "in"]).ok();
    house
}

/// One column of a report of contracts, by contract.
fn column(house: &House, name: &str) -> Vec<serde_json::Value> {
    let rows = house.json(&["report", "run", "contracts", "--columns", name]);
    let rows = rows.as_array().expect("rows");
    rows.iter().map(|row| row[name].clone()).collect()
}

#[test]
fn trial_30_what_spreadsheets_put_around_a_cell_reaches_nobody() {
    let house = house();
    house
        .run_with(
            &["import", "clients", "-"],
            "id,name,person_type,mobile,whatsapp\n700,Ana,F,'(49) 99911-0050,'+55 49 99911-0051\n",
        )
        .ok();
    let client = house.json(&["client", "show", "700"])["client"].clone();
    assert_eq!(client["mobile"], "+5549999110050");
    assert_eq!(client["whatsapp"], "+5549999110051");
    house.write(
        "i.csv",
        "id,client_id,number,due_on,amount,status,portfolio\n\
         1,1,\"=\"\"000123\"\"\",2026-12-10,10,A,NULL\n2,1,'0019,2026-12-10,10,A,\\N\n3,1,#N/D,2026-12-10,10,A,#N/D\n",
    );
    house.run(&["import", "invoices", "i.csv"]).ok();
    house.write("t.toml", "[[template]]\nname = \"n\"\nchannel = \"sms\"\nkind = \"financial\"\nbody = \"#areceber_documento|sem número#.\"\n");
    let rows = house.json(&["report", "run", "invoices", "--columns", "portfolio"]);
    assert_eq!(rows[0]["portfolio"], json!(null));
    for (id, number) in [("1", "000123"), ("2", "0019")] {
        let body = "número #areceber_documento#";
        let name = format!("n{id}");
        house
            .run(&[
                "template",
                "add",
                &name,
                "--channel",
                "sms",
                "--kind",
                "financial",
                "--body",
                body,
            ])
            .ok();
        let shown = house
            .run(&[
                "template",
                "preview",
                &name,
                "--client",
                "1",
                "--invoice",
                id,
            ])
            .ok();
        assert!(
            shown.stdout.contains(&format!("número {number}")),
            "{}",
            shown.stdout
        );
    }
    house
        .run_with(
            &["import", "invoices", "-"],
            "id,client_id,number,digitable_line,due_on,amount,status\n9,1,\"1,9E+45\",\"1,9E+45\",2026-12-10,10,A\n",
        )
        .exits(3)
        .says("standard input:2: number: found `1,9E+45`")
        .says("standard input:2: digitable_line: found `1,9E+45`");
}

#[test]
fn trial_31_days_that_are_zeros_of_clocks_are_none() {
    let house = house();
    house
        .run_with(
            &["import", "clients", "-"],
            "id,name,person_type,birth_date\n1,Ana,F,30/12/1899\n2,Bruno,F,01/01/0001\n3,Caio,F,1990-05-01\n",
        )
        .ok();
    assert_eq!(
        column(&house, "birth_date"),
        [json!(null), json!(null), json!("1990-05-01")]
    );
    house
        .run_with(
            &["import", "invoices", "-"],
            "id,client_id,due_on,amount,status\n1,1,30/12/1899,10,A\n2,1,10/12/9999,10,A\n",
        )
        .exits(3)
        .says("standard input:2: due_on: found `30/12/1899`")
        .says("standard input:3: due_on: found `10/12/9999`");
    let future = "id,birth_date\n1,2026-11-24\n2,31/02/1990\n";
    house
        .run_with(&["import", "clients", "-"], future)
        .exits(3)
        .says("standard input:2: birth_date: found `2026-11-24`")
        .says("standard input:3: birth_date: found `31/02/1990`");
    house
        .run_with(&["import", "clients", "-", "--empty-bad"], future)
        .ok()
        .says("emptied: standard input:2: birth_date: found `2026-11-24`")
        .says("emptied: 2");
    assert_eq!(column(&house, "birth_date")[1], json!(null));
}

#[test]
fn trial_32_an_accent_is_the_same_however_it_was_typed() {
    let house = house();
    let apart = "Chapeco\u{301}";
    house
        .run_with(
            &["import", "clients", "-"],
            format!("id,city\n1,{apart}\n2,Chapecó\n"),
        )
        .ok();
    for city in ["Chapecó", apart] {
        let rows = house.json(&["report", "run", "contracts", "-f", &format!("city={city}")]);
        assert_eq!(rows.as_array().map(Vec::len), Some(2), "{city}");
        let saved = format!("city={city}");
        house.write(
            "r.toml",
            format!("[[report]]\nname = \"here\"\non = \"contracts\"\nfilters = [\"{saved}\"]\n"),
        );
        house.run(&["apply", "r.toml"]).ok();
        let rows = house.json(&["report", "run", "here"]);
        assert_eq!(rows.as_array().map(Vec::len), Some(2), "{city}");
    }
    house
        .run_with(
            &["import", "invoices", "-"],
            "id,client_id,due_on,amount,status,portfolio\n1,1,2026-11-10,10,A,Carne\u{302}\n",
        )
        .ok();
    house
        .run(&[
            "template",
            "add",
            "t",
            "--channel",
            "sms",
            "--kind",
            "financial",
            "--body",
            "Pague",
        ])
        .ok();
    house
        .run(&[
            "rule",
            "add",
            "r",
            "--portfolio",
            "Carnê",
            "--stage",
            "notice:3:t",
        ])
        .ok();
    let ran = house.json(&["collection", "update", "--dry-run"]);
    assert_eq!(ran["rules"][0]["entered"], 1, "{ran}");
}

#[test]
fn trial_33_phones_as_people_copy_them_are_read_and_notes_kept() {
    let house = house();
    house
        .run_with(
            &["import", "clients", "-"],
            "id,mobile\n1,\u{202a}+55 49 99911\u{2011}1234\u{202c}\n2,(0xx49) 99911-1234\n3,não tem\n",
        )
        .ok();
    assert_eq!(
        column(&house, "mobile"),
        [
            json!("+5549999111234"),
            json!("+5549999111234"),
            json!("não tem")
        ]
    );
}

#[test]
fn trial_34_the_marks_of_other_programs_do_no_harm() {
    let text = "id,client_id,due_on,amount,status\n1,1,2026-11-10 00:00:00,10,A\n2,1,10/11/2026 00:00,10,A\n";
    let semicolons = text.replace(',', ";");
    for (what, bytes) in [
        ("plain", text.to_owned()),
        ("^Z on a line of its own", format!("{text}\u{1a}")),
        (
            "^Z behind the last cell",
            format!("{}\u{1a}", text.trim_end()),
        ),
        ("sep=", format!("sep=;\n{semicolons}")),
        (
            "\"sep=\"",
            format!("\"sep=;\"\r\n{}", semicolons.replace('\n', "\r\n")),
        ),
        ("CR alone", text.replace('\n', "\r")),
    ] {
        let house = house();
        house.run_with(&["import", "invoices", "-"], &bytes).ok();
        let rows = house.json(&[
            "report",
            "run",
            "invoices",
            "--columns",
            "due_on,invoice_status",
        ]);
        let row = json!({"due_on": "2026-11-10", "invoice_status": "open"});
        assert_eq!(rows, json!([row, row]), "{what}");
    }
    let house = house();
    let bad = "sep=;\nid;name;person_type\n1;Ana;F\n2;Bia;X\n";
    house
        .run_with(&["import", "clients", "-"], bad)
        .exits(3)
        .says("standard input:4: person_type: found `X`");
    house
        .run_with(
            &["import", "clients", "-"],
            bad.replace("sep=;\n", "").replace('\n', "\r"),
        )
        .exits(3)
        .says("standard input:3: person_type: found `X`");
}

#[test]
fn trial_36_cp850_is_told_apart_or_named() {
    // "1,JOÃO,F,Chapecó" as DOS writes it, and as Windows does.
    let dos = b"id,name,person_type,city\n1,JO\xc7O DA CONCEI\x80\xc7O,F,Chapec\xa2\n".to_vec();
    for arguments in [
        &["import", "clients", "-"][..],
        &["import", "clients", "-", "--encoding", "cp850"],
    ] {
        let house = house();
        house
            .run_with(arguments, &dos)
            .ok()
            .says("was read as CP850");
        assert_eq!(column(&house, "client_name")[0], "JOÃO DA CONCEIÇÃO");
        assert_eq!(column(&house, "city")[0], "Chapecó");
    }
    let house = house();
    house
        .run_with(
            &["import", "clients", "-", "--encoding", "latin1"],
            b"id,name\n1,JO\xc3O\n",
        )
        .ok()
        .says("was read as Latin-1");
    assert_eq!(column(&house, "client_name")[0], "JOÃO");
    house
        .run(&["import", "clients", "-", "--encoding", "ebcdic"])
        .exits(2);
}

#[test]
fn trial_89_json_of_another_type_and_what_contradicts_itself_is_refused() {
    let house = house();
    for (line, says) in [
        (r#"{"id":1,"name":["A"]}"#, "name: found [\"A\"]"),
        (r#"{"id":1,"name":true}"#, "name: found true"),
        (r#"{"id":1,"name":"A","name":"B"}"#, "name: stands twice"),
        (r#"{"id":1,"name":"A","Name":"B"}"#, "Name: stands twice"),
        (r#"{"id":1,"zip":1.9e45}"#, "zip: found 1.9e"),
    ] {
        house
            .run_with(&["import", "clients", "-"], line)
            .exits(3)
            .says(says);
    }
    house
        .run_with(
            &["import", "invoices", "-"],
            "id,client_id,due_on,amount,open_amount,status\n1,1,2026-12-10,10,\"10,01\",A\n",
        )
        .exits(3)
        .says("standard input:2: open_amount: found R$ 10,01, which is more than the amount");
    // An unknown key is said once for the file.
    let ran = house
        .run_with(
            &["import", "clients", "-"],
            "{\"id\":1,\"nam\":\"A\"}\n{\"id\":2,\"nam\":\"B\"}\n",
        )
        .exits(3)
        .says("nam: clients have no such column, did you mean `name`?");
    assert_eq!(ran.stderr.matches("no such column").count(), 1);
}

#[test]
fn headings_are_mapped_by_preset_and_configuration() {
    let house = house();
    let grid = "ID;Razão Social;Tipo de pessoa;Ativo;Telefone celular;Fone;Telefone comercial;CNPJ/CPF;UF;Fantasia\n\
        7;JOSÉ;Física;Sim;(49) 99999-0007;(49) 3333-0000;;111.444.777-35;sc;X\n";
    house
        .run_with(&["import", "clients", "-"], grid)
        .exits(3)
        .says("no such column");
    house
        .run_with(&["import", "clients", "-", "--preset", "ixc"], grid)
        .ok();
    house
        .run(&["import", "clients", "-", "--preset", "ixx"])
        .exits(2)
        .says("known: ixc");
    house.write(
        "config.toml",
        "[import.clients]\nname = \"Nome do assinante\"\n[import.contracts]\nplan = \"Velocidade\"\n",
    );
    house
        .run_with(
            &["import", "clients", "-"],
            "Id, NOME do  assinante ,Person Type,Cidade\n1,Ana Maria,F,x\n",
        )
        .exits(3)
        .says("Cidade: clients have no such column");
    house
        .run_with(
            &["import", "clients", "-"],
            "Id, NOME do  assinante ,Person Type\n1,Ana Maria,F\n",
        )
        .ok();
    assert_eq!(column(&house, "client_name")[0], "Ana Maria");
    house.write("config.toml", "[import.clients]\nnam = \"Nome\"\n");
    house
        .run(&["report", "list"])
        .exits(3)
        .says("import.clients.nam: is not a known key, did you mean `name`?");
}

#[test]
fn a_fields_values_are_counted_and_a_filter_that_no_row_fits_names_the_nearest() {
    let house = house();
    assert_eq!(
        house.json(&["report", "values", "contracts", "city"]),
        json!([
            {"value": "Chapecó", "count": 1},
            {"value": "Lages", "count": 1},
            {"value": "Xaxim", "count": 1}
        ])
    );
    house
        .run(&["report", "run", "contracts", "-f", "city=Chapeco"])
        .ok()
        .says("no row fits the filter city=Chapeco; the nearest value that there is: `Chapecó`");
    // Numbers, amounts, days and words have their nearest too.
    for (filter, near) in [
        ("client_id=3000", "`3`"),
        ("client_id>=3000", "`3`"),
        ("client_id<=0", "`1`"),
        ("activated_on>=2050-01-01", ""),
        ("contract_status=aktive", ""),
        ("city~lagez", "`Lages`"),
    ] {
        let ran = house.run(&["report", "run", "contracts", "-f", filter]);
        if near.is_empty() {
            assert!(
                ran.stdout.contains("0 rows") || ran.code == 3,
                "{filter}: {ran:?}"
            );
            continue;
        }
        ran.ok().says(&format!(
            "no row fits the filter {filter}; the nearest value that there is: {near}"
        ));
    }
    house
        .run(&["report", "values", "contracts", "citi"])
        .exits(3)
        .says("did you mean `city`?");
}

#[test]
fn every_writing_of_an_instant_that_iso_knows_is_read() {
    let house = house();
    house.write(
        "logins.csv",
        "id,client_id,username,last_online_at\n\
         1,1,a,2026-11-20T13:00Z\n2,1,b,2026-11-20T13:00:00+0000\n3,1,c,2026-11-20 10:00:00 -03:00\n\
         4,1,d,2026-11-20T10:00-03\n5,1,e,2026-11-20T10:00\n",
    );
    house.run(&["import", "logins", "logins.csv"]).ok();
    let rows = house.json(&["report", "run", "logins", "--columns", "last_online_at"]);
    for row in rows.as_array().expect("rows") {
        assert_eq!(row["last_online_at"], "2026-11-20T10:00:00-03:00");
    }
}

#[test]
fn a_day_of_birth_before_1900_is_refused_with_what_is_accepted() {
    let house = house();
    house.write(
        "old.csv",
        "id,name,person_type,birth_date\n4,Old,F,02/01/1880\n",
    );
    house
        .run(&["import", "clients", "old.csv"])
        .exits(3)
        .says("old.csv:2: birth_date: found `02/01/1880`, accepted: 2026-12-10 or 10/12/2026, from 1900 until today");
}

#[test]
fn an_alert_that_nobody_could_hear_or_read_is_refused_with_its_topic() {
    let house = house();
    house.write(
        "topics.csv",
        "id,name,alert_text,alert_staff\n1,Fibra,Veja #cliente_nome# e #sextou!,2|3\n\
         2,Rompida,#clinte_nome# sem sinal,3\n3,Outra,Veja,Helena|3\n4,Mais,##urgente##,0\n",
    );
    house
        .run(&["import", "topics", "topics.csv"])
        .exits(3)
        .says("topics.csv:3: alert_text: found `#clinte_nome# sem sinal`, accepted: a text with the variables of `regua template variables`; ## writes one #")
        .says("topics.csv:4: alert_staff: found `Helena|3`, accepted: whole numbers from 1, separated by |")
        .says("topics.csv:5: alert_staff: found `0`")
        .says("3 rows are not acceptable");
    let row = json!({ "id": 5, "name": "JSON", "alert_text": "Veja", "alert_staff": [2, 3] });
    house.write("topics.jsonl", format!("{row}\n"));
    house.run(&["import", "topics", "topics.jsonl"]).ok();
}

#[test]
fn trial_89_an_open_amount_above_the_amount_is_refused_in_two_files_too() {
    let house = house();
    house.write(
        "invoices.csv",
        "id,client_id,due_on,amount,open_amount,status\n1,1,2026-11-10,20.00,20.00,A\n2,2,2026-11-10,20.00,,A\n",
    );
    house.run(&["import", "invoices", "invoices.csv"]).ok();
    house.write("less.csv", "id,amount\n1,5.00\n2,5.00\n");
    house
        .run(&["import", "invoices", "less.csv"])
        .exits(3)
        .says("less.csv:2: amount: found R$ 5,00, which is less than the open amount that the book has, R$ 20,00, accepted: at least the open amount, or both columns")
        .says("1 row is not acceptable");
    house.write("more.csv", "id,open_amount\n1,20.01\n2,20.00\n");
    house
        .run(&["import", "invoices", "more.csv"])
        .exits(3)
        .says("more.csv:2: open_amount: found R$ 20,01, which is more than the amount that the book has, R$ 20,00");
    house.write("both.csv", "id,amount,open_amount\n1,5.00,5.00\n2,5.00,\n");
    house.run(&["import", "invoices", "both.csv"]).ok();
}
