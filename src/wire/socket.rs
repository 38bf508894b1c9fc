//! A socket to a host: opened within a time, encrypted or not, with waits so short that a signal is seen.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

use super::bounds::{Allowance, Ended, is_pause};
use super::names::{Names, NoAddress};

/// Waiting is cut into such slices, so that an interruption is seen soon.
const SLICE: Duration = Duration::from_millis(250);

/// A connection to a host.
#[derive(Debug)]
pub enum Socket {
    /// As it is.
    Plain(TcpStream),
    /// Within TLS.
    Encrypted(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A connection to the first of some addresses that takes it, within the time that is allowed.
///
/// # Errors
/// When none takes it, or not in time.
pub fn dial(
    addresses: impl ExactSizeIterator<Item = SocketAddr>,
    allowance: &Allowance<'_>,
) -> Result<TcpStream, Ended> {
    let mut failure = Ended::Late;
    let count = addresses.len();
    for (index, address) in addresses.enumerate() {
        // The first has half the time when there is another, and so on: one that is silent is not all.
        let left = allowance.time_left()?;
        let time = if index + 1 < count { left / 2 } else { left };
        match TcpStream::connect_timeout(&address, time.max(Duration::from_millis(1))) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(Ended::Broken)?;
                return Ok(stream);
            }
            Err(error) if is_pause(&error) => failure = Ended::Late,
            Err(error) => failure = Ended::Broken(error),
        }
    }
    Err(failure)
}

impl Socket {
    /// A connection to the first of a host's addresses that takes it, within the time that is allowed.
    ///
    /// # Errors
    /// When the name is not known, none of its addresses takes it, or not in time.
    pub fn open(host: &str, port: u16, allowance: &Allowance<'_>) -> Result<Self, Ended> {
        let addresses = Names::shared()
            .addresses(host, port, allowance.time_left()?)
            .map_err(|why| match why {
                NoAddress::Late => Ended::Late,
                NoAddress::NotFound => Ended::Broken(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the host was not found",
                )),
            })?;
        let stream = dial(addresses.into_iter(), allowance)?;
        stream
            .set_read_timeout(Some(SLICE))
            .and_then(|()| stream.set_write_timeout(Some(SLICE)))
            .map_err(Ended::Broken)?;
        Ok(Self::Plain(stream))
    }

    /// The same connection within TLS, once `host` has shown who it is.
    ///
    /// # Errors
    /// When it cannot, or not in the time that is allowed.
    pub fn encrypt(
        self,
        config: &Arc<ClientConfig>,
        host: &str,
        allowance: &Allowance<'_>,
    ) -> Result<Self, Ended> {
        let Self::Plain(mut stream) = self else {
            return Ok(self);
        };
        let broken = |what: String| Ended::Broken(io::Error::other(what));
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| broken(format!("TLS: `{host}` is no name of a host")))?;
        let mut session = ClientConnection::new(Arc::clone(config), name)
            .map_err(|error| broken(format!("TLS: {error}")))?;
        while session.is_handshaking() {
            allowance.time_left()?;
            match session.complete_io(&mut stream) {
                Ok(_) => {}
                Err(error) if is_pause(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(Ended::Closed);
                }
                Err(error) => return Err(broken(format!("TLS: {error}"))),
            }
        }
        Ok(Self::Encrypted(Box::new(StreamOwned::new(session, stream))))
    }

    /// Whether it is within TLS.
    pub const fn is_encrypted(&self) -> bool {
        matches!(self, Self::Encrypted(_))
    }

    /// Sends all of it, in the time that is allowed.
    ///
    /// # Errors
    /// When not all of it could be handed to the network.
    pub fn send(&mut self, bytes: &[u8], allowance: &Allowance<'_>) -> Result<(), Ended> {
        let mut rest = bytes;
        loop {
            allowance.time_left()?;
            let step = if rest.is_empty() {
                self.as_write().flush().map(|()| None)
            } else {
                self.as_write().write(rest).map(Some)
            };
            match step {
                Ok(None) => return Ok(()),
                Ok(Some(written)) => rest = &rest[written..],
                Err(error) if is_pause(&error) => {}
                Err(error) => return Err(Ended::Broken(error)),
            }
        }
    }

    fn as_write(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(stream) => stream,
            Self::Encrypted(stream) => stream,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Encrypted(stream) => stream.read(into),
        }
    }
}
