//! Everything about the functions that can be set, read once, at start, from the environment.

use crate::event::Platform;
use crate::s3_uri::S3Uri;
use gitlab_runner::{Access, ProjectPattern, Reserve, RoleRule};
use gitlab_runner_protocol::client::{Client, ClientSettings};
use runtask_settings::{Number, SettingsError, SettingsReader};
use std::path::PathBuf;
use std::time::Duration;

/// Seconds that each job is promised. GitLab takes no less than 600 for a runner's `maximum_timeout`.
const PROMISED: Number = number("RUNNER_PROMISED_SECONDS", 1, 600, 3600);
/// Seconds after them in which a job is stopped and reported.
const RESERVE: Number = number("RUNNER_RESERVE_SECONDS", 1, 75, 900);
/// Seconds after that for our own end.
const MARGIN: Number = number("RUNNER_MARGIN_SECONDS", 1, 5, 60);
const MAX_JOBS: Number = number("RUNNER_MAX_JOBS", 1, 10, 1000);
const IDLE: Number = number("RUNNER_IDLE_SECONDS", 0, 20, 900);
/// GitLab's own limit is 100 MB unless its administrator says otherwise.
const LOG_LIMIT: Number = number("RUNNER_LOG_LIMIT_KB", 1, 4096, 102_400);

const fn number(name: &'static str, lowest: u64, default: u64, highest: u64) -> Number {
    Number { name, lowest, default, highest }
}

/// What both functions need to know.
#[derive(Debug, Clone)]
pub struct GitLabSettings {
    /// `GITLAB_URL`: the instance's address; `https://gitlab.com` unless set.
    pub url: String,
    /// How that instance is called. `RUNNER_CA_FILE` names a file with certificates that are trusted besides the public
    /// ones, and `RUNNER_UPLOAD_ORIGINS` other origins to which the instance may send an upload on.
    pub client: ClientSettings,
    /// The certificates of `RUNNER_CA_FILE`, as text.
    pub certificates: Option<String>,
    /// `RUNNER_SECRET_ID`: name or ARN of the secret; `credentials-for-gitlab-runner` unless set.
    pub secret_id: String,
    /// `RUNNER_TICKET_TABLE`: the table of jobs that are being run, so that somebody can report for a function that died.
    pub ticket_table: Option<String>,
}

/// Whose jobs get credentials from the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsOn {
    /// Those of protected refs.
    Protected,
    /// All.
    All,
}

