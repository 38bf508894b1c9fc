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

#[test]
fn secret_that_others_can_read() {
    let mut house = scene::empty();
    let text = "[sms]\nprovider = \"http\"\nurl = \"https://sms.example.com/send\"\nbody = \"{}\"\ntoken = \"s3cret\"\n";
    scene::write_secret(&house, "config.toml", text, 0o644);
    scene::holds(
        "secret_read_by_others",
        &mut house,
        "queue stats\nqueue stats -q",
    );
}
