//! The `smtp` provider: what goes over the wire, and what each reply means.

use std::time::Duration;

use regua::channel::{Next, Outgoing, Provider};
use regua::domain::words::{Channel, Purpose, Reason};

use crate::mail_server::{MailServer, Manner, Oddity};
use crate::{message, next, provider};

pub fn config(server: &MailServer, more: &str) -> String {
    format!(
        "[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"Provedor Ação <aviso@example.com>\"\ntimeout_seconds = 1\nanswer_seconds = 1\n{more}",
        server.address.port()
    )
}

fn smtp(server: &MailServer, more: &str) -> Box<dyn Provider> {
    provider(
        Channel::Email,
        &config(server, more),
        std::path::Path::new(""),
    )
}

fn to(address: &str) -> Outgoing {
    let mut mail = message(Channel::Email);
    address.clone_into(&mut mail.address);
    mail
}

fn pipelining() -> Manner {
    Manner {
        pipelining: true,
        ..Manner::default()
    }
}

#[test]
fn a_message_has_what_mail_needs_and_nothing_more() {
    let server = MailServer::start(pipelining());
    let provider = smtp(
        &server,
        "reply_to = \"ajuda@example.com\"\nunsubscribe_url = \"https://example.com/sair\"\n",
    );
    let mut mail = to("ana@example.com");
    mail.body = "Olá, Ana\n.ponto\n".to_owned();
    let receipt = provider.send(&mail).expect("accepted");
    assert_eq!(receipt.code.as_deref(), Some("250 2.0.0"));
    assert_eq!(receipt.text.as_deref(), Some("2.0.0 Ok: queued as Q1"));
    provider.send(&mail).expect("accepted");

    let mails = server.mails();
    let header = |name: &str| {
        mails[0]
            .text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))
            .map(str::to_owned)
    };
    assert_eq!(mails[0].to, "ana@example.com");
    assert_eq!(header("To").as_deref(), Some("ana@example.com"));
    assert!(
        header("From").is_some_and(|from| from.ends_with("<aviso@example.com>") && from.is_ascii())
    );
    assert_eq!(header("Reply-To").as_deref(), Some("ajuda@example.com"));
    assert_eq!(header("Subject").as_deref(), Some("Fatura vencida"));
    assert_eq!(
        header("Date").as_deref(),
        Some("Sat, 21 Nov 2026 12:00:00 +0000")
    );
    assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(header("MIME-Version").as_deref(), Some("1.0"));
    assert!(header("Content-Type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(header("List-Unsubscribe"), None, "a debt is not marketing");
    let id = header("Message-ID").expect("an id");
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    assert!(mails[1].text.contains(&id), "the same key, the same id");
    assert!(
        mails[0].text.contains("\r\n.ponto\r\n"),
        "{}",
        mails[0].text
    );
    // One connection, and two bursts a message: the commands together, then the message.
    assert_eq!(server.connections(), 1);
    let before = server.reads();
    provider.send(&mail).expect("accepted");
    assert_eq!(server.reads() - before, 2);
}

#[test]
fn html_and_marketing() {
    let server = MailServer::start(pipelining());
    let provider = smtp(
        &server,
        "unsubscribe_url = \"https://example.com/sair?c=#client_id#&e=#address#\"\n",
    );
    let mut mail = to("ana+x@example.com");
    mail.html = Some("<p>Olá</p>".to_owned());
    mail.purpose = Purpose::Marketing;
    provider.send(&mail).expect("accepted");
    let text = &server.mails()[0].text;
    assert!(text.contains("multipart/alternative"), "{text}");
    let plain = text.find("text/plain").expect("a text part");
    assert!(plain < text.find("text/html").expect("an HTML part"));
    assert!(
        text.contains("List-Unsubscribe: <https://example.com/sair?c=7&e=ana%2Bx%40example.com>,\r\n <mailto:aviso@example.com?subject=unsubscribe>\r\n"),
        "{text}"
    );
    assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
}

#[test]
fn nothing_in_a_message_becomes_a_header() {
    let server = MailServer::start(pipelining());
    let provider = smtp(&server, "");
    let mut mail = to("ana@example.com");
    mail.title = Some("Aviso\r\nBcc: todos@example.com\r\n\r\nolá".to_owned());
    mail.body = "texto\r\n.\r\nMAIL FROM:<x@example.com>\r\n".to_owned();
    provider.send(&mail).expect("accepted");
    let text = &server.mails()[0].text;
    assert!(!text.contains("\nBcc:"), "{text}");
    assert_eq!(server.mails().len(), 1);
    let commands = server.commands();
    assert!(
        !commands.iter().any(|line| line.contains("x@example.com")),
        "{commands:?}"
    );
    for address in [
        "a@example.com>\r\nRCPT TO:<b@example.com",
        "a b@example.com",
        "sem-arroba",
        "",
    ] {
        let sent = provider.send(&to(address));
        assert_eq!(
            next(&sent),
            format!("{:?}", Next::Never(Reason::UnusableContact)),
            "{address}"
        );
    }
    assert_eq!(server.mails().len(), 1);
}

/// What each recipient's fate means, and that the connection goes on where it can.
fn fates(manner: Manner) {
    let server = MailServer::start(manner);
    let provider = smtp(&server, "");
    let never = Next::Never(Reason::Refused);
    for (local, wanted, code) in [
        ("gone", never, "550 5.1.1"),
        ("ana", Next::Unknown, ""),
        (
            "grey",
            Next::Later(Some(Duration::from_mins(5))),
            "450 4.7.1",
        ),
        ("ana", Next::Unknown, ""),
        ("full", Next::Later(None), "452 4.2.2"),
        ("ana", Next::Unknown, ""),
        ("spam", Next::Stop, "554 5.7.1"),
        ("ana", Next::Unknown, ""),
    ] {
        let sent = provider.send(&to(&format!("{local}@example.com")));
        if local == "ana" {
            assert!(sent.is_ok(), "after a refusal the next one goes: {sent:?}");
            continue;
        }
        let refusal = sent.expect_err("refused");
        assert_eq!(refusal.next, wanted, "{local}");
        assert_eq!(refusal.code.as_deref(), Some(code), "{local}");
    }
    assert_eq!(server.connections(), 1, "no refusal cost a connection");
    assert_eq!(server.mails().len(), 4);
    assert_eq!(
        server
            .commands()
            .iter()
            .filter(|line| *line == "RSET")
            .count(),
        2
    );

    let refusal = provider.send(&to("busy@example.com")).expect_err("closing");
    assert_eq!(refusal.next, Next::Later(Some(Duration::from_mins(1))));
    let refusal = provider.send(&to("drop@example.com")).expect_err("cut");
    assert_eq!(refusal.next, Next::Unknown);
    let refusal = provider
        .send(&to("hang@example.com"))
        .expect_err("too slow");
    assert_eq!(refusal.next, Next::Unknown);
    for name in ["garble", "odd"] {
        let refusal = provider
            .send(&to(&format!("{name}@example.com")))
            .expect_err("nonsense");
        assert_eq!(refusal.next, Next::Unknown, "{name}");
    }
    let refusal = provider.send(&to("vanish@example.com")).expect_err("cut");
    assert_eq!(
        refusal.next,
        Next::NotSent,
        "the message itself had not left"
    );
    assert!(provider.send(&to("ana@example.com")).is_ok());
    provider.close();
    assert_eq!(server.commands().last().map(String::as_str), Some("QUIT"));
}

#[test]
fn fates_with_pipelining() {
    fates(pipelining());
}

#[test]
fn fates_without_pipelining() {
    fates(Manner::default());
}

#[test]
fn commands_go_one_by_one_where_the_server_wants_that() {
    let server = MailServer::start(Manner::default());
    let provider = smtp(&server, "");
    provider.send(&to("ana@example.com")).expect("accepted");
    let before = server.reads();
    provider.send(&to("ana@example.com")).expect("accepted");
    assert_eq!(
        server.reads() - before,
        4,
        "MAIL, RCPT, DATA and the message"
    );
}

#[test]
fn a_connection_is_renewed_in_time_and_when_the_server_closed_it() {
    let server = MailServer::start(pipelining());
    let provider = smtp(&server, "messages_per_connection = 2\n");
    for _ in 0..5 {
        provider.send(&to("ana@example.com")).expect("accepted");
    }
    assert_eq!(server.connections(), 3);

    let server = MailServer::start(Manner {
        closes_after: Some(1),
        ..pipelining()
    });
    let provider = smtp(&server, "");
    for _ in 0..3 {
        provider
            .send(&to("ana@example.com"))
            .expect("accepted in the end");
    }
    assert_eq!(server.mails().len(), 3, "each once");
}

#[test]
fn workers_have_a_connection_each_and_no_more() {
    let server = MailServer::start(pipelining());
    let provider = smtp(&server, "workers = 4\n");
    provider.open().expect("opens");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    provider.send(&to("ana@example.com")).expect("accepted");
                }
            });
        }
    });
    assert_eq!(server.mails().len(), 100);
    assert!(server.connections() <= 4, "{}", server.connections());
}

