//! Matches names with patterns: globs for organizations, workspaces and projects, and `*` alone for addresses of
//! resources, where brackets are part of the name.

use crate::table::improper;
use globset::{Glob, GlobSet};
use std::fmt;

/// The longest glob, in bytes: a regular expression is made of it.
const MAX_GLOB_BYTES: usize = 256;

/// A pattern for addresses of resources, in which `*` stands for any characters, also for none, and everything else
/// for itself: `module.net.*`, `aws_s3_bucket.site["a"]`, `aws_s3_bucket.site[*]`.
///
/// A backslash before a star or a backslash means that character: `aws_route53_record.site["\*.example.com"]`. Before
/// anything else it stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressPattern(String);

impl AddressPattern {
    /// Reads the pattern; every text is one.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The pattern for this address and no other; `None` where a file may not hold it, as it may not hold a line break.
    #[must_use]
    pub fn exactly(address: &str) -> Option<Self> {
        let text = address.replace('\\', r"\\").replace('*', r"\*");
        improper("address", &text).is_none().then_some(Self(text))
    }

    /// The pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `address` is one of those meant.
    #[must_use]
    pub fn matches(&self, address: &str) -> bool {
        let pieces = self.pieces();
        let (start, middle, end) = match pieces.as_slice() {
            [start, middle @ .., end] => (start, middle, end),
            whole => return whole.iter().all(|it| it == address),
        };
        let inner = address.strip_prefix(&**start).and_then(|it| it.strip_suffix(&**end));
        let Some(mut left) = inner else { return false };
        // What stands between two stars is taken where it first occurs: that leaves most for what comes after.
        for piece in middle {
            let Some((_skipped, after)) = left.split_once(&**piece) else { return false };
            left = after;
        }
        true
    }

    /// What stands before, between and after the stars: at least one text.
    fn pieces(&self) -> Vec<String> {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut characters = self.0.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '*' => pieces.push(std::mem::take(&mut piece)),
                '\\' => piece.push(characters.next_if(|it| matches!(it, '*' | '\\')).unwrap_or(character)),
                _ => piece.push(character),
            }
        }
        pieces.push(piece);
        pieces
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A glob for names, such as `net-*`; upper and lower case differ.
#[derive(Debug, Clone)]
pub(crate) struct NamePattern {
    text: String,
    glob: GlobSet,
}

impl NamePattern {
    /// Reads the glob, or says what is wrong with it.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_GLOB_BYTES {
            return Err(format!("it has {} bytes, and {MAX_GLOB_BYTES} are allowed", text.len()));
        }
        let glob = Glob::new(text).map_err(|error| error.kind().to_string())?;
        // A set of one: unlike a matcher, making it fails where a regular expression gets too large.
        let glob = GlobSet::new([glob]).map_err(|error| error.kind().to_string())?;
        Ok(Self { text: text.to_owned(), glob })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.glob.is_match(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(pattern: &str, address: &str) -> bool {
        AddressPattern::new(pattern).matches(address)
    }

    #[test]
    fn a_star_in_an_address_is_any_text_and_a_bracket_is_a_bracket() {
        assert!(address("aws_s3_bucket.site", "aws_s3_bucket.site"));
        assert!(!address("aws_s3_bucket.site", "aws_s3_bucket.site[0]"));
        assert!(!address("aws_s3_bucket.site[0]", "aws_s3_bucket.site0"));
        assert!(address("aws_s3_bucket.site[0]", "aws_s3_bucket.site[0]"));
        assert!(address("aws_s3_bucket.site[*]", r#"aws_s3_bucket.site["a.b"]"#));
        assert!(address("module.net.*", "module.net.module.a.aws_vpc.b"));
        assert!(address("*.aws_vpc.*", "module.net.aws_vpc.b"));
        assert!(!address("*.aws_vpc.*", "aws_vpc.b"));
        assert!(address("*", ""));
        // The two stars must not share a character.
        assert!(!address("ab*ba", "aba") && !address("a*b*b", "ab"));
    }

    #[test]
    fn a_star_after_a_backslash_is_a_star() {
        let record = r#"aws_route53_record.r["\*.example.com"]"#;
        assert!(address(record, r#"aws_route53_record.r["*.example.com"]"#));
        assert!(!address(record, r#"aws_route53_record.r["bank.example.com"]"#));
        assert!(address(r"a\\*", r"a\b") && !address(r"a\\*", "ab") && !address(r"a\\*", "a*"));
        // Before anything else, and at the end, a backslash is one.
        assert!(address(r#"a["\"x"]"#, r#"a["\"x"]"#) && address("a\\", "a\\"));
    }

    /// The definition, slow and plain.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['\\', it @ ('*' | '\\'), rest @ ..] => {
                text.first() == Some(it) && by_definition(rest, &text[1..])
            }
            ['*', rest @ ..] => (0..=text.len()).any(|at| by_definition(rest, &text[at..])),
            [first, rest @ ..] => text.first() == Some(first) && by_definition(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn addresses_match_as_defined(pattern in r"[ab*\\]{0,7}", text in r"[ab*\\]{0,9}") {
            let chars = |it: &str| it.chars().collect::<Vec<_>>();
            prop_assert_eq!(address(&pattern, &text), by_definition(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn an_exact_pattern_matches_one_address(text in r"[ab*\\]{1,7}", other in r"[ab*\\]{0,7}") {
            let pattern = AddressPattern::exactly(&text).unwrap();
            prop_assert!(pattern.matches(&text));
            prop_assert_eq!(pattern.matches(&other), text == other);
        }

        #[test]
        fn no_glob_panics(pattern in ".{0,300}", name in ".{0,20}") {
            if let Ok(pattern) = NamePattern::new(&pattern) {
                let _matched = pattern.matches(&name);
            }
        }
    }

    #[test]
    fn an_address_that_a_file_may_not_hold_has_no_pattern() {
        for address in ["", " ", "a\nb", &"a".repeat(1025), &"*".repeat(513)] {
            assert_eq!(AddressPattern::exactly(address), None, "{address}");
        }
    }

    #[test]
    fn a_glob_that_cannot_be_read_says_why() {
        let why = |text: &str| NamePattern::new(text).unwrap_err();
        assert_eq!(why("net-["), "unclosed character class; missing ']'");
        assert_eq!(why("{a,b"), "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)");
        assert_eq!(why(&"x".repeat(257)), "it has 257 bytes, and 256 are allowed");
        let net = NamePattern::new("net-{dev,prod}*").unwrap();
        assert!(net.matches("net-prod-1") && !net.matches("net-test") && !net.matches("Net-dev"));
    }
}