/// What the runner needs to know.
#[derive(Debug, Clone)]
pub struct RunnerSettings {
    /// The instance, the secret and the tickets.
    pub gitlab: GitLabSettings,
    /// `RUNNER_DIRECTORY`: where jobs work. Everything in it is removed, at the beginning and after each job, so it has no
    /// default; in the image it is `/tmp`.
    pub directory: PathBuf,
    /// `TARGET_CLOUD_PLATFORM`: for which cloud jobs get credentials where the event does not say; `aws` unless set.
    pub platform: Platform,
    /// `RUNNER_PROMISED_SECONDS`: what each job is promised, the runner's `maximum_timeout` in GitLab; 600 unless set.
    pub promised: Duration,
    /// `RUNNER_RESERVE_SECONDS`: what comes after it, to stop and report a job; 75 unless set.
    pub reserve: Reserve,
    /// `RUNNER_MARGIN_SECONDS`: what is left for the function's own end; 5 unless set.
    pub margin: Duration,
    /// `RUNNER_MAX_JOBS`: jobs of one invocation; 10 unless set.
    pub max_jobs: usize,
    /// `RUNNER_IDLE_SECONDS`: how long it is asked for a job when there is none; 20 unless set.
    pub idle: Duration,
    /// `RUNNER_LOG_LIMIT_KB`: kilobytes of a job's log; 4096 unless set.
    pub log_limit_bytes: usize,
    /// `RUNNER_ALLOW_DEBUG_TRACE`: whether `CI_DEBUG_TRACE` is honoured, which prints secrets that no mask catches.
    pub allows_debug_trace: bool,
    /// `RUNNER_ALLOWED_PROJECTS`, and `RUNNER_JOB_ROLES`, lines of `PROJECT protected|any ROLE-ARN` with commas between them.
    pub access: Access,
    /// `RUNNER_EXTERNAL_ID`: what the trust of those roles wants besides.
    pub external_id: Option<String>,
    /// `RUNNER_SECRET_KEYS`: members of the secret that jobs are given besides those for the cloud.
    pub secret_keys: Vec<String>,
    /// `RUNNER_CREDENTIALS_ON`: `protected` unless set, or `all`.
    pub credentials_on: CredentialsOn,
    /// `RUNNER_ID_TOKEN`: the variable in which jobs have an ID token for AWS. Where a job has it, and `AWS_ROLE_ARN`, the
    /// token is put into a file for it.
    pub id_token: Option<String>,
    /// `RUNNER_REQUIRE_SEAL`: whether no secret is fetched where others of the same user can read our memory.
    pub requires_seal: bool,
    /// `RUNNER_STATE_NAME`: the name of the Terraform state that jobs keep in GitLab, where they have an empty
    /// `backend "http" {}`. It may hold `$NAME`.
    pub state_name: Option<String>,
    /// `RUNNER_CACHE_S3_URI`: where caches are kept.
    pub cache: Option<S3Uri>,
    /// `RUNNER_RESCUE_S3_URI`: where states are kept that Terraform could not store.
    pub rescue: Option<S3Uri>,
    /// `RUNNER_REVISION`: what of the program this is, for people.
    pub revision: String,
    /// `AWS_LAMBDA_FUNCTION_NAME`: the function's name.
    pub function: String,
    /// `AWS_USED_REGION`, or else `AWS_REGION`: where jobs work unless they say otherwise.
    pub region: Option<String>,
    /// `PATH`.
    pub path: String,
}

impl GitLabSettings {
    /// Reads them. `read_file` reads a file.
    fn read_from(settings: &mut SettingsReader<'_>, read_file: ReadFile) -> Self {
        let url = settings.text("GITLAB_URL").unwrap_or_else(|| "https://gitlab.com".to_owned());
        let mut client = ClientSettings::new(&url);
        client.use_proxies = true;
        client.upload_origins = list(settings, "RUNNER_UPLOAD_ORIGINS");
        if let Some(file) = settings.text("RUNNER_CA_FILE") {
            match read_file(&file) {
                Ok(content) => client.ca_bundle = Some(content),
                Err(error) => settings.problem(format!("RUNNER_CA_FILE: the file cannot be read: {error}")),
            }
        }
        let certificates = client.ca_bundle.as_deref().map(|it| String::from_utf8_lossy(it).into_owned());
        let secret_id = settings.text("RUNNER_SECRET_ID");
        if let Err(error) = Client::new(&client) {
            settings.problem(format!("GITLAB_URL, RUNNER_CA_FILE or RUNNER_UPLOAD_ORIGINS: {error}"));
        }
        Self {
            url,
            client,
            certificates,
            secret_id: secret_id.unwrap_or_else(|| "credentials-for-gitlab-runner".to_owned()),
            ticket_table: settings.text("RUNNER_TICKET_TABLE"),
        }
    }

    /// Reads the settings of the function that reports for one that died.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, by name.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>, read_file: ReadFile) -> Result<Self, SettingsError> {
        let mut settings = SettingsReader::new(lookup);
        let read = Self::read_from(&mut settings, read_file);
        if read.ticket_table.is_none() {
            settings.problem("RUNNER_TICKET_TABLE is not set: it names the table of jobs that are being run");
        }
        settings.finish().map(|()| read)
    }
}

/// Reads a file whole.
pub(crate) type ReadFile = fn(&str) -> std::io::Result<Vec<u8>>;

