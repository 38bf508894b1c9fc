//! The `twilio` provider: the form, the id, what its codes mean.

use std::time::Duration;

use regua::channel::{Next, Provider};
use regua::domain::words::{Channel, Reason};
use tempfile::TempDir;

use crate::battery::Subject;
use crate::server::{Act, Seen, Server};
use crate::{message, provider};

pub fn config(url: &str, _: &TempDir) -> String {
    format!(
        "[sms]\nprovider = \"twilio\"\nbase_url = \"{url}\"\naccount_sid = \"AC1\"\npassword = \"twilio-secret\"\nfrom = \"+15005550006\"\ntimeout_seconds = 1\n"
    )
}

fn error(status: u16, code: i64) -> Act {
    Act::json(
        status,
        format!(
            r#"{{"code":{code},"message":"words about {code}","more_info":"https://www.twilio.com/docs/errors/{code}","status":{status}}}"#
        ),
    )
}

const SENT: &str = r#"{"sid":"SM1","status":"queued","num_segments":"1","error_code":null}"#;

pub fn subject() -> Subject {
    Subject {
        channel: Channel::Sms,
        config,
        prelude: |_: &Seen| None,
        accepted: Act::json(201, SENT),
        id: "SM1",
        refused: error(400, 21_211),
        later: error(429, 20_429),
        stop: error(401, 20_003),
    }
}

fn twilio(server: &Server) -> Box<dyn Provider> {
    let folder = tempfile::tempdir().expect("a folder");
    provider(Channel::Sms, &config(&server.url(), &folder), folder.path())
}

#[test]
fn a_text_goes_out_as_a_form() {
    let server = Server::start(|_| Act::json(201, SENT));
    let mut sent = message(Channel::Sms);
    sent.time_to_live = Some(Duration::from_hours(2));
    let receipt = twilio(&server).send(&sent).expect("accepted");
    assert_eq!(receipt.text.as_deref(), Some("queued"));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(
        seen.header("authorization"),
        Some("Basic QUMxOnR3aWxpby1zZWNyZXQ=")
    );
    assert_eq!(seen.field("To").as_deref(), Some("+5549999990001"));
    assert_eq!(seen.field("From").as_deref(), Some("+15005550006"));
    assert_eq!(seen.field("Body").as_ref(), Some(&sent.body));
    assert_eq!(seen.field("ValidityPeriod").as_deref(), Some("7200"));
}

#[test]
fn codes_mean_what_twilio_says() {
    for (status, code, wanted) in [
        (400, 21_614, Next::Never(Reason::Refused)),
        (400, 21_610, Next::OptedOut(None)),
        (400, 21_611, Next::Later(Some(Duration::from_mins(10)))),
        (400, 21_606, Next::Stop),
        (400, 99_999, Next::Never(Reason::Refused)),
        (503, 20_503, Next::Later(None)),
    ] {
        let server = Server::start(move |_| error(status, code));
        let refusal = twilio(&server)
            .send(&message(Channel::Sms))
            .expect_err("refused");
        assert_eq!(refusal.next, wanted, "{code}");
        assert_eq!(refusal.code, Some(code.to_string()));
    }
}

#[test]
fn the_check_asks_for_the_account() {
    let server = Server::start(|seen| {
        if seen.path == "/2010-04-01/Accounts/AC1.json" && seen.method == "GET" {
            Act::json(
                200,
                r#"{"sid":"AC1","friendly_name":"Provedor","status":"active"}"#,
            )
        } else {
            Act::json(404, "")
        }
    });
    assert_eq!(
        twilio(&server).check().expect("good"),
        "Twilio knows the account Provedor"
    );
    let server = Server::start(|_| {
        Act::json(
            200,
            r#"{"sid":"AC1","friendly_name":"P","status":"suspended"}"#,
        )
    });
    assert!(twilio(&server).check().is_err());
    let server = Server::start(|_| error(401, 20_003));
    assert!(twilio(&server).check().is_err());
}
