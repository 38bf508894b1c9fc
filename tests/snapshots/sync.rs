//! `sync`: what is read from the ERP, and what it says when it cannot be.

use crate::house::House;
use crate::scene;

#[test]
fn sync_refused() {
    let mut house = House::new();
    scene::holds("sync_unset", &mut house, "sync\nsync --json\nsync client");
}
