//! Patterns of paths, as `artifacts:paths` and `artifacts:exclude` have them.

use crate::variables::Variables;
use globset::{GlobBuilder, GlobMatcher};
use std::path::{Component, Path, PathBuf};

/// Characters that make a component a pattern.
const SPECIAL: [char; 4] = ['*', '?', '[', '{'];

/// A path below the project's directory, or a pattern of such paths.
#[derive(Debug)]
pub(crate) struct PathPattern {
    /// What comes before the first component with a pattern in it.
    pub(crate) base: PathBuf,
    /// What is behind it, relative to `base`; `None` where there is none, so that `base` is all.
    pub(crate) rest: Option<GlobMatcher>,
}

/// Why a text is no pattern.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPattern {
    /// It leaves the project's directory.
    Outside,
    /// It makes no sense.
    Malformed,
}

impl PathPattern {
    /// Reads a pattern. An absolute one has to be below `project`.
    ///
    /// `*` and `?` stay within a component, `**` is any number of whole ones, `[ab]`, `[!a]`, `[^a]` and `{a,b}` choose.
    /// Names that begin with a dot are names like others. `?` and `[…]` stand for one byte, so not for a letter such as `é`.
    pub(crate) fn parse(text: &str, project: &Path) -> Result<Self, NoPattern> {
        let mut parts: Vec<&str> = Vec::new();
        let path = Path::new(text);
        let path = if path.is_absolute() {
            path.strip_prefix(project).map_err(|_elsewhere| NoPattern::Outside)?
        } else {
            path
        };
        for component in path.components() {
            match component {
                Component::Normal(name) => parts.push(name.to_str().ok_or(NoPattern::Malformed)?),
                Component::ParentDir => drop(parts.pop().ok_or(NoPattern::Outside)?),
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        let first = parts.iter().position(|it| it.contains(SPECIAL)).unwrap_or(parts.len());
        let (base, rest) = parts.split_at_checked(first).unwrap_or((&parts, &[]));
        let rest = if rest.is_empty() { None } else { Some(matcher(&rest.join("/"))?) };
        Ok(Self { base: base.iter().collect(), rest })
    }
}

/// A matcher of whole relative paths.
pub(crate) fn matcher(pattern: &str) -> Result<GlobMatcher, NoPattern> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|it| it.compile_matcher()).map_err(|_its_text_repeats_the_pattern| NoPattern::Malformed)
}

