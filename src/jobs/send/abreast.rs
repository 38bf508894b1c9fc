//! Two abreast: while one thread gathers who gets what, the other writes down what was gathered.

use std::panic::resume_unwind;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use super::Request;
use super::gather::{Addressee, Gather};
use super::walk::Walk;
use crate::clock::Now;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::jobs::deliver::no_thread;
use crate::store::{Store, book};

/// So many clients are worth a second connection.
const MANY: u64 = 2_000;
/// Recipients that are handed over together.
const TOGETHER: usize = 64;
/// How many such groups may wait to be written down.
const WAITING: usize = 4;

/// A second connection for gathering, where that is worth it and what a row comes to does not depend on what became
/// of those before it.
pub(super) fn reader(store: &Store, config: &Config, request: &Request) -> Result<Option<Store>> {
    let abreast =
        !Gather::looks_back(config, request)? && book::has_clients(store.connection(), MANY)?;
    if abreast { store.beside() } else { Ok(None) }
}

/// Gathers by `reader` and writes down by the walk, whose transaction has begun: nobody else can write meanwhile, so
/// that both know the same. How many rows there are.
pub(super) fn run(
    reader: Store,
    (config, now): (&Config, Now),
    (request, batch): (&Request, i64),
    walk: &mut Walk<'_>,
) -> Result<u64> {
    let (give, take) = sync_channel::<Vec<Addressee>>(WAITING);
    // Whoever made the texts frees them: the other has enough to do.
    let (give_back, used) = channel::<Vec<Addressee>>();
    let gather = move || {
        reader.read(|connection| {
            let mut group = Vec::with_capacity(TOGETHER);
            let mut gather = Gather::new(connection, config, now, request, Some(batch))?;
            let matched = gather.run(&mut |recipient| {
                group.push(recipient);
                if group.len() == TOGETHER {
                    let mut next = used.try_recv().unwrap_or_default();
                    next.clear();
                    let full = std::mem::replace(&mut group, next);
                    give.send(full).map_err(nobody_writes)?;
                }
                Ok(true)
            })?;
            give.send(group).map_err(nobody_writes)?;
            Ok(matched)
        })
    };
    thread::scope(|scope| {
        let gathering = thread::Builder::new()
            .spawn_scoped(scope, gather)
            .map_err(no_thread)?;
        for group in take {
            for recipient in &group {
                walk.take(recipient)?;
            }
            // Whoever gathers may have come to the end.
            let _ = give_back.send(group);
        }
        gathering
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Whoever writes has failed, and says why.
fn nobody_writes<T>(_: T) -> Error {
    Error::world("nothing more is written down")
}
