//! `template`: made, shown, tried, corrected, and refused.

use crate::house::House;
use crate::scene;

#[test]
fn template() {
    let mut house = House::with_book();
    house.write("body.txt", "Olá #cliente_primeiro_nome#,\n\na fatura #areceber_numero# de #areceber_valor# vence em #areceber_data_vencimento#.\n");
    house.write("body.html", "<p>Olá #cliente_primeiro_nome#</p>");
    scene::holds(
        "template",
        &mut house,
        "template list
         template list --json
         template lint
         template add cut --channel push --kind financial --title Suspensa --body 'Olá #cliente_primeiro_nome#, pague #areceber_valor#.'
         template add bill --channel email --kind financial --title 'Sua fatura #areceber_numero#' --body @body.txt --html @body.html
         template add outage --channel sms --kind support --body '#empresa_nome#: manutenção hoje. Login #login#.'
         template add due --channel whatsapp --kind general --purpose service --description 'Aviso de vencimento' --body 'Olá {{1}}, {{2}} vence.' --var 1=cliente_primeiro_nome --var 2=areceber_valor
         template list
         template list --json
         template list -o csv
         template list -o jsonl
         template show cut
         template show bill
         template show due
         template show due --json
         template edit cut --title 'Conexão suspensa'
         template lint
         template lint cut
         template lint --json
         template remove cut
         template remove cut",
    );
}

#[test]
fn template_preview() {
    let mut house = scene::with_examples(&["send.toml", "birthday.toml"]);
    scene::holds(
        "template_preview",
        &mut house,
        "template preview cut-push --client 1
         template preview bill-email --client 1 --invoice 102
         template preview bill-email --client 1 --invoice 102 --json
         template preview outage-sms --client 1 --login 21
         template preview outage-sms --client 1
         template preview due-whatsapp --client 2
         template preview birthday --client 1 -o csv
         template preview cut-push --client 3
         template preview cut-push --client 99
         template preview cut-push --client 1 --invoice 103
         template preview cut-psh --client 1
         template preview bill-email --sample 3
         template preview bill-email --sample 2 --json
         template preview cut-push
         template test bill-email --to eu@provedor.example.com --client 1
         template test bill-email --to eu@provedor.example.com --client 1 --json
         template test bill-email --to ana@example.com --client 1
         template test bill-email --to eu --client 1
         --lang pt template test outage-sms --to 49999990009 --client 1 --login 21",
    );
}

#[test]
fn template_variables() {
    let mut house = House::new();
    scene::holds(
        "template_variables",
        &mut house,
        "template variables
         template variables -o csv",
    );
}

#[test]
fn template_refused() {
    let mut house = scene::with_examples(&["birthday.toml", "collection.toml", "ticket.toml"]);
    scene::holds(
        "template_refused",
        &mut house,
        "template add x --channel sms --kind support --body 'Oi #cliente_nme#'
         template add x --channel sms --kind support --body 'Oi #cliente_nme# #areceber_valr# #zzz#'
         template add x --channel push --kind support --body Oi
         template add x --channel sms --kind support --body Oi --title T
         template add x --channel sms --kind support
         template add x --channel sms --kind suport --body Oi
         template add x --channel fax --kind support --body Oi
         template add x --channel whatsapp --kind support --body 'Oi {{1}}' --description d
         template add x --channel whatsapp --kind support --body 'Oi {{1}}' --description d --var 2=cliente_nome
         template add x --channel sms --kind support --body @absent.txt
         template add x --channel sms --kind support --body ''
         template add 'no spaces please' --channel sms --kind support --body Oi
         template add overdue-sms --channel sms --kind support --body Oi
         template show overdue-sm
         template show zzz
         template edit zzz --title T
         template edit overdue-sms
         template remove overdue-sms
         template remove birthday
         template remove ticket-moved-email",
    );
}
