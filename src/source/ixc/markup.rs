//! A server's words as plain text: without its markup, on one line.

/// The most characters of a server's words that are repeated.
const MOST_WORDS: usize = 200;

/// A message without its markup, on one line, at most two hundred characters.
pub fn plain(text: &str) -> String {
    let words = unmarked(text);
    if words.chars().count() > MOST_WORDS {
        let cut: String = words.chars().take(MOST_WORDS).collect();
        return format!("{}…", cut.trim_end());
    }
    words
}

/// A text without its markup, on one line.
pub fn unmarked(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => {
                inside = true;
                out.push(' ');
            }
            '>' if inside => inside = false,
            _ if inside => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, character);
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    words.join(" ")
}
