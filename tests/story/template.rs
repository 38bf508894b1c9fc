//! Templates: the messages' words.

use crate::house::House;
use serde_json::{Value, json};

fn add(house: &House, name: &str, channel: &str, kind: &str, rest: &[&str]) -> crate::house::Ran {
    let mut arguments = vec![
        "template",
        "add",
        name,
        "--channel",
        channel,
        "--kind",
        kind,
    ];
    arguments.extend(rest);
    house.run(&arguments)
}

fn preview(house: &House, name: &str, client: &str) -> Value {
    house.json(&["template", "preview", name, "--client", client])
}

#[test]
fn each_channel_has_its_parts() {
    let house = House::with_book();
    add(
        &house,
        "p",
        "push",
        "financial",
        &["--title", "T", "--body", "B"],
    )
    .ok();
    add(&house, "s", "sms", "support", &["--body", "B"])
        .ok()
        .says("purpose service, sent at any time")
        .says("1 segment in GSM-7 (1 unit)");
    add(
        &house,
        "e",
        "email",
        "general",
        &["--title", "T", "--body", "B", "--html", "<p>B</p>"],
    )
    .ok()
    .says("purpose marketing, sent within contact hours only");
    add(
        &house,
        "w",
        "whatsapp",
        "financial",
        &[
            "--body",
            "Oi {{1}}, {{2}} vence.",
            "--var",
            "1=cliente_primeiro_nome",
            "--var",
            "2=areceber_valor",
            "--description",
            "Aviso",
        ],
    )
    .ok();
    add(
        &house,
        "o",
        "sms",
        "general",
        &["--body", "B", "--purpose", "service"],
    )
    .ok()
    .says("purpose service");
    for (channel, rest, told) in [
        ("push", ["--body", "B"].as_slice(), "title: is missing"),
        ("email", &["--body", "B"], "title: is missing"),
        (
            "sms",
            &["--title", "T", "--body", "B"],
            "sms messages have no title",
        ),
        ("sms", &["--body", " "], "body: is missing"),
        (
            "push",
            &["--title", "T", "--body", "B", "--html", "x"],
            "push messages have no HTML",
        ),
        (
            "email",
            &["--title", "T\nBcc: x", "--body", "B"],
            "title: holds a line break",
        ),
        (
            "sms",
            &["--body", "B", "--var", "1=cliente_nome"],
            "texts name their variables themselves",
        ),
        (
            "whatsapp",
            &["--body", "Oi {{1}} {{2}}", "--var", "1=cliente_nome"],
            "placeholders in the text: 2, variables given: 1",
        ),
        (
            "whatsapp",
            &["--body", "Oi #cliente_nome#"],
            "#cliente_nome# would stay as it is written",
        ),
        (
            "whatsapp",
            &["--body", "Oi {{1}}", "--var", "1=cliente_nom"],
            "try cliente_nome",
        ),
        (
            "whatsapp",
            &["--body", "Oi {{1}}", "--var", "2=cliente_nome"],
            "do not run from 1",
        ),
    ] {
        add(&house, "bad", channel, "general", rest)
            .exits(3)
            .says(told);
    }
    add(&house, "bad", "fax", "general", &["--body", "B"])
        .exits(2)
        .says("push");
    let names: Vec<Value> = house
        .json(&["template", "list"])
        .as_array()
        .expect("an array")
        .iter()
        .map(|template| template["name"].clone())
        .collect();
    assert_eq!(names, ["e", "o", "p", "s", "w"]);
    assert_eq!(
        house.json(&["template", "show", "w"]),
        json!({
            "name": "w", "channel": "whatsapp", "kind": "financial", "purpose": "collection", "title": null,
            "body": "Oi {{1}}, {{2}} vence.", "html": null, "description": "Aviso", "provider_channel": null,
            "provider_template": null, "sound": null, "android_channel": null, "image": null, "link": null,
            "variables": ["cliente_primeiro_nome", "areceber_valor"]
        })
    );
}

