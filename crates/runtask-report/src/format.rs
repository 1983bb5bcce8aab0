//! Lists the formats by name.

use crate::terminal::Style;
use crate::{PageDetails, github, gitlab, json, junit, markdown, page, sarif, terminal};
use runtask_findings::{CheckReport, Verdict, prints};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// For whom to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A person at a terminal: [`terminal()`].
    #[default]
    Text,
    /// A script: [`json()`].
    Json,
    /// Code scanning and editors: [`sarif()`].
    Sarif,
    /// Programs that show the results of tests: [`junit()`].
    Junit,
    /// Annotations in GitHub Actions: [`github()`].
    Github,
    /// A report of code quality in GitLab: [`gitlab()`].
    Gitlab,
    /// A comment on a merge request: [`markdown()`].
    Markdown,
    /// A page to open in a browser: [`page()`].
    Html,
}

impl Format {
    /// Every format, in the order to list them.
    #[must_use]
    pub const fn all() -> [Self; 8] {
        [
            Self::Text,
            Self::Json,
            Self::Sarif,
            Self::Junit,
            Self::Github,
            Self::Gitlab,
            Self::Markdown,
            Self::Html,
        ]
    }

    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a format is `text`, `json`, `sarif`, `junit`, `github`, `gitlab`, `markdown` or `html`")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all().into_iter().find(|it| it.as_str() == text).ok_or(UnknownFormat)
    }
}

/// The reports in this format, with a line break at the end; only [`Format::Text`] has a style.
#[must_use]
pub fn render(format: Format, reports: &[CheckReport], verdict: Verdict, style: Style) -> String {
    match format {
        Format::Text => terminal(reports, verdict, style),
        Format::Json => printed(&json(reports, verdict)),
        Format::Sarif => printed(&sarif(reports, verdict)),
        Format::Junit => junit(reports, verdict),
        Format::Github => github(reports, verdict),
        Format::Gitlab => printed(&gitlab(reports, verdict)),
        Format::Markdown => markdown(reports, verdict),
        Format::Html => page(reports, verdict, &PageDetails::default()),
    }
}

/// JSON to look at as well: what does not print is escaped, which JSON allows in every string, and only there can it be.
fn printed(json: &Value) -> String {
    let json = format!("{json:#}\n");
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || prints(character) {
            text.push(character);
        } else {
            let mut units = [0; 2];
            text.extend(character.encode_utf16(&mut units).iter().map(|it| format!("\\u{it:04x}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, hostile, policy};

    #[test]
    fn a_formats_name_is_read_back() {
        for format in Format::all() {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert!(UnknownFormat.to_string().contains(&format!("`{format}`")));
        }
        assert_eq!("xml".parse::<Format>(), Err(UnknownFormat));
    }

    #[test]
    fn json_stays_the_same_value_when_it_is_made_printable() {
        let reports = [hostile(HOSTILE), hostile("\u{1d173}\u{e0001}é")];
        let text = render(Format::Json, &reports, Verdict::Failed, Style::default());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json(&reports, Verdict::Failed));
        assert!(text.contains("\\u202e") && text.contains('é'), "{text}");
    }

    #[test]
    fn every_format_ends_its_last_line_and_shows_no_escape_sequence() {
        for format in Format::all() {
            for reports in [vec![], vec![policy()], vec![hostile(HOSTILE)]] {
                let text = render(format, &reports, Verdict::Failed, Style::default());
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{format}");
                assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{0}', '\u{202e}', '\r']), "{format}");
            }
        }
    }
}
