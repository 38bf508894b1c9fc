//! A scripted mail server: what it does with a message depends on whom it is for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Offers PIPELINING, and answers commands that come together.
    pub pipelining: bool,
    /// Offers AUTH and wants this (Base64 of `\0user\0password`).
    pub credentials: Option<String>,
    /// Offers SMTPUTF8.
    pub international: bool,
    /// Closes the connection silently after so many messages.
    pub closes_after: Option<usize>,
    /// Refuses the sender.
    pub refuses_sender: bool,
    /// Takes so many messages in all, and has a daily limit then.
    pub daily_limit: Option<usize>,
    /// Relays for nobody.
    pub relays_nothing: bool,
    /// Ends a connection (421) that wants to send one more after so many messages.
    pub ends_after: Option<usize>,
    /// Greets with this instead of 220.
    pub greeting: Option<&'static str>,
    /// What is odd about its replies.
    pub oddity: Option<Oddity>,
}

/// What is odd about a server's replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// They are written in Latin-1.
    Latin1,
    /// A second EHLO is answered with 503.
    OneEhlo,
    /// Each comes in two pieces, more than a second apart.
    Pieces,
    /// The answer to a message has no end of line.
    Endless,
    /// The answer to a message comes a byte at a time, without end.
    Drip,
    /// The greeting never comes.
    Mute,
    /// After so many messages the next DATA closes the connection once the message has come.
    Forgets(usize),
}

/// One message that was taken.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    /// As it came, dots undone.
    pub text: String,
}

/// The server.
pub struct MailServer {
    pub address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    commands: Arc<Mutex<Vec<String>>>,
    reads: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl MailServer {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            mails: Arc::default(),
            commands: Arc::default(),
            reads: Arc::default(),
            connections: Arc::default(),
            stopped: Arc::default(),
        };
        let (mails, commands, reads) = (
            Arc::clone(&server.mails),
            Arc::clone(&server.commands),
            Arc::clone(&server.reads),
        );
        let (connections, stopped) = (Arc::clone(&server.connections), Arc::clone(&server.stopped));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let mut session = Session {
                    stream,
                    manner: manner.clone(),
                    mails: Arc::clone(&mails),
                    commands: Arc::clone(&commands),
                    reads: Arc::clone(&reads),
                    buffer: Vec::new(),
                };
                thread::spawn(move || session.serve());
            }
        });
        server
    }

    /// Every message taken so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("the mails").clone()
    }

    /// Every command so far, of all connections.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().expect("the commands").clone()
    }

    /// How often bytes arrived: commands that come together count once.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

struct Session {
    stream: TcpStream,
    manner: Manner,
    mails: Arc<Mutex<Vec<Mail>>>,
    commands: Arc<Mutex<Vec<String>>>,
    reads: Arc<AtomicUsize>,
    buffer: Vec<u8>,
}

