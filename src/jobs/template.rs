//! Saving and removing templates: checked whole, never removed while something uses them.

use crate::config::Config;
use crate::domain::ladder::Phase;
use crate::domain::letter::too_long;
use crate::domain::sms::{Alphabet, segments};
use crate::domain::template::{Need, Template, Variable};
use crate::domain::text::typed;
use crate::domain::words::Purpose;
use crate::error::{Error, Flaw, Result};
use crate::store::{
    Connection, Store, rule as stored_rule, template as store, trigger as stored_trigger,
};

/// Adds a template; its text is fetched from the provider where it has one there.
pub fn add(saved: &mut Store, config: &Config, template: Template) -> Result<Template> {
    let template = ready(config, template, false)?;
    saved.write(|transaction| {
        if store::find(transaction, &template.name)?.is_some() {
            return Err(Error::unacceptable(format!(
                "there is a template `{}` already",
                template.name
            ))
            .hint(format!("regua template edit {}", typed(&template.name))));
        }
        store::save(transaction, &template)
    })?;
    Ok(template)
}

/// Saves a changed template. `text_given` says that a whatsapp text was given by hand.
pub fn replace(
    saved: &mut Store,
    config: &Config,
    template: Template,
    text_given: bool,
) -> Result<Template> {
    let template = ready(config, template, text_given)?;
    saved.write(|transaction| {
        store::save(transaction, &template)?;
        super::rule::still_fine(transaction)?;
        super::task::still_fine(transaction, &template.name)?;
        super::birthday::still_fine(transaction, config, &template.name)?;
        super::trigger::still_fine(transaction)
    })?;
    Ok(template)
}

/// A template as it can be saved: whatsapp texts fetched, everything checked.
pub fn ready(config: &Config, mut template: Template, text_given: bool) -> Result<Template> {
    if template.channel.nature().places {
        fetch_text(config, &mut template, text_given)?;
    }
    let flaws = flaws(config, &template);
    if flaws.is_empty() {
        Ok(template)
    } else {
        Err(Error::flaws(
            format!("template `{}` is not acceptable", template.name),
            flaws,
        )
        .hint("regua template variables lists what a text may use"))
    }
}

/// Everything wrong with a template, as its channel is configured.
pub fn flaws(config: &Config, template: &Template) -> Vec<Flaw> {
    let provider = &config.channel(template.channel).provider;
    let mut flaws = template.flaws();
    flaws.extend(template.flaws_at(provider.names_variables()));
    flaws
}

/// What a template lacks that gives the notice of suspension somewhere: the paragraph that the law asks for. Rules
/// are not saved with such a one; this is for what was saved before, or changed by another hand.
pub fn notice_flaws(connection: &Connection, template: &Template) -> Result<Vec<Flaw>> {
    if template.says(Variable::AvisoSuspensao) {
        return Ok(Vec::new());
    }
    let stages = stored_rule::suspension_stages_with(connection, &template.name)?;
    let flaws = stages.into_iter().map(|(rule, stage)| {
        Flaw::of(
            "body",
            format!("gives the notice of suspension (rule `{rule}`, stage {stage}) without #aviso_suspensao#"),
            "write #aviso_suspensao# in its text, and in its HTML where it has one: Resolução 765/2023, art. 71, says what the notice contains",
        )
    });
    Ok(flaws.collect())
}

/// Fetches a whatsapp template's text from a provider that keeps them; else it is given by hand.
fn fetch_text(config: &Config, template: &mut Template, text_given: bool) -> Result<()> {
    let settings = config.channel(template.channel);
    if !settings.provider.keeps_templates() {
        return Ok(());
    }
    let name = template.name.clone();
    if text_given || (template.provider_template.is_none() && !template.body.is_empty()) {
        return Err(Error::unacceptable(format!(
            "template `{name}`: a whatsapp text is the provider's, not given by hand"
        ))
        .hint(
            "--provider-channel ID --provider-template ID; regua omnichannel templates lists them",
        ));
    }
    let Some(id) = template.provider_template.clone() else {
        return Err(Error::unacceptable(format!(
            "template `{name}` names no template of the provider"
        ))
        .hint("--provider-template ID; regua omnichannel templates lists them"));
    };
    let provider = settings.connect()?;
    let Some(catalogue) = provider.catalogue() else {
        return Ok(());
    };
    let channel_id = template.provider_channel.clone().unwrap_or_default();
    let listed = catalogue.templates(&channel_id)?;
    // An id; or a name, in the configured language where it stands in several.
    let mut named = listed.iter().filter(|listed| listed.name == id);
    let mut spoken = listed
        .iter()
        .filter(|listed| listed.name == id && listed.language.as_deref() == catalogue.language());
    let found = listed
        .iter()
        .find(|listed| listed.id == id)
        .or_else(|| spoken.next().filter(|entry| entry.language.is_some()))
        .or_else(|| named.next().filter(|_| named.next().is_none()));
    let Some(found) = found else {
        return Err(Error::unacceptable(format!(
            "the provider has no template `{id}` on channel `{channel_id}`"
        ))
        .hint("are the two ids swapped? regua omnichannel channels, regua omnichannel templates --channel ID"));
    };
    if let Some(what) = &found.unfillable {
        return Err(Error::unacceptable(format!(
            "template `{name}`: the provider's template `{}` has {what}, which regua cannot fill",
            found.id
        ))
        .hint("choose one with text, text variables and address buttons only"));
    }
    template.body = found.text.clone().unwrap_or_default();
    template.provider_template = Some(found.id.clone());
    Ok(())
}

