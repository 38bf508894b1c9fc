//! Ways to pay: the free words of the ERP, and which of them leave nothing to be paid by hand.

use super::report::fold;

/// The ways by which nothing is to be paid by hand: a rule leaves them out unless it says otherwise.
pub const AUTOMATIC: [&str; 3] = ["card", "debit", "pix_automatic"];

/// A way to pay as it is compared: without case and accents, the spaces as underscores, and the
/// Portuguese of [`AUTOMATIC`] in its canonical word.
pub fn canonical(word: &str) -> String {
    let folded = fold(word.trim()).replace([' ', '-'], "_");
    match folded.as_str() {
        "cartao" => "card".to_owned(),
        "debito" => "debit".to_owned(),
        "pix_automatico" => "pix_automatic".to_owned(),
        _ => folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_erp_mean_the_canonical_ones() {
        for (word, meant) in [
            ("Cartão", "card"),
            ("CARTAO", "card"),
            ("débito", "debit"),
            ("Pix Automático", "pix_automatic"),
            ("pix-automatico", "pix_automatic"),
            ("Pix", "pix"),
            (" Boleto ", "boleto"),
        ] {
            assert_eq!(canonical(word), meant);
        }
    }
}
