//! The descriptions on what their providers send.

use chrono::DateTime;
use serde_json::json;

use super::*;
use crate::domain::receipt::{Receipt, ReceiptKind};
use crate::domain::words::Word as _;

fn now() -> Now {
    let at = DateTime::from_timestamp(1_795_430_000, 0).expect("an instant");
    Now::new(at, chrono_tz::America::Sao_Paulo)
}

fn tell(form: &str, document: &Value) -> Vec<Item> {
    ReceiptForm::named(form)
        .expect("a form")
        .tell(document, now())
}

fn receipts(form: &str, document: &Value) -> Vec<Receipt> {
    tell(form, document)
        .into_iter()
        .map(|item| match item.expect("right").0 {
            Told::Receipt(receipt) => receipt,
            other => panic!("{other:?} is no receipt"),
        })
        .collect()
}

/// The kind, id, code and reason of the one receipt of a document.
fn one(form: &str, document: Value) -> (ReceiptKind, String, Option<String>, Option<String>) {
    let all = receipts(form, &document);
    let [receipt] = &all[..] else {
        panic!("{form}: {all:?}");
    };
    (
        receipt.kind,
        receipt.provider_id.clone().expect("an id"),
        receipt.code.clone(),
        receipt.text.clone(),
    )
}

#[test]
fn every_description_is_read() {
    for (name, text) in FORMS {
        let form: Result<ReceiptForm, _> = toml::from_str(text);
        let form = form.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(form.providers.is_empty(), form.ours, "{name}");
        for words in form.receipt.iter().flat_map(ReceiptShape::meanings) {
            assert!(
                words == "soft" || ReceiptKind::parse(words).is_some(),
                "{name}: {words}"
            );
        }
    }
    assert_eq!(forms().len(), FORMS.len());
}

#[test]
fn statuses_of_meta_are_found_in_every_shape_they_are_kept_in() {
    let single = json!({"id":"wamid.1","status":"delivered","timestamp":"1764100000","recipient_id":"554999990001","biz_opaque_callback_data":"send/x"});
    let failed = json!({"id":"wamid.2","status":"failed","timestamp":1_764_100_001,"errors":[{"code":131_026,"title":"t","message":"m","error_data":{"details":"d"}}]});
    let body = json!({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"statuses":[single, failed]}}]}]});
    let all = json!([body, single, {"id":"wamid.4","status":"warming up","timestamp":"1"}]);
    let found = receipts("meta", &all);
    let ids: Vec<&str> = found
        .iter()
        .filter_map(|r| r.provider_id.as_deref())
        .collect();
    assert_eq!(ids, ["wamid.1", "wamid.2", "wamid.1"]);
    assert_eq!(found[0].key.as_deref(), Some("send/x"));
    assert_eq!(found[0].at.timestamp(), 1_764_100_000);
    assert_eq!(found[1].code.as_deref(), Some("131026"));
    assert_eq!(found[1].text.as_deref(), Some("d"));
    assert!(tell("meta", &json!({"status":"read","timestamp":"1"}))[0].is_err());
    assert!(
        tell(
            "meta",
            &json!({"id":"w","status":"read","timestamp":"soon"})
        )[0]
        .is_err()
    );
}

#[test]
fn what_people_tell_whatsapp_is_read() {
    let body = json!({"entry":[{"changes":[
        {"field":"user_preferences","value":{"contacts":[{"wa_id":"554999990001"}],"user_preferences":[
            {"wa_id":"554999990001","category":"marketing_messages","value":"stop","timestamp":1_764_100_000},
            {"wa_id":"554999990002","category":"another","value":"stop"}]}},
        {"field":"messages","value":{"messages":[
            {"id":"wamid.9","from":"554999990001","timestamp":"1764100000","type":"text","text":{"body":"Parar"},"context":{"id":"wamid.1"}}]}},
    ]}]});
    let told: Vec<Told> = tell("meta", &body)
        .into_iter()
        .map(|item| item.expect("right").0)
        .collect();
    let [Told::Reply(reply), Told::Preference(preference)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (reply.text.as_str(), reply.about.as_deref()),
        ("Parar", Some("wamid.1"))
    );
    assert!(preference.stops);
    let stopped = json!({"id":"w","status":"failed","timestamp":"1","errors":[{"code":131_050}]});
    assert!(receipts("meta", &stopped)[0].stopped.is_some());
}

