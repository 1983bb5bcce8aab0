//! How terraform writes the text of a label: decoded, normalized, and encoded again.
//!
//! Source: part 4 of `SPECIFICATION.md`, tried on terraform 1.11.4.

use crate::doubt::DoubtReason;
use crate::tables::{holds, printable};
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// How many combining marks in a row terraform's normalization surely leaves together.
const MAX_MARKS: usize = 24;

/// Whether a text is written as it stands: printable ASCII without escapes and templates.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|it| matches!(it, 0x20..=0x7E) && !matches!(it, b'\\' | b'$' | b'%'))
}

/// The text as terraform writes it.
///
/// # Errors
///
/// What is in doubt about it.
pub(crate) fn rewritten(text: &[u8]) -> Result<Vec<u8>, DoubtReason> {
    let text = std::str::from_utf8(text).map_err(|_utf8| DoubtReason::EncodingOfLabel)?;
    let decoded = decode(text);
    if !decoded.is_ascii() && !is_normalization_certain(&decoded) {
        return Err(DoubtReason::CodePointsOfLabel);
    }
    Ok(encode(decoded.nfc()))
}

/// Whether terraform's normalization is known to be the standard's.
///
/// It composes by the lower 16 bits of characters: U+E0168 and an accent become U+1E78.
fn is_normalization_certain(text: &str) -> bool {
    if !text.chars().all(|it| it.is_ascii() || holds(&printable::ASSIGNED, u32::from(it))) {
        return false;
    }
    let is_high = |it: char| u32::from(it) > 0xFFFF;
    let (mut marks, mut is_behind_high) = (0, false);
    text.nfd().all(|it| {
        let is_composed = is_nfc_quick(std::iter::once(it)) != IsNormalized::Yes;
        let is_certain = !is_composed || !(is_behind_high || is_high(it));
        if canonical_combining_class(it) == 0 {
            (marks, is_behind_high) = (0, is_high(it));
        } else {
            marks += 1;
        }
        is_certain && marks <= MAX_MARKS
    })
}

/// What a text means whose escapes were found to be right.
fn decode(text: &str) -> String {
    // What begins like a template is a literal of its own, so it can stand at the start only.
    let text = match text.get(..3) {
        Some("$${" | "%%{") => text.get(1..).unwrap_or_default(),
        _ => text,
    };
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        decoded.push_str(before);
        let mut characters = escape.chars();
        let (character, length) = match characters.next() {
            Some('n') => ('\n', 1),
            Some('r') => ('\r', 1),
            Some('t') => ('\t', 1),
            Some('u') => (code_point(escape.get(1..5)), 5),
            Some('U') => (code_point(escape.get(1..9)), 9),
            Some(other) => (other, other.len_utf8()),
            None => break,
        };
        decoded.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

fn code_point(digits: Option<&str>) -> char {
    let code = digits.and_then(|it| u32::from_str_radix(it, 16).ok());
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn encode(text: impl Iterator<Item = char>) -> Vec<u8> {
    let mut encoded = String::new();
    let mut text = text.peekable();
    while let Some(character) = text.next() {
        match character {
            '\n' => encoded.push_str("\\n"),
            '\r' => encoded.push_str("\\r"),
            '\t' => encoded.push_str("\\t"),
            '"' => encoded.push_str("\\\""),
            '\\' => encoded.push_str("\\\\"),
            '$' | '%' => {
                encoded.push(character);
                if text.peek() == Some(&'{') {
                    encoded.push(character);
                }
            }
            _ if is_printable(character) => encoded.push(character),
            _ => {
                let code = u32::from(character);
                encoded.push_str(&if code <= 0xFFFF {
                    format!("\\u{code:04x}")
                } else {
                    format!("\\U{code:08x}")
                });
            }
        }
    }
    encoded.into_bytes()
}

fn is_printable(character: char) -> bool {
    match u32::from(character) {
        code @ ..0x80 => (0x20..0x7F).contains(&code),
        code => holds(&printable::PRINTABLE, code),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_plain, rewritten};
    use crate::doubt::DoubtReason;

    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8(rewritten(text.as_bytes()).unwrap()).unwrap(), expected, "{text}");
    }

    #[test]
    fn a_text_is_written_anew() {
        check("a b", "a b");
        check(r#"\"\\\t\r\n"#, r#"\"\\\t\r\n"#);
        check(r"\u0041\U0001F600", "A\u{1F600}");
        check(r"\u200b\U000E0001", r"\u200b\U000e0001");
        check("e\u{301}", "\u{e9}");
        check("$${a", "$${a");
        check("$", "$");
        check("e\u{301}\u{1F600}", "\u{e9}\u{1F600}");
        check("\u{a0}", r"\u00a0");
    }

    #[test]
    fn what_is_plain_is_written_as_it_is() {
        for text in ["", "aws_instance", "a b!#&'()*+,-./:;<=>?@[]^_`{|}~"] {
            assert!(is_plain(text.as_bytes()), "{text}");
            check(text, text);
        }
        assert!(!is_plain(b"a\tb"));
    }

    #[test]
    fn characters_that_came_later_are_in_doubt() {
        assert_eq!(rewritten("\u{2FFC}".as_bytes()), Err(DoubtReason::CodePointsOfLabel));
        assert_eq!(
            rewritten(format!("e{}", "\u{301}".repeat(31)).as_bytes()),
            Err(DoubtReason::CodePointsOfLabel)
        );
        assert_eq!(rewritten("\u{E0168}\u{301}".as_bytes()), Err(DoubtReason::CodePointsOfLabel));
        assert_eq!(rewritten(b"\xFF"), Err(DoubtReason::EncodingOfLabel));
    }
}
