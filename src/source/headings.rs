//! What the headings of a file mean: the book's own names, those of a preset, those a person mapped.

use std::collections::BTreeMap;

use crate::domain::book::{FactKind, KINDS, plain_heading};
use crate::error::{Flaw, did_you_mean};
use crate::toml_table::Section;

/// The headings of one program's exports: by kind, each column with the headings that mean it.
pub type KnownHeadings = &'static [(
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
)];

/// What stands in a preset for a column that is passed over.
pub const PASSED_OVER: &str = "";

/// What one heading means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A column of the kind, by its place.
    Column(usize),
    /// The same by a preset, which knows several headings for one column: the first in a file counts.
    Likely(usize),
    /// Something that the book does not keep.
    Nothing,
}

/// The headings of files, besides the book's own names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headings {
    /// By kind, each plain heading with its meaning.
    known: BTreeMap<&'static str, BTreeMap<String, Meaning>>,
}

impl Headings {
    /// Reads `[import.KIND] column = "heading"`.
    pub fn read(import: &Section<'_, '_>) -> Self {
        let mut headings = Self::default();
        for kind in &KINDS {
            let Some(section) = import.section(kind.name) else {
                continue;
            };
            for column in kind.columns {
                if let Some(text) = section.filled(column.name) {
                    headings.add(kind, column.name, &text, Meaning::Column);
                }
            }
            section.finish();
        }
        headings
    }

    /// The same headings, and those of a preset where a person mapped none.
    #[must_use]
    pub fn with_preset(mut self, preset: KnownHeadings) -> Self {
        for (kind, columns) in preset {
            let Some(kind) = FactKind::named(kind) else {
                continue;
            };
            for (column, texts) in *columns {
                for text in *texts {
                    self.add(kind, column, text, Meaning::Likely);
                }
            }
        }
        self
    }

    /// Notes a heading, unless it is known already.
    fn add(
        &mut self,
        kind: &'static FactKind,
        column: &str,
        heading: &str,
        meaning: fn(usize) -> Meaning,
    ) {
        let meaning = kind.position(column).map_or(Meaning::Nothing, meaning);
        let known = self.known.entry(kind.name).or_default();
        known.entry(plain_heading(heading)).or_insert(meaning);
    }

    /// What a heading of a file of this kind means; none when nobody knows it.
    pub fn meaning(&self, kind: &FactKind, heading: &str) -> Option<Meaning> {
        let mapped = self.known.get(kind.name);
        mapped
            .and_then(|known| known.get(&plain_heading(heading)).copied())
            .or_else(|| kind.means(heading).map(Meaning::Column))
    }

    /// What is wrong with a heading that nobody knows, and the nearest that is known.
    pub fn unknown(kind: &FactKind, heading: &str) -> Flaw {
        let names = kind.columns.iter().map(|column| column.name);
        let plain = plain_heading(heading);
        let remedy = did_you_mean(heading.trim(), names.clone())
            .or_else(|| did_you_mean(&plain, names.clone()))
            .map_or_else(
                || {
                    let names = names.clone().collect::<Vec<_>>().join(", ");
                    format!("known: {names} (--ignore-unknown passes it over)")
                },
                |question| format!("{question} (--ignore-unknown passes it over)"),
            );
        let found = format!("{} have no such column", kind.name);
        Flaw::of(heading, found, remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_knows_the_headings_of_a_grid() {
        let headings =
            Headings::default().with_preset(crate::source::preset("ixc").expect("a preset"));
        let kind = FactKind::named("clients").expect("a kind");
        let column = |heading: &str| headings.meaning(kind, heading);
        let at = |name: &str| kind.position(name).map(Meaning::Likely);
        for (heading, name) in [
            ("Razão Social", "name"),
            ("razao", "name"),
            ("telefone_celular", "mobile"),
            ("CNPJ/CPF", "tax_id"),
            ("data_nascimento", "birth_date"),
            ("E-mail", "email"),
            ("participa_pre_cobranca", "in_reminders"),
        ] {
            assert_eq!(column(heading), at(name), "{heading}");
        }
        assert_eq!(column("Fantasia"), Some(Meaning::Nothing));
        assert_eq!(column("Cor"), None);
    }
}
