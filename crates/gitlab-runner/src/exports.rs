//! Hands variables to a shell: as lines of its script, not as its environment.
//!
//! A variable `BASH_ENV`, `SHELLOPTS` or `PS4` of a job must not act on the start of its shell, nor anything of a job on our
//! git.

use crate::quote::quote;

/// Names that bash lets nobody set.
const READ_ONLY: [&str; 6] = ["UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO"];

/// What one `NAME=VALUE` may be long, with the byte that ends it: no program could be started with a longer one.
///
/// Source: execve(2), `MAX_ARG_STRLEN` of 32 pages.
const MAX_BYTES: usize = 128 * 1024;

/// Lines for a shell that set and export variables. What cannot be a variable of a shell is left out, and named in
/// `warnings` without its value.
#[must_use]
pub(crate) fn exports<'a>(
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    warnings: &mut Vec<String>,
) -> String {
    let mut lines = String::new();
    for (name, value) in variables {
        match why_not(name, value) {
            None => lines.push_str(&format!("export {name}={}\n", quote(value))),
            Some(why) => warnings.push(format!("the variable {} is left out: {why}", name.escape_debug())),
        }
    }
    lines
}

/// Whether a shell can have a variable of this name.
#[must_use]
pub(crate) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && characters.all(|it| it.is_ascii_alphanumeric() || it == '_')
}

fn why_not(name: &str, value: &str) -> Option<&'static str> {
    if !is_name(name) {
        Some("a shell knows no such name")
    } else if READ_ONLY.contains(&name) {
        Some("bash does not let it be set")
    } else if value.contains('\0') {
        Some("it has a zero byte in it")
    } else if name.len() + value.len() + 2 > MAX_BYTES {
        Some("it is longer than 128 KiB")
    } else {
        None
    }
}

/// Reads the file to which a job may have written variables for its later shells, `NAME=VALUE` line by line. Other
/// lines are counted.
#[must_use]
pub(crate) fn read_handed_on(content: &str) -> (Vec<(String, String)>, usize) {
    let mut variables = Vec::new();
    let mut others = 0;
    for line in content.lines().filter(|it| !it.trim().is_empty()) {
        match line.split_once('=') {
            Some((name, value)) if is_name(name) => variables.push((name.to_owned(), value.to_owned())),
            _ => others += 1,
        }
    }
    (variables, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_what_no_shell_can_have_is_left_out() {
        let long = "x".repeat(128 * 1024);
        let variables = [
            ("A", "it's $HOME `id`\n\"x\""),
            ("A-b", "secret"),
            ("UID", "0"),
            ("Z", "a\0b"),
            ("LONG", &long),
            ("x;id", "secret"),
            ("MORE", "1"),
        ];
        let mut warnings = Vec::new();
        let lines = exports(variables, &mut warnings);
        assert_eq!(lines, "export A='it'\\''s $HOME `id`\n\"x\"'\nexport MORE='1'\n");
        assert_eq!(
            warnings,
            [
                "the variable A-b is left out: a shell knows no such name",
                "the variable UID is left out: bash does not let it be set",
                "the variable Z is left out: it has a zero byte in it",
                "the variable LONG is left out: it is longer than 128 KiB",
                "the variable x;id is left out: a shell knows no such name",
            ]
        );
    }

    #[test]
    fn lines_that_are_no_variables_are_counted() {
        let (variables, others) = read_handed_on("A=1\n\nB=x=y\r\nnonsense\n1=2\nC=\n");
        let expected = [("A", "1"), ("B", "x=y"), ("C", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!((variables, others), (expected.to_vec(), 2));
    }
}
