//! The demo's whole output, and what it leaves behind.

use crate::house::House;
use crate::scene;

#[test]
fn demo() {
    let mut house = House::new();
    house.write("mine/letter.txt", "dear");
    scene::holds(
        "demo",
        &mut house,
        "demo provider
         demo mine
         demo mine/letter.txt",
    );
}

#[test]
fn demo_data() {
    let house = House::new();
    house.run(&["demo", "."]).ok();
    let mut files = Vec::new();
    for folder in [house.folder().to_owned(), house.path("data")] {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(house.folder()).expect("within");
            let name = name.display().to_string();
            if path.is_file() && !name.starts_with("regua.db") {
                files.push(name);
            }
        }
    }
    files.sort();
    let mut told = String::new();
    for name in files {
        let text = house.read(&name);
        told += &format!(
            "{name}: {} lines, sum {:08x}\n",
            text.lines().count(),
            sum(&text)
        );
        for line in text.lines().take(2) {
            told += &format!("  {line}\n");
        }
    }
    scene::compare("demo_data", &told);
}

/// Adler-32 of a text: enough to see that a file is another.
fn sum(text: &str) -> u32 {
    let (a, b) = text.bytes().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}
