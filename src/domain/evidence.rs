//! The ledger's records: what each says, in one form that anybody can reckon again.
//!
//! Each record's digest is the SHA-256 of the 32 bytes of the digest before it (32 zero bytes for the first)
//! and of the record's canonical form, which is this text in UTF-8, each line ended by one line feed:
//!
//! ```text
//! regua/evidence/1
//! number=2
//! at=1795435200000
//! what=sent
//! message=345
//! content=<hexadecimal, lower case; empty where there is none>
//! note=<JSON on one line; empty where there is none>
//! ```
//!
//! `at` counts milliseconds since 1970-01-01T00:00:00Z. `what` is the state that the message entered (`sent`,
//! `failed`, `skipped`, `cancelled`, `unknown`), `receipt`, `purge`, `erase`, `unerase` or `restore`; the last
//! four have no message, and a note that names what they took.
//!
//! The content of a state is three digests, one after the other: what the message is about, its text, and how it
//! was answered. The content of a receipt is one. Each is the SHA-256 of the message's salt (16 random bytes,
//! which erasing destroys) and of the values as a JSON list without spaces, in the order of [`ABOUT`], [`TEXT`],
//! [`ANSWER`] and [`RECEIPT`]. In Python:
//!
//! ```python
//! import hashlib, json
//! def part(salt, values):
//!     text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
//!     return hashlib.sha256(salt + text.encode()).digest()
//! def record(before, number, at, what, message, content, note):
//!     form = (f"regua/evidence/1\nnumber={number}\nat={at}\nwhat={what}\nmessage={message}\n"
//!             f"content={content.hex()}\nnote={note}\n")
//!     return hashlib.sha256(before + form.encode()).digest()
//! print(record(bytes(32), 1, 1795435200000, "sent", 345, part(b"0123456789abcdef", ["Ana", None, 9990]), "").hex())
//! # 8969c3202a8c21040f5295e68b7a4ac187e79f908ad29e877828016d2c623fca
//! ```

use std::io::Write as _;

use ring::digest::SHA256;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// What stands before the first record.
pub const NOTHING: Digest = [0; 32];

/// What a message is about, by its columns; the key only once the message is `sent` or `unknown`, because
/// until then another may take it over.
pub const ABOUT: [&str; 20] = [
    "key",
    "channel",
    "purpose",
    "kind",
    "template",
    "origin",
    "event",
    "client_id",
    "staff_id",
    "contract_id",
    "invoice_id",
    "login_id",
    "ticket_id",
    "batch_id",
    "created_at",
    "address",
    "address_kind",
    "provider_channel",
    "provider_template",
    "due_on",
];

/// Its text, by its columns; then the texts that earlier tries carried, as `SQLite` writes
/// `[[number,title,body],…]`, or null.
pub const TEXT: [&str; 5] = ["title", "body", "html", "variables", "carried"];

/// How it was answered: columns of the message, of its latest try, and the earlier tries as `SQLite` writes
/// `[[number,at,provider,outcome,code,text,provider_id,address],…]`, or null.
pub const ANSWER: [&str; 13] = [
    "status",
    "reason",
    "detail",
    "sent_at",
    "attempts",
    "provider_id",
    "try_at",
    "try_provider",
    "try_outcome",
    "try_code",
    "try_text",
    "try_provider_id",
    "earlier",
];

/// What a provider reported later, by its columns.
pub const RECEIPT: [&str; 6] = ["source", "provider_id", "kind", "at", "code", "text"];

/// One record, but its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Counts records, from 1.
    pub number: i64,
    /// When it was made, in milliseconds since 1970.
    pub at: i64,
    /// What happened.
    pub what: &'a str,
    /// To which message.
    pub message: Option<i64>,
    /// The digests of its parts.
    pub content: &'a [u8],
    /// What was taken, as JSON.
    pub note: Option<&'a str>,
}

impl Record<'_> {
    /// The form that its digest is reckoned from.
    pub fn canonical(&self) -> Vec<u8> {
        self.after(&[])
    }

    /// The same behind what it follows.
    fn after(&self, before: &[u8]) -> Vec<u8> {
        let note = self.note.unwrap_or_default();
        let length = before.len() + 128 + 2 * self.content.len() + note.len();
        let mut form = Vec::with_capacity(length);
        form.extend_from_slice(before);
        let (number, at, what) = (self.number, self.at, self.what);
        // Writing to memory does not fail.
        let _ = write!(
            form,
            "regua/evidence/1\nnumber={number}\nat={at}\nwhat={what}\nmessage="
        );
        if let Some(id) = self.message {
            let _ = write!(form, "{id}");
        }
        form.extend_from_slice(b"\ncontent=");
        push_hex(&mut form, self.content);
        form.extend_from_slice(b"\nnote=");
        form.extend_from_slice(note.as_bytes());
        form.push(b'\n');
        form
    }

    /// Its digest, after the one before it.
    pub fn digest(&self, before: &Digest) -> Digest {
        sha256(&self.after(before))
    }
}

/// The digest of one part: the bytes of a message's salt, and behind them the part's values as a JSON list.
pub fn part(salted: &[u8]) -> Digest {
    sha256(salted)
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = NOTHING;
    digest.copy_from_slice(ring::digest::digest(&SHA256, bytes).as_ref());
    digest
}

/// Each byte's two digits.
const DIGITS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut all = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    all
};

fn push_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    let start = text.len();
    text.resize(start + 2 * bytes.len(), 0);
    let (pairs, _) = text[start..].as_chunks_mut();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = DIGITS[usize::from(*byte)];
    }
}

/// Bytes as people copy them: hexadecimal, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    push_hex(&mut text, bytes);
    text.into_iter().map(char::from).collect()
}

/// A record's number and digest, as they are kept elsewhere: `1042:9f86d0…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number.
    pub number: i64,
    /// The digest, in hexadecimal.
    pub digest: String,
}

impl Head {
    /// Reads what [`std::fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, digest) = text.trim().split_once(':')?;
        let number = number.parse().ok().filter(|number| *number >= 0)?;
        let digest = digest.to_ascii_lowercase();
        let whole = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then_some(Self { number, digest })
    }
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_page_is_reckoned_as_python_does() {
        let content = part(br#"0123456789abcdef["Ana",null,9990]"#);
        let record = Record {
            number: 1,
            at: 1_795_435_200_000,
            what: "sent",
            message: Some(345),
            content: &content,
            note: None,
        };
        let digest = hex(&record.digest(&NOTHING));
        let page = include_str!("evidence.rs");
        assert!(page.contains(&format!("//! # {digest}\n")), "{digest}");
    }

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head {
            number: 7,
            digest: hex(&NOTHING),
        };
        assert_eq!(Head::parse(&head.to_string()), Some(head));
        for wrong in ["7", "7:abc", "x:00", ":", "-1:00"] {
            assert_eq!(Head::parse(wrong), None, "{wrong}");
        }
    }
}
