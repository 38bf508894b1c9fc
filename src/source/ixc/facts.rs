//! A form's row as the columns of the book: codes into words, references into names.

use super::cursor::is_instant;
use super::draft::{RowDraft, date};
use super::form::{CHANGED, Form, FormRow};
use super::markup;
use super::names::NameBook;
use super::settings::TicketVisible;
use crate::domain::book::FactKind;
use crate::domain::day;
use crate::domain::money::Money;
use crate::domain::tax_id;
use crate::domain::words::{
    AccessStatus, ContractStatus, InvoiceStatus, Online, PersonType, Word, parse_yes_no,
};
use crate::source::{Row, TicketReply};

/// A form's row as a row of the book, of the kind that comes from that form.
pub fn facts(
    row: &FormRow,
    kind: &'static FactKind,
    (names, visible): (&NameBook, TicketVisible),
) -> Row {
    let mut draft = RowDraft {
        row,
        names,
        kind,
        out: Row::of(kind, row.id().unwrap_or(0)),
    };
    match row.form() {
        Form::Cliente => client(&mut draft),
        Form::Contrato => contract(&mut draft),
        Form::Areceber => invoice(&mut draft),
        Form::Radusuarios => login(&mut draft),
        Form::Ticket => ticket(&mut draft, visible),
        Form::Assunto => {
            draft.copy("id", "id");
            draft.copy("name", "assunto");
        }
        Form::Funcionario => staff(&mut draft),
        _ => {}
    }
    draft.out
}

fn client(out: &mut RowDraft<'_>) {
    out.copy("id", "id");
    let name = out.row.filled("razao").or(out.row.filled("fantasia"));
    out.put("name", name.unwrap_or_default().to_owned());
    person_type(out);
    if prospect(out.row) {
        out.put("active", "no".to_owned());
    } else {
        out.yes_no("active", "ativo");
    }
    out.day("birth_date", "data_nascimento");
    out.copy("mobile", "telefone_celular");
    out.copy("whatsapp", "whatsapp");
    out.copy("phone", "fone");
    out.copy("work_phone", "telefone_comercial");
    // Several addresses in one field are common; the first is the one that counts.
    if let Some(text) = out.row.get("email") {
        let first = text.split([';', ',']).next().unwrap_or_default().trim();
        out.put("email", first.to_owned());
    }
    if let Some(text) = out.row.get("cnpj_cpf") {
        if text.is_empty() || tax_id::parse(text).is_some() {
            out.put("tax_id", text.to_owned());
        } else {
            out.strange(
                "cnpj_cpf",
                "no CPF or CNPJ (length or check digits)",
                "left empty",
                false,
            );
            out.put("tax_id", String::new());
        }
    }
    out.copy("street", "endereco");
    out.copy("number", "numero");
    out.copy("complement", "complemento");
    out.city();
    out.copy("district", "bairro");
    out.state();
    out.copy("zip", "cep");
    out.name_or_id("branch", "filial_id", Form::Filial);
    out.yes_no("in_collection", "participa_cobranca");
    out.yes_no("in_reminders", "participa_pre_cobranca");
    out.yes_no("sms_allowed", "cob_envia_sms");
    out.yes_no("email_allowed", "cob_envia_email");
}

/// Whether a client is none yet: prospects stand in the same form.
pub fn prospect(row: &FormRow) -> bool {
    row.form() == Form::Cliente && row.get("crm") == Some("S")
}

/// Who a client is in law; where the code says nothing, the document's length does.
fn person_type(out: &mut RowDraft<'_>) {
    let code = out.row.get("tipo_pessoa").unwrap_or_default();
    if PersonType::parse(code).is_some() {
        out.put("person_type", code.to_owned());
        return;
    }
    let document = out
        .row
        .filled("cnpj_cpf")
        .and_then(tax_id::parse)
        .map(|id| match id.len() {
            14 => PersonType::Company,
            _ => PersonType::Individual,
        });
    let Some(document) = document else {
        out.put("person_type", code.to_owned());
        return;
    };
    if !code.is_empty() {
        out.strange("tipo_pessoa", code, "told by the document's length", true);
    }
    out.put("person_type", document.as_str().to_owned());
}

