//! The page of a letter: A4, the address in a window envelope's place, in Portuguese typography.

use chrono::{DateTime, Datelike as _};
use chrono_tz::Tz;

use crate::domain::letter::paragraphs;
use crate::domain::message::Outgoing;

/// Before the page of a letter, alone on its line. No value can write it: all are escaped.
pub(super) const BEGIN: &str = "<!-- letter -->";
/// After the page of a letter.
pub(super) const END: &str = "<!-- /letter -->";

/// What every document begins with.
///
/// The address stands from 52 to 71 mm below the sheet's edge and from 25 mm beside it: that is seen through
/// the window of a C5 envelope (A4 folded once) and of a DL or *ofício* one (folded twice), wherever in
/// it the sheet slides (windows as DIN 680 has them: 90 × 45 mm, 20 mm from the left). Nothing else that
/// is written comes near the window, so that nobody reads the debt through it.
pub(super) const HEAD: &str = r#"<!DOCTYPE html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>Cartas</title>
<style>
@page { size: A4; margin: 0 }
* { box-sizing: border-box }
html, body { margin: 0; padding: 0; background: #fff; color: #111 }
body { font: 11pt/1.45 "Source Serif 4", "Noto Serif", "Liberation Serif", Georgia, "Times New Roman", serif }
.letter { position: relative; width: 210mm; min-height: 296.5mm; padding: 104mm 25mm 20mm; break-after: page }
.letter:last-child { break-after: auto }
.sender { position: absolute; top: 14mm; left: 25mm; right: 25mm; font-size: 9pt; line-height: 1.35; color: #444 }
.sender b { font-size: 12pt; color: #111 }
.address { position: absolute; top: 52mm; left: 25mm; width: 78mm; font: 10.5pt/1.16 "Source Sans 3", "Noto Sans", "Liberation Sans", Arial, sans-serif }
.address div { overflow-wrap: anywhere }
.date { position: absolute; top: 91mm; right: 25mm }
.fold { position: absolute; left: 0; width: 5mm; border-top: .2mm solid #999 }
h1 { margin: 0 0 5mm; font-size: 13pt; line-height: 1.3 }
p { margin: 0 0 3mm; text-align: left; hyphens: auto; overflow-wrap: anywhere; orphans: 2; widows: 2 }
@media screen { html { background: #ddd } .letter { margin: 5mm auto; background: #fff; box-shadow: 0 0 2mm #999 } }
</style>
</head>
<body>
"#;

/// What every document ends with.
pub(super) const TAIL: &str = "</body>\n</html>\n";

/// What stands on every letter, by the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Letterhead {
    /// The sender's lines; the first is the name.
    pub(super) sender: Vec<String>,
    /// The place before the date.
    pub(super) city: Option<String>,
}

/// The page of one letter, from [`BEGIN`] to [`END`].
pub(super) fn page(message: &Outgoing, head: &Letterhead) -> String {
    let mut page = format!("{BEGIN}\n<section class=\"letter\">\n");
    if let Some((name, rest)) = head.sender.split_first() {
        let rest = rest.iter().map(|line| format!("<br>{}", escaped(line)));
        let rest: String = rest.collect();
        page.push_str(&format!(
            "<header class=\"sender\"><b>{}</b>{rest}</header>\n",
            escaped(name)
        ));
    }
    page.push_str("<address class=\"address\" style=\"font-style: normal\">\n");
    for line in message
        .name
        .iter()
        .map(String::as_str)
        .chain(message.address.lines())
    {
        page.push_str(&format!("<div>{}</div>\n", escaped(line)));
    }
    page.push_str("</address>\n");
    page.push_str(&format!(
        "<div class=\"date\">{}</div>\n",
        escaped(&dated(message.at, head.city.as_deref()))
    ));
    page.push_str("<div class=\"fold\" style=\"top: 99mm\"></div>\n");
    page.push_str("<div class=\"fold\" style=\"top: 198mm\"></div>\n");
    if let Some(title) = &message.title {
        page.push_str(&format!("<h1>{}</h1>\n", typeset(title)));
    }
    for paragraph in paragraphs(&message.body) {
        page.push_str(&format!(
            "<p>{}</p>\n",
            typeset(paragraph).replace('\n', "<br>\n")
        ));
    }
    page.push_str(&format!("</section>\n{END}\n"));
    page
}

/// Place and day as a letter begins: `Chapecó, 1.º de dezembro de 2026`.
fn dated(at: DateTime<Tz>, city: Option<&str>) -> String {
    const MONTHS: [&str; 12] = [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ];
    let day = match at.day() {
        1 => "1.º".to_owned(),
        day => day.to_string(),
    };
    let place = city.map_or_else(String::new, |city| format!("{city}, "));
    format!(
        "{place}{day} de {} de {}",
        MONTHS[at.month0() as usize],
        at.year()
    )
}

/// A text as it is printed: quotes and dashes as Portuguese has them, amounts and rows of digits kept on
/// one line, and nothing of it markup.
fn typeset(text: &str) -> String {
    const TIED: char = '\u{a0}';
    let text = text.replace(" - ", " – ").replace("...", "…");
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 16);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        match letter {
            '"' if before.is_none_or(|c| c.is_whitespace() || "([{“".contains(c)) => {
                out.push('“');
            }
            '"' => out.push('”'),
            // `R$ 10,00`, and the groups of a boleto's digits.
            ' ' if before == Some('$') => out.push(TIED),
            ' ' if before.is_some_and(|c| c.is_ascii_digit())
                && after.is_some_and(char::is_ascii_digit) =>
            {
                out.push(TIED);
            }
            other => out.push(*other),
        }
    }
    escaped(&out)
}

/// A text in which nothing is markup, and no letter turns the direction of the others.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_set_as_portuguese_is_and_holds_no_markup() {
        assert_eq!(
            typeset("Disse \"sim\" - R$ 99,90... <b>&</b>"),
            "Disse “sim” – R$\u{a0}99,90… &lt;b&gt;&amp;&lt;/b&gt;"
        );
        assert_eq!(
            typeset("23793.38128 60000.000003 1"),
            "23793.38128\u{a0}60000.000003\u{a0}1"
        );
        assert_eq!(escaped("a\u{202e}b\u{7}"), "ab");
        assert!(!typeset(BEGIN).contains(BEGIN));
    }

    #[test]
    fn the_first_of_a_month_is_an_ordinal() {
        let at = |text: &str| {
            let zone = chrono_tz::America::Sao_Paulo;
            let at = crate::clock::parse_instant(text, zone).expect("an instant");
            at.with_timezone(&zone)
        };
        assert_eq!(
            dated(at("2026-12-01T09:00"), Some("Chapecó")),
            "Chapecó, 1.º de dezembro de 2026"
        );
        assert_eq!(dated(at("2026-03-21T09:00"), None), "21 de março de 2026");
    }
}