/// Replaces `$NAME`, `${NAME}` and `${NAME:-DEFAULT}` as a shell does between double quotes; `\$` is a `$`. Commands are
/// not run, and a default is taken as it stands.
#[must_use]
pub(crate) fn expand_path(text: &str, variables: &Variables) -> String {
    let get = |name: &str| variables.get(name).unwrap_or_default();
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        if let Some(before) = before.strip_suffix('\\') {
            expanded.push_str(before);
            expanded.push('$');
            rest = after;
            continue;
        }
        expanded.push_str(before);
        let name_end = |text: &str| {
            let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_')).unwrap_or(text.len());
            if text.starts_with(|it: char| it.is_ascii_digit()) { 0 } else { end }
        };
        let braced = after.strip_prefix('{').and_then(|it| it.split_once('}'));
        if let Some((inside, behind)) = braced {
            let (name, default) = inside.split_at_checked(name_end(inside)).unwrap_or((inside, ""));
            let value = get(name);
            let default = default.strip_prefix(":-").filter(|_| value.is_empty());
            expanded.push_str(default.unwrap_or(value));
            rest = behind;
        } else {
            let (name, behind) = after.split_at_checked(name_end(after)).unwrap_or(("", after));
            if name.is_empty() {
                expanded.push('$');
            }
            expanded.push_str(get(name));
            rest = behind;
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_process::Program;
    use std::collections::BTreeSet;
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn paths_are_expanded_as_between_double_quotes() {
        let mut variables = Variables::default();
        variables.set("A", "x y");
        variables.set("E", "");
        for (text, expected) in [
            ("$A/b", "x y/b"),
            ("${A}b", "x yb"),
            ("${N:-d/*}", "d/*"),
            ("${E:-d}", "d"),
            ("${A:-d}", "x y"),
            ("$N", ""),
            ("$(id)", "$(id)"),
            ("\\$A", "$A"),
            ("a$", "a$"),
            ("$1", "$1"),
            ("${A", "${A"),
            ("é$A", "éx y"),
        ] {
            assert_eq!(expand_path(text, &variables), expected, "{text}");
        }
    }

    #[test]
    fn patterns_stay_below_the_project() {
        let parse = |text| PathPattern::parse(text, Path::new("/builds/p"));
        for text in ["..", "a/../../b", "/etc/passwd", "/builds/pq", "/builds"] {
            assert_eq!(parse(text).unwrap_err(), NoPattern::Outside, "{text}");
        }
        assert_eq!(parse("a[").unwrap_err(), NoPattern::Malformed);
        for (text, base, has_rest) in [
            ("/builds/p/a", "a", false),
            ("./a//b/../c/", "a/c", false),
            ("a/b*/c", "a", true),
            ("**/x", "", true),
            (".", "", false),
        ] {
            let pattern = parse(text).unwrap();
            assert_eq!((pattern.base, pattern.rest.is_some()), (base.into(), has_rest), "{text}");
        }
    }

    #[test]
    fn stars_are_gitlabs() {
        let check = |pattern: &str, path: &str, expected: bool| {
            assert_eq!(matcher(pattern).unwrap().is_match(path), expected, "{pattern} {path}");
        };
        check("*.log", "a.log", true);
        check("*.log", ".log", true);
        check("*.log", "d/a.log", false);
        check("**/*.log", "a.log", true);
        check("**/*.log", "d/e/a.log", true);
        check("a/**/b", "a/b", true);
        check("a/**/b", "a/x/y/b", true);
        check("a/**", "a/x/y", true);
        check("?", "/", false);
        check("[!a]x", "bx", true);
        check("[^a]x", "ax", false);
        check("[^a]x", "bx", true);
        check("{a,b}/c", "b/c", true);
    }

    /// What bash finds with `globstar` and `dotglob`, of which GitLab's patterns are a part. Where `?` and `[…]` meet a
    /// letter of several bytes, bash takes the letter.
    #[tokio::test]
    async fn bash_finds_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let files = [
            "a.log",
            ".log",
            "b c",
            "d/a.log",
            "d/e/a.log",
            "d/e/f/x",
            "d/.h/x",
            "ab/x",
            "b/c",
            "[x]",
            "é/ü",
        ];
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let patterns = [
            "*",
            "*.log",
            "**/*.log",
            "d/**/*.log",
            "d/*",
            "d/**/x",
            "?.log",
            "[ab]*",
            "[!a]*",
            "[^a]*",
            "[a-c]*/c",
            "{a,b}*/?",
            "**",
            "*/*",
            "d/**/**/x",
            "**/e/**/x",
            "b?c",
            "é/*",
            "{d/e,ab}/**/x",
            ".*",
            "**/.h/*",
            "[[]*",
        ];
        let limit = Duration::from_secs(60);
        for pattern in patterns {
            let matcher = matcher(pattern).unwrap();
            let script = format!(
                "shopt -s globstar dotglob nullglob; printf '%s\\n' {pattern}; echo =; printf '%s\\n' **"
            );
            let program = Program::new("/bin/bash").arguments(["-c", &script]).directory(directory.path());
            let program = program.variable("LC_ALL", "C.UTF-8").variable("PATH", "/usr/bin:/bin");
            let finished = program.run(Instant::now() + limit, limit, 1 << 20).await.unwrap();
            let text = String::from_utf8(finished.stdout).unwrap();
            let (matched, all) = text.split_once("=\n").unwrap();
            let matched: BTreeSet<&str> = matched.lines().collect();
            let ours: BTreeSet<&str> = all.lines().filter(|it| matcher.is_match(it)).collect();
            assert_eq!(ours, matched, "{pattern}");
        }
    }
}
