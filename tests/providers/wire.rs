//! Servers that lie, drip, hang, cut and never end; and servers under an authority of one's own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use regua::channel::Next;
use regua::config::Config;
use regua::domain::words::Channel;
use regua::http::{Failure, HttpClient, HttpRequest, Method, Patience};

use crate::server::{Act, Server, private_tls, within_tls};
use crate::{fcm, message, meta, next, opa, provider, twilio};

/// A server that does this with each connection.
fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let each = Arc::new(each);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = Arc::clone(&each);
            thread::spawn(move || each(stream));
        }
    });
    address
}

/// Reads the head of a request, and its body when it says how long that is.
fn request(stream: &mut TcpStream) -> Option<()> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&text).to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()
}

fn get(client: &HttpClient, address: SocketAddr) -> Result<Vec<u8>, Failure> {
    let url = format!("http://{address}/");
    let request = HttpRequest {
        method: Method::Get,
        url: &url,
        headers: &[],
        body: None,
    };
    client.call(&request).map(|answer| answer.body)
}

fn client(seconds: i64) -> HttpClient {
    HttpClient::new(1, Patience::seconds(seconds), None).expect("a client")
}

#[test]
fn trial_85_the_limit_counts_what_comes_out_unpacked() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let million = vec![b' '; 1 << 20];
    for _ in 0..256 {
        packer.write_all(&million).expect("packed");
    }
    let bomb = packer.finish().expect("packed");
    assert!(bomb.len() < 1 << 20);
    let address = serve(move |mut stream| {
        let _ = request(&mut stream);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            bomb.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&bomb);
    });
    let failure = get(&client(20).reading(8 << 20), address).expect_err("too long");
    assert!(
        failure.text().ends_with("the answer is longer than 8 MiB"),
        "{}",
        failure.text()
    );
    // Of a provider's answer the beginning is enough.
    let body = get(&client(20), address).expect("its beginning");
    assert_eq!(body.len(), regua::http::BODY_LIMIT);
}

#[test]
fn trial_74_the_time_is_for_the_whole_answer() {
    let address = serve(|mut stream| {
        let _ = request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(100));
            if stream.write_all(b"X-A: b\r\n").is_err() {
                return;
            }
        }
    });
    let begun = Instant::now();
    let failure = get(&client(1), address).expect_err("too slow");
    assert!(matches!(failure, Failure::Unknown(_)), "{failure:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
}

fn smtp(address: SocketAddr, tls: &str, seconds: u8) -> String {
    format!(
        "[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"{tls}\"\nfrom = \"aviso@example.com\"\ntimeout_seconds = {seconds}\nanswer_seconds = {seconds}\n",
        address.port()
    )
}

#[test]
fn trial_74_a_mail_server_without_bounds_is_left() {
    // A line without end, an answer without end, a byte now and then.
    let endless: [fn(TcpStream); 3] = [
        |mut stream| while stream.write_all(&[b'x'; 4096]).is_ok() {},
        |mut stream| while stream.write_all(b"220-hello\r\n").is_ok() {},
        |mut stream| {
            while stream.write_all(b"2").is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        },
    ];
    for (each, words) in endless.into_iter().zip([
        "longer than 8 KiB",
        "longer than 64 KiB",
        "no answer in time",
    ]) {
        let text = smtp(serve(each), "none", 2);
        let provider = provider(Channel::Email, &text, std::path::Path::new(""));
        let begun = Instant::now();
        let refusal = provider.open().expect_err("not SMTP");
        assert_eq!(refusal.next, Next::NotSent);
        assert!(refusal.text.contains(words), "{}", refusal.text);
        assert!(begun.elapsed() < Duration::from_secs(8), "{words}");
    }
}

/// Says this for each line it hears, until it has heard as many lines.
fn converse(stream: &mut (impl Read + Write), answers: &[&str]) {
    for answer in answers {
        let mut byte = [0];
        let mut heard = 0;
        while heard != b'\n' && stream.read(&mut byte).is_ok_and(|read| read > 0) {
            heard = byte[0];
        }
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.flush();
    }
}

