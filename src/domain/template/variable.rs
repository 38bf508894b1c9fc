//! The variables a template may write: each one's name, what it needs, and its value as people read it.

use std::borrow::Cow;

use super::facts::{Company, Facts, listed, months, total};
use crate::domain::words::Word as _;
use crate::domain::{day, phone, tax_id};
use crate::error::{Flaw, nearest};

/// What a variable takes its value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// The client.
    Client,
    /// One contract.
    Contract,
    /// One invoice.
    Invoice,
    /// All the client's owing overdue invoices.
    Overdue,
    /// One login.
    Login,
    /// One ticket.
    Ticket,
    /// The configuration's `[company]`.
    Company,
    /// The clock.
    Clock,
}

impl Need {
    /// As an error names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "a client",
            Self::Contract => "a contract",
            Self::Invoice => "an invoice",
            Self::Overdue => "the client's overdue invoices",
            Self::Login => "a login",
            Self::Ticket => "a ticket",
            Self::Company => "the configuration",
            Self::Clock => "the clock",
        }
    }
}

macro_rules! variables {
    ($($member:ident = $name:literal from $need:ident: $value:expr,)+) => {
        /// A name that a template may write between number signs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each member is the name it is spelled with, explained in the README")]
        pub enum Variable { $($member,)+ }

        impl Variable {
            /// Every variable, grouped by what it needs.
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];

            /// The name without its number signs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $name,)+ }
            }

            /// What its value comes from.
            pub const fn need(self) -> Need {
                match self { $(Self::$member => Need::$need,)+ }
            }

            /// The variable of that name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$member),)+ _ => None }
            }

            /// The variable that a mistyped name may mean.
            pub(super) fn near(name: &str) -> Option<Self> {
                nearest(name, Self::ALL.iter().map(|known| known.name())).and_then(Self::named)
            }

            /// The variable of that name, which must be one.
            ///
            /// # Errors
            /// The flaw, with the name that may be meant.
            pub fn known(name: &str) -> Result<Self, Flaw> {
                Self::named(name).ok_or_else(|| {
                    let remedy = Self::near(name).map_or_else(
                        || "see `regua template variables`".to_owned(),
                        |near| format!("try {}", near.name()),
                    );
                    Flaw::of("", format!("`{name}` is not a known variable"), remedy)
                })
            }

            /// How its value is read; none when it is missing.
            fn reader<'a>(self) -> fn(&Facts<'a>) -> Option<Cow<'a, str>> {
                match self { $(Self::$member => $value,)+ }
            }
        }
    };
}

