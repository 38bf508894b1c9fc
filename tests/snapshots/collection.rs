//! `rule`, `collection` and `hold`: the ladder, its cases, and what stays off it.

use crate::scene;

#[test]
fn rule() {
    let mut house = scene::with_examples(&["collection.toml"]);
    scene::holds(
        "rule",
        &mut house,
        "rule list
         rule list --json
         rule list -o csv
         rule show residential
         rule show residential --json
         rule show residential --toml
         rule show everyone-else
         rule add cards --portfolio Cartão --reminders 5,3:due-soon --stage notice:3:overdue-push,overdue-sms:first_reachable --stage visit:40 --closing paid:thanks-push
         rule add cards --portfolio Outra
         rule show cards
         rule edit cards --stage notice:4:overdue-sms --without-stage visit --enter-until-days 60
         rule edit cards --reminders none --one-message-per-client no
         rule show cards --json
         rule remove cards
         rule remove cards",
    );
}

#[test]
fn rule_refused() {
    let mut house = scene::with_examples(&["collection.toml"]);
    scene::holds(
        "rule_refused",
        &mut house,
        "rule show residental
         rule add x --stage notce:3:overdue-sms
         rule add x --stage notice:0:overdue-sms
         rule add x --stage notice:3:overdue-sm
         rule add x --stage notice
         rule add x --portfolio Boleto --stage notice:3
         rule add x --stage notice:3
         rule add x --portfolio P --stage notice:9 --stage inquiry:5
         rule add x --portfolio P --closing payed:thanks-push
         rule add x --portfolio P --reminders five:due-soon
         rule add x --portfolio P --reminders 5:due-son --stage notice:9:overdue-sm --stage inquiry:5
         rule add x --portfolio P --roll-due-date maybe
         rule add x --portfolio P --enter-until-days few
         rule edit residential
         rule edit zzz --stage notice:3",
    );
}

#[test]
fn rule_list_empty() {
    let mut house = scene::empty();
    scene::holds(
        "rule_list_empty",
        &mut house,
        "rule list
         rule list --json
         rule list -o csv",
    );
}

#[test]
fn collection_empty() {
    let mut house = scene::empty();
    scene::holds(
        "collection_empty",
        &mut house,
        "collection list
         collection list --json
         collection list -o csv
         collection stats
         collection stats --json
         collection forecast
         collection forecast --json
         collection show 1
         collection update
         hold list
         hold list --json",
    );
}

#[test]
fn collection_update() {
    let mut house = scene::with_examples(&["collection.toml"]);
    scene::holds(
        "collection_update",
        &mut house,
        "collection update --dry-run
         collection update --dry-run --json
         collection update --dry-run -o csv
         collection update
         collection update
         @ 2026-11-24T09:00
         collection update --json
         @ 2026-11-25T09:00
         collection update -o csv
         collection update --rule residential
         collection update --rule residental
         @ 2026-11-29T09:00
         collection update
         collection update --stale-ok
         @ 2026-11-28T09:00
         collection update",
    );
}

#[test]
fn collection() {
    let mut house = scene::demo();
    scene::holds(
        "collection",
        &mut house,
        "collection list
         collection list --open --stage visit
         collection list --open --stage visit --reveal -o csv
         collection list --client 50
         collection list --client 50 --json
         collection list --outcome paid -o jsonl
         collection list --outcome payed
         collection list --stage vist
         collection list --rule residental
         collection show 10051
         collection show 10051 --json
         collection show 10501
         collection show 10012
         collection show 10013
         collection show 99999
         collection forecast --days 10
         collection forecast --days 3 --json
         collection forecast --days 3 -o csv
         collection forecast --days 0
         collection stats
         collection stats --json
         collection stats -o csv
         collection stats --by template
         collection stats --by channel --json
         collection stats --rule residential --since 2026-11-25
         collection stats --since soon",
    );
}

#[test]
fn hold() {
    let mut house = scene::with_examples(&["collection.toml"]);
    scene::holds(
        "hold",
        &mut house,
        "hold add --invoice 101 --until 2026-11-30 --why 'promised to pay'
         hold add --client 2 --why dispute
         hold add --invoice 101 --why again
         hold list
         hold list --json
         hold list -o csv
         collection update --dry-run
         hold remove 1
         hold remove 1
         hold list
         hold list --all
         hold list --all --json
         hold add --invoice 999 --why x
         hold add --client 999 --why x
         hold add --invoice 101 --until 2026-11-01 --why x
         hold add --invoice 101 --until soon --why x
         hold add --why x
         hold remove 99",
    );
}
