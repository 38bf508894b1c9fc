//! A template: text with variables for one channel, checked when saved, rendered without holes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::client::Client;
use super::contract::Contract;
use super::day;
use super::invoice::Invoice;
use super::login::Login;
use super::money::Money;
use super::tax_id;
use super::ticket::event::TicketFacts;
use super::words::{Channel, Kind, Purpose};
use crate::clock::Now;
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
    ($($member:ident = $name:literal from $need:ident,)+) => {
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
            fn near(name: &str) -> Option<Self> {
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
        }
    };
}

variables! {
    ClienteId = "cliente_id" from Client,
    ClienteNome = "cliente_nome" from Client,
    ClientePrimeiroNome = "cliente_primeiro_nome" from Client,
    ClienteDataNascimento = "cliente_data_nascimento" from Client,
    ClienteAniversario = "cliente_aniversario" from Client,
    ClienteDocumento = "cliente_documento" from Client,
    ClienteCidade = "cliente_cidade" from Client,
    ContratoId = "contrato_id" from Contract,
    ContratoPlano = "contrato_plano" from Contract,
    ContratoStatus = "contrato_status" from Contract,
    ContratoStatusAcesso = "contrato_status_acesso" from Contract,
    AreceberNumero = "areceber_numero" from Invoice,
    AreceberDocumento = "areceber_documento" from Invoice,
    AreceberDataEmissao = "areceber_data_emissao" from Invoice,
    AreceberDataVencimento = "areceber_data_vencimento" from Invoice,
    AreceberDataPagamento = "areceber_data_pagamento" from Invoice,
    AreceberValor = "areceber_valor" from Invoice,
    AreceberValorTotal = "areceber_valor_total" from Invoice,
    AreceberDiasAtraso = "areceber_dias_atraso" from Invoice,
    AreceberDiasParaVencer = "areceber_dias_para_vencer" from Invoice,
    AreceberLinhaDigitavel = "areceber_linha_digitavel" from Invoice,
    AreceberPix = "areceber_pix" from Invoice,
    AreceberLink = "areceber_link" from Invoice,
    CobrancaQuantidade = "cobranca_quantidade" from Overdue,
    CobrancaTotal = "cobranca_total" from Overdue,
    Login = "login" from Login,
    LoginIp = "login_ip" from Login,
    LoginConcentrador = "login_concentrador" from Login,
    AtendimentoId = "atendimento_id" from Ticket,
    AtendimentoTitulo = "atendimento_titulo" from Ticket,
    AtendimentoAssunto = "atendimento_assunto" from Ticket,
    AtendimentoSubassunto = "atendimento_subassunto" from Ticket,
    AtendimentoStatus = "atendimento_status" from Ticket,
    AtendimentoStatusAnterior = "atendimento_status_anterior" from Ticket,
    AtendimentoPrioridade = "atendimento_prioridade" from Ticket,
    AtendimentoAbertoEm = "atendimento_aberto_em" from Ticket,
    AtendimentoMensagem = "atendimento_mensagem" from Ticket,
    AtendimentoResposta = "atendimento_resposta" from Ticket,
    AtendimentoResponsavel = "atendimento_responsavel" from Ticket,
    EmpresaNome = "empresa_nome" from Company,
    EmpresaTelefone = "empresa_telefone" from Company,
    EmpresaDocumento = "empresa_documento" from Company,
    DataHoje = "data_hoje" from Clock,
    HoraAgora = "hora_agora" from Clock,
}

/// The provider itself, as its messages name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: Option<String>,
    /// Its phone, as people read it.
    pub phone: Option<String>,
    /// Its CNPJ, with punctuation.
    pub tax_id: Option<String>,
}

/// All the client's owing overdue invoices, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overdue {
    /// How many.
    pub count: i64,
    /// What they come to.
    pub total: Money,
}

