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

    /// What the engine says of policies that it compiles; there is no plan yet.
    pub(crate) fn of_engine(error: &str) -> Self {
        Said::new(error).trouble(str::to_owned)
    }

    /// What the engine says of a rule that it evaluates. Its own words may quote values of the plan, which may be anything:
    /// only sentences that cannot are told, and the place.
    pub(crate) fn of_evaluation(error: &str) -> Self {
        Said::new(error).trouble(without_values)
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

/// What the engine says, which is some lines of a file with a mark and a sentence:
///
/// ```text
/// --> a.rego:2:11
///   |
/// 2 | deny[msg] {
///   |           ^
/// error: `if` keyword is required before rule body
/// ```
struct Said<'a> {
    place: Option<String>,
    excerpt: String,
    sentence: &'a str,
}

impl<'a> Said<'a> {
    fn new(error: &'a str) -> Self {
        let place = error.lines().find_map(|it| it.trim_start().strip_prefix("--> "));
        let sentence = error.lines().find_map(|it| it.strip_prefix("error: "));
        match (place, sentence) {
            (Some(place), Some(sentence)) => {
                let after = error.lines().skip_while(|it| !it.trim_start().starts_with("--> ")).skip(1);
                let excerpt: Vec<_> = after.take_while(|it| !it.starts_with("error: ")).collect();
                let place = in_characters(place, &excerpt);
                // The mark stands below what is meant where a tab takes as many columns.
                let excerpt = excerpt.join("\n").replace('\t', &" ".repeat(TAB));
                Self { place: Some(place), excerpt, sentence }
            }
            _ => {
                let sentence = error.lines().next().unwrap_or("the policy engine gave no reason").trim();
                Self { place: None, excerpt: String::new(), sentence }
            }
        }
    }

    fn trouble(self, words: impl Fn(&str) -> String) -> Trouble {
        let sentence = words(self.sentence);
        let summary = self.place.map_or_else(|| sentence.clone(), |place| format!("{place}: {sentence}"));
        Trouble { summary, excerpt: self.excerpt }
    }
}

/// Sentences of the engine that name what stands in a policy, and nothing of a plan, by how they begin.
///
/// Source: regorus 0.14, `interpreter.rs`, `scheduler.rs`, `builtins/`.
const OF_POLICIES: [&str; 11] = [
    "use of undefined variable ",
    "could not find function ",
    "duplicated definition of local variable ",
    "compiled regex exceeded size limit",
    "rule conflicts with rule at ",
    "rules should not produce multiple outputs",
    "rules must not produce multiple outputs",
    "complete rules should not produce multiple outputs",
    "functions must not produce multiple outputs",
    "multiple default rules ",
    "recursion detected when evaluating rule",
];

/// What stands before a value that the engine quotes.
const QUOTES: &str = "Got `";

fn without_values(sentence: &str) -> String {
    // `var msg is unsafe (path ["main", "msg"], scopes [{…}])`: all that the rule has worked out so far.
    let unsafe_name = sentence.strip_prefix("var ").and_then(|it| it.split_once(" is unsafe"));
    if let Some((name, _scopes)) = unsafe_name {
        return format!("`{name}` gets no value in this rule, and is no rule or import");
    }
    if sentence.starts_with("previous value is not ") {
        return "another definition of this rule is of another kind: `deny contains msg if` and `deny[msg] if` do not go \
                together"
            .to_owned();
    }
    if let Some((before, _value)) = sentence.split_once(QUOTES) {
        return before.trim_end_matches(['.', ' ']).to_owned();
    }
    if OF_POLICIES.iter().any(|it| sentence.starts_with(it)) {
        return sentence.to_owned();
    }
    "the policy engine could not work this out".to_owned()
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

    /// P-04: whatever the engine says, no value of a plan is in it.
    #[test]
    fn an_error_of_a_rule_quotes_no_value() {
        let said = |sentence: &str| {
            let error = format!("\n--> a.rego:2:11\n  |\n2 | x\n  | ^\nerror: {sentence}\n");
            Trouble::of_evaluation(&error).summary
        };
        let all = [
            said("var msg is unsafe (path [\"main\", \"msg\"], scopes [{\"r\": {\"x\": \"secret\"}}])"),
            said("`count` expects string argument. Got `\"secret\"` instead"),
            said("`some .. in collection` expects array/set/object. Got `secret`"),
            said("could not find function http.send"),
            said("expected composite type, found value: secret"),
        ];
        assert!(!all.iter().any(|it| it.contains("secret")), "{all:?}");
        insta::assert_snapshot!(all.join("\n"), @"
        a.rego:2:11: `msg` gets no value in this rule, and is no rule or import
        a.rego:2:11: `count` expects string argument
        a.rego:2:11: `some .. in collection` expects array/set/object
        a.rego:2:11: could not find function http.send
        a.rego:2:11: the policy engine could not work this out
        ");
        assert_eq!(
            Trouble::of_evaluation("Error parsing secret: x").summary,
            "the policy engine could not work this out"
        );
    }
}
