//! A letter's page: how much of a text goes on one, so that a longer one is warned of before it is printed.

/// What of A4 (210 × 297 mm) is the letter's text, in hundredths of a millimetre: between its margins, below the
/// address.
const WIDTH: usize = 16_000;
const HEIGHT: usize = 17_300;
/// A line of 11 points at 1.45, a line of a title of 13 points at 1.3, and what is below a title and below a
/// paragraph, in hundredths of a millimetre.
const LINE: usize = 563;
const TITLE_LINE: usize = 596;
const BELOW_TITLE: usize = 500;
const BELOW_PARAGRAPH: usize = 300;
/// How wide a letter is on the average, in hundredths of a millimetre: in the widest of the fonts that the page
/// names, as Portuguese mixes its letters.
const LETTER: usize = 185;
const TITLE_LETTER: usize = 225;

/// The pages that a letter takes, by the width of its letters: as many or one too many, hardly ever one too few.
pub fn pages(title: Option<&str>, body: &str) -> usize {
    let lines = |text: &str, letter: usize| {
        let width = text.chars().count() * letter;
        width.div_ceil(WIDTH).max(1)
    };
    let title = title.map_or(0, |title| {
        lines(title, TITLE_LETTER) * TITLE_LINE + BELOW_TITLE
    });
    let height = paragraphs(body).fold(title, |height, paragraph| {
        let of_lines: usize = paragraph.lines().map(|line| lines(line, LETTER)).sum();
        height + of_lines * LINE + BELOW_PARAGRAPH
    });
    // The last paragraph needs nothing below it.
    height
        .saturating_sub(BELOW_PARAGRAPH)
        .div_ceil(HEIGHT)
        .max(1)
}

/// The parts of a text between empty lines.
pub fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("\n\n").map(|part| part.trim_matches('\n'));
    parts.filter(|part| !part.trim().is_empty())
}

/// What is to be said of a letter that is longer than its page; none where it is not.
pub fn too_long(title: Option<&str>, body: &str) -> Option<String> {
    let pages = pages(title, body);
    (pages > 1).then(|| {
        format!("it fills about {pages} pages of A4, and a letter is one: shorten it, or look at it printed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_stand_between_empty_lines() {
        let text = "Um\ndois\n\n\n\nTrês\n";
        assert_eq!(paragraphs(text).collect::<Vec<_>>(), ["Um\ndois", "Três"]);
    }

    #[test]
    fn a_page_holds_thirty_lines_whether_broken_or_not() {
        assert_eq!(pages(Some("Faturas em aberto"), "Curta."), 1);
        let broken = vec!["linha"; 28].join("\n");
        assert_eq!(pages(Some("Título"), &broken), 1);
        let broken = vec!["linha"; 32].join("\n");
        assert_eq!(pages(Some("Título"), &broken), 2);
        // One paragraph of 60 lines of words.
        let words = "palavra ".repeat(650);
        assert_eq!(pages(None, &words), 2);
        assert!(too_long(None, &words).is_some_and(|told| told.contains("about 2 pages")));
        assert_eq!(too_long(None, "Curta."), None);
    }
}
