//! What an answer of Firebase means.

use crate::http::{HttpAnswer, shortened};

/// What an answer of FCM means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Taken, under this name.
    Taken(String),
    /// The app is gone, or the registration ended or was replaced.
    Gone,
    /// The address is malformed.
    BadAddress,
    /// The address belongs to another project.
    OtherProject,
    /// The project's APNs or web push key is not accepted.
    ThirdParty,
    /// Too many.
    Quota,
    /// Overloaded or broken.
    Busy,
    /// What we wrote is wrong: for whomever it was, or with one person's values.
    BadPayload,
    /// It is wrong for good, and nothing says whose fault that is.
    Invalid,
    /// Our token.
    Unauthenticated,
    /// Our role, or our project.
    Forbidden,
    /// Nothing but the status tells.
    ByStatus,
}

impl Outcome {
    /// The authoritative word is the `FcmError` detail; `error.status` is only gRPC's.
    pub(super) fn of(answer: &HttpAnswer, told: &Told) -> Self {
        if answer.is_success() {
            return told.name.clone().map_or(Self::ByStatus, Self::Taken);
        }
        match (told.fcm.as_deref(), answer.status) {
            (Some("UNREGISTERED"), _) => Self::Gone,
            (Some("SENDER_ID_MISMATCH"), _) => Self::OtherProject,
            (Some("THIRD_PARTY_AUTH_ERROR" | "APNS_AUTH_ERROR"), _) => Self::ThirdParty,
            (Some("QUOTA_EXCEEDED"), _) => Self::Quota,
            (Some("UNAVAILABLE" | "INTERNAL"), _) => Self::Busy,
            (fcm, 400) => {
                let of_address =
                    |field: &String| ["message.token", "message.fid"].contains(&field.as_str());
                if !told.violations.is_empty() && !told.violations.iter().all(of_address) {
                    Self::BadPayload
                } else if !told.violations.is_empty() {
                    Self::BadAddress
                } else if fcm == Some("INVALID_ARGUMENT") {
                    told.by_words()
                } else if told.is_google {
                    // Nothing says that it is the address: a good one must not pay for our fault.
                    Self::BadPayload
                } else {
                    Self::ByStatus
                }
            }
            (_, 401) => Self::Unauthenticated,
            // No such project, or not Firebase at all; an address that is gone says UNREGISTERED.
            (_, 403 | 404) => Self::Forbidden,
            (_, 429) => Self::Quota,
            _ => Self::ByStatus,
        }
    }
}

/// What an answer holds.
#[derive(Default)]
pub(super) struct Told {
    name: Option<String>,
    is_google: bool,
    message: Option<String>,
    fcm: Option<String>,
    violations: Vec<String>,
    violation: Option<String>,
}

impl Told {
    pub(super) fn of(answer: &HttpAnswer) -> Self {
        let Some(json) = answer.json() else {
            return Self::default();
        };
        let mut told = Self {
            name: json["name"]
                .as_str()
                .filter(|name| !name.trim().is_empty())
                .map(str::to_owned),
            is_google: json["error"].is_object(),
            message: json["error"]["message"].as_str().map(str::to_owned),
            ..Self::default()
        };
        for detail in json["error"]["details"].as_array().into_iter().flatten() {
            let kind = detail["@type"].as_str().unwrap_or_default();
            // Older servers wrote FcmErrorCode.
            if kind.contains("google.firebase.fcm.v1.FcmError") {
                told.fcm = detail["errorCode"].as_str().map(str::to_owned);
            } else if kind.ends_with("google.rpc.BadRequest") {
                let violations = detail["fieldViolations"].as_array();
                for violation in violations.into_iter().flatten() {
                    let field = violation["field"].as_str().unwrap_or_default();
                    told.violations.push(field.to_owned());
                    let what = violation["description"].as_str().unwrap_or_default();
                    told.violation.get_or_insert(format!("{field}: {what}"));
                }
                if told.violations.is_empty() {
                    told.violations.push(String::new());
                }
            }
        }
        told
    }

