//! `init`: a first configuration from a few answers.

use std::os::unix::fs::PermissionsExt as _;

use crate::house::House;

fn mode(house: &House, name: &str) -> u32 {
    let found = std::fs::metadata(house.path(name)).expect("a file");
    found.permissions().mode() & 0o777
}

#[test]
fn init_writes_what_is_accepted_makes_the_database_and_looks() {
    let house = House::new();
    house
        .run(&[
            "init",
            "--company",
            "Provedor Exemplo",
            "--timezone",
            "America/Manaus",
            "--sms",
            "zenvia",
            "--set",
            "sms.token=file:token",
            "--set",
            "sms.sender=Provedor",
            "--set",
            "queue.max_attempts=5",
            "--yes",
        ])
        // The token is not there yet: doctor says so, and the configuration stays.
        .exits(4)
        .says("wrote config.toml")
        .says("made the database regua.db")
        .prints("sms.token");
    assert_eq!(mode(&house, "config.toml"), 0o600);
    assert!(house.path("regua.db").is_file());
    let text = house.read("config.toml");
    for line in [
        "timezone = \"America/Manaus\"",
        "name = \"Provedor Exemplo\"",
        "preset = \"zenvia\"",
        "token = \"file:token\"",
        "max_attempts = 5",
        "# Days and schedules are this zone's.",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    house.run(&["template", "list"]).ok();
}

#[test]
fn init_never_writes_over_a_configuration() {
    let house = House::new();
    house.write("config.toml", "timezone = \"America/Manaus\"\n");
    house
        .run(&["init", "--yes"])
        .exits(3)
        .says("there is a configuration already: config.toml; nothing was written");
    assert_eq!(house.read("config.toml"), "timezone = \"America/Manaus\"\n");
    house
        .run(&[
            "--config",
            "other.toml",
            "init",
            "--yes",
            "--db",
            "other.db",
        ])
        .ok()
        .prints("other.toml is acceptable");
    assert!(house.path("other.db").is_file());
    std::fs::create_dir(house.path("folder")).expect("a folder");
    house
        .run(&["init", "--config", "folder", "--yes"])
        .exits(3)
        .says("folder is a folder");
}

#[test]
fn init_that_is_not_acceptable_writes_nothing_and_tells_every_flaw() {
    let house = House::new();
    house
        .run(&["init", "--sms", "zenvia", "--email", "smtp", "--yes"])
        .exits(3)
        .says("sms.token: is missing")
        .says("email.host: is missing")
        .says("--set SECTION.KEY=VALUE");
    house
        .run(&["init", "--sms", "carrier-pigeon"])
        .exits(3)
        .says("`carrier-pigeon` is none of: ");
    house
        .run(&["init", "--timezone", "Brasilia"])
        .exits(3)
        .says("`Brasilia` is not a known zone");
    house
        .run(&["init", "--set", "token=x"])
        .exits(2)
        .says("is not SECTION.KEY=VALUE");
    house
        .run(&["init", "--set", "queue.max_atempts=3"])
        .exits(3)
        .says("did you mean `max_attempts`?");
    assert!(!house.path("config.toml").exists());
    assert!(!house.path("regua.db").exists());
}

#[test]
fn init_comments_in_the_language_of_the_run() {
    let house = House::new();
    house.run(&["--lang", "pt", "init", "--yes"]).ok();
    let text = house.read("config.toml");
    assert!(text.contains("# Configuração do regua"), "{text}");
}

#[test]
fn a_secret_that_root_keeps_for_a_group_is_no_warning_and_one_that_all_can_read_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let secret = house.write("sms.token", "s3cret\n");
    house.write(
        "config.toml",
        "[sms]\nprovider = \"http\"\nurl = \"http://127.0.0.1:9/\"\ntoken = \"file:sms.token\"\n\
         body = '{\"to\":\"#address#\",\"text\":\"#body#\"}'\nid_pointer = \"/id\"\n",
    );
    let mode = |bits| std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(bits));
    let warned = || {
        house
            .run(&["task", "list"])
            .stderr
            .contains("others can read")
    };
    mode(0o600).expect("a mode");
    assert!(!warned());
    mode(0o644).expect("a mode");
    assert!(warned());
    mode(0o640).expect("a mode");
    assert_eq!(warned(), !nix::unistd::Uid::effective().is_root());
}
