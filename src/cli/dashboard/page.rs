//! The page: its head, its style, and the cards in their order.

use super::cards;
use super::figures::number;
use crate::domain::stats::{CountedBy, FunnelBy};
use crate::error::Result;
use crate::jobs::dashboard::Dashboard;
use crate::view::Language;
use crate::view::language::Translator;
use crate::view::svg::{FAINT, INK, MARKS, escaped};

/// What the page looks like: by day, by night, on paper, on a narrow screen and on a wide one.
const STYLE: &str = include_str!("page.css");

/// Writes the whole page.
pub(super) fn write(board: &Dashboard, company: Option<&str>, say: &Translator) -> Result<String> {
    let tag = match say.language() {
        Language::Portuguese => "pt-BR",
        Language::English => "en",
    };
    let name = company.map_or_else(|| "regua".to_owned(), |name| format!("regua · {name}"));
    let local = board.now.at.with_timezone(&board.now.zone);
    let at = match say.language() {
        Language::Portuguese => local.format("%d/%m/%Y %H:%M").to_string(),
        Language::English => local.format("%Y-%m-%d %H:%M").to_string(),
    };
    let days = say.said(&format!("messages of the last {} days", board.days));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <meta name=\"robots\" content=\"noindex\" />\n<title>{name}</title>\n\
         <style>\n{style}{marks}</style>\n</head>\n<body>\n\
         <header><h1>{name}</h1><p>{at} · {days}</p></header>\n<main>\n",
        name = escaped(&name),
        style = STYLE,
        marks = marks(),
        days = escaped(&days),
    );
    page.push_str(&tiles(board, say));
    for card in [
        cards::attention(board, say),
        cards::days(board, say)?,
        cards::messages(
            board,
            CountedBy::Channel,
            "What became of them, by channel",
            say,
        )?,
        cards::messages(board, CountedBy::Reason, "Why messages were not sent", say)?,
        cards::messages(board, CountedBy::Template, "By template", say)?,
        cards::messages(board, CountedBy::Stage, "Messages of the ladder", say)?,
        cards::funnel(board, FunnelBy::Stage, "Recovery, by stage", say)?,
        cards::funnel(board, FunnelBy::Template, "Recovery, by template", say)?,
        cards::funnel(board, FunnelBy::Channel, "Recovery, by channel", say)?,
        cards::ahead(board, say)?,
        cards::queue(board, say),
        cards::cases(board, say),
        cards::tasks(board, say),
    ] {
        page.push_str(&card);
        page.push('\n');
    }
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(page)
}

/// The colours of the charts' marks, by the page's own names for them.
fn marks() -> String {
    let mut style = String::new();
    for (place, mark) in MARKS.iter().enumerate() {
        style.push_str(&format!(
            "svg [fill=\"{mark}\"]{{fill:var(--m{place})}}.legend .m{place}{{background:var(--m{place})}}\n"
        ));
    }
    style.push_str(&format!(
        "svg [fill=\"{INK}\"]{{fill:var(--ink)}}svg [fill=\"{FAINT}\"]{{fill:var(--line)}}\
         svg [stroke=\"{FAINT}\"]{{stroke:var(--line)}}\n"
    ));
    style
}

/// The figures that are looked for first.
fn tiles(board: &Dashboard, say: &Translator) -> String {
    let total = board.total();
    let mut tiles = String::from("<div class=\"tiles\">");
    for (name, n) in [
        ("messages", total.messages),
        ("sent", total.sent),
        ("delivered", total.delivered),
        ("read", total.read),
        ("failed", total.failed),
        ("skipped", total.skipped),
        ("unknown", total.unknown),
    ] {
        tiles.push_str(&format!(
            "<div><b data-figure=\"total/{name}\" data-value=\"{n}\">{}</b><span>{}</span></div>",
            number(n, say.language()),
            escaped(say.header(name))
        ));
    }
    tiles.push_str("</div>\n");
    tiles
}
