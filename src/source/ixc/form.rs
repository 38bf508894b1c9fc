//! The forms of the web service that may be read, and of each the few fields that are kept.

/// A form (a table) of the web service. There is no other way to name one, so that no form that
/// writes, sends or charges can ever be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// The provider itself: the smallest thing a token may read.
    Empresa,
    /// Clients.
    Cliente,
    /// Contracts.
    Contrato,
    /// Invoices.
    Areceber,
    /// Logins.
    Radusuarios,
    /// Tickets.
    Ticket,
    /// What was written in tickets.
    Mensagem,
    /// Subjects of tickets.
    Assunto,
    /// Those who work there.
    Funcionario,
    /// Accounts of those who work there: their e-mails.
    Usuario,
    /// Names of states.
    Uf,
    /// Names of cities.
    Cidade,
    /// Names of billing portfolios.
    Carteira,
    /// Names of branches.
    Filial,
    /// Names of sellers.
    Vendedor,
    /// Names of transmitters (a login's point of presence).
    Transmissor,
    /// Names of fibre boxes.
    Caixa,
}

impl Form {
    /// Its name in the address, and the table name of its filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empresa => "empresa",
            Self::Cliente => "cliente",
            Self::Contrato => "cliente_contrato",
            Self::Areceber => "fn_areceber",
            Self::Radusuarios => "radusuarios",
            Self::Ticket => "su_ticket",
            Self::Mensagem => "su_mensagens",
            Self::Assunto => "su_oss_assunto",
            Self::Funcionario => "funcionarios",
            Self::Usuario => "usuarios",
            Self::Uf => "uf",
            Self::Cidade => "cidade",
            Self::Carteira => "fn_carteira_cobranca",
            Self::Filial => "filial",
            Self::Vendedor => "vendedor",
            Self::Transmissor => "radpop_radio",
            Self::Caixa => "rad_caixa_ftth",
        }
    }

    /// The fields that outlive the parser. Every answer carries all columns, clear-text
    /// passwords among them; what is not named here is dropped while it is read.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Empresa => &["id"],
            Self::Cliente => CLIENT,
            Self::Contrato => CONTRACT,
            Self::Areceber => INVOICE,
            Self::Radusuarios => LOGIN,
            Self::Ticket => TICKET,
            Self::Mensagem => &["id", "id_ticket", "mensagem", "operador", "data", CHANGED],
            Self::Assunto => &["id", "assunto", CHANGED],
            Self::Funcionario => &[
                "id",
                "funcionario",
                "email",
                "fone_celular",
                "ativo",
                CHANGED,
            ],
            Self::Usuario => &["id", "funcionario", "email"],
            Self::Uf => &["id", "sigla"],
            Self::Cidade | Self::Vendedor => &["id", "nome"],
            Self::Carteira | Self::Transmissor | Self::Caixa => &["id", "descricao"],
            Self::Filial => &["id", "fantasia", "razao"],
        }
    }

    /// The field of a small form that rows refer to.
    pub const fn referred_by(self) -> &'static str {
        match self {
            // An account is its person's.
            Self::Usuario => "funcionario",
            _ => "id",
        }
    }

    /// The fields that give a row of a small form its name, best first.
    pub const fn name_fields(self) -> &'static [&'static str] {
        match self {
            Self::Cidade | Self::Vendedor => &["nome"],
            Self::Carteira | Self::Transmissor | Self::Caixa => &["descricao"],
            Self::Filial => &["fantasia", "razao"],
            Self::Uf => &["sigla"],
            Self::Usuario => &["email"],
            _ => &[],
        }
    }

    /// The form of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Every form.
    pub const ALL: [Self; 17] = [
        Self::Empresa,
        Self::Cliente,
        Self::Contrato,
        Self::Areceber,
        Self::Radusuarios,
        Self::Ticket,
        Self::Mensagem,
        Self::Assunto,
        Self::Funcionario,
        Self::Usuario,
        Self::Uf,
        Self::Cidade,
        Self::Carteira,
        Self::Filial,
        Self::Vendedor,
        Self::Transmissor,
        Self::Caixa,
    ];
}

/// The field that says when a row last changed, in the server's wall-clock time.
pub const CHANGED: &str = "ultima_atualizacao";

/// What is kept of a client.
const CLIENT: &[&str] = &[
    "id",
    "razao",
    "fantasia",
    "tipo_pessoa",
    "ativo",
    "data_nascimento",
    "telefone_celular",
    "whatsapp",
    "fone",
    "telefone_comercial",
    "email",
    "cnpj_cpf",
    "endereco",
    "numero",
    "complemento",
    "cidade",
    "bairro",
    "uf",
    "cep",
    "crm",
    "filial_id",
    "participa_cobranca",
    "participa_pre_cobranca",
    "cob_envia_sms",
    "cob_envia_email",
    CHANGED,
];