/// Everything one message's variables may take their values from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The instant and day of the decision.
    pub now: Now,
    /// The provider.
    pub company: &'a Company,
    /// The client.
    pub client: Option<&'a Client>,
    /// The contract.
    pub contract: Option<&'a Contract>,
    /// The invoice.
    pub invoice: Option<&'a Invoice>,
    /// The client's overdue invoices.
    pub overdue: Option<Overdue>,
    /// The login.
    pub login: Option<&'a Login>,
    /// The ticket.
    pub ticket: Option<&'a TicketFacts>,
}

impl<'a> Facts<'a> {
    /// Facts about nothing but the provider and the clock.
    pub const fn new(now: Now, company: &'a Company) -> Self {
        Self {
            now,
            company,
            client: None,
            contract: None,
            invoice: None,
            overdue: None,
            login: None,
            ticket: None,
        }
    }

    /// The value of a variable as people read it; none when it is missing or empty.
    pub fn value(&self, variable: Variable) -> Option<Cow<'a, str>> {
        self.raw(variable).filter(|value| !value.trim().is_empty())
    }

    fn raw(&self, variable: Variable) -> Option<Cow<'a, str>> {
        fn text(value: Option<&str>) -> Option<Cow<'_, str>> {
            value.map(Cow::Borrowed)
        }
        #[expect(
            clippy::unnecessary_wraps,
            reason = "every arm of the match answers an option"
        )]
        fn owned<'b>(value: impl ToString) -> Option<Cow<'b, str>> {
            Some(Cow::Owned(value.to_string()))
        }
        use Variable as V;
        match variable {
            V::ClienteId => owned(self.client?.id),
            V::ClienteNome => text(Some(&self.client?.name)),
            V::ClientePrimeiroNome => text(Some(self.client?.first_name())),
            V::ClienteDataNascimento => owned(day::in_portuguese(self.client?.birth_date?)),
            V::ClienteAniversario => owned(self.client?.birth_date?.format("%d/%m")),
            V::ClienteDocumento => owned(tax_id::masked(self.client?.tax_id.as_deref()?)),
            V::ClienteCidade => text(self.client?.city.as_deref()),
            V::ContratoId => owned(self.contract?.id),
            V::ContratoPlano => text(self.contract?.plan.as_deref()),
            V::ContratoStatus => text(Some(self.contract?.status.in_portuguese())),
            V::ContratoStatusAcesso => text(Some(self.contract?.access_status?.in_portuguese())),
            V::AreceberNumero => owned(self.invoice?.id),
            V::AreceberDocumento => text(self.invoice?.number.as_deref()),
            V::AreceberDataEmissao => owned(day::in_portuguese(self.invoice?.issued_on?)),
            V::AreceberDataVencimento => owned(day::in_portuguese(self.invoice?.due_on)),
            V::AreceberDataPagamento => owned(day::in_portuguese(self.invoice?.settled_on?)),
            V::AreceberValor => owned(self.invoice?.open_amount),
            V::AreceberValorTotal => owned(self.invoice?.amount),
            V::AreceberDiasAtraso => owned(self.invoice?.days_late(self.now.today)),
            V::AreceberDiasParaVencer => {
                owned(day::between(self.now.today, self.invoice?.due_on).max(0))
            }
            V::AreceberLinhaDigitavel => text(self.invoice?.digitable_line.as_deref()),
            V::AreceberPix => text(self.invoice?.pix_code.as_deref()),
            V::AreceberLink => text(self.invoice?.payment_url.as_deref()),
            V::CobrancaQuantidade => owned(self.overdue?.count),
            V::CobrancaTotal => owned(self.overdue?.total),
            V::Login => text(Some(&self.login?.username)),
            V::LoginIp => text(self.login?.ip.as_deref()),
            V::LoginConcentrador => text(self.login?.concentrator.as_deref()),
            V::AtendimentoId => owned(self.ticket?.id),
            V::AtendimentoTitulo => text(self.ticket?.title.as_deref()),
            V::AtendimentoAssunto => text(self.ticket?.topic.as_deref()),
            V::AtendimentoSubassunto => text(self.ticket?.subtopic.as_deref()),
            V::AtendimentoStatus => text(self.ticket?.status.as_deref()),
            V::AtendimentoStatusAnterior => text(self.ticket?.previous_status.as_deref()),
            V::AtendimentoPrioridade => text(self.ticket?.priority.as_deref()),
            V::AtendimentoAbertoEm => owned(
                self.ticket?
                    .opened_at?
                    .with_timezone(&self.now.zone)
                    .format("%d/%m/%Y %H:%M"),
            ),
            V::AtendimentoMensagem => text(self.ticket?.message.as_deref()),
            V::AtendimentoResposta => text(self.ticket?.reply.as_deref()),
            V::AtendimentoResponsavel => text(self.ticket?.responsible.as_deref()),
            V::EmpresaNome => text(self.company.name.as_deref()),
            V::EmpresaTelefone => text(self.company.phone.as_deref()),
            V::EmpresaDocumento => text(self.company.tax_id.as_deref()),
            V::DataHoje => owned(day::in_portuguese(self.now.today)),
            V::HoraAgora => owned(self.now.local().format("%H:%M")),
        }
    }
}

