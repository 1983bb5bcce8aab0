//! Under which names a cache is looked for, and kept.

use crate::switches::Switches;
use crate::variables::Variables;
use gitlab_runner_protocol::job::{Cache, Job};

/// Names of one cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheNames {
    /// Where it is kept; `None` when its key comes to nothing.
    pub(crate) own: Option<String>,
    /// Where it is looked for when there is nothing under its own name, in this order.
    pub(crate) fallbacks: Vec<String>,
}

impl CacheNames {
    /// `runner/SHORT_TOKEN/project/ID/KEY`, as GitLab's runner has it. Without a key it is that of the job and its ref.
    ///
    /// Source: GitLab Runner, `cache/cache.go`.
    #[must_use]
    pub(crate) fn of(
        cache: &Cache,
        job: &Job,
        short_token: &str,
        switches: &Switches,
        variables: &Variables,
    ) -> Self {
        let name = |key: &str| {
            let key = sanitized(&variables.expand(key))?;
            Some(format!("runner/{short_token}/project/{}/{key}", job.job_info.project_id))
        };
        let own = if cache.key.is_empty() {
            name(&format!("{}/{}", job.job_info.name, job.git_info.reference))
        } else {
            name(&cache.key)
        };
        let fallbacks = cache.fallback_keys.iter().chain(&switches.cache_fallback_key);
        Self { own, fallbacks: fallbacks.filter_map(|it| name(it)).collect() }
    }
}

/// A key as a relative path that stays where it is. `None` when nothing is left of it.
fn sanitized(key: &str) -> Option<String> {
    let parts = key.split(['/', '\\']).map(str::trim);
    let parts: Vec<String> = parts
        .filter(|it| !matches!(*it, "" | "." | ".."))
        .map(|it| it.chars().filter(|it| !it.is_control()).collect())
        .collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cache: &str, fallback: &str) -> CacheNames {
        let job = format!(
            r#"{{"id":1,"token":"t","job_info":{{"name":"plan","project_id":42}},"git_info":{{"ref":"main"}},"cache":[{cache}]}}"#
        );
        let job = Job::parse(job.as_bytes()).unwrap();
        let mut variables = Variables::default();
        variables.set("CACHE_FALLBACK_KEY", fallback);
        variables.set("LOCK", "3f1c");
        let switches = Switches::read(&variables, &mut Vec::new());
        CacheNames::of(&job.cache[0], &job, "short", &switches, &variables)
    }

    #[test]
    fn names_are_those_of_gitlabs_runner() {
        let name = |key: &str| format!("runner/short/project/42/{key}");
        let cache = r#"{"key":"plugins-$LOCK-protected","fallback_keys":["plugins-protected","$NOTHING"]}"#;
        assert_eq!(
            names(cache, "main"),
            CacheNames {
                own: Some(name("plugins-3f1c-protected")),
                fallbacks: vec![name("plugins-protected"), name("main")]
            }
        );
        assert_eq!(
            names("{}", "x-protected"),
            CacheNames { own: Some(name("plan/main")), fallbacks: Vec::new() }
        );
        assert_eq!(names(r#"{"key":"../..//a/./b"}"#, "").own, Some(name("a/b")));
        assert_eq!(names(r#"{"key":"../"}"#, "").own, None);
    }
}
