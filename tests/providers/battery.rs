//! What every HTTP provider must do alike, whatever it speaks.

use std::net::TcpListener;
use std::sync::Arc;

use regua::channel::{Next, Provider};
use regua::domain::words::{Channel, Reason};
use tempfile::TempDir;

use crate::server::{Act, Seen, Server};
use crate::{fcm, http, message, meta, next, opa, provider, twilio};

/// A provider with the shapes of its answers.
pub struct Subject {
    pub channel: Channel,
    /// The configuration that points it at a server; files it needs are made in the folder.
    pub config: fn(&str, &TempDir) -> String,
    /// Answers what is asked before a message is sent: a token, a template, a limit.
    pub prelude: fn(&Seen) -> Option<Act>,
    pub accepted: Act,
    pub id: &'static str,
    pub refused: Act,
    pub later: Act,
    pub stop: Act,
}

fn open(subject: &Subject, url: &str, folder: &TempDir) -> Box<dyn Provider> {
    provider(
        subject.channel,
        &(subject.config)(url, folder),
        folder.path(),
    )
}

/// The outcome of one message when its own request is answered so.
fn outcome(subject: &Subject, act: &Act) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (prelude, act) = (subject.prelude, act.clone());
    let server = Server::start(move |seen| prelude(seen).unwrap_or_else(|| act.clone()));
    let provider = open(subject, &server.url(), &folder);
    assert!(provider.open().is_ok(), "{} opens", provider.name());
    next(&provider.send(&message(subject.channel)))
}