/// A template as it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its channel.
    pub channel: Channel,
    /// What it is about.
    pub kind: Kind,
    /// Why it is sent.
    pub purpose: Purpose,
    /// Push: the title; e-mail: the subject.
    pub title: Option<String>,
    /// The text; for whatsapp the provider's text, with `{{1}}` where variables go.
    pub body: String,
    /// E-mail: the same in HTML.
    pub html: Option<String>,
    /// Whatsapp: what people call it.
    pub description: Option<String>,
    /// Whatsapp: the provider's channel id.
    pub provider_channel: Option<String>,
    /// Whatsapp: the provider's template id or name.
    pub provider_template: Option<String>,
    /// Whatsapp: what fills the placeholders, in order.
    pub variables: Vec<Variable>,
}

/// One rendered message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// Title or subject.
    pub title: Option<String>,
    /// Text.
    pub body: String,
    /// E-mail's HTML part.
    pub html: Option<String>,
    /// Whatsapp's values, in order.
    pub variables: Vec<String>,
}

/// The most characters a template's name may have.
const LONGEST_NAME: usize = 64;

/// What is wrong with a name of something saved, if anything: names stand in keys and files.
pub fn name_problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is empty")
    } else if name.trim() != name {
        Some("begins or ends with a space")
    } else if name.chars().count() > LONGEST_NAME {
        Some("has more than 64 characters")
    } else if name.contains('/') || name.chars().any(char::is_control) {
        Some("holds a slash or a control character")
    } else {
        None
    }
}

