//! Replaces `$NAME` and `${NAME}` as GitLab's runner does: once, and without any of a shell's other mechanisms.

use std::borrow::Cow;

/// Expands `text` with what `lookup` says; a name that it does not know is empty. `None` when more than `most` bytes would
/// come of it.
///
/// | after `$` | result |
/// | --- | --- |
/// | `$` | one `$` |
/// | one of `* # @ ! ? -` or a digit | nothing; the one character is eaten |
/// | letters, digits, `_` | the variable of the longest such name |
/// | `{` NAME `}` | the variable, whose name is what stands between the braces, literally |
/// | `{}`, or `{` without `}` | nothing; the rest stays |
/// | anything else, or the end | `$` stays |
///
/// Source: GitLab Runner, `common/variables`, which uses Go's `os.Expand`.
#[must_use]
pub(crate) fn expand<'a>(
    text: &str,
    lookup: impl Fn(&str) -> Option<Cow<'a, str>>,
    most: usize,
) -> Option<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (what, behind) = next(after);
        match what {
            What::Dollar => expanded.push('$'),
            What::Nothing => {}
            What::Variable(name) => expanded.push_str(&lookup(name).unwrap_or_default()),
        }
        rest = behind;
        // A short text can name a long value very often.
        if expanded.len() > most {
            return None;
        }
    }
    expanded.push_str(rest);
    (expanded.len() <= most).then_some(expanded)
}

/// What stands for a `$` and what belongs to it.
enum What<'a> {
    Dollar,
    Nothing,
    Variable(&'a str),
}

/// What the text after a `$` begins with, and what is behind that.
fn next(after: &str) -> (What<'_>, &str) {
    let mut characters = after.chars();
    match characters.next() {
        Some('$') => (What::Dollar, characters.as_str()),
        Some('*' | '#' | '@' | '!' | '?' | '-' | '0'..='9') => (What::Nothing, characters.as_str()),
        Some('{') => match characters.as_str().split_once('}') {
            Some(("", behind)) => (What::Nothing, behind),
            Some((name, behind)) => (What::Variable(name), behind),
            None => (What::Nothing, characters.as_str()),
        },
        Some('a'..='z' | 'A'..='Z' | '_') => {
            let end =
                after.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_')).unwrap_or(after.len());
            let (name, behind) = after.split_at(end);
            (What::Variable(name), behind)
        }
        _ => (What::Dollar, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expand<'a>(text: &str, lookup: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
        super::expand(text, lookup, usize::MAX).unwrap()
    }

    fn vectors() -> serde_json::Value {
        let text = include_str!("../tests/data/vectors.json");
        serde_json::from_str::<serde_json::Value>(text).unwrap()["expansion"].take()
    }

    #[test]
    fn the_vectors_hold() {
        let vectors = vectors();
        let variables: Vec<(String, String)> = serde_json::from_value(vectors["variables"].clone()).unwrap();
        let lookup = |name: &str| {
            let last = variables.iter().rev().find(|it| it.0 == name);
            last.map(|it| Cow::Borrowed(it.1.as_str()))
        };
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 31);
        for case in cases {
            let text = case["in"].as_str().unwrap();
            assert_eq!(expand(text, lookup), case["out"].as_str().unwrap(), "{text}");
        }
    }

    #[test]
    fn what_would_become_too_long_is_not_expanded() {
        let lookup = |_: &str| Some(Cow::Borrowed("1234"));
        assert_eq!(super::expand("$A$A-", lookup, 9).as_deref(), Some("12341234-"));
        assert_eq!(super::expand("$A$A-", lookup, 8), None);
        assert_eq!(
            super::expand(&"$A".repeat(1_000_000), |_| Some("x".repeat(1_000_000).into()), 10_000_000),
            None
        );
    }

    proptest! {
        #[test]
        fn what_has_no_dollar_stays_and_no_value_is_expanded_again(text in "[^$]*", value in ".*") {
            prop_assert_eq!(expand(&text, |_| None), text.clone());
            let braced = format!("${{A}}{text}");
            prop_assert_eq!(expand(&braced, |_| Some(Cow::Borrowed(&value))), format!("{value}{text}"));
        }

        #[test]
        fn any_text_is_expanded_into_parts_of_itself(text in "[$a1{}é -]*") {
            let expanded = expand(&text, |_| None);
            let mut left = text.chars();
            prop_assert!(expanded.chars().all(|it| left.any(|other| other == it)));
        }
    }
}
