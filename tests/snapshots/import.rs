//! `import`: a folder, a file, what is new, and every kind of bad row.

use crate::house::{House, small_book};
use crate::scene;

#[test]
fn import() {
    let mut house = House::new();
    small_book(&house);
    house.write("empty.csv", "id,name,person_type\n");
    house.write(
        "more.csv",
        "id,name,person_type\n1,Ana Lima Reis,F\n7,Gil Braga,F\n",
    );
    house.write(
        "opt-outs.jsonl",
        "{\"client_id\":1,\"channel\":\"sms\",\"purpose\":\"marketing\"}\n",
    );
    scene::holds(
        "import",
        &mut house,
        "import book
         import book --json
         import clients more.csv -o csv
         import clients more.csv -o jsonl
         import clients - < more.csv
         import opt-outs opt-outs.jsonl
         import clients empty.csv
         import book -q
         import clients more.csv -v",
    );
}

#[test]
fn import_refused() {
    let mut house = House::with_book();
    house.write(
        "one.csv",
        "id,client_id,due_on,amount,status\n201,1,10/12/2026,1.234,A\n",
    );
    house.write(
        "several.csv",
        "id,client_id,due_on,amount,status\n201,1,31/02/2026,-5,A\n202,,10/12/2026,10,Z\n203,1,10/12/2026,10,A\nx,1,,10,A\n",
    );
    house.write("column.csv", "id,nome,person_type,colour\n1,Ana,F,red\n");
    house.write("missing.csv", "id,name\n1,Ana\n");
    house.write("twice.csv", "id,id,name,person_type\n1,1,Ana,F\n");
    house.write(
        "nobody.csv",
        "id,client_id,due_on,amount,status\n201,999,10/12/2026,10,A\n",
    );
    house.write("bad.jsonl", "{\"id\":1\n");
    house.write("nothing.csv", "");
    scene::holds(
        "import_refused",
        &mut house,
        "import invoices one.csv
         import invoices several.csv
         import invoices several.csv --json
         import invoices several.csv --skip-bad refused.csv
         import invoices several.csv --skip-bad refused.csv --json
         import invoices refused.csv
         import clients column.csv
         import clients column.csv --ignore-unknown
         import clients missing.csv
         import clients twice.csv
         import invoices nobody.csv
         import clients bad.jsonl
         import clients nothing.csv
         import clients absent.csv
         import clints one.csv
         import absent
         import clients",
    );
}
