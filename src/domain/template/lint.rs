//! What is wrong with a template, part by part, before it is saved.

use super::text::{Piece, pieces, unknown_variables};
use super::{Placeholders, Template, Variable};
use crate::error::Flaw;

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
        self.check_name_and_text(&mut flaws);
        self.check_title(&mut flaws);
        if self.names_variables() {
            self.check_variables(&mut flaws);
        } else {
            self.check_places(&mut flaws);
        }
        let place = format!("template `{}`", self.name);
        flaws.into_iter().map(|flaw| flaw.within(&place)).collect()
    }

    /// What is wrong with a whatsapp text for a provider by which texts name their variables themselves, or
    /// for one by which they do not.
    pub fn flaws_at(&self, names_variables: bool) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.channel.nature().places && self.names_variables() != names_variables {
            if names_variables {
                flaws.push(Flaw::of(
                    "variables",
                    "are given by number, and the gateway keeps no template that has numbers",
                    "write #cliente_nome# in the text, without {{1}}, --var and the provider's ids",
                ));
            } else {
                self.check_unfilled(&mut flaws);
            }
        }
        let place = format!("template `{}`", self.name);
        flaws.into_iter().map(|flaw| flaw.within(&place)).collect()
    }

    fn check_name_and_text(&self, flaws: &mut Vec<Flaw>) {
        if let Some(what) = name_problem(&self.name) {
            flaws.push(Flaw::of("name", what, "give it a short plain name"));
        }
        if self.body.trim().is_empty() {
            flaws.push(Flaw::of("body", "is missing", "give the text to send"));
        }
    }

    /// What heads the text, and the parts that only some channels have.
    fn check_title(&self, flaws: &mut Vec<Flaw>) {
        let title = self.title.as_deref();
        match self.channel.has_title() {
            true if title.is_none_or(|t| t.trim().is_empty()) => {
                flaws.push(Flaw::of(
                    "title",
                    "is missing",
                    "a push or a letter needs a title, an e-mail its subject",
                ));
            }
            false if title.is_some() => flaws.push(Flaw::of(
                "title",
                format!("{} messages have no title", self.channel),
                "leave it out",
            )),
            _ => {}
        }
        if title.is_some_and(|t| t.chars().any(char::is_control)) {
            flaws.push(Flaw::of(
                "title",
                "holds a line break or another control character",
                "write it on one line",
            ));
        }
        if !self.look.is_empty() && !self.channel.nature().look {
            let given = self
                .look
                .parts()
                .into_iter()
                .find(|(_, part)| part.is_some());
            flaws.push(Flaw::of(
                given.map_or("sound", |(key, _)| key),
                format!("{} messages have none", self.channel),
                "leave it out; it is for push",
            ));
        }
        flaws.extend(self.look.flaws());
        if self.html.is_some() && !self.channel.nature().html {
            flaws.push(Flaw::of(
                "html",
                format!("{} messages have no HTML", self.channel),
                "leave it out",
            ));
        }
    }

    /// Whatsapp: one variable for each place in the provider's text, and none written in it.
    fn check_places(&self, flaws: &mut Vec<Flaw>) {
        let places = Placeholders::of(&self.body).count;
        if places != self.variables.len() {
            flaws.push(Flaw::of(
                "variables",
                format!(
                    "placeholders in the text: {places}, variables given: {}",
                    self.variables.len()
                ),
                "give one variable for each placeholder, in order",
            ));
        }
        self.check_unfilled(flaws);
    }

    /// Whatsapp: variables that are written in a text whose places have numbers.
    fn check_unfilled(&self, flaws: &mut Vec<Flaw>) {
        for piece in pieces(&self.body) {
            if let Piece::Variable(variable, _) = piece {
                flaws.push(Flaw::of(
                    "body",
                    format!("#{}# would stay as it is written", variable.name()),
                    "write {{1}} in its place, and name what fills it: --var 1=VARIABLE",
                ));
            }
        }
    }

    /// Every other channel: the variables that its texts name must be known.
    fn check_variables(&self, flaws: &mut Vec<Flaw>) {
        if !self.variables.is_empty()
            || self.provider_channel.is_some()
            || self.provider_template.is_some()
        {
            flaws.push(Flaw::of(
                "variables",
                format!("{} texts name their variables themselves", self.channel),
                "write #cliente_nome# in the text; provider ids and variables are for whatsapp",
            ));
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
                    |near| format!("try #{}#", near.name()),
                );
                let found = format!("#{word}# is not a known variable");
                flaws.push(Flaw::of(part, found, remedy));
            }
        }
    }
}
