//! What the headings of a file mean: the book's own names, those of a preset, those a person mapped.

use std::collections::BTreeMap;

use crate::domain::book::{FactKind, KINDS, plain_heading};
use crate::error::{Error, Flaw, Result, did_you_mean};
use crate::toml_table::Section;

/// The headings of one program's exports: by kind, each column with the headings that mean it.
type Preset = &'static [(
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
)];

/// Every preset by its name.
const PRESETS: &[(&str, Preset)] = &[("ixc", IXC)];

/// What stands in a preset for a column that is passed over.
const PASSED_OVER: &str = "";

/// The grids of IXC Provedor and, where its web service calls a field otherwise, those names too.
const IXC: Preset = &[
    ("clients", IXC_CLIENTS),
    ("contracts", IXC_CONTRACTS),
    ("invoices", IXC_INVOICES),
    ("logins", IXC_LOGINS),
];

const IXC_CLIENTS: &[(&str, &[&str])] = &[
    ("id", &["ID", "Código", "ID cliente"]),
    (
        "name",
        &[
            "Razão social",
            "Razão",
            "Nome",
            "Nome/Razão social",
            "Cliente",
        ],
    ),
    ("person_type", &["Tipo de pessoa", "Tipo pessoa"]),
    ("active", &["Ativo", "Status"]),
    (
        "birth_date",
        &["Data de nascimento", "Data nascimento", "Nascimento"],
    ),
    ("mobile", &["Telefone celular", "Celular", "Tel. celular"]),
    ("whatsapp", &["WhatsApp", "Número WhatsApp"]),
    (
        "phone",
        &[
            "Fone",
            "Telefone",
            "Telefone residencial",
            "Tel. residencial",
        ],
    ),
    ("work_phone", &["Telefone comercial", "Tel. comercial"]),
    ("email", &["E-mail", "Email principal"]),
    ("tax_id", &["CNPJ/CPF", "CPF/CNPJ", "cnpj_cpf"]),
    ("street", &["Endereço", "Logradouro", "Rua"]),
    ("number", &["Número", "Nº"]),
    ("complement", &["Complemento"]),
    ("district", &["Bairro"]),
    ("city", &["Cidade"]),
    ("state", &["UF", "Estado"]),
    ("zip", &["CEP"]),
    ("branch", &["Filial", "filial_id"]),
    (
        "in_collection",
        &[
            "Participa cobrança",
            "Participa da cobrança",
            "Participa de cobrança",
        ],
    ),
    (
        "in_reminders",
        &[
            "Participa pré-cobrança",
            "Participa da pré-cobrança",
            "Participa de pré-cobrança",
        ],
    ),
    (
        "sms_allowed",
        &["Cobrança envia SMS", "cob_envia_sms", "Envia SMS"],
    ),
    (
        "email_allowed",
        &["Cobrança envia e-mail", "cob_envia_email", "Envia e-mail"],
    ),
    (
        PASSED_OVER,
        &[
            "Fantasia",
            "Nome fantasia",
            "IE/RG",
            "RG/IE",
            "ie_identidade",
            "Data de cadastro",
            "Data cadastro",
            "Última atualização",
            "Hotsite e-mail",
            "Observações",
            "Obs",
            "Vendedor",
        ],
    ),
];

const IXC_CONTRACTS: &[(&str, &[&str])] = &[
    ("id", &["ID", "Contrato ID", "ID contrato"]),
    (
        "client_id",
        &[
            "ID cliente",
            "Cliente ID",
            "ID do cliente",
            "Código do cliente",
        ],
    ),
    (
        "plan",
        &["Contrato", "Plano", "Plano de venda", "Descrição"],
    ),
    (
        "status",
        &["Status", "Status contrato", "Status do contrato"],
    ),
    (
        "access_status",
        &[
            "Status acesso",
            "Status de acesso",
            "Status internet",
            "Acesso",
        ],
    ),
    (
        "activated_on",
        &["Data de ativação", "Data ativação", "Ativação"],
    ),
    ("branch", &["Filial", "id_filial"]),
    ("seller", &["Vendedor", "id_vendedor"]),
    ("city", &["Cidade"]),
    ("district", &["Bairro"]),
    ("notice_hold_until", &["Não avisar até"]),
    (
        "payment_method",
        &["Recorrência", "contrato_recorrencia", "Forma de pagamento"],
    ),
    (
        PASSED_OVER,
        &[
            "Cliente",
            "Razão social",
            "Data de cadastro",
            "Última atualização",
        ],
    ),
];

