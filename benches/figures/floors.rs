//! The floors that are loops: the same requests and the same rows, by the fewest means.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rusqlite::{Connection, params};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::shell;

/// Runs the loop that the arguments name.
pub fn run(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
    let port = |at: usize| u16::try_from(number(at)).expect("a port");
    match arguments[0].as_str() {
        "sql" => shell::bundled(&arguments[1], &arguments[2..]),
        "pushes" => pushes(port(1), number(2), number(3)),
        "mails" => mails(port(1), number(2), number(3)),
        "messages" => messages(&arguments[1], number(2)),
        "events" => events(&arguments[1], number(2)),
        other => panic!("no floor is called {other}"),
    }
}

/// A resolver that keeps its one answer.
#[derive(Debug)]
struct Kept(SocketAddr);

impl Resolver for Kept {
    fn resolve(
        &self,
        _uri: &ureq::http::Uri,
        _config: &ureq::config::Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

fn localhost(port: u16) -> SocketAddr {
    let mut addresses = ("localhost", port)
        .to_socket_addrs()
        .expect("this machine's name");
    addresses
        .find(|address| TcpStream::connect(address).is_ok())
        .expect("a server that listens")
}

/// Pushes as the binary makes them, by so many threads, over kept connections.
fn pushes(port: u16, count: usize, threads: usize) {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(threads)
        .max_idle_connections_per_host(threads)
        .build();
    let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), Kept(localhost(port)));
    let url = format!("http://localhost:{port}/v1/projects/provedor-1/messages:send");
    let next = AtomicUsize::new(1);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id > count {
                        return;
                    }
                    let body = push(id);
                    let mut answer = agent
                        .post(&url)
                        .header("Accept", "application/json, */*;q=0.5")
                        .header("Authorization", "Bearer ya29.token")
                        .header("Content-Type", "application/json")
                        .send(body.as_bytes())
                        .expect("an answer");
                    let body = answer
                        .body_mut()
                        .read_to_string()
                        .expect("the whole answer");
                    assert!(answer.status() == 200 && !body.is_empty());
                }
            });
        }
    });
}

fn push(id: usize) -> String {
    format!(
        "{{\"message\":{{\"token\":\"dGVzdGU-{:016x}:APA91b{id:024}\",\"notification\":{{\"title\":\
         \"Manutenção na sua região\",\"body\":\"Olá, Maria. Nesta madrugada a rede de Chapecó passa \
         por manutenção.\"}},\"data\":{{\"event\":\"1\",\"id\":\"{id}\",\"client_id\":\"{id}\",\
         \"contract_id\":\"{id}\"}},\"android\":{{\"priority\":\"high\",\"notification\":{{\"tag\":\
         \"{id:032x}\"}},\"ttl\":\"604800s\"}},\"apns\":{{\"headers\":{{\"apns-collapse-id\":\
         \"{id:032x}\",\"apns-expiration\":\"1796040000\"}}}}}}}}",
        id.wrapping_mul(0x9E37_79B9)
    )
}

