//! `status`: how things stand; and what a person who speaks Portuguese is told.

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
