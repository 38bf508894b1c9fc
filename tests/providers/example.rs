//! `config.example.toml`: every provider it shows is accepted as it stands there.

use std::path::Path;

use regua::config::Config;

/// The blocks of the example that choose a provider: section, lines without their `# `.
fn blocks() -> Vec<(String, Vec<String>)> {
    let example = include_str!("../../config.example.toml");
    let mut section = String::new();
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    let mut within = false;
    for line in example.lines() {
        if line.starts_with('[') || line.starts_with("# [") || line.is_empty() {
            within = false;
        }
        if let Some(name) = line.strip_prefix('[') {
            name.split(']')
                .next()
                .unwrap_or_default()
                .clone_into(&mut section);
        }
        let Some(key) = line.strip_prefix("# ") else {
            continue;
        };
        if key.starts_with("provider = ") {
            within = true;
            blocks.push((section.clone(), Vec::new()));
        }
        if within && let Some((_, lines)) = blocks.last_mut() {
            lines.push(key.to_owned());
        }
    }
    blocks
}

fn accepted(section: &str, lines: &[&String]) {
    let text = lines
        .iter()
        .fold(format!("[{section}]\n"), |text, line| text + line + "\n");
    let config = Config::read(&text, "config.example.toml", Path::new(""));
    if let Err(error) = config {
        panic!("{error}\n{text}");
    }
}

#[test]
fn every_provider_of_the_example_is_accepted() {
    let blocks = blocks();
    let chosen: Vec<&str> = blocks
        .iter()
        .filter_map(|(_, lines)| lines[0].split('"').nth(1))
        .collect();
    assert_eq!(
        chosen,
        [
            "fcm", "http", "opa", "meta", "http", "http", "twilio", "smtp"
        ]
    );
    for (section, lines) in &blocks {
        let is_key = |line: &str, keys: &[&str]| {
            keys.iter()
                .any(|key| line.starts_with(&format!("{key} = ")))
        };
        if lines[0].contains("\"http\"") {
            if section == "push" {
                // Its keys stand under [sms].
                continue;
            }
            if section == "whatsapp" {
                accepted(section, &lines.iter().collect::<Vec<_>>());
                continue;
            }
            let preset = ["preset", "base_url"];
            let without: Vec<&String> = lines.iter().filter(|l| !is_key(l, &preset)).collect();
            accepted(section, &without);
            let with: Vec<&String> = lines.iter().filter(|l| !is_key(l, &["url"])).collect();
            accepted(section, &with);
            continue;
        }
        accepted(section, &lines.iter().collect::<Vec<_>>());
    }
}

/// The tables of a gateway that stand as comments: from the first line that opens one on.
fn tables(first: &str) -> String {
    let example = include_str!("../../config.example.toml");
    example
        .lines()
        .skip_while(|line| !line.starts_with(first))
        .take_while(|line| line.starts_with("# ") && !line.starts_with("# provider"))
        .flat_map(|line| [&line[2..], "\n"])
        .collect()
}

#[test]
fn the_tables_of_gateways_are_accepted_as_they_stand() {
    for (section, first) in [
        ("sms", "# [[sms.answer]]"),
        ("whatsapp", "# [whatsapp.check_numbers]"),
    ] {
        let tables = tables(first);
        assert!(tables.lines().count() > 6, "{tables}");
        let text = format!(
            "[{section}]\nprovider = \"http\"\nurl = \"https://gw.example.com/send\"\n\
             base_url = \"https://gw.example.com\"\nusername = \"a\"\npassword = \"b\"\n{tables}"
        );
        let config = Config::read(&text, "config.example.toml", Path::new(""));
        if let Err(error) = config {
            panic!("{error}\n{text}");
        }
    }
}
