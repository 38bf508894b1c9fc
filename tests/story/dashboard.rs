//! `dashboard`: one page, whole, that asks for nothing, names nobody, and says what `stats` says.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::house::House;

fn demo() -> House {
    let mut house = House::new();
    house.run(&["demo", "."]).ok();
    house.at("2026-12-02T12:00");
    house
}

fn page(house: &House, arguments: &[&str]) -> String {
    let mut all = vec!["dashboard", "painel.html"];
    all.extend(arguments);
    house.run(&all).ok();
    house.read("painel.html")
}

/// Goes through a page as a strict reader would: every element closed in its order, every attribute quoted,
/// no loose sign that would begin another.
fn well_formed(page: &str) {
    let mut rest = page
        .strip_prefix("<!DOCTYPE html>")
        .expect("a page's beginning");
    let mut open: Vec<&str> = Vec::new();
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(
            !text.contains('>') || open.last() == Some(&"style"),
            "{text}"
        );
        for part in text.split('&').skip(1) {
            let name = part.split(';').next().expect("a name");
            let known = ["amp", "lt", "gt", "quot", "#39"].contains(&name);
            assert!(known && part.contains(';'), "&{part}");
        }
        let end = at + rest[at..].find('>').expect("a tag's end");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes {name}");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).next().expect("a name");
        // What stands outside of quotes: an equals sign has a quote behind it.
        let outside: Vec<&str> = tag.split('"').step_by(2).collect();
        for part in &outside[..outside.len() - 1] {
            assert!(
                part.ends_with('=') && part.matches('=').count() == 1,
                "{tag}"
            );
        }
        assert!(!outside[outside.len() - 1].contains('='), "{tag}");
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The figures of a page: each by its name, as programs read it; the page shows the same digits.
fn figures(page: &str) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for part in page.split("data-figure=\"").skip(1) {
        let (name, after) = part.split_once('"').expect("a name");
        let value = after.split_once("data-value=\"").expect("a value").1;
        let (value, after) = value.split_once('"').expect("a value");
        let shown = &after[1..after.find('<').expect("an end")];
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let padded = format!("{:0>3}", digits(value));
        let amount = shown.contains(',') && shown.contains("R$");
        let expected = if amount { padded } else { digits(value) };
        assert_eq!(digits(shown), expected, "{name}: {shown}");
        let number = value.parse().expect("a number");
        let before = found.insert(name.replace("&amp;", "&"), number);
        assert!(before.is_none_or(|before| before == number), "{name}");
    }
    found
}

const COLUMNS: [&str; 7] = [
    "messages",
    "sent",
    "delivered",
    "read",
    "failed",
    "skipped",
    "unknown",
];

#[test]
fn every_figure_of_the_page_is_that_of_the_commands() {
    let house = demo();
    let page = page(&house, &[]);
    let mut left = figures(&page);
    let mut take = |name: String, expected: i64| {
        assert_eq!(left.remove(&name), Some(expected), "{name}");
    };
    for by in ["channel", "day", "reason", "template", "stage"] {
        let rows = house.json(&["stats", "--by", by]);
        for row in rows.as_array().expect("rows") {
            let key = row[by].as_str().unwrap_or("none");
            for column in COLUMNS {
                let expected = row[column].as_i64().expect("a number");
                take(format!("stats/{by}/{key}/{column}"), expected);
            }
        }
    }
    for by in ["stage", "template", "channel"] {
        let rows = house.json(&["collection", "stats", "--by", by]);
        for row in rows.as_array().expect("rows") {
            let key = row[by].as_str().expect("a word");
            for column in [
                "entered",
                "paid_within_7",
                "paid_within_30",
                "recovered_cases",
            ] {
                let expected = row[column].as_i64().expect("a number");
                take(format!("funnel/{by}/{key}/{column}"), expected);
            }
            #[expect(clippy::cast_possible_truncation, reason = "cents of a demo")]
            let cents = (row["recovered"].as_f64().expect("an amount") * 100.0).round() as i64;
            take(format!("funnel/{by}/{key}/recovered"), cents);
        }
    }
    let status = house.json(&["status"]);
    for queue in status["queue"].as_array().expect("channels") {
        let channel = queue["channel"].as_str().expect("a word");
        for column in ["due", "waiting", "unknown"] {
            let expected = queue[column].as_i64().expect("a number");
            take(format!("queue/{channel}/{column}"), expected);
        }
    }
    for (stage, n) in status["cases"].as_object().expect("stages") {
        take(format!("cases/{stage}"), n.as_i64().expect("a number"));
    }
    let totals = house.json(&["stats"]);
    for column in COLUMNS {
        let rows = totals.as_array().expect("rows").iter();
        let sum = rows
            .map(|row| row[column].as_i64().expect("a number"))
            .sum();
        take(format!("total/{column}"), sum);
    }
    for day in house
        .json(&["collection", "forecast", "--days", "14"])
        .as_array()
        .expect("days")
    {
        let on = day["on"].as_str().expect("a day");
        for phase in [
            "reminder",
            "notice",
            "inquiry",
            "arrangement",
            "visit",
            "bureau",
        ] {
            let name = format!("forecast/{on}/{phase}");
            // A stage that no day has is no column.
            match left.remove(&name) {
                Some(shown) => assert_eq!(Value::from(shown), day[phase], "{name}"),
                None => assert_eq!(day[phase], Value::from(0), "{name}"),
            }
        }
    }
    // By day and channel: what is left, which comes to the day's own figures.
    let mut by_day: BTreeMap<String, i64> = BTreeMap::new();
    for (name, n) in left {
        let parts: Vec<&str> = name.split('/').collect();
        assert!(
            parts[0] == "day" && parts[3] == "messages",
            "nothing tells {name}"
        );
        *by_day.entry(parts[1].to_owned()).or_default() += n;
    }
    for row in house
        .json(&["stats", "--by", "day"])
        .as_array()
        .expect("rows")
    {
        let day = row["day"].as_str().expect("a day");
        assert_eq!(by_day.remove(day), row["messages"].as_i64(), "{day}");
    }
    assert!(by_day.is_empty(), "{by_day:?}");
}

