//! A template: text with variables for one channel, checked when saved, rendered without holes.

mod facts;
mod lint;
mod look;
mod own_words;
mod placeholders;
mod text;
mod variable;

use std::collections::BTreeSet;

use super::words::{Channel, Kind, Purpose};
use text::{Piece, escaped, fill, on_one_line, pieces, plain};

pub use facts::{Company, Facts, Overdue};
pub use lint::name_problem;
pub use look::Look;
pub use own_words::{OwnWords, is_usual_word};
pub use placeholders::Placeholders;
pub use text::{fill_text, one_line, unknown_variables, variables};
pub use variable::{Need, Variable};

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
    /// The text; for whatsapp the provider's text, with `{{1}}` where variables go, or one of our own.
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
    /// Push: how it is shown, where that is not as usual.
    pub look: Look,
}

/// What to do about a template that is not for clients.
pub const FOR_CLIENTS: &str =
    "name one of another channel; triggers tell staff of tickets by the chat";

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

impl Template {
    /// Whether its text names its variables itself, as `#cliente_nome#`: on every channel but whatsapp,
    /// and there where it has neither numbered places nor a template at the provider.
    pub fn names_variables(&self) -> bool {
        !self.channel.nature().places
            || (self.provider_channel.is_none()
                && self.provider_template.is_none()
                && self.variables.is_empty()
                && Placeholders::of(&self.body).count == 0)
    }

    /// Every variable it uses.
    pub fn used(&self) -> BTreeSet<Variable> {
        self.placed().map(|(variable, _)| variable).collect()
    }

    /// The variables without which it cannot be sent: those with no text of their own to stand in.
    pub fn required(&self) -> BTreeSet<Variable> {
        self.placed()
            .filter(|(_, has_text_instead)| !has_text_instead)
            .map(|(variable, _)| variable)
            .collect()
    }

    /// Whether whoever reads it reads a variable's value: it stands in the text, and in the HTML where there is one,
    /// with nothing instead. A title alone is not read for it.
    pub fn says(&self, variable: Variable) -> bool {
        let stands = |text: &str| {
            pieces(text).any(|piece| matches!(piece, Piece::Variable(own, None) if own == variable))
        };
        if self.names_variables() {
            stands(&self.body) && self.html.as_deref().is_none_or(stands)
        } else {
            self.variables.contains(&variable)
        }
    }

    /// Its variables where they stand, each with whether a text stands in for a missing value.
    fn placed(&self) -> impl Iterator<Item = (Variable, bool)> + '_ {
        let named = self.names_variables();
        let texts = [
            self.title.as_deref(),
            Some(self.body.as_str()),
            self.html.as_deref(),
        ];
        let written = texts
            .into_iter()
            .flatten()
            .filter(move |_| named)
            .flat_map(pieces)
            .filter_map(|piece| match piece {
                Piece::Variable(variable, instead) => Some((variable, instead.is_some())),
                _ => None,
            });
        let given = self.variables.iter().map(|variable| (*variable, false));
        given.filter(move |_| !named).chain(written)
    }

    /// Why it is not for clients, if it is not: its channel is the staff's own.
    pub fn not_for_clients(&self) -> Option<String> {
        (!self.channel.nature().for_clients).then(|| {
            format!(
                "template `{}` is of channel {}, which is for staff alone",
                self.name, self.channel
            )
        })
    }

    /// Whether its text speaks for every invoice that its message stands for, and not for one alone.
    pub fn speaks_for_all(&self) -> bool {
        self.used().into_iter().any(Variable::of_all_invoices)
    }

    /// The variables it cannot do without that nothing provides as things stand: the configuration
    /// says nothing of the company.
    pub fn unprovided(&self, company: &Company) -> Vec<Variable> {
        self.required()
            .into_iter()
            .filter(|variable| variable.need() == Need::Company)
            .filter(|variable| company.value(*variable).is_none())
            .collect()
    }

    /// Whether it writes what a notice of suspension allows.
    pub fn speaks_of_a_notice(&self) -> bool {
        self.used().into_iter().any(Variable::of_a_notice)
    }

    /// Everything its variables need; the paragraph of a notice may write any variable of client, contract
    /// and invoices.
    pub fn needs(&self) -> BTreeSet<Need> {
        let used = self.used();
        let mut needs: BTreeSet<Need> = used.iter().map(|variable| variable.need()).collect();
        if used.contains(&Variable::AvisoSuspensao) {
            needs.extend([Need::Client, Need::Contract, Need::Overdue]);
        }
        needs
    }

    /// The message for one recipient, or the first variable that has no value.
    pub fn render(&self, facts: &Facts<'_>) -> Result<Rendered, Variable> {
        if !self.names_variables() {
            let variables = self
                .variables
                .iter()
                .map(|v| match facts.value(*v) {
                    Some(value) => Ok(filled_place(on_one_line(*v, &value))),
                    None if facts.forgiven.contains(&v.name()) => Ok(filled_place(String::new())),
                    None => Err(*v),
                })
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

/// What fills a place in a provider's text, which may not stay empty.
fn filled_place(value: String) -> String {
    if value.is_empty() {
        "—".to_owned()
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::domain::client::Client;
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
            birth_date: "1991-11-22".parse().ok(),
            tax_id: Some("11144477735".to_owned()),
            ..Client::known_as(7, name)
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
            look: Look::default(),
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
        assert_eq!(
            t.flaws()[0].found,
            "placeholders in the text: 2, variables given: 1"
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
    fn a_whatsapp_text_of_our_own_names_its_variables() {
        let mut t = template(Channel::Whatsapp, None, "Oi #cliente_nome#,\nvocê deve ##1");
        assert_eq!(t.flaws(), []);
        assert_eq!(t.used().len(), 1);
        let company = Company::default();
        let client = client("Ana {{1}}");
        let facts = Facts {
            client: Some(&client),
            ..Facts::new(now(), &company)
        };
        let rendered = t.render(&facts).expect("every value is there");
        assert_eq!(rendered.body, "Oi Ana {{1}},\nvocê deve #1");
        assert_eq!(t.flaws_at(true), []);
        assert!(t.flaws_at(false)[0].found.contains("would stay as it is"));
        t.body = "Oi {{1}}".to_owned();
        t.variables = vec![Variable::ClienteNome];
        assert_eq!(t.flaws_at(false), []);
        assert_eq!(t.flaws_at(true)[0].key, "variables");
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
