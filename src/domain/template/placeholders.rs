//! The places in a whatsapp provider's text where values go.

/// The places in a provider's text where values go: `{{1}}` by number, `{{nome}}` by first appearance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholders {
    /// How many values the text takes.
    pub count: usize,
    /// Where each stands (bytes) and which value it takes, from 0.
    spots: Vec<(std::ops::Range<usize>, usize)>,
}

impl Placeholders {
    /// The placeholders of `text`.
    pub fn of(text: &str) -> Self {
        let mut names: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
        let mut from = 0;
        while let Some(open) = text[from..].find("{{").map(|at| at + from) {
            let Some(close) = text[open..].find("}}").map(|at| at + open) else {
                break;
            };
            let name = text[open + 2..close].trim();
            if name.is_empty() || name.contains(['{', '\n']) {
                from = open + 2;
                continue;
            }
            names.push((open..close + 2, name));
            from = close + 2;
        }
        let numbers: Option<Vec<usize>> = names
            .iter()
            .map(|(_, name)| name.parse().ok().filter(|n| (1..=99).contains(n)))
            .collect();
        if let Some(numbers) = numbers {
            return Self {
                count: numbers.iter().copied().max().unwrap_or(0),
                spots: names
                    .into_iter()
                    .zip(numbers)
                    .map(|((range, _), n)| (range, n - 1))
                    .collect(),
            };
        }
        let mut order: Vec<&str> = Vec::new();
        let spots = names
            .into_iter()
            .map(|(range, name)| {
                let index = order
                    .iter()
                    .position(|known| *known == name)
                    .unwrap_or_else(|| {
                        order.push(name);
                        order.len() - 1
                    });
                (range, index)
            })
            .collect();
        Self {
            count: order.len(),
            spots,
        }
    }

    /// `text` with its placeholders filled; nothing within a value is looked at again.
    pub fn filled(&self, text: &str, values: &[String]) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut from = 0;
        for (range, index) in &self.spots {
            out.push_str(&text[from..range.start]);
            out.push_str(values.get(*index).map_or("", String::as_str));
            from = range.end;
        }
        out.push_str(&text[from..]);
        out
    }
}