#[test]
fn each_gateway_speaks_in_its_own_way() {
    let text = |text: &str| Some(text.to_owned());
    let id = "a1".to_owned();
    assert_eq!(
        one(
            "twilio",
            json!({"MessageSid":"a1","MessageStatus":"undelivered","ErrorCode":"30003","To":"+55"})
        ),
        (ReceiptKind::Failed, id.clone(), text("30003"), None)
    );
    assert_eq!(
        one(
            "zenvia",
            json!({"type":"MESSAGE_STATUS","messageId":"a1","messageStatus":{"code":"NOT_DELIVERED","description":"no","causes":[{"channelErrorCode":"7","reason":"gone"}]}})
        ),
        (ReceiptKind::Failed, id.clone(), text("7"), text("gone"))
    );
    assert_eq!(
        one("infobip", json!({"results":[{"messageId":"a1","status":{"groupName":"DELIVERED","name":"DELIVERED_TO_HANDSET"},"error":{"name":"NO_ERROR","description":"No Error"},"doneAt":"2026-11-23T12:00:00.000+0000"}]})).0,
        ReceiptKind::Delivered
    );
    assert_eq!(
        one("evolution", json!({"event":"messages.update","data":{"keyId":"a1","fromMe":true,"status":"DELIVERY_ACK"}})).0,
        ReceiptKind::Delivered
    );
    assert_eq!(
        one("onesignal", json!({"event":{"kind":"message.push.clicked","timestamp":1_764_100_000},"message":{"id":"a1"}})).0,
        ReceiptKind::Read
    );
    assert_eq!(
        one(
            "opa",
            json!({"status":"success","data":{"_id":"a1","statusEnvio":{"status":"Não entregue","observacao":"sem WhatsApp"}}})
        ),
        (ReceiptKind::Failed, id.clone(), None, text("sem WhatsApp"))
    );
    assert_eq!(
        one("kolmeya", json!({"id":"job","status":"Válido","messages":[{"id":"a1","reference":"r","status":"entregue","status_code":3}]})).0,
        ReceiptKind::Delivered
    );
    assert_eq!(
        one(
            "csv",
            json!({"id":"a1","status":"Entregue","at":"2026-11-23 10:00"})
        )
        .0,
        ReceiptKind::Delivered
    );
}

#[test]
fn what_means_nothing_is_passed_over_but_our_own_words_are_held_to() {
    assert!(
        tell(
            "twilio",
            &json!({"MessageSid":"a1","MessageStatus":"queued"})
        )
        .is_empty()
    );
    assert!(
        tell(
            "evolution",
            &json!({"event":"connection.update","data":{"state":"open"}})
        )
        .is_empty()
    );
    assert!(tell("csv", &json!({"id":"a1","status":"entrege"}))[0].is_err());
    assert!(tell("csv", &json!({"status":"delivered"}))[0].is_err());
}

#[test]
fn a_report_that_nobody_named_is_recognised() {
    let of = |document: Value| ReceiptForm::recognised(&document, now()).map(ReceiptForm::name);
    assert_eq!(
        of(json!({"MessageSid":"a","MessageStatus":"delivered"})),
        Some("twilio")
    );
    assert_eq!(
        of(json!({"id":"wamid.1","status":"read","timestamp":"1","recipient_id":"55"})),
        Some("meta")
    );
    assert_eq!(of(json!({"key":"send/x","status":"entregue"})), Some("csv"));
    assert_eq!(of(json!({"hello":"world"})), None);
}