#[test]
fn credentials_are_asked_for_before_anything_is_begun() {
    let manner = Manner {
        // \0aviso\0segredo
        credentials: Some("AGF2aXNvAHNlZ3JlZG8=".to_owned()),
        ..pipelining()
    };
    let server = MailServer::start(manner);
    let good = smtp(&server, "username = \"aviso\"\npassword = \"segredo\"\n");
    good.open().expect("may log in");
    good.send(&to("ana@example.com")).expect("accepted");
    let found = good.check().expect("good");
    assert!(
        found.contains("aviso may log in") && found.contains("pipelining"),
        "{found}"
    );

    let bad = smtp(&server, "username = \"aviso\"\npassword = \"wrong-one\"\n");
    let refusal = bad.open().expect_err("may not");
    assert_eq!(refusal.next, Next::Stop);
    assert_eq!(refusal.code.as_deref(), Some("535 5.7.8"));
    assert!(
        !refusal.text.contains("AGF2aXNvAHdyb25nLW9uZQ=="),
        "{}",
        refusal.text
    );
    assert!(bad.check().is_err());

    let server = MailServer::start(pipelining());
    let refusal = smtp(&server, "username = \"aviso\"\npassword = \"segredo\"\n")
        .open()
        .expect_err("no AUTH there");
    assert_eq!(refusal.next, Next::Stop);
}

