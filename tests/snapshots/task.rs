//! `task`: schedules, runs, and what cron calls.

use crate::scene;

#[test]
fn task_empty() {
    let mut house = scene::empty();
    scene::holds(
        "task_empty",
        &mut house,
        "task list
         task list --json
         task list -o csv
         task run-due
         task run-due -v
         task run-due --json",
    );
}

#[test]
fn task() {
    let mut house = scene::with_examples(&["birthday.toml", "send.toml", "collection.toml"]);
    scene::holds(
        "task",
        &mut house,
        "task add nightly --run backup --minute 0 --hour 3
         task add collections --run collection-update --minute 30 --hour 8 --weekday 1-5
         task add outage --run send --report cut-for-debt --template cut-push --limit 2 --minute 0 --hour 10 --disabled
         task add late --run collection-update --minute 0 --hour 22
         task list
         task list --json
         task list -o csv
         task show birthdays
         task show outage --json
         task edit outage --hour 9,14 --limit 5
         task enable outage
         task disable nightly
         task disable nightly
         task run collections
         task run forward-queue --json
         task run outage -o csv
         @ 2026-11-23T10:00
         task run-due
         task run-due
         @ 2026-11-24T08:30
         task run-due --json
         @ 2026-11-25T14:00
         task run-due -v
         task show birthdays
         task show birthdays --json
         task show collections -o csv
         task list
         task remove late
         task remove late
         task crontab
         task systemd",
    );
}

#[test]
fn task_refused() {
    let mut house = scene::with_examples(&["birthday.toml", "send.toml"]);
    scene::holds(
        "task_refused",
        &mut house,
        "task add x --run backups --minute 0 --hour 3
         task add x --run backup --minute 60 --hour 24
         task add x --run backup --minute 0 --hour 3 --day 31 --month 2
         task add x --run backup --minute 0 --hour 3 --weekday frday
         task add x --run backup --minute '5-1' --hour '*/0'
         task add x --run backup --hour 3
         task add x --run send --minute 0 --hour 3
         task add x --run send --report cut-for-dbt --template cut-psh --minute 0 --hour 3
         task add x --run backup --report cut-for-debt --minute 0 --hour 3
         task add x --run send-queue --channel fax --minute 0 --hour 3
         task add birthdays --run backup --minute 0 --hour 3
         task add x --run backup --minute 0 --hour 3 --every-minute
         task run birthdys
         task show zzz
         task edit birthdays
         task edit zzz --hour 3
         task enable zzz",
    );
}

#[test]
fn task_locked() {
    let mut house = scene::with_examples(&["birthday.toml"]);
    let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
    let _lock = store.lock("run-due").expect("no fault").expect("free");
    scene::holds(
        "task_locked",
        &mut house,
        "@ 2026-11-23T10:00
         task run-due
         task run-due -v
         task run birthdays
         task run birthdays --json",
    );
}
