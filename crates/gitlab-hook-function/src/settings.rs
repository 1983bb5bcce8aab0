//! What can be set, read once, at start, from the environment.

use runtask_settings::{SettingsError, SettingsReader};

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSettings {
    /// `HOOK_SECRET_ID`: name or ARN of the secret, a JSON object with `GITLAB_HOOK_SIGNING_TOKEN`, `GITLAB_HOOK_TOKEN` or both.
    pub secret_id: String,
    /// `RUNNER_FUNCTION`: name or ARN of the runner function.
    pub runner_function: String,
}

impl HookSettings {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, by name.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut settings = SettingsReader::new(lookup);
        let secret_id =
            settings.required("HOOK_SECRET_ID", "it names the secret that GitLab's hooks are verified with");
        let runner_function = settings.required("RUNNER_FUNCTION", "it names the function that runs jobs");
        settings.finish().map(|()| Self { secret_id, runner_function })
    }
}
