//! A person at a terminal.

use runtask_checks::{CheckReport, Finding, Level, Verdict, printable};

/// The text that `runtask check` prints.
///
/// A finding's body is Markdown; its code blocks are shown without their fences, and a `diff` block in red and
/// green. Without `colour` the text holds no escape sequence at all, with it only those made here.
#[must_use]
pub fn terminal(reports: &[CheckReport], verdict: Verdict, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    for report in reports {
        let headline = format!("{}: {}", printable(report.check), printable(&report.headline));
        text.push_str(&format!("{}\n\n", paint.with(BOLD, &headline)));
        for finding in &report.findings {
            text.push_str(&render(finding, paint));
        }
    }
    let style = if verdict == Verdict::Passed { GREEN } else { RED };
    text.push_str(&format!("{}\n", paint.with(style, verdict.as_str())));
    text
}

const PLAIN: &str = "";
const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";
const CYAN: &str = "36";

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    /// `text`, which must be printable, in the style of this SGR code.
    fn with(self, style: &str, text: &str) -> String {
        if self.0 && style != PLAIN { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn render(finding: &Finding, paint: Paint) -> String {
    let style = match finding.level {
        Level::Error => RED,
        Level::Warning => YELLOW,
        Level::Info => BLUE,
    };
    let kind = format!("{}[{}]", finding.level.as_str(), printable(finding.code.as_str()));
    let mut text = format!("{}: {}\n", paint.with(style, &kind), printable(&finding.summary));
    if let Some(subject) = &finding.subject {
        text.push_str(&format!("  --> {subject}\n"));
    }
    if !finding.body.trim().is_empty() {
        text.push('\n');
        text.push_str(&body(&finding.body, paint));
    }
    text.push('\n');
    text
}

/// Markdown, indented, without the fences of its code blocks.
fn body(markdown: &str, paint: Paint) -> String {
    let mut text = String::new();
    let mut block: Option<Block> = None;
    for line in markdown.trim_end().split('\n') {
        let shown = line.split('\t').map(printable).collect::<Vec<_>>().join("\t");
        match &mut block {
            Some(open) if line == open.fence => {
                block = None;
                continue;
            }
            None if line.starts_with("```") => {
                block = Some(Block::opened_by(line));
                continue;
            }
            Some(open) if open.is_diff => {
                let style = open.style(line);
                text.push_str(&indented(&paint.with(style, &shown)));
            }
            _ => text.push_str(&indented(&shown)),
        }
    }
    text
}

fn indented(line: &str) -> String {
    if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }
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

    /// The colour of the next line of a diff.
    fn style(&mut self, line: &str) -> &'static str {
        self.lines += 1;
        match line.as_bytes().first() {
            _ if self.lines <= 2 => BOLD,
            Some(b'+') => GREEN,
            Some(b'-') => RED,
            Some(b'@') => CYAN,
            _ => PLAIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use runtask_checks::{Code, Subject, fenced};

    fn report(summary: &str, body: &str) -> CheckReport {
        let finding = Finding::new(Code::UNFORMATTED_FILE, Level::Error, summary)
            .body(body)
            .subject(Subject::File { path: "net/main.tf".into(), line: Some(2) });
        CheckReport::new("fmt", "1 of 2 files needs formatting", vec![finding])
    }

    fn with_diff() -> CheckReport {
        let diff =
            "--- a/net/main.tf\n+++ b/net/main.tf\n@@ -1,2 +1,2 @@\n a = 1\n-b   = \"```\"\n+b = \"```\"\n";
        report("net/main.tf is not formatted", &format!("Run `terraform fmt`.\n\n{}", fenced("diff", diff)))
    }

    #[test]
    fn a_finding_is_shown_with_its_place_and_diff() {
        insta::assert_snapshot!(terminal(&[with_diff()], Verdict::Failed, false), @r#"
        fmt: 1 of 2 files needs formatting

        error[unformatted-file]: net/main.tf is not formatted
          --> net/main.tf:2

          Run `terraform fmt`.

          --- a/net/main.tf
          +++ b/net/main.tf
          @@ -1,2 +1,2 @@
           a = 1
          -b   = "```"
          +b = "```"

        failed
        "#);
    }

    #[test]
    fn colours_are_those_of_a_diff() {
        let text = terminal(&[with_diff()], Verdict::Failed, true).replace('\u{1b}', "␛");
        insta::assert_snapshot!(text, @r#"
        ␛[1mfmt: 1 of 2 files needs formatting␛[0m

        ␛[31merror[unformatted-file]␛[0m: net/main.tf is not formatted
          --> net/main.tf:2

          Run `terraform fmt`.

          ␛[1m--- a/net/main.tf␛[0m
          ␛[1m+++ b/net/main.tf␛[0m
          ␛[36m@@ -1,2 +1,2 @@␛[0m
           a = 1
          ␛[31m-b   = "```"␛[0m
          ␛[32m+b = "```"␛[0m

        ␛[31mfailed␛[0m
        "#);
    }

    #[test]
    fn a_check_without_findings_is_its_headline() {
        let passed = CheckReport::new("fmt", "Format check passed", vec![]);
        assert_eq!(terminal(&[passed], Verdict::Passed, false), "fmt: Format check passed\n\npassed\n");
    }

    proptest! {
        /// R-12: whatever a configuration holds, no control character of it reaches the terminal.
        #[test]
        fn no_escape_sequence_of_a_stranger_is_printed(
            summary in any::<String>(),
            body in "(```diff\n|```\n|\n|\u{1b}\\[31m|\u{9b}|\r|\u{7}|\u{202e}|\\+|-|x){0,40}",
            colour: bool,
        ) {
            let text = terminal(&[report(&summary, &body)], Verdict::Failed, colour);
            let mut ours = text;
            for style in ["0", BOLD, RED, GREEN, YELLOW, BLUE, CYAN] {
                ours = ours.replace(&format!("\u{1b}[{style}m"), if colour { "" } else { "\u{1b}" });
            }
            prop_assert!(!ours.chars().any(|it| it.is_control() && it != '\n'), "{ours:?}");
            prop_assert_eq!(ours.find('\u{202e}'), None);
        }
    }
}
