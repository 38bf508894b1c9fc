//! Hosts: what a build without PostgreSQL says when it is asked to share its queue.
#![cfg(not(feature = "postgres"))]

use crate::house::House;

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