/// Mails over bare sockets: the envelope in one write, the message in one write.
fn mails(port: u16, count: usize, sockets: usize) {
    let address = localhost(port);
    let next = Arc::new(AtomicUsize::new(1));
    let threads: Vec<_> = (0..sockets)
        .map(|_| {
            let next = Arc::clone(&next);
            thread::spawn(move || {
                let mut writer = TcpStream::connect(address).expect("a connection");
                writer.set_nodelay(true).expect("an option of sockets");
                let mut reader = BufReader::new(writer.try_clone().expect("a second handle"));
                let mut line = String::new();
                answer(&mut reader, &mut line, "220");
                writer.write_all(b"EHLO floor.example.com\r\n").expect("sent");
                answer(&mut reader, &mut line, "250");
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id > count {
                        writer.write_all(b"QUIT\r\n").expect("sent");
                        answer(&mut reader, &mut line, "221");
                        return;
                    }
                    let envelope = format!(
                        "MAIL FROM:<aviso@example.com>\r\nRCPT TO:<cliente{id}@example.com>\r\nDATA\r\n"
                    );
                    writer.write_all(envelope.as_bytes()).expect("sent");
                    for code in ["250", "250", "354"] {
                        answer(&mut reader, &mut line, code);
                    }
                    writer.write_all(mail(id).as_bytes()).expect("sent");
                    answer(&mut reader, &mut line, "250");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread's end");
    }
}

/// Reads one answer, of however many lines.
fn answer(reader: &mut BufReader<TcpStream>, line: &mut String, code: &str) {
    loop {
        line.clear();
        reader.read_line(line).expect("an answer");
        assert!(line.starts_with(code), "{line}");
        if line.as_bytes().get(3) == Some(&b' ') {
            return;
        }
    }
}

fn mail(id: usize) -> String {
    format!(
        "From: \"Provedor Exemplo\" <aviso@example.com>\r\nTo: \"Maria Aparecida {id} da Silva\" \
         <cliente{id}@example.com>\r\nSubject: =?utf-8?b?TWFudXRlbsOnw6NvIG5hIHN1YSByZWdpw6Nv?=\r\n\
         Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{id:032x}@example.com>\r\n\
         Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Ol=C3=A1, Maria.\r\n\r\nNesta madrugada a rede de Chapec=C3=B3 passa por manuten=C3=A7=C3=A3o.\r\n\
         Sua conex=C3=A3o pode ficar fora por alguns minutos.\r\n.\r\n"
    )
}

fn open(database: &str) -> Connection {
    let connection = Connection::open(database).expect("a database");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;
             PRAGMA foreign_keys = 1;",
        )
        .expect("a database");
    connection
}

const MESSAGE: &str = "INSERT INTO message
    (key, channel, purpose, kind, template, origin, event, client_id, contract_id, address, address_kind,
     title, body, status, created_at, expires_at, batch_id, lot, key_start, ticket_id, seen)
    VALUES (?1, ?2, 'service', 'support', ?3, ?4, '1', ?5, ?6, ?7, ?8, ?9, ?10, 'queued', 1795348800000,
     1795953600000, ?11, ?12, ?13, ?14, '2026-11-23/4d2f1c9ab03e77aa/7')";

/// The rows of a send, 1,000 a transaction.
fn messages(database: &str, count: usize) {
    let connection = open(database);
    let mut insert = connection.prepare(MESSAGE).expect("an insertion");
    for first in (1..=count).step_by(1000) {
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .expect("a transaction");
        for id in first..(first + 1000).min(count + 1) {
            let address = format!(
                "dGVzdGU-{:016x}:APA91b{id:024}",
                id.wrapping_mul(0x9E37_79B9)
            );
            insert
                .execute(params![
                    format!("send/news-push/2026-11-23/{id}/{id}/{address}"),
                    "push",
                    "news-push",
                    "send",
                    id,
                    id,
                    address,
                    "token",
                    "Manutenção na sua região",
                    "Olá, Maria. Nesta madrugada a rede de Chapecó passa por manutenção.",
                    1,
                    "[\"news-push\",1,null,null]",
                    37,
                    None::<i64>,
                ])
                .expect("a message");
        }
        connection.execute_batch("COMMIT").expect("a transaction");
    }
}

/// The rows that events of new tickets leave, 1,000 events a transaction.
fn events(database: &str, count: usize) {
    let connection = open(database);
    let mut message = connection.prepare(MESSAGE).expect("an insertion");
    let mut event = connection
        .prepare(
            "INSERT INTO event (id, ticket_id, type, at, told_at, to_status, priority, author, text)
             VALUES (?1, ?2, 'opened', 1795345200000, 1795348800000, 'new', 'normal', 'client', ?3)",
        )
        .expect("an insertion");
    let mut ticket = connection
        .prepare(
            "INSERT INTO ticket (id, client_id, title, status, priority, opened_by, visible_to_client,
               opened_at) VALUES (?1, ?2, 'Caiu a internet', 'new', 'normal', 'client', 1, 1795345200000)",
        )
        .expect("an insertion");
    for first in (1..=count).step_by(1000) {
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .expect("a transaction");
        for id in first..(first + 1000).min(count + 1) {
            ticket.execute(params![id, id]).expect("a ticket");
            event
                .execute(params![format!("e{id}"), id, "Nada funciona desde ontem"])
                .expect("an event");
            let address = format!("+554999{id:07}");
            message
                .execute(params![
                    format!("ticket/e{id}/opened-whatsapp/client/{id}/whatsapp"),
                    "whatsapp",
                    "opened-whatsapp",
                    "ticket",
                    id,
                    None::<i64>,
                    address,
                    None::<&str>,
                    None::<&str>,
                    "Maria: Caiu a internet",
                    None::<i64>,
                    "[\"opened-whatsapp\",null,null,null]",
                    None::<i64>,
                    id,
                ])
                .expect("a message");
        }
        connection.execute_batch("COMMIT").expect("a transaction");
    }
}
