//! No secret in anything a provider says, even when the service throws it back.

use regua::config::Config;
use regua::domain::words::Channel;

use crate::mail_server::{MailServer, Manner};
use crate::server::{Act, Seen, Server};
use crate::{fcm, message, meta, opa, provider, smtp, twilio};

/// Every text that must never be shown, in the forms it travels in.
const SECRETS: &[&str] = &[
    "a-very-secret-token",
    "YS12ZXJ5LXNlY3JldC10b2tlbg==",
    "header-secret",
    "form-secret",
    "opa-secret-token",
    "meta-secret-token",
    "twilio-secret",
    "QUMxOnR3aWxpby1zZWNyZXQ=",
    "ya29.secret-token",
    "smtp-secret",
    "AGF2aXNvAHNtdHAtc2VjcmV0",
    "MIIEv",
];

fn clean(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}: {text}");
    }
}

/// A service that puts all it was sent into its error, in JSON, HTML or a status nobody knows.
fn mirror(seen: &Seen) -> String {
    let headers: Vec<String> = seen
        .headers
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{} {} {}", headers.join(" "), seen.path, seen.body).replace('"', "'")
}

#[test]
fn a_service_that_echoes_is_covered() {
    for status in [200, 301, 400, 401, 404, 429, 500] {
        for json in [true, false] {
            let server = Server::start(move |seen| {
                if seen.path == "/token" && status == 400 {
                    return Act::json(
                        200,
                        r#"{"access_token":"ya29.secret-token","expires_in":3599}"#,
                    );
                }
                let told = mirror(seen);
                if json {
                    Act::json(
                        status,
                        serde_json::json!({
                            "name": told, "id": told, "sid": told, "status": "success",
                            "messages": [{"id": told, "message_status": told}],
                            "error": {"message": told, "code": 131_026, "error_data": {"details": told}},
                            "error_description": told, "message": told,
                            "data": {"message": told, "messageSentId": told}, "description": told})
                        .to_string(),
                    )
                } else {
                    Act::Answer(
                        status,
                        vec![("Location", format!("http://x/{status}"))],
                        told,
                    )
                }
            });
            let folder = tempfile::tempdir().expect("a folder");
            let url = server.url();
            let http = format!(
                "[sms]\nprovider = \"http\"\nurl = \"{url}/send?pw=#password#\"\nusername = \"u\"\npassword = \"form-secret\"\ntoken = \"a-very-secret-token\"\nheaders = {{ X-Api-Key = \"header-secret\" }}\nid_pointer = \"/id\"\nmessage_pointer = \"/message\"\ntimeout_seconds = 1\ncheck_url = \"{url}/check\"\n"
            );
            for (channel, text) in [
                (Channel::Sms, http),
                (Channel::Push, fcm::config(&url, &folder)),
                (Channel::Whatsapp, opa::config(&url, &folder)),
                (Channel::Whatsapp, meta::config(&url, &folder)),
                (Channel::Sms, twilio::config(&url, &folder)),
            ] {
                let config = Config::read(&text, "c.toml", folder.path()).expect("a config");
                clean("the configuration", &format!("{config:?}"));
                let provider = provider(channel, &text, folder.path());
                let name = provider.name();
                if let Err(refusal) = provider.open() {
                    clean(name, &format!("{refusal:?}"));
                }
                let sent = provider.send(&message(channel));
                clean(name, &format!("{sent:?}"));
                if let Some(validated) = provider.validate(&message(channel)) {
                    clean(name, &format!("{validated:?}"));
                }
                if let Err(error) = provider.check() {
                    clean(name, &error.to_string());
                    clean(name, &format!("{error:?}"));
                }
                if let Some(catalogue) = provider.catalogue() {
                    for listed in [catalogue.channels(), catalogue.templates("c1")] {
                        if let Err(error) = listed {
                            clean(name, &format!("{error} {error:?}"));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn no_connection_shows_no_address_with_secrets() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let text = format!(
        "[sms]\nprovider = \"http\"\nurl = \"http://127.0.0.1:{port}/send?token=#token#\"\ntoken = \"a-very-secret-token\"\ntimeout_seconds = 1\n"
    );
    let provider = provider(Channel::Sms, &text, std::path::Path::new(""));
    let refusal = provider.send(&message(Channel::Sms)).expect_err("nobody");
    clean("http", &format!("{refusal:?}"));
    clean("http", &provider.check().expect_err("nobody").to_string());
}

#[test]
fn a_mail_server_that_echoes_is_covered() {
    let server = MailServer::start(Manner {
        pipelining: true,
        credentials: Some("other".to_owned()),
        ..Manner::default()
    });
    let text = smtp::config(
        &server,
        "username = \"aviso\"\npassword = \"smtp-secret\"\n",
    );
    let provider = provider(Channel::Email, &text, std::path::Path::new(""));
    clean("smtp", &format!("{:?}", provider.open()));
    clean("smtp", &provider.check().expect_err("refused").to_string());
}
