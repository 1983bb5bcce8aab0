//! Which variables a job is given, of a role's credentials and of the secret's members.

use crate::event::Platform;
use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::job::{Job, Variable};
use runtask_aws::Session;
use secrecy::{ExposeSecret, SecretString};

/// What of the secret is for AWS, in the order of `Session`.
pub(crate) const AWS_KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// Under which names a job finds its region.
const REGION_KEYS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// What of the secret is for Scaleway.
pub(crate) const SCALEWAY_KEYS: [&str; 6] = [
    "SCW_ACCESS_KEY",
    "SCW_SECRET_KEY",
    "SCW_DEFAULT_ORGANIZATION",
    "SCW_DEFAULT_PROJECT",
    "SCW_DEFAULT_REGION",
    "SCW_DEFAULT_ZONE",
];

/// Which members of the secret jobs are given for this cloud.
#[must_use]
pub(crate) fn members_for(platform: Platform) -> Vec<&'static str> {
    match platform {
        Platform::Aws => AWS_KEYS.iter().chain(&REGION_KEYS).copied().collect(),
        Platform::Scaleway => SCALEWAY_KEYS.to_vec(),
    }
}

/// The variables for credentials of a role.
#[must_use]
pub(crate) fn of_session(session: &Session) -> Vec<Variable> {
    let [id, key, token] = AWS_KEYS;
    vec![
        variable(id, &session.access_key_id),
        variable(key, session.secret_access_key.expose_secret()),
        variable(token, session.session_token.expose_secret()),
    ]
}

/// The variables for members of the secret. Scaleway's keys are those of its object store, too, which is asked as AWS is.
#[must_use]
pub(crate) fn of_members(members: &[(String, SecretString)], platform: Platform) -> Vec<Variable> {
    let mut given: Vec<_> = members.iter().map(|(name, it)| variable(name, it.expose_secret())).collect();
    let find = |name: &str| members.iter().find(|it| it.0 == name).map(|it| it.1.expose_secret());
    match platform {
        Platform::Scaleway => {
            let pairs =
                [("AWS_ACCESS_KEY_ID", "SCW_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "SCW_SECRET_KEY")];
            given.extend(pairs.iter().filter_map(|(name, theirs)| Some(variable(name, find(theirs)?))));
        }
        // A half of a pair is nobody's credentials.
        Platform::Aws if find(AWS_KEYS[0]).is_none() || find(AWS_KEYS[1]).is_none() => {
            given.retain(|it| !AWS_KEYS.contains(&it.key.as_str()));
        }
        Platform::Aws => {}
    }
    given
}

/// Makes `given` fit the job's own variables: a token of another identity must not stand beside our keys, and the job's own
/// region stays.
pub(crate) fn fit(given: &mut Vec<Variable>, job: &Job, region: Option<&str>) {
    let has = |given: &[Variable], name: &str| given.iter().any(|it| it.key == name);
    let job_has = |name: &str| job.variables.iter().any(|it| it.key == name);
    if has(given, AWS_KEYS[0]) {
        if !has(given, AWS_KEYS[2]) && job_has(AWS_KEYS[2]) {
            given.push(variable(AWS_KEYS[2], ""));
        }
        for name in REGION_KEYS {
            if let Some(region) = region.filter(|_| !has(given, name)) {
                given.push(Variable { masked: false, ..variable(name, region) });
            }
        }
    }
    given.retain(|it| !REGION_KEYS.contains(&it.key.as_str()) || !job_has(&it.key));
}

/// The file with the job's ID token, for whatever of it calls AWS; empty where the job has none, or no role for it.
#[must_use]
pub(crate) fn of_id_token(job: &Job, name: &str) -> Vec<Variable> {
    let find = |name: &str| job.variables.iter().rev().find(|it| it.key == name);
    match find(name).zip(find("AWS_ROLE_ARN")) {
        Some((token, _role)) => vec![
            Variable { file: true, ..variable("AWS_WEB_IDENTITY_TOKEN_FILE", token.value.expose()) },
            Variable { masked: false, ..variable("AWS_ROLE_SESSION_NAME", &session_name(job)) },
        ],
        None => Vec::new(),
    }
}

/// The name of a job's session, as CloudTrail has it.
#[must_use]
pub(crate) fn session_name(job: &Job) -> String {
    format!("gitlab-{}", job.id)
}

fn variable(key: &str, value: &str) -> Variable {
    Variable {
        key: key.to_owned(),
        value: SecretText::new(value),
        public: false,
        masked: true,
        file: false,
        raw: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(pairs: &[(&str, &str)]) -> Vec<(String, SecretString)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    }

    fn job(variables: &str) -> Job {
        Job::parse(format!(r#"{{"id":7,"token":"t","variables":[{variables}]}}"#).as_bytes()).unwrap()
    }

    fn shown(given: &[Variable]) -> Vec<String> {
        given.iter().map(|it| format!("{}={}", it.key, it.value.expose())).collect()
    }

    /// G-20
    #[test]
    fn scaleways_keys_are_those_of_its_object_store_too() {
        let members =
            members(&[("SCW_ACCESS_KEY", "SCWid"), ("SCW_SECRET_KEY", "key"), ("DB_PASSWORD", "p")]);
        let mut given = of_members(&members, Platform::Scaleway);
        fit(&mut given, &job(r#"{"key":"AWS_SESSION_TOKEN","value":"old"}"#), Some("fr-par"));
        assert_eq!(
            shown(&given),
            [
                "SCW_ACCESS_KEY=SCWid",
                "SCW_SECRET_KEY=key",
                "DB_PASSWORD=p",
                "AWS_ACCESS_KEY_ID=SCWid",
                "AWS_SECRET_ACCESS_KEY=key",
                "AWS_SESSION_TOKEN=",
                "AWS_REGION=fr-par",
                "AWS_DEFAULT_REGION=fr-par",
            ]
        );
    }

    #[test]
    fn half_of_a_pair_is_not_given_and_the_jobs_region_stays() {
        let half = members(&[("AWS_ACCESS_KEY_ID", "id"), ("DB_PASSWORD", "p")]);
        let mut given = of_members(&half, Platform::Aws);
        fit(&mut given, &job(""), Some("eu-west-3"));
        assert_eq!(shown(&given), ["DB_PASSWORD=p"]);
        let whole =
            members(&[("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key"), ("AWS_REGION", "r")]);
        let mut given = of_members(&whole, Platform::Aws);
        fit(&mut given, &job(r#"{"key":"AWS_DEFAULT_REGION","value":"own"}"#), Some("eu-west-3"));
        assert_eq!(shown(&given), ["AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_REGION=r"]);
    }

    /// G-16: the way without any key of ours.
    #[test]
    fn an_id_token_is_put_into_a_file_for_a_job_that_names_its_role() {
        let token = r#"{"key":"AWS_ID_TOKEN","value":"jwt"}"#;
        assert!(of_id_token(&job(token), "AWS_ID_TOKEN").is_empty());
        let given =
            of_id_token(&job(&format!(r#"{token},{{"key":"AWS_ROLE_ARN","value":"arn"}}"#)), "AWS_ID_TOKEN");
        assert_eq!(shown(&given), ["AWS_WEB_IDENTITY_TOKEN_FILE=jwt", "AWS_ROLE_SESSION_NAME=gitlab-7"]);
        assert!(given[0].file);
    }
}
