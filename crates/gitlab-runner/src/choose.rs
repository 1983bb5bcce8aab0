//! Chooses the files of an artifact.

use crate::path_pattern::{NoPattern, PathPattern, expand_path, matcher};
use crate::variables::Variables;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What is to be chosen of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    /// The project's path, for patterns that begin with it.
    pub(crate) project: &'a Path,
    /// Patterns, not expanded.
    pub(crate) paths: &'a [String],
    /// Patterns of what is left out, not expanded; each is matched with the whole relative path.
    pub(crate) exclude: &'a [String],
    /// More paths, as they are: what git does not track.
    pub(crate) untracked: &'a [OsString],
}

/// What was chosen below `root`, the project's directory: relative paths, sorted, directories among them. A directory that a pattern
/// names is taken with everything in it. Links are links: nothing is looked for behind one.
///
/// What cannot be taken, or finds nothing, is named in `warnings`.
#[must_use]
pub(crate) fn choose(
    choice: &Choice<'_>,
    root: &Path,
    variables: &Variables,
    warnings: &mut Vec<String>,
) -> Vec<PathBuf> {
    let mut chosen = Chosen { root, paths: BTreeSet::new(), unreadable: 0 };
    for text in choice.paths {
        let expanded = expand_path(text, variables);
        if expanded.is_empty() {
            continue;
        }
        match PathPattern::parse(&expanded, choice.project) {
            Ok(pattern) => {
                if !chosen.take(&pattern) {
                    warnings.push(format!("{text}: no matching files"));
                }
            }
            Err(NoPattern::Outside) => {
                warnings.push(format!("{text}: is not below the project's directory, and is left out"));
            }
            Err(NoPattern::Malformed) => warnings.push(format!("{text}: is no pattern, and is left out")),
        }
    }
    for path in choice.untracked {
        // As text: a name with a `*` in it is that file.
        let path = Path::new(path);
        if path.components().all(|it| matches!(it, std::path::Component::Normal(_))) {
            chosen.take_with_all_below(path);
        }
    }
    if chosen.unreadable > 0 {
        warnings.push(format!("{} directories could not be read", chosen.unreadable));
    }
    let mut excluded = Vec::new();
    for text in choice.exclude {
        match matcher(&expand_path(text, variables)) {
            Ok(matcher) => excluded.push(matcher),
            Err(_) => warnings.push(format!("{text}: is no pattern, and excludes nothing")),
        }
    }
    let is_kept = |it: &PathBuf| !excluded.iter().any(|matcher| matcher.is_match(it));
    chosen.paths.into_iter().filter(is_kept).collect()
}

struct Chosen<'a> {
    root: &'a Path,
    paths: BTreeSet<PathBuf>,
    unreadable: usize,
}