/// What is kept of a contract.
const CONTRACT: &[&str] = &[
    "id",
    "id_cliente",
    "id_filial",
    "id_vendedor",
    "contrato",
    "status",
    "status_internet",
    "data_ativacao",
    "endereco_padrao_cliente",
    "cidade",
    "bairro",
    "nao_avisar_ate",
    "contrato_recorrencia",
    CHANGED,
];

/// What is kept of an invoice.
const INVOICE: &[&str] = &[
    "id",
    "id_cliente",
    "id_contrato",
    "id_contrato_principal",
    "id_contrato_avulso",
    "id_carteira_cobranca",
    "documento",
    "status",
    "liberado",
    "data_emissao",
    "data_vencimento",
    "valor",
    "valor_aberto",
    "pagamento_data",
    "baixa_data",
    "data_cancelamento",
    "aguardando_confirmacao_pagamento",
    "linha_digitavel",
    "gateway_link",
    "tipo_recebimento",
    "titulo_renegociado",
    "id_renegociacao",
    "id_renegociacao_novo",
    "data_negativacao",
    "data_protesto",
    "data_baixa_negativacao",
    CHANGED,
];

/// What is kept of a login.
const LOGIN: &[&str] = &[
    "id",
    "id_cliente",
    "id_contrato",
    "login",
    "ativo",
    "online",
    "ip",
    "concentrador",
    "id_concentrador",
    "id_transmissor",
    "id_caixa_ftth",
    "ultima_conexao_inicial",
    "ultima_conexao_final",
    CHANGED,
];

/// What is kept of a ticket.
const TICKET: &[&str] = &[
    "id",
    "id_cliente",
    "id_assunto",
    "titulo",
    "su_status",
    "prioridade",
    "id_responsavel_tecnico",
    "id_ticket_origem",
    "menssagem",
    "data_criacao",
    CHANGED,
];

/// One row of a form: only its allowed fields, as text, in the order of [`Form::fields`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    form: Form,
    values: Vec<Option<String>>,
}

impl FormRow {
    /// A row without values.
    pub fn empty(form: Form) -> Self {
        Self {
            form,
            values: vec![None; form.fields().len()],
        }
    }

    /// A row from its values in the order of [`Form::fields`]; none when their number differs.
    pub fn from_values(form: Form, values: Vec<Option<String>>) -> Option<Self> {
        (values.len() == form.fields().len()).then_some(Self { form, values })
    }

    /// Its values in the order of [`Form::fields`].
    pub fn values(&self) -> &[Option<String>] {
        &self.values
    }

    /// The form it belongs to.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Keeps a value, if the field is one of those that are kept.
    pub fn set(&mut self, field: &str, value: String) {
        if let Some(at) = self.form.fields().iter().position(|name| *name == field) {
            self.values[at] = Some(value);
        }
    }

    /// A field's text without surrounding white space; none when the answer did not have it.
    pub fn get(&self, field: &str) -> Option<&str> {
        let at = self.form.fields().iter().position(|name| *name == field)?;
        self.values[at].as_deref().map(str::trim)
    }

    /// A field's text when it holds something.
    pub fn filled(&self, field: &str) -> Option<&str> {
        self.get(field).filter(|text| !text.is_empty())
    }

    /// A reference to another row; `0` and empty are none.
    pub fn reference(&self, field: &str) -> Option<i64> {
        self.filled(field)?.parse().ok().filter(|id| *id != 0)
    }

    /// Its id; none when it has none that is a whole number above zero.
    pub fn id(&self) -> Option<i64> {
        self.reference("id").filter(|id| *id > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_that_writes_can_be_named() {
        for name in ["get_boleto", "get_pix", "cliente_contrato_15463"] {
            assert_eq!(Form::parse(name), None);
        }
        for form in Form::ALL {
            assert_eq!(Form::parse(form.name()), Some(form));
            assert_eq!(form.fields()[0], "id");
        }
    }

    #[test]
    fn no_secret_is_among_the_fields_that_are_kept() {
        for form in Form::ALL {
            for field in form.fields() {
                for secret in ["senha", "token", "password", "hotsite", "secret"] {
                    assert!(!field.contains(secret), "{}.{field}", form.name());
                }
            }
        }
        let mut row = FormRow::empty(Form::Cliente);
        row.set("senha", "123".to_owned());
        assert!(row.values().iter().all(Option::is_none));
    }
}
