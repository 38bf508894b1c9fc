//! Loopback servers: HTTP that keeps connections, and SMTP with pipelining. They answer everything at once.

use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// What Firebase answers when it has taken a message.
const TAKEN: &str = r#"{"name":"projects/provedor-1/messages/0:1500415314455276"}"#;
/// What Google answers when a token is asked for.
const TOKEN: &str = r#"{"access_token":"ya29.token","expires_in":3599,"token_type":"Bearer"}"#;

fn listen(serve: impl Fn(TcpStream) -> Option<()> + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("localhost:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_nodelay(true).expect("an option of sockets");
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Starts an HTTP server; its port.
pub fn http() -> u16 {
    listen(|stream| serve_http(stream, Duration::ZERO))
}

/// Starts an HTTP server that answers each message after a while; its port.
#[cfg(feature = "postgres")]
pub fn http_after(latency: Duration) -> u16 {
    listen(move |stream| serve_http(stream, latency))
}

/// Starts an SMTP server; its port.
pub fn smtp() -> u16 {
    listen(serve_smtp)
}

fn serve_http(stream: TcpStream, latency: Duration) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        let mut first = true;
        let mut answer = TAKEN;
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if std::mem::take(&mut first) && line.contains("/token") {
                answer = TOKEN;
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        if !latency.is_zero() {
            thread::sleep(latency);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        writer.write_all(head.as_bytes()).ok()?;
    }
}

fn serve_smtp(stream: TcpStream) -> Option<()> {
    let mut writer = BufWriter::new(stream.try_clone().ok()?);
    let mut reader = BufReader::new(stream);
    writer.write_all(b"220 mx.example.com ESMTP\r\n").ok()?;
    let mut line = Vec::new();
    let mut in_message = false;
    loop {
        // Answers leave together once nothing more has come (RFC 2920).
        if reader.buffer().is_empty() {
            writer.flush().ok()?;
        }
        line.clear();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if in_message {
            if line == b".\r\n" {
                in_message = false;
                writer
                    .write_all(b"250 2.0.0 Ok: queued as 4F1A2B3C\r\n")
                    .ok()?;
            }
            continue;
        }
        let verb: Vec<u8> = line.iter().take(4).map(u8::to_ascii_uppercase).collect();
        let answer: &[u8] = match verb.as_slice() {
            b"EHLO" => b"250-mx.example.com\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            b"DATA" => {
                in_message = true;
                b"354 End data with <CR><LF>.<CR><LF>\r\n"
            }
            b"MAIL" => b"250 2.1.0 Ok\r\n",
            b"RCPT" => b"250 2.1.5 Ok\r\n",
            b"QUIT" => {
                writer.write_all(b"221 2.0.0 Bye\r\n").ok()?;
                writer.flush().ok()?;
                return None;
            }
            _ => b"250 2.0.0 Ok\r\n",
        };
        writer.write_all(answer).ok()?;
    }
}