fn contract(out: &mut RowDraft<'_>) {
    out.copy("id", "id");
    out.copy("client_id", "id_cliente");
    out.copy("plan", "contrato");
    out.code(
        "status",
        "status",
        |code| ContractStatus::parse(code).is_some(),
        ContractStatus::Inactive.as_str(),
        "taken as inactive",
    );
    out.code(
        "access_status",
        "status_internet",
        |code| code.is_empty() || AccessStatus::parse(code).is_some(),
        "",
        "left empty",
    );
    out.day("activated_on", "data_ativacao");
    out.name_or_id("branch", "id_filial", Form::Filial);
    out.name_or_id("seller", "id_vendedor", Form::Vendedor);
    if out.row.get("endereco_padrao_cliente") == Some("S") {
        // The contract is where the client lives: the client's own address speaks.
        out.put("city", String::new());
        out.put("district", String::new());
    } else {
        out.city();
        out.copy("district", "bairro");
    }
    out.day("notice_hold_until", "nao_avisar_ate");
    out.translate(
        "payment_method",
        "contrato_recorrencia",
        &[("PIX", "pix_automatic"), ("CREDIT", "card"), ("N", "")],
    );
}

fn invoice(out: &mut RowDraft<'_>) {
    out.copy("id", "id");
    out.copy("client_id", "id_cliente");
    let contract = ["id_contrato", "id_contrato_principal", "id_contrato_avulso"]
        .into_iter()
        .find_map(|field| out.row.reference(field));
    out.put(
        "contract_id",
        contract.map(|id| id.to_string()).unwrap_or_default(),
    );
    out.copy("number", "documento");
    out.name_or_id("portfolio", "id_carteira_cobranca", Form::Carteira);
    out.day("issued_on", "data_emissao");
    out.date_as_is("due_on", "data_vencimento");
    out.amount("amount", "valor");
    out.amount("open_amount", "valor_aberto");
    out.copy("digitable_line", "linha_digitavel");
    out.copy("payment_url", "gateway_link");
    out.copy("payment_method", "tipo_recebimento");
    out.yes_no("awaiting_confirmation", "aguardando_confirmacao_pagamento");
    // Some versions have the dates of a listing or protest here.
    let listed = ["data_negativacao", "data_protesto"].into_iter();
    let mut listed = listed.filter(|field| out.row.filled(field).and_then(date).is_some());
    if let Some(field) = listed.next() {
        out.day("bureau_listed_on", field);
    }
    out.day("bureau_removed_on", "data_baixa_negativacao");
    let code = out.row.get("status").unwrap_or_default().to_owned();
    let Some(status) = InvoiceStatus::parse(&code).filter(|_| !code.is_empty()) else {
        // Nobody is written to about an invoice whose state is not understood.
        out.strange("status", &code, "taken as open, but not released", true);
        out.put("status", InvoiceStatus::Open.as_str().to_owned());
        out.put("released", "no".to_owned());
        return;
    };
    let status = if renegotiated(out.row) {
        InvoiceStatus::Renegotiated
    } else {
        status
    };
    out.put("status", status.as_str().to_owned());
    out.yes_no("released", "liberado");
    settled(out, status);
}

/// The day on which an invoice was settled, and what is left open of one that is.
fn settled(out: &mut RowDraft<'_>, status: InvoiceStatus) {
    let days = match status {
        InvoiceStatus::Open | InvoiceStatus::Partial => &[][..],
        InvoiceStatus::Paid => &["pagamento_data", "baixa_data"][..],
        InvoiceStatus::Cancelled => &["data_cancelamento"][..],
        InvoiceStatus::Renegotiated => &["data_cancelamento", "pagamento_data", "baixa_data"][..],
    };
    let field = days.iter().copied().find(|field| {
        out.row
            .get(field)
            .and_then(date)
            .is_some_and(|day| !day.is_empty())
    });
    match field {
        Some(field) => out.day("settled_on", field),
        None => out.put("settled_on", String::new()),
    }
    // Whoever paid too much has less than nothing open: that they paid must not be lost for it.
    if !days.is_empty()
        && let Some(text) = out.row.filled("valor_aberto")
    {
        let amount = out.row.get("valor").and_then(Money::parse);
        if Money::parse(text).is_none_or(|open| amount.is_some_and(|amount| open > amount)) {
            let text = text.to_owned();
            out.strange("valor_aberto", &text, "left empty", false);
            out.put("open_amount", String::new());
        }
    }
}