const IXC_INVOICES: &[(&str, &[&str])] = &[
    ("id", &["ID", "ID areceber", "Título"]),
    (
        "client_id",
        &[
            "ID cliente",
            "Cliente ID",
            "ID do cliente",
            "Código do cliente",
        ],
    ),
    (
        "contract_id",
        &["ID contrato", "Contrato", "ID do contrato"],
    ),
    (
        "number",
        &["Documento", "Nº documento", "Número do documento"],
    ),
    (
        "portfolio",
        &["Carteira", "Carteira de cobrança", "id_carteira_cobranca"],
    ),
    ("issued_on", &["Data de emissão", "Data emissão", "Emissão"]),
    (
        "due_on",
        &["Data de vencimento", "Data vencimento", "Vencimento"],
    ),
    ("amount", &["Valor", "Valor total"]),
    (
        "open_amount",
        &["Valor aberto", "Valor em aberto", "Aberto"],
    ),
    ("status", &["Status"]),
    (
        "settled_on",
        &[
            "Data de pagamento",
            "Data pagamento",
            "pagamento_data",
            "Pagamento",
        ],
    ),
    ("released", &["Liberado"]),
    (
        "awaiting_confirmation",
        &[
            "Aguardando confirmação de pagamento",
            "aguardando_confirmacao_pagamento",
        ],
    ),
    ("digitable_line", &["Linha digitável"]),
    (
        "payment_url",
        &["Gateway link", "Link de pagamento", "Link"],
    ),
    (
        "payment_method",
        &[
            "Tipo de recebimento",
            "Tipo recebimento",
            "Forma de recebimento",
        ],
    ),
    (
        PASSED_OVER,
        &[
            "Cliente",
            "Razão social",
            "Valor recebido",
            "Filial",
            "Parcela",
            "nparcela",
            "Obs",
            "Observação",
            "Última atualização",
        ],
    ),
];

const IXC_LOGINS: &[(&str, &[&str])] = &[
    ("id", &["ID"]),
    ("client_id", &["ID cliente", "Cliente ID", "ID do cliente"]),
    (
        "contract_id",
        &["ID contrato", "Contrato", "ID do contrato"],
    ),
    ("username", &["Login", "Usuário"]),
    ("active", &["Ativo", "Status"]),
    ("online", &["Online", "Conectado"]),
    ("ip", &["IP", "Endereço IP"]),
    ("concentrator", &["Concentrador"]),
    ("pop", &["Transmissor", "POP", "id_transmissor"]),
    (
        "box",
        &["Caixa FTTH", "Caixa de atendimento", "id_caixa_ftth"],
    ),
    (
        "last_online_at",
        &["Última conexão final", "Última conexão"],
    ),
    (
        PASSED_OVER,
        &[
            "Cliente",
            "Razão social",
            "MAC",
            "Senha",
            "Última atualização",
        ],
    ),
];

/// What one heading means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A column of the kind, by its place.
    Column(usize),
    /// The same by a preset, which knows several headings for one column: the first in a file counts.
    Likely(usize),
    /// Something that the book does not keep.
    Nothing,
}

/// The headings of files, besides the book's own names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headings {
    /// By kind, each plain heading with its meaning.
    known: BTreeMap<&'static str, BTreeMap<String, Meaning>>,
}

