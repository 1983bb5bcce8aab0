//! Words the engine's errors for people.

use crate::message::Trouble;
use std::time::Duration;

/// The columns that the engine counts for a tab.
const TAB: usize = 4;

impl Trouble {
    /// One line, and no place.
    pub(crate) fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), excerpt: String::new() }
    }

    /// What the engine says, which is some lines of a file with a mark and a sentence:
    ///
    /// ```text
    /// --> a.rego:2:11
    ///   |
    /// 2 | deny[msg] {
    ///   |           ^
    /// error: `if` keyword is required before rule body
    /// ```
    pub(crate) fn of_engine(error: &str) -> Self {
        let lines = || error.lines();
        let place = lines().find_map(|it| it.trim_start().strip_prefix("--> "));
        let sentence = lines().find_map(|it| it.strip_prefix("error: "));
        match (place, sentence) {
            (Some(place), Some(sentence)) => {
                let first = lines().position(|it| it.trim_start().starts_with("--> ")).unwrap_or_default();
                let excerpt = lines().skip(first + 1).take_while(|it| !it.starts_with("error: "));
                let excerpt: Vec<&str> = excerpt.collect();
                let place = in_characters(place, &excerpt);
                // The mark stands below what is meant where a tab takes as many columns.
                let excerpt = excerpt.join("\n").replace('\t', &" ".repeat(TAB));
                Self { summary: format!("{place}: {sentence}"), excerpt }
            }
            _ => Self::new(lines().next().unwrap_or("the policy engine gave no reason").trim()),
        }
    }

    /// A rule was stopped.
    pub(crate) fn too_long(limit: Duration) -> Self {
        Self::new(format!("it did not finish within {} s", limit.as_secs_f64()))
    }

    /// A rule said something, and nothing that could be told.
    pub(crate) fn no_messages() -> Self {
        Self::new("it yields no list of messages: a rule begins with `deny contains \"what is wrong\" if`")
    }

    /// Where it is, as a line and column of a file; nothing is at the very beginning.
    pub(crate) fn position(&self) -> (u32, u32) {
        let mut parts = self.summary.split(": ").next().unwrap_or_default().rsplit(':');
        let mut number = || parts.next().and_then(|it| it.parse().ok()).unwrap_or_default();
        let column = number();
        (number(), column)
    }
}

/// `a.rego:2:11` with a column that counts characters, as editors do, tabs too.
fn in_characters(place: &str, excerpt: &[&str]) -> String {
    let numbered = |it: &&&str| it.starts_with(|it: char| it.is_ascii_digit());
    let line = excerpt.iter().find(numbered).and_then(|it| Some(it.split_once(" | ")?.1));
    let column =
        place.rsplit_once(':').and_then(|(file, column)| Some((file, column.parse::<usize>().ok()?)));
    let (Some(line), Some((file, column))) = (line, column) else { return place.to_owned() };
    let mut counted = 1;
    let before = line.chars().take_while(|it| {
        let is_before = counted < column;
        counted += if *it == '\t' { TAB } else { 1 };
        is_before
    });
    let tabs = before.filter(|it| *it == '\t').count();
    format!("{file}:{}", column.saturating_sub(tabs * (TAB - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-04: after a tab, too.
    #[test]
    fn columns_count_characters_and_the_mark_stands_below_them() {
        let error = "\n--> a.rego:4:15\n  |\n4 | \tx == 1\ty\n  |               ^\nerror: `y` is unsafe\n";
        let trouble = Trouble::of_engine(error);
        assert_eq!(trouble.summary, "a.rego:4:9: `y` is unsafe");
        assert_eq!(trouble.excerpt, "  |\n4 |     x == 1    y\n  |               ^");
    }

    #[test]
    fn the_engines_error_is_a_line_and_an_excerpt() {
        let error = "\n--> policies/a.rego:2:11\n  |\n2 | deny[msg] {\n  |           ^\nerror: `if` keyword is required before rule body\n";
        let trouble = Trouble::of_engine(error);
        assert_eq!(trouble.summary, "policies/a.rego:2:11: `if` keyword is required before rule body");
        assert_eq!(trouble.excerpt, "  |\n2 | deny[msg] {\n  |           ^");
        assert_eq!(trouble.position(), (2, 11));
        assert_eq!(Trouble::of_engine("all is lost\nreally").summary, "all is lost");
        assert_eq!(Trouble::of_engine("").position(), (0, 0));
    }
}
