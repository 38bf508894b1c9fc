//! Hubsoft's clients with their services, and its invoices, as rows of the book. What is not named here is
//! dropped while it is read: every service carries its password.

use serde::Deserialize;

use super::super::Row;
use super::super::erp::{ColumnFields, day, is_something, less, put_document, strange};
use super::super::web::{Scalar, row};
use crate::domain::book::FactKind;

/// Where the pages of a list stand.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    pub ultima_pagina: Scalar,
    #[serde(default)]
    pub total_registros: Scalar,
}

/// A page of clients.
#[derive(Debug, Deserialize)]
pub(super) struct ClientPage {
    pub clientes: Option<Vec<Customer>>,
    pub paginacao: Option<Paging>,
    #[serde(default)]
    pub status: Scalar,
    #[serde(default)]
    pub msg: Scalar,
}

/// A client.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Customer {
    pub id_cliente: Scalar,
    nome_razaosocial: Scalar,
    nome_fantasia: Scalar,
    tipo_pessoa: Scalar,
    cpf_cnpj: Scalar,
    telefone_primario: Scalar,
    telefone_secundario: Scalar,
    telefone_terciario: Scalar,
    email_principal: Scalar,
    // So it is spelled in the vendor's answers.
    #[serde(alias = "data_nascimento")]
    data_nascmento: Scalar,
    servicos: Option<Vec<Service>>,
}

/// A service of a client: the book's contract, and its login.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    id_cliente_servico: Scalar,
    nome: Scalar,
    status: Scalar,
    status_prefixo: Scalar,
    login: Scalar,
    ipv4: Scalar,
    data_habilitacao: Scalar,
    equipamento_roteamento: Option<Equipment>,
    equipamento_conexao: Option<Equipment>,
    endereco_cadastral: Option<Address>,
    endereco_instalacao: Option<Address>,
    endereco_cobranca: Option<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Equipment {
    nome: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    logradouro: Scalar,
    endereco: Scalar,
    numero: Scalar,
    complemento: Scalar,
    bairro: Scalar,
    cep: Scalar,
    // `estado` has the two letters, `uf` the name: so it is in the vendor's answers, or the other way round.
    estado: Scalar,
    uf: Scalar,
    cidade: Scalar,
}

/// A page of invoices.
#[derive(Debug, Deserialize)]
pub(super) struct InvoicePage {
    pub faturas: Option<Vec<Bill>>,
    pub paginacao: Option<Paging>,
    #[serde(default)]
    pub status: Scalar,
    #[serde(default)]
    pub msg: Scalar,
}

/// An invoice.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bill {
    pub id_fatura: Scalar,
    id_cliente_servico: Scalar,
    nosso_numero: Scalar,
    data_vencimento: Scalar,
    data_pagamento: Scalar,
    data_cadastro: Scalar,
    valor: Scalar,
    valor_pago: Scalar,
    linha_digitavel: Scalar,
    tipo_cobranca: Scalar,
    link: Scalar,
    #[serde(alias = "pix_copia_e_cola")]
    pix_copia_cola: Scalar,
    cliente: Option<BillClient>,
    forma_cobranca: Option<BillForm>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BillClient {
    id_cliente: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BillForm {
    descricao: Scalar,
}

/// What Hubsoft calls the state of a service, and what the book calls it: contract, access.
const STATES: &[(&str, &str, &str)] = &[
    ("servico_habilitado", "active", "active"),
    ("suspenso_debito", "active", "auto_block"),
    ("suspenso_parcialmente", "active", "auto_block"),
    // Nobody cut it for debt.
    ("suspenso_pedido_cliente", "active", "disabled"),
    ("aguardando_instalacao", "pre_contract", ""),
    (
        "aguardando_assinatura_contrato",
        "pre_contract",
        "awaiting_signature",
    ),
    ("cancelado", "inactive", "disabled"),
    ("servico_cancelado", "inactive", "disabled"),
];

impl Customer {
    /// The client itself.
    pub fn client(&self, kind: &'static FactKind, id: i64) -> Row {
        let services = self.servicos.as_deref().unwrap_or_default();
        let address = services.iter().find_map(Service::address);
        let name = self
            .nome_razaosocial
            .filled()
            .or(self.nome_fantasia.filled());
        let active = services.iter().any(|service| {
            service
                .state()
                .is_some_and(|(status, _)| status == "active")
        });
        let part = |pick: fn(&Address) -> String| address.map(pick);
        let mut row = row(
            kind,
            id,
            [
                ("name", Some(name.unwrap_or_default().to_owned())),
                ("person_type", Some(self.person().to_owned())),
                // Whose services are all cancelled is a client no more.
                (
                    "active",
                    self.servicos
                        .as_ref()
                        .map(|_| if active { "yes" } else { "no" }.to_owned()),
                ),
                ("birth_date", Some(birth(&self.data_nascmento))),
                ("mobile", Some(self.telefone_primario.text())),
                ("phone", Some(self.telefone_secundario.text())),
                ("work_phone", Some(self.telefone_terciario.text())),
                ("email", Some(self.email_principal.text())),
                ("street", part(Address::street)),
                ("number", part(|a| a.numero.text())),
                ("complement", part(|a| a.complemento.text())),
                ("district", part(|a| a.bairro.text())),
                ("city", part(|a| a.cidade.text())),
                ("state", address.and_then(Address::letters)),
                ("zip", part(|a| a.cep.text())),
            ],
        );
        put_document(&mut row, kind, ("cpf_cnpj", self.cpf_cnpj.text()));
        row
    }

    /// A person or a company; where it is not said, the document's length tells.
    fn person(&self) -> &'static str {
        match self.tipo_pessoa.filled() {
            Some("pj") => "company",
            Some("pf") => "individual",
            _ if self.cpf_cnpj.filled().is_some_and(|id| id.len() > 11) => "company",
            _ => "individual",
        }
    }

    /// Its services as contracts.
    pub fn contracts(&self, kind: &'static FactKind, client: i64) -> Vec<Row> {
        let services = self.servicos.as_deref().unwrap_or_default().iter();
        services
            .filter_map(|service| service.contract(kind, client))
            .collect()
    }

    /// The logins of its services.
    pub fn logins(&self, kind: &'static FactKind, client: i64) -> Vec<Row> {
        let services = self.servicos.as_deref().unwrap_or_default().iter();
        services
            .filter_map(|service| service.login(kind, client))
            .collect()
    }
}

