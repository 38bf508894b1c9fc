//! Letters on paper, and the staff's chat: what is written, to whom, and what is refused.

use std::os::unix::fs::PermissionsExt as _;

use crate::house::House;

/// A provider of whose clients two have a whole postal address.
fn with_addresses() -> House {
    let house = House::with_book();
    house.write(
        "addresses.csv",
        "id,name,person_type,street,number,complement,district,city,state,zip\n\
         1,Ana <b>Lima</b>,F,Rua das Flores,120,ap. 3,Centro,Chapecó,SC,89801000\n\
         2,Bruno Souza,F,Av. Brasil,s/n,,,Xaxim,sc,89.825-000\n\
         4,Davi Reis,F,Rua Um,7,,,Xaxim,SC,\n\
         5,Édina Nunes,F,,1,,,Chapecó,SC,89801000\n",
    );
    house.run(&["import", "clients", "addresses.csv"]).ok();
    house.write("letter.toml", LETTER);
    house.run(&["apply", "letter.toml"]).ok();
    house
}

const LETTER: &str = r##"
[[template]]
name = "letter"
channel = "letter"
kind = "financial"
title = "Fatura #areceber_documento|em aberto#"
body = """
#cliente_nome#,

a fatura de #areceber_valor# venceu em "#areceber_data_vencimento#"."""
"##;

#[test]
fn a_letter_is_a_page_of_its_day_with_the_address_in_the_window() {
    let mut house = with_addresses();
    house.write(
        "config.toml",
        "[letter]\nprovider = \"folder\"\npath = \"cartas\"\ncity = \"Chapecó\"\n\
         sender = [\"Provedor Exemplo\", \"Rua A, 1\"]\n",
    );
    let answer = house.json(&["send", "contracts", "--template", "letter", "--yes"]);
    assert_eq!(answer["messages"]["sent"], 2);
    // Without a number, a CEP or a street nobody finds the door.
    assert_eq!(answer["reasons"]["no_contact"], 4);
    let rows = answer["rows"].as_array().expect("rows");
    let sent: Vec<&serde_json::Value> = rows.iter().filter(|row| row["status"] == "sent").collect();
    assert_eq!(
        sent[0]["address"],
        "Rua das Flores, 120, ap. 3\nCentro\n89801-000 Chapecó/SC"
    );
    let file = |client: u8, id: &serde_json::Value| format!("cartas/2026-11-23/{client}-{id}.html");
    let first = file(1, &sent[0]["message_id"]);
    let page = house.read(&first);
    for held in [
        "<div>Ana &lt;b&gt;Lima&lt;/b&gt;</div>\n<div>Rua das Flores, 120, ap. 3</div>\n<div>Centro</div>\n<div>89801-000 Chapecó/SC</div>",
        "<div class=\"date\">Chapecó, 23 de novembro de 2026</div>",
        "<b>Provedor Exemplo</b><br>Rua A, 1",
        "R$\u{a0}99,90 venceu em “10/11/2026”.",
        "<h1>Fatura A-101</h1>",
    ] {
        assert!(page.contains(held), "lacks {held}: {page}");
    }
    let mode = |name: &str| {
        house
            .path(name)
            .metadata()
            .expect("a file")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&first), 0o600);
    assert_eq!(mode("cartas/2026-11-23/letters.html"), 0o600);
    let all = house.read("cartas/2026-11-23/letters.html");
    assert_eq!(all.matches("<section").count(), 2);
    assert_eq!(all.matches("</html>").count(), 1);
    let left: Vec<_> = std::fs::read_dir(house.path("cartas"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "only the day's folder is left: {left:?}");

    // Sent again, a letter replaces itself, on another day too.
    house.run(&["import", "clients", "addresses.csv"]).ok();
    let id = sent[0]["message_id"].to_string();
    let store = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    store
        .execute("UPDATE message SET status = 'unknown' WHERE id = ?1", [&id])
        .expect("a doubt");
    drop(store);
    house.at("2026-11-24T09:00");
    house.run(&["queue", "retry", "--unknown"]).ok();
    house.run(&["queue", "deliver", "--channel", "letter"]).ok();
    assert!(!house.path(&first).exists());
    assert!(house.path(&first.replace("23/", "24/")).exists());
    let count = |day: &str| {
        house
            .read(&format!("cartas/{day}/letters.html"))
            .matches("<section")
            .count()
    };
    assert_eq!((count("2026-11-23"), count("2026-11-24")), (1, 1));
}

#[test]
fn a_run_that_died_leaves_the_day_to_the_next() {
    let house = with_addresses();
    house.json(&["send", "contracts", "--template", "letter", "--yes"]);
    std::fs::remove_file(house.path("letters/2026-11-23/letters.html")).expect("the day's file");
    house.write("letters/.unfinished-2026-11-23", "");
    house.run(&["queue", "deliver", "--channel", "letter"]).ok();
    let all = house.read("letters/2026-11-23/letters.html");
    assert_eq!(all.matches("<section").count(), 2);
    assert!(!house.path("letters/.unfinished-2026-11-23").exists());
}

#[test]
fn the_chat_is_for_staff_alone() {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "word",
            "--channel",
            "chat",
            "--kind",
            "general",
            "--body",
            "Oi",
        ])
        .ok();
    house
        .run(&["send", "contracts", "--template", "word", "--yes"])
        .exits(3)
        .says("template `word` is of channel chat, which is for staff alone");
    house.write(
        "rule.toml",
        "[[template]]\nname = \"bill\"\nchannel = \"chat\"\nkind = \"financial\"\nbody = \"Oi\"\n\
         [[rule]]\nname = \"r\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"bill\"]\n",
    );
    house
        .run(&["apply", "rule.toml"])
        .exits(3)
        .says("template `bill` is of channel chat, which is for staff alone");
    house.write("config.toml", "[birthday]\ntemplate = \"word\"\n");
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("which is for staff alone");
}