#[test]
fn the_page_is_whole_asks_for_nothing_and_names_nobody() {
    let house = demo();
    for arguments in [&[][..], &["--lang", "en", "--days", "7"]] {
        let page = page(&house, arguments);
        well_formed(&page);
        let low = page.to_lowercase();
        for asked in [
            "http:",
            "https:",
            "src=",
            "href=",
            "@import",
            "url(",
            "<script",
            "<link",
            "<img",
            "<iframe",
            "<object",
            "<form",
            "javascript:",
            "onload",
            "ping=",
            "//",
        ] {
            assert!(!low.contains(asked), "{asked}");
        }
        assert!(low.contains("prefers-color-scheme:dark") && low.contains("@media print"));
        let clients = house
            .run(&["report", "run", "contracts", "--json"])
            .ok()
            .json();
        for client in clients.as_array().expect("rows") {
            for key in ["client_name", "mobile", "email"] {
                if let Some(text) = client[key].as_str().filter(|text| text.len() > 4) {
                    assert!(!page.contains(text), "{text}");
                }
            }
        }
    }
    let portuguese = page(&house, &[]);
    assert!(portuguese.contains("Mensagens por dia") && portuguese.contains("lang=\"pt-BR\""));
    let english = page(&house, &["--lang", "en"]);
    assert!(english.contains("Messages a day") && english.contains("lang=\"en\""));
}

#[test]
fn a_page_of_nothing_says_so_and_names_with_markup_stay_names() {
    let house = House::with_book();
    let page = page(&house, &[]);
    well_formed(&page);
    assert!(page.contains("nenhuma mensagem nos últimos 30 dias"));
    house.write("config.toml", "[company]\nname = \"<b>Rede & Cia</b>\"\n");
    house
        .run(&[
            "template",
            "add",
            "<i>oi&amp",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Oi",
        ])
        .ok();
    house
        .run(&["send", "contracts", "--template", "<i>oi&amp", "--yes"])
        .ok();
    house.run(&["dashboard", "painel.html"]).ok();
    let page = house.read("painel.html");
    well_formed(&page);
    assert!(
        !page.contains("<b>Rede") && !page.contains("<i>oi"),
        "{page}"
    );
    assert!(page.contains("&lt;i&gt;oi&amp;amp"), "{page}");
}

#[test]
fn the_page_is_put_in_its_place_whole_or_not_at_all() {
    let house = House::with_book();
    std::fs::create_dir(house.path("folder")).expect("a folder");
    house
        .run(&["dashboard", "folder"])
        .exits(3)
        .says("folder is a folder")
        .says("name a file in it");
    house
        .run(&["dashboard", "no/such/folder/painel.html"])
        .exits(4)
        .says("cannot be written");
    house.write("painel.html", "before");
    page(&house, &["-q"]);
    assert!(house.read("painel.html").ends_with("</html>\n"));
    let left = std::fs::read_dir(house.folder()).expect("the folder");
    let new = left.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".new")
    });
    assert_eq!(new.count(), 0);
    let printed = house.run(&["dashboard", "-"]).ok().stdout;
    assert!(printed.starts_with("<!DOCTYPE html>"));
}