impl Headings {
    /// Reads `[import.KIND] column = "heading"`.
    pub fn read(import: &Section<'_, '_>) -> Self {
        let mut headings = Self::default();
        for kind in &KINDS {
            let Some(section) = import.section(kind.name) else {
                continue;
            };
            for column in kind.columns {
                if let Some(text) = section.filled(column.name) {
                    headings.add(kind, column.name, &text, Meaning::Column);
                }
            }
            section.finish();
        }
        headings
    }

    /// The same headings, and those of a preset where a person mapped none.
    ///
    /// # Errors
    /// When there is no such preset (exit 2).
    pub fn with_preset(mut self, name: &str) -> Result<Self> {
        let Some((_, preset)) = PRESETS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            return Err(Error::usage(format!("`{name}` is no preset of headings"))
                .hint(format!("known: {}", names.join(", ")))
                .hint(
                    "[import.clients] name = \"…\" in the configuration maps a file's own headings",
                ));
        };
        for (kind, columns) in *preset {
            let Some(kind) = FactKind::named(kind) else {
                continue;
            };
            for (column, texts) in *columns {
                for text in *texts {
                    self.add(kind, column, text, Meaning::Likely);
                }
            }
        }
        Ok(self)
    }

    /// Notes a heading, unless it is known already.
    fn add(
        &mut self,
        kind: &'static FactKind,
        column: &str,
        heading: &str,
        meaning: fn(usize) -> Meaning,
    ) {
        let meaning = kind.position(column).map_or(Meaning::Nothing, meaning);
        let known = self.known.entry(kind.name).or_default();
        known.entry(plain_heading(heading)).or_insert(meaning);
    }

    /// What a heading of a file of this kind means; none when nobody knows it.
    pub fn meaning(&self, kind: &FactKind, heading: &str) -> Option<Meaning> {
        let mapped = self.known.get(kind.name);
        mapped
            .and_then(|known| known.get(&plain_heading(heading)).copied())
            .or_else(|| kind.means(heading).map(Meaning::Column))
    }

    /// What is wrong with a heading that nobody knows, and the nearest that is known.
    pub fn unknown(kind: &FactKind, heading: &str) -> Flaw {
        let names = kind.columns.iter().map(|column| column.name);
        let plain = plain_heading(heading);
        let remedy = did_you_mean(heading.trim(), names.clone())
            .or_else(|| did_you_mean(&plain, names.clone()))
            .map_or_else(
                || {
                    let names = names.clone().collect::<Vec<_>>().join(", ");
                    format!("known: {names} (--ignore-unknown passes it over)")
                },
                |question| format!("{question} (--ignore-unknown passes it over)"),
            );
        let found = format!("{} have no such column", kind.name);
        Flaw::of(heading, found, remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_a_preset_is_one_of_the_books() {
        for (name, preset) in PRESETS {
            for (kind, columns) in *preset {
                let kind = FactKind::named(kind).expect("a kind");
                for (column, _) in *columns {
                    let known = column.is_empty() || kind.position(column).is_some();
                    assert!(known, "{name}: {}.{column}", kind.name);
                }
            }
        }
    }

    #[test]
    fn a_preset_knows_the_headings_of_a_grid() {
        let headings = Headings::default().with_preset("ixc").expect("a preset");
        let kind = FactKind::named("clients").expect("a kind");
        let column = |heading: &str| headings.meaning(kind, heading);
        let at = |name: &str| kind.position(name).map(Meaning::Likely);
        for (heading, name) in [
            ("Razão Social", "name"),
            ("razao", "name"),
            ("telefone_celular", "mobile"),
            ("CNPJ/CPF", "tax_id"),
            ("data_nascimento", "birth_date"),
            ("E-mail", "email"),
            ("participa_pre_cobranca", "in_reminders"),
        ] {
            assert_eq!(column(heading), at(name), "{heading}");
        }
        assert_eq!(column("Fantasia"), Some(Meaning::Nothing));
        assert_eq!(column("Cor"), None);
    }
}
