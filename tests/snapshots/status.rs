//! `status`: how things stand; and what a person who speaks Portuguese is told.

use crate::house::House;
use crate::scene;

#[test]
fn status_empty() {
    let mut house = scene::empty();
    scene::holds(
        "status_empty",
        &mut house,
        "status
         status --check
         status --json
         status -o csv",
    );
}

#[test]
fn status() {
    let mut house = scene::demo();
    scene::holds(
        "status",
        &mut house,
        "status
         status --check
         status --json
         status -o csv",
    );
}

#[test]
fn stats() {
    let mut house = scene::demo();
    scene::holds(
        "stats",
        &mut house,
        "stats
         stats --by template
         stats --by reason
         stats --by day --days 7
         stats --by stage --json
         stats --by dia --days 2 -o csv
         --lang pt stats --by motivo
         --lang pt stats --by etapa
         --lang pt collection stats --by modelo
         --lang pt collection forecast --days 5
         --lang pt rule show residential",
    );
}

#[test]
fn stats_empty() {
    let mut house = scene::empty();
    scene::holds(
        "stats_empty",
        &mut house,
        "stats
         stats --json
         stats --by day -o csv
         --lang pt stats --days 7
         collection stats --by channel
         dashboard .",
    );
}

#[test]
fn log_json() {
    let mut house = scene::empty();
    house.write("config.toml", "[queue]\nmax_atempts = 3\n");
    scene::holds_log(
        "log_json",
        &mut house,
        "--log-json history
         --log-json --lang pt history
         --log-json task run-due
         task run-due
         --log-json stats --by moon",
    );
}

#[test]
fn init() {
    let mut house = House::new();
    scene::holds(
        "init",
        &mut house,
        "init --company 'Provedor Exemplo' --sms zenvia --set sms.token=chave --yes
         init --company 'Provedor Exemplo' --tax-id 12.345.678/0001-95 --yes
         init --yes
         --lang pt init --yes",
    );
    scene::compare("init_config", &house.read("config.toml"));
}

#[test]
fn portuguese() {
    let mut house = scene::demo();
    scene::holds(
        "portuguese",
        &mut house,
        "--lang pt status
         --lang pt queue stats
         --lang pt collection list --open --limit 3
         --lang pt collection show 10051
         --lang pt history --status ignorada --limit 3
         --lang pt history --status ignorada --limit 1 -o csv
         --lang pt send cut-for-debt --template overdue-push --dry-run
         --lang pt send nothing --template overdue-push
         --lang pt history --stat x
         --lang pt queue deliver
         --lang pt hold list
         --lang pt task --help",
    );
}
