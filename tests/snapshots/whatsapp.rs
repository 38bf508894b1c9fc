//! `omnichannel` and `whatsapp`: catalogues, logs, and what is reported later.

use crate::house::House;
use crate::scene;

#[test]
fn omnichannel_file() {
    let mut house = House::new();
    scene::holds(
        "omnichannel_file",
        &mut house,
        "omnichannel channels
         omnichannel templates
         omnichannel logs
         omnichannel logs --json
         omnichannel logs -o csv
         omnichannel logs --status fine",
    );
}