#[test]
fn a_text_is_filled_as_people_read_it() {
    let house = House::with_book();
    house.write(
        "config.toml",
        "[company]\nname = \"Provedor\"\nphone = \"+554933330000\"\ntax_id = \"12.345.678/0001-95\"\n",
    );
    for (text, told) in [
        (
            "#cliente_id# #cliente_nome# #cliente_primeiro_nome#",
            "1 Ana Lima Ana",
        ),
        (
            "#cliente_data_nascimento# #cliente_aniversario# #cliente_cidade#",
            "23/11/1991 23/11 Chapecó",
        ),
        ("#cliente_documento#", "***.444.777-**"),
        (
            "#areceber_numero# #areceber_documento# #areceber_data_vencimento#",
            "101 A-101 10/11/2026",
        ),
        (
            "#areceber_valor# #areceber_valor_total#",
            "R$ 99,90 R$ 99,90",
        ),
        ("#areceber_dias_atraso# #areceber_dias_para_vencer#", "13 0"),
        (
            "#contrato_id# #contrato_plano# #contrato_status#",
            "11 Fibra 500 Ativo",
        ),
        ("#cobranca_quantidade# #cobranca_total#", "1 R$ 99,90"),
        ("#data_hoje# #hora_agora#", "23/11/2026 09:00"),
        (
            "#empresa_nome# #empresa_telefone#",
            "Provedor +55 (49) 3333-0000",
        ),
        ("## 50% # off #promo a#b", "# 50% # off #promo a#b"),
        ("##cliente_nome##", "#cliente_nome#"),
    ] {
        let ran = add(&house, "t", "sms", "financial", &["--body", text]);
        assert_eq!(ran.code, 0, "{text}: {}", ran.stderr);
        let shown = house
            .run(&[
                "template",
                "preview",
                "t",
                "--client",
                "1",
                "--invoice",
                "101",
            ])
            .ok();
        assert_eq!(shown.stdout, format!("{told}\n"), "{text}");
        house.run(&["template", "remove", "t"]).ok();
    }
    // A partial invoice: what is open, and its face.
    add(
        &house,
        "t",
        "sms",
        "financial",
        &["--body", "#areceber_valor# de #areceber_valor_total#"],
    )
    .ok();
    assert_eq!(
        preview(&house, "t", "2")["body"],
        "R$ 1.000,00 de R$ 1.234,56"
    );
}

#[test]
fn a_misspelt_variable_is_told_with_the_nearest() {
    let house = House::new();
    add(
        &house,
        "t",
        "push",
        "financial",
        &[
            "--title",
            "#cliente_nme#",
            "--body",
            "#areceber_valr# #xyzzy_plugh#",
        ],
    )
    .exits(3)
    .says("template `t`: title: #cliente_nme# is not a known variable, try #cliente_nome#")
    .says("template `t`: body: #areceber_valr# is not a known variable, try #areceber_valor#")
    .says("#xyzzy_plugh# is not a known variable, see the variables");
}

#[test]
fn an_edit_changes_what_is_given_and_is_checked_whole() {
    let house = House::new();
    add(
        &house,
        "t",
        "push",
        "general",
        &["--title", "T", "--body", "B"],
    )
    .ok();
    add(
        &house,
        "t",
        "push",
        "general",
        &["--title", "T", "--body", "B"],
    )
    .exits(3)
    .says("there is a template `t` already");
    house
        .run(&[
            "template",
            "edit",
            "t",
            "--body",
            "C",
            "--kind",
            "financial",
        ])
        .ok();
    let shown = house.json(&["template", "show", "t"]);
    assert_eq!(shown["title"], "T");
    assert_eq!(shown["body"], "C");
    assert_eq!(shown["purpose"], "collection");
    house
        .run(&["template", "edit", "t", "--title", ""])
        .exits(3)
        .says("title: is missing");
    house.write("b.txt", "\u{feff}De um arquivo\n");
    house
        .run(&["template", "edit", "t", "--body", "@b.txt"])
        .ok();
    assert_eq!(
        house.json(&["template", "show", "t"])["body"],
        "De um arquivo"
    );
    house
        .run(&["template", "edit", "t", "--body", "@none.txt"])
        .exits(3)
        .says("none.txt cannot be read");
    house
        .run(&["template", "edit", "tt", "--body", "x"])
        .exits(3)
        .says("there is no template `tt`");
}

