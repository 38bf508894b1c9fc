//! Pix codes and boleto lines, asked for one invoice at a time: asking may register the charge at the bank.

use serde::Deserialize;
use serde_json::{Value, json};

use super::button::Button;
use super::markup;
use super::page::{Fetch, NoAnswer, PageAnswer};
use crate::domain::day;
use crate::domain::money::Money;
use crate::domain::payment_code::{self, Charge, CodeKind};
use crate::error::{Error, Result};
use crate::source::{CodeAnswer, PaymentCodes};
use crate::wire::letters;

/// What may be asked of the web service.
pub(super) struct Codes {
    pub fetch: Box<dyn Fetch>,
    pub kinds: Vec<CodeKind>,
    pub per_day: u64,
}

impl PaymentCodes for Codes {
    fn kinds(&self) -> &[CodeKind] {
        &self.kinds
    }

    fn per_day(&self) -> u64 {
        self.per_day
    }

    fn ask(&self, invoice: i64, kind: CodeKind, due: Charge) -> Result<CodeAnswer> {
        let (button, body) = match kind {
            CodeKind::Pix => (Button::GetPix, json!({"id_areceber": invoice.to_string()})),
            CodeKind::Boleto => (
                Button::GetBoleto,
                // Nothing is to be reckoned anew or registered again.
                json!({"boletos": invoice.to_string(), "juro": "N", "multa": "N", "atualiza_boleto": "N",
                       "tipo_boleto": "dados", "base64": "S", "layout_impressao": ""}),
            ),
        };
        let answer = match self.fetch.press(button, &body.to_string()) {
            Ok(answer) => answer,
            Err(NoAnswer::Cut(error) | NoAnswer::Never(error)) => return Err(error),
        };
        self.judge(button, &answer, due)
    }
}

impl Codes {
    /// What an answer comes to.
    fn judge(&self, button: Button, answer: &PageAnswer, due: Charge) -> Result<CodeAnswer> {
        let text = letters::text(&answer.body);
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let words = || self.fetch.covered(markup::plain(&text));
        let refused = json
            .as_ref()
            .and_then(|json| Refused::deserialize(json).ok());
        if let Some(refused) = refused.filter(|refused| refused.kind.eq_ignore_ascii_case("error"))
        {
            let words = self.fetch.covered(markup::plain(&refused.message));
            // What is withheld from us is withheld for every invoice.
            if words.to_lowercase().contains("dispon") || words.to_lowercase().contains("permiss") {
                return Err(Self::failed(button, answer.status, &words).hint(format!(
                    "let the token's user press {} (Grupos de usuário, permissões)",
                    button.name()
                )));
            }
            return Ok(CodeAnswer::NotToBeHad(words));
        }
        match (json, answer.status) {
            (Some(json), 200..=299 | 500) => Ok(match checked(button, &json, due) {
                Ok(code) => CodeAnswer::Had(code),
                Err(why) => CodeAnswer::NotToBeHad(why),
            }),
            (None, 200..=299) if text.trim().is_empty() => {
                Ok(CodeAnswer::NotToBeHad("the answer is empty".to_owned()))
            }
            (_, status) => Err(Self::failed(button, status, &words())),
        }
    }

    fn failed(button: Button, status: u16, words: &str) -> Error {
        Error::world(format!(
            "the IXC web service did not give a code (HTTP {status}): {words}"
        ))
        .at(format!("in {} of the IXC web service", button.name()))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

/// The code in an answer, everything about it checked.
fn checked(button: Button, json: &Value, due: Charge) -> Result<String, String> {
    match button {
        Button::GetPix => {
            let text = |at: &str| json.pointer(at).and_then(Value::as_str).map(str::trim);
            let filled = |at: &str| text(at).filter(|text| !text.is_empty());
            match filled("/pix/dadosPix/status") {
                Some("ATIVA") => {}
                Some(status) => {
                    return Err(format!(
                        "the charge is {}, not ATIVA",
                        markup::plain(status)
                    ));
                }
                None => return Err("the answer does not say that the charge is ATIVA".to_owned()),
            }
            if let Some(told) = filled("/pix/dadosPix/valor/original")
                && Money::parse(told) != Some(due.amount)
            {
                return Err(format!(
                    "the charge is for {}, and {} is owed",
                    markup::plain(told),
                    due.amount
                ));
            }
            if let Some(told) = filled("/pix/dadosPix/calendario/dataDeVencimento")
                && day::parse(told).flatten() != Some(due.on)
            {
                return Err(format!(
                    "the charge is due on {}, not {}",
                    markup::plain(told),
                    due.on
                ));
            }
            let code = filled("/pix/qrCode/qrcode").or(filled("/pix/dadosPix/pixCopiaECola"));
            payment_code::pix(code.unwrap_or_default(), due)
        }
        Button::GetBoleto => {
            let one = json.get(0).unwrap_or(json);
            let line = one.get("linha_digitavel").and_then(Value::as_str);
            payment_code::boleto(line.unwrap_or_default(), due)
        }
    }
}
