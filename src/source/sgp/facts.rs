//! SGP's titles and contracts as rows of the book. What is not named here is dropped while it is read.

use serde::Deserialize;

use super::super::web::{Scalar, Texts, row};
use super::super::{Explained, Row, Strange};
use crate::domain::book::FactKind;
use crate::domain::money::Money;
use crate::domain::tax_id;

/// A page of titles.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TitlePage {
    #[serde(alias = "links")]
    pub titulos: Option<Vec<Title>>,
    pub paginacao: Option<Paging>,
    pub status: Scalar,
    #[serde(alias = "erro", alias = "detail", alias = "mensagem")]
    pub msg: Scalar,
}

/// Where a page stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Paging {
    pub total: Scalar,
}

/// A title: an invoice.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Title {
    #[serde(alias = "fatura", alias = "titulo")]
    pub id: Scalar,
    #[serde(alias = "cpfcnpj", alias = "clienteCpfCnpj")]
    pub cliente_cpfcnpj: Scalar,
    #[serde(alias = "contrato", alias = "contratoId")]
    pub cliente_contrato: Scalar,
    #[serde(alias = "cliente_id")]
    pub cliente_id: Scalar,
    pub status: Scalar,
    valor: Scalar,
    valor_pago_parcial: Scalar,
    #[serde(alias = "vencimento", alias = "vencimento_original")]
    data_vencimento: Scalar,
    data_pagamento: Scalar,
    data_cancelamento: Scalar,
    #[serde(alias = "dataCadastro")]
    data_emissao: Scalar,
    #[serde(alias = "numero_documento")]
    numero_documento: Scalar,
    #[serde(alias = "nosso_numero")]
    nosso_numero: Scalar,
    #[serde(alias = "linhadigitavel", alias = "linha_digitavel")]
    linha_digitavel: Scalar,
    #[serde(alias = "codigopix", alias = "pix_copia_cola")]
    codigo_pix: Scalar,
    #[serde(alias = "url", alias = "link_pdf")]
    link: Scalar,
    portador: Scalar,
    forma_pagamento: Scalar,
}

/// What `consultacliente` answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContractPage {
    pub contratos: Option<Vec<Agreement>>,
    pub status: Scalar,
    #[serde(alias = "erro", alias = "detail", alias = "mensagem")]
    pub msg: Scalar,
}

/// A contract, with its client in it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Agreement {
    pub cliente_id: Scalar,
    pub contrato_id: Scalar,
    cpf_cnpj: Scalar,
    razao_social: Scalar,
    contrato_status: Scalar,
    contrato_status_display: Scalar,
    data_cadastro: Scalar,
    data_nascimento: Scalar,
    planointernet: Scalar,
    #[serde(rename = "servico_plano")]
    servico_plano: Scalar,
    #[serde(rename = "servico_login")]
    servico_login: Scalar,
    emails: Texts,
    telefones: Texts,
    pop_nome: Scalar,
    #[serde(rename = "endereco_logradouro")]
    endereco_logradouro: Scalar,
    #[serde(rename = "endereco_numero")]
    endereco_numero: Scalar,
    #[serde(rename = "endereco_complemento")]
    endereco_complemento: Scalar,
    #[serde(rename = "endereco_bairro")]
    endereco_bairro: Scalar,
    #[serde(rename = "endereco_cidade")]
    endereco_cidade: Scalar,
    #[serde(rename = "endereco_uf")]
    endereco_uf: Scalar,
    #[serde(rename = "endereco_cep")]
    endereco_cep: Scalar,
}

/// The states of a contract as SGP numbers and names them, and as the book does: contract, access.
const STATES: &[(&str, &str, &str, &str)] = &[
    ("1", "ativo", "active", "active"),
    ("2", "inativo", "inactive", "disabled"),
    ("3", "cancelado", "inactive", "disabled"),
    ("4", "suspenso", "active", "auto_block"),
    ("5", "inviabilidade técnica", "withdrawn", "disabled"),
    ("6", "novo", "pre_contract", ""),
    ("7", "ativo v. reduzida", "active", "payment_warning"),
];

impl Agreement {
    fn state(&self) -> Option<(&'static str, &'static str)> {
        let code = self.contrato_status.filled().unwrap_or_default();
        let name = self
            .contrato_status_display
            .filled()
            .unwrap_or_default()
            .to_lowercase();
        let known = STATES.iter();
        let mut known = known
            .filter(|(number, called, ..)| *number == code || (code.is_empty() && *called == name));
        known
            .next()
            .map(|(_, _, status, access)| (*status, *access))
    }

    /// Whether the contract is one that is served.
    pub fn is_active(&self) -> bool {
        self.state().is_some_and(|(status, _)| status == "active")
    }

