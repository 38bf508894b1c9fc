//! `history`: every message there ever was.

use crate::scene;

#[test]
fn history_empty() {
    let mut house = scene::empty();
    scene::holds(
        "history_empty",
        &mut house,
        "history
         history --json
         history -o csv
         history -o jsonl
         history show 1",
    );
}

#[test]
fn history() {
    let mut house = scene::demo();
    scene::holds(
        "history",
        &mut house,
        "history --limit 5
         history --limit 2 --json
         history --limit 2 -o csv
         history --limit 2 -o jsonl
         history --status skipped --reason missing_value --limit 3
         history --client 50
         history --origin birthday
         history --origin ticket
         history --origin collection --since 2026-12-01 --limit 4
         history --channel email --contains pagamento --limit 2
         history --invoice 10051
         history --id 35
         history show 34
         history show 34 --json
         history show 35
         history show 36
         history show 99999
         history --status snt
         history --reason missing_valu
         history --channel sm
         history --origin sends
         history --since yesterday
         history --template cut-psh
         history --limit -1",
    );
}
