//! Which jobs are run, and which get which role: decided from what GitLab says of a job, never from variables that users
//! can override.

use gitlab_runner_protocol::job::Job;

/// Projects by name: `infra/network`, or `infra/*` for all below a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPattern(String);

/// For which refs a role is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// Protected branches and tags.
    Protected,
    /// Any.
    Any,
}

/// One line of the table of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// For jobs of these projects
    pub project: ProjectPattern,
    /// and these refs
    pub refs: RefKind,
    /// is this role, in the words of the cloud.
    pub role: String,
}

/// Who may run here, and as what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Projects whose jobs are run; all where it is empty.
    pub allowed: Vec<ProjectPattern>,
    /// Roles; the first line that fits counts.
    pub roles: Vec<RoleRule>,
}

/// Variables by which a job brings credentials of its own; it is given none then.
const OWN_CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"];

impl ProjectPattern {
    /// Reads a pattern. `None` for what names no project: the parts of a path are letters, digits, `_`, `-` and `.`, and
    /// only the last may be `*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |it: &str| {
            !it.is_empty()
                && it.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.'))
        };
        let parts = text.strip_suffix("/*").unwrap_or(text);
        (text == "*" || parts.split('/').all(is_part)).then(|| Self(text.to_owned()))
    }

    /// Whether a project's full path is meant. GitLab does not tell upper case from lower.
    fn fits(&self, project: &str) -> bool {
        let (pattern, project) = (self.0.to_ascii_lowercase(), project.to_ascii_lowercase());
        match pattern.strip_suffix('*') {
            Some(group) => project.strip_prefix(group).is_some_and(|it| !it.is_empty()),
            None => pattern == project,
        }
    }
}

impl RoleRule {
    /// Reads `PROJECT protected|any ROLE`.
    ///
    /// # Errors
    ///
    /// Says what such a line has to be.
    pub fn parse(line: &str) -> Result<Self, &'static str> {
        const FORM: &str =
            "a role is `PROJECT protected|any ROLE`, with a project such as infra/network or infra/*";
        let mut words = line.split_whitespace();
        let (Some(project), Some(refs), Some(role), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(FORM);
        };
        let refs = match refs {
            "protected" => RefKind::Protected,
            "any" => RefKind::Any,
            _ => return Err(FORM),
        };
        Ok(Self { project: ProjectPattern::parse(project).ok_or(FORM)?, refs, role: role.to_owned() })
    }
}

impl Access {
    /// Whether jobs of this project are run.
    #[must_use]
    pub fn allows(&self, job: &Job) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|it| it.fits(&job.job_info.project_full_path))
    }

    /// The role of a job, if it is to have one.
    #[must_use]
    pub fn role(&self, job: &Job) -> Option<&str> {
        if brings_credentials(job) {
            return None;
        }
        let fits = |it: &&RoleRule| {
            it.project.fits(&job.job_info.project_full_path) && (it.refs == RefKind::Any || is_protected(job))
        };
        self.roles.iter().find(fits).map(|it| it.role.as_str())
    }
}

/// Whether a job has credentials of its own, so that none of ours may be mixed with them.
#[must_use]
pub fn brings_credentials(job: &Job) -> bool {
    job.variables.iter().any(|it| OWN_CREDENTIALS.contains(&it.key.as_str()))
}

/// Whether a job's ref is protected. Old servers say so in a variable alone, of which only the first counts: later ones of
/// that name may be the user's own.
#[must_use]
pub fn is_protected(job: &Job) -> bool {
    job.git_info.protected.unwrap_or_else(|| {
        let first = job.variables.iter().find(|it| it.key == "CI_COMMIT_REF_PROTECTED");
        first.is_some_and(|it| it.value.expose() == "true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gitlab_runner_protocol::SecretText;
    use gitlab_runner_protocol::job::Variable;

    fn job(project: &str, protected: Option<bool>, variables: &[(&str, &str)]) -> Job {
        let mut job = Job::parse(br#"{"id":1,"token":"t"}"#).unwrap();
        project.clone_into(&mut job.job_info.project_full_path);
        job.git_info.protected = protected;
        job.variables = variables
            .iter()
            .map(|(key, value)| Variable {
                key: (*key).to_owned(),
                value: SecretText::new(*value),
                public: false,
                masked: false,
                file: false,
                raw: false,
            })
            .collect();
        job
    }

    fn access(allowed: &[&str], roles: &[&str]) -> Access {
        Access {
            allowed: allowed.iter().map(|it| ProjectPattern::parse(it).unwrap()).collect(),
            roles: roles.iter().map(|it| RoleRule::parse(it).unwrap()).collect(),
        }
    }

    #[test]
    fn the_first_line_that_fits_is_the_role() {
        let access = access(
            &[],
            &[
                "infra/network protected apply",
                "infra/network any plan",
                "infra/* protected group",
                "Team/* any t",
            ],
        );
        for (project, protected, role) in [
            ("infra/network", Some(true), Some("apply")),
            ("infra/network", Some(false), Some("plan")),
            ("infra/network", None, Some("plan")),
            ("INFRA/Network", Some(true), Some("apply")),
            ("infra/other", Some(true), Some("group")),
            ("infra/sub/other", Some(true), Some("group")),
            ("infra/other", Some(false), None),
            ("infra", Some(true), None),
            ("infrastructure/x", Some(true), None),
            ("team/x", None, Some("t")),
            ("", Some(true), None),
        ] {
            assert_eq!(access.role(&job(project, protected, &[])), role, "{project} {protected:?}");
        }
    }

    /// What a user says is not what GitLab says.
    #[test]
    fn no_variable_makes_a_ref_protected_or_a_project_another() {
        let access = access(&["infra/*"], &["infra/network protected apply"]);
        let role = |protected, variables: &[(&str, &str)]| {
            access.role(&job("infra/network", protected, variables)).map(str::to_owned)
        };
        let forged = ("CI_COMMIT_REF_PROTECTED", "true");
        assert_eq!(role(Some(false), &[forged]), None);
        assert_eq!(role(None, &[("CI_COMMIT_REF_PROTECTED", "false"), forged]), None);
        assert_eq!(role(None, &[forged, ("CI_COMMIT_REF_PROTECTED", "false")]).as_deref(), Some("apply"));
        assert_eq!(role(Some(true), &[("AWS_PROFILE", "own")]), None, "it brings its own");
        assert!(!access.allows(&job("other/x", None, &[("CI_PROJECT_PATH", "infra/network")])));
        assert!(access.allows(&job("infra/x", None, &[])));
        assert!(Access::default().allows(&job("other/x", None, &[])));
    }

    #[test]
    fn lines_that_are_no_rule_are_refused() {
        for line in ["", "infra/x any", "infra/x all r", "infra//x any r", "a*b any r", "infra/x any r more"]
        {
            RoleRule::parse(line).unwrap_err();
        }
        assert!(ProjectPattern::parse("*").unwrap().fits("any/thing"));
    }
}
