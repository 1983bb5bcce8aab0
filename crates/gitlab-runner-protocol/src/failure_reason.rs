//! Why a job failed, in the words that GitLab understands.
//!
//! Source: GitLab Runner, `common/failure_reason_mapper.go`.

/// Why a job failed, as this runner knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The user's script or a declared upload failed.
    ScriptFailure,
    /// The runner, its machine or something that it needs failed.
    RunnerSystemFailure,
    /// The job ran into its limit, or the runner's deadline, after the script had begun.
    JobExecutionTimeout,
    /// The runner had to stop before the script began. GitLab calls such a job safe to retry.
    RunnerInterrupted,
    /// The job asks for something that this runner is not set up for.
    ConfigurationError,
    /// Something outside failed: the repository, an object store.
    ExternalDependencyFailure,
    /// Somebody cancelled the job. GitLab shows that by itself.
    JobCanceled,
}

impl FailureReason {
    /// As GitLab writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScriptFailure => "script_failure",
            Self::RunnerSystemFailure => "runner_system_failure",
            Self::JobExecutionTimeout => "job_execution_timeout",
            Self::RunnerInterrupted => "runner_interrupted",
            Self::ConfigurationError => "runner_configuration_error",
            Self::ExternalDependencyFailure => "runner_external_dependency_failure",
            Self::JobCanceled => "job_canceled",
        }
    }

    /// What is sent to an instance that knows the reasons `listed`, besides those that every one knows.
    #[must_use]
    pub fn sent(self, listed: &[String]) -> &'static str {
        if listed.iter().any(|it| it == self.as_str()) {
            return self.as_str();
        }
        match self {
            Self::ScriptFailure | Self::ConfigurationError => "script_failure",
            Self::JobExecutionTimeout => "job_execution_timeout",
            // The official runner says `unknown_failure` for an interruption, which hides that it was not the script.
            Self::RunnerSystemFailure | Self::RunnerInterrupted | Self::ExternalDependencyFailure => {
                "runner_system_failure"
            }
            Self::JobCanceled => "unknown_failure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// G-47
    #[test]
    fn reasons_are_sent_as_the_vectors_say() {
        let vectors: Value = serde_json::from_str(include_str!("../tests/fixtures/vectors.json")).unwrap();
        let vectors = &vectors["failure_reason"];
        let listed: Vec<String> = serde_json::from_value(vectors["supported"].clone()).unwrap();
        let all = [
            FailureReason::ScriptFailure,
            FailureReason::RunnerSystemFailure,
            FailureReason::JobExecutionTimeout,
            FailureReason::RunnerInterrupted,
            FailureReason::ConfigurationError,
            FailureReason::ExternalDependencyFailure,
            FailureReason::JobCanceled,
        ];
        for reason in all {
            let cases = vectors["cases"].as_array().unwrap();
            let case = cases.iter().find(|it| it["want"] == reason.as_str()).unwrap();
            assert_eq!(reason.sent(&listed), case["sent"], "{}", reason.as_str());
        }
        let without = &vectors["without_support"][0];
        assert_eq!(FailureReason::RunnerInterrupted.sent(&[]), without["sent_by_ours"]);
        assert_eq!(
            FailureReason::ConfigurationError.sent(&["runner_configuration_error".into()]),
            "runner_configuration_error"
        );
    }
}
