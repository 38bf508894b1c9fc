//! Which field of which form each column of the book comes from.

use crate::source::erp::ColumnFields;

const CLIENTS: &[(&str, &str)] = &[
    ("id", "cliente: id"),
    ("name", "razao, else fantasia"),
    ("person_type", "tipo_pessoa, else by the length of cnpj_cpf"),
    ("active", "ativo; no, while crm = S (a prospect)"),
    ("birth_date", "data_nascimento"),
    ("mobile", "telefone_celular"),
    ("whatsapp", "whatsapp"),
    ("phone", "fone"),
    ("work_phone", "telefone_comercial"),
    ("email", "email, the first of several"),
    ("tax_id", "cnpj_cpf"),
    ("street", "endereco"),
    ("number", "numero"),
    ("complement", "complemento"),
    ("district", "bairro"),
    ("city", "cidade, by the form cidade"),
    ("state", "uf, by the form uf where it is a number"),
    ("zip", "cep"),
    ("branch", "filial_id, by the form filial"),
    ("in_collection", "participa_cobranca"),
    ("in_reminders", "participa_pre_cobranca"),
    ("sms_allowed", "cob_envia_sms"),
    ("email_allowed", "cob_envia_email"),
];

const CONTRACTS: &[(&str, &str)] = &[
    ("id", "cliente_contrato: id"),
    ("client_id", "id_cliente"),
    ("plan", "contrato"),
    ("status", "status"),
    ("access_status", "status_internet"),
    ("activated_on", "data_ativacao"),
    ("branch", "id_filial, by the form filial"),
    ("seller", "id_vendedor, by the form vendedor"),
    (
        "city",
        "cidade, by the form cidade; none with endereco_padrao_cliente = S",
    ),
    ("district", "bairro; none with endereco_padrao_cliente = S"),
    ("payment_method", "contrato_recorrencia"),
    ("notice_hold_until", "nao_avisar_ate"),
];

const INVOICES: &[(&str, &str)] = &[
    ("id", "fn_areceber: id"),
    ("client_id", "id_cliente"),
    (
        "contract_id",
        "id_contrato, else id_contrato_principal, else id_contrato_avulso",
    ),
    ("number", "documento"),
    (
        "portfolio",
        "id_carteira_cobranca, by the form fn_carteira_cobranca",
    ),
    ("issued_on", "data_emissao"),
    ("due_on", "data_vencimento"),
    ("amount", "valor"),
    ("open_amount", "valor_aberto"),
    (
        "status",
        "status; renegotiated by titulo_renegociado and id_renegociacao",
    ),
    (
        "settled_on",
        "pagamento_data, baixa_data or data_cancelamento",
    ),
    ("released", "liberado; no, where status is not understood"),
    ("awaiting_confirmation", "aguardando_confirmacao_pagamento"),
    ("digitable_line", "linha_digitavel; else `sync codes`"),
    ("pix_code", "`sync codes` alone (pix_txid is no code)"),
    ("payment_url", "gateway_link"),
    ("payment_method", "tipo_recebimento"),
    (
        "bureau_listed_on",
        "data_negativacao, else data_protesto, where the form has them",
    ),
    (
        "bureau_removed_on",
        "data_baixa_negativacao, where the form has it",
    ),
];

const LOGINS: &[(&str, &str)] = &[
    ("id", "radusuarios: id"),
    ("client_id", "id_cliente"),
    ("contract_id", "id_contrato"),
    ("username", "login"),
    ("active", "ativo"),
    ("online", "online (SS is unknown)"),
    ("ip", "ip"),
    ("concentrator", "concentrador, else id_concentrador"),
    ("pop", "id_transmissor, by the form radpop_radio"),
    ("box", "id_caixa_ftth, by the form rad_caixa_ftth"),
    (
        "last_online_at",
        "the later of ultima_conexao_inicial and ultima_conexao_final",
    ),
];

const STAFF: &[(&str, &str)] = &[
    ("id", "funcionarios: id"),
    ("name", "funcionario"),
    ("email", "email, else that of the form usuarios"),
    ("mobile", "fone_celular"),
    ("active", "ativo"),
];

const TOPICS: &[(&str, &str)] = &[("id", "su_oss_assunto: id"), ("name", "assunto")];

const TICKETS: &[(&str, &str)] = &[
    ("id", "su_ticket: id"),
    ("client_id", "id_cliente"),
    ("topic_id", "id_assunto"),
    ("title", "titulo"),
    ("status", "su_status"),
    ("priority", "prioridade"),
    ("responsible_id", "id_responsavel_tecnico"),
    ("opened_by", "id_ticket_origem (I staff, H client)"),
    (
        "visible_to_client",
        "whether the client opened it, and ticket_visible",
    ),
    ("opened_at", "data_criacao"),
];

/// Where the columns of each kind come from.
pub(super) const COLUMNS: &[ColumnFields] = &[
    ("clients", CLIENTS),
    ("contracts", CONTRACTS),
    ("invoices", INVOICES),
    ("logins", LOGINS),
    ("staff", STAFF),
    ("topics", TOPICS),
    ("tickets", TICKETS),
];
