//! Reads the errors that `terraform fmt -no-color` prints to stderr.
//!
//! ```text
//!
//! Error: Invalid expression
//!
//!   on main.tf line 2, in resource "x" "y":
//!    2:   a =
//!    3: }
//!
//! Expected the start of an expression, but found an invalid expression token.
//! ```
//!
//! Excerpts of files always stand behind a line number, so no content of a file is taken for one of terraform's
//! own lines. A name of a file could be; the caller keeps names out by giving terraform files with its own.

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The text after `Error: `.
    pub summary: String,
    /// Where it is, if terraform says so.
    pub place: Option<Place>,
}

/// The line `  on main.tf line 2, in resource "x" "y":`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as terraform was told its name. Never empty.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

impl Diagnostic {
    /// The line; 1 where terraform names none.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.place.as_ref().map_or(1, |it| it.line)
    }
}

/// The errors in `stderr`, in terraform's order. Warnings, and whatever else stands there, are left out.
#[must_use]
pub fn diagnostics(stderr: &[u8]) -> Vec<Diagnostic> {
    let stderr = String::from_utf8_lossy(stderr);
    let mut found = Vec::new();
    let mut current: Option<Vec<&str>> = None;
    let mut after_empty_line = true;
    for line in stderr.split('\n') {
        let begins = after_empty_line && (line.starts_with("Error: ") || line.starts_with("Warning: "));
        after_empty_line = line.is_empty();
        if begins {
            found.extend(current.take().as_deref().and_then(diagnostic));
            current = Some(Vec::new());
        }
        if let Some(lines) = &mut current {
            lines.push(line);
        }
    }
    found.extend(current.as_deref().and_then(diagnostic));
    found
}

/// One block of lines that begins with `Error: ` or `Warning: `.
fn diagnostic(lines: &[&str]) -> Option<Diagnostic> {
    let (first, below) = lines.split_first()?;
    let summary = first.strip_prefix("Error: ")?.to_owned();
    Some(Diagnostic { summary, place: below.iter().find(|it| !it.is_empty()).and_then(|it| place(it)) })
}

fn place(line: &str) -> Option<Place> {
    let (file, behind) = line.strip_prefix("  on ")?.split_once(" line ")?;
    let end = behind.find(|it: char| !it.is_ascii_digit()).unwrap_or(behind.len());
    let line = behind.get(..end)?.parse().ok().filter(|it| *it > 0)?;
    (!file.is_empty()).then(|| Place { file: file.to_owned(), line })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &str = "
Error: Invalid expression

  on 00001.tf line 2, in resource \"x\" \"y\":
   2:  a = 
   3: }

Expected the start of an expression, but found an invalid expression token.


Error: Invalid character encoding

  on 00002.tfvars line 1:
   1: \u{fffd}

All input files must be UTF-8 encoded. Ensure that UTF-8 encoding is selected
in your editor.

";

    #[test]
    fn errors_are_read_with_their_place() {
        let found = diagnostics(TWO.as_bytes());
        insta::assert_debug_snapshot!(found, @r#"
        [
            Diagnostic {
                summary: "Invalid expression",
                place: Some(
                    Place {
                        file: "00001.tf",
                        line: 2,
                    },
                ),
            },
            Diagnostic {
                summary: "Invalid character encoding",
                place: Some(
                    Place {
                        file: "00002.tfvars",
                        line: 1,
                    },
                ),
            },
        ]
        "#);
    }

    #[test]
    fn what_is_no_error_is_left_out() {
        let warning =
            "There are problems:\n\nWarning: Old\n\n  on 00001.tf line 1:\n   1: x\n\nError: Real\n";
        let found = diagnostics(warning.as_bytes());
        assert_eq!(found.iter().map(|it| &*it.summary).collect::<Vec<_>>(), ["Real"]);
        assert_eq!(found[0].place, None);
        assert_eq!(diagnostics(b""), []);
        assert_eq!(diagnostics(b"panic: runtime error\n\ngoroutine 1 [running]:\n"), []);
    }

    #[test]
    fn an_error_without_a_place_has_none() {
        let found = diagnostics(b"\nError: Failed to read file dangling.tf\n\n\n");
        assert_eq!(found[0].summary, "Failed to read file dangling.tf");
        assert_eq!(found[0].place, None);
        for line in ["  on  line 1:", "  on a.tf line 0:", "  on a.tf line x", "  on a.tf", "on a.tf line 1:"]
        {
            assert_eq!(place(line), None, "{line}");
        }
        assert_eq!(place("  on a.tf line 99999999999:"), None);
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_the_same(
            errors in prop::collection::vec(("[a-zA-Z ]{1,20}", "[0-9]{5}\\.tf", 1u32.., "[a-z]{0,9}"), 0..5),
        ) {
            let text: String = errors
                .iter()
                .map(|(summary, file, line, detail)| format!("\nError: {summary}\n\n  on {file} line {line}:\n{detail}\n"))
                .collect();
            let errors: Vec<_> = errors
                .into_iter()
                .map(|(summary, file, line, _)| Diagnostic { summary, place: Some(Place { file, line }) })
                .collect();
            prop_assert_eq!(diagnostics(text.as_bytes()), errors);
        }

        #[test]
        fn nothing_is_made_up(bytes in "(\n|Error: |Warning: |  on | line |[a-z0-9. ]|\u{1b}){0,60}") {
            for found in diagnostics(bytes.as_bytes()) {
                prop_assert!(bytes.contains(&found.summary));
                prop_assert!(found.place.is_none_or(|it| !it.file.is_empty() && it.line > 0));
            }
        }
    }
}
