//! The planner: killed, restored, copied, and there twice by mistake.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::house::House;
use crate::server::{Act, Server};
use crate::{PUSH, Scene, postgres};

#[test]
fn a_planner_killed_in_share_and_in_gather_loses_nothing_and_shares_nothing_twice() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    const N: usize = 1500;
    let scene = Scene::new(postgres, N, Duration::ZERO, PUSH);
    scene.queue();
    let mut moments = fastrand::Rng::with_seed(21);
    let host = scene.host();
    for round in 0..14 {
        let step = if round % 2 == 0 { "share" } else { "gather" };
        let mut planner = scene
            .planner
            .command(&["queue", step])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        thread::sleep(Duration::from_millis(moments.u64(20..250)));
        planner.kill().expect("a killed planner");
        planner.wait().expect("its end");
        host.run(&["queue", "work"]);
    }
    scene.planner.run(&["queue", "share"]);
    host.run(&["queue", "work"]);
    scene.planner.run(&["queue", "gather"]);
    assert_eq!(scene.nothing_lost_nothing_twice(N), 0);
}

#[test]
fn a_planner_restored_from_yesterdays_backup_gathers_what_it_missed_and_shares_nothing_twice() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    const N: usize = 30;
    let scene = Scene::new(postgres, N, Duration::ZERO, PUSH);
    scene.planner.run(&["backup", "before"]).ok();
    scene.share();
    scene.planner.run(&["backup", "shared"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.addresses("sent").len(), N);
    for folder in ["shared", "before"] {
        let file = backup_in(&scene.planner, folder);
        // Nothing of the replaced file can be read: only the shared queue knows.
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(scene.planner.path(&format!("regua.db{end}")));
        }
        scene.planner.run(&["restore", &file]).ok();
        scene.planner.run(&["queue", "gather"]).ok();
        let again = scene
            .planner
            .run(&["send", "contracts", "--template", "outage", "--yes"]);
        assert!([0, 1, 3].contains(&again.code), "{again:?}");
        scene.planner.run(&["queue", "share"]).ok();
        scene.host().run(&["queue", "work"]).ok();
        scene.planner.run(&["queue", "gather"]).ok();
        for (address, times) in scene.served() {
            assert_eq!(times, 1, "{address} after {folder}");
        }
        if folder == "shared" {
            assert_eq!(scene.addresses("sent").len(), N, "gathered what it missed");
        }
    }
}

#[test]
fn a_restored_planner_reads_a_new_shared_queue_from_its_beginning() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    const N: usize = 3;
    let mut scene = Scene::new(postgres, N, Duration::ZERO, PUSH);
    scene.share();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    scene.planner.run(&["backup", "backups"]).ok();
    let file = backup_in(&scene.planner, "backups");
    scene.planner.run(&["restore", &file]).ok();
    // PostgreSQL was lost with it, and is another one from now on.
    let database = postgres.database();
    scene.config = scene
        .config
        .replace(&postgres.url(&scene.database), &postgres.url(&database));
    scene.database = database;
    scene.planner.write("config.toml", &scene.config);
    scene.planner.run(&["queue", "share", "--setup"]).ok();
    let send = [
        "send",
        "contracts",
        "--template",
        "outage",
        "--yes",
        "--again",
    ];
    scene.planner.run(&send).ok();
    scene.host().run(&["queue", "work"]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    assert_eq!(scene.addresses("sent").len(), 2 * N);
}

fn backup_in(house: &House, folder: &str) -> String {
    let file = std::fs::read_dir(house.path(folder))
        .expect("the backups")
        .flatten()
        .find(|file| file.path().extension().is_some_and(|end| end == "db"))
        .expect("a backup");
    file.path().display().to_string()
}

#[test]
fn what_was_to_be_tried_again_when_the_planner_was_lost_is_decided_again() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Act::json(503, "{}"),
        _ => Act::json(200, "{}"),
    });
    let mut scene = Scene::with(postgres, 1, server, PUSH, "");
    scene.planner.run(&["backup", "before"]).ok();
    scene.share();
    scene.host().run(&["queue", "work"]).ok();
    let gathered = scene.planner.json(&["queue", "gather"]);
    assert_eq!(gathered["later"], 1, "{gathered}");
    let file = backup_in(&scene.planner, "before");
    scene.planner.run(&["restore", &file]).ok();
    scene.planner.run(&["queue", "gather"]).ok();
    scene.queue();
    for now in ["2026-11-23T09:30", "2026-11-23T10:30"] {
        scene.planner.at(now);
        scene.planner.run(&["queue", "share"]).ok();
        scene.host().run(&["queue", "work"]).ok();
        scene.planner.run(&["queue", "gather"]).ok();
    }
    assert_eq!(scene.addresses("sent"), ["device-1"]);
    assert_eq!(scene.server.seen().len(), 2);
}

#[test]
fn two_planners_on_one_shared_queue_are_refused() {
    let Some(postgres) = postgres::shared() else {
        return;
    };
    let scene = Scene::new(postgres, 3, Duration::ZERO, PUSH);
    scene.share();
    // Another database.
    let other = scene.host();
    crate::people(&other, 3);
    for command in [
        &["queue", "share"][..],
        &["queue", "gather"],
        &["task", "run-due"],
        &["queue", "share", "--setup"],
    ] {
        let refused = other.run(command);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(
            refused.stderr.contains("another database plans"),
            "{refused:?}"
        );
    }
    // A copy of this one.
    let copy = scene.host();
    std::fs::copy(scene.planner.path("regua.db"), copy.path("regua.db")).expect("a copy");
    let _ = std::fs::copy(
        scene.planner.path("regua.db-wal"),
        copy.path("regua.db-wal"),
    );
    let refused = copy.run(&["queue", "share"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    scene.planner.run(&["queue", "share"]).ok();
    // Whoever means it takes over, and the former one is refused from then on.
    copy.run(&["queue", "share", "--setup", "--take-over"]).ok();
    let former = scene.planner.run(&["queue", "share"]);
    assert_eq!(former.code, 3, "{former:?}");
    copy.run(&["queue", "share"]).ok();
    scene.host().run(&["queue", "work"]).ok();
    assert_eq!(scene.served().len(), 3);
}
