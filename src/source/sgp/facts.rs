//! SGP's titles and contracts as rows of the book. What is not named here is dropped while it is read.

use serde::Deserialize;

use super::super::Row;
use super::super::erp::{ColumnFields, day, is_something, less, put_document, strange};
use super::super::web::{Scalar, Texts, row};
use crate::domain::book::FactKind;
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
        put_document(&mut row, kind, ("cpfCnpj", document));
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

    /// How it stands: the book's word, what is still owed, when that became so. None when its state is
    /// not understood.
    fn standing(&self) -> Option<(&'static str, String, Option<&str>)> {
        let word = self.status.filled().unwrap_or_default().to_lowercase();
        let part = self.valor_pago_parcial.filled().filter(is_something);
        if self.data_cancelamento.filled().is_some() || word.starts_with("cancel") {
            let on = self.data_cancelamento.filled();
            return Some(("cancelled", String::new(), on));
        }
        if self.settled() || matches!(word.as_str(), "pago" | "liquidado" | "baixado") {
            return Some(("paid", String::new(), self.data_pagamento.filled()));
        }
        let known = ["", "aberto", "gerado", "vencido", "em aberto"].contains(&word.as_str());
        known.then(|| match part {
            Some(part) => {
                let left = less(self.valor.filled(), part);
                ("partial", left.unwrap_or_default(), None)
            }
            None => ("open", self.valor.text(), None),
        })
    }

    /// The invoice. Whose it is, its contract says, where the title does not.
    pub fn invoice(&self, kind: &'static FactKind, id: i64) -> Row {
        let standing = self.standing();
        let known = standing.is_some();
        let (status, open, settled) = standing.unwrap_or(("open", self.valor.text(), None));
        let number = [&self.numero_documento, &self.nosso_numero];
        let number = number.into_iter().find_map(Scalar::filled);
        let date = |value: &Scalar| value.filled().map(day);
        let word = |value: &Scalar| value.filled().map(str::to_owned);
        let mut row = row(
            kind,
            id,
            [
                ("client_id", self.cliente_id.id().map(|id| id.to_string())),
                ("contract_id", Some(self.cliente_contrato.text())),
                ("number", Some(number.unwrap_or_default().to_owned())),
                ("portfolio", word(&self.portador)),
                ("issued_on", date(&self.data_emissao)),
                (
                    "due_on",
                    Some(date(&self.data_vencimento).unwrap_or_default()),
                ),
                ("amount", Some(self.valor.text())),
                ("open_amount", Some(open)),
                ("status", Some(status.to_owned())),
                ("settled_on", Some(settled.map(day).unwrap_or_default())),
                ("digitable_line", Some(self.linha_digitavel.text())),
                ("pix_code", word(&self.codigo_pix)),
                ("payment_url", Some(self.link.text())),
                ("payment_method", word(&self.forma_pagamento)),
                // Nobody is written to about an invoice whose state is not understood.
                (
                    "released",
                    Some(if known { "yes" } else { "no" }.to_owned()),
                ),
            ],
        );
        if !known {
            let found = self.status.text().to_lowercase();
            let taken = "taken as open, but not released";
            row.strange.push(strange("status", &found, taken, true));
        }
        row
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

/// Where the columns of each kind come from.
pub(super) const COLUMNS: &[ColumnFields] = &[
    ("clients", CLIENTS),
    ("contracts", CONTRACTS),
    ("logins", LOGINS),
    ("invoices", INVOICES),
];