/// Whether an invoice went into a renegotiation. Which status such an invoice takes is not
/// documented, so the marks decide: it was joined into one (`id_renegociacao`) or is flagged,
/// and is not itself one that a renegotiation brought forth (`id_renegociacao_novo`).
fn renegotiated(row: &FormRow) -> bool {
    let joined = row.reference("id_renegociacao").is_some();
    let born = row.reference("id_renegociacao_novo").is_some();
    match row.filled("titulo_renegociado").and_then(parse_yes_no) {
        Some(true) => joined || !born,
        Some(false) => false,
        None => joined,
    }
}

fn login(out: &mut RowDraft<'_>) {
    out.copy("id", "id");
    out.copy("client_id", "id_cliente");
    out.reference("contract_id", "id_contrato");
    out.copy("username", "login");
    out.yes_no("active", "ativo");
    out.code(
        "online",
        "online",
        |code| code.is_empty() || Online::parse(code).is_some(),
        Online::Unknown.as_str(),
        "taken as unknown",
    );
    out.copy("ip", "ip");
    if let Some(name) = out.row.filled("concentrador") {
        out.put("concentrator", name.to_owned());
    } else {
        out.reference("concentrator", "id_concentrador");
    }
    out.name_or_id("pop", "id_transmissor", Form::Transmissor);
    out.name_or_id("box", "id_caixa_ftth", Form::Caixa);
    let seen: Vec<&str> = ["ultima_conexao_inicial", "ultima_conexao_final"]
        .into_iter()
        .filter_map(|field| out.row.get(field))
        .collect();
    if !seen.is_empty() {
        let last = seen.into_iter().filter(|text| is_instant(text)).max();
        out.put("last_online_at", last.unwrap_or_default().to_owned());
    }
}

fn staff(out: &mut RowDraft<'_>) {
    out.copy("id", "id");
    out.copy("name", "funcionario");
    let id = out.row.id().unwrap_or(0);
    let account = out.names.get(Form::Usuario, id);
    match account.filter(|email| !email.is_empty()) {
        Some(email) if out.row.filled("email").is_none() => out.put("email", email.to_owned()),
        _ => out.copy("email", "email"),
    }
    out.copy("mobile", "fone_celular");
    out.yes_no("active", "ativo");
}

fn ticket(out: &mut RowDraft<'_>, visible: TicketVisible) {
    out.copy("id", "id");
    out.reference("client_id", "id_cliente");
    out.reference("topic_id", "id_assunto");
    out.copy("title", "titulo");
    out.translate(
        "status",
        "su_status",
        &[
            ("N", "new"),
            ("P", "pending"),
            ("EP", "in_progress"),
            ("S", "resolved"),
            ("C", "cancelled"),
        ],
    );
    out.translate(
        "priority",
        "prioridade",
        &[
            ("B", "low"),
            ("M", "normal"),
            ("A", "high"),
            ("C", "critical"),
        ],
    );
    out.reference("responsible_id", "id_responsavel_tecnico");
    // I is *interno*, H the *hotsite* (Central do Assinante).
    if let Some(code) = out.row.filled("id_ticket_origem") {
        match code {
            "I" => {
                out.put("opened_by", "staff".to_owned());
                match visible {
                    TicketVisible::Client => {}
                    TicketVisible::All => out.put("visible_to_client", "yes".to_owned()),
                    TicketVisible::None => out.put("visible_to_client", "no".to_owned()),
                }
            }
            "H" => {
                out.put("opened_by", "client".to_owned());
                out.put("visible_to_client", "yes".to_owned());
            }
            other => {
                let other = other.to_owned();
                out.strange("id_ticket_origem", &other, "left empty", true);
                out.put("opened_by", String::new());
            }
        }
    }
    if let Some(text) = out.row.get("data_criacao") {
        let opened = if is_instant(text) || matches!(day::parse(text), Some(Some(_))) {
            text.to_owned()
        } else {
            String::new()
        };
        out.put("opened_at", opened);
    }
    out.out.changed = out.row.filled(CHANGED).map(str::to_owned);
    out.out.text = out.row.filled("menssagem").map(markup::unmarked);
}

