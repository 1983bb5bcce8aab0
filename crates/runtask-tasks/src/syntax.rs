//! From text to a table of TOML whose parts know where they stand. What the table says is not looked at.

use crate::notes::Notes;
use toml::Spanned;
use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// `text` with each semicolon between two keys replaced by a line break, which is what TOML wants there.
///
/// Several keys in one line are a habit from other languages, and an exception reads well in one. Nothing moves:
/// places in the result are places in `text`. In TOML a semicolon means something in texts and comments only, so no
/// file that is TOML changes.
pub(crate) fn one_key_a_line(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut copied = 0;
    for token in Source::new(text).lex() {
        let span = token.span();
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => depth = depth.saturating_sub(1),
            TokenKind::Atom if depth == 0 => {
                let before = text.get(copied..span.start()).unwrap_or_default();
                let atom = text.get(span.start()..span.end()).unwrap_or_default();
                lines.push_str(before);
                lines.push_str(&atom.replace(';', "\n"));
                copied = span.end();
            }
            _ => {}
        }
    }
    lines.push_str(text.get(copied..).unwrap_or_default());
    lines
}

/// The largest file, in bytes, of which every mistake in its TOML is told; of a larger one it is the first. There can be
/// three in two bytes, and each takes a hundred.
const MAX_RECOVERED_BYTES: usize = 64 << 10;

/// Reads TOML. Of a file that is not quite TOML it is what can be read of it, and `notes` say what cannot.
pub(crate) fn parse<'a>(text: &'a str, notes: &mut Notes<'_>) -> Spanned<DeTable<'a>> {
    let (table, errors) = if text.len() <= MAX_RECOVERED_BYTES {
        DeTable::parse_recoverable(text)
    } else {
        match DeTable::parse(text) {
            Ok(table) => (table, Vec::new()),
            Err(error) => (Spanned::new(0..0, DeTable::new()), vec![error]),
        }
    };
    for error in errors {
        let place = error.span().unwrap_or(text.len()..text.len());
        let what = match error.message() {
            // So the parser takes each word that begins like `true` or `false`, `[fmt]` among them.
            message if message.starts_with("invalid boolean") => "a text needs quotes",
            message => message,
        };
        notes.broken(place, format!("this is not TOML: {what}"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_semicolon_ends_a_line_where_a_line_may_end() {
        let text = "a = 'x;y'; b = [1;2]; c = 2027-03-31; # d; e\nf = { g = 1; }\n";
        assert_eq!(one_key_a_line(text), "a = 'x;y'\n b = [1;2]\n c = 2027-03-31\n # d; e\nf = { g = 1; }\n");
    }

    proptest! {
        #[test]
        fn only_semicolons_change_and_nothing_moves(text in any::<String>(), toml in "[a=;\\[\\]{}'\"#\n ]{0,60}") {
            for text in [text, toml] {
                let lines = one_key_a_line(&text);
                prop_assert_eq!(lines.len(), text.len());
                for (old, new) in text.bytes().zip(lines.bytes()) {
                    prop_assert!(old == new || (old == b';' && new == b'\n'));
                }
            }
        }

        #[test]
        fn no_file_that_is_toml_changes(text in "([ab] ?= ?(1|'[;a]'|\"[;#]\"|\\[1, 2\\])(;|\n| #;\n)){0,5}") {
            if DeTable::parse(&text).is_ok() {
                prop_assert_eq!(one_key_a_line(&text), text);
            }
        }
    }
}
