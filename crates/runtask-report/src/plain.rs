//! Turns a finding's body into plain text: Markdown without its fences and escapes, its tables aligned.
//!
//! It knows the Markdown that checks write, line by line, and shows other lines unchanged.

use runtask_findings::{columns, printable};

/// Widest column that is filled up with spaces: one long cell must not make every row long.
const COLUMN: usize = 60;

/// A line, printable except for tabs, and what it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Prose, which may be wrapped.
    Text,
    /// A line that stays as it is: of a code block, or of a table.
    Code,
    /// A heading, or the head of a table.
    Head,
    /// The name of a file above a diff.
    DiffFile,
    /// The place of a part of a diff.
    DiffPlace,
    /// A line that a diff adds.
    DiffAdded,
    /// A line that a diff removes.
    DiffRemoved,
}

/// The lines to show of a body.
pub(crate) fn lines(markdown: &str) -> Vec<Line> {
    let mut shown = Vec::new();
    let mut block: Option<Block> = None;
    let markdown = markdown.trim_end();
    if markdown.is_empty() {
        return shown;
    }
    let mut lines = markdown.split('\n').peekable();
    while let Some(line) = lines.next() {
        match &mut block {
            Some(open) if line == open.fence => block = None,
            Some(open) => shown.push(Line { text: with_tabs(line), kind: open.kind(line) }),
            None if line.starts_with("```") => block = Some(Block::opened_by(line)),
            None if line.starts_with('|') => {
                let mut rows = vec![line];
                while let Some(row) = lines.next_if(|it| it.starts_with('|')) {
                    rows.push(row);
                }
                shown.extend(table(&rows));
            }
            None => shown.push(heading(line).unwrap_or_else(|| text(line))),
        }
    }
    shown
}

fn text(line: &str) -> Line {
    Line { text: with_tabs(&unescaped(line, true)), kind: Kind::Text }
}

/// A line of a stranger's: printable, with its tabs.
fn with_tabs(line: &str) -> String {
    line.split('\t').map(printable).collect::<Vec<_>>().join("\t")
}

/// A heading, or a line that is bold from end to end.
fn heading(line: &str) -> Option<Line> {
    let head = |title: &str| Line { text: printable(&unescaped(title, true)), kind: Kind::Head };
    if let Some(title) = line.strip_prefix("**").and_then(|it| it.strip_suffix("**")) {
        return (!title.is_empty() && !title.contains("**")).then(|| head(title));
    }
    let (marks, title) = line.split_once(' ')?;
    let is_heading = (1..=6).contains(&marks.len()) && marks.bytes().all(|it| it == b'#');
    is_heading.then(|| head(title))
}

/// `line` without the escapes that [`runtask_findings::markdown_escaped`] and its like put in. Inline code stays as it
/// is, with or without its `ticks`. What is bold loses its marks.
fn unescaped(line: &str, ticks: bool) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    let mut is_bold = false;
    while let Some(character) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**").filter(|it| is_bold || it.contains("**")) {
            is_bold = !is_bold;
            rest = after;
            continue;
        }
        let tail = rest.get(character.len_utf8()..).unwrap_or_default();
        if character == '`' {
            let (code, after) = code(rest);
            plain.push_str(if ticks { code.0 } else { code.1 });
            rest = after;
            continue;
        }
        let escaped = tail.chars().next().filter(|it| character == '\\' && it.is_ascii_punctuation());
        let entity = ENTITIES.iter().find(|it| character == '&' && rest.starts_with(it.0));
        if let Some(it) = escaped {
            plain.push(it);
            rest = tail.get(1..).unwrap_or_default();
        } else if let Some((name, it)) = entity {
            plain.push(*it);
            rest = rest.get(name.len()..).unwrap_or_default();
        } else {
            plain.push(character);
            rest = tail;
        }
    }
    plain
}

