//! Reads the tags that workspaces are found by.

use std::fmt;
use std::str::FromStr;

/// A tag to find workspaces by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Not empty, and without a comma.
    pub key: String,
    /// Not empty. Without one, any value will do.
    pub value: Option<String>,
}

/// A text that is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write KEY or KEY=VALUE")]
pub struct BadTag;

impl FromStr for Tag {
    type Err = BadTag;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        // A comma separates tags on the wire.
        if key.is_empty() || key.contains(',') || value.as_ref().is_some_and(String::is_empty) {
            return Err(BadTag);
        }
        Ok(Self { key: key.to_owned(), value })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_keys_with_or_without_a_value() {
        let read =
            |text: &str| text.parse::<Tag>().map(|it| (it.key.clone(), it.value.clone(), it.to_string()));
        assert_eq!(read("prod"), Ok(("prod".to_owned(), None, "prod".to_owned())));
        let pair = ("environment".to_owned(), Some("a=b".to_owned()), "environment=a=b".to_owned());
        assert_eq!(read("environment=a=b"), Ok(pair));
        for text in ["", "=prod", "environment=", "a,b"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
