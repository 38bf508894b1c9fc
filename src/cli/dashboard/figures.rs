//! Figures in tables: each cell tells in an attribute which figure it is, so that it can be compared.

use crate::domain::money::Money;
use crate::view::Language;
use crate::view::language::Translator;
use crate::view::svg::escaped;

/// One cell of a table.
pub(super) enum Figure {
    /// A text.
    Text(String),
    /// A number, with the name of its figure.
    Number(String, u64),
    /// An amount, with the name of its figure.
    Amount(String, Money),
}

/// A whole number as people read it.
pub(super) fn number(n: u64, language: Language) -> String {
    let digits = n.to_string();
    let between = match language {
        Language::Portuguese => '.',
        Language::English => ',',
    };
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(between);
        }
        text.push(digit);
    }
    text
}

/// A table with these columns; the first names the line.
pub(super) fn table(columns: &[String], rows: &[Vec<Figure>], say: &Translator) -> String {
    let mut text = String::from("<div class=\"scroll\"><table><thead><tr>");
    for (place, column) in columns.iter().enumerate() {
        let number = rows
            .first()
            .and_then(|row| row.get(place))
            .is_some_and(|cell| !matches!(cell, Figure::Text(_)));
        let class = if number { " class=\"n\"" } else { "" };
        text.push_str(&format!("<th{class}>{}</th>", escaped(column)));
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for cell in row {
            text.push_str(&cell.html(say));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>");
    text
}

impl Figure {
    fn html(&self, say: &Translator) -> String {
        match self {
            Self::Text(words) => format!("<td>{}</td>", escaped(words)),
            Self::Number(name, n) => format!(
                "<td class=\"n\" data-figure=\"{}\" data-value=\"{n}\">{}</td>",
                escaped(name),
                number(*n, say.language())
            ),
            Self::Amount(name, money) => format!(
                "<td class=\"n\" data-figure=\"{}\" data-value=\"{}\">{}</td>",
                escaped(name),
                money.cents(),
                escaped(&money.to_string())
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_as_the_language_does() {
        assert_eq!(number(0, Language::Portuguese), "0");
        assert_eq!(number(999, Language::Portuguese), "999");
        assert_eq!(number(1_234_567, Language::Portuguese), "1.234.567");
        assert_eq!(number(12_345, Language::English), "12,345");
    }
}