    /// Which argument is invalid, where only the words tell.
    fn by_words(&self) -> Outcome {
        let words = self.message.as_deref().unwrap_or_default().to_lowercase();
        if words.contains("too big") || words.contains("too large") || words.contains("too long") {
            Outcome::BadPayload
        } else if words.contains("registration") || words.contains("token") {
            Outcome::BadAddress
        } else {
            Outcome::Invalid
        }
    }

    pub(super) fn words(&self, answer: &HttpAnswer) -> String {
        let message = self
            .message
            .as_deref()
            .map_or_else(|| answer.excerpt(), |message| shortened(message, 300));
        match &self.violation {
            Some(violation) => format!("{message} ({})", shortened(violation, 300)),
            None => message,
        }
    }

    pub(super) fn code(&self, answer: &HttpAnswer) -> String {
        match &self.fcm {
            Some(code) => format!("{} {code}", answer.status),
            None => answer.status.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome_of(answer: &HttpAnswer) -> Outcome {
        Outcome::of(answer, &Told::of(answer))
    }

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            retry_after: None,
            content_type: Some("application/json".to_owned()),
            location: None,
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(status: u16, details: &str) -> Outcome {
        outcome_of(&answer(
            status,
            &format!(
                r#"{{"error":{{"code":{status},"message":"m","status":"S","details":[{details}]}}}}"#
            ),
        ))
    }

    fn fcm(code: &str) -> String {
        format!(
            r#"{{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"{code}"}}"#
        )
    }

    fn bad_request(field: &str) -> String {
        format!(
            r#"{{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{{"field":"{field}","description":"d"}}]}}"#
        )
    }

    #[test]
    fn the_fcm_detail_decides_not_the_status() {
        assert_eq!(error(404, &fcm("UNREGISTERED")), Outcome::Gone);
        assert_eq!(error(404, ""), Outcome::Forbidden);
        assert_eq!(
            error(403, &fcm("SENDER_ID_MISMATCH")),
            Outcome::OtherProject
        );
        assert_eq!(error(403, ""), Outcome::Forbidden);
        assert_eq!(
            error(401, &fcm("THIRD_PARTY_AUTH_ERROR")),
            Outcome::ThirdParty
        );
        assert_eq!(error(401, &fcm("APNS_AUTH_ERROR")), Outcome::ThirdParty);
        assert_eq!(error(401, ""), Outcome::Unauthenticated);
        assert_eq!(error(429, &fcm("QUOTA_EXCEEDED")), Outcome::Quota);
        assert_eq!(error(503, &fcm("UNAVAILABLE")), Outcome::Busy);
        assert_eq!(error(500, ""), Outcome::ByStatus);
    }

    #[test]
    fn our_own_fault_never_costs_a_device() {
        assert_eq!(error(400, &fcm("INVALID_ARGUMENT")), Outcome::Invalid);
        for (words, outcome) in [
            (
                "The registration token is not a valid FCM registration token",
                Outcome::BadAddress,
            ),
            ("Message is too big", Outcome::BadPayload),
        ] {
            let body = format!(
                r#"{{"error":{{"message":"{words}","details":[{}]}}}}"#,
                fcm("INVALID_ARGUMENT")
            );
            assert_eq!(outcome_of(&answer(400, &body)), outcome, "{words}");
        }
        assert_eq!(
            error(400, &bad_request("message.data[0].value")),
            Outcome::BadPayload
        );
        let both = format!(
            "{},{}",
            fcm("INVALID_ARGUMENT"),
            bad_request("message.token")
        );
        assert_eq!(error(400, &both), Outcome::BadAddress);
        let ours = format!(
            "{},{}",
            fcm("INVALID_ARGUMENT"),
            bad_request("message.android.ttl")
        );
        assert_eq!(error(400, &ours), Outcome::BadPayload);
        assert_eq!(error(400, ""), Outcome::BadPayload);
    }

    #[test]
    fn a_success_without_a_name_is_none() {
        assert_eq!(outcome_of(&answer(200, "<html>")), Outcome::ByStatus);
        assert_eq!(
            outcome_of(&answer(200, r#"{"name":"projects/p/messages/1"}"#)),
            Outcome::Taken("projects/p/messages/1".to_owned())
        );
    }
}
