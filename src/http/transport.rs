//! Connections as ureq has them made: names by our own lookup, TLS by our own trust, and a witness on each
//! that sees when a request begins to leave, how long its answer takes, and whether the connection may be kept.

use std::cell::RefCell;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::{Duration as Wait, Instant as Moment};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use crate::clock::Stopwatch;
use crate::wire::names::{Names, NoAddress};
use crate::wire::trust::Trust;

/// Addresses that are tried of one name, at most; ureq has room for no more.
const MOST_ADDRESSES: usize = 16;

/// The most of a request that is held back until the rest of it is there, in bytes.
const MOST_HELD: usize = 64 * 1024;

/// Our names as ureq asks for them.
#[derive(Debug)]
pub(super) struct KeptNames(pub(super) Arc<Names>);

impl Resolver for KeptNames {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        _config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let usual = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = uri.port_u16().unwrap_or(usual);
        let found = self
            .0
            .addresses(host, port, *timeout.after)
            .map_err(|why| match why {
                NoAddress::NotFound => ureq::Error::HostNotFound,
                NoAddress::Late => ureq::Error::Timeout(timeout.reason),
            })?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(MOST_ADDRESSES) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// Puts TLS on a connection to an https address, trusting whom we trust.
pub(super) struct Encrypting(pub(super) Trust);

impl fmt::Debug for Encrypting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypting")
    }
}

impl<In: Transport> Connector<In> for Encrypting {
    type Out = Either<In, Encrypted>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| ureq::Error::Tls("this is no name of a host"))?;
        let mut session = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut socket =
            TransportAdapter::new(Box::new(transport) as _, Arc::clone(&details.current_time));
        socket.set_timeout(left(details));
        session.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(Some(Either::B(Encrypted {
            buffers,
            stream: StreamOwned::new(session, socket),
        })))
    }
}

/// What is left of the time to connect once the socket is open.
fn left(details: &ConnectionDetails) -> NextTimeout {
    let mut timeout = details.timeout;
    if let (Wait::Exact(all), Moment::Exact(begun), Moment::Exact(now)) =
        (timeout.after, details.now, (details.current_time)())
    {
        timeout.after = Wait::Exact(all.saturating_sub(now.saturating_duration_since(begun)));
    }
    timeout
}

/// A connection within TLS.
pub(super) struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted")
    }
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// What has become of this thread's request. It is made and answered on one thread, and connections are
/// opened (with TLS) before the first byte of it is written.
#[derive(Debug, Default)]
pub(super) struct Journey {
    /// Whether any byte of the request may have left.
    pub(super) left: bool,
    /// Whether any byte of an answer came.
    pub(super) heard: bool,
    /// The connection it went by, and the how manieth request that was there.
    by: Option<(Arc<Life>, u64)>,
}

thread_local! {
    static JOURNEY: RefCell<Journey> = RefCell::default();
}

/// Begins a request on this thread.
pub(super) fn set_out() {
    JOURNEY.set(Journey::default());
}

/// What became of the request that was begun last on this thread.
pub(super) fn look_back() -> Journey {
    JOURNEY.take()
}

/// Which connections of a client may be kept for another request.
///
/// A server may close its connections after some number of answers without saying so, and a request that was
/// under way then may have arrived. That it costs one message at most, one connection goes ahead of all
/// others: each of them carries its next request only when the one ahead has had an answer to as many. After
/// a first cut of a kept connection every request has one of its own.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// A kept connection was cut under a request.
    was_cut: AtomicBool,
    /// Requests that some connection has answered.
    proven: AtomicU64,
    /// The connection that goes ahead.
    ahead: Mutex<Weak<Life>>,
}

impl Keeping {
    /// An answer came to the journey's request.
    pub(super) fn answered(&self, journey: &Journey) {
        if let Some((_, number)) = &journey.by {
            self.proven.fetch_max(*number, Ordering::SeqCst);
        }
    }

    /// The journey's connection was lost before any of its answer came.
    pub(super) fn lost(&self, journey: &Journey) {
        let was_kept = journey.by.as_ref().is_some_and(|(_, number)| *number > 1);
        if was_kept && journey.left && !journey.heard {
            self.was_cut.store(true, Ordering::SeqCst);
        }
    }

    /// Whether a connection may carry another request.
    fn allows(&self, life: &Arc<Life>) -> bool {
        if self.was_cut.load(Ordering::SeqCst) {
            return false;
        }
        let next = life.begun.load(Ordering::SeqCst) + 1;
        if next <= self.proven.load(Ordering::SeqCst) {
            return true;
        }
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        match ahead.upgrade() {
            Some(leader) => Arc::ptr_eq(&leader, life),
            None => {
                *ahead = Arc::downgrade(life);
                true
            }
        }
    }
}

/// What one connection has carried.
#[derive(Debug, Default)]
struct Life {
    /// Requests begun on it.
    begun: AtomicU64,
}

