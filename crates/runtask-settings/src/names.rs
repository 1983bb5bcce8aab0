//! Knows the names of all settings that begin with `RUNTASK_`, and finds those that nobody reads.

/// What the names of our settings begin with.
const PREFIX: &str = "RUNTASK_";

/// Every name that some program of ours reads. `tools/test_settings.py` holds it to the sources and to docs/settings.md.
const NAMES: &[&str] = &[
    "RUNTASK_ALLOWED_ORIGINS",
    "RUNTASK_ALLOW_UNSIGNED",
    "RUNTASK_APPROVALS_AUDIT_DAYS",
    "RUNTASK_APPROVALS_KEY",
    "RUNTASK_APPROVALS_KEY_PARAM",
    "RUNTASK_APPROVALS_PREVIOUS_KEY",
    "RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL",
    "RUNTASK_APPROVALS_SWEEP",
    "RUNTASK_APPROVALS_TABLE",
    "RUNTASK_CACHE_DIR",
    "RUNTASK_CALLBACK_FUNCTION",
    "RUNTASK_CA_BUNDLE",
    "RUNTASK_CHECKS",
    "RUNTASK_CONCURRENCY",
    "RUNTASK_CONFIG",
    "RUNTASK_DEADLINE_MS",
    "RUNTASK_DIALECT",
    "RUNTASK_FETCH_TIMEOUT_MS",
    "RUNTASK_FMT_ENGINE",
    "RUNTASK_HAND_OVER_TIMEOUT_MS",
    "RUNTASK_HTTP_TIMEOUT_MS",
    "RUNTASK_INSECURE_ONE_CLICK",
    "RUNTASK_LISTEN",
    "RUNTASK_LOG",
    "RUNTASK_LOG_FORMAT",
    "RUNTASK_MAX_COMPRESSED_BYTES",
    "RUNTASK_MAX_DEPTH",
    "RUNTASK_MAX_ENTRIES",
    "RUNTASK_MAX_JOBS",
    "RUNTASK_MAX_PATH_BYTES",
    "RUNTASK_MAX_PLAN_BYTES",
    "RUNTASK_MAX_UNPACKED_BYTES",
    "RUNTASK_METRICS_LISTEN",
    "RUNTASK_METRICS_NAMESPACE",
    "RUNTASK_OCI_PASSWORD",
    "RUNTASK_OCI_REGISTRY",
    "RUNTASK_OCI_USERNAME",
    "RUNTASK_ON_ERROR",
    "RUNTASK_POLICY_MEMORY_BYTES",
    "RUNTASK_PROGRESS_INTERVAL_MS",
    "RUNTASK_REPORTS",
    "RUNTASK_REPORT_DAYS",
    "RUNTASK_REPORT_MARGIN_MS",
    "RUNTASK_SCANNER_SECRETS",
    "RUNTASK_SHUTDOWN_TIMEOUT_MS",
    "RUNTASK_SWEEP_INTERVAL_MS",
    "RUNTASK_TABLE",
    "RUNTASK_TASKS",
    "RUNTASK_TEAMS_CARD",
    "RUNTASK_TERRAFORM",
    "RUNTASK_TERRAFORM_TIMEOUT_MS",
];

/// What the Makefile, the tools and the tests of this repository read: whoever works on it may have them set.
const TOOLS: [&str; 5] = [
    "RUNTASK_PROVIDER_MIRROR",
    "RUNTASK_TERRAFORM_RELEASES",
    "RUNTASK_TEST_INFRA",
    "RUNTASK_TEST_PACKAGES",
    "RUNTASK_TOOLS",
];

/// A warning for each of `names`, those of the whole environment, that looks like a setting of ours and is none: a typing
/// error must not leave a default in force without a word.
#[must_use]
pub fn unknown_settings(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let is_ours = |it: &str| it.get(..PREFIX.len()).is_some_and(|it| it.eq_ignore_ascii_case(PREFIX));
    let is_known = |it: &str| NAMES.contains(&it) || TOOLS.contains(&it);
    let is_unknown = |it: &String| is_ours(it) && !is_known(it);
    let mut unknown: Vec<_> = names.into_iter().filter(is_unknown).collect();
    unknown.sort();
    unknown.iter().map(|it| warning(it)).collect()
}

fn warning(name: &str) -> String {
    // It may hold anything, and be as long as the system lets it.
    let shown: String = name.chars().take(60).filter(|it| it.is_ascii_graphic()).collect();
    match closest(&shown) {
        Some(meant) => {
            format!("{shown} is no setting of the run task, and nobody reads it; did you mean {meant}?")
        }
        None => format!(
            "{shown} is no setting of the run task, and nobody reads it; docs/settings.md lists those that there are"
        ),
    }
}

/// The name that was meant: at most a third of it may be wrong, besides what all have in common.
fn closest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let distance = |known: &str| strsim::osa_distance(&name, known);
    let near = |known: &&str| distance(known) <= ((known.len() - PREFIX.len()) / 3).max(1);
    NAMES.iter().copied().filter(near).min_by_key(|it| distance(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(names: &[&str]) -> Vec<String> {
        unknown_settings(names.iter().map(|it| (*it).to_owned()))
    }

    /// S-11
    #[test]
    fn a_name_that_nobody_knows_is_told_with_the_one_that_was_meant() {
        let meant = |name: &str| {
            let warning = warnings(&[name]).concat();
            warning.split_once("did you mean ").map(|it| it.1.trim_end_matches('?').to_owned())
        };
        assert_eq!(meant("RUNTASK_TERRAFROM").as_deref(), Some("RUNTASK_TERRAFORM"));
        assert_eq!(meant("RUNTASK_TERRAFORM_TIMEOUT").as_deref(), Some("RUNTASK_TERRAFORM_TIMEOUT_MS"));
        assert_eq!(meant("RUNTASK_ALLOWED_ORIGIN").as_deref(), Some("RUNTASK_ALLOWED_ORIGINS"));
        assert_eq!(meant("RUNTASK_ONERROR").as_deref(), Some("RUNTASK_ON_ERROR"));
        assert_eq!(meant("runtask_on_error").as_deref(), Some("RUNTASK_ON_ERROR"));
        assert_eq!(meant("RUNTASK_WEATHER"), None);
        assert_eq!(warnings(&["RUNTASK_\u{1b}[31m", "RUNTASK_\u{fffd}"]).len(), 2);
    }

    #[test]
    fn what_is_known_and_what_is_not_ours_is_left_alone() {
        assert_eq!(warnings(NAMES), Vec::<String>::new());
        assert_eq!(warnings(&TOOLS), Vec::<String>::new());
        assert_eq!(
            warnings(&["PATH", "TF_TOKEN", "RUNTAS", "MY_RUNTASK_X", "RÜNTASK_X"]),
            Vec::<String>::new()
        );
    }
}