impl RunnerSettings {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, by name and without values.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>, read_file: ReadFile) -> Result<Self, SettingsError> {
        let mut settings = SettingsReader::new(lookup);
        let gitlab = GitLabSettings::read_from(&mut settings, read_file);
        let meaning = "it is where jobs work, and whatever is in it will be removed";
        let directory = PathBuf::from(settings.required("RUNNER_DIRECTORY", meaning));
        let is_set = !directory.as_os_str().is_empty();
        if is_set && (!directory.is_absolute() || directory.parent().is_none()) {
            settings.problem("RUNNER_DIRECTORY: write an absolute path, which is not that of the root");
        }
        let platform =
            settings.text("TARGET_CLOUD_PLATFORM").map_or(Ok(Platform::Aws), |it| Platform::parse(&it));
        if let Err(error) = &platform {
            settings.problem(error.to_string());
        }
        let seconds =
            |settings: &mut SettingsReader<'_>, number| Duration::from_secs(settings.number(number));
        let credentials_on = match settings.text("RUNNER_CREDENTIALS_ON").as_deref() {
            None | Some("protected") => CredentialsOn::Protected,
            Some("all") => CredentialsOn::All,
            Some(_) => {
                settings.problem("RUNNER_CREDENTIALS_ON: write `protected` or `all`");
                CredentialsOn::Protected
            }
        };
        let secret_keys = list(&settings, "RUNNER_SECRET_KEYS");
        if !secret_keys.iter().all(|it| is_name(it)) {
            settings.problem("RUNNER_SECRET_KEYS: write names of variables, with commas between them");
        }
        let log_limit = settings.count(&LOG_LIMIT);
        let read = Self {
            directory,
            platform: platform.unwrap_or(Platform::Aws),
            promised: seconds(&mut settings, &PROMISED),
            reserve: Reserve::of(seconds(&mut settings, &RESERVE)),
            margin: seconds(&mut settings, &MARGIN),
            max_jobs: settings.count(&MAX_JOBS),
            idle: seconds(&mut settings, &IDLE),
            log_limit_bytes: log_limit.saturating_mul(1024),
            allows_debug_trace: settings.flag("RUNNER_ALLOW_DEBUG_TRACE"),
            access: access(&mut settings),
            external_id: settings.text("RUNNER_EXTERNAL_ID"),
            secret_keys,
            credentials_on,
            id_token: settings.text("RUNNER_ID_TOKEN"),
            requires_seal: settings.flag("RUNNER_REQUIRE_SEAL"),
            state_name: settings.text("RUNNER_STATE_NAME"),
            cache: place(&mut settings, "RUNNER_CACHE_S3_URI"),
            rescue: place(&mut settings, "RUNNER_RESCUE_S3_URI"),
            revision: settings.text("RUNNER_REVISION").unwrap_or_else(|| "unknown".to_owned()),
            function: settings.text("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
            region: settings.text("AWS_USED_REGION").or_else(|| settings.text("AWS_REGION")),
            path: settings.text("PATH").unwrap_or_default(),
            gitlab,
        };
        settings.finish().map(|()| read)
    }
}

fn access(settings: &mut SettingsReader<'_>) -> Access {
    let mut access = Access::default();
    for pattern in list(settings, "RUNNER_ALLOWED_PROJECTS") {
        match ProjectPattern::parse(&pattern) {
            Some(pattern) => access.allowed.push(pattern),
            None => settings.problem("RUNNER_ALLOWED_PROJECTS: write paths such as infra/network or infra/*"),
        }
    }
    for line in list(settings, "RUNNER_JOB_ROLES") {
        match RoleRule::parse(&line) {
            Ok(rule) if rule.role.starts_with("arn:") => access.roles.push(rule),
            Ok(_) => settings.problem("RUNNER_JOB_ROLES: write roles as ARNs"),
            Err(form) => settings.problem(format!("RUNNER_JOB_ROLES: {form}")),
        }
    }
    access
}

fn place(settings: &mut SettingsReader<'_>, name: &str) -> Option<S3Uri> {
    let read: Result<S3Uri, _> = settings.text(name)?.parse();
    read.inspect_err(|error| settings.problem(format!("{name}: {error}"))).ok()
}

