//! `birthday queue`: who is congratulated, once, and when nobody can be.

use crate::house::House;
use crate::scene;

#[test]
fn birthday() {
    let mut house = scene::with_examples(&["birthday.toml"]);
    scene::holds(
        "birthday",
        &mut house,
        "birthday list --days 10
         birthday queue --dry-run
         birthday queue --dry-run --json
         birthday queue
         birthday queue
         queue deliver
         @ 2026-11-24T10:00
         birthday queue
         @ 2027-02-28T10:00
         birthday queue --json
         @ 2026-12-01T21:30
         birthday queue -o csv",
    );
}

#[test]
fn birthday_refused() {
    let mut house = House::with_book();
    scene::holds(
        "birthday_refused",
        &mut house,
        "birthday queue\nbirthday queue --json",
    );
    house.write("config.toml", "[birthday]\ntemplate = \"birthdy\"\n");
    scene::holds("birthday_refused_template", &mut house, "birthday queue");
}