impl Service {
    /// Where its client lives, as far as it is told.
    fn address(&self) -> Option<&Address> {
        let known = [
            &self.endereco_cadastral,
            &self.endereco_cobranca,
            &self.endereco_instalacao,
        ];
        known.into_iter().find_map(Option::as_ref)
    }

    fn state(&self) -> Option<(&'static str, &'static str)> {
        let state = self.status_prefixo.filled()?;
        let known = STATES.iter().find(|(name, _, _)| *name == state)?;
        Some((known.1, known.2))
    }

    fn contract(&self, kind: &'static FactKind, client: i64) -> Option<Row> {
        let id = self.id_cliente_servico.id()?;
        let (status, access) = self.state().unwrap_or(("inactive", ""));
        let place = self.endereco_instalacao.as_ref();
        let mut row = row(
            kind,
            id,
            [
                ("client_id", Some(client.to_string())),
                ("plan", Some(self.nome.text())),
                ("status", Some(status.to_owned())),
                ("access_status", Some(access.to_owned())),
                ("activated_on", self.data_habilitacao.filled().map(day)),
                ("city", place.map(|a| a.cidade.text())),
                ("district", place.map(|a| a.bairro.text())),
            ],
        );
        if self.state().is_none() {
            let found = self.status_prefixo.filled().or(self.status.filled());
            row.strange.push(strange(
                "status_prefixo",
                found.unwrap_or_default(),
                "taken as inactive",
                true,
            ));
        }
        Some(row)
    }

    fn login(&self, kind: &'static FactKind, client: i64) -> Option<Row> {
        let id = self.id_cliente_servico.id()?;
        let username = self.login.filled()?;
        let name = |equipment: &Option<Equipment>| equipment.as_ref().map(|e| e.nome.text());
        Some(row(
            kind,
            id,
            [
                ("client_id", Some(client.to_string())),
                ("contract_id", Some(id.to_string())),
                ("username", Some(username.to_owned())),
                (
                    "active",
                    self.state().map(|(status, _)| {
                        if status == "active" { "yes" } else { "no" }.to_owned()
                    }),
                ),
                ("ip", Some(self.ipv4.text())),
                ("concentrator", name(&self.equipamento_roteamento)),
                ("pop", name(&self.equipamento_conexao)),
            ],
        ))
    }
}

