//! Two abreast: while one thread gathers who gets what, the other writes down what was gathered.

use super::Request;
use super::gather::{Addressee, Gather};
use super::walk::Walk;
use crate::clock::Now;
use crate::config::Config;
use crate::error::Result;
use crate::jobs::abreast::{TOGETHER, abreast};
use crate::store::{Store, book};

/// So many clients are worth a second connection.
const MANY: u64 = 2_000;

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
    abreast(
        move |belt| {
            reader.read(|connection| {
                let mut group: Vec<Addressee> = belt.group();
                let mut gather = Gather::new(connection, config, now, request, Some(batch))?;
                let matched = gather.run(&mut |recipient| {
                    group.push(recipient);
                    if group.len() == TOGETHER {
                        let mut next = belt.group();
                        next.clear();
                        belt.give(std::mem::replace(&mut group, next))?;
                    }
                    Ok(true)
                })?;
                belt.give(group)?;
                Ok(matched)
            })
        },
        |group| {
            for recipient in &*group {
                walk.take(recipient)?;
            }
            Ok(())
        },
    )
}
