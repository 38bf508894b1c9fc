//! Completions: what may stand at the end of a line that somebody is typing, names from the database among it.

use std::process::Command;

use crate::house::House;

/// A house that has a report, a template, a rule, a trigger and a task of their own names.
fn with_names() -> House {
    let house = House::new();
    house.write(
        "all.toml",
        "[[template]]\nname = \"cut-push\"\nchannel = \"push\"\nkind = \"financial\"\ntitle = \"t\"\nbody = \"b\"\n\
         [[template]]\nname = \"welcome\"\nchannel = \"email\"\nkind = \"general\"\ntitle = \"t\"\nbody = \"b\"\n\
         [[report]]\nname = \"cut-for-debt\"\non = \"contracts\"\nfilters = []\n\
         [[task]]\nname = \"nightly\"\nrun = \"backup\"\nminute = \"0\"\nhour = \"3\"\n",
    );
    house.run(&["apply", "all.toml"]).ok();
    house
}

/// What may stand at the end of a line, as bash is told.
fn for_bash(house: &House, line: &str) -> Vec<String> {
    let ran = house.run(&["complete", "bash", "--", line]).ok();
    assert_eq!(ran.stderr, "", "{line}");
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn names_words_flags_and_files_are_completed() {
    let house = with_names();
    for (line, wanted) in [
        ("regua template sh", "- show"),
        ("regua template show ", "- cut-push welcome"),
        ("regua send cut", "- cut-for-debt"),
        ("regua send cut-for-debt --template c", "- cut-push"),
        ("regua send cut-for-debt -t w", "- welcome"),
        // A word begins anew for bash behind the sign.
        ("regua send cut-for-debt --template=c", "- cut-push"),
        ("regua task run ", "- nightly"),
        ("regua history --status sent,fa", "- sent,failed"),
        ("regua -q --db regua.db task run n", "- nightly"),
        ("regua send x --filter contract_sta", "- contract_status="),
        ("regua send x --filter contract_status=ac", "- active"),
        ("regua import cl", "folders clients"),
        ("regua import clients ", "files"),
        ("regua completions z", "- zsh"),
        ("regua send --exp", "- --expect"),
        // A new name is the typist's own.
        ("regua template add cu", "-"),
    ] {
        assert_eq!(for_bash(&house, line).join(" "), wanted, "{line}");
    }
    let zsh = house
        .run(&["complete", "zsh", "--", "regua", "template", "li"])
        .ok();
    assert!(zsh.stdout.starts_with("-\n"), "{}", zsh.stdout);
    assert!(
        zsh.stdout.contains("\nlist:List the templates\n"),
        "{}",
        zsh.stdout
    );
    let fish = house
        .run(&[
            "complete", "fish", "--lang", "pt", "--", "regua", "template", "list",
        ])
        .ok();
    assert_eq!(fish.stdout, "-\nlist\tLista os modelos\n");
}

#[test]
fn the_line_s_own_database_is_asked_and_without_one_nothing_is_made_or_said() {
    let house = with_names();
    let elsewhere = House::new();
    let database = house.path("regua.db");
    let typed = format!("regua --db {} task run ", database.display());
    assert_eq!(for_bash(&elsewhere, &typed), ["-", "nightly"]);
    let config = house.write("there.toml", "database = \"regua.db\"\n");
    let typed = format!("regua task run --config={} ", config.display());
    assert_eq!(for_bash(&elsewhere, &typed), ["-", "nightly"]);
    // No database, a configuration that is nonsense, one that is not there, a database that is none.
    elsewhere.write("bad.toml", "database = [");
    elsewhere.write("none.db", "no database at all");
    for flags in [
        "",
        "--config bad.toml ",
        "--config gone.toml ",
        "--db none.db ",
        "--db . ",
    ] {
        let typed = format!("regua {flags}task run n");
        assert_eq!(for_bash(&elsewhere, &typed), ["-"], "{flags}");
    }
    assert!(!elsewhere.path("regua.db").exists());
    // Looking leaves nothing beside the database.
    let beside = |name: &str| house.path(name).exists();
    assert!(!beside("regua.db-wal") && !beside("regua.db-shm"));
}

#[test]
fn the_script_for_bash_completes_in_bash() {
    let house = with_names();
    let script = house.run(&["completions", "bash"]).ok().stdout;
    house.write("script", script);
    let regua = env!("CARGO_BIN_EXE_regua");
    let asks = format!(
        "source ./script; COMP_LINE='regua send cut-for-debt --template c'; COMP_POINT=${{#COMP_LINE}}; \
         _regua '{regua}' c --template; printf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p regua"
    );
    let output = Command::new("bash")
        .args(["-c", &asks])
        .current_dir(house.folder())
        .output()
        .expect("bash");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told, "cut-push\ncomplete -F _regua regua\n", "{output:?}");
}

#[test]
fn a_name_with_blanks_is_completed_as_one_word() {
    let house = House::new();
    house
        .run(&[
            "task",
            "add",
            "cópia d'ontem (1)",
            "--run",
            "backup",
            "--minute",
            "0",
            "--hour",
            "3",
        ])
        .ok();
    for (line, wanted) in [
        ("regua task run c", r"cópia\ d\'ontem\ \(1\)"),
        (r"regua task run cópia\ d", r"cópia\ d\'ontem\ \(1\)"),
        // In quotes that are open still it stands as it is.
        ("regua task run \"cópia d", "cópia d'ontem (1)"),
    ] {
        assert_eq!(for_bash(&house, line), ["-", wanted], "{line}");
    }
}