    /// Its client; `active`, when one of the client's contracts is.
    pub fn client(&self, kind: &'static FactKind, id: i64, active: bool) -> Row {
        let document = self.cpf_cnpj.text();
        let known = tax_id::parse(&document);
        let company = known
            .as_ref()
            .map_or(document.len() > 14, |id| id.len() == 14);
        let state = self.endereco_uf.filled().filter(|uf| uf.len() == 2);
        let mut row = row(
            kind,
            id,
            [
                ("name", Some(self.razao_social.text())),
                (
                    "person_type",
                    Some(if company { "company" } else { "individual" }.to_owned()),
                ),
                ("active", Some(if active { "yes" } else { "no" }.to_owned())),
                ("birth_date", self.data_nascimento.filled().map(day)),
                ("mobile", Some(self.telefones.at(0).unwrap_or_default())),
                ("phone", Some(self.telefones.at(1).unwrap_or_default())),
                ("email", Some(self.emails.at(0).unwrap_or_default())),
                ("street", Some(self.endereco_logradouro.text())),
                ("number", Some(self.endereco_numero.text())),
                ("complement", Some(self.endereco_complemento.text())),
                ("district", Some(self.endereco_bairro.text())),
                ("city", Some(self.endereco_cidade.text())),
                ("state", state.map(str::to_owned)),
                ("zip", Some(self.endereco_cep.text())),
                ("branch", self.pop_nome.filled().map(str::to_owned)),
            ],
        );
        let fits = document.is_empty() || known.is_some();
        row.put(kind, "tax_id", if fits { document } else { String::new() });
        if !fits {
            row.strange.push(strange(
                "cpfCnpj",
                "no CPF or CNPJ (length or check digits)",
                "left empty",
                false,
            ));
        }
        row
    }

    /// The contract itself.
    pub fn contract(&self, kind: &'static FactKind, id: i64, client: i64) -> Row {
        let (status, access) = self.state().unwrap_or(("inactive", ""));
        let plan = self.planointernet.filled().or(self.servico_plano.filled());
        let mut row = row(
            kind,
            id,
            [
                ("client_id", Some(client.to_string())),
                ("plan", Some(plan.unwrap_or_default().to_owned())),
                ("status", Some(status.to_owned())),
                ("access_status", Some(access.to_owned())),
                ("activated_on", self.data_cadastro.filled().map(day)),
            ],
        );
        if self.state().is_none() {
            let found = self
                .contrato_status
                .filled()
                .or(self.contrato_status_display.filled());
            row.strange.push(strange(
                "contratoStatus",
                found.unwrap_or_default(),
                "taken as inactive",
                true,
            ));
        }
        row
    }

    /// The contract's login, where the answer has one.
    pub fn login(&self, kind: &'static FactKind, id: i64, client: i64) -> Option<Row> {
        let username = self.servico_login.filled()?;
        Some(row(
            kind,
            id,
            [
                ("client_id", Some(client.to_string())),
                ("contract_id", Some(id.to_string())),
                ("username", Some(username.to_owned())),
            ],
        ))
    }
}

impl Title {
    fn settled(&self) -> bool {
        self.data_pagamento.filled().is_some()
    }

    /// Whether it is open, and was due before `today`.
    pub fn overdue(&self, today: chrono::NaiveDate) -> bool {
        let due = self.data_vencimento.filled().map(day);
        let due = due.and_then(|due| crate::domain::day::parse(&due).flatten());
        !self.settled() && due.is_some_and(|due| due < today)
    }