impl Address {
    fn street(&self) -> String {
        let parts = [&self.logradouro, &self.endereco];
        parts
            .into_iter()
            .filter_map(Scalar::filled)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The state's two letters.
    fn letters(&self) -> Option<String> {
        let both = [&self.estado, &self.uf]
            .into_iter()
            .filter_map(Scalar::filled);
        let mut letters = both.filter(|text| text.len() == 2);
        letters.next().map(str::to_owned)
    }
}

impl Bill {
    /// The invoice.
    pub fn invoice(&self, kind: &'static FactKind, id: i64) -> Row {
        let client = self.cliente.as_ref().map(|client| client.id_cliente.text());
        let paid = self
            .data_pagamento
            .filled()
            .filter(|day| !day.starts_with("0000"));
        // Money as text: what is owed is the book's business, cents and all.
        let part = self.valor_pago.filled().filter(is_something);
        let (status, open) = match (paid, part) {
            (Some(_), _) => ("paid", Some(String::new())),
            (None, Some(part)) => ("partial", less(self.valor.filled(), part)),
            (None, None) => ("open", Some(self.valor.text())),
        };
        let form = self
            .forma_cobranca
            .as_ref()
            .and_then(|form| form.descricao.filled());
        row(
            kind,
            id,
            [
                ("client_id", Some(client.unwrap_or_default())),
                ("contract_id", Some(self.id_cliente_servico.text())),
                ("number", Some(self.nosso_numero.text())),
                (
                    "portfolio",
                    form.or(self.tipo_cobranca.filled()).map(str::to_owned),
                ),
                ("issued_on", self.data_cadastro.filled().map(day)),
                (
                    "due_on",
                    Some(self.data_vencimento.filled().map(day).unwrap_or_default()),
                ),
                ("amount", Some(self.valor.text())),
                ("open_amount", open),
                ("status", Some(status.to_owned())),
                ("settled_on", Some(paid.map(day).unwrap_or_default())),
                ("digitable_line", Some(self.linha_digitavel.text())),
                ("pix_code", self.pix_copia_cola.filled().map(str::to_owned)),
                ("payment_url", Some(self.link.text())),
                ("payment_method", Some(self.tipo_cobranca.text())),
            ],
        )
    }
}

/// A birth date; the one that stands for none in Hubsoft's answers is none.
fn birth(date: &Scalar) -> String {
    let day = date.filled().map(day).unwrap_or_default();
    if matches!(day.as_str(), "1969-12-31" | "1970-01-01") {
        String::new()
    } else {
        day
    }
}

/// Where the columns of clients come from.
const CLIENTS: &[(&str, &str)] = &[
    ("id", "cliente/all: id_cliente"),
    ("name", "nome_razaosocial, else nome_fantasia"),
    (
        "person_type",
        "tipo_pessoa (pf, pj), else by the document's length",
    ),
    ("active", "whether one of servicos is not cancelled"),
    ("birth_date", "data_nascmento (1969-12-31 is none)"),
    ("mobile", "telefone_primario"),
    ("phone", "telefone_secundario"),
    ("work_phone", "telefone_terciario"),
    ("email", "email_principal"),
    ("tax_id", "cpf_cnpj"),
    (
        "street",
        "servicos[].endereco_cadastral: logradouro endereco",
    ),
    ("number", "servicos[].endereco_cadastral.numero"),
    ("complement", "servicos[].endereco_cadastral.complemento"),
    ("district", "servicos[].endereco_cadastral.bairro"),
    ("city", "servicos[].endereco_cadastral.cidade"),
    (
        "state",
        "servicos[].endereco_cadastral: estado or uf, the two letters",
    ),
    ("zip", "servicos[].endereco_cadastral.cep"),
];
/// Where the columns of contracts come from.
const CONTRACTS: &[(&str, &str)] = &[
    ("id", "cliente/all: servicos[].id_cliente_servico"),
    ("client_id", "id_cliente"),
    ("plan", "servicos[].nome"),
    ("status", "servicos[].status_prefixo"),
    (
        "access_status",
        "servicos[].status_prefixo (suspenso_debito is auto_block)",
    ),
    ("activated_on", "servicos[].data_habilitacao"),
    ("city", "servicos[].endereco_instalacao.cidade"),
    ("district", "servicos[].endereco_instalacao.bairro"),
];
/// Where the columns of logins come from.
const LOGINS: &[(&str, &str)] = &[
    ("id", "cliente/all: servicos[].id_cliente_servico"),
    ("client_id", "id_cliente"),
    ("contract_id", "servicos[].id_cliente_servico"),
    ("username", "servicos[].login"),
    ("active", "servicos[].status_prefixo"),
    ("ip", "servicos[].ipv4"),
    ("concentrator", "servicos[].equipamento_roteamento.nome"),
    ("pop", "servicos[].equipamento_conexao.nome"),
];
/// Where the columns of invoices come from.
const INVOICES: &[(&str, &str)] = &[
    ("id", "financeiro/fatura: id_fatura"),
    ("client_id", "cliente.id_cliente"),
    ("contract_id", "id_cliente_servico"),
    ("number", "nosso_numero"),
    ("portfolio", "forma_cobranca.descricao, else tipo_cobranca"),
    ("issued_on", "data_cadastro"),
    ("due_on", "data_vencimento"),
    ("amount", "valor"),
    ("open_amount", "valor less valor_pago"),
    (
        "status",
        "data_pagamento (paid), valor_pago (partial), else open",
    ),
    ("settled_on", "data_pagamento"),
    ("digitable_line", "linha_digitavel"),
    ("pix_code", "pix_copia_cola, with pix = true"),
    ("payment_url", "link"),
    ("payment_method", "tipo_cobranca"),
];

/// Where the columns of each kind come from.
pub(super) const COLUMNS: &[ColumnFields] = &[
    ("clients", CLIENTS),
    ("contracts", CONTRACTS),
    ("logins", LOGINS),
    ("invoices", INVOICES),
];
