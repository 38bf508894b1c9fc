//! The `opa` provider: channels, templates, the daily limit, both shapes of error.

use std::time::Duration;

use regua::channel::{Next, Provider};
use regua::domain::words::{Channel, Reason};
use serde_json::json;
use tempfile::TempDir;

use crate::battery::Subject;
use crate::server::{Act, Seen, Server};
use crate::{message, provider};

pub fn config(url: &str, _: &TempDir) -> String {
    format!(
        "[whatsapp]\nprovider = \"opa\"\nbase_url = \"{url}/api/v1\"\ntoken = \"opa-secret-token\"\ntimeout_seconds = 1\n"
    )
}

fn no_limit(seen: &Seen) -> Option<Act> {
    seen.path
        .ends_with("/limites-diarios-envio")
        .then(|| Act::json(200, "{}"))
}

const SENT: &str = r#"{"status":"success","code":200,"data":{"message":"Template has been succesfully sent.","messageSentId":"659c365bfdf5907fd69e2811"}}"#;

pub fn subject() -> Subject {
    Subject {
        channel: Channel::Whatsapp,
        config,
        prelude: no_limit,
        accepted: Act::json(200, SENT),
        id: "659c365bfdf5907fd69e2811",
        refused: Act::json(
            400,
            r#"{"status":"error","code":400,"data":{"message":"Contato inválido"}}"#,
        ),
        later: Act::json(
            429,
            r#"{"status":"error","code":429,"data":{"message":"Devagar"}}"#,
        ),
        stop: Act::json(
            403,
            r#"{"status":"error","code":403,"data":{"message":"Bad role"}}"#,
        ),
    }
}

fn opa(server: &Server) -> Box<dyn Provider> {
    let folder = tempfile::tempdir().expect("a folder");
    provider(
        Channel::Whatsapp,
        &config(&server.url(), &folder),
        folder.path(),
    )
}

#[test]
fn a_template_goes_out_with_our_key() {
    let server = Server::start(|seen| no_limit(seen).unwrap_or_else(|| Act::json(200, SENT)));
    let receipt = opa(&server)
        .send(&message(Channel::Whatsapp))
        .expect("accepted");
    assert_eq!(
        receipt.text.as_deref(),
        Some("Template has been succesfully sent.")
    );
    let seen = server.seen_at("/template/send");
    assert_eq!(seen[0].path, "/api/v1/template/send");
    assert_eq!(
        seen[0].header("authorization"),
        Some("Bearer opa-secret-token")
    );
    assert_eq!(
        seen[0].json(),
        json!({
            "contato": {"canalCliente": "+5549999990001"},
            "template": {"_id": "fatura", "variaveis": ["Ana", "R$ 99,90"]},
            "canal": "c1",
            "allowSendingToStartedCustomerService": false,
            "metadata": {"key": "send/cut/2026-11-21/7/x", "id": "42"}
        })
    );
}

#[test]
fn the_daily_limit_is_read_once_and_respected() {
    let server = Server::start(|seen| {
        if seen.path == "/api/v1/canal-comunicacao/c1/template/limites-diarios-envio" {
            return Act::json(
                200,
                r#"{"messagesSent":998,"dailyLimit":1000,"availableAmount":2}"#,
            );
        }
        if seen.json()["contato"]["canalCliente"] == "+5549999990009" {
            return Act::json(
                400,
                r#"{"status":"error","data":{"message":"Contato inválido"}}"#,
            );
        }
        Act::json(200, SENT)
    });
    let provider = opa(&server);
    provider.open().expect("opens");
    let mut bad = message(Channel::Whatsapp);
    bad.address = "+5549999990009".to_owned();
    assert!(provider.send(&message(Channel::Whatsapp)).is_ok());
    assert!(provider.send(&bad).is_err());
    assert!(
        provider.send(&message(Channel::Whatsapp)).is_ok(),
        "a refusal uses up nothing"
    );
    let over = provider
        .send(&message(Channel::Whatsapp))
        .expect_err("used up");
    assert_eq!(over.next, Next::Stop);
    assert!(over.text.contains("daily limit"), "{}", over.text);
    assert_eq!(server.seen_at("/template/send").len(), 3);
    assert_eq!(server.seen_at("limites-diarios-envio").len(), 1);
}

