//! `apply` and `export`: definitions as files.

use crate::house::House;
use crate::scene;

#[test]
fn apply() {
    let mut house = scene::with_examples(&[]);
    house.write(
        "changed.toml",
        house
            .read("send.toml")
            .replace("está suspensa", "caiu")
            .replace("\"client_name\"", "\"plan\""),
    );
    house.write("empty.toml", "");
    scene::holds(
        "apply",
        &mut house,
        "export
         export --json
         apply send.toml --check
         apply send.toml birthday.toml
         apply send.toml birthday.toml
         apply send.toml --check --json
         apply changed.toml --check
         apply changed.toml --json
         apply collection.toml ticket.toml -o csv
         export
         export --json
         apply send.toml --prune --check
         apply send.toml --prune
         apply empty.toml",
    );
}

#[test]
fn apply_refused() {
    let mut house = scene::with_examples(&[]);
    house.write("one.toml", "[[template]]\nname = \"a\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"Oi #cliente_nme#\"\n");
    house.write(
        "several.toml",
        "[[template]]\nname = \"a\"\nchanel = \"sms\"\nkind = \"suport\"\nbody = \"Oi #areceber_valr#\"\n\
         [[report]]\nname = \"r\"\non = \"contracts\"\nfilters = [\"acess_status=x\", \"plan\"]\n\
         [[rule]]\nname = \"u\"\nportfolios = \"Boleto\"\n[[rule.stage]]\nname = \"notce\"\nday = 0\ntemplates = [\"b\"]\n\
         [[trigger]]\nname = \"t\"\nevent = \"reply\"\ntemplates = [\"zzz\"]\n\
         [[task]]\nname = \"k\"\nrun = \"send\"\nminute = \"61\"\nhour = 3\n[[tsk]]\nname = \"z\"\n",
    );
    house.write("syntax.toml", "[[template]\nname = \"a\"\n");
    house.write(
        "twice.toml",
        house.read("send.toml") + &house.read("send.toml"),
    );
    scene::holds(
        "apply_refused",
        &mut house,
        "apply one.toml
         apply one.toml --json
         apply one.toml --check
         apply several.toml
         apply several.toml send.toml --check
         apply syntax.toml
         apply twice.toml
         apply absent.toml
         apply
         template list",
    );
}

#[test]
fn completions_and_man() {
    let mut house = House::new();
    scene::holds(
        "man",
        &mut house,
        "man pages\ncompletions\ncompletions csh\nman",
    );
    let mut pages: Vec<String> = std::fs::read_dir(house.path("pages"))
        .expect("the pages")
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect();
    pages.sort();
    scene::compare("man_pages", &(pages.join("\n") + "\n"));
}
