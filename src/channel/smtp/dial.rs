//! A new connection: greeted, encrypted and authenticated.

use std::sync::atomic::Ordering;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Ehlo;

use super::connection::{Connection, said_of};
use super::settings::{SmtpSettings, Tls};
use super::{CLOSING, SmtpProvider};
use crate::channel::{Next, Refusal};
use crate::error::{Error, Result};

impl SmtpProvider {
    /// A new connection.
    pub(super) fn connect(&self) -> Result<Connection, Refusal> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Refusal::new(Next::NotSent, "interrupted"));
        }
        let mut inner = self.encrypted()?;
        // lettre does not keep this word of the greeting, so it is asked for again.
        let greeting = inner
            .command(Ehlo::new(self.helo.clone()))
            .map_err(|error| self.not_sent("EHLO failed", &error))?;
        let pipelining = greeting.message().any(|line| {
            line.split_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("PIPELINING"))
        });
        if let Some(user) = &self.settings.username
            && let Err(refusal) = self.log_in(&mut inner, user)
        {
            inner.abort();
            return Err(refusal);
        }
        Ok(Connection::new(inner, pipelining))
    }

    /// Connected, and encrypted as the settings ask for.
    fn encrypted(&self) -> Result<SmtpConnection, Refusal> {
        let at_once = (self.settings.tls == Tls::Implicit)
            .then_some(self.tls.as_ref())
            .flatten();
        let mut inner = SmtpConnection::connect(
            (self.settings.host.as_str(), self.settings.port),
            Some(self.patience()),
            &self.helo,
            at_once,
            None,
        )
        .map_err(|error| self.not_sent("no connection", &error))?;
        if let (Tls::Starttls, Some(parameters)) = (self.settings.tls, &self.tls) {
            if !inner.can_starttls() {
                inner.abort();
                return Err(Refusal::new(
                    Next::Stop,
                    format!(
                        "{} does not offer STARTTLS; nothing is sent in the clear",
                        self.settings.host
                    ),
                ));
            }
            inner
                .starttls(parameters, &self.helo)
                .map_err(|error| self.not_sent("STARTTLS failed", &error))?;
        }
        Ok(inner)
    }

    fn log_in(&self, inner: &mut SmtpConnection, user: &str) -> Result<(), Refusal> {
        let credentials = Credentials::new(user.to_owned(), self.password.clone());
        match inner.auth(&[Mechanism::Plain, Mechanism::Login], &credentials) {
            Ok(_) => Ok(()),
            Err(error) => Err(match said_of(&error) {
                Some((code, text)) if (400..500).contains(&code) => {
                    self.refusal(Next::Later(None), code, &text)
                }
                Some((code, text)) => self.refusal(Next::Stop, code, &text),
                None if error.is_client() => Refusal::new(
                    Next::Stop,
                    format!("{} offers no AUTH that we know", self.settings.host),
                ),
                None => self.not_sent("AUTH failed", &error),
            }),
        }
    }

    /// What it means that a connection did not come about.
    fn not_sent(&self, what: &str, error: &lettre::transport::smtp::Error) -> Refusal {
        if let Some((code, text)) = said_of(error) {
            // A server that greets with a refusal may do better later.
            let next = if code == 421 || (400..500).contains(&code) {
                Next::Later(Some(CLOSING))
            } else {
                Next::Stop
            };
            return self.refusal(next, code, &text);
        }
        let text = format!("{}: {what}: {error}", self.settings.host);
        Refusal::new(Next::NotSent, self.cover.cover(text))
    }
}

/// What TLS is set up with.
///
/// # Errors
/// When the certificate authority cannot be read or the host has no acceptable name.
pub(super) fn tls(settings: &SmtpSettings) -> Result<TlsParameters> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|error| {
            Error::unacceptable(format!("email.ca_file {} cannot be read", path.display()))
                .because(error)
        })?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| {
            Error::unacceptable(format!(
                "email.ca_file {} is not a certificate (PEM)",
                path.display()
            ))
        })?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| {
        Error::unacceptable(format!(
            "email.host: TLS to {} cannot be set up",
            settings.host
        ))
        .because(error)
    })
}
