//! Makes text safe to show, and fits it into columns.

use runtask_findings::{column, columns};
use std::fmt::Write;

/// `text` with everything that a terminal would obey, or that would turn its order round, made visible.
///
/// Line breaks stay; a tab becomes spaces.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            // Unicode has a picture of each of the first 32, and of DEL.
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(character))),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => {
                let _infallible = write!(out, "{}", character.escape_unicode());
            }
            other => out.push(other),
        }
    }
    out
}

pub(super) fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{:gap$}", "", gap = width.saturating_sub(columns(text)) + 2)
}

pub(super) fn shortened(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if columns(&short) + column(character) + 1 > width {
            break;
        }
        short.push(character);
    }
    short + "…"
}

/// Breaks a line at its spaces, or where it must, into lines of at most `width` columns; never into none.
pub(super) fn wrap(line: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut current, mut used) = (String::new(), 0);
    for word in line.split(' ') {
        let mut word = word;
        let mut wide = columns(word);
        if used > 0 && used + 1 + wide > width {
            lines.push(std::mem::take(&mut current));
            used = 0;
        } else if !current.is_empty() || used > 0 {
            current.push(' ');
            used += 1;
        }
        while used + wide > width {
            let mut taken = 0;
            let end = word.char_indices().find(|(_, it)| {
                taken += column(*it);
                used + taken > width
            });
            let at = end.map_or(word.len(), |(at, _)| at);
            // A character wider than the line stands alone on it.
            let at = if at == 0 { word.chars().next().map_or(0, char::len_utf8) } else { at };
            let (head, tail) = word.split_at(at);
            current.push_str(head);
            lines.push(std::mem::take(&mut current));
            (used, word) = (0, tail);
            wide = columns(word);
        }
        current.push_str(word);
        used += wide;
    }
    if !current.is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_at_spaces_or_where_they_must() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
    }
}
