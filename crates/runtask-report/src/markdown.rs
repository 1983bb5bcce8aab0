//! Renders as Markdown: for a comment on a merge request, or the summary of a job.
//!
//! It is GitHub's and GitLab's dialect: tables, and `<details>` to fold what is long.

use crate::standing::{Standing, summary};
use runtask_findings::{
    CheckReport, Finding, Verdict, code_span, fenced, markdown_escaped, printable, shortened,
};

/// Bytes of the whole. GitHub takes 65 536 characters in a comment; GitLab and job summaries take more.
const BYTES: usize = 60_000;
/// Bytes of all tables together, so that some bodies fit as well.
const TABLE_BYTES: usize = 40_000;
/// Characters of a headline.
const HEADLINE: usize = 1000;
/// Characters of a cell.
const CELL: usize = 300;

/// The reports as Markdown: verdict, counts, a table of the findings of each check with the gravest first, and below it
/// the bodies, folded.
///
/// It is at most 60 000 bytes, which is what fits into a comment: where there is more, bodies of the last findings
/// are left out first, then the last findings, and a line says how many.
#[must_use]
pub fn markdown(reports: &[CheckReport], verdict: Verdict) -> String {
    let mut text = format!("## Run task: {verdict}\n\n{}\n", markdown_escaped(&summary(reports, verdict)));
    let mut details = String::new();
    let mut omitted = 0;
    for report in reports {
        let headline = markdown_escaped(&shortened(&report.headline, HEADLINE));
        let heading = format!("\n### {}\n\n{headline}\n", markdown_escaped(report.check));
        if text.len() + heading.len() > TABLE_BYTES {
            omitted += report.findings.len();
            continue;
        }
        text.push_str(&heading);
        let mut findings: Vec<_> = report.findings.iter().collect();
        findings.sort_by_key(|it| Standing::of(it, verdict));
        let mut head = "\n| Status | Rule | Where | Finding |\n| --- | --- | --- | --- |\n";
        for (number, finding) in findings.iter().enumerate() {
            let row = row(finding, verdict);
            if text.len() + head.len() + row.len() > TABLE_BYTES {
                omitted += findings.len() - number;
                break;
            }
            text.push_str(head);
            head = "";
            text.push_str(&row);
            // What does not fit with the table as it is now will not fit with a longer one.
            let folded = folded(finding);
            if details.len() + folded.len() <= BYTES - TABLE_BYTES - RESERVED {
                details.push_str(&folded);
            }
        }
    }
    text.push_str(&details);
    if omitted > 0 {
        text.push_str(&format!("\nThere is no room for {omitted} more.\n"));
    }
    text
}

/// Bytes for the last line.
const RESERVED: usize = 100;

fn row(finding: &Finding, verdict: Verdict) -> String {
    let standing = Standing::of(finding, verdict);
    let label = match standing {
        Standing::Failed | Standing::NotChecked => format!("**{}**", standing.label()),
        Standing::Excused | Standing::Warning | Standing::Info => standing.label().to_owned(),
    };
    let severity = finding.severity.map(|it| format!(", {}", it.as_str())).unwrap_or_default();
    let subject = finding.subject.as_ref().map(|it| code_span(&shortened(&it.to_string(), CELL)));
    let rule = code_span(&shortened(finding.code.as_str(), CELL));
    let summary = markdown_escaped(&shortened(&printable(&finding.summary), CELL));
    format!("| {label}{severity} | {rule} | {} | {summary} |\n", subject.unwrap_or_default())
}

