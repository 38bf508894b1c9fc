//! The `meta` provider: template structures, the error table, people in 24 hours.

use std::time::Duration;

use regua::channel::{Next, Provider};
use regua::domain::words::{Channel, Purpose, Reason};
use serde_json::json;
use tempfile::TempDir;

use crate::battery::Subject;
use crate::server::{Act, Seen, Server};
use crate::{message, next, provider};

pub fn config(url: &str, _: &TempDir) -> String {
    format!(
        "[whatsapp]\nprovider = \"meta\"\nbase_url = \"{url}/v24.0\"\nphone_number_id = \"pn1\"\naccount_id = \"waba1\"\ntoken = \"meta-secret-token\"\ntimeout_seconds = 1\n"
    )
}

fn templates(seen: &Seen) -> Option<Act> {
    let (path, _) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    (path == "/v24.0/waba1/message_templates").then(|| {
        if seen.field("after").as_deref() == Some("p2=") {
            return Act::json(
                200,
                json!({"data": [
                    {"id": "3", "name": "pausado", "language": "pt_BR", "status": "PAUSED", "components": []},
                    {"id": "4", "name": "nomeado", "language": "en", "status": "APPROVED",
                     "parameter_format": "NAMED",
                     "components": [{"type": "BODY", "text": "Hi {{nome}}: {{valor}}"}]},
                    {"id": "5", "name": "foto", "language": "pt_BR", "status": "APPROVED",
                     "components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "x"}]}],
                    "paging": {"cursors": {"before": "b", "after": "end"}}})
                .to_string(),
            );
        }
        Act::json(
            200,
            json!({"data": [
                {"id": "1", "name": "fatura_velha", "language": "pt_BR", "status": "APPROVED",
                 "components": [{"type": "BODY", "text": "sem valores"}]},
                {"id": "2", "name": "fatura", "language": "pt_BR", "category": "UTILITY",
                 "status": "APPROVED", "parameter_format": "POSITIONAL",
                 "components": [
                    {"type": "HEADER", "format": "TEXT", "text": "Olá {{1}}"},
                    {"type": "BODY", "text": "Sua fatura de {{1}} venceu."}]}],
                "paging": {"cursors": {"before": "b", "after": "p2="},
                           "next": "https://graph.facebook.com/v24.0/x?access_token=leak&after=p2"}})
            .to_string(),
        )
    })
}

const SENT: &str = r#"{"messaging_product":"whatsapp","contacts":[{"input":"5549999990001","wa_id":"554999990001"}],"messages":[{"id":"wamid.HB1","message_status":"accepted"}]}"#;

fn error(status: u16, code: i64) -> Act {
    Act::json(
        status,
        format!(
            r#"{{"error":{{"message":"(#{code}) words","type":"OAuthException","code":{code},"error_data":{{"messaging_product":"whatsapp","details":"details"}},"fbtrace_id":"A"}}}}"#
        ),
    )
}

pub fn subject() -> Subject {
    Subject {
        channel: Channel::Whatsapp,
        config,
        prelude: templates,
        accepted: Act::json(200, SENT),
        id: "wamid.HB1",
        refused: error(400, 131_026),
        later: error(429, 130_429),
        stop: error(401, 190),
    }
}

fn meta(server: &Server, more: &str) -> Box<dyn Provider> {
    let folder = tempfile::tempdir().expect("a folder");
    let text = config(&server.url(), &folder) + more;
    provider(Channel::Whatsapp, &text, folder.path())
}

fn sending(act: Act) -> Server {
    Server::start(move |seen| templates(seen).unwrap_or_else(|| act.clone()))
}

#[test]
fn a_template_goes_out_in_its_own_structure() {
    let server = sending(Act::json(200, SENT));
    let provider = meta(&server, "");
    let receipt = provider
        .send(&message(Channel::Whatsapp))
        .expect("accepted");
    assert_eq!(receipt.text.as_deref(), Some("accepted"));
    let mut named = message(Channel::Whatsapp);
    named.provider_template = Some("nomeado/en".to_owned());
    named.provider_channel = None;
    provider.send(&named).expect("accepted");

    let seen = server.seen_at("/messages");
    assert_eq!(seen[0].path, "/v24.0/c1/messages");
    assert_eq!(
        seen[0].json(),
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual",
            "to": "5549999990001", "type": "template",
            "biz_opaque_callback_data": "send/cut/2026-11-21/7/x",
            "template": {"name": "fatura", "language": {"code": "pt_BR"}, "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "Ana"}]},
                {"type": "body", "parameters": [{"type": "text", "text": "R$ 99,90"}]}]}
        })
    );
    assert_eq!(seen[1].path, "/v24.0/pn1/messages");
    assert_eq!(
        seen[1].json()["template"],
        json!({"name": "nomeado", "language": {"code": "en"}, "components": [
            {"type": "body", "parameters": [
                {"type": "text", "parameter_name": "nome", "text": "Ana"},
                {"type": "text", "parameter_name": "valor", "text": "R$ 99,90"}]}]})
    );
    // Each template is looked up once a batch, over both pages.
    provider
        .send(&message(Channel::Whatsapp))
        .expect("accepted");
    assert_eq!(server.seen_at("message_templates").len(), 4);
}