impl Chosen<'_> {
    /// Takes what a pattern matches, and says whether that was anything.
    fn take(&mut self, pattern: &PathPattern) -> bool {
        let Some(rest) = &pattern.rest else { return self.take_with_all_below(&pattern.base) };
        if !self.is_directory(&pattern.base) {
            return false;
        }
        let mut found = false;
        let mut directories = vec![pattern.base.clone()];
        while let Some(directory) = directories.pop() {
            for (path, is_directory) in self.entries(&directory) {
                if path.strip_prefix(&pattern.base).is_ok_and(|it| rest.is_match(it)) {
                    found |= self.take_with_all_below(&path);
                } else if is_directory {
                    directories.push(path);
                }
            }
        }
        found
    }

    /// Takes a path, and says whether it is there and no link leads to it.
    fn take_with_all_below(&mut self, path: &Path) -> bool {
        let is_reached = path.parent().is_none_or(|it| self.is_directory(it));
        if !is_reached || fs::symlink_metadata(self.root.join(path)).is_err() {
            return false;
        }
        let mut directories = Vec::new();
        if self.is_directory(path) {
            directories.push(path.to_owned());
        }
        if !path.as_os_str().is_empty() {
            self.paths.insert(path.to_owned());
        }
        while let Some(directory) = directories.pop() {
            for (path, is_directory) in self.entries(&directory) {
                let is_new = self.paths.insert(path.clone());
                if is_directory && is_new {
                    directories.push(path);
                }
            }
        }
        true
    }

    /// Whether a path is a directory, and every part of it too.
    fn is_directory(&self, path: &Path) -> bool {
        path.ancestors().all(|it| fs::symlink_metadata(self.root.join(it)).is_ok_and(|it| it.is_dir()))
    }

    /// What is in a directory, and whether it is a directory too.
    fn entries(&mut self, directory: &Path) -> Vec<(PathBuf, bool)> {
        let Ok(entries) = fs::read_dir(self.root.join(directory)) else {
            self.unreadable += 1;
            return Vec::new();
        };
        let entries = entries.filter_map(Result::ok);
        entries
            .map(|it| (directory.join(it.file_name()), it.file_type().is_ok_and(|it| it.is_dir())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    fn project(files: &[&str]) -> TempDir {
        let directory = TempDir::new().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        directory
    }

    fn chosen(
        project: &Path,
        paths: &[&str],
        exclude: &[&str],
        untracked: &[&str],
    ) -> (Vec<String>, Vec<String>) {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let untracked: Vec<OsString> = untracked.iter().map(Into::into).collect();
        let (paths, exclude) = (texts(paths), texts(exclude));
        let choice = Choice {
            project: Path::new("/builds/p"),
            paths: &paths,
            exclude: &exclude,
            untracked: &untracked,
        };
        let mut variables = Variables::default();
        variables.set("ROOT", "envs/prod");
        let mut warnings = Vec::new();
        let chosen = choose(&choice, project, &variables, &mut warnings);
        (chosen.iter().map(|it| it.to_str().unwrap().to_owned()).collect(), warnings)
    }

    #[test]
    fn patterns_and_directories_are_taken_in_order() {
        let project =
            project(&["b.log", "a.log", "d/c.log", "d/.hidden", "envs/prod/plan", "envs/prod/x/y", "z"]);
        let (paths, warnings) = chosen(project.path(), &["*.log", "${ROOT}/", "d/*", "none*"], &[], &[]);
        assert_eq!(
            paths,
            [
                "a.log",
                "b.log",
                "d/.hidden",
                "d/c.log",
                "envs/prod",
                "envs/prod/plan",
                "envs/prod/x",
                "envs/prod/x/y"
            ]
        );
        assert_eq!(warnings, ["none*: no matching files"]);
        let (paths, _) = chosen(project.path(), &["/builds/p/z", "/builds/p/*.log"], &[], &[]);
        assert_eq!(paths, ["a.log", "b.log", "z"]);
        let (paths, _) = chosen(project.path(), &["."], &["**/*.log", "z", "envs/**"], &[]);
        assert_eq!(paths, ["d", "d/.hidden", "envs"]);
        let (paths, _) = chosen(project.path(), &["**/*.log"], &["*.log"], &[]);
        assert_eq!(paths, ["d/c.log"]);
        let (paths, _) = chosen(project.path(), &[], &[], &["z", "d/c.log", "../x", "/etc", "gone"]);
        assert_eq!(paths, ["d/c.log", "z"]);
    }

    /// A link is a link: what it leads to is not ours to take.
    #[test]
    fn nothing_is_taken_from_behind_a_link_or_outside() {
        let outside = project(&["secret/key"]);
        let project = project(&["d/file"]);
        symlink(outside.path(), project.path().join("out")).unwrap();
        symlink("loop", project.path().join("loop")).unwrap();
        let (paths, warnings) = chosen(
            project.path(),
            &["out/secret/key", "out/**/*", "/etc/passwd", "../x", "o*", "[", "loop", "out/../d"],
            &[],
            &["out/secret/key"],
        );
        assert_eq!(paths, ["d", "d/file", "loop", "out"]);
        assert_eq!(
            warnings,
            [
                "out/secret/key: no matching files",
                "out/**/*: no matching files",
                "/etc/passwd: is not below the project's directory, and is left out",
                "../x: is not below the project's directory, and is left out",
                "[: is no pattern, and is left out",
            ]
        );
    }
}