/// The body of a finding, behind a line that opens it; nothing where it has none.
fn folded(finding: &Finding) -> String {
    if finding.explained().trim().is_empty() {
        return String::new();
    }
    let subject = finding.subject.as_ref().map(ToString::to_string);
    // On a line that begins with a tag, Markdown is not looked at.
    let code = |it: &str| format!("<code>{}</code>", html(&shortened(&printable(it), CELL)));
    let title = match subject {
        Some(subject) => format!("{} {}", code(finding.code.as_str()), code(&subject)),
        None => code(finding.code.as_str()),
    };
    // Advice says it as well.
    let rule =
        finding.source.as_ref().filter(|_| finding.advice.is_empty()).map(|it| {
            format!("The rule is written at {}.\n\n", code_span(&shortened(&it.to_string(), CELL)))
        });
    let body = contained(&finding.explained());
    format!("\n<details>\n<summary>{title}</summary>\n\n{body}{}\n</details>\n", rule.unwrap_or_default())
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A body that ends where it ends: it holds no HTML, and no code block stays open. Texts of strangers come escaped or in
/// code blocks; this is about Markdown that somebody wrote into a rule.
///
/// Where fences are indented (in a list, say), only a parser of the whole could tell code from text, and the body is
/// shown as its source.
fn contained(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut open: Option<&str> = None;
    for line in body.trim_end().lines() {
        let unindented = line.trim_start_matches([' ', '\t']);
        let fence = fence(unindented);
        match (open, fence) {
            (Some(opened), _) => {
                // The end may be indented a little, the same farther right is code.
                let indent = line.strip_suffix(unindented).unwrap_or_default();
                let near = indent.len() <= 3 && !indent.contains('\t');
                let closes =
                    |(fence, rest): (&str, &str)| fence.starts_with(opened) && rest.trim().is_empty();
                if near && fence.is_some_and(closes) {
                    open = None;
                }
                text.push_str(&without_controls(line));
            }
            (None, Some(_)) if line != unindented => return fenced("", &source(body)),
            (None, Some((fence, rest))) => {
                open = Some(fence);
                text.push_str(&format!("{fence}{}", printable(rest)));
            }
            (None, None) => text.push_str(&without_tags(&without_controls(line))),
        }
        text.push('\n');
    }
    if let Some(fence) = open {
        text.push_str(fence);
        text.push('\n');
    }
    text
}

fn source(body: &str) -> String {
    body.trim_end().lines().map(without_controls).collect::<Vec<_>>().join("\n")
}

fn without_controls(line: &str) -> String {
    runtask_findings::printable_lines(line)
}

/// The fence that a line begins with, and the rest of the line. Behind backticks no backtick may follow.
fn fence(line: &str) -> Option<(&str, &str)> {
    let mark = line.chars().next().filter(|it| matches!(it, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    let (fence, rest) = line.split_at(length);
    (length >= 3 && !(mark == '`' && rest.contains('`'))).then_some((fence, rest))
}

/// `line` with every `<` that could begin a tag shown as text.
fn without_tags(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let tag = |it: &char| it.is_ascii_alphabetic() || matches!(it, '/' | '!' | '?');
        if character == '<' && characters.peek().is_some_and(tag) {
            text.push_str("&lt;");
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, any_hostile_text, format, hostile, policy};
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};
    use runtask_findings::{Code, Level};

    /// The HTML that a parser finds, by its tags; and how often it finds headings, tables, links and images.
    fn skeleton(markdown: &str) -> Vec<String> {
        let mut found = Vec::new();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Html(it) | Event::InlineHtml(it) => {
                    for tag in it.split('<').skip(1) {
                        found.push(format!("<{}", tag.split('>').next().unwrap()));
                    }
                }
                Event::Start(
                    it @ (Tag::Heading { .. } | Tag::Table(_) | Tag::Link { .. } | Tag::Image { .. }),
                ) => {
                    found.push(format!("{it:?}").split([' ', '(']).next().unwrap().to_owned());
                }
                _ => {}
            }
        }
        found
    }

    #[test]
    fn a_report_is_a_table_and_folded_bodies() {
        let reports = [format(), policy(), CheckReport::unavailable("x", "it hangs")];
        insta::assert_snapshot!(markdown(&reports, Verdict::Failed), @r#"
        ## Run task: failed

        4 errors, 1 warning, 1 info, 1 not checked; 4 rules: 2 passed, 2 failed

        ### fmt

        1 of 2 files needs formatting: net/main.tf

        | Status | Rule | Where | Finding |
        | --- | --- | --- | --- |
        | **Failed** | `unformatted-file` | `net/main.tf:2` | net/main.tf is not formatted |

        ### policy

        2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)

        | Status | Rule | Where | Finding |
        | --- | --- | --- | --- |
        | **Failed**, high | `public-s3-bucket` | `module.web.aws_s3_bucket.site["eu"]` | Public S3 bucket: module.web.aws_s3_bucket.site\["eu"\] |
        | **Failed**, high | `public-s3-bucket` | `aws_s3_bucket.b` | Public S3 bucket: aws_s3_bucket.b |
        | **Failed** | `required-tags` | `aws_vpc.main` | aws_vpc.main has no tag owner |
        | Warning, low | `open-ingress` | `aws_security_group.a` | Open to all: aws_security_group.a |
        | Info | `unused-exception` |  | An exception matched nothing |

        ### x

        Check x could not run: it hangs

        | Status | Rule | Where | Finding |
        | --- | --- | --- | --- |
        | **Not checked** | `check-unavailable` |  | Check x could not run: it hangs |

        <details>
        <summary><code>unformatted-file</code> <code>net/main.tf:2</code></summary>

        Run `terraform fmt`.

        ````diff
        --- a/net/main.tf
        +++ b/net/main.tf
        @@ -1,2 +1,2 @@
         a = 1
        -b   = "```"
        +b = "```"
        ````

        </details>

        <details>
        <summary><code>public-s3-bucket</code> <code>module.web.aws_s3_bucket.site["eu"]</code></summary>

        module.web.aws_s3_bucket.site\["eu"\] is public.

        | Attribute | Before | After |
        | --- | --- | --- |
        | `acl` | `private` | `public-read`&#124;`x` |
        | `policy.Statement` | | (known after apply) |

        Fix: set `acl` to `private`.
        The rule is written at `policies/public_s3_bucket.rego:12`.


        </details>
        "#);
    }

    #[test]
    fn nothing_found_is_said_in_a_few_lines() {
        let passed = CheckReport::new("fmt", "Format check passed", vec![]);
        insta::assert_snapshot!(markdown(&[passed], Verdict::Passed), @"
        ## Run task: passed

        no findings

        ### fmt

        Format check passed
        ");
    }

    #[test]
    fn hostile_text_is_only_text() {
        let text = markdown(&[hostile(HOSTILE)], Verdict::Failed);
        assert_eq!(skeleton(&text), skeleton(&markdown(&[hostile("x")], Verdict::Failed)), "{text}");
        assert!(!text.chars().any(|it| it == '\u{202e}' || it.is_control() && it != '\n' && it != '\t'));
    }

    #[test]
    fn markdown_of_a_rules_author_stays_inside_its_fold() {
        let check = |body: &str| {
            let finding = Finding::new(Code::new("x"), Level::Error, "s").body(body);
            let text = folded(&finding);
            assert_eq!(
                skeleton(&text),
                ["<details", "<summary", "<code", "</code", "</summary", "</details"],
                "{text}"
            );
            contained(body)
        };
        insta::assert_snapshot!(check("a </details> <!-- b"), @"a &lt;/details> &lt;!-- b");
        insta::assert_snapshot!(check("```hcl\n<b> = 1"), @"
        ```hcl
        <b> = 1
        ```
        ");
        for far in ["```\n    ```\nx", "~~~\n \t~~~\nx"] {
            assert_eq!(check(far), format!("{far}\n{}\n", &far[..3]));
        }
        insta::assert_snapshot!(check("- x\n  ```\n</details>\n  ```"), @"
        ````
        - x
          ```
        </details>
          ```
        ````
        ");
    }

    #[test]
    fn what_is_too_long_for_a_comment_is_left_out() {
        let long = Finding::new(Code::new("x"), Level::Error, "s".repeat(1000)).body("b".repeat(900));
        let report = CheckReport::new("fmt", "h".repeat(2000), vec![long; 2000]);
        let text = markdown(&vec![report; 30], Verdict::Failed);
        assert!(text.len() <= BYTES);
        assert!(text.contains("<details>"));
        let shown = text.matches("| **Failed** |").count();
        assert!(text.ends_with(&format!("\nThere is no room for {} more.\n", 60_000 - shown)), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_adds_structure(text in any_hostile_text()) {
            let expected = skeleton(&markdown(&[hostile("x")], Verdict::Failed));
            let markdown = markdown(&[hostile(&text)], Verdict::Failed);
            prop_assert_eq!(skeleton(&markdown), expected, "{}", markdown);
        }

        #[test]
        fn no_body_leaves_its_fold(body in "(```|~~~|`|\n|\n\n| |    |- |> |1\\. |x|</details>|<!--|-->|<b|\\\\|\\|--\\||\\|a\\||\t){0,30}") {
            let finding = Finding::new(Code::new("x"), Level::Error, "s").body(body.clone());
            let text = format!("{}after **this**", folded(&finding));
            let expected = ["<details", "<summary", "<code", "</code", "</summary", "</details"];
            let html: Vec<_> = skeleton(&text).into_iter().filter(|it| it.starts_with('<')).collect();
            prop_assert_eq!(html, if body.trim().is_empty() { &[][..] } else { &expected[..] }, "{}", text);
        }
    }
}