variables! {
    ClienteId = "cliente_id" from Client: |f| owned(f.client?.id),
    ClienteNome = "cliente_nome" from Client: |f| text(Some(&f.client?.name)),
    ClientePrimeiroNome = "cliente_primeiro_nome" from Client: |f| text(Some(f.client?.first_name())),
    ClienteDataNascimento = "cliente_data_nascimento" from Client: |f| owned(day::in_portuguese(f.client?.birth_date?)),
    ClienteAniversario = "cliente_aniversario" from Client: |f| owned(f.client?.birth_date?.format("%d/%m")),
    ClienteDocumento = "cliente_documento" from Client: |f| owned(tax_id::masked(f.client?.tax_id.as_deref()?)),
    ClienteCidade = "cliente_cidade" from Client: |f| text(f.client?.city.as_deref()),
    ClienteBairro = "cliente_bairro" from Client: |f| text(f.client?.district.as_deref()),
    ClienteEndereco = "cliente_endereco" from Client: |f| f.client?.address_line().map(Cow::Owned),
    ClienteTelefone = "cliente_telefone" from Client: |f| owned(phone::shown(f.client?.any_phone()?)),
    ClienteEmail = "cliente_email" from Client: |f| text(f.client?.email.as_deref()),
    ContratoId = "contrato_id" from Contract: |f| owned(f.contract?.id),
    ContratoPlano = "contrato_plano" from Contract: |f| text(f.contract?.plan.as_deref()),
    ContratoStatus = "contrato_status" from Contract: |f| said(f, f.contract?.status.as_str(), f.contract?.status.in_portuguese()),
    ContratoStatusAcesso = "contrato_status_acesso" from Contract: |f| said(f, f.contract?.access_status?.as_str(), f.contract?.access_status?.in_portuguese()),
    AreceberNumero = "areceber_numero" from Invoice: |f| owned(f.invoice?.id),
    AreceberDocumento = "areceber_documento" from Invoice: |f| text(f.invoice?.number.as_deref()),
    AreceberDataEmissao = "areceber_data_emissao" from Invoice: |f| owned(day::in_portuguese(f.invoice?.issued_on?)),
    AreceberDataVencimento = "areceber_data_vencimento" from Invoice: |f| owned(day::in_portuguese(f.invoice?.due_on)),
    AreceberDataPagamento = "areceber_data_pagamento" from Invoice: |f| owned(day::in_portuguese(f.invoice?.settled_on?)),
    AreceberValor = "areceber_valor" from Invoice: |f| owned(f.invoice?.open_amount),
    AreceberValorTotal = "areceber_valor_total" from Invoice: |f| owned(f.invoice?.amount),
    AreceberDiasAtraso = "areceber_dias_atraso" from Invoice: |f| owned(f.invoice?.days_late(f.now.today)),
    AreceberDiasParaVencer = "areceber_dias_para_vencer" from Invoice: |f| owned(day::between(f.now.today, f.invoice?.due_on).max(0)),
    AreceberLinhaDigitavel = "areceber_linha_digitavel" from Invoice: |f| text(f.invoice?.digitable_line.as_deref()),
    AreceberPix = "areceber_pix" from Invoice: |f| text(f.invoice?.pix_code.as_deref()),
    AreceberLink = "areceber_link" from Invoice: |f| text(f.invoice?.payment_url.as_deref()),
    AreceberMesReferencia = "areceber_mes_referencia" from Invoice: |f| owned(f.invoice?.due_on.format("%m/%Y")),
    FaturasQuantidade = "faturas_quantidade" from Invoice: |f| owned(f.spoken_for()?.len()),
    FaturasTotal = "faturas_total" from Invoice: |f| owned(total(f.spoken_for()?)),
    FaturasLista = "faturas_lista" from Invoice: |f| owned(listed(f.spoken_for()?)),
    FaturasMeses = "faturas_meses" from Invoice: |f| owned(months(f.spoken_for()?)),
    SuspensaoData = "suspensao_data" from Invoice: |f| owned(day::in_portuguese(f.notice?.suspension)),
    RescisaoData = "rescisao_data" from Invoice: |f| owned(day::in_portuguese(f.notice?.rescission)),
    AvisoSuspensao = "aviso_suspensao" from Invoice: |_| None,
    CobrancaQuantidade = "cobranca_quantidade" from Overdue: |f| owned(f.overdue?.count),
    CobrancaTotal = "cobranca_total" from Overdue: |f| owned(f.overdue?.total),
    Login = "login" from Login: |f| text(Some(&f.login?.username)),
    LoginIp = "login_ip" from Login: |f| text(f.login?.ip.as_deref()),
    LoginConcentrador = "login_concentrador" from Login: |f| text(f.login?.concentrator.as_deref()),
    AtendimentoId = "atendimento_id" from Ticket: |f| owned(f.ticket?.id),
    AtendimentoTitulo = "atendimento_titulo" from Ticket: |f| text(f.ticket?.title.as_deref()),
    AtendimentoAssunto = "atendimento_assunto" from Ticket: |f| text(f.ticket?.topic.as_deref()),
    AtendimentoSubassunto = "atendimento_subassunto" from Ticket: |f| text(f.ticket?.subtopic.as_deref()),
    AtendimentoStatus = "atendimento_status" from Ticket: |f| Some(f.company.words.free(f.ticket?.status.as_deref()?)),
    AtendimentoStatusAnterior = "atendimento_status_anterior" from Ticket: |f| Some(f.company.words.free(f.ticket?.previous_status.as_deref()?)),
    AtendimentoPrioridade = "atendimento_prioridade" from Ticket: |f| Some(f.company.words.free(f.ticket?.priority.as_deref()?)),
    AtendimentoAbertoEm = "atendimento_aberto_em" from Ticket: |f| owned(f.ticket?.opened_at?.with_timezone(&f.now.zone).format("%d/%m/%Y %H:%M")),
    AtendimentoMensagem = "atendimento_mensagem" from Ticket: |f| text(f.ticket?.message.as_deref()),
    AtendimentoResposta = "atendimento_resposta" from Ticket: |f| text(f.ticket?.reply.as_deref()),
    AtendimentoResponsavel = "atendimento_responsavel" from Ticket: |f| text(f.ticket?.responsible.as_deref()),
    EmpresaNome = "empresa_nome" from Company: |f| text(f.company.value(Self::EmpresaNome)),
    EmpresaTelefone = "empresa_telefone" from Company: |f| text(f.company.value(Self::EmpresaTelefone)),
    EmpresaDocumento = "empresa_documento" from Company: |f| text(f.company.value(Self::EmpresaDocumento)),
    DataHoje = "data_hoje" from Clock: |f| owned(day::in_portuguese(f.now.today)),
    HoraAgora = "hora_agora" from Clock: |f| owned(f.now.local().format("%H:%M")),
}

impl Variable {
    /// Whether it speaks of every invoice that a message stands for, and not of one alone.
    pub const fn of_all_invoices(self) -> bool {
        matches!(
            self,
            Self::FaturasQuantidade
                | Self::FaturasTotal
                | Self::FaturasLista
                | Self::FaturasMeses
                | Self::AvisoSuspensao
        )
    }

    /// Whether it says what a notice of suspension allows, and when.
    pub const fn of_a_notice(self) -> bool {
        matches!(
            self,
            Self::SuspensaoData | Self::RescisaoData | Self::AvisoSuspensao
        )
    }
}

impl Company {
    /// The value of a variable that comes from the configuration; none when it is not there.
    pub fn value(&self, variable: Variable) -> Option<&str> {
        let value = match variable {
            Variable::EmpresaNome => &self.name,
            Variable::EmpresaTelefone => &self.phone,
            Variable::EmpresaDocumento => &self.tax_id,
            _ => return None,
        };
        value.as_deref().filter(|value| !value.trim().is_empty())
    }
}

impl<'a> Facts<'a> {
    /// The value of a variable that is no text with variables of its own.
    pub(super) fn plain_value(&self, variable: Variable) -> Option<Cow<'a, str>> {
        variable.reader()(self).filter(|value| !value.trim().is_empty())
    }
}

/// A value that stands in the book as it is read.
fn text(value: Option<&str>) -> Option<Cow<'_, str>> {
    value.map(Cow::Borrowed)
}

/// A word of ours as the provider says it, else in Portuguese.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every variable's reader answers an option"
)]
fn said<'a>(facts: &Facts<'a>, word: &str, portuguese: &'static str) -> Option<Cow<'a, str>> {
    let company = facts.company;
    Some(Cow::Borrowed(
        company.words.said(word).unwrap_or(portuguese),
    ))
}

/// A value that is written out.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every variable's reader answers an option"
)]
fn owned<'a>(value: impl ToString) -> Option<Cow<'a, str>> {
    Some(Cow::Owned(value.to_string()))
}
