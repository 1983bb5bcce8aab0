//! Says where something stands in a file, for people.

use memchr::memchr_iter;
use rego::syntax::Span;

/// The columns that a tab takes in an excerpt.
const TAB: usize = 4;
/// Characters of a line that are shown.
const SHOWN: usize = 160;

/// A line and a column of a file, from 1. Columns count characters, as editors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// Where a span begins.
    pub(crate) fn of(text: &str, span: Span) -> Self {
        let start = usize::try_from(span.start).unwrap_or(usize::MAX).min(text.len());
        let before = text.get(..text.floor_char_boundary(start)).unwrap_or_default();
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        Self {
            line: number(memchr_iter(b'\n', before.as_bytes()).count() + 1),
            column: number(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
        }
    }

    /// The line, with a mark below the place:
    ///
    /// ```text
    ///   |
    /// 2 | deny[msg] {
    ///   |           ^
    /// ```
    pub(crate) fn excerpt(self, text: &str) -> String {
        let index = usize::try_from(self.line).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(line) = text.lines().nth(index) else { return String::new() };
        let column = usize::try_from(self.column).unwrap_or(usize::MAX).saturating_sub(1);
        let wide = |it: &str| it.replace('\t', &" ".repeat(TAB));
        let (before, after): (String, String) =
            (line.chars().take(column).collect(), line.chars().skip(column).collect());
        let (before, after) = (wide(&before), wide(&after));
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let width = before.chars().count();
        if width >= SHOWN {
            return format!("{margin} |\n{number} | {}…", before.chars().take(SHOWN).collect::<String>());
        }
        let after: String = after.chars().take(SHOWN - width).collect();
        let mark = " ".repeat(width);
        format!("{margin} |\n{number} | {before}{after}\n{margin} | {mark}^")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-04: after a tab, too.
    #[test]
    fn columns_count_characters_and_the_mark_stands_below_them() {
        let text = "a\nb\n\n\té == 1\ty\n";
        let start = u32::try_from(text.find('y').unwrap()).unwrap();
        let place = Place::of(text, Span { start, end: start + 1 });
        assert_eq!(place, Place { line: 4, column: 9 });
        assert_eq!(place.excerpt(text), "  |\n4 |     é == 1    y\n  |               ^");
        assert_eq!(Place { line: 9, column: 1 }.excerpt(text), "");
        let long = "x".repeat(1_000);
        assert!(Place { line: 1, column: 900 }.excerpt(&long).len() < 200);
        assert!(Place::of("é", Span { start: 1, end: 99 }).line == 1);
    }
}
