//! `send`: the plan, the send, its list, and every way it is refused.

use crate::scene;

#[test]
fn send() {
    let mut house = scene::with_examples(&["send.toml"]);
    scene::holds(
        "send",
        &mut house,
        "send list
         send list --json
         send cut-for-debt --template cut-push --dry-run
         send cut-for-debt --template cut-push --dry-run --json
         send cut-for-debt --template cut-push --dry-run -o csv
         send contracts --filter contract_id=11 --template bill-email --dry-run
         send logins --template outage-sms --yes
         send contracts --template bill-email --yes --json
         send cut-for-debt --template due-whatsapp --yes
         @ 2026-11-23T09:05
         send logins --template outage-sms --yes
         send logins --template outage-sms --yes --again -o csv
         send contracts --template bill-email --deliver queue --again --limit 1 --yes -o jsonl
         send contracts --filter plan=Rádio --template bill-email --yes
         send contracts --filter plan=Rádio --template bill-email --dry-run --json
         send list
         send list --json
         send list -o csv --limit 1
         send show 1
         send show 1 --json
         send show 2 -o csv
         send show 4
         send cancel 4
         send cancel 4 --yes
         send cancel 4 --yes --json
         send resume 4
         send resume 4 --json
         send resume 9",
    );
}

#[test]
fn send_refused() {
    let mut house = scene::with_examples(&["send.toml"]);
    scene::holds(
        "send_refused",
        &mut house,
        "send cut-for-debt --template cut-push
         send cut-for-debt
         send cut-for-dbt --template cut-push --yes
         send cut-for-debt --template cut-psh --yes
         send contracts --template outage-sms --yes
         send contracts --template bill-email --filter plan --yes
         send logins --template outage-sms --expect 9 --yes
         send logins --template outage-sms --expect 9 --dry-run
         send logins --template outage-sms --limit 0 --yes
         send logins --template outage-sms --limit 1 --sample 1 --yes
         send logins --template outage-sms --deliver later --yes
         send logins --template outage-sms --validate
         send show 9
         send show nine",
    );
}

#[test]
fn send_without_values() {
    let mut house = scene::with_examples(&["send.toml"]);
    house.write("config.toml", "");
    scene::holds(
        "send_without_values",
        &mut house,
        "send logins --template outage-sms --dry-run
         send logins --template outage-sms --yes
         send cut-for-debt --template cut-push --yes",
    );
}

#[test]
fn send_many() {
    let mut house = scene::demo();
    scene::holds(
        "send_many",
        &mut house,
        "send invoices --filter due_on=2026-12-10 --template bill-email --dry-run
         send invoices --filter due_on=2026-12-10 --template bill-email --sample 3 --yes
         send contracts --filter access_status=payment_warning --template bill-email --limit 2 --yes --json
         send contracts --filter city=Xaxim --template bill-email --deliver queue --yes -o csv
         queue list --limit 3
         queue stats
         queue deliver --channel email
         send list --limit 3
         send show 5",
    );
}