fn list(settings: &SettingsReader<'_>, name: &str) -> Vec<String> {
    let text = settings.text(name).unwrap_or_default();
    text.split([',', '\n']).map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// Whether a variable can have this name.
#[must_use]
pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
        && text.bytes().next().is_some_and(|it| !it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<RunnerSettings, String> {
        let lookup = |name: &str| {
            let pair = pairs.iter().find(|it| it.0 == name);
            pair.map(|it| it.1.to_owned())
        };
        let no_file = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        RunnerSettings::read(&lookup, no_file).map_err(|error| error.to_string())
    }

    #[test]
    fn a_directory_is_all_that_has_to_be_set() {
        let settings = read(&[("RUNNER_DIRECTORY", "/tmp")]).unwrap();
        assert_eq!(settings.gitlab.url, "https://gitlab.com");
        assert_eq!(settings.gitlab.secret_id, "credentials-for-gitlab-runner");
        assert_eq!((settings.promised, settings.reserve), (Duration::from_secs(600), Reserve::default()));
        assert_eq!((settings.platform, settings.credentials_on), (Platform::Aws, CredentialsOn::Protected));
        assert!(settings.access.allowed.is_empty() && !settings.requires_seal && settings.cache.is_none());
    }

    #[test]
    fn lists_and_roles_are_read() {
        let roles =
            "infra/network protected arn:aws:iam::1:role/apply,\n infra/* any arn:aws:iam::1:role/plan";
        let settings = read(&[
            ("RUNNER_DIRECTORY", "/tmp"),
            ("RUNNER_ALLOWED_PROJECTS", "infra/*, team/app"),
            ("RUNNER_JOB_ROLES", roles),
            ("RUNNER_SECRET_KEYS", "DB_PASSWORD"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_USED_REGION", "eu-west-3"),
        ]);
        let settings = settings.unwrap();
        assert_eq!((settings.access.allowed.len(), settings.access.roles.len()), (2, 2));
        assert_eq!(settings.secret_keys, ["DB_PASSWORD"]);
        assert_eq!(settings.region.as_deref(), Some("eu-west-3"));
    }

    #[test]
    fn everything_that_is_wrong_is_named_without_its_value() {
        let problems = read(&[
            ("GITLAB_URL", "gitlab hunter2"),
            ("RUNNER_CA_FILE", "/hunter2"),
            ("RUNNER_DIRECTORY", "/"),
            ("TARGET_CLOUD_PLATFORM", "hunter2"),
            ("RUNNER_PROMISED_SECONDS", "hunter2"),
            ("RUNNER_JOB_ROLES", "infra/x any hunter2, infra/x all arn:hunter2"),
            ("RUNNER_CREDENTIALS_ON", "hunter2"),
            ("RUNNER_SECRET_KEYS", "hunter2 x"),
            ("RUNNER_CACHE_S3_URI", "hunter2"),
        ]);
        let problems = problems.unwrap_err();
        assert!(!problems.contains("hunter2"), "{problems}");
        insta::assert_snapshot!(problems, @"
        RUNNER_CA_FILE: the file cannot be read: entity not found
        GITLAB_URL, RUNNER_CA_FILE or RUNNER_UPLOAD_ORIGINS: the address of GitLab is no http:// or https:// URL without login, query and fragment
        RUNNER_DIRECTORY: write an absolute path, which is not that of the root
        TARGET_CLOUD_PLATFORM has to be `aws` or `scaleway`
        RUNNER_CREDENTIALS_ON: write `protected` or `all`
        RUNNER_SECRET_KEYS: write names of variables, with commas between them
        RUNNER_PROMISED_SECONDS: write a whole number from 1 to 3600
        RUNNER_JOB_ROLES: write roles as ARNs
        RUNNER_JOB_ROLES: a role is `PROJECT protected|any ROLE`, with a project such as infra/network or infra/*
        RUNNER_CACHE_S3_URI: write s3://BUCKET or s3://BUCKET/PREFIX
        ");
    }
}
