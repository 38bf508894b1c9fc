//! A new connection: greeted, encrypted and authenticated.

use std::sync::atomic::Ordering;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Starttls};
use lettre::transport::smtp::response::Response;

use super::connection::{Connection, Offers, Reply};
use super::settings::Tls;
use super::{CLOSING, SmtpProvider};
use crate::channel::{Next, Refusal};
use crate::wire::bounds::{Allowance, Ended, LONGEST_REPLY};
use crate::wire::socket::Socket;

/// Questions that a server may ask while one logs in.
const MOST_QUESTIONS: usize = 10;

impl SmtpProvider {
    /// A new connection.
    pub(super) fn connect(&self) -> Result<Connection, Refusal> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Refusal::new(Next::NotSent, "interrupted"));
        }
        let allowance = Allowance::new(LONGEST_REPLY, self.patience(), Some(&self.stopped));
        let host = &self.settings.host;
        let mut socket = Socket::open(host, self.settings.port, &allowance)
            .map_err(|ended| self.no_answer("no connection", &ended))?;
        if let (Tls::Implicit, Some(trust)) = (self.settings.tls, &self.trust) {
            socket = socket
                .encrypt(trust, host, &allowance)
                .map_err(|ended| self.no_answer("no connection", &ended))?;
        }
        let mut connection = Connection::new(socket);
        let greeting = connection
            .reply(self.patience(), &self.stopped)
            .map_err(|ended| self.no_answer("no connection", &ended))?;
        self.positive(&greeting)?;
        let hello = self.asked(&mut connection, &self.ehlo(), "EHLO failed")?;
        connection.offers = Offers::of(self.positive(&hello)?);
        if let (Tls::Starttls, Some(_)) = (self.settings.tls, &self.trust) {
            connection = self.start_tls(connection)?;
        }
        if let Some(user) = &self.settings.username {
            self.log_in(&mut connection, user)?;
        }
        Ok(connection)
    }

    /// The same conversation within TLS.
    fn start_tls(&self, mut connection: Connection) -> Result<Connection, Refusal> {
        let host = &self.settings.host;
        let offers = connection.offers.clone();
        let never = |why: &str| {
            let text = format!("{host} {why}; nothing is sent in the clear");
            Refusal::new(Next::Stop, text)
        };
        if !offers.starttls {
            connection.quit(&self.stopped);
            return Err(never("does not offer STARTTLS"));
        }
        let begun = self.asked(&mut connection, &Starttls.to_string(), "STARTTLS failed")?;
        self.positive(&begun)?;
        if !connection.beyond.is_empty() {
            // Somebody on the way could have put words before the encrypted ones.
            return Err(never("went on talking before TLS began"));
        }
        let allowance = Allowance::new(LONGEST_REPLY, self.patience(), Some(&self.stopped));
        let trust = self.trust.as_ref().ok_or_else(|| never("has no TLS"))?;
        let socket = connection
            .socket
            .encrypt(trust, host, &allowance)
            .map_err(|ended| self.no_answer("STARTTLS failed", &ended))?;
        let mut connection = Connection::new(socket);
        let hello = self.asked(&mut connection, &self.ehlo(), "EHLO failed")?;
        connection.offers = if hello.code < 500 {
            Offers::of(self.positive(&hello)?)
        } else {
            // Some servers want to be greeted once only: what they said then holds, but for pipelining.
            Offers {
                pipelining: false,
                ..offers
            }
        };
        Ok(connection)
    }

    fn ehlo(&self) -> String {
        Ehlo::new(self.helo.clone()).to_string()
    }

    fn log_in(&self, connection: &mut Connection, user: &str) -> Result<(), Refusal> {
        let host = &self.settings.host;
        let cannot = |what: &str| Refusal::new(Next::Stop, format!("{host} {what}"));
        let known = [Mechanism::Plain, Mechanism::Login];
        let mechanism = known
            .into_iter()
            .find(|known| connection.offers.mechanisms.contains(known))
            .ok_or_else(|| cannot("offers no AUTH that we know"))?;
        let credentials = Credentials::new(user.to_owned(), self.password.clone());
        let mut command = Auth::new(mechanism, credentials.clone(), None)
            .map_err(|_| cannot("offers no AUTH that we know"))?;
        for _ in 0..MOST_QUESTIONS {
            let reply = self.asked(connection, &command.to_string(), "AUTH failed")?;
            match reply.code {
                334 => {
                    let question: Result<Response, _> =
                        format!("334 {}\r\n", reply.words()).parse();
                    command = question
                        .and_then(|question| {
                            Auth::new_from_response(mechanism, credentials.clone(), &question)
                        })
                        .map_err(|_| cannot("asks something strange while we log in"))?;
                }
                200..=399 => return Ok(()),
                400..=499 => return Err(self.told(Next::Later(None), &reply)),
                _ => return Err(self.told(Next::Stop, &reply)),
            }
        }
        Err(cannot("asks without end while we log in"))
    }

    /// What the server answers to a command; `what` says what failed where it does not.
    fn asked(
        &self,
        connection: &mut Connection,
        command: &str,
        what: &str,
    ) -> Result<Reply, Refusal> {
        connection
            .ask(command, self.patience(), &self.stopped)
            .map_err(|ended| self.no_answer(what, &ended))
    }

    /// The reply, where it is one that lets us go on.
    fn positive<'r>(&self, reply: &'r Reply) -> Result<&'r Reply, Refusal> {
        match reply.code {
            ..400 => Ok(reply),
            // A server that greets with a refusal may do better later.
            400..500 => Err(self.told(Next::Later(Some(CLOSING)), reply)),
            _ => Err(self.told(Next::Stop, reply)),
        }
    }

    fn told(&self, next: Next, reply: &Reply) -> Refusal {
        self.refusal(next, reply.code, &reply.words())
    }

    /// What it means that a connection did not come about.
    fn no_answer(&self, what: &str, ended: &Ended) -> Refusal {
        let text = format!("{}: {what}: {ended}", self.settings.host);
        Refusal::new(Next::NotSent, self.cover.cover(text))
    }
}