#[test]
fn nothing_goes_in_the_clear_where_tls_was_asked_for() {
    let server = MailServer::start(pipelining());
    let text = config(&server, "username = \"aviso\"\npassword = \"segredo\"\n")
        .replace("tls = \"none\"", "tls = \"starttls\"");
    let provider = provider(Channel::Email, &text, std::path::Path::new(""));
    let refusal = provider.open().expect_err("no STARTTLS there");
    assert_eq!(refusal.next, Next::Stop);
    assert!(refusal.text.contains("STARTTLS"), "{}", refusal.text);
    let commands = server.commands();
    assert!(
        commands
            .iter()
            .all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{commands:?}"
    );

    // A server that speaks no TLS at all on a port where it is implicit.
    let text = config(&server, "").replace("tls = \"none\"", "tls = \"implicit\"");
    let provider = crate::provider(Channel::Email, &text, std::path::Path::new(""));
    assert_eq!(
        provider.open().expect_err("no TLS there").next,
        Next::NotSent
    );
}

#[test]
fn a_server_that_does_not_want_us_at_all() {
    let server = MailServer::start(Manner {
        refuses_sender: true,
        ..pipelining()
    });
    let refusal = smtp(&server, "")
        .send(&to("ana@example.com"))
        .expect_err("refused");
    assert_eq!(
        (refusal.next, refusal.code.as_deref()),
        (Next::Stop, Some("550 5.7.1"))
    );

    let server = MailServer::start(Manner {
        greeting: Some("421 4.3.2 too many connections"),
        ..pipelining()
    });
    let refusal = smtp(&server, "")
        .send(&to("ana@example.com"))
        .expect_err("refused");
    assert_eq!(refusal.next, Next::Later(Some(Duration::from_mins(1))));

    let server = MailServer::start(Manner {
        greeting: Some("554 5.7.1 go away"),
        ..pipelining()
    });
    let refusal = smtp(&server, "").open().expect_err("refused");
    assert_eq!(refusal.next, Next::Stop);

    let port = server.address.port();
    drop(server);
    let text = format!(
        "[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"a@example.com\"\ntimeout_seconds = 1\n"
    );
    let provider = provider(Channel::Email, &text, std::path::Path::new(""));
    let outcome = next(&provider.send(&to("ana@example.com")));
    assert!(outcome == "NotSent", "{outcome}");
}

