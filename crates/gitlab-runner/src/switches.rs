//! What a job can change about its run by variables.

use crate::go_duration::parse_duration;
use crate::variables::Variables;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long `after_script` may take, unless the job says otherwise.
const AFTER_SCRIPT_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How often something may be tried.
const ATTEMPTS: RangeInclusive<u32> = 1..=10;

/// The variables that this runner listens to. Other `FF_…` of GitLab's runner are ignored.
///
/// Source: GitLab, "Configure runner behavior with variables".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Switches {
    /// `GIT_STRATEGY`; without it a clone, since nothing is kept between jobs and a fetch is one too.
    pub git_strategy: GitStrategy,
    /// `GIT_CHECKOUT`: whether the commit is checked out.
    pub git_checkout: bool,
    /// `GIT_CLEAN_FLAGS`: arguments of `git clean`; `None` for `none`, which leaves it out.
    pub git_clean_flags: Option<Vec<String>>,
    /// `GIT_FETCH_EXTRA_FLAGS`: arguments of `git fetch`, instead of `--prune --quiet`.
    pub git_fetch_extra_flags: Vec<String>,
    /// `GIT_SUBMODULE_STRATEGY`.
    pub submodules: Submodules,
    /// `GIT_SUBMODULE_PATHS`: which ones; all where it is empty.
    pub submodule_paths: Vec<String>,
    /// `GIT_SUBMODULE_DEPTH`: commits that are fetched of each; as for the repository where it is not set.
    pub submodule_depth: Option<u32>,
    /// `GIT_SUBMODULE_UPDATE_FLAGS`: more arguments of `git submodule update`.
    pub submodule_update_flags: Vec<String>,
    /// `GIT_SUBMODULE_FORCE_HTTPS`: whether SSH addresses of the same host are fetched with the job's token.
    pub submodule_force_https: bool,
    /// `GIT_LFS_SKIP_SMUDGE`: whether large files stay the pointers that they are in git.
    pub lfs_skip_smudge: bool,
    /// `GET_SOURCES_ATTEMPTS`.
    pub get_sources_attempts: u32,
    /// `ARTIFACT_DOWNLOAD_ATTEMPTS`, three unless set: after the first one GitLab is not asked for the way to its object
    /// store any more.
    pub artifact_download_attempts: u32,
    /// `RESTORE_CACHE_ATTEMPTS`.
    pub restore_cache_attempts: u32,
    /// `RUNNER_SCRIPT_TIMEOUT`: an own limit of the script.
    pub script_limit: Option<Duration>,
    /// `RUNNER_AFTER_SCRIPT_TIMEOUT`: the limit of `after_script`, five minutes unless set.
    pub after_script_limit: Duration,
    /// `AFTER_SCRIPT_IGNORE_ERRORS`: whether a failure of `after_script` changes nothing.
    pub after_script_ignore_errors: bool,
    /// `CACHE_FALLBACK_KEY`: the key that is tried last. Never one of protected refs.
    pub cache_fallback_key: Option<String>,
    /// `FF_TIMESTAMPS`: whether lines of the log have the time in front.
    pub timestamps: Option<bool>,
    /// `CI_DEBUG_TRACE`: whether the job wants each command that the shell runs.
    pub debug_trace: bool,
}

/// How the project's directory is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GitStrategy {
    /// With a new clone.
    Clone,
    /// Not at all: the directory is there and nothing else.
    None,
    /// Not at all; what was there is gone.
    Empty,
}

/// Which submodules are checked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submodules {
    /// None.
    None,
    /// Those of the repository.
    Normal,
    /// Those of submodules, too.
    Recursive,
}