#[test]
fn tickets_reach_clients_by_push_and_whatsapp_and_staff_by_the_chat() {
    let house = House::with_book();
    house.write(
        "staff.csv",
        "id,name,email,chat,teams,notify_workflow\n3,Rui,rui@p.example.com,-1001,Suporte,S\n",
    );
    house.run(&["import", "staff", "staff.csv"]).ok();
    house.write(
        "rules.toml",
        r##"
[[template]]
name = "push"
channel = "push"
kind = "support"
title = "Atendimento"
body = "#atendimento_id# está #atendimento_status#"
[[template]]
name = "zap"
channel = "whatsapp"
kind = "support"
body = "Seu atendimento {{1}} mudou: {{2}}."
variables = ["atendimento_id", "atendimento_titulo"]
[[template]]
name = "word"
channel = "chat"
kind = "support"
body = "#atendimento_id#: #atendimento_status#"
[[trigger]]
name = "moved"
event = "workflow"
audience = ["client", "team:Suporte"]
templates = ["push", "zap", "word"]
"##,
    );
    house.run(&["apply", "rules.toml"]).ok();
    let moved = [
        "ticket",
        "move",
        "--ticket",
        "7",
        "--client",
        "1",
        "--visible",
        "--to",
        "resolvido",
        "--id",
        "e1",
    ];
    let answer = house
        .run(&[&moved[..], &["--json"]].concat())
        .ok()
        .says("no enabled task forwards whatsapp messages");
    let messages = answer.json()["messages"]
        .as_array()
        .expect("messages")
        .clone();
    let told: Vec<(&str, &str, &str)> = messages
        .iter()
        .map(|m| {
            let text = |key: &str| m[key].as_str().expect("a text");
            (text("person"), text("address"), text("status"))
        })
        .collect();
    // A push goes to each device; WhatsApp waits for its task; nothing of the staff's goes to the client.
    assert_eq!(
        told,
        [
            ("client:1", "ana-1", "sent"),
            ("client:1", "ana-2", "sent"),
            ("client:1", "+5549999990001", "queued"),
            ("staff:3", "-1001", "sent"),
        ]
    );
    let chat = house.lines("chat.jsonl");
    assert_eq!(chat.len(), 1);
    assert_eq!(chat[0]["body"], "7: resolvido");
    assert_eq!(chat[0]["key"], "ticket/e1/staff:3/chat");
    assert_eq!(
        house.lines("push.jsonl")[0]["key"],
        "ticket/e1/client:1/push/ana-1"
    );
    // A word that the event lacks leaves no place of an approved text empty.
    let history = house.json(&["history", "--channel", "whatsapp"]);
    assert_eq!(history[0]["body"], "Seu atendimento 7 mudou: —.");
    // Told again, the event makes nothing more.
    house.run(&moved).ok();
    assert_eq!(house.lines("push.jsonl").len(), 2);

    house
        .run(&[
            "trigger",
            "add",
            "opened",
            "--event",
            "new-ticket-client",
            "--template",
            "word",
        ])
        .exits(3)
        .says("it tells clients: by push, whatsapp, sms and email");
    house
        .run(&[
            "trigger",
            "add",
            "reply",
            "--event",
            "reply",
            "--staff",
            "3",
            "--template",
            "push",
        ])
        .exits(3)
        .says("it tells staff: by sms, email and chat");
    house
        .run(&[
            "trigger",
            "add",
            "half",
            "--event",
            "workflow",
            "--audience",
            "client",
            "--audience",
            "team:Suporte",
            "--template",
            "word",
        ])
        .ok()
        .says("it has no template that tells the client");
}

#[test]
fn a_letter_of_more_than_a_page_is_warned_of() {
    let house = with_addresses();
    let long = "Uma frase que se repete. ".repeat(140);
    let told = "warning: it fills about 2 pages of A4, and a letter is one";
    let whole = format!("template `long`: {}", &told["warning: ".len()..]);
    let add = ["template", "add", "long", "--channel", "letter"];
    let said = house
        .run(
            &[
                &add[..],
                &["--kind", "general", "--title", "T", "--body", &long],
            ]
            .concat(),
        )
        .ok();
    assert!(
        said.stderr.contains(told) || said.stderr.contains(&whole),
        "{}",
        said.stderr
    );
    house
        .run(&["template", "lint", "long"])
        .ok()
        .prints("it fills about 2 pages of A4");
    // What a client's own values make of it counts too.
    house
        .run(&["template", "preview", "long", "--client", "1"])
        .ok()
        .says(told);
    house
        .run(&["send", "contracts", "--template", "long", "--dry-run"])
        .ok()
        .says(told);
    let short = house.run(&["template", "lint", "letter"]).ok();
    assert!(!short.stdout.contains("pages of A4"), "{}", short.stdout);
}

#[test]
fn a_preview_shows_a_postal_address_on_one_line() {
    let house = House::new();
    house.write(
        "clients.csv",
        "id,name,person_type,street,number,district,city,state,zip\n1,Ana Lima,F,Rua das Flores,12,Centro,Chapecó,SC,89800-000\n",
    );
    house.run(&["import", "clients", "clients.csv"]).ok();
    let add = [
        "template",
        "add",
        "carta",
        "--channel",
        "letter",
        "--kind",
        "contract",
        "--title",
        "Carta",
        "--body",
        "Olá",
    ];
    house.run(&add).ok();
    let seen = house
        .run(&["template", "preview", "carta", "--client", "1"])
        .ok();
    assert_eq!(
        seen.stderr,
        "would go by letter to Rua das Flores, 12, Centro, 89800-000 Chapecó/SC\n"
    );
}