impl Template {
    /// Everything wrong with it, part by part as files and flags call them.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut wrong = |part: &'static str, found: String, remedy: &str| {
            flaws.push(Flaw::of(part, found, remedy).within(format!("template `{}`", self.name)));
        };
        if let Some(what) = name_problem(&self.name) {
            wrong("name", what.to_owned(), "give it a short plain name");
        }
        if self.body.trim().is_empty() {
            wrong("body", "is missing".to_owned(), "give the text to send");
        }
        let has_title = self.title.as_deref().is_some_and(|t| !t.trim().is_empty());
        match self.channel {
            Channel::Push | Channel::Email if !has_title => wrong(
                "title",
                "is missing".to_owned(),
                "a push needs a title, an e-mail its subject",
            ),
            Channel::Sms | Channel::Whatsapp if self.title.is_some() => wrong(
                "title",
                format!("{} messages have no title", self.channel),
                "leave it out",
            ),
            _ => {}
        }
        if self
            .title
            .as_deref()
            .is_some_and(|t| t.chars().any(char::is_control))
        {
            wrong(
                "title",
                "holds a line break or another control character".to_owned(),
                "write it on one line",
            );
        }
        if self.html.is_some() && self.channel != Channel::Email {
            wrong(
                "html",
                format!("{} messages have no HTML", self.channel),
                "leave it out",
            );
        }
        if self.channel == Channel::Whatsapp {
            let places = Placeholders::of(&self.body).count;
            if places != self.variables.len() {
                wrong(
                    "variables",
                    format!(
                        "the text has {places} placeholders and {} variables are given",
                        self.variables.len()
                    ),
                    "give one variable for each placeholder, in order",
                );
            }
            for piece in pieces(&self.body) {
                if let Piece::Variable(variable) = piece {
                    wrong(
                        "body",
                        format!("#{}# would stay as it is written", variable.name()),
                        "write {{1}} in its place, and name what fills it: --var 1=VARIABLE",
                    );
                }
            }
        } else {
            if !self.variables.is_empty()
                || self.provider_channel.is_some()
                || self.provider_template.is_some()
            {
                wrong(
                    "variables",
                    format!("{} texts name their variables themselves", self.channel),
                    "write #cliente_nome# in the text; provider ids and variables are for whatsapp",
                );
            }
            let parts = [
                ("title", self.title.as_deref()),
                ("body", Some(self.body.as_str())),
                ("html", self.html.as_deref()),
            ];
            for (part, text) in parts {
                for word in unknown_variables(text.unwrap_or_default()) {
                    let remedy = Variable::near(&word).map_or_else(
                        || {
                            "see the variables in `regua template variables`; ## writes one #"
                                .to_owned()
                        },
                        |variable| format!("try #{}#", variable.name()),
                    );
                    wrong(part, format!("#{word}# is not a known variable"), &remedy);
                }
            }
        }
        flaws
    }

    /// Every variable it uses.
    pub fn used(&self) -> BTreeSet<Variable> {
        if self.channel == Channel::Whatsapp {
            return self.variables.iter().copied().collect();
        }
        [
            self.title.as_deref(),
            Some(&self.body),
            self.html.as_deref(),
        ]
        .into_iter()
        .flatten()
        .flat_map(pieces)
        .filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            _ => None,
        })
        .collect()
    }

    /// Everything its variables need.
    pub fn needs(&self) -> BTreeSet<Need> {
        self.used().into_iter().map(Variable::need).collect()
    }

    /// The message for one recipient, or the first variable that has no value.
    pub fn render(&self, facts: &Facts<'_>) -> Result<Rendered, Variable> {
        if self.channel == Channel::Whatsapp {
            let variables = self
                .variables
                .iter()
                .map(|v| facts.value(*v).map(|value| one_line(&value)).ok_or(*v))
                .collect::<Result<Vec<_>, _>>()?;
            return Ok(Rendered {
                body: Placeholders::of(&self.body).filled(&self.body, &variables),
                variables,
                ..Rendered::default()
            });
        }
        Ok(Rendered {
            title: self
                .title
                .as_deref()
                .map(|title| fill(title, facts, one_line))
                .transpose()?,
            body: fill(&self.body, facts, plain)?,
            html: self
                .html
                .as_deref()
                .map(|html| fill(html, facts, escaped))
                .transpose()?,
            variables: Vec::new(),
        })
    }
}

/// A part of a template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(Variable),
    Unknown(&'a str),
}

/// The parts of a text, in order: `##` is one `#`; a lone `#` and a hashtag are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix('#') else {
            let end = rest.find('#').unwrap_or(rest.len());
            let (piece, tail) = rest.split_at(end);
            rest = tail;
            return Some(Piece::Text(piece));
        };
        if let Some(tail) = after.strip_prefix('#') {
            rest = tail;
            return Some(Piece::Text("#"));
        }
        let word_end = after
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(after.len());
        if word_end > 0 && after[word_end..].starts_with('#') {
            let word = &after[..word_end];
            rest = &after[word_end + 1..];
            return Some(Variable::named(word).map_or(Piece::Unknown(word), Piece::Variable));
        }
        rest = after;
        Some(Piece::Text("#"))
    })
}