impl Switches {
    /// Reads them. What cannot be understood is as if it were not set, and named in `warnings`, without its value.
    #[must_use]
    pub(crate) fn read(variables: &Variables, warnings: &mut Vec<String>) -> Self {
        let mut reader = Reader { variables, warnings };
        let strategies = [
            ("clone", GitStrategy::Clone),
            ("fetch", GitStrategy::Clone),
            ("none", GitStrategy::None),
            ("empty", GitStrategy::Empty),
        ];
        let submodules = [
            ("none", Submodules::None),
            ("normal", Submodules::Normal),
            ("recursive", Submodules::Recursive),
        ];
        let fallback = variables.get("CACHE_FALLBACK_KEY").filter(|it| !it.is_empty());
        if fallback.is_some_and(|it| it.ends_with("-protected")) {
            reader.warn("CACHE_FALLBACK_KEY", "a key that does not end in -protected");
        }
        Self {
            git_strategy: reader.one_of("GIT_STRATEGY", &strategies).unwrap_or(GitStrategy::Clone),
            git_checkout: reader.boolean("GIT_CHECKOUT").unwrap_or(true),
            git_clean_flags: reader.flags("GIT_CLEAN_FLAGS", &["-ffdx"]),
            git_fetch_extra_flags: reader
                .flags("GIT_FETCH_EXTRA_FLAGS", &["--prune", "--quiet"])
                .unwrap_or_default(),
            submodules: reader.one_of("GIT_SUBMODULE_STRATEGY", &submodules).unwrap_or(Submodules::None),
            submodule_paths: reader.words("GIT_SUBMODULE_PATHS"),
            submodule_depth: reader.number("GIT_SUBMODULE_DEPTH", &(0..=u32::MAX)),
            submodule_update_flags: reader.words("GIT_SUBMODULE_UPDATE_FLAGS"),
            submodule_force_https: reader.boolean("GIT_SUBMODULE_FORCE_HTTPS").unwrap_or(false),
            lfs_skip_smudge: reader.boolean("GIT_LFS_SKIP_SMUDGE").unwrap_or(false),
            get_sources_attempts: reader.number("GET_SOURCES_ATTEMPTS", &ATTEMPTS).unwrap_or(1),
            artifact_download_attempts: reader.number("ARTIFACT_DOWNLOAD_ATTEMPTS", &ATTEMPTS).unwrap_or(3),
            restore_cache_attempts: reader.number("RESTORE_CACHE_ATTEMPTS", &ATTEMPTS).unwrap_or(1),
            script_limit: reader.duration("RUNNER_SCRIPT_TIMEOUT"),
            after_script_limit: reader.duration("RUNNER_AFTER_SCRIPT_TIMEOUT").unwrap_or(AFTER_SCRIPT_LIMIT),
            after_script_ignore_errors: reader.boolean("AFTER_SCRIPT_IGNORE_ERRORS").unwrap_or(true),
            cache_fallback_key: fallback.filter(|it| !it.ends_with("-protected")).map(str::to_owned),
            timestamps: reader.boolean("FF_TIMESTAMPS"),
            debug_trace: reader.boolean("CI_DEBUG_TRACE").unwrap_or(false),
        }
    }
}

