//! Which rule takes which portfolio.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;

/// The portfolios that two of these rules claim, with the two rules' names; two rules that both
/// claim every unnamed portfolio are told with none.
pub fn claimed_twice<'r>(
    rules: impl IntoIterator<Item = (&'r str, &'r [String])>,
) -> Vec<(Option<&'r str>, &'r str, &'r str)> {
    let mut owners: BTreeMap<Option<&str>, &str> = BTreeMap::new();
    let mut twice = Vec::new();
    for (name, portfolios) in rules {
        let claims: BTreeSet<Option<&str>> = if portfolios.is_empty() {
            BTreeSet::from([None])
        } else {
            portfolios.iter().map(|p| Some(p.as_str())).collect()
        };
        for claim in claims {
            match owners.get(&claim) {
                Some(owner) => twice.push((claim, *owner, name)),
                None => {
                    owners.insert(claim, name);
                }
            }
        }
    }
    twice
}

/// A double claim as a problem says it: what was found, and what to write instead.
pub fn claim_words(portfolio: Option<&str>, other: &str) -> (String, String) {
    portfolio.map_or_else(
        || {
            (
                format!("no portfolio is named, so that this rule takes every one that no other rule names; rule `{other}` does so already"),
                "name portfolios in one of the two".to_owned(),
            )
        },
        |portfolio| {
            (
                format!("portfolio `{portfolio}` belongs to rule `{other}` already"),
                "a portfolio belongs to one rule: take it out of one of the two".to_owned(),
            )
        },
    )
}

/// Which rule takes an invoice that has no open case, by portfolio.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    named: BTreeMap<String, String>,
    rest: Option<String>,
}

impl Claims {
    /// The claims of these rules.
    pub fn of<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let mut claims = Self::default();
        for rule in rules {
            if rule.portfolios.is_empty() {
                claims.rest = Some(rule.name.clone());
            }
            for portfolio in &rule.portfolios {
                claims.named.insert(portfolio.clone(), rule.name.clone());
            }
        }
        claims
    }

    /// The rule that takes invoices of a portfolio.
    pub fn rule(&self, portfolio: Option<&str>) -> Option<&str> {
        portfolio
            .and_then(|portfolio| self.named.get(portfolio))
            .or(self.rest.as_ref())
            .map(String::as_str)
    }

    /// The rule that an invoice belongs to: its open case's, else the one that takes its portfolio.
    pub fn owner<'a>(
        &'a self,
        open_case: Option<&'a str>,
        portfolio: Option<&str>,
    ) -> Option<&'a str> {
        open_case.or_else(|| self.rule(portfolio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portfolio_belongs_to_one_rule() {
        let (a, b) = (
            ["Boleto".to_owned()],
            ["Pix".to_owned(), "Boleto".to_owned()],
        );
        let claims = claimed_twice([("a", &a[..]), ("b", &b[..]), ("c", &[]), ("d", &[])]);
        assert_eq!(claims, [(Some("Boleto"), "a", "b"), (None, "c", "d")]);
    }
}
