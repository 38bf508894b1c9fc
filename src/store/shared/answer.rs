//! What became of a message as it travels from a host to the planner.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::payload::word;
use crate::clock::Now;
use crate::domain::recipient::OptOut;
use crate::domain::words::{AttemptOutcome, Channel, Purpose, Reason, Status, Word as _};
use crate::error::Result;
use crate::store::queue::Settlement;

/// What travels; absent values are left out, and instants are durations.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    status: String,
    provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retried: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tried_last: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opted_out: Option<(i64, Option<String>, Option<String>)>,
}

/// One settlement as the shared queue takes it. What was not begun, or did not leave, waits again there.
pub(super) fn written(settlement: &Settlement, provider: &str, now: Now) -> Value {
    let Some(outcome) = settlement.outcome else {
        return json!({ "id": settlement.id, "what": "untouched" });
    };
    let opted_out = settlement.opted_out.map(|(client, opt_out)| {
        let channel = opt_out.channel.map(|channel| channel.as_str().to_owned());
        let purpose = opt_out.purpose.map(|purpose| purpose.as_str().to_owned());
        (client, channel, purpose)
    });
    let answer = Answer {
        status: settlement.status.as_str().to_owned(),
        provider: provider.to_owned(),
        reason: settlement.reason.map(|reason| reason.as_str().to_owned()),
        detail: settlement.detail.clone(),
        wait_ms: settlement
            .not_before
            .map(|at| (at - now.at).num_milliseconds().max(0)),
        outcome: Some(outcome.as_str().to_owned()),
        code: settlement.code.clone(),
        text: settlement.text.clone(),
        provider_id: settlement.provider_id.clone(),
        gone: settlement.gone.clone(),
        retried: settlement.retried,
        tried_last: settlement.tried_last,
        opted_out,
    };
    json!({
        "id": settlement.id,
        "what": "settled",
        "status": settlement.status.as_str(),
        "body": answer,
    })
}

impl Answer {
    /// The settlement that travelled, written down at `at`, and its provider.
    pub fn settlement(self, attempt: u32, at: Now) -> Result<(Settlement, String)> {
        let opted_out = self
            .opted_out
            .map(|(client, channel, purpose)| -> Result<(i64, OptOut)> {
                let channel = channel.as_deref().map(word::<Channel>).transpose()?;
                let purpose = purpose.as_deref().map(word::<Purpose>).transpose()?;
                Ok((client, OptOut { channel, purpose }))
            })
            .transpose()?;
        let settlement = Settlement {
            id: 0,
            attempt,
            status: word::<Status>(&self.status)?,
            reason: self.reason.as_deref().map(word::<Reason>).transpose()?,
            detail: self.detail,
            not_before: self
                .wait_ms
                .map(|wait| at.at + TimeDelta::milliseconds(wait)),
            outcome: self
                .outcome
                .as_deref()
                .map(word::<AttemptOutcome>)
                .transpose()?,
            code: self.code,
            text: self.text,
            provider_id: self.provider_id,
            gone: self.gone,
            retried: self.retried,
            tried_last: self.tried_last,
            opted_out,
        };
        Ok((settlement, self.provider))
    }
}
