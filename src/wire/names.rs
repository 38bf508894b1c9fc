//! Names of hosts, looked up once a minute and not once a request.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_mins(1);
/// How long it is kept that there is none.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// Asks the machine's resolver, which may take its time.
type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAddress {
    /// Nobody knows the name.
    NotFound,
    /// The answer did not come in time.
    Late,
}

/// What is known of one name.
type Known = Option<(Stopwatch, Result<Vec<IpAddr>, NoAddress>)>;

/// What is known of every name that was asked for.
pub struct Names {
    look_up: Arc<LookUp>,
    known: Mutex<HashMap<String, Arc<Mutex<Known>>>>,
    kept: Duration,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

impl Names {
    /// Those that the whole program shares.
    pub fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Names>> =
            LazyLock::new(|| Arc::new(Names::asking(KEPT, system)));
        Arc::clone(&SHARED)
    }

    fn asking(
        kept: Duration,
        look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            look_up: Arc::new(look_up),
            known: Mutex::default(),
            kept,
        }
    }

    /// All addresses of a host, in the resolver's order. Of several that ask at the same time one looks it
    /// up, and the others wait for what it finds.
    ///
    /// # Errors
    /// When there is none, or none came within `patience`.
    pub fn addresses(
        &self,
        host: &str,
        port: u16,
        patience: Duration,
    ) -> Result<Vec<SocketAddr>, NoAddress> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let place = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(bare.to_ascii_lowercase()).or_default())
        };
        let mut known = place.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.as_ref().filter(|(since, found)| {
            let kept = if found.is_ok() {
                self.kept
            } else {
                FAILURE_KEPT
            };
            since.elapsed() < kept
        });
        let found = if let Some((_, found)) = fresh {
            found.clone()
        } else {
            let found = self.look_up(bare, patience);
            *known = Some((Stopwatch::start(), found.clone()));
            found
        };
        let to_port = |address| SocketAddr::new(address, port);
        found.map(|addresses| addresses.into_iter().map(to_port).collect())
    }

    /// Looks a name up on a thread of its own, because nothing can end a lookup that hangs.
    fn look_up(&self, host: &str, patience: Duration) -> Result<Vec<IpAddr>, NoAddress> {
        let (said, heard) = mpsc::sync_channel(1);
        let look_up = Arc::clone(&self.look_up);
        let name = host.to_owned();
        let begun = thread::Builder::new().spawn(move || {
            let _ = said.send(look_up(&name));
        });
        let found = match begun {
            Ok(_) => heard.recv_timeout(patience).map_err(|_| NoAddress::Late)?,
            // A machine that gives no thread more can still answer here.
            Err(_) => (self.look_up)(host),
        };
        match found {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            _ => Err(NoAddress::NotFound),
        }
    }
}

/// Asks the machine's resolver; each address once.
fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in (host, 0).to_socket_addrs()? {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SOON: Duration = Duration::from_secs(5);

    fn counting(
        kept: Duration,
        answer: impl Fn(usize) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> (Arc<Names>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&count);
        let names = Names::asking(kept, move |_| answer(asked.fetch_add(1, Ordering::SeqCst)));
        (Arc::new(names), count)
    }

    fn two() -> Vec<IpAddr> {
        vec![IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2])]
    }

    #[test]
    fn a_name_is_looked_up_once_for_all_who_ask_at_once() {
        let (names, count) = counting(KEPT, |_| {
            thread::sleep(Duration::from_millis(20));
            Ok(two())
        });
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let found = names.addresses("GW.example.com", 443, SOON);
                        assert_eq!(found.expect("addresses").len(), 2, "all of them");
                    }
                });
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 1);
        names
            .addresses("other.example.com", 443, SOON)
            .expect("addresses");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn an_answer_grows_old() {
        let (names, count) = counting(Duration::ZERO, |_| Ok(two()));
        for _ in 0..3 {
            names
                .addresses("gw.example.com", 80, SOON)
                .expect("addresses");
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_failure_is_kept_for_a_moment_only() {
        let (names, count) = counting(KEPT, |asked| match asked {
            0 => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(two()),
        });
        for _ in 0..3 {
            let found = names.addresses("gw.example.com", 80, SOON);
            assert_eq!(found, Err(NoAddress::NotFound));
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        thread::sleep(FAILURE_KEPT);
        assert!(names.addresses("gw.example.com", 80, SOON).is_ok());
    }

    #[test]
    fn a_lookup_that_hangs_ends_in_time_and_a_number_needs_none() {
        let (names, count) = counting(KEPT, |_| {
            thread::sleep(Duration::from_secs(30));
            Ok(two())
        });
        let found = names.addresses("gw.example.com", 80, Duration::from_millis(20));
        assert_eq!(found, Err(NoAddress::Late));
        for host in ["127.0.0.1", "[::1]", "::1"] {
            let found = names.addresses(host, 80, SOON).expect("an address");
            assert_eq!(found[0].port(), 80);
        }
        // A machine that is busy may not even have begun the one that hangs.
        assert!(count.load(Ordering::SeqCst) <= 1);
    }
}
