//! The world changes while a delivery dies and begins again: what has changed hands is told to nobody else.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use crate::server::{Act, Server};
use crate::{addresses, deliver, provider, queue, served};

#[test]
fn devices_that_change_hands_between_killed_runs_hear_nothing_of_others() {
    const N: usize = 240;
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(2));
        Act::json(200, "{}")
    });
    let house = provider(&server, N, "workers = 4\n");
    queue(&house);
    let mut moments = fastrand::Rng::with_seed(71);
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for round in 0..8 {
        let mut one = deliver(&house);
        let mut other = deliver(&house);
        thread::sleep(Duration::from_millis(moments.u64(5..60)));
        for child in [&mut one, &mut other] {
            child.kill().expect("a killed run");
            child.wait().expect("its end");
        }
        // What had left by then is heard by now.
        thread::sleep(Duration::from_millis(50));
        let heard = served(&server);
        let mut devices = String::from("address,client_id\n");
        for id in (1..=N).skip(round * 30).take(30).step_by(3) {
            let address = format!("device-{id}");
            devices.push_str(&format!("{address},{}\n", id % N + 1));
            if !heard.contains_key(&address) {
                gone.insert(address);
            }
        }
        house.write("devices.csv", devices);
        house.run(&["import", "devices", "devices.csv"]).ok();
    }
    let last = house.run(&["queue", "deliver"]);
    assert!([0, 1].contains(&last.code), "{last:?}");
    let heard = served(&server);
    for (address, times) in &heard {
        assert_eq!(*times, 1, "{address} was served {times} times");
        assert!(!gone.contains(address), "{address} is another client's");
    }
    let (sent, unknown) = (addresses(&house, "sent"), addresses(&house, "unknown"));
    let skipped = addresses(&house, "skipped");
    assert_eq!(
        sent.len() + unknown.len() + skipped.len(),
        N,
        "some are missing"
    );
    for address in &skipped {
        assert!(gone.contains(address), "{address} was nobody else's");
    }
    assert!(!skipped.is_empty(), "nothing changed hands in time");
}