#[test]
fn an_installation_without_a_limit_has_none() {
    for act in [
        Act::json(200, r#"{"status":"success","code":200,"data":{}}"#),
        Act::json(404, r#"{"error":"NOT_FOUND_ERROR","message":"Not found"}"#),
        Act::json(
            403,
            r#"{"status":"error","code":403,"data":{"message":"Bad role"}}"#,
        ),
    ] {
        let server = Server::start(move |seen| {
            if seen.path.ends_with("limites-diarios-envio") {
                act.clone()
            } else {
                Act::json(200, SENT)
            }
        });
        assert!(opa(&server).send(&message(Channel::Whatsapp)).is_ok());
    }
}

#[test]
fn a_limit_that_cannot_be_read_is_no_licence() {
    for (act, wanted) in [
        (Act::json(503, "{}"), Next::Later(None)),
        (
            Act::Answer(302, vec![("Location", "/login".to_owned())], String::new()),
            Next::Stop,
        ),
        (Act::Cut, Next::NotSent),
    ] {
        let server = Server::start(move |seen| {
            if seen.path.ends_with("limites-diarios-envio") {
                act.clone()
            } else {
                Act::json(200, SENT)
            }
        });
        let refusal = opa(&server)
            .send(&message(Channel::Whatsapp))
            .expect_err("no limit was told");
        assert_eq!(refusal.next, wanted);
        assert!(server.seen_at("/template/send").is_empty());
    }
}

#[test]
fn errors_mean_what_both_shapes_say() {
    for (status, body, wanted) in [
        (
            400,
            r#"{"status":"error","code":400,"data":{"message":"Este contato já está em atendimento com Ana"}}"#,
            Next::Wait(Duration::from_mins(15)),
        ),
        (
            404,
            r#"{"error":"NOT_FOUND_ERROR","message":"Communication channel not found."}"#,
            Next::StopBatch,
        ),
        (
            400,
            r#"{"status":"error","code":400,"data":{"message":"x"},"description":"Field 'x' is not allowed"}"#,
            Next::StopBatch,
        ),
        (
            200,
            r#"{"status":"error","code":400,"data":{"message":"Template sem aprovação"}}"#,
            Next::Never(Reason::Refused),
        ),
        (401, "", Next::Stop),
        (500, r#"{"status":"error","code":500}"#, Next::Later(None)),
    ] {
        let server =
            Server::start(move |seen| no_limit(seen).unwrap_or_else(|| Act::json(status, body)));
        let refusal = opa(&server)
            .send(&message(Channel::Whatsapp))
            .expect_err("a refusal");
        assert_eq!(refusal.next, wanted, "{status} {body}");
    }
}

/// An installation with 120 templates that, as some do, ignores `skip` for channels.
fn installation(seen: &Seen) -> Act {
    let body = seen.json();
    if seen.method != "GET"
        || body["filter"]
            .as_object()
            .is_none_or(serde_json::Map::is_empty)
    {
        return Act::json(
            400,
            r#"{"status":"error","code":400,"data":{"message":"a filter is required"}}"#,
        );
    }
    let page = |rows: Vec<serde_json::Value>| {
        Act::json(
            200,
            json!({"status": "success", "code": 200, "data": rows}).to_string(),
        )
    };
    let skip = usize::try_from(body["options"]["skip"].as_u64().unwrap_or(0)).expect("small");
    let limit = usize::try_from(body["options"]["limit"].as_u64().unwrap_or(1)).expect("small");
    match seen.path.as_str() {
        "/api/v1/canal-comunicacao/" => page(
            (0..limit)
                .map(|n| {
                    json!({"_id": format!("c{n}"), "nome": format!("Canal {n}"), "status": "A",
                       "canal": "Whatsapp", "integracao": "dialog360"})
                })
                .collect(),
        ),
        "/api/v1/canal-comunicacao/c1/template" => page(
            (skip..120.min(skip + limit))
                .map(|n| {
                    json!({"_id": format!("t{n}"), "atalho": format!("aviso_{n}"),
                       "texto": "Olá {{nome}}, {{valor}}", "tipo_mensagem": "dialog360"})
                })
                .collect(),
        ),
        "/api/v1/template" => page(vec![
            json!({"_id": "t-old", "atalho": "antigo", "texto": "Olá {{1}}"}),
        ]),
        _ => Act::json(404, r#"{"error":"NOT_FOUND_ERROR","message":"Not found"}"#),
    }
}

#[test]
fn channels_and_templates_are_listed_page_by_page() {
    let server = Server::start(installation);
    let provider = opa(&server);
    let catalogue = provider.catalogue().expect("opa has one");
    let channels = catalogue.channels().expect("channels");
    assert_eq!(channels.len(), 100, "a page that repeats itself is the end");
    assert_eq!(
        (channels[1].id.as_str(), channels[1].name.as_str()),
        ("c1", "Canal 1")
    );
    let templates = catalogue.templates("c1").expect("templates");
    assert_eq!(templates.len(), 120);
    assert_eq!(templates[119].id, "t119");
    assert_eq!(
        templates[0].text.as_deref(),
        Some("Olá {{nome}}, {{valor}}")
    );
    // An older installation, whose channels have no templates of their own.
    let templates = catalogue.templates("c2").expect("templates");
    assert_eq!(templates[0].id, "t-old");
    let error = catalogue.templates("nowhere").expect_err("no such channel");
    assert!(error.to_string().contains("nowhere"));
    assert!(provider.check().is_ok());
}
