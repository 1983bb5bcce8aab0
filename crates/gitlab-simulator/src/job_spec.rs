//! Says what a job is, and makes of it what GitLab hands out.

use serde_json::{Value, json};

/// A job to hand out. Everything that is not said is as on a small instance: a branch, an hour, no artifacts.
#[derive(Debug, Clone)]
pub struct JobSpec {
    name: String,
    script: Vec<String>,
    after_script: Vec<String>,
    variables: Vec<Value>,
    members: Vec<(String, Value)>,
    pub(crate) dependencies: Vec<u64>,
    pub(crate) repository: Option<String>,
    pub(crate) secrets: Vec<String>,
}

/// What an instance knows of a job that its spec does not.
#[derive(Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) id: u64,
    pub(crate) token: &'a str,
    /// The instance's address, without a slash at its end.
    pub(crate) url: &'a str,
    /// The commit of the repository, if the job has one.
    pub(crate) sha: &'a str,
}

impl JobSpec {
    /// A job of this name, with these entries of its script.
    #[must_use]
    pub fn new(name: &str, script: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            script: owned(script),
            after_script: Vec::new(),
            variables: Vec::new(),
            members: Vec::new(),
            dependencies: Vec::new(),
            repository: None,
            secrets: Vec::new(),
        }
    }

    /// With an `after_script`.
    #[must_use]
    pub fn after_script(mut self, script: &[&str]) -> Self {
        self.after_script = owned(script);
        self
    }

    /// With a variable.
    #[must_use]
    pub fn variable(mut self, key: &str, value: &str) -> Self {
        self.variables.push(json!({"key": key, "value": value, "public": true, "masked": false}));
        self
    }

    /// With a variable whose value must not appear in anything that the runner sends.
    #[must_use]
    pub fn masked(mut self, key: &str, value: &str) -> Self {
        self.variables.push(json!({"key": key, "value": value, "public": false, "masked": true}));
        self.secrets.push(value.to_owned());
        self
    }

    /// With a variable of any shape, as in GitLab's answer.
    #[must_use]
    pub fn raw_variable(mut self, variable: Value) -> Self {
        self.variables.push(variable);
        self
    }

    /// With an entry of `artifacts`, as in GitLab's answer.
    #[must_use]
    pub fn artifact(mut self, artifact: Value) -> Self {
        match self.members.iter_mut().find(|(name, _)| name == "artifacts") {
            Some((_, Value::Array(artifacts))) => artifacts.push(artifact),
            _ => self.members.push(("artifacts".to_owned(), json!([artifact]))),
        }
        self
    }

    /// Handed out once that job has succeeded, and wanting what it has uploaded.
    #[must_use]
    pub fn needs(mut self, job: u64) -> Self {
        self.dependencies.push(job);
        self
    }

    /// Of the repository of this name, at the tip of its branch.
    #[must_use]
    pub fn repository(mut self, name: &str) -> Self {
        self.repository = Some(name.to_owned());
        self
    }

    /// With so many seconds for it.
    #[must_use]
    pub fn timeout_seconds(self, seconds: u64) -> Self {
        self.member("runner_info", json!({"timeout": seconds, "runner_session_url": null}))
    }

    /// With a member of GitLab's answer as it is here, whatever it would be else.
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.members.push((name.to_owned(), value));
        self
    }

    /// What GitLab hands out.
    pub(crate) fn payload(&self, around: &Circumstances<'_>) -> Value {
        let Circumstances { id, token, url, sha } = around;
        let repository = self.repository.as_deref().unwrap_or("infra/network");
        let with_login = |url: &str| match url.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://gitlab-ci-token:{token}@{rest}/{repository}.git"),
            None => String::new(),
        };
        let variable =
            |key: &str, value: &str| json!({"key": key, "value": value, "public": true, "masked": false});
        let secret =
            |key: &str, value: &str| json!({"key": key, "value": value, "public": false, "masked": true});
        let mut variables = vec![
            variable("CI", "true"),
            variable("GITLAB_CI", "true"),
            variable("CI_JOB_ID", &id.to_string()),
            variable("CI_JOB_NAME", &self.name),
            variable("CI_PIPELINE_ID", "905"),
            variable("CI_PROJECT_ID", "42"),
            variable("CI_PROJECT_NAME", "network"),
            variable("CI_PROJECT_PATH", repository),
            variable("CI_SERVER_URL", url),
            variable("CI_API_V4_URL", &format!("{url}/api/v4")),
            variable("CI_COMMIT_SHA", sha),
            variable("CI_COMMIT_REF_NAME", "main"),
            variable("CI_COMMIT_BRANCH", "main"),
            variable("CI_COMMIT_REF_PROTECTED", "true"),
            variable("CI_DEFAULT_BRANCH", "main"),
            secret("CI_JOB_TOKEN", token),
            json!({"key": "CI_REPOSITORY_URL", "value": with_login(url), "public": false, "masked": false}),
        ];
        if self.repository.is_none() {
            variables.push(variable("GIT_STRATEGY", "none"));
        }
        variables.extend(self.variables.iter().cloned());
        let timeout = 3600;
        let mut steps = vec![json!({"name": "script", "script": self.script, "timeout": timeout,
            "when": "on_success", "allow_failure": false})];
        if !self.after_script.is_empty() {
            steps.push(json!({"name": "after_script", "script": self.after_script, "timeout": timeout,
                "when": "always", "allow_failure": true}));
        }
        let mut payload = json!({
            "id": id,
            "token": token,
            "allow_git_fetch": true,
            "job_info": {"id": id, "name": self.name, "stage": "test", "pipeline_id": 905, "project_id": 42,
                "project_name": "network", "project_full_path": repository, "namespace_id": 5,
                "root_namespace_id": 5, "organization_id": 1, "user_id": 9, "time_in_queue_seconds": 2,
                "project_jobs_running_on_instance_runners_count": "+Inf", "queue_size": 1, "queue_depth": 1},
            "git_info": {"repo_url": with_login(url), "repo_object_format": "sha1", "ref": "main", "sha": sha,
                "before_sha": "0000000000000000000000000000000000000000", "ref_type": "branch",
                "refspecs": ["+refs/pipelines/905:refs/pipelines/905", "+refs/heads/main:refs/remotes/origin/main"],
                "depth": 20, "protected": true},
            "runner_info": {"timeout": timeout, "runner_session_url": null},
            "inputs": [],
            "variables": variables,
            "steps": steps,
            "hooks": [],
            "image": null,
            "services": [],
            "artifacts": null,
            "cache": [],
            "credentials": [{"type": "registry", "url": "registry.example.com", "username": "gitlab-ci-token",
                "password": token}],
            "dependencies": [],
            "features": {"trace_sections": true, "token_mask_prefixes": ["glpat-", "glrt-", "glcbt-"],
                "failure_reasons": ["unknown_failure", "script_failure", "api_failure", "runner_system_failure",
                    "runner_unsupported", "job_execution_timeout", "trace_size_exceeded",
                    "runner_configuration_error", "runner_interrupted"]},
            "policy_options": {},
            "suspend_options": {},
        });
        for (name, value) in &self.members {
            if let Some(members) = payload.as_object_mut() {
                members.insert(name.clone(), value.clone());
            }
        }
        payload
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&it| it.to_owned()).collect()
}