#[test]
fn a_template_that_cannot_go_stops_before_anything_is_sent() {
    let server = sending(Act::json(200, SENT));
    for (template, values, wanted) in [
        ("pausado", 0, "not approved"),
        ("nenhum", 0, "does not exist"),
        ("fatura/en", 2, "does not exist"),
        ("fatura", 1, "takes 2 values"),
        ("foto", 0, "header with media"),
    ] {
        let mut sent = message(Channel::Whatsapp);
        sent.provider_template = Some(template.to_owned());
        sent.variables.truncate(values);
        let refusal = meta(&server, "").send(&sent).expect_err("stopped");
        assert_eq!(refusal.next, Next::StopBatch, "{template}");
        assert!(refusal.text.contains(wanted), "{}", refusal.text);
    }
    assert!(server.seen_at("/messages").is_empty());
}

#[test]
fn codes_decide_not_the_status() {
    for (status, code, wanted) in [
        (400, 131_056, Next::Later(Some(Duration::from_secs(6)))),
        (400, 80_007, Next::Later(Some(Duration::from_mins(1)))),
        (400, 131_050, Next::OptedOut(Some(Purpose::Marketing))),
        (400, 132_001, Next::StopBatch),
        (400, 132_012, Next::Never(Reason::Refused)),
        (403, 131_031, Next::Stop),
        (500, 131_000, Next::Later(None)),
        (503, 131_016, Next::Later(None)),
        (400, 777_777, Next::Never(Reason::Refused)),
    ] {
        let server = sending(error(status, code));
        let refusal = meta(&server, "")
            .send(&message(Channel::Whatsapp))
            .expect_err("refused");
        assert_eq!(refusal.next, wanted, "{code}");
        assert_eq!(refusal.code, Some(code.to_string()));
        assert_eq!(refusal.text, format!("(#{code}) words: details"));
    }
}

#[test]
fn only_so_many_people_are_written_to_in_24_hours() {
    let server = Server::start(|seen| {
        templates(seen).unwrap_or_else(|| {
            if seen.json()["to"] == "5549999990003" {
                error(400, 131_026)
            } else {
                Act::json(200, SENT)
            }
        })
    });
    let provider = meta(&server, "daily_recipients = 3\n");
    assert_eq!(provider.daily_recipients(), 3);
    provider.remember(vec!["+5549999990001".to_owned()]);
    let to = |last: u8| {
        let mut sent = message(Channel::Whatsapp);
        sent.address = format!("+554999999000{last}");
        next(&provider.send(&sent))
    };
    assert_eq!(to(1), "accepted", "already among them");
    assert_eq!(to(2), "accepted");
    assert!(to(3).starts_with("Never"), "not reached, not counted");
    assert_eq!(to(4), "accepted");
    assert_eq!(to(5), "Stop");
    assert_eq!(to(2), "accepted", "the same person again is no one more");
}

#[test]
fn only_approved_templates_are_listed_and_the_next_page_is_asked_of_the_same_host() {
    let server = Server::start(|seen| {
        templates(seen).unwrap_or_else(|| {
            Act::json(
                200,
                r#"{"data":[{"id":"pn1","display_phone_number":"+55 49 3333-0000","verified_name":"Provedor","quality_rating":"GREEN"}]}"#,
            )
        })
    });
    let provider = meta(&server, "");
    let catalogue = provider.catalogue().expect("meta has one");
    let listed = catalogue.templates("pn1").expect("templates");
    let ids: Vec<&str> = listed.iter().map(|template| template.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "fatura_velha/pt_BR",
            "fatura/pt_BR",
            "nomeado/en",
            "foto/pt_BR"
        ]
    );
    assert_eq!(
        listed[1].text.as_deref(),
        Some("Olá {{1}}\nSua fatura de {{2}} venceu.")
    );
    let channels = catalogue.channels().expect("channels");
    assert_eq!(channels[0].id, "pn1");
    assert_eq!(channels[0].name, "Provedor +55 49 3333-0000");
}

#[test]
fn the_check_asks_for_the_number() {
    let server = Server::start(|seen| {
        if seen.header("authorization") == Some("Bearer meta-secret-token")
            && seen.path.starts_with("/v24.0/pn1?fields=")
        {
            Act::json(
                200,
                r#"{"display_phone_number":"+55 49 3333-0000","verified_name":"Provedor","quality_rating":"GREEN","id":"pn1"}"#,
            )
        } else {
            error(401, 190)
        }
    });
    let found = meta(&server, "").check().expect("good");
    assert!(
        found.contains("+55 49 3333-0000") && found.contains("GREEN"),
        "{found}"
    );
    let server = Server::start(|_| error(401, 190));
    assert!(meta(&server, "").check().is_err());
}