/// The words between number signs that are not variables.
pub fn unknown_variables(text: &str) -> Vec<String> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Unknown(word) => Some(word.to_owned()),
            _ => None,
        })
        .collect()
}

/// A text that stands outside any template (a topic's alert), rendered; unknown words stay as they are.
pub fn fill_text(text: &str, facts: &Facts<'_>) -> Result<String, Variable> {
    fill(text, facts, plain)
}

/// A one-line text that stands outside any template (an alert's subject), cleaned of line breaks.
pub fn fill_line(text: &str, facts: &Facts<'_>) -> Result<String, Variable> {
    fill(text, facts, one_line).map(|line| one_line(&line))
}

fn fill(text: &str, facts: &Facts<'_>, clean: fn(&str) -> String) -> Result<String, Variable> {
    let mut out = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(variable) => {
                out.push_str(&clean(&facts.value(variable).ok_or(variable)?));
            }
            Piece::Unknown(word) => {
                let _ = write!(out, "#{word}#");
            }
        }
    }
    Ok(out)
}

/// A value on one line: what a subject, a title or a provider's variable can hold.
pub fn one_line(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for word in value
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// A value in running text: line breaks stay, other control characters do not.
fn plain(value: &str) -> String {
    value
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// A value in HTML: markup of its own becomes text.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in plain(value).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<br>"),
            _ => out.push(c),
        }
    }
    out
}

/// The places in a provider's text where values go: `{{1}}` by number, `{{nome}}` by first appearance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders {
    /// How many values the text takes.
    pub count: usize,
    /// Where each stands (bytes) and which value it takes, from 0.
    spots: Vec<(std::ops::Range<usize>, usize)>,
}

impl Placeholders {
    /// The placeholders of `text`.
    pub fn of(text: &str) -> Self {
        let mut names: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
        let mut from = 0;
        while let Some(open) = text[from..].find("{{").map(|at| at + from) {
            let Some(close) = text[open..].find("}}").map(|at| at + open) else {
                break;
            };
            let name = text[open + 2..close].trim();
            if name.is_empty() || name.contains(['{', '\n']) {
                from = open + 2;
                continue;
            }
            names.push((open..close + 2, name));
            from = close + 2;
        }
        let numbers: Option<Vec<usize>> = names
            .iter()
            .map(|(_, name)| name.parse().ok().filter(|n| (1..=99).contains(n)))
            .collect();
        if let Some(numbers) = numbers {
            return Self {
                count: numbers.iter().copied().max().unwrap_or(0),
                spots: names
                    .into_iter()
                    .zip(numbers)
                    .map(|((range, _), n)| (range, n - 1))
                    .collect(),
            };
        }
        let mut order: Vec<&str> = Vec::new();
        let spots = names
            .into_iter()
            .map(|(range, name)| {
                let index = order
                    .iter()
                    .position(|known| *known == name)
                    .unwrap_or_else(|| {
                        order.push(name);
                        order.len() - 1
                    });
                (range, index)
            })
            .collect();
        Self {
            count: order.len(),
            spots,
        }
    }