/// Wraps every connection, new or kept alive.
#[derive(Debug)]
pub(super) struct Witness {
    /// How long the whole of an answer may take from the request's last byte on.
    pub(super) answer: Duration,
    pub(super) keeping: Arc<Keeping>,
    /// The connections lead through a proxy.
    pub(super) proxied: bool,
}

impl<In: Transport> Connector<In> for Witness {
    type Out = Witnessed<In>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // The way to the proxy is opened as a connection of its own, which knows of no proxy: what is said there to
        // open the way on is no byte of the request.
        let to_proxy = self.proxied && details.config.proxy().is_none();
        Ok(chained.map(|transport| Witnessed {
            transport,
            to_proxy,
            answer: self.answer,
            keeping: Arc::clone(&self.keeping),
            life: Arc::default(),
            busy: false,
            held: Vec::new(),
            since: Stopwatch::start(),
        }))
    }
}

/// A connection that is watched.
#[derive(Debug)]
pub(super) struct Witnessed<T> {
    transport: T,
    /// It leads to a proxy only, and the request goes within it, by a connection with a witness of its own.
    to_proxy: bool,
    answer: Duration,
    keeping: Arc<Keeping>,
    life: Arc<Life>,
    /// A request is under way.
    busy: bool,
    /// What of it has not left yet: its head and its body go together.
    held: Vec<u8>,
    /// Since the last bytes of the request left.
    since: Stopwatch,
}

impl<T: Transport> Witnessed<T> {
    /// Sends what was held back.
    fn let_go(&mut self, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if !self.to_proxy {
            JOURNEY.with_borrow_mut(|journey| journey.left = true);
        }
        let mut rest = &self.held[..];
        while !rest.is_empty() {
            let output = self.transport.buffers().output();
            let amount = rest.len().min(output.len());
            let (piece, beyond) = rest.split_at(amount);
            output[..amount].copy_from_slice(piece);
            self.transport.transmit_output(amount, timeout)?;
            rest = beyond;
        }
        self.held.clear();
        self.since = Stopwatch::start();
        Ok(())
    }
}

impl<T: Transport> Transport for Witnessed<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if !self.busy && !self.to_proxy {
            self.busy = true;
            let number = self.life.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let by = Some((Arc::clone(&self.life), number));
            JOURNEY.with_borrow_mut(|journey| journey.by = by);
        }
        self.held
            .extend_from_slice(&self.transport.buffers().output()[..amount]);
        if self.held.len() < MOST_HELD {
            return Ok(());
        }
        self.let_go(timeout)
    }

    /// Each phase of an answer has its time; all of them together have no more than one.
    fn await_input(&mut self, mut timeout: NextTimeout) -> Result<bool, ureq::Error> {
        if !self.held.is_empty() {
            self.let_go(timeout)?;
        }
        let left = self.answer.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            return Err(ureq::Error::Timeout(timeout.reason));
        }
        if timeout.after.is_not_happening() || *timeout.after > left {
            timeout.after = Wait::Exact(left);
        }
        let came = self.transport.await_input(timeout)?;
        if came && !self.to_proxy {
            JOURNEY.with_borrow_mut(|journey| journey.heard = true);
        }
        Ok(came)
    }

    /// Asked once when a request is over, and again before the next one is given to it.
    fn is_open(&mut self) -> bool {
        let is_over = std::mem::take(&mut self.busy) || self.to_proxy;
        self.transport.is_open() && (is_over || self.keeping.allows(&self.life))
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(requests: u64) -> Arc<Life> {
        Arc::new(Life {
            begun: AtomicU64::new(requests),
        })
    }

    fn journey(life: &Arc<Life>, number: u64) -> Journey {
        Journey {
            left: true,
            heard: false,
            by: Some((Arc::clone(life), number)),
        }
    }

    #[test]
    fn one_connection_goes_ahead_and_the_others_follow() {
        let keeping = Keeping::default();
        let (first, second) = (begun(1), begun(1));
        keeping.answered(&journey(&first, 1));
        assert!(keeping.allows(&first), "it goes ahead");
        assert!(!keeping.allows(&second), "nobody knows about a second yet");
        keeping.answered(&journey(&first, 2));
        assert!(keeping.allows(&second), "a second request was answered");
        drop(first);
        let third = begun(7);
        assert!(keeping.allows(&third), "the one ahead is gone");
    }

    #[test]
    fn after_one_cut_no_connection_is_kept() {
        let keeping = Keeping::default();
        let life = begun(1);
        keeping.lost(&journey(&life, 1));
        assert!(
            keeping.allows(&life),
            "a fresh one says nothing about kept ones"
        );
        let heard = Journey {
            heard: true,
            ..journey(&life, 2)
        };
        keeping.lost(&heard);
        assert!(keeping.allows(&life), "an answer that broke off is no cut");
        keeping.lost(&journey(&life, 2));
        assert!(!keeping.allows(&life));
    }
}
