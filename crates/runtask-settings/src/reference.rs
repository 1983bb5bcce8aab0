//! Where a secret is. The file of tasks is no place for one: it is in version control.

use crate::SettingsReader;
use secrecy::SecretString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a file with a secret.
const MAX_BYTES: u64 = 4096;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// In this parameter of AWS: `ssm:///runtask/slack`. Whoever can read one gives it to the settings by this name.
    Parameter(String),
    /// In this variable of the environment: `env:SLACK_WEBHOOK_URL`.
    Variable(String),
    /// In this file, relative to that of the tasks: `file:slack-url`. White space around it does not count.
    File(PathBuf),
}

impl Reference {
    /// Reads `env:NAME`, `file:PATH` or `ssm:///NAME`. Anything else may be the secret itself, and is not repeated.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = |it: &&str| {
            let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
            !it.is_empty() && it.chars().all(plain)
        };
        match text.split_once(':') {
            Some(("env", name)) => Some(name).filter(is_name).map(|it| Self::Variable(it.to_owned())),
            Some(("ssm", name)) if is_parameter(name) => Some(Self::Parameter(text.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(Self::File(path.into())),
            _ => None,
        }
    }

    /// The parameter of AWS, as `ssm:///NAME`, where it is in one.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Parameter(url) => Some(url),
            Self::Variable(_) | Self::File(_) => None,
        }
    }

    /// The secret; a relative path begins at `directory`.
    ///
    /// # Errors
    ///
    /// Why it is not there, in words that name its place.
    pub fn resolve(&self, settings: &SettingsReader<'_>, directory: &Path) -> Result<SecretString, String> {
        let text = match self {
            Self::Parameter(url) => settings
                .text(url)
                .ok_or_else(|| format!("{url} was not read: only the Lambda functions read ssm://"))?,
            Self::Variable(name) => settings.text(name).ok_or_else(|| format!("{name} is not set"))?,
            Self::File(path) => {
                let path = directory.join(path);
                let unreadable = |why: String| format!("the file {} {why}", path.display());
                let mut text = String::new();
                let file =
                    File::open(&path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
                file.take(MAX_BYTES + 1)
                    .read_to_string(&mut text)
                    .map_err(|error| unreadable(format!("cannot be read: {error}")))?;
                if text.len() as u64 > MAX_BYTES {
                    return Err(unreadable(format!("has more than {MAX_BYTES} bytes, which is no secret")));
                }
                text
            }
        };
        let text = text.trim();
        if text.is_empty() || !text.chars().all(|it| it.is_ascii_graphic()) {
            return Err("what is there is no secret: one line of visible ASCII is expected".to_owned());
        }
        Ok(SecretString::from(text))
    }
}

/// `///` and the name of a parameter.
fn is_parameter(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_.-/".contains(it);
    name.strip_prefix("///").is_some_and(|it| !it.is_empty() && it.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_is_named_by_its_place() {
        assert_eq!(Reference::parse("env:SLACK_URL"), Some(Reference::Variable("SLACK_URL".into())));
        assert_eq!(Reference::parse("file:a/b"), Some(Reference::File("a/b".into())));
        assert_eq!(Reference::parse("ssm:///a/b"), Some(Reference::Parameter("ssm:///a/b".into())));
        for text in [
            "ssm://a",
            "ssm:///",
            "ssm:///a b",
            "https://hooks.slack.com/services/x",
            "env:",
            "env:a b",
            "file:",
            "SLACK_URL",
            "",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_secret_is_read_from_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("good", "  s3cret\n");
        write("empty", "\n");
        write("two", "a\nb");
        write("long", &"x".repeat(5000));
        let lookup = |name: &str| ["SET", "ssm:///set"].contains(&name).then(|| "s3cret".to_owned());
        let read = |text: &str| {
            let settings = SettingsReader::new(&lookup);
            let secret = Reference::parse(text).unwrap().resolve(&settings, directory.path());
            secret.map(|it| it.expose_secret().to_owned())
        };
        assert_eq!(read("env:SET").unwrap(), "s3cret");
        assert_eq!(read("file:good").unwrap(), "s3cret");
        assert_eq!(read("ssm:///set").unwrap(), "s3cret");
        assert!(read("ssm:///unset").unwrap_err().contains("only the Lambda functions"));
        assert_eq!(read("env:UNSET").unwrap_err(), "UNSET is not set");
        for (file, why) in
            [("empty", "no secret"), ("two", "no secret"), ("long", "4096 bytes"), ("none", "cannot be read")]
        {
            let error = read(&format!("file:{file}")).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