    /// The invoice of this client.
    pub fn invoice(&self, kind: &'static FactKind, id: i64, client: i64) -> Row {
        let word = self.status.filled().unwrap_or_default().to_lowercase();
        let cents = |value: &Scalar| {
            value
                .filled()
                .and_then(Money::parse)
                .map_or(0, Money::cents)
        };
        let part = cents(&self.valor_pago_parcial);
        let cancelled = self.data_cancelamento.filled().is_some() || word.starts_with("cancel");
        let paid = self.settled() || matches!(word.as_str(), "pago" | "liquidado" | "baixado");
        let known = cancelled
            || paid
            || matches!(
                word.as_str(),
                "" | "aberto" | "gerado" | "vencido" | "em aberto"
            );
        let (status, open) = match (cancelled, paid, part > 0) {
            (true, ..) => ("cancelled", String::new()),
            (_, true, _) => ("paid", String::new()),
            (_, _, true) => ("partial", written((cents(&self.valor) - part).max(0))),
            _ => ("open", self.valor.text()),
        };
        let settled = match (cancelled, paid) {
            (true, _) => self.data_cancelamento.filled(),
            (_, true) => self.data_pagamento.filled(),
            _ => None,
        };
        let number = self
            .numero_documento
            .filled()
            .or(self.nosso_numero.filled());
        let mut row = row(
            kind,
            id,
            [
                ("client_id", Some(client.to_string())),
                ("contract_id", Some(self.cliente_contrato.text())),
                ("number", Some(number.unwrap_or_default().to_owned())),
                ("portfolio", self.portador.filled().map(str::to_owned)),
                ("issued_on", self.data_emissao.filled().map(day)),
                (
                    "due_on",
                    Some(self.data_vencimento.filled().map(day).unwrap_or_default()),
                ),
                ("amount", Some(self.valor.text())),
                ("open_amount", Some(open)),
                ("status", Some(status.to_owned())),
                ("settled_on", Some(settled.map(day).unwrap_or_default())),
                ("digitable_line", Some(self.linha_digitavel.text())),
                ("pix_code", self.codigo_pix.filled().map(str::to_owned)),
                ("payment_url", Some(self.link.text())),
                (
                    "payment_method",
                    self.forma_pagamento.filled().map(str::to_owned),
                ),
                // Nobody is written to about an invoice whose state is not understood.
                (
                    "released",
                    Some(if known { "yes" } else { "no" }.to_owned()),
                ),
            ],
        );
        if !known {
            row.strange.push(strange(
                "status",
                &word,
                "taken as open, but not released",
                true,
            ));
        }
        row
    }
}

fn written(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A day of a date with or without a time.
fn day(text: &str) -> String {
    text.split([' ', 'T']).next().unwrap_or_default().to_owned()
}

fn strange(field: &'static str, found: &str, taken: &'static str, code: bool) -> Strange {
    Strange {
        field: field.into(),
        found: found.chars().take(40).collect(),
        taken: taken.into(),
        code,
    }
}

/// Where the columns of clients come from.
const CLIENTS: &[(&str, &str)] = &[
    ("id", "consultacliente: clienteId"),
    ("name", "razaoSocial"),
    ("person_type", "by the length of cpfCnpj"),
    ("active", "whether one of the client's contracts is active"),
    ("birth_date", "dataNascimento"),
    ("mobile", "telefones[0]"),
    ("phone", "telefones[1]"),
    ("email", "emails[0]"),
    ("tax_id", "cpfCnpj"),
    ("street", "endereco_logradouro"),
    ("number", "endereco_numero"),
    ("complement", "endereco_complemento"),
    ("district", "endereco_bairro"),
    ("city", "endereco_cidade"),
    ("state", "endereco_uf"),
    ("zip", "endereco_cep"),
    ("branch", "popNome"),
];
/// Where the columns of contracts come from.
const CONTRACTS: &[(&str, &str)] = &[
    ("id", "consultacliente: contratoId"),
    ("client_id", "clienteId"),
    ("plan", "planointernet, else servico_plano"),
    ("status", "contratoStatus (1, 4 and 7 are active)"),
    (
        "access_status",
        "contratoStatus (4 is auto_block, 7 payment_warning)",
    ),
    ("activated_on", "dataCadastro"),
];
/// Where the columns of logins come from.
const LOGINS: &[(&str, &str)] = &[
    ("id", "consultacliente: contratoId"),
    ("client_id", "clienteId"),
    ("contract_id", "contratoId"),
    ("username", "servico_login"),
];
/// Where the columns of invoices come from.
const INVOICES: &[(&str, &str)] = &[
    ("id", "titulos: id"),
    (
        "client_id",
        "clienteId of consultacliente, by clienteContrato",
    ),
    ("contract_id", "clienteContrato"),
    ("number", "numeroDocumento, else nossoNumero"),
    ("portfolio", "portador"),
    ("issued_on", "dataEmissao"),
    ("due_on", "dataVencimento"),
    ("amount", "valor (never valorCorrigido)"),
    ("open_amount", "valor less valorPagoParcial"),
    (
        "status",
        "dataCancelamento, dataPagamento, valorPagoParcial, else status",
    ),
    ("settled_on", "dataPagamento or dataCancelamento"),
    ("released", "no, where status is not understood"),
    ("digitable_line", "linhaDigitavel"),
    ("pix_code", "codigoPix"),
    ("payment_url", "link"),
    ("payment_method", "formaPagamento"),
];

/// Which field each column comes from.
pub(super) fn explain(kind: &str) -> Vec<Explained> {
    let columns = match kind {
        "clients" => CLIENTS,
        "contracts" => CONTRACTS,
        "logins" => LOGINS,
        "invoices" => INVOICES,
        _ => &[],
    };
    let columns = columns.iter();
    columns
        .map(|(column, field)| Explained::of(column, *field))
        .collect()
}
