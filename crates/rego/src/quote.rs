//! Quotes texts as Go's `strconv` does.

use crate::heap::HeapError;
use crate::writer::Writer;
use regex_syntax::hir::{Class, HirKind};
use std::cmp::Ordering;
use std::sync::LazyLock;

/// What stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// What can be seen.
    Readable,
    /// What can be seen and is ASCII.
    Ascii,
}

/// Writes a text in quotes, with escapes for what cannot be seen.
pub(crate) fn quote(text: &str, mark: char, style: Style, out: &mut Writer) -> Result<(), HeapError> {
    out.push(mark)?;
    let plain = |it: char| {
        it != mark && it != '\\' && is_printable(it) && (style == Style::Readable || it.is_ascii())
    };
    let mut rest = text;
    while let Some(position) = rest.find(|it| !plain(it)) {
        let (before, special) = rest.split_at(position);
        out.push_str(before)?;
        let mut characters = special.chars();
        if let Some(it) = characters.next() {
            escape(it, mark, out)?;
        }
        rest = characters.as_str();
    }
    out.push_str(rest)?;
    out.push(mark)
}

fn escape(it: char, mark: char, out: &mut Writer) -> Result<(), HeapError> {
    let letter = match it {
        '\\' => '\\',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        _ if it == mark => mark,
        '\0'..=' ' | '\u{7f}' => return out.push_str(&format!("\\x{:02x}", u32::from(it))),
        '\0'..='\u{ffff}' => return out.push_str(&format!("\\u{:04x}", u32::from(it))),
        _ => return out.push_str(&format!("\\U{:08x}", u32::from(it))),
    };
    out.push('\\')?;
    out.push(letter)
}

/// Whether a text can stand in backquotes, on one line.
pub(crate) fn can_backquote(text: &str) -> bool {
    !text.chars().any(|it| matches!(it, '\u{feff}' | '\0'..='\u{8}' | '\n'..='\u{1f}' | '`' | '\u{7f}'))
}

/// Whether Go prints a character as it is: letters, marks, numbers, punctuation, symbols and the space.
pub(crate) fn is_printable(it: char) -> bool {
    if it.is_ascii() {
        return matches!(it, ' '..='~');
    }
    let place = |&(start, end): &(char, char)| match (start > it, end < it) {
        (true, _) => Ordering::Greater,
        (_, true) => Ordering::Less,
        _ => Ordering::Equal,
    };
    PRINTABLE.binary_search_by(place).is_ok()
}

static PRINTABLE: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let class = regex_syntax::parse(r"[\p{L}\p{M}\p{N}\p{P}\p{S}]").map(|it| it.into_kind());
    match class {
        Ok(HirKind::Class(Class::Unicode(class))) => class.iter().map(|it| (it.start(), it.end())).collect(),
        _ => Vec::new(),
    }
});