    /// `text` with its placeholders filled; nothing within a value is looked at again.
    pub fn filled(&self, text: &str, values: &[String]) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut from = 0;
        for (range, index) in &self.spots {
            out.push_str(&text[from..range.start]);
            out.push_str(values.get(*index).map_or("", String::as_str));
            from = range.end;
        }
        out.push_str(&text[from..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::PersonType;
    use proptest::prelude::*;

    fn now() -> Now {
        let zone = chrono_tz::America::Sao_Paulo;
        Now::new(
            crate::clock::parse_instant("2026-11-21T09:05", zone).expect("an instant"),
            zone,
        )
    }

    fn client(name: &str) -> Client {
        Client {
            id: 7,
            name: name.to_owned(),
            person_type: PersonType::Individual,
            active: true,
            birth_date: "1991-11-22".parse().ok(),
            mobile: None,
            whatsapp: None,
            email: None,
            tax_id: Some("11144477735".to_owned()),
            city: None,
            district: None,
            branch: None,
            app_first_access_on: None,
            in_collection: true,
            in_reminders: true,
            sms_allowed: true,
            email_allowed: true,
        }
    }

    fn template(channel: Channel, title: Option<&str>, body: &str) -> Template {
        Template {
            name: "t".to_owned(),
            channel,
            kind: Kind::General,
            purpose: Purpose::Marketing,
            title: title.map(str::to_owned),
            body: body.to_owned(),
            html: None,
            description: None,
            provider_channel: None,
            provider_template: None,
            variables: Vec::new(),
        }
    }

    fn render(body: &str, name: &str) -> Result<String, Variable> {
        let company = Company::default();
        let client = client(name);
        let facts = Facts {
            client: Some(&client),
            ..Facts::new(now(), &company)
        };
        template(Channel::Sms, None, body)
            .render(&facts)
            .map(|rendered| rendered.body)
    }

    #[test]
    fn variables_become_values_and_number_signs_survive() {
        assert_eq!(
            render(
                "Olá #cliente_primeiro_nome#, ##1 #fibra, # e #cliente_aniversario#",
                "ANA LIMA"
            ),
            Ok("Olá ANA, #1 #fibra, # e 22/11".to_owned())
        );
        assert_eq!(
            render("#cliente_documento#", "A"),
            Ok("***.444.777-**".to_owned())
        );
        assert_eq!(
            render("#data_hoje# #hora_agora#", "A"),
            Ok("21/11/2026 09:05".to_owned())
        );
        assert_eq!(
            render("#cliente_cidade#", "A"),
            Err(Variable::ClienteCidade)
        );
    }

    #[test]
    fn a_misspelt_variable_is_answered_with_the_nearest() {
        let problems = template(Channel::Sms, None, "#areceber_valr#").flaws();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].remedy, "try #areceber_valor#");
    }

    #[test]
    fn whatsapp_counts_its_placeholders() {
        let mut t = template(Channel::Whatsapp, None, "Olá {{1}}, sua fatura de {{2}}.");
        t.variables = vec![Variable::ClientePrimeiroNome];
        assert!(
            t.flaws()[0]
                .found
                .contains("2 placeholders and 1 variables")
        );
        assert_eq!(Placeholders::of("{{nome}} {{valor}} {{nome}}").count, 2);
        assert_eq!(
            Placeholders::of("{{nome}} {{valor}} {{nome}}").filled(
                "{{nome}} {{valor}} {{nome}}",
                &["A".into(), "{{nome}}".into()]
            ),
            "A {{nome}} A"
        );
    }

    #[test]
    fn html_and_titles_take_no_markup_or_header_from_a_value() {
        let mut t = template(Channel::Email, Some("Oi #cliente_nome#"), "#cliente_nome#");
        t.html = Some("<b>#cliente_nome#</b>".to_owned());
        let company = Company::default();
        let client = client("A\r\nBcc: x@y <script>");
        let facts = Facts {
            client: Some(&client),
            ..Facts::new(now(), &company)
        };
        let rendered = t.render(&facts).expect("every value is there");
        assert_eq!(rendered.title.as_deref(), Some("Oi A Bcc: x@y <script>"));
        assert_eq!(
            rendered.html.as_deref(),
            Some("<b>A<br>Bcc: x@y &lt;script&gt;</b>")
        );
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn no_value_becomes_a_variable(name in "[#a-z_{}1 ]{1,40}") {
            prop_assume!(!name.trim().is_empty());
            prop_assert_eq!(
                render("<#cliente_nome#>", &format!("#areceber_valor#{name}")),
                Ok(format!("<#areceber_valor#{name}>"))
            );
        }

        #[test]
        fn a_text_without_variables_is_itself_once_doubled_signs_are_halved(text in "[a-z#_ ]{0,30}") {
            let escaped = text.replace('#', "##");
            prop_assert_eq!(render(&escaped, "A"), Ok(text));
        }
    }
}
