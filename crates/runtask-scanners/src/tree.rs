//! Makes paths relative to the directory that was scanned, and drops all others: they are this machine's.

use runtask_findings::Subject;
use std::path::{Component, Path, PathBuf};

/// The directory that a tool was told to scan.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Its absolute path, as the tool may write it: with links, and without.
    roots: Vec<PathBuf>,
    /// The tool's working directory.
    current: PathBuf,
    /// What the tool can see besides: a path into it is none into the directory.
    beside: Option<PathBuf>,
}

impl Tree {
    /// The directory `root`, for a tool that runs in `current`; both absolute.
    #[must_use]
    pub fn new(root: &Path, current: &Path) -> Self {
        let mut roots = vec![root.to_path_buf()];
        roots.extend(root.canonicalize().ok().filter(|it| it != root));
        Self { roots, current: current.to_path_buf(), beside: None }
    }

    /// The same, in a directory in which the tool can see more.
    pub(crate) fn within(mut self, directory: &Path) -> Self {
        self.beside = Some(directory.to_path_buf());
        self
    }

    /// What a tool calls `path`, relative to the directory; nothing where it is not inside.
    ///
    /// A relative path is the tool's working directory's, or else the scanned directory's own.
    #[must_use]
    pub fn relative(&self, path: &str) -> Option<PathBuf> {
        // A path as Windows has it, or none.
        if path.is_empty() || path.contains(['\\', '\0']) {
            return None;
        }
        let path = Path::new(path);
        if path.is_absolute() {
            return self.inside(&without_dots(path)?);
        }
        let of_current = without_dots(&self.current.join(path));
        if let Some(inside) = of_current.as_ref().and_then(|it| self.inside(it)) {
            return Some(inside);
        }
        let beside = self.beside.as_ref().zip(of_current);
        if beside.is_some_and(|(beside, it)| it.starts_with(beside)) {
            return None;
        }
        without_dots(path).filter(|it| !it.as_os_str().is_empty())
    }

    /// The same of a reference as SARIF has it: an absolute or relative URI.
    pub(crate) fn of_uri(&self, uri: &str) -> Option<PathBuf> {
        let path = match uri.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => {
                let rest = rest.strip_prefix("//").filter(|_| scheme.eq_ignore_ascii_case("file"))?;
                rest.get(rest.find('/')?..)?
            }
            _ => uri,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
        // `/C:/work`.
        if path.split('/').any(|it| it.ends_with(':')) { None } else { self.relative(&path) }
    }

    /// A file in it.
    pub(crate) fn file(&self, path: &str, line: Option<u32>) -> Option<Subject> {
        let line = line.filter(|it| *it > 0);
        self.relative(path).map(|path| Subject::File { path, line })
    }

    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let relative = self.roots.iter().find_map(|it| path.strip_prefix(it).ok())?;
        (!relative.as_os_str().is_empty()).then(|| relative.to_path_buf())
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it))
}

/// A path without `.` and `..`; nothing where it leads out of where it begins.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if plain.file_name().is_none() => return None,
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_inside_or_nowhere() {
        let tree = Tree::new(Path::new("/scratch/tree"), Path::new("/scratch"));
        let relative = |it: &str| tree.of_uri(it).map(|it| it.display().to_string());
        for inside in [
            "a/main.tf",
            "./a/main.tf",
            "tree/a/main.tf",
            "/scratch/tree/a/main.tf",
            "file:///scratch/tree/a/main.tf",
            "file://host/scratch/tree/a/main.tf",
            "file:///scratch/tree/b/../a/main.tf",
            "b/../a/main.tf",
            "a/m%61in.tf#L3",
        ] {
            assert_eq!(relative(inside).as_deref(), Some("a/main.tf"), "{inside}");
        }
        for outside in [
            "",
            "..",
            "../main.tf",
            "a/../../../main.tf",
            "/etc/passwd",
            "/scratch/tree",
            "/scratch/tree/../main.tf",
            "/scratch/trees/main.tf",
            "%2e%2e/%2e%2e/etc/passwd",
            "https://example.com/main.tf",
            "file:main.tf",
            "C:/code/main.tf",
            "file:///C:/code/main.tf",
            "..\\main.tf",
            "a%00b",
            "a%ffb",
        ] {
            assert_eq!(relative(outside), None, "{outside}");
        }
    }

    #[test]
    fn what_lies_beside_the_directory_is_nowhere() {
        let tree = Tree::new(Path::new("/scratch/tree/live/prod"), Path::new("/scratch"))
            .within(Path::new("/scratch/tree"));
        let relative = |it: &str| tree.relative(it).map(|it| it.display().to_string());
        assert_eq!(relative("tree/live/prod/main.tf").as_deref(), Some("main.tf"));
        assert_eq!(relative("main.tf").as_deref(), Some("main.tf"));
        for beside in
            ["tree/modules/web/main.tf", "/scratch/tree/modules/web/main.tf", "../../modules/web/main.tf"]
        {
            assert_eq!(relative(beside), None, "{beside}");
        }
    }

    proptest! {
        #[test]
        fn no_path_is_absolute_or_leads_out(uri in r"(\.\.|/|\.|a|tree|file:|//|scratch|%2e|%2f|:|\\|é){0,12}") {
            let tree = Tree::new(Path::new("/scratch/tree"), Path::new("/scratch"));
            if let Some(path) = tree.of_uri(&uri) {
                prop_assert!(path.components().all(|it| matches!(it, Component::Normal(_))), "{}", path.display());
                prop_assert!(path.components().next().is_some());
            }
        }
    }
}
