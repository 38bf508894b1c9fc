//! Bytes as text, where they need not be UTF-8.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// What a text in UTF-8 may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes in the charset of this name, as `Content-Type` has it. In UTF-8 where there is no such charset, and after its
/// mark; what is none there becomes `\u{fffd}`.
pub fn named(charset: Option<&str>, bytes: &[u8]) -> String {
    let decode = charset.and_then(|name| charset_decoder(name.as_bytes()));
    match (bytes.strip_prefix(MARK), decode) {
        (None, Some(decode)) => decode(bytes),
        (marked, _) => String::from_utf8_lossy(marked.unwrap_or(bytes)).into_owned(),
    }
}

/// Bytes in UTF-8, or in Windows-1252 (of which Latin-1 is a part) as older programs write.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(named(Some("windows-1252"), bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_as_the_charset_says() {
        for (charset, bytes, read) in [
            (None, "fatura, é".as_bytes(), "fatura, é"),
            (None, b"n\xe3o", "n\u{fffd}o"),
            (Some("ISO-8859-1"), b"n\xe3o", "não"),
            (Some("windows-1252"), b"n\xe3o \x80 1", "não € 1"),
            (Some("us-ascii"), b"nao", "nao"),
            (Some("utf-8"), "\u{feff}{\"é\":1}".as_bytes(), "{\"é\":1}"),
            (Some("ISO-8859-1"), "\u{feff}é".as_bytes(), "é"),
            (Some("nenhum"), "é".as_bytes(), "é"),
            (Some(""), "é".as_bytes(), "é"),
            (Some(&"x".repeat(100)), "é".as_bytes(), "é"),
        ] {
            assert_eq!(named(charset, bytes), read, "{charset:?}");
        }
        assert_eq!(text(b"aceita, ser\xe1 entregue"), "aceita, será entregue");
        assert_eq!(text("será".as_bytes()), "será");
    }
}
