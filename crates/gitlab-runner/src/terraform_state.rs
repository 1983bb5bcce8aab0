//! Variables by which Terraform keeps its state in GitLab, for configurations with an empty `backend "http" {}`.

use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::Variable;

/// The variables, for a state of this name. It may hold `$NAME`, and so may each of them: they are set before the job's own,
/// which win, and expanded with them.
///
/// Locking needs the role Maintainer of whoever has started the job.
///
/// Source: GitLab, "GitLab-managed Terraform state"; HashiCorp, "Backend Type: http".
#[must_use]
pub fn terraform_state_variables(name: &str) -> Vec<Variable> {
    let address = format!("${{CI_API_V4_URL}}/projects/${{CI_PROJECT_ID}}/terraform/state/{name}");
    let lock = format!("{address}/lock");
    let variable = |key: &str, value: &str| Variable {
        key: key.to_owned(),
        value: SecretText::new(value),
        public: false,
        masked: key == "TF_HTTP_PASSWORD",
        file: false,
        raw: false,
    };
    vec![
        variable("TF_HTTP_ADDRESS", &address),
        variable("TF_HTTP_LOCK_ADDRESS", &lock),
        variable("TF_HTTP_UNLOCK_ADDRESS", &lock),
        variable("TF_HTTP_LOCK_METHOD", "POST"),
        variable("TF_HTTP_UNLOCK_METHOD", "DELETE"),
        variable("TF_HTTP_USERNAME", "gitlab-ci-token"),
        variable("TF_HTTP_PASSWORD", "${CI_JOB_TOKEN}"),
        variable("TF_HTTP_RETRY_WAIT_MIN", "5"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::VariableList;
    use gitlab_runner_protocol::job::Job;
    use std::path::Path;

    #[test]
    fn they_are_expanded_with_the_jobs_own_which_win() {
        let job = Job::parse(include_bytes!("../tests/data/job-apply-protected.json")).unwrap();
        let mut list = VariableList::default();
        list.extend(terraform_state_variables("${CI_ENVIRONMENT_NAME}"));
        list.extend(job.variables);
        list.set("TF_HTTP_LOCK_METHOD", "LOCK");
        let variables = list.expand(Path::new("/tmp"), &mut Vec::new());
        let address = "https://gitlab.example.com/api/v4/projects/42/terraform/state/prod";
        assert_eq!(variables.get("TF_HTTP_ADDRESS"), Some(address));
        assert_eq!(variables.get("TF_HTTP_UNLOCK_ADDRESS"), Some(&*format!("{address}/lock")));
        assert_eq!(variables.get("TF_HTTP_PASSWORD"), Some("glcbt-64_EXAMPLEapplyTOKEN03"));
        assert_eq!(variables.get("TF_HTTP_LOCK_METHOD"), Some("LOCK"));
    }
}