/// What was written in a ticket, when it says in which and when.
pub fn reply(row: &FormRow, tickets: &'static FactKind) -> Option<Row> {
    let text = markup::unmarked(row.filled("mensagem")?);
    let at = row.filled("data").filter(|text| is_instant(text))?;
    let reply = TicketReply {
        id: row.id()?,
        at: at.to_owned(),
        by_staff: row.reference("operador").is_some(),
        text,
    };
    let ticket = row.reference("id_ticket").filter(|id| *id > 0)?;
    Some(Row {
        reply: Some(reply),
        ..Row::of(tickets, ticket)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(form: Form, fields: &[(&str, &str)]) -> FormRow {
        let mut row = FormRow::empty(form);
        for (field, value) in fields {
            assert!(form.fields().contains(field), "{field}");
            row.set(field, (*value).to_owned());
        }
        row
    }

    /// A row of the book with its kind.
    struct Made(&'static FactKind, Row);

    fn column<'m>(made: &'m Made, name: &str) -> Option<&'m str> {
        let at = made.0.position(name).expect(name);
        made.1.cells[at].as_deref()
    }

    fn made(row: &FormRow, names: &NameBook) -> Made {
        let (kind, _) = super::super::FORMS
            .into_iter()
            .find(|(_, form)| *form == row.form())
            .expect("a form of a kind");
        let kind = FactKind::named(kind).expect("a kind");
        Made(kind, facts(row, kind, (names, TicketVisible::Client)))
    }

    fn of(form: Form, fields: &[(&str, &str)]) -> Made {
        made(&row(form, fields), &NameBook::default())
    }

    #[test]
    fn a_client_takes_the_fields_of_the_erp() {
        let mut names = NameBook::default();
        names.insert(Form::Cidade, 4376, "Chapecó");
        let row = row(
            Form::Cliente,
            &[
                ("id", "2107"),
                ("razao", "MARIA DE SOUZA EXEMPLO"),
                ("tipo_pessoa", "F"),
                ("ativo", "S"),
                ("cnpj_cpf", "111.444.777-35"),
                ("data_nascimento", "1991-11-22"),
                ("telefone_celular", "(49) 99999-0001"),
                ("whatsapp", ""),
                ("email", "maria@example.com; outra@example.com"),
                ("cidade", "4376"),
                ("filial_id", "1"),
                ("participa_cobranca", "N"),
                ("participa_pre_cobranca", ""),
                ("cob_envia_email", "S"),
            ],
        );
        assert_eq!(
            super::super::names::references(&row),
            std::collections::BTreeSet::from([(Form::Cidade, 4376), (Form::Filial, 1)])
        );
        let found = made(&row, &names);
        assert_eq!(found.1.strange, []);
        for (name, text) in [
            ("id", Some("2107")),
            ("name", Some("MARIA DE SOUZA EXEMPLO")),
            ("person_type", Some("F")),
            ("active", Some("yes")),
            ("birth_date", Some("1991-11-22")),
            ("mobile", Some("(49) 99999-0001")),
            ("whatsapp", Some("")),
            ("email", Some("maria@example.com")),
            ("tax_id", Some("111.444.777-35")),
            ("city", Some("Chapecó")),
            ("branch", Some("1")),
            ("in_collection", Some("no")),
            ("in_reminders", None),
            ("sms_allowed", None),
            ("email_allowed", Some("yes")),
            ("district", None),
            ("app_first_access_on", None),
        ] {
            assert_eq!(column(&found, name), text, "{name}");
        }
    }

    #[test]
    fn trial_117_the_other_phones_and_the_address_are_kept() {
        let found = of(
            Form::Cliente,
            &[
                ("id", "1"),
                ("fone", "(49) 3333-0000"),
                ("telefone_comercial", "(49) 99999-0009"),
                ("endereco", "Rua A"),
                ("numero", "12"),
                ("cep", "89801-000"),
                ("uf", "24"),
            ],
        );
        for (name, text) in [
            ("phone", Some("(49) 3333-0000")),
            ("work_phone", Some("(49) 99999-0009")),
            ("street", Some("Rua A")),
            ("number", Some("12")),
            ("zip", Some("89801-000")),
            ("state", None),
        ] {
            assert_eq!(column(&found, name), text, "{name}");
        }
        let found = of(
            Form::Contrato,
            &[("id", "1"), ("contrato_recorrencia", "PIX")],
        );
        assert_eq!(column(&found, "payment_method"), Some("pix_automatic"));
    }

    #[test]
    fn what_cannot_be_right_in_a_client_is_left_empty_and_reported() {
        let found = of(
            Form::Cliente,
            &[
                ("id", "1"),
                ("razao", "X"),
                ("tipo_pessoa", "3"),
                ("cnpj_cpf", "12.345.678/0001-95"),
                ("data_nascimento", "1991-02-31"),
                ("ativo", "Z"),
            ],
        );
        assert_eq!(column(&found, "person_type"), Some("company"));
        assert_eq!(column(&found, "birth_date"), Some(""));
        assert_eq!(column(&found, "active"), None);
        let told: Vec<(&str, &str)> = found
            .1
            .strange
            .iter()
            .map(|strange| (strange.field.as_ref(), strange.found.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("tipo_pessoa", "3"),
                ("ativo", "Z"),
                ("data_nascimento", "1991-02-31")
            ]
        );
        let found = of(
            Form::Cliente,
            &[("id", "1"), ("razao", "X"), ("cnpj_cpf", "111.444.777-36")],
        );
        assert_eq!(column(&found, "tax_id"), Some(""));
        assert!(!format!("{:?}", found.1.strange).contains("777"));
    }

    #[test]
    fn an_unknown_code_of_a_contract_is_kept_raw_and_the_contract_out_of_the_way() {
        let found = of(
            Form::Contrato,
            &[
                ("id", "9"),
                ("id_cliente", "1"),
                ("status", "T"),
                ("status_internet", "XX"),
                ("endereco_padrao_cliente", "S"),
                ("cidade", "77"),
                ("nao_avisar_ate", "0000-00-00"),
            ],
        );
        assert_eq!(column(&found, "status"), Some("inactive"));
        assert_eq!(column(&found, "access_status"), Some(""));
        assert_eq!(column(&found, "city"), Some(""));
        assert_eq!(column(&found, "notice_hold_until"), Some(""));
        assert_eq!(found.1.strange[0].found, "T");
        assert_eq!(found.1.strange[1].found, "XX");
    }

    const INVOICE: &[(&str, &str)] = &[
        ("id", "145535"),
        ("id_cliente", "2107"),
        ("id_contrato", "0"),
        ("id_contrato_principal", ""),
        ("id_contrato_avulso", "2302"),
        ("id_carteira_cobranca", "5"),
        ("liberado", "S"),
        ("data_emissao", "2026-11-08"),
        ("data_vencimento", "2026-12-10"),
        ("valor", "99.90"),
        ("valor_aberto", "99,90"),
        ("pagamento_data", ""),
        ("baixa_data", "2026-12-12 10:11:12"),
        ("data_cancelamento", "2026-12-13"),
    ];

    fn invoice_with(more: &[(&str, &str)]) -> Made {
        of(Form::Areceber, &[INVOICE, more].concat())
    }

    #[test]
    fn an_invoice_finds_its_contract_wherever_it_is_written() {
        let mut names = NameBook::default();
        names.insert(Form::Carteira, 5, "Boleto Sicoob");
        let row = row(Form::Areceber, &[INVOICE, &[("status", "P")]].concat());
        let found = made(&row, &names);
        for (name, text) in [
            ("contract_id", "2302"),
            ("portfolio", "Boleto Sicoob"),
            ("status", "partial"),
            ("released", "yes"),
            ("due_on", "2026-12-10"),
            ("open_amount", "99,90"),
            ("settled_on", ""),
        ] {
            assert_eq!(column(&found, name), Some(text), "{name}");
        }
        assert_eq!(column(&found, "pix_code"), None);
    }

    #[test]
    fn an_invoice_is_settled_on_the_day_that_its_status_asks_for() {
        let settled = |more: &[(&str, &str)]| {
            let found = invoice_with(more);
            (
                column(&found, "status").expect("a status").to_owned(),
                column(&found, "settled_on").expect("a day").to_owned(),
            )
        };
        assert_eq!(
            settled(&[("status", "R")]),
            ("paid".into(), "2026-12-12".into())
        );
        assert_eq!(
            settled(&[("status", "C")]),
            ("cancelled".into(), "2026-12-13".into())
        );
        assert_eq!(settled(&[("status", "A")]), ("open".into(), String::new()));
    }

    #[test]
    fn the_marks_of_a_renegotiation_decide_not_the_status() {
        let status = |more: &[(&str, &str)]| {
            let found = invoice_with(&[&[("status", "A")], more].concat());
            column(&found, "status").expect("a status").to_owned()
        };
        assert_eq!(status(&[("titulo_renegociado", "S")]), "renegotiated");
        assert_eq!(status(&[("id_renegociacao", "12")]), "renegotiated");
        assert_eq!(
            status(&[("titulo_renegociado", "N"), ("id_renegociacao", "12")]),
            "open"
        );
        // It came out of a renegotiation: it is owed like any other.
        assert_eq!(
            status(&[("titulo_renegociado", "S"), ("id_renegociacao_novo", "12")]),
            "open"
        );
        assert_eq!(status(&[("id_renegociacao_novo", "12")]), "open");
        assert_eq!(
            status(&[("id_renegociacao", "0"), ("titulo_renegociado", "")]),
            "open"
        );
    }

    #[test]
    fn nobody_is_written_to_about_an_invoice_of_unknown_status() {
        let found = invoice_with(&[("status", "Q")]);
        assert_eq!(column(&found, "status"), Some("open"));
        assert_eq!(column(&found, "released"), Some("no"));
        assert_eq!(found.1.strange[0].found, "Q");
    }

    #[test]
    fn amounts_keep_their_cents_however_they_are_written() {
        for (written, kept) in [
            ("99.9000", "99.90"),
            ("99.9", "99.9"),
            ("1.234,56", "1.234,56"),
            ("1.234", "1.234"),
            ("99.9055", "99.9055"),
        ] {
            let found = of(Form::Areceber, &[("id", "1"), ("valor", written)]);
            assert_eq!(column(&found, "amount"), Some(kept), "{written}");
        }
    }

    #[test]
    fn a_login_without_status_is_unknown_and_last_seen_when_it_was_last_there() {
        let found = of(
            Form::Radusuarios,
            &[
                ("id", "4709"),
                ("id_cliente", "2107"),
                ("id_contrato", "0"),
                ("login", "maria.fibra"),
                ("online", "SS"),
                ("concentrador", ""),
                ("id_concentrador", "145"),
                ("ultima_conexao_inicial", "2026-11-20 08:11:02"),
                ("ultima_conexao_final", "0000-00-00 00:00:00"),
            ],
        );
        assert_eq!(column(&found, "online"), Some("SS"));
        assert_eq!(column(&found, "contract_id"), Some(""));
        assert_eq!(column(&found, "concentrator"), Some("145"));
        assert_eq!(
            column(&found, "last_online_at"),
            Some("2026-11-20 08:11:02")
        );
        let found = of(Form::Radusuarios, &[("id", "1"), ("online", "W")]);
        assert_eq!(column(&found, "online"), Some("unknown"));
        assert_eq!(column(&found, "last_online_at"), None);
    }

    #[test]
    fn a_ticket_speaks_in_words() {
        let found = of(
            Form::Ticket,
            &[
                ("id", "1070"),
                ("id_cliente", "193"),
                ("id_assunto", "4"),
                ("titulo", "Sem conexão"),
                ("su_status", "EP"),
                ("prioridade", "U"),
                ("id_responsavel_tecnico", "0"),
                ("id_ticket_origem", "H"),
                ("data_criacao", "2026-11-21 10:00:00"),
            ],
        );
        for (name, text) in [
            ("status", "in_progress"),
            ("priority", "U"),
            ("responsible_id", ""),
            ("opened_by", "client"),
            ("visible_to_client", "yes"),
            ("opened_at", "2026-11-21 10:00:00"),
        ] {
            assert_eq!(column(&found, name), Some(text), "{name}");
        }
        assert_eq!(found.1.strange[0].found, "U");
    }
}