struct Reader<'a> {
    variables: &'a Variables,
    warnings: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn warn(&mut self, name: &str, wanted: &str) {
        self.warnings.push(format!("{name} is not {wanted}, and is ignored"));
    }

    /// What is set and not empty, as `parse` reads it.
    fn read<T>(&mut self, name: &str, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.variables.get(name).filter(|it| !it.is_empty())?;
        let value = parse(text);
        if value.is_none() {
            self.warn(name, wanted);
        }
        value
    }

    fn boolean(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", |it| match it {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
            _ => None,
        })
    }

    fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|it| it.0).collect();
        let wanted = format!("one of {}", names.join(", "));
        self.read(name, &wanted, |text| choices.iter().find(|it| it.0 == text).map(|it| it.1))
    }

    fn number(&mut self, name: &str, range: &RangeInclusive<u32>) -> Option<u32> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        self.read(name, &wanted, |it| it.parse().ok().filter(|it| range.contains(it)))
    }

    fn duration(&mut self, name: &str) -> Option<Duration> {
        self.read(name, "a duration such as 90s or 1h30m", |it| parse_duration(it).filter(|it| !it.is_zero()))
    }

    fn words(&self, name: &str) -> Vec<String> {
        self.variables.get(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    /// `none` means no flags, and `None`.
    fn flags(&self, name: &str, default: &[&str]) -> Option<Vec<String>> {
        match self.variables.get(name).map(str::trim) {
            Some("none") => None,
            Some(text) if !text.is_empty() => Some(self.words(name)),
            _ => Some(default.iter().map(|it| (*it).to_owned()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Switches, Vec<String>) {
        let mut variables = Variables::default();
        for (name, value) in pairs {
            variables.set(name, value);
        }
        let mut warnings = Vec::new();
        (Switches::read(&variables, &mut warnings), warnings)
    }

    #[test]
    fn a_job_without_them_has_the_usual_ones() {
        let (switches, warnings) = read(&[]);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(switches.git_strategy, GitStrategy::Clone);
        assert_eq!(switches.git_clean_flags, Some(vec!["-ffdx".to_owned()]));
        assert_eq!(switches.git_fetch_extra_flags, ["--prune", "--quiet"]);
        assert_eq!(switches.after_script_limit, Duration::from_secs(300));
        assert!(switches.git_checkout && switches.after_script_ignore_errors && !switches.debug_trace);
        assert_eq!(switches.get_sources_attempts, 1);
    }

    #[test]
    fn they_are_read_as_gitlab_writes_them() {
        let (switches, warnings) = read(&[
            ("GIT_STRATEGY", "empty"),
            ("GIT_CHECKOUT", "f"),
            ("GIT_CLEAN_FLAGS", "none"),
            ("GIT_FETCH_EXTRA_FLAGS", " --jobs 2 "),
            ("GIT_SUBMODULE_STRATEGY", "recursive"),
            ("GIT_SUBMODULE_DEPTH", "3"),
            ("GET_SOURCES_ATTEMPTS", "3"),
            ("RUNNER_SCRIPT_TIMEOUT", "1h30m"),
            ("AFTER_SCRIPT_IGNORE_ERRORS", "False"),
            ("CACHE_FALLBACK_KEY", "main"),
            ("FF_TIMESTAMPS", "0"),
        ]);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(switches.git_strategy, GitStrategy::Empty);
        assert_eq!(switches.git_clean_flags, None);
        assert_eq!(switches.git_fetch_extra_flags, ["--jobs", "2"]);
        assert_eq!((switches.submodules, switches.submodule_depth), (Submodules::Recursive, Some(3)));
        assert_eq!(switches.script_limit, Some(Duration::from_secs(5400)));
        assert!(!switches.git_checkout && !switches.after_script_ignore_errors);
        assert_eq!(switches.get_sources_attempts, 3);
        assert_eq!(switches.cache_fallback_key.as_deref(), Some("main"));
        assert_eq!(switches.timestamps, Some(false));
    }

    #[test]
    fn what_makes_no_sense_is_named_without_its_value() {
        let (switches, warnings) = read(&[
            ("GIT_STRATEGY", "secret"),
            ("GIT_CHECKOUT", "yes"),
            ("GET_SOURCES_ATTEMPTS", "11"),
            ("RUNNER_AFTER_SCRIPT_TIMEOUT", "-3s"),
            ("CACHE_FALLBACK_KEY", "main-protected"),
        ]);
        assert_eq!(
            warnings,
            [
                "CACHE_FALLBACK_KEY is not a key that does not end in -protected, and is ignored",
                "GIT_STRATEGY is not one of clone, fetch, none, empty, and is ignored",
                "GIT_CHECKOUT is not true or false, and is ignored",
                "GET_SOURCES_ATTEMPTS is not a number from 1 to 10, and is ignored",
                "RUNNER_AFTER_SCRIPT_TIMEOUT is not a duration such as 90s or 1h30m, and is ignored",
            ]
        );
        assert_eq!(switches, read(&[]).0);
    }
}
