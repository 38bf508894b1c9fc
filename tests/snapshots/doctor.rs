//! `doctor`: what is well, what is unwise, what is broken.

use crate::house::House;
use crate::scene;

#[test]
fn doctor() {
    let mut house = House::new();
    scene::holds(
        "doctor_fresh",
        &mut house,
        "doctor\ndoctor\ndoctor --json\ndoctor -o csv",
    );
    let mut house = scene::with_examples(&["send.toml", "birthday.toml", "collection.toml"]);
    scene::holds("doctor", &mut house, "doctor\ndoctor --json");
}
