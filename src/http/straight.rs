//! Plain connections as ureq has them made, with as few calls of the system for each request as will do.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Weak};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ureq::Timeout;
use ureq::unversioned::transport::time::Duration as Wait;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle,
    Transport,
};

use crate::clock::Stopwatch;
use crate::wire::bounds::{Allowance, Ended};
use crate::wire::socket::dial;

/// The system is told of waits in such steps, so that it need not be told of each anew.
const STEP: Duration = Duration::from_secs(1);

/// Opens a connection to the first address that takes it, unless a proxy has opened one.
#[derive(Debug)]
pub(super) struct Straight;

impl<In: Transport> Connector<In> for Straight {
    type Out = Either<In, Plain>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        let patience = match details.timeout.after {
            Wait::Exact(time) => time,
            Wait::NotHappening => Duration::MAX,
        };
        let allowance = Allowance::new(0, patience, None);
        let stream = dial(details.addrs.iter().copied(), &allowance).map_err(|why| match why {
            Ended::Broken(error) => ureq::Error::Io(error),
            _ => ureq::Error::Timeout(Timeout::Connect),
        })?;
        let stream = Arc::new(stream);
        let handle: Weak<dyn ShutdownHandle> = Arc::downgrade(&stream) as _;
        (details.register_shutdown)(handle)?;
        Ok(Some(Either::B(Plain {
            stream,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            told: Told::default(),
        })))
    }
}

/// A connection without TLS.
pub(super) struct Plain {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    told: Told,
}

/// How long the system was told to wait.
#[derive(Default)]
struct Told {
    reading: Option<Duration>,
    writing: Option<Duration>,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain")
    }
}

/// Tells the system how long to wait, unless it was told so already: whole seconds where there are any.
fn tell(
    told: &mut Option<Duration>,
    timeout: NextTimeout,
    set: impl FnOnce(Option<Duration>) -> io::Result<()>,
) -> Result<Duration, ureq::Error> {
    let wait = match timeout.after {
        Wait::Exact(time) if time.is_zero() => return Err(ureq::Error::Timeout(timeout.reason)),
        Wait::Exact(time) => time,
        Wait::NotHappening => Duration::MAX,
    };
    let step = if wait < STEP {
        wait
    } else {
        let begun = u64::from(wait.subsec_nanos() > 0);
        Duration::from_secs(wait.as_secs().saturating_add(begun))
    };
    let step = (wait < Duration::MAX).then_some(step);
    if *told != step {
        set(step)?;
        *told = step;
    }
    Ok(wait)
}

impl Transport for Plain {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let stream = &*self.stream;
        tell(&mut self.told.writing, timeout, |time| {
            stream.set_write_timeout(time)
        })?;
        let mut stream = stream;
        match stream.write_all(&self.buffers.output()[..amount]) {
            Err(error) if is_late(&error) => Err(ureq::Error::Timeout(timeout.reason)),
            sent => Ok(sent?),
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let stream = &*self.stream;
        let wait = tell(&mut self.told.reading, timeout, |time| {
            stream.set_read_timeout(time)
        })?;
        let watch = Stopwatch::start();
        let mut stream = stream;
        loop {
            match stream.read(self.buffers.input_append_buf()) {
                Ok(read) => {
                    self.buffers.input_appended(read);
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    if watch.elapsed() >= wait {
                        return Err(ureq::Error::Timeout(timeout.reason));
                    }
                }
                Err(error) if is_late(&error) => return Err(ureq::Error::Timeout(timeout.reason)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Nothing waits to be read: neither its end nor what nobody asked for.
    fn is_open(&mut self) -> bool {
        let mut asked = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
        poll(&mut asked, PollTimeout::ZERO) == Ok(0)
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
