//! The variables of a job: a list in which the last of a name wins, expanded once.

use crate::expansion::expand;
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::Variable;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// What all values of a job may become when they are expanded, in bytes. GitLab allows one 10 000 characters.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Variables in the order in which they were set.
#[derive(Debug, Clone, Default)]
pub(crate) struct VariableList(Vec<Variable>);

impl VariableList {
    /// Sets what the job may know as it is: not masked, no file, nothing to expand.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        let value = SecretText::new(value);
        self.0.push(Variable {
            key: key.to_owned(),
            value,
            public: true,
            masked: false,
            file: false,
            raw: true,
        });
    }

    /// Adds variables as they are.
    pub(crate) fn extend(&mut self, variables: impl IntoIterator<Item = Variable>) {
        self.0.extend(variables);
    }

    /// Expands each value that is not `raw`, against the others as they were before: GitLab has expanded what it could, and
    /// a value is never looked at twice. A file's content is expanded too, and others see its path, below
    /// `file_directory`. What would become too long stays as it is, and is named in `warnings`.
    #[must_use]
    pub(crate) fn expand(&self, file_directory: &Path, warnings: &mut Vec<String>) -> Variables {
        let mut left = MOST_BYTES;
        let last: BTreeMap<&str, &Variable> = self.0.iter().map(|it| (it.key.as_str(), it)).collect();
        let lookup = |name: &str| {
            let found = *last.get(name)?;
            let path =
                found.file.then(|| Cow::Owned(file_directory.join(name).to_string_lossy().into_owned()));
            Some(path.unwrap_or(Cow::Borrowed(found.value.expose())))
        };
        let mut expanded = |it: &Variable| {
            let value = it.value.expose();
            let value = if it.raw {
                value.to_owned()
            } else if let Some(expanded) = expand(value, lookup, left) {
                left -= expanded.len();
                expanded
            } else {
                warnings.push(format!("the variable {} is too long to be expanded", it.key.escape_debug()));
                value.to_owned()
            };
            let path = it.file.then(|| file_directory.join(&it.key).to_string_lossy().into_owned());
            Expanded { value: SecretText::new(value), path, masked: it.masked }
        };
        Variables(last.iter().map(|(key, it)| ((*key).to_owned(), expanded(it))).collect())
    }
}

/// A variable whose value is known.
#[derive(Debug, Clone)]
pub(crate) struct Expanded {
    /// The value; a file's content.
    pub value: SecretText,
    /// The file that it is in, where it is in one.
    pub path: Option<String>,
    /// Whether the value must not appear in the log.
    pub masked: bool,
}

impl Expanded {
    /// What the variable is to whoever reads it: the file's path, or the value.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        self.path.as_deref().unwrap_or(self.value.expose())
    }
}

/// Variables with their values, one of each name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, Expanded>);

impl Variables {
    /// What a variable is to whoever reads it.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Expanded::text)
    }

    /// Sets a variable, whatever it was.
    #[cfg(test)]
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let value = Expanded { value: SecretText::new(value), path: None, masked: false };
        self.0.insert(name.to_owned(), value);
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Expanded)> {
        self.0.iter().map(|(name, it)| (name.as_str(), it))
    }

    /// Replaces names in a text of the job: artifact names, cache keys, flags. What would become too long stays as it is.
    #[must_use]
    pub(crate) fn expand(&self, text: &str) -> String {
        let lookup = |name: &str| self.get(name).map(Cow::Borrowed);
        expand(text, lookup, MOST_BYTES).unwrap_or_else(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gitlab_runner_protocol::job::Job;

    fn example() -> Variables {
        let job = Job::parse(include_bytes!("../tests/data/job-apply-protected.json")).unwrap();
        let mut list = VariableList::default();
        list.set("OVERRIDDEN", "ours");
        list.extend(job.variables);
        list.set("LATE", "$NOT_EXPANDED");
        list.expand(Path::new("/builds/x.tmp"), &mut Vec::new())
    }

    #[test]
    fn the_last_of_a_name_wins_and_is_expanded_once() {
        let variables = example();
        assert_eq!(variables.get("OVERRIDDEN"), Some("second"));
        assert_eq!(variables.get("GREETING"), Some("hello network from end"));
        assert_eq!(variables.get("DB_PASSWORD"), Some("pa$$word-with-dollar"), "raw");
        assert_eq!(variables.get("LATE"), Some("$NOT_EXPANDED"));
        assert_eq!(variables.get("NEVER_SET"), None);
    }

    #[test]
    fn a_file_is_its_path_to_whoever_reads_it() {
        let variables = example();
        assert_eq!(variables.get("TFVARS"), Some("/builds/x.tmp/TFVARS"));
        assert_eq!(variables.expand("-var-file=$TFVARS"), "-var-file=/builds/x.tmp/TFVARS");
        let (_, file) = variables.iter().find(|it| it.0 == "KUBECONFIG").unwrap();
        assert_eq!(file.value.expose(), "apiVersion: v1\nkind: Config\n");
    }

    #[test]
    fn a_value_that_would_become_too_long_stays_as_it_is() {
        let mut list = VariableList::default();
        list.set("A", "x".repeat(1 << 20));
        let names = "$A".repeat(100);
        list.extend([Variable {
            key: "B".to_owned(),
            value: SecretText::new(names.as_str()),
            public: true,
            masked: false,
            file: false,
            raw: false,
        }]);
        let mut warnings = Vec::new();
        let variables = list.expand(Path::new("/"), &mut warnings);
        assert_eq!(variables.get("B"), Some(&*names));
        assert_eq!(warnings, ["the variable B is too long to be expanded"]);
    }

    #[test]
    fn nothing_of_them_is_printed() {
        assert!(!format!("{:?}", example()).contains("0123456789"));
    }
}