#[test]
fn trial_87_a_mail_server_under_a_private_authority_that_is_greeted_once() {
    let address = serve(|mut stream| {
        let _ = stream.write_all(b"220 mail.example.com\r\n");
        let offers = "250-mail.example.com\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
        converse(&mut stream, &[offers, "220 go on\r\n"]);
        let mut stream = within_tls(stream, &private_tls());
        converse(&mut stream, &["503 5.5.1 again?\r\n", "221 bye\r\n"]);
    });
    let text = smtp(address, "starttls", 5);
    let stranger = provider(Channel::Email, &text, std::path::Path::new(""));
    let refusal = stranger.open().expect_err("nobody we know");
    assert_eq!(refusal.next, Next::NotSent);
    assert!(refusal.text.contains("certificate"), "{}", refusal.text);

    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ca.pem"), include_str!("tls/ca.pem")).expect("written");
    let trusting = provider(
        Channel::Email,
        &format!("{text}ca_file = \"ca.pem\"\n"),
        folder.path(),
    );
    let found = trusting.check().expect("good");
    assert!(
        found.contains("encrypted") && found.contains("no pipelining"),
        "{found}"
    );
}

#[test]
fn trial_09_kept_connections_that_are_cut_cost_one_message_at_most() {
    let connections = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    let (opened, sent) = (Arc::clone(&connections), Arc::clone(&answered));
    let address = serve(move |mut stream| {
        opened.fetch_add(1, Ordering::SeqCst);
        for _ in 0..10 {
            if request(&mut stream).is_none() {
                return;
            }
            sent.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
        // Late, so that the next request is on its way already, and nothing is said.
        thread::sleep(Duration::from_millis(20));
    });
    let text = format!(
        "[sms]\nprovider = \"http\"\nurl = \"http://{address}/send\"\nworkers = 8\ntimeout_seconds = 5\n"
    );
    let provider = provider(Channel::Sms, &text, std::path::Path::new(""));
    let unknown = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let outcome = next(&provider.send(&message(Channel::Sms)));
                    if outcome != "accepted" {
                        assert_eq!(outcome, "Unknown");
                        unknown.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let unknown = unknown.load(Ordering::SeqCst);
    assert!(unknown <= 1, "{unknown} unknown");
    assert_eq!(answered.load(Ordering::SeqCst) + unknown, 200);
    assert!(connections.load(Ordering::SeqCst) > 8);
}

#[test]
fn trial_87_services_under_a_private_authority() {
    let server = Server::encrypted(|_| Act::json(200, "{}"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ca.pem"), include_str!("tls/ca.pem")).expect("written");
    let url = server.url();
    let http = format!("[sms]\nprovider = \"http\"\nurl = \"{url}/send\"\ntimeout_seconds = 5\n");
    for (channel, text) in [
        (Channel::Sms, http),
        (Channel::Push, fcm::config(&url, &folder)),
        (Channel::Whatsapp, opa::config(&url, &folder)),
        (Channel::Whatsapp, meta::config(&url, &folder)),
        (Channel::Sms, twilio::config(&url, &folder)),
    ] {
        let before = server.seen().len();
        let stranger = provider(channel, &text, folder.path());
        let told = stranger.check().expect_err("nobody we know").to_string();
        assert!(told.contains("certificate"), "{told}");
        assert_eq!(
            server.seen().len(),
            before,
            "nothing was said to a stranger"
        );

        let text = format!("{text}ca_file = \"ca.pem\"\n");
        let trusting = provider(channel, &text, folder.path());
        // What it answers is nobody's idea of an answer; that it was asked is what counts.
        let _ = trusting.check();
        assert!(server.seen().len() > before, "{}", trusting.name());
    }
}

#[test]
fn trial_88_no_address_is_shown_with_its_password() {
    let fine = |text: &str| {
        let config = Config::read(text, "c.toml", std::path::Path::new("")).expect("acceptable");
        format!("{config:?} {:?}", config.warnings)
    };
    let refused = |text: &str| {
        Config::read(text, "c.toml", std::path::Path::new(""))
            .expect_err("a fault")
            .to_string()
    };
    let rest = "token = \"t\"\naccount_sid = \"AC1\"\npassword = \"p\"\nfrom = \"1\"\nphone_number_id = \"1\"\naccount_id = \"2\"\nservice_account = \"a.json\"\n";
    for (section, provider, key) in [
        ("whatsapp", "provider = \"opa\"\n", "base_url"),
        ("whatsapp", "provider = \"meta\"\n", "base_url"),
        ("sms", "provider = \"twilio\"\n", "base_url"),
        ("sms", "provider = \"http\"\n", "url"),
        (
            "sms",
            "provider = \"http\"\nurl = \"https://gw.example.com\"\n",
            "check_url",
        ),
        (
            "sms",
            "provider = \"http\"\npreset = \"zenvia\"\nsender = \"s\"\n",
            "base_url",
        ),
        ("push", "provider = \"fcm\"\n", "base_url"),
        ("sync.ixc", "", "base_url"),
    ] {
        for url in [
            "https://user:s3cret@",
            "htps://user:s3cret@gw.example.com",
            "user:s3cret@gw.example.com/v1",
            "https://user:s3cr/et@gw.example.com",
            "https://user:s3cret@gw.example.com:port",
        ] {
            let told = refused(&format!("[{section}]\n{provider}{key} = \"{url}\"\n{rest}"));
            assert!(told.contains(key), "{told}");
            assert!(!told.contains("s3cr") || section == "sync.ixc", "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
        let text =
            format!("[{section}]\n{provider}{key} = \"http://user:s3cret@gw.example.com/v1\"\n");
        let needed: String = rest
            .lines()
            .filter(|line| {
                let key = line.split(' ').next().unwrap_or_default();
                let wanted: &[&str] = match (section, provider) {
                    ("whatsapp", opa) if opa.contains("opa") => &["token"],
                    ("whatsapp", _) => &["token", "phone_number_id", "account_id"],
                    ("push", _) => &["service_account"],
                    ("sms", twilio) if twilio.contains("twilio") => {
                        &["account_sid", "password", "from"]
                    }
                    _ => &["token"],
                };
                wanted.contains(&key)
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let told = fine(&format!("{text}{needed}"));
        assert!(!told.contains("s3cret"), "{told}");
        assert!(told.contains("gw.example.com"), "{told}");
    }
}

#[test]
fn trial_88_a_mail_server_is_named_without_its_password() {
    for host in [
        "user:s3cret@mail.example.com",
        "smtps://user:s3cret@mail.example.com",
    ] {
        let text = format!(
            "[email]\nprovider = \"smtp\"\nhost = \"{host}\"\ntls = \"none\"\nfrom = \"a@example.com\"\n"
        );
        let told = Config::read(&text, "c.toml", std::path::Path::new(""))
            .expect_err("no name of a host")
            .to_string();
        assert!(told.contains("email.host"), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[test]
fn trial_88_a_password_in_an_address_is_covered_when_it_is_thrown_back() {
    let server = Server::start(|seen| {
        let sent = seen.header("authorization").unwrap_or_default().to_owned();
        Act::json(400, format!(r#"{{"message":"bad user:s3cret ({sent})"}}"#))
    });
    let url = server.url().replace("http://", "http://user:s3cret@");
    let text = format!(
        "[sms]\nprovider = \"http\"\nurl = \"{url}/send\"\nmessage_pointer = \"/message\"\ntimeout_seconds = 2\n"
    );
    let provider = provider(Channel::Sms, &text, std::path::Path::new(""));
    let refusal = provider.send(&message(Channel::Sms)).expect_err("refused");
    let told = format!("{refusal:?}");
    assert!(
        !told.contains("s3cret") && !told.contains("dXNlcjpzM2NyZXQ"),
        "{told}"
    );
    let sent = server.seen()[0].header("authorization").map(str::to_owned);
    assert_eq!(sent.as_deref(), Some("Basic dXNlcjpzM2NyZXQ="));
}