#[test]
fn a_template_in_use_cannot_be_removed() {
    let mut house = House::with_book();
    house.write("config.toml", "[birthday]\ntemplate = \"b\"\n");
    add(&house, "b", "sms", "general", &["--body", "Oi"]).ok();
    add(&house, "q", "sms", "financial", &["--body", "Oi"]).ok();
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "q",
            "--deliver",
            "queue",
            "--yes",
            "-f",
            "client_id=1",
        ])
        .ok();
    house
        .run(&["template", "remove", "b"])
        .exits(3)
        .says("template `b` is in use by [birthday] in the configuration");
    house
        .run(&["template", "remove", "q"])
        .exits(3)
        .says("template `q` is in use by 1 queued message");
    house.at("2026-11-23T10:00");
    house.run(&["queue", "deliver"]).ok();
    house.run(&["template", "remove", "q"]).ok();
}

#[test]
fn lint_counts_segments_and_warns() {
    let house = House::new();
    add(
        &house,
        "gsm",
        "sms",
        "support",
        &["--body", &"a".repeat(161)],
    )
    .ok();
    add(
        &house,
        "ucs",
        "sms",
        "support",
        &["--body", &"ç".repeat(71)],
    )
    .ok();
    let rows = house.json(&["template", "lint"]);
    let told = |name: &str, level: &str| {
        rows.as_array()
            .expect("an array")
            .iter()
            .find(|row| row["template"] == name && row["level"] == level)
            .map(|row| row["message"].as_str().expect("a text").to_owned())
            .unwrap_or_default()
    };
    assert_eq!(told("gsm", "note"), "2 segments in GSM-7 (161 units)");
    assert!(told("ucs", "note").starts_with("2 segments in UCS-2"));
    assert!(told("ucs", "warning").contains("outside GSM-7"));
    house.run(&["template", "lint", "none"]).exits(3);
    let variables = house.json(&["template", "variables"]);
    assert_eq!(variables.as_array().map(Vec::len), Some(56));
    assert_eq!(
        variables[0],
        json!({"variable": "#cliente_id#", "needs": "a client"})
    );
}

#[test]
fn a_preview_without_a_value_says_which() {
    let house = House::with_book();
    add(
        &house,
        "t",
        "sms",
        "financial",
        &["--body", "#cliente_documento# #areceber_pix#"],
    )
    .ok();
    house
        .run(&["template", "preview", "t", "--client", "1"])
        .exits(3)
        .says("#areceber_pix# has no value for client 1");
    house
        .run(&[
            "template",
            "preview",
            "t",
            "--client",
            "1",
            "--invoice",
            "103",
        ])
        .exits(3)
        .says("that invoice belongs to another client");
    house
        .run(&["template", "preview", "t", "--client", "99"])
        .exits(3)
        .says("no client 99");
}

#[test]
fn a_value_brings_in_no_variable_header_or_markup() {
    let house = House::new();
    house.write(
        "in/clients.jsonl",
        "{\"id\":1,\"name\":\"#areceber_valor# <b>x</b>\\r\\nBcc: all@example.com {{1}}\",\"person_type\":\"F\",\
         \"email\":\"a@example.com\",\"mobile\":\"49999990001\"}\n",
    );
    house.run(&["import", "in"]).ok();
    add(
        &house,
        "e",
        "email",
        "support",
        &[
            "--title",
            "Oi #cliente_nome#",
            "--body",
            "Caro #cliente_nome#",
            "--html",
            "<p>#cliente_nome#</p>",
        ],
    )
    .ok();
    let shown = preview(&house, "e", "1");
    let title = shown["title"].as_str().expect("a title");
    assert!(!title.contains(['\r', '\n']), "{title}");
    assert!(title.contains("#areceber_valor#"));
    assert!(
        shown["body"]
            .as_str()
            .expect("a body")
            .contains("#areceber_valor#")
    );
    let html = shown["html"].as_str().expect("html");
    assert!(
        html.contains("&lt;b&gt;x&lt;/b&gt;") && !html.contains("<b>"),
        "{html}"
    );
    add(
        &house,
        "w",
        "whatsapp",
        "support",
        &["--body", "Oi {{1}}.", "--var", "1=cliente_nome"],
    )
    .ok();
    let shown = preview(&house, "w", "1");
    let body = shown["body"].as_str().expect("a body");
    assert!(body.contains("{{1}}") && !body.contains('\n'), "{body}");
}