#[test]
fn an_address_with_accents_needs_a_server_that_takes_it() {
    let server = MailServer::start(pipelining());
    let sent = smtp(&server, "").send(&to("joão@example.com"));
    assert_eq!(
        next(&sent),
        format!("{:?}", Next::Never(Reason::UnusableContact))
    );
    let server = MailServer::start(Manner {
        international: true,
        ..pipelining()
    });
    let sent = smtp(&server, "").send(&to("joão@example.com"));
    assert_eq!(next(&sent), "accepted");
    assert!(
        server
            .commands()
            .iter()
            .any(|line| line.starts_with("MAIL FROM:<aviso@example.com> SMTPUTF8"))
    );
}

#[test]
fn an_interruption_ends_the_longest_wait() {
    let server = MailServer::start(pipelining());
    let text = config(&server, "").replace("answer_seconds = 1", "answer_seconds = 600");
    let provider = provider(Channel::Email, &text, std::path::Path::new(""));
    provider.open().expect("opens");
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| next(&provider.send(&to("hang@example.com"))));
        while !server.commands().iter().any(|line| line == "DATA") {
            std::thread::yield_now();
        }
        provider.interrupt();
        let outcome = sending.join().expect("no panic");
        assert!(outcome == "Unknown" || outcome == "NotSent", "{outcome}");
    });
    assert_eq!(next(&provider.send(&to("ana@example.com"))), "NotSent");
}

fn odd(oddity: Oddity) -> MailServer {
    MailServer::start(Manner {
        oddity: Some(oddity),
        ..pipelining()
    })
}

#[test]
fn trial_7_replies_in_latin_1_mean_what_they_say() {
    let server = MailServer::start(Manner {
        oddity: Some(Oddity::Latin1),
        greeting: Some("220 correio eletrônico"),
        ..pipelining()
    });
    let provider = smtp(&server, "");
    let receipt = provider.send(&to("ana@example.com")).expect("accepted");
    assert_eq!(receipt.text.as_deref(), Some("2.0.0 aceita, será entregue"));
    let refusal = provider
        .send(&to("usuario@example.com"))
        .expect_err("refused");
    assert_eq!(refusal.next, Next::Never(Reason::Refused));
    assert!(
        refusal.text.contains("usuário inexistente"),
        "{}",
        refusal.text
    );
}

#[test]
fn trial_8_a_domain_with_accents_goes_in_letters_every_server_takes() {
    let server = MailServer::start(pipelining());
    let provider = smtp(&server, "");
    provider
        .send(&to("ana@pousadadamaré.com.br"))
        .expect("accepted");
    let mail = &server.mails()[0];
    assert_eq!(mail.to, "ana@xn--pousadadamar-meb.com.br");
    assert!(
        mail.text.contains("To: ana@xn--pousadadamar-meb.com.br"),
        "{}",
        mail.text
    );
}

