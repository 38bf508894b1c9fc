//! `report`: run, saved, and every way a filter is refused.

use crate::house::House;
use crate::scene;

#[test]
fn report_run() {
    let mut house = House::with_book();
    scene::holds(
        "report_run",
        &mut house,
        "report run contracts
         report run contracts --json
         report run contracts -o csv --limit 2
         report run contracts -o jsonl --limit 2
         report run logins
         report run logins -o csv
         report run logins --json --limit 1
         report run invoices
         report run invoices --json --limit 1
         report run invoices -o csv
         report run contracts --filter 'plan=Fibra 500' --filter access_status=auto_block --order client_name:desc
         report run contracts --filter client_name~edina --columns contract_id,client_name,overdue_total
         report run contracts --filter overdue_days>=30 --columns all --limit 1
         report run contracts --filter mobile=
         report run contracts --filter plan=Rádio
         report run contracts --filter plan=Rádio --json
         report run contracts --filter plan=Rádio -o csv
         report run contracts --filter plan=Rádio -o jsonl",
    );
}

#[test]
fn report_saved() {
    let mut house = House::with_book();
    scene::holds(
        "report_saved",
        &mut house,
        "report list
         report list --json
         report save cut contracts --filter contract_status=active --filter access_status=manual_block,auto_block --order client_name
         report save all logins
         report list
         report list --json
         report list -o csv
         report show cut
         report show cut --json
         report run cut
         report run cut --filter city=Chapecó
         report remove all
         report remove all
         report show ct
         report run ct",
    );
}

#[test]
fn report_fields() {
    let mut house = House::new();
    scene::holds(
        "report_fields",
        &mut house,
        "report fields contracts
         report fields logins
         report fields invoices
         report fields invoices --json
         report fields contract",
    );
}

#[test]
fn report_refused() {
    let mut house = House::with_book();
    house.run(&["report", "save", "cut", "contracts"]).ok();
    scene::holds(
        "report_refused",
        &mut house,
        "report run contracts --filter acess_status=auto_block
         report run contracts --filter access_status=auto_blok
         report run contracts --filter overdue_days>=many
         report run contracts --filter activated_on>=31/02/2026
         report run contracts --filter overdue_total>=1.234
         report run contracts --filter plan
         report run contracts --filter client_active>=yes
         report run contracts --filter acess_status=auto_block --filter zzz=1
         report run contracts --order nme
         report run contracts --order plan:down
         report run contracts --columns plan,nme
         report run contracts --limit many
         report save cut contracts
         report save contracts contracts
         report save x tickets
         report save x contracts --filter acess_status=auto_block",
    );
}
