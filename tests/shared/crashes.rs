//! What dies, and when: hosts, PostgreSQL, the way to it.

use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::postgres::Postgres;
use crate::way::Way;
use crate::{LEASE, PUSH, Scene, postgres, until, work};

pub(crate) fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    nix::sys::signal::kill(pid, signal).expect("a signal");
}

pub(crate) fn kill(mut child: Child) {
    child.kill().expect("a killed host");
    child.wait().expect("its end");
}

#[test]
fn hosts_killed_at_random_leave_at_most_what_was_in_flight_and_nothing_twice() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    const N: usize = 600;
    let scene = Scene::new(postgres, N, Duration::from_millis(8), PUSH);
    scene.share();
    let mut moments = fastrand::Rng::with_seed(16);
    let hosts = [scene.host(), scene.host(), scene.host()];
    let mut killed = 0;
    while scene.server.seen().len() < N / 2 {
        let before = scene.server.seen().len();
        let running: Vec<Child> = hosts.iter().map(|host| work(host, "600")).collect();
        let more = before + moments.usize(1..80);
        until("some more are served", || scene.server.seen().len() >= more);
        for child in running {
            kill(child);
            killed += 1;
        }
    }
    for host in &hosts {
        host.run(&["queue", "work"]);
    }
    scene.gather();
    let unknown = scene.nothing_lost_nothing_twice(N);
    assert!(
        unknown <= killed * 8,
        "{unknown} unknown after {killed} deaths"
    );
}

#[test]
fn postgresql_stopped_in_the_middle_loses_nothing_and_the_hosts_go_on() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    const N: usize = 600;
    let scene = Scene::new(&postgres, N, Duration::from_millis(8), PUSH);
    scene.share();
    let hosts = [scene.host(), scene.host(), scene.host()];
    let running: Vec<Child> = hosts.iter().map(|host| work(host, "600")).collect();
    for part in 1..=3 {
        until("some are served", || {
            scene.server.seen().len() > part * N / 8
        });
        postgres.stop_at_once();
        thread::sleep(Duration::from_millis(700));
        postgres.begin();
    }
    until("all are served", || scene.served().len() == N);
    for child in &running {
        signal(child, nix::sys::signal::Signal::SIGTERM);
    }
    for child in running {
        let output = child.wait_with_output().expect("its end");
        assert_eq!(output.status.code(), Some(143), "{output:?}");
    }
    scene.gather();
    assert_eq!(scene.nothing_lost_nothing_twice(N), 0);
}

#[test]
fn the_way_is_cut_and_mended_and_the_hosts_go_on() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    const N: usize = 400;
    let scene = Scene::new(&postgres, N, Duration::from_millis(8), PUSH);
    scene.share();
    let hosts = [scene.host(), scene.host()];
    let running: Vec<Child> = hosts.iter().map(|host| work(host, "600")).collect();
    until("some are served", || scene.server.seen().len() > N / 4);
    postgres.cut();
    // Whoever plans says so, and keeps what waits.
    let cut = scene.planner.run(&["queue", "share"]);
    assert_eq!(cut.code, 4, "{cut:?}");
    // Longer than a lease: what was not begun by then is not begun.
    thread::sleep(LEASE + Duration::from_secs(1));
    postgres.mend();
    // A call that gave messages out just then may have lost its answer: the hosts say that they never had them.
    until("all are served", || {
        scene.planner.run(&["queue", "share"]);
        scene.served().len() == N
    });
    for child in &running {
        signal(child, nix::sys::signal::Signal::SIGTERM);
    }
    for child in running {
        child.wait_with_output().expect("its end");
    }
    scene.gather();
    assert_eq!(scene.nothing_lost_nothing_twice(N), 0);
}

#[test]
fn a_host_that_was_stopped_past_its_lease_begins_nothing_when_it_wakes() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    const N: usize = 200;
    let scene = Scene::new(postgres, N, Duration::from_millis(30), PUSH);
    scene.share();
    let first = scene.host();
    let sleeper = work(&first, "600");
    until("some are served", || scene.server.seen().len() > 20);
    signal(&sleeper, nix::sys::signal::Signal::SIGSTOP);
    thread::sleep(LEASE + Duration::from_secs(1));
    // Another host does the rest meanwhile, and the planner hears of those that nobody can tell of.
    scene.host().run(&["queue", "work"]);
    scene.planner.run(&["queue", "gather"]);
    let in_doubt = scene.addresses("unknown").len();
    assert!((1..=8).contains(&in_doubt), "{in_doubt} in doubt");
    signal(&sleeper, nix::sys::signal::Signal::SIGCONT);
    thread::sleep(Duration::from_secs(1));
    signal(&sleeper, nix::sys::signal::Signal::SIGTERM);
    sleeper.wait_with_output().expect("its end");
    // It has told what it sent, and that it did not begin the others: they go now.
    scene.planner.run(&["queue", "gather"]);
    scene.planner.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.gather();
    assert_eq!(scene.nothing_lost_nothing_twice(N), 0);
}

#[test]
fn a_host_that_begins_without_a_way_waits_for_it_and_looks_at_the_tables_then() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 10, Duration::ZERO, PUSH);
    scene.share();
    let way = Way::to(postgres);
    way.cut();
    let house = way.host(&scene, postgres);
    let in_vain = house.run(&["queue", "work", "--seconds", "1"]);
    assert_eq!(in_vain.code, 4, "{in_vain:?}");
    let host = work(&house, "600");
    let version = |change: &str| {
        let mut client = postgres.client(&scene.database);
        let changed = client.execute(
            &format!("UPDATE regua.version SET number = number {change}"),
            &[],
        );
        assert_eq!(changed.expect("a change"), 1);
    };
    version("- 1");
    way.mend();
    let refused = host.wait_with_output().expect("its end");
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("regua queue share --setup"), "{told}");
    assert_eq!(scene.server.seen().len(), 0);
    way.cut();
    let host = work(&house, "600");
    version("+ 1");
    way.mend();
    until("all are served", || scene.server.seen().len() == 10);
    signal(&host, nix::sys::signal::Signal::SIGTERM);
    host.wait_with_output().expect("its end");
    scene.gather();
    assert_eq!(scene.nothing_lost_nothing_twice(10), 0);
}
