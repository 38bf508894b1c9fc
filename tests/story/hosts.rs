//! Hosts: what a build without PostgreSQL says when it is asked to share its queue, and a task that shares it.

use serde_json::json;

use crate::house::House;

#[cfg(not(feature = "postgres"))]
#[test]
fn a_build_for_one_machine_shares_nothing_and_says_which_build_does() {
    let house = House::new();
    for command in [
        &["queue", "share"][..],
        &["queue", "share", "--setup"],
        &["queue", "gather"],
        &["queue", "work", "--seconds", "1"],
    ] {
        house
            .run(command)
            .exits(3)
            .says("this build of regua delivers from one machine only")
            .says("--features postgres");
    }
    // Two would deliver the same, did it pass over what the configuration says.
    house.write(
        "config.toml",
        "[queue.shared]\nurl = \"host=/run/postgresql dbname=regua\"\n",
    );
    house
        .run(&["queue", "deliver"])
        .exits(3)
        .says("config.toml:2: queue.shared.url: asks for PostgreSQL")
        .says("--features postgres");
}

#[test]
fn a_task_that_shares_waits_for_its_configuration() {
    let house = House::new();
    let task = ["task", "add", "hosts", "--run", "share"];
    house
        .run(&[&task[..], &["--minute", "*", "--hour", "*"]].concat())
        .ok();
    house.run(&["task", "run", "hosts"]).ok();
    let shown = house.json(&["task", "show", "hosts"]);
    let run = &shown["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["message"]),
        (
            &json!("done"),
            &json!("no [queue.shared] is configured: nothing is handed over")
        ),
        "{shown}"
    );
}
