//! `ticket` and `trigger`: who is told what of which event.

use crate::house::House;
use crate::scene;

/// The examples' triggers, with staff and topics for them.
fn office() -> House {
    let house = scene::with_examples(&["ticket.toml"]);
    house.write(
        "staff.csv",
        "id,name,email,mobile,teams,ticket_manager,notify_replies,notify_workflow,active\n\
         1,Gabi,gabi@example.com,49 98888-1001,Direção,S,N,S,S\n\
         2,Igor,igor@example.com,49 98888-1002,Suporte,N,S,S,S\n\
         3,Lia,,49 98888-1003,Suporte|Financeiro,N,S,S,S\n\
         5,Zeca,zeca@example.com,,Suporte,N,N,S,N\n",
    );
    house.write(
        "topics.csv",
        "id,name,parent_id,teams,alert_text,alert_staff\n1,Suporte técnico,,Suporte,,\n\
         2,Sem conexão,1,,,\n3,Financeiro,,Financeiro,,\n\
         4,Rompimento de fibra,1,Suporte,Rompimento: #cliente_nome#,1|2\n",
    );
    house.run(&["import", "staff", "staff.csv"]).ok();
    house.run(&["import", "topics", "topics.csv"]).ok();
    house
}

#[test]
fn ticket() {
    let mut house = office();
    scene::holds(
        "ticket",
        &mut house,
        "ticket list
         ticket list --json
         ticket list -o csv
         ticket open --id e1 --ticket 1070 --client 1 --topic 1 --subtopic 2 --title 'Sem sinal' --opened-by client --responsible 2 --priority normal --status open --text 'Caiu ontem'
         ticket open --id e1 --ticket 1070
         ticket open --id e2 --ticket 1071 --client 2 --topic 1 --subtopic 4 --title 'Cabo caído' --opened-by staff --json
         ticket open --id e3 --ticket 1072 --client 4 --topic 3 --title Interno --opened-by staff --visible false -o csv
         ticket reply --id e4 --ticket 1070 --by staff --text 'Reinicie o roteador'
         ticket reply --id e5 --ticket 1099 --by client --text Oi
         ticket move --id e6 --ticket 1070 --to resolved
         ticket move --id e7 --ticket 1071 --from open --to closed --json
         ticket list
         ticket list --json
         ticket list --client 2 -o csv
         ticket list --status resolved
         ticket list --topic 4
         ticket list --responsible 9
         ticket show 1070
         ticket show 1070 --json
         ticket show 1070 -o csv
         ticket show 1072
         ticket show 9",
    );
}

#[test]
fn ticket_events() {
    let mut house = office();
    house.write(
        "bad.jsonl",
        "{\"id\":\"b1\",\"type\":\"opened\",\"ticket_id\":1,\"client_id\":1,\"title\":\"A\",\"opened_by\":\"client\"}\n\
         {\"id\":\"b2\",\"type\":\"openned\",\"ticket_id\":1}\n\
         {\"id\":\"b3\",\"type\":\"replied\",\"ticket_id\":\"x\",\"by\":\"nobody\",\"at\":\"soon\",\"colour\":1}\n\
         not json\n\n{\"type\":\"moved\",\"ticket_id\":1}\n",
    );
    house.write("empty.jsonl", "");
    scene::holds(
        "ticket_events",
        &mut house,
        "ticket events events.jsonl
         ticket events events.jsonl
         ticket events - --json < events.jsonl
         ticket events events.jsonl -o csv
         ticket events bad.jsonl
         ticket events bad.jsonl --json
         ticket events bad.jsonl --strict
         ticket events empty.jsonl
         ticket events absent.jsonl
         ticket open
         ticket open --ticket x
         ticket open --ticket 5 --opened-by nobody
         ticket open --ticket 5 --at soon
         ticket reply --ticket 5
         ticket move --ticket 5",
    );
}

#[test]
fn trigger() {
    let mut house = office();
    scene::holds(
        "trigger",
        &mut house,
        "trigger list
         trigger list --json
         trigger list -o csv
         trigger show opened-client
         trigger show internal-billing
         trigger show resolved --json
         trigger add urgent --event workflow --priority urgent --audience responsible,staff:3,team:Suporte --template ticket-moved-email
         trigger show urgent
         trigger edit urgent --to closed --duplicates allow
         trigger show urgent
         trigger test opened-by-client --event event.json
         trigger test opened-by-client --event event.json --json
         trigger test opened-client --event event.json -o csv
         trigger test internal-billing --event event.json
         trigger test resolved --event event.json
         trigger remove urgent
         trigger remove urgent",
    );
}

#[test]
fn trigger_refused() {
    let mut house = office();
    house.write("bad.json", "{\"type\":\"opened\"}");
    scene::holds(
        "trigger_refused",
        &mut house,
        "trigger show opened-clint
         trigger add x --event new-tickt-client --template ticket-opened-email
         trigger add x --event new-ticket-client
         trigger add x --event new-ticket-client --template ticket-opened-emial
         trigger add x --event new-ticket-client --template ticket-opened-email --template ticket-new-email
         trigger add x --event new-ticket-client --template ticket-opened-email --to resolved --staff 3 --fallback staff:5
         trigger add x --event workflow --template ticket-moved-email --audience boss
         trigger add y --event workflow --template ticket-moved-email --audience staff:99 --audience team:Nobody
         trigger add v --event reply --template ticket-replied-email
         trigger add x --event reply --template ticket-replied-email --fallback nobody
         trigger add z --event new-internal-ticket --template ticket-new-email --topic 99 --staff 99
         trigger add opened-client --event new-ticket-client --template ticket-opened-email
         trigger edit opened-client
         trigger test opened-client --event absent.json
         trigger test opened-client --event bad.json",
    );
}

#[test]
fn trigger_list_empty() {
    let mut house = scene::empty();
    scene::holds(
        "trigger_list_empty",
        &mut house,
        "trigger list
         trigger list --json
         trigger list -o csv",
    );
}