fn battery(subject: &Subject) {
    let never = format!("{:?}", Next::Never(Reason::Refused));
    let unknown = format!("{:?}", Next::Unknown);
    let stop = format!("{:?}", Next::Stop);
    let later = |seconds| {
        format!(
            "{:?}",
            Next::Later(Some(std::time::Duration::from_secs(seconds)))
        )
    };
    let html = |status, text: &str| {
        Act::Answer(
            status,
            vec![("Content-Type", "text/html".to_owned())],
            format!("<html><body><h1>{text}</h1></body></html>"),
        )
    };
    let half = |status| match &subject.accepted {
        Act::Answer(_, _, body) => Act::Half(status, body.clone()),
        _ => unreachable!("an acceptance is an answer"),
    };
    let expected = [
        ("accepted", subject.accepted.clone(), "accepted".to_owned()),
        ("refused", subject.refused.clone(), never),
        (
            "later, in seconds",
            subject.later.clone().with("Retry-After", "90"),
            later(90),
        ),
        (
            "later, at a date",
            subject
                .later
                .clone()
                .with("Date", "Sun, 06 Nov 1994 08:49:07 GMT")
                .with("Retry-After", "Sun, 06 Nov 1994 08:51:07 GMT"),
            later(120),
        ),
        ("stop", subject.stop.clone(), stop.clone()),
        ("cut after the request was read", Act::Cut, unknown.clone()),
        ("half an answer", half(200), unknown.clone()),
        ("half a refusal", half(400), unknown.clone()),
        (
            "an HTML page with 200",
            html(200, "Welcome"),
            unknown.clone(),
        ),
        ("an empty answer", Act::json(200, ""), unknown.clone()),
        (
            "wrong JSON",
            Act::json(200, r#"{"unexpected":[1]}"#),
            unknown.clone(),
        ),
        (
            "no JSON at all",
            Act::json(200, "{\"id\":"),
            unknown.clone(),
        ),
        ("not HTTP", Act::Nonsense, unknown.clone()),
        (
            "moved",
            Act::json(301, "").with("Location", "https://elsewhere.example.com/x"),
            stop,
        ),
    ];
    for (what, act, wanted) in expected {
        assert_eq!(outcome(subject, &act), wanted, "{what}");
    }
    // Without a Retry-After it still comes back later, in its own time.
    assert!(outcome(subject, &subject.later).starts_with("Later("));
    assert!(outcome(subject, &html(503, "Bad gateway")).starts_with("Later("));
    assert!(outcome(subject, &Act::json(500, "")).starts_with("Later("));

    slow(subject, &unknown);
    cut_before(subject, &unknown);
    nobody(subject);
    kept_alive(subject);
    interrupted(subject, &unknown);
}

/// The server reads the request and never answers.
fn slow(subject: &Subject, unknown: &str) {
    assert_eq!(outcome(subject, &Act::Hang), *unknown, "slow");
}

/// The connection is taken and closed: whether the request was read is anybody's guess.
fn cut_before(subject: &Subject, unknown: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::cutting();
    // What is asked before the message (a token, a template, a limit) meets it first: certainly not sent.
    let text = (subject.config)(&server.url(), &folder);
    let sending = provider(subject.channel, &text, folder.path());
    if let Err(refusal) = sending.open() {
        assert_eq!(refusal.next, Next::NotSent, "only a token was asked for");
        return;
    }
    let outcome = next(&sending.send(&message(subject.channel)));
    assert!(outcome == *unknown || outcome == "NotSent", "{outcome}");
}

/// Nobody listens: certainly not sent.
fn nobody(subject: &Subject) {
    let folder = tempfile::tempdir().expect("a folder");
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let provider = open(subject, &format!("http://127.0.0.1:{port}"), &folder);
    let refusal = provider
        .open()
        .and_then(|()| provider.send(&message(subject.channel)))
        .expect_err("nobody listens");
    assert_eq!(refusal.next, Next::NotSent);
    assert!(refusal.text.contains("127.0.0.1"), "{}", refusal.text);
}

/// One worker needs one connection, whatever is answered.
fn kept_alive(subject: &Subject) {
    let folder = tempfile::tempdir().expect("a folder");
    let prelude = subject.prelude;
    let (accepted, refused) = (subject.accepted.clone(), subject.refused.clone());
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let server = Server::start(move |seen| {
        prelude(seen).unwrap_or_else(|| {
            if count
                .fetch_add(1, std::sync::atomic::Ordering::SeqCst)
                .is_multiple_of(2)
            {
                accepted.clone()
            } else {
                refused.clone()
            }
        })
    });
    let provider = open(subject, &server.url(), &folder);
    assert!(provider.open().is_ok());
    for turn in 0..6 {
        let sent = provider.send(&message(subject.channel));
        assert_eq!(sent.is_ok(), turn % 2 == 0, "turn {turn}");
        if let Ok(receipt) = sent {
            assert_eq!(receipt.provider_id.as_deref(), Some(subject.id));
        }
    }
    assert_eq!(server.connections(), 1);
    let agent = server.seen()[0].header("user-agent").map(str::to_owned);
    assert_eq!(
        agent.as_deref(),
        Some(concat!("regua/", env!("CARGO_PKG_VERSION")))
    );
}

/// A second signal cuts what is waiting; nothing more is sent after it.
fn interrupted(subject: &Subject, unknown: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let (asked, waiting) = std::sync::mpsc::channel();
    let prelude = subject.prelude;
    let server = Server::start(move |seen| {
        prelude(seen).unwrap_or_else(|| {
            asked.send(()).expect("the test waits");
            Act::Hang
        })
    });
    let provider = open(subject, &server.url(), &folder);
    assert!(provider.open().is_ok());
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| next(&provider.send(&message(subject.channel))));
        waiting.recv().expect("the request came");
        provider.interrupt();
        assert_eq!(sending.join().expect("no panic"), *unknown);
    });
    let after = provider.send(&message(subject.channel));
    assert_eq!(next(&after), "NotSent");
}

#[test]
fn fcm_passes_the_battery() {
    battery(&fcm::subject());
}

#[test]
fn http_passes_the_battery() {
    battery(&http::subject());
}

#[test]
fn opa_passes_the_battery() {
    battery(&opa::subject());
}

#[test]
fn meta_passes_the_battery() {
    battery(&meta::subject());
}

#[test]
fn twilio_passes_the_battery() {
    battery(&twilio::subject());
}