const ENTITIES: [(&str, char); 5] =
    [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&#32;", ' '), ("&#124;", '|')];

/// The inline code that `text` begins with, with and without its backticks, and what follows; where none does, its
/// backticks.
fn code(text: &str) -> ((&str, &str), &str) {
    let length = text.len() - text.trim_start_matches('`').len();
    let (fence, inside) = text.split_at(length);
    let mut from = 0;
    while let Some(start) = inside.get(from..).and_then(|it| it.find('`')).map(|it| from + it) {
        let run = inside.get(start..).unwrap_or_default();
        let run = run.len() - run.trim_start_matches('`').len();
        if run == length {
            let whole = text.get(..length + start + run).unwrap_or_default();
            let content = inside.get(..start).unwrap_or_default();
            let padded = content.strip_prefix(' ').and_then(|it| it.strip_suffix(' '));
            let content = padded.filter(|it| !it.trim_matches(' ').is_empty()).unwrap_or(content);
            return ((whole, content), inside.get(start + run..).unwrap_or_default());
        }
        from = start + run;
    }
    ((fence, fence), inside)
}

/// A table's rows, aligned; lines that only begin like one stay as they are.
fn table(rows: &[&str]) -> Vec<Line> {
    let [head, rule, rest @ ..] = rows else { return rows.iter().map(|it| text(it)).collect() };
    let right: Vec<bool> = cells(rule).map(|it| it.ends_with(':') && !it.starts_with(':')).collect();
    if !cells(rule).all(|it| it.contains('-') && it.bytes().all(|it| matches!(it, b'-' | b':'))) {
        return rows.iter().map(|it| text(it)).collect();
    }
    let plain = |row: &str| cells(row).map(|it| printable(&unescaped(it, false))).collect::<Vec<_>>();
    let rows: Vec<_> = std::iter::once(head).chain(rest).map(|it| plain(it)).collect();
    let mut widths = vec![0; right.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(cell).min(COLUMN).max(*width);
        }
    }
    let aligned = |row: &[String]| {
        let cells = row.iter().zip(&widths).zip(&right).map(|((cell, width), right)| {
            let gap = " ".repeat(width.saturating_sub(columns(cell)));
            if *right { gap + cell } else { format!("{cell}{gap}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines: Vec<_> = rows.iter().map(|it| Line { text: aligned(it), kind: Kind::Code }).collect();
    if let Some(head) = lines.first_mut() {
        head.kind = Kind::Head;
    }
    let dashes: Vec<_> = widths.iter().map(|it| "-".repeat(*it)).collect();
    lines.insert(1, Line { text: dashes.join("  "), kind: Kind::Code });
    lines
}

/// The cells of a row: what stands between its bars, except those behind a backslash.
fn cells(row: &str) -> impl Iterator<Item = &str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').unwrap_or(row);
    let mut escaped = false;
    let bar = move |it: char| {
        let is_bar = it == '|' && !escaped;
        escaped = it == '\\' && !escaped;
        is_bar
    };
    row.split(bar).map(str::trim)
}

/// A code block that is open.
struct Block {
    fence: String,
    is_diff: bool,
    /// Lines seen so far; the first two of a diff name the files.
    lines: usize,
}

impl Block {
    fn opened_by(line: &str) -> Self {
        let language = line.trim_start_matches('`');
        let fence = "`".repeat(line.len() - language.len());
        Self { fence, is_diff: language == "diff", lines: 0 }
    }

    /// What the next line is.
    fn kind(&mut self, line: &str) -> Kind {
        self.lines += 1;
        match line.as_bytes().first() {
            _ if !self.is_diff => Kind::Code,
            _ if self.lines <= 2 => Kind::DiffFile,
            Some(b'+') => Kind::DiffAdded,
            Some(b'-') => Kind::DiffRemoved,
            Some(b'@') => Kind::DiffPlace,
            _ => Kind::Code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use runtask_findings::{code_span, fenced, markdown_escaped};

    fn shown(markdown: &str) -> String {
        lines(markdown).into_iter().map(|it| it.text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_table_is_aligned() {
        let markdown = format!(
            "Changed:\n\n| Attribute | Before | Size |\n| :-- | --- | --: |\n| `acl` | {} | 7 |\n| {} | null |\n| \\| | x | 1024 | more |\n\nSee `a|b`.",
            code_span("public-read|`x`"),
            markdown_escaped("a_b[\"c\"] | <d>"),
        );
        insta::assert_snapshot!(shown(&markdown), @r#"
        Changed:

        Attribute       Before           Size
        --------------  ---------------  ----
        acl             public-read|`x`     7
        a_b["c"] | <d>  null
        |               x                1024

        See `a|b`.
        "#);
    }

    #[test]
    fn what_only_begins_like_a_table_stays() {
        assert_eq!(shown("| a |"), "| a |");
        assert_eq!(shown("| a |\n| b |"), "| a |\n| b |");
    }

    #[test]
    fn one_long_cell_does_not_lengthen_the_others() {
        let markdown = format!("| a | b |\n| --- | --- |\n| {} | c |\n| d | e |", "x".repeat(10_000));
        assert!(shown(&markdown).len() < 10_300);
    }

    #[test]
    fn an_empty_body_has_no_lines() {
        assert_eq!(lines(" \n\n"), []);
    }

    #[test]
    fn headings_lose_their_marks() {
        assert_eq!(lines("## How to fix\nx")[0], Line { text: "How to fix".into(), kind: Kind::Head });
        assert_eq!(shown("#hash"), "#hash");
        assert_eq!(lines("**How to fix**\nx")[0], Line { text: "How to fix".into(), kind: Kind::Head });
        assert_eq!(shown("**Or**, `a**b` and \\*\\*c\\*\\* ** d"), "Or, `a**b` and **c** ** d");
    }

    proptest! {
        /// What was escaped for Markdown reads as it did before.
        #[test]
        fn an_escaped_text_is_shown_without_escapes(text in "[^\\x00-\\x1f`@#/.]{1,40}") {
            let text = printable(&text);
            prop_assert_eq!(unescaped(&markdown_escaped(&text), false), text.clone());
            prop_assert_eq!(unescaped(&code_span(&text), false), text);
        }

        #[test]
        fn any_body_is_printable(markdown in "(```diff\n|```\n|\\| |\\|---\\||\n|\u{1b}\\[31m|`|\\\\|&lt;|&#32;|# |é|\u{202e}|\t|x){0,40}") {
            for line in lines(&markdown) {
                prop_assert_eq!(with_tabs(&line.text), line.text);
            }
            let text = "x\ty\n".repeat(3);
            prop_assert_eq!(shown(&fenced("", &text)), text.trim_end());
        }
    }
}
