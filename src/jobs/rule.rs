//! Saving and removing rules by hand: checked whole, with everything that is wrong told at once.

use crate::domain::rule::{self, Draft, Fault, Part, Rule};
use crate::domain::template::Template;
use crate::error::{Error, Problem, Result};
use crate::store::{Connection, Store, rule as store, template};

/// Adds a rule; answers it with what is odd about it.
pub fn add(saved: &mut Store, draft: &Draft) -> Result<(Rule, Vec<String>)> {
    saved.write(|transaction| {
        if store::get(transaction, &draft.name)?.is_some() {
            return Err(
                Error::unacceptable(format!("there is a rule `{}` already", draft.name))
                    .hint(format!("regua rule edit {}", draft.name)),
            );
        }
        save(transaction, draft)
    })
}

/// Saves a changed rule; answers it with what is odd about it.
pub fn replace(saved: &mut Store, draft: &Draft) -> Result<(Rule, Vec<String>)> {
    saved.write(|transaction| save(transaction, draft))
}

fn save(connection: &Connection, draft: &Draft) -> Result<(Rule, Vec<String>)> {
    let templates: Vec<Template> = template::list(connection)?;
    let names: Vec<String> = templates.iter().map(|t| t.name.clone()).collect();
    let find = |name: &str| templates.iter().find(|template| template.name == name);
    let checked = draft.check();
    let mut faults: Vec<Fault> = checked.as_ref().err().cloned().unwrap_or_default();
    faults.extend(draft.template_faults(&names, find));
    let others: Vec<Rule> = store::all(connection)?
        .into_iter()
        .map(|kept| kept.rule)
        .filter(|rule| rule.name != draft.name)
        .collect();
    let claims = others
        .iter()
        .map(|rule| (rule.name.as_str(), rule.portfolios.as_slice()))
        .chain([(draft.name.as_str(), draft.portfolios.as_slice())]);
    for (portfolio, other, _) in rule::claimed_twice(claims) {
        let (found, remedy) = rule::claim_words(portfolio, other);
        faults.push(Fault {
            part: Part::Portfolios,
            found,
            remedy,
        });
    }
    match checked {
        Ok(rule) if faults.is_empty() => {
            store::save(connection, std::slice::from_ref(&rule))?;
            let warnings = rule::warnings(&rule, find);
            Ok((rule, warnings))
        }
        _ => {
            let problems: Vec<Problem> = faults.iter().map(|fault| draft.problem(fault)).collect();
            Err(Error::problems(
                format!("rule `{}` is not acceptable; nothing was saved", draft.name),
                problems,
            ))
        }
    }
}
