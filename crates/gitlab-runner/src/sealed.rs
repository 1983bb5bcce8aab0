//! Values that are encrypted, and for whom: `kms:CIPHERTEXT`, or `kms:PROJECT:CIPHERTEXT` for the jobs of one project.
//!
//! Whoever encrypts names function and project in the encryption context, and a key management service opens nothing for
//! another one. What is here knows the form alone.

use std::fmt;

/// What such a value begins with.
const PREFIX: &str = "kms:";

/// An encrypted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedText<'a> {
    /// The full path of the project that it is for, if it is for one alone.
    pub project: Option<&'a str>,
    /// The ciphertext in base64.
    pub ciphertext: &'a str,
}

impl<'a> SealedText<'a> {
    /// Reads a value; `None` where it is not an encrypted one.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim().strip_prefix(PREFIX)?;
        Some(match text.rsplit_once(':') {
            Some((project, ciphertext)) => Self { project: Some(project), ciphertext },
            None => Self { project: None, ciphertext: text },
        })
    }

    /// The encryption context of a value for this function, by its name, and for this project, if it is for one alone.
    #[must_use]
    pub fn context(function: &str, project: Option<&str>) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let project = project.map(|it| pair("project", &it.to_ascii_lowercase()));
        [pair("function", function)].into_iter().chain(project).collect()
    }
}

impl fmt::Display for SealedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.project {
            Some(project) => write!(f, "{PREFIX}{project}:{}", self.ciphertext),
            None => write!(f, "{PREFIX}{}", self.ciphertext),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_value_is_read_as_it_is_written() {
        for (text, project) in [("kms:AQID+/8=", None), ("kms:infra/network:AQID+/8=", Some("infra/network"))]
        {
            let sealed = SealedText::parse(text).unwrap();
            assert_eq!((sealed.project, sealed.ciphertext), (project, "AQID+/8="));
            assert_eq!(sealed.to_string(), text);
        }
        assert_eq!(SealedText::parse("glrt-plain"), None);
    }

    #[test]
    fn the_context_names_function_and_project() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(SealedText::context("runner", None), [pair("function", "runner")]);
        // GitLab does not tell upper case from lower in a path.
        let both = [pair("function", "runner"), pair("project", "infra/network")];
        assert_eq!(SealedText::context("runner", Some("Infra/Network")), both);
    }
}
