//! The headings of IXC Provedor's grids, and its web service's own names.

use crate::source::headings::{KnownHeadings, PASSED_OVER};

/// The grids of IXC Provedor and, where its web service calls a field otherwise, those names too.
pub(super) const HEADINGS: KnownHeadings = &[
    ("clients", CLIENTS),
    ("contracts", CONTRACTS),
    ("invoices", INVOICES),
    ("logins", LOGINS),
];

const CLIENTS: &[(&str, &[&str])] = &[
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

const CONTRACTS: &[(&str, &[&str])] = &[
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

const INVOICES: &[(&str, &[&str])] = &[
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

const LOGINS: &[(&str, &[&str])] = &[
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
