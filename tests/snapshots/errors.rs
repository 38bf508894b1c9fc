//! Each kind of error that belongs to no one command: usage, configuration, clock, database, disk.

use crate::house::House;
use crate::scene;

#[test]
fn usage() {
    let mut house = House::new();
    scene::holds(
        "usage",
        &mut house,
        "
         reprot run contracts
         report
         report rum contracts
         report run
         report run contracts --fliter plan=x
         report run contracts -o xml
         report run contracts -o csv --json
         -o csv report run contracts --json
         report list --json --json
         report list --now tomorrow
         report list --color sometimes
         help report run
         send contracts --template
         queue retry x",
    );
}

#[test]
fn configuration() {
    let mut house = House::new();
    house.write("one.toml", "[push]\nprovider = \"fmc\"\n");
    house.write(
        "several.toml",
        "databse = \"x\"\ntimezone = \"America/Chapeco\"\nmax_messages_per_run = -1\n\
         [push]\nprovider = \"fcm\"\nworkers = 0\n[sms]\nprovider = \"http\"\n[email]\nprovider = \"smtp\"\nhost = 3\n\
         [contact_hours]\ncollection = { weekdays = \"25:00-20:00\" }\n[holidays]\nextra = [\"2026-13-01\"]\n[zzz]\na = 1\n",
    );
    house.write("syntax.toml", "[push\n");
    house.write("secret.toml", "[sms]\nprovider = \"twilio\"\naccount = \"AC1\"\nauth_token = \"env:ABSENT\"\nfrom = \"+15550001111\"\n");
    scene::holds(
        "configuration",
        &mut house,
        "--config one.toml report list
         --config several.toml report list
         --config several.toml report list --json
         --config syntax.toml report list
         --config absent.toml report list
         --config secret.toml queue deliver
         --config several.toml doctor",
    );
}

#[test]
fn world() {
    let mut house = House::new();
    house.write(
        "not-a-database.db",
        "this is no database, only a text that is long enough to be looked at\n".repeat(20),
    );
    scene::holds(
        "world",
        &mut house,
        "--db absent/regua.db report list
         --db not-a-database.db report list
         --db . report list
         --db new.db report list
         --db new.db report list -q
         man not-a-database.db",
    );
}
