//! Texts of files that policies may read. The engine reads none itself.

use std::collections::BTreeMap;

/// Texts of files that policies may read with `parse_config_file`, by their paths.
///
/// A policy names them from where it stands itself: for `"limits.yaml"` in a policy that was added as `policies/s3.rego`, this
/// has the path `policies/limits.yaml`.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, String>);

impl Files {
    /// No files, for a function under test.
    #[cfg(test)]
    pub(crate) const NONE: &'static Self = &Self(BTreeMap::new());

    /// The text at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The path of a file that a policy names; `None` where it leads out of the policy's own directory.
    #[must_use]
    pub fn path(policy: &str, name: &str) -> Option<String> {
        if name.starts_with('/') || name.contains(['\\', '\0']) {
            return None;
        }
        let directory = policy.rsplit_once('/').map(|it| it.0);
        let parts = name.split('/').filter(|it| !matches!(*it, "" | "."));
        let path: Vec<&str> = directory.into_iter().chain(parts.clone()).collect();
        let leads_on = parts.clone().next().is_some() && parts.clone().all(|it| it != "..");
        leads_on.then(|| path.join("/"))
    }
}

impl FromIterator<(String, String)> for Files {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(files: T) -> Self {
        Self(files.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_policys_directory() {
        for (policy, name, wanted) in [
            ("policies/a.rego", "b.yaml", Some("policies/b.yaml")),
            ("policies/a.rego", "./x//b.yaml", Some("policies/x/b.yaml")),
            ("a.rego", "b.yaml", Some("b.yaml")),
            ("/p/a.rego", "b.yaml", Some("/p/b.yaml")),
            ("/a.rego", "b.yaml", Some("/b.yaml")),
            ("a.rego", "/etc/passwd", None),
            ("p/a.rego", "../b.yaml", None),
            ("p/a.rego", "x/../../b.yaml", None),
            ("p/a.rego", "..\\b.yaml", None),
            ("p/a.rego", "", None),
            ("p/a.rego", ".", None),
        ] {
            assert_eq!(Files::path(policy, name).as_deref(), wanted, "{policy} {name}");
        }
    }
}
