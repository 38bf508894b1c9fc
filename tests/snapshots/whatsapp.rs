//! `omnichannel` and `whatsapp`: catalogues, logs, and what is reported later.

use serde_json::{Value, json};

use crate::house::House;
use crate::scene;
use crate::server::{Act, Seen, Server};

#[test]
fn omnichannel_file() {
    let mut house = scene::empty();
    scene::holds(
        "omnichannel_file",
        &mut house,
        "omnichannel channels
         omnichannel templates
         omnichannel logs
         omnichannel logs --json
         omnichannel logs -o csv
         omnichannel logs --status fine",
    );
}

fn opa_answer(seen: &Seen) -> Act {
    let success = |data: Value| {
        Act::json(
            200,
            json!({"status": "success", "code": 200, "data": data}).to_string(),
        )
    };
    match seen.path.as_str() {
        "/api/v1/canal-comunicacao/" => success(json!([
            {"_id": "c1", "nome": "WhatsApp oficial", "status": "A", "canal": "Whatsapp", "integracao": "dialog360"}])),
        "/api/v1/canal-comunicacao/c1/template" => success(json!([
            {"_id": "t1", "atalho": "lembrete", "texto": "Olá {{nome}}, sua fatura de {{valor}} venceu."}])),
        "/api/v1/canal-comunicacao/c1/template/limites-diarios-envio" => Act::json(
            200,
            r#"{"messagesSent":999,"dailyLimit":1000,"availableAmount":1}"#,
        ),
        "/api/v1/template/send" => success(
            json!({"message": "Template has been succesfully sent.", "messageSentId": "m1"}),
        ),
        _ => Act::json(404, r#"{"error":"NOT_FOUND_ERROR","message":"Not found."}"#),
    }
}

#[test]
fn omnichannel_opa() {
    let server = Server::start(opa_answer);
    let mut house = House::with_book();
    scene::write_secret(
        &house,
        "config.toml",
        &format!(
            "[whatsapp]\nprovider = \"opa\"\nbase_url = \"{}/api/v1\"\ntoken = \"opa-token\"\nworkers = 1\n",
            server.url()
        ),
        0o600,
    );
    scene::holds_beside(
        "omnichannel_opa",
        &mut house,
        "omnichannel channels
         omnichannel channels --json
         omnichannel templates
         omnichannel templates --channel c1 --json
         omnichannel templates --channel c9
         template add due --channel whatsapp --kind financial --provider-channel c1 --provider-template t1 --var 1=cliente_primeiro_nome
         template add due --channel whatsapp --kind financial --provider-channel c1 --provider-template t9 --var 1=cliente_primeiro_nome
         template add due --channel whatsapp --kind financial --provider-channel c1 --provider-template t1 --var 1=cliente_primeiro_nome --var 2=areceber_valor
         template show due
         send contracts --filter access_status=auto_block --template due --yes
         @ 2026-11-23T10:00
         queue deliver
         omnichannel logs
         omnichannel logs --json
         omnichannel logs --status failure
         doctor",
        &server.url(),
    );
}

fn meta_answer(seen: &Seen) -> Act {
    if seen.path.starts_with("/v24.0/waba1/message_templates") {
        return Act::json(
            200,
            json!({"data": [{"id": "1", "name": "fatura", "language": "pt_BR", "status": "APPROVED",
                "parameter_format": "POSITIONAL",
                "components": [{"type": "BODY", "text": "Olá {{1}}, {{2}} venceu."}]}]})
            .to_string(),
        );
    }
    if seen.json()["to"] == "5549999990001" {
        Act::json(
            200,
            r#"{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.1","message_status":"accepted"}]}"#,
        )
    } else {
        Act::json(
            400,
            r#"{"error":{"code":131026,"message":"Message undeliverable"}}"#,
        )
    }
}

#[test]
fn whatsapp_status() {
    let server = Server::start(meta_answer);
    let mut house = House::with_book();
    scene::write_secret(
        &house,
        "config.toml",
        &format!(
            "[whatsapp]\nprovider = \"meta\"\nbase_url = \"{}/v24.0\"\nphone_number_id = \"c1\"\naccount_id = \"waba1\"\ntoken = \"meta-token\"\nworkers = 1\n",
            server.url()
        ),
        0o600,
    );
    let status = |id: &str, status: &str, more: &str| {
        format!(
            "{{\"id\":\"{id}\",\"status\":\"{status}\",\"timestamp\":\"1795430000\",\"recipient_id\":\"55\"{more}}}\n"
        )
    };
    let told = status("wamid.1", "delivered", "")
        + &status("wamid.1", "read", "")
        + &status("wamid.elsewhere", "read", "");
    house.write("status.jsonl", &told);
    house.write("bad.jsonl", told + "nonsense\n");
    house.write(
        "replies.csv",
        "status,phone,text,at,channel\nreplied,554999990001,Parar,2026-11-23 09:10,whatsapp\n\
         replied,554988880004,Quanto devo?,2026-11-23 09:11,whatsapp\nreplied,1,sair,2026-11-23 09:12,sms\n",
    );
    house.write(
        "stopped.jsonl",
        status("wamid.1", "failed", ",\"errors\":[{\"code\":131050}]"),
    );
    scene::holds_beside(
        "whatsapp_status",
        &mut house,
        "template add due --channel whatsapp --kind financial --provider-channel c1 --provider-template fatura --var 1=cliente_primeiro_nome --var 2=areceber_valor
         send contracts --filter contract_id=11,14 --template due --yes
         queue deliver
         whatsapp status status.jsonl
         whatsapp status status.jsonl --json
         whatsapp status bad.jsonl
         whatsapp status absent.jsonl
         whatsapp status - -o csv < stopped.jsonl
         history show 1
         history show 1 --json
         history show 2
         receipts import status.jsonl --preset vivo
         receipts import - --preset csv < replies.csv
         history --replies
         history --replies -o csv
         history --undelivered 0m
         receipts poll
         receipts mail - < status.jsonl
         queue list --failed
         optout list",
        &server.url(),
    );
}
