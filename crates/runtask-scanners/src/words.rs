//! Takes what is worth showing out of the texts of tools, and reads what all their formats have in common.

use crate::scan::{Issue, MAX_OUTPUT_BYTES, MAX_TEXT, ReadError};
use runtask_findings::{Level, shortened};

/// What an editor or PowerShell may put before UTF-8.
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The name that a result gets which cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable-result";
/// Characters of an address of the Web.
const MAX_LINK: usize = 500;
/// Characters of a title.
const MAX_TITLE: usize = 200;
/// What tools put before a title, or in the place of one: source is what they print.
const BEFORE_TITLES: [&str; 6] = [
    "Semgrep Finding: ",
    "Critical severity - ",
    "High severity - ",
    "Medium severity - ",
    "Low severity - ",
    "Info severity - ",
];
/// What trivy has for the name of every rule.
const NO_TITLE: &str = "Misconfiguration";
/// Before the message in the five lines that trivy makes of it.
const TRIVY_MESSAGE: &str = "\nMessage: ";

/// The text of an output.
pub(crate) fn json(bytes: &[u8]) -> Result<&str, ReadError> {
    if bytes.len() as u64 > MAX_OUTPUT_BYTES {
        return Err(ReadError::TooLarge);
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + valid.iter().filter(|it| **it == b'\n').count();
        let column = 1 + valid.iter().rev().take_while(|it| **it != b'\n').count();
        ReadError::NotJson { line, column }
    })?;
    if text.trim().is_empty() { Err(ReadError::Empty) } else { Ok(text) }
}

/// Says where, and not what: the error's own text quotes the output.
pub(crate) fn not_json(error: &serde_json::Error) -> ReadError {
    ReadError::NotJson { line: error.line(), column: error.column() }
}

/// What a result becomes that cannot be read.
pub(crate) fn unreadable() -> Issue {
    Issue {
        rule: UNREADABLE.to_owned(),
        title: "A result in the scanner's output cannot be read, so nobody knows how bad it is".to_owned(),
        message: String::new(),
        help: String::new(),
        link: None,
        subject: None,
        level: Level::Info,
        severity: None,
        count: 1,
    }
}

/// The first of `titles` that says more than the rule's name does.
pub(crate) fn title(titles: impl IntoIterator<Item = String>, rule: &str) -> String {
    let mut titles = titles.into_iter().map(|it| {
        let title = it.lines().next().unwrap_or_default().trim();
        let title = BEFORE_TITLES.iter().find_map(|before| title.strip_prefix(before)).unwrap_or(title);
        shortened(title, MAX_TITLE)
    });
    let found = titles.find(|it| !it.is_empty() && it != rule && it != NO_TITLE);
    found.unwrap_or_else(|| {
        if rule.is_empty() { "A result without a text".to_owned() } else { shortened(rule, MAX_TITLE) }
    })
}

/// A message without what its tool puts around it.
pub(crate) fn message(text: &str) -> String {
    let of_trivy = text.strip_prefix("Artifact: ").and_then(|it| it.split_once(TRIVY_MESSAGE));
    let text =
        of_trivy.map_or(text, |(_, rest)| rest.rsplit_once("\nLink: ").map_or(rest, |(message, _)| message));
    shortened(text.trim(), MAX_TEXT)
}

/// A rule's help without the lines in which a tool names one finding of the rule for all of them, or repeats the title.
pub(crate) fn help(text: &str) -> String {
    let of_one = [
        "Resource: ",
        "Message: ",
        "Artifact: ",
        "Type: ",
        "Link: ",
        "Severity: ",
        "Check: ",
        "Misconfiguration ",
    ];
    let is_of_rule = |it: &&str| !of_one.iter().any(|before| it.starts_with(before));
    let lines: Vec<&str> = text.lines().filter(is_of_rule).collect();
    shortened(lines.join("\n").trim(), MAX_TEXT)
}

/// An address that may be shown as a link: `https`, and nothing in it that ends a link in Markdown.
pub(crate) fn link(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = |it: char| it.is_ascii_graphic() && !"<>()[]\\`\"'|".contains(it);
    let is_link =
        text.strip_prefix("https://").is_some_and(|it| it.starts_with(|it: char| it.is_ascii_alphanumeric()));
    (is_link && text.len() <= MAX_LINK && text.chars().all(is_plain)).then(|| text.to_owned())
}

/// Whether a name can be the address of a resource: `module.a["b"].aws_s3_bucket.logs[0]`.
pub(crate) fn is_address(text: &str) -> bool {
    let of_address = |it: char| it.is_alphanumeric() || "_-.[]\"/ ".contains(it) || it == '\\';
    text.len() <= MAX_LINK
        && text.contains('.')
        && text.starts_with(|it: char| it.is_alphabetic() || it == '_')
        && text.chars().all(|it| of_address(it) || text.contains('"'))
        && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_words_are_taken_off() {
        let title = |first: &str, second: &str| super::title([first.to_owned(), second.to_owned()], "r.x");
        assert_eq!(title("High severity - Open to all", ""), "Open to all");
        assert_eq!(title("Semgrep Finding: r.x", "A policy allows\neverything"), "A policy allows");
        assert_eq!(title("Misconfiguration", ""), "r.x");
        let trivy = "Artifact: main.tf\nType: terraform\nVulnerability AVD-1\nSeverity: HIGH\nMessage: It is open.\nLink: [a](b)";
        assert_eq!(message(trivy), "It is open.");
        assert_eq!(message("Message: it"), "Message: it");
        assert_eq!(help("Encrypt it\nResource: aws_x.y"), "Encrypt it");
    }

    #[test]
    fn a_link_leads_to_https_and_is_nothing_else() {
        assert_eq!(link("https://example.com/a?b=c#d").as_deref(), Some("https://example.com/a?b=c#d"));
        for bad in [
            "http://example.com",
            "https://",
            "https:///a",
            "https://a.b/c)d",
            "https://a b",
            "javascript:x",
            "",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_has_a_type_and_a_name() {
        for good in ["aws_s3_bucket.logs", "module.a[\"b/c\"].aws_x.y[0]", "module.web"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "logs", "input/main.tf:3: error.", "a.\nb", ".a"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