/// Removes a template, unless something uses it: the error names what.
pub fn remove(saved: &mut Store, config: &Config, name: &str) -> Result<()> {
    saved.write(|transaction| remove_within(transaction, config, name))
}

/// The same within a transaction.
pub fn remove_within(connection: &Connection, config: &Config, name: &str) -> Result<()> {
    let template = store::get(connection, name)?;
    let users = users(connection, config, &template.name)?;
    if !users.is_empty() {
        return Err(Error::unacceptable(format!(
            "template `{name}` is in use by {}",
            users.join(", ")
        ))
        .hint("change those first"));
    }
    store::remove(connection, name)
}

/// What uses a template: rules, triggers, tasks, the birthday setting, queued messages.
pub fn users(connection: &Connection, config: &Config, name: &str) -> Result<Vec<String>> {
    let mut users = Vec::new();
    if config.birthday.templates.iter().any(|one| one == name) {
        users.push("[birthday] in the configuration".to_owned());
    }
    for rule in stored_rule::using_template(connection, name)? {
        users.push(format!("rule `{rule}`"));
    }
    for task in crate::store::task::using_template(connection, name)? {
        users.push(format!("task `{task}`"));
    }
    for trigger in stored_trigger::using_template(connection, name)? {
        users.push(format!("trigger `{trigger}`"));
    }
    match store::queued(connection, name)? {
        0 => {}
        1 => users.push("1 queued message".to_owned()),
        n => users.push(format!("{n} queued messages")),
    }
    Ok(users)
}

/// What is unwise about a template, given the phases it stands in (`closing:paid`).
pub fn warnings(template: &Template, phases: &[Phase]) -> Vec<String> {
    let mut warnings = phase_warnings(template, phases);
    if template.channel.is_printed() {
        warnings.extend(too_long(template.title.as_deref(), &template.body));
    }
    if template.channel.nature().segments {
        let s = segments(&template.body);
        if s.alphabet == Alphabet::Ucs2 {
            let odd: String = template
                .body
                .chars()
                .filter(|c| segments(&c.to_string()).alphabet == Alphabet::Ucs2)
                .collect();
            warnings.push(format!(
                "`{odd}` is outside GSM-7: every segment holds 70 characters instead of 160"
            ));
        }
    }
    if template.channel.nature().places {
        let body = template.body.trim();
        if body.starts_with("{{") || body.ends_with("}}") {
            warnings.push(
                "the text begins or ends with a variable, which WhatsApp does not approve"
                    .to_owned(),
            );
        }
    }
    if template.channel.goes_to_devices() {
        const PAYLOAD: usize = 4096;
        let size = template.body.len() + template.title.as_deref().map_or(0, str::len);
        if size > PAYLOAD {
            warnings.push(format!(
                "{size} bytes are more than a push can carry ({PAYLOAD})"
            ));
        }
        let tells = [
            Variable::AreceberValor,
            Variable::AreceberValorTotal,
            Variable::CobrancaTotal,
        ];
        if template.purpose == Purpose::Collection
            && template.title.as_deref().is_some_and(|title| {
                tells
                    .iter()
                    .any(|v| title.contains(&format!("#{}#", v.name())))
            })
        {
            warnings.push("the title tells the amount on a locked screen".to_owned());
        }
    }
    warnings
}

/// What is unwise about a template in the phases it stands in.
fn phase_warnings(template: &Template, phases: &[Phase]) -> Vec<String> {
    let mut warnings = Vec::new();
    let used = template.used();
    let in_closing = phases
        .iter()
        .any(|phase| matches!(phase, Phase::Closing(_)));
    if used.contains(&Variable::AreceberValor) && in_closing {
        warnings.push(
            "#areceber_valor# is what is still owed: in a closing it is R$ 0,00; #areceber_valor_total# is the face amount"
                .to_owned(),
        );
    }
    let in_stage = phases.iter().any(|phase| matches!(phase, Phase::Stage(_)));
    let names_one = used.iter().any(|variable| variable.need() == Need::Invoice);
    if in_stage && names_one && !template.speaks_for_all() {
        warnings.push(
            "it names one invoice only, and a client gets one message a stage however many are late: #faturas_quantidade#, #faturas_total# and #faturas_lista# speak for all of them"
                .to_owned(),
        );
    }
    warnings
}

/// What is unwise about a saved template, where it is used.
pub fn lint(connection: &Connection, template: &Template) -> Result<Vec<String>> {
    Ok(warnings(
        template,
        &stored_rule::phases_using_template(connection, &template.name)?,
    ))
}