impl Session {
    fn say(&mut self, text: &str) {
        match self.manner.oddity {
            Some(Oddity::Latin1) => {
                let bytes: Vec<u8> = text
                    .chars()
                    .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
                    .collect();
                let _ = self.stream.write_all(&bytes);
                let _ = self.stream.write_all(b"\r\n");
                return;
            }
            Some(Oddity::Pieces) => {
                let (first, rest) = text.split_at(2);
                let _ = self.stream.write_all(first.as_bytes());
                thread::sleep(std::time::Duration::from_millis(1200));
                let _ = self.stream.write_all(format!("{rest}\r\n").as_bytes());
                return;
            }
            _ => {}
        }
        let _ = self.stream.write_all(format!("{text}\r\n").as_bytes());
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let rest = self.buffer.split_off(end + 2);
                let line = std::mem::replace(&mut self.buffer, rest);
                return String::from_utf8(line[..end].to_vec()).ok();
            }
            let mut chunk = [0; 16384];
            let read = self.stream.read(&mut chunk).ok()?;
            if read == 0 {
                return None;
            }
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }

    fn serve(&mut self) {
        self.stream.set_nodelay(true).expect("an option of sockets");
        if self.manner.oddity == Some(Oddity::Mute) {
            let _ = self.line();
            return;
        }
        self.say(self.manner.greeting.unwrap_or("220 mail.example.com ESMTP"));
        let mut greeted = false;
        let mut to: Option<String> = None;
        let mut taken = 0;
        let mut in_transaction = false;
        while let Some(line) = self.line() {
            self.commands
                .lock()
                .expect("the commands")
                .push(line.clone());
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_uppercase();
            match verb.as_str() {
                "EHLO" if greeted && self.manner.oddity == Some(Oddity::OneEhlo) => {
                    self.say("503 5.5.1 you said that already");
                }
                "EHLO" => {
                    greeted = true;
                    let mut words = vec!["mail.example.com", "SIZE 1000000", "8BITMIME"];
                    if self.manner.pipelining {
                        words.push("PIPELINING");
                    }
                    if self.manner.international {
                        words.push("SMTPUTF8");
                    }
                    if self.manner.credentials.is_some() {
                        words.push("AUTH PLAIN LOGIN");
                    }
                    let last = words.len() - 1;
                    for (index, word) in words.iter().enumerate() {
                        let sign = if index == last { ' ' } else { '-' };
                        self.say(&format!("250{sign}{word}"));
                    }
                }
                "AUTH" => {
                    let given = line.rsplit(' ').next().unwrap_or_default();
                    if self.manner.credentials.as_deref() == Some(given) {
                        self.say("235 2.7.0 Authentication successful");
                    } else {
                        // Some servers echo what they were given.
                        self.say(&format!("535 5.7.8 Authentication failed for {given}"));
                    }
                }
                "MAIL" if in_transaction => self.say("503 5.5.1 nested MAIL command"),
                "MAIL" if self.manner.ends_after.is_some_and(|most| taken >= most) => {
                    self.say("421 4.7.0 too many messages on this connection");
                    return;
                }
                "MAIL" if self.manner.refuses_sender => self.say("550 5.7.1 sender refused"),
                "MAIL" => {
                    in_transaction = true;
                    to = None;
                    self.say("250 2.1.0 Ok");
                }
                "RCPT" => {
                    let address = line
                        .split_once('<')
                        .and_then(|(_, rest)| rest.split_once('>'))
                        .map_or("", |(address, _)| address)
                        .to_owned();
                    match address.split('@').next().unwrap_or_default() {
                        _ if self.manner.relays_nothing => {
                            self.say(&format!("554 5.7.1 <{address}>: relay access denied"));
                        }
                        "gone" => self.say("550-5.1.1 no such\r\n550 5.1.1 user here"),
                        "grey" => self.say("450 4.7.1 greylisted, come back"),
                        "busy" => {
                            self.say("421 4.3.2 closing");
                            return;
                        }
                        "vanish" => return,
                        _ => {
                            to = Some(address);
                            self.say("250 2.1.5 Ok");
                        }
                    }
                }
                "DATA" if to.is_none() && self.manner.pipelining && line == "DATA" => {
                    // Allowed by RFC 2920, and some servers do it: 354 although nobody is to get it.
                    self.say("354 go on");
                    while let Some(line) = self.line() {
                        if line == "." {
                            break;
                        }
                    }
                    self.say("554 5.5.1 no valid recipients");
                    in_transaction = false;
                }
                "DATA" if to.is_none() => self.say("503 5.5.1 no valid recipients"),
                "DATA" => {
                    self.say("354 go on");
                    let mut text = String::new();
                    loop {
                        let Some(line) = self.line() else { return };
                        if line == "." {
                            break;
                        }
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push_str("\r\n");
                    }
                    in_transaction = false;
                    let address = to.take().unwrap_or_default();
                    match self.manner.oddity {
                        Some(Oddity::Endless) => {
                            while self.stream.write_all(&[b'2'; 8192]).is_ok() {}
                            return;
                        }
                        Some(Oddity::Drip) => {
                            while self.stream.write_all(b"2").is_ok() {
                                thread::sleep(std::time::Duration::from_millis(300));
                            }
                            return;
                        }
                        Some(Oddity::Forgets(after)) if taken >= after => return,
                        _ => {}
                    }
                    let so_far = self.mails.lock().expect("the mails").len();
                    match address.split('@').next().unwrap_or_default() {
                        _ if self.manner.daily_limit.is_some_and(|most| so_far >= most) => {
                            self.say("550 5.4.5 daily sending limit exceeded");
                        }
                        "drop" => return,
                        "hang" => {
                            let mut rest = Vec::new();
                            let _ = self.stream.read_to_end(&mut rest);
                            return;
                        }
                        "usuario" => self.say("550 5.1.1 usuário inexistente"),
                        "full" => self.say("452 4.2.2 mailbox full"),
                        "spam" => self.say("554 5.7.1 looks like spam"),
                        "odd" => self.say("354 go on"),
                        "garble" => self.say("what?"),
                        _ => {
                            self.mails
                                .lock()
                                .expect("the mails")
                                .push(Mail { to: address, text });
                            taken += 1;
                            if self.manner.oddity == Some(Oddity::Latin1) {
                                self.say("250 2.0.0 aceita, será entregue");
                            } else {
                                self.say("250 2.0.0 Ok: queued as Q1");
                            }
                        }
                    }
                    if self.manner.closes_after == Some(taken) {
                        return;
                    }
                }
                "RSET" => {
                    in_transaction = false;
                    to = None;
                    self.say("250 2.0.0 Ok");
                }
                "QUIT" => {
                    self.say("221 2.0.0 Bye");
                    return;
                }
                _ => self.say("502 5.5.2 what?"),
            }
        }
    }
}