#[test]
fn trial_9_after_a_lost_connection_each_message_has_its_own() {
    let server = odd(Oddity::Forgets(10));
    let provider = smtp(&server, "");
    let outcomes: Vec<String> = (0..60)
        .map(|_| next(&provider.send(&to("ana@example.com"))))
        .collect();
    let unknown = outcomes.iter().filter(|told| *told == "Unknown").count();
    assert_eq!(unknown, 1, "{outcomes:?}");
    assert_eq!(server.mails().len(), 59);
}

#[test]
fn trial_74_what_a_server_says_is_bounded_in_bytes_and_in_time() {
    for oddity in [Oddity::Endless, Oddity::Drip] {
        let server = odd(oddity);
        let watch = std::time::Instant::now();
        let refusal = smtp(&server, "")
            .send(&to("ana@example.com"))
            .expect_err("nonsense");
        assert_eq!(refusal.next, Next::Unknown, "{oddity:?}");
        assert!(watch.elapsed() < Duration::from_secs(4), "{oddity:?}");
    }
    let server = odd(Oddity::Mute);
    let text = config(&server, "").replace("timeout_seconds = 1", "timeout_seconds = 60");
    let provider = provider(Channel::Email, &text, std::path::Path::new(""));
    std::thread::scope(|scope| {
        let watch = std::time::Instant::now();
        let opening = scope.spawn(|| provider.open());
        while server.connections() == 0 {
            std::thread::yield_now();
        }
        provider.interrupt();
        let refusal = opening.join().expect("no panic").expect_err("interrupted");
        assert_eq!(refusal.next, Next::NotSent);
        assert!(watch.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn trial_100_the_answer_to_one_ehlo_is_enough() {
    let server = odd(Oddity::OneEhlo);
    let provider = smtp(&server, "");
    provider.send(&to("ana@example.com")).expect("accepted");
    let asked = server
        .commands()
        .iter()
        .filter(|line| line.starts_with("EHLO"))
        .count();
    assert_eq!(asked, 1);
}

#[test]
fn trial_110_a_reply_in_two_pieces_is_one_reply() {
    let server = odd(Oddity::Pieces);
    let text = config(&server, "")
        .replace("timeout_seconds = 1", "timeout_seconds = 20")
        .replace("answer_seconds = 1", "answer_seconds = 20");
    let provider = provider(Channel::Email, &text, std::path::Path::new(""));
    provider.send(&to("ana@example.com")).expect("accepted");
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn trial_116_a_mail_names_whom_it_is_for_and_marketing_its_list() {
    let server = MailServer::start(pipelining());
    let provider = smtp(&server, "");
    let mut mail = to("ana@example.com");
    mail.name = Some("Ana\r\nLima".to_owned());
    mail.purpose = Purpose::Marketing;
    provider.send(&mail).expect("accepted");
    let text = &server.mails()[0].text;
    assert!(
        text.contains("List-Id: <marketing.example.com>\r\n"),
        "{text}"
    );
    assert!(!text.contains("\nBcc"), "{text}");
    let line = text
        .lines()
        .find(|line| line.starts_with("To: "))
        .expect("a recipient");
    assert!(
        line.contains("Ana Lima") && line.ends_with("<ana@example.com>"),
        "{line}"
    );
    mail.purpose = Purpose::Collection;
    mail.name = Some("João Sá".to_owned());
    provider.send(&mail).expect("accepted");
    let text = &server.mails()[1].text;
    assert!(!text.contains("List-Id"), "{text}");
    let line = text
        .lines()
        .find(|line| line.starts_with("To: "))
        .expect("a recipient");
    assert!(
        line.is_ascii() && line.ends_with("<ana@example.com>"),
        "{line}"
    );
}
