//! The variables of a job: a list in which the last of a name wins, expanded once.

use crate::expansion::expand;
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::Variable;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

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
    /// `file_directory`.
    #[must_use]
    pub(crate) fn expand(&self, file_directory: &Path) -> Variables {
        let last: BTreeMap<&str, &Variable> = self.0.iter().map(|it| (it.key.as_str(), it)).collect();
        let lookup = |name: &str| {
            let found = *last.get(name)?;
            let path =
                found.file.then(|| Cow::Owned(file_directory.join(name).to_string_lossy().into_owned()));
            Some(path.unwrap_or(Cow::Borrowed(found.value.expose())))
        };
        let expanded = |it: &Variable| {
            let value = it.value.expose();
            let value = if it.raw { value.to_owned() } else { expand(value, lookup) };
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

    /// Replaces names in a text of the job: artifact names, cache keys, flags.
    #[must_use]
    pub(crate) fn expand(&self, text: &str) -> String {
        expand(text, |name| self.get(name).map(|it| Cow::Owned(it.to_owned())))
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
        list.expand(Path::new("/builds/x.tmp"))
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
    fn nothing_of_them_is_printed() {
        assert!(!format!("{:?}", example()).contains("0123456789"));
    }
}
