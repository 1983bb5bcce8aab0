//! Which files are formatted, by their names.
//!
//! Source: parts 7 and 8 of `SPECIFICATION.md`: tried on terraform 1.11.4, and read of other versions and of OpenTofu.

/// Whose command it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// `terraform fmt`
    Terraform,
    /// `tofu fmt`
    OpenTofu,
}

/// A version of terraform or OpenTofu, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The 1 of 1.11.4.
    pub major: u32,
    /// The 11 of 1.11.4.
    pub minor: u32,
}

impl Version {
    /// A version by its first two numbers.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

/// A suffix, and the first version that formats files with it.
type Suffix = (&'static str, Version);

const TERRAFORM: [Suffix; 5] = [
    (".tf", Version::new(0, 0)),
    (".tfvars", Version::new(0, 0)),
    (".tftest.hcl", Version::new(1, 6)),
    (".tfmock.hcl", Version::new(1, 7)),
    (".tfquery.hcl", Version::new(1, 15)),
];

const OPENTOFU: [Suffix; 5] = [
    (".tf", Version::new(0, 0)),
    (".tfvars", Version::new(0, 0)),
    (".tftest.hcl", Version::new(1, 6)),
    (".tofu", Version::new(1, 8)),
    (".tofutest.hcl", Version::new(1, 8)),
];

impl Flavour {
    /// The suffixes of the files that a version formats.
    pub fn suffixes(self, version: Version) -> impl Iterator<Item = &'static str> {
        let suffixes = match self {
            Self::Terraform => TERRAFORM,
            Self::OpenTofu => OPENTOFU,
        };
        suffixes.into_iter().filter(move |(_, since)| *since <= version).map(|(suffix, _)| suffix)
    }
}

/// Whether a file of this name is formatted when its directory is: by its suffix, unless it is ignored.
///
/// ```
/// use terraform_fmt::{Flavour, Version, is_formatted};
///
/// let version = Version::new(1, 11);
/// assert!(is_formatted(b"prod.auto.tfvars", Flavour::Terraform, version));
/// assert!(!is_formatted(b"main.tf.json", Flavour::Terraform, version));
/// assert!(!is_formatted(b".main.tf", Flavour::Terraform, version));
/// ```
///
/// A file that is named on the command line is not asked whether it is ignored: see [`Flavour::suffixes`].
pub fn is_formatted(name: &[u8], flavour: Flavour, version: Version) -> bool {
    !is_ignored(name) && flavour.suffixes(version).any(|it| name.ends_with(it.as_bytes()))
}

/// Whether a file or directory of this name is passed over, at every level: hidden ones, and backups of editors.
pub fn is_ignored(name: &[u8]) -> bool {
    name.starts_with(b".") || name.ends_with(b"~") || (name.starts_with(b"#") && name.ends_with(b"#"))
}

#[cfg(test)]
mod tests {
    use super::{Flavour, Version, is_formatted, is_ignored};

    #[test]
    fn suffixes_depend_on_flavour_and_version() {
        let formats =
            |name: &str, flavour, minor| is_formatted(name.as_bytes(), flavour, Version::new(1, minor));
        for (name, terraform, opentofu) in [
            ("a.tf", Some(3), Some(6)),
            ("a.auto.tfvars", Some(3), Some(6)),
            ("a.tftest.hcl", Some(6), Some(6)),
            ("a.tfmock.hcl", Some(7), None),
            ("a.tfquery.hcl", Some(15), None),
            ("a.tofu", None, Some(8)),
            ("a.tofutest.hcl", None, Some(8)),
            ("a.tf.json", None, None),
            ("A.TF", None, None),
            ("a.hcl", None, None),
        ] {
            for minor in 3..20 {
                let since = |first: Option<u32>| first.is_some_and(|it| it <= minor);
                assert_eq!(formats(name, Flavour::Terraform, minor), since(terraform), "{name} 1.{minor}");
                if minor >= 6 {
                    assert_eq!(formats(name, Flavour::OpenTofu, minor), since(opentofu), "{name} 1.{minor}");
                }
            }
        }
    }

    #[test]
    fn hidden_files_and_backups_are_ignored() {
        let ignored = [".terraform", ".a.tf", "a.tf~", "#a.tf#", "#"];
        let taken = ["#c.tf", "~d.tf", "a.tf", "a#"];
        assert!(ignored.iter().all(|it| is_ignored(it.as_bytes())));
        assert!(!taken.iter().any(|it| is_ignored(it.as_bytes())));
    }
}
