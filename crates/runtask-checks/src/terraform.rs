//! Finds and runs the terraform binary, and never trusts it to end by itself.
//!
//! The checks read what it prints; nothing here knows what a command means.

use runtask_log::{event, milliseconds};
use runtask_process::{Finished, Flooded, PrivateDirectory, Program, RunError, find_program, is_program};
use runtask_settings::SettingsReader;
use runtask_settings::numbers::TERRAFORM_TIMEOUT;
use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;
use tracing::info;

/// How long one check may keep terraform running, unless told otherwise.
pub const TIME_LIMIT: Duration = TERRAFORM_TIMEOUT.default_time();
/// Bytes of each of stdout and stderr that are read before terraform is stopped.
const OUTPUT_LIMIT: u64 = 8 * 1024 * 1024;
/// For wrappers written in shell; terraform itself starts no program that we ask for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A terraform binary and how long it may run.
#[derive(Debug, Clone)]
pub struct Terraform {
    binary: PathBuf,
    time_limit: Duration,
}

/// Why there is no terraform to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The setting names nothing that can be run.
    #[error("RUNTASK_TERRAFORM names no executable file; set it to the path of a terraform binary")]
    Setting,
    /// Nothing is set, and it is in no usual place.
    #[error(
        "terraform is neither on PATH nor at /opt/bin/terraform; install it there, or set RUNTASK_TERRAFORM to its path"
    )]
    Nowhere,
}

/// Why a run of terraform says nothing. The texts are plain sentences for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TerraformError {
    #[error("terraform {0}")]
    Run(#[from] RunError),
    #[error("no private directory could be made for terraform")]
    PrivateDirectory(#[source] io::Error),
}

impl Terraform {
    /// This binary, for at most [`TIME_LIMIT`].
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), time_limit: TIME_LIMIT }
    }

    /// Looks where `RUNTASK_TERRAFORM` says (a path, or a name such as `tofu`), else for `terraform`; by name on `PATH`, else
    /// in `/opt/bin`, where Lambda layers have programs.
    ///
    /// `lookup` is `|name| std::env::var(name).ok()` where settings are read, and a map in tests.
    ///
    /// # Errors
    ///
    /// Says what was looked for and what to do; it makes a good reason for
    /// [`CheckReport::unavailable`](runtask_findings::CheckReport::unavailable).
    pub fn find(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, FindError> {
        let path = lookup("PATH").unwrap_or_default();
        let found = match lookup("RUNTASK_TERRAFORM").filter(|it| !it.is_empty()) {
            Some(set) if set.contains('/') => {
                Some(PathBuf::from(set)).filter(|it| is_program(it)).ok_or(FindError::Setting)?
            }
            Some(name) => find_program(&name, &path).ok_or(FindError::Setting)?,
            None => find_program("terraform", &path).ok_or(FindError::Nowhere)?,
        };
        // It is started in other directories than ours.
        let binary = std::path::absolute(&found).unwrap_or(found);
        Ok(Self::new(binary))
    }

    /// Finds terraform as `RUNTASK_TERRAFORM` and `PATH` say, limited as `RUNTASK_TERRAFORM_TIMEOUT_MS` says (60 000 unless
    /// set).
    ///
    /// # Errors
    ///
    /// Why there is none: that is a result's matter, not a reason not to start.
    pub fn from_settings(settings: &mut SettingsReader<'_>) -> Result<Self, FindError> {
        let limit = settings.milliseconds(&TERRAFORM_TIMEOUT);
        Self::find(|name| settings.text(name)).map(|it| it.time_limit(limit))
    }

    /// With another limit for all that one check does with terraform.
    #[must_use]
    pub fn time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// When a check that begins now has used up its time.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.time_limit
    }

    /// The JSON, of at most `max_bytes`, of a plan that `terraform plan -out=FILE` saved in `directory`, which must be
    /// initialized.
    ///
    /// # Errors
    ///
    /// A sentence for people. What terraform says about it is not in it: that may quote the plan.
    pub async fn show_plan(&self, plan: &Path, directory: &Path, max_bytes: u64) -> Result<File, String> {
        let unusable = |error: io::Error| format!("no temporary file could be made: {error}");
        let mut json = tempfile::tempfile().map_err(unusable)?;
        let output = json.try_clone().map_err(unusable)?;
        let plan = plan.to_str().ok_or("the plan's path is not UTF-8")?;
        let arguments = ["show", "-json", "-no-color", plan];
        let keeping = |program: Program| program.stdout_into(output, max_bytes);
        let finished = self.run_with(keeping, &arguments, directory, self.deadline()).await;
        let finished = finished.map_err(|error| match error {
            TerraformError::Run(RunError::Output(Flooded::File { limit })) => {
                format!("the plan is larger than {limit} bytes, the limit of RUNTASK_MAX_PLAN_BYTES")
            }
            error => error.to_string(),
        })?;
        match finished.code {
            0 => json.rewind().map(|()| json).map_err(unusable),
            _ => Err(
                "terraform cannot show this plan: run `terraform init` in its directory, with the version \
                      that has made it"
                    .to_owned(),
            ),
        }
    }

    /// Runs terraform in `directory` until `deadline`.
    ///
    /// It has no input and almost no environment. When this future is dropped, or anything goes wrong, it is
    /// killed together with every process that it started.
    pub(crate) async fn run(
        &self,
        arguments: &[&str],
        directory: &Path,
        deadline: Instant,
    ) -> Result<Finished, TerraformError> {
        self.run_with(|it| it, arguments, directory, deadline).await
    }

    /// As [`Terraform::run`], of a program that `with` has changed.
    async fn run_with(
        &self,
        with: impl FnOnce(Program) -> Program,
        arguments: &[&str],
        directory: &Path,
        deadline: Instant,
    ) -> Result<Finished, TerraformError> {
        let private = PrivateDirectory::new().map_err(TerraformError::PrivateDirectory)?;
        let program = Program::new(&self.binary)
            .arguments(arguments)
            .directory(directory)
            // No request to HashiCorp, and no settings of whoever owns the machine.
            .variable("CHECKPOINT_DISABLE", "1")
            .variable("TF_CLI_CONFIG_FILE", "/dev/null")
            .variable("TF_IN_AUTOMATION", "1")
            .variable("HOME", private.path())
            .variable("TMPDIR", private.path())
            .variable("PATH", PATH)
            .variable("LANG", "C.UTF-8");
        let words = arguments.join(" ");
        let name = arguments.first().copied().unwrap_or_default();
        info!(
            event = event::TERRAFORM_STARTED,
            command = format!("terraform {words}"),
            "running terraform {name}"
        );
        let started = Instant::now();
        let ended = with(program).run(deadline, self.time_limit, OUTPUT_LIMIT).await;
        let duration_ms = milliseconds(started.elapsed());
        match &ended {
            Ok(Finished { code, .. }) => {
                info!(
                    event = event::TERRAFORM_ENDED,
                    exit_code = code,
                    duration_ms,
                    "terraform {name} ended with exit code {code}"
                );
            }
            Err(RunError::Start(_)) => {}
            Err(RunError::Signal(signal)) => {
                info!(
                    event = event::TERRAFORM_KILLED,
                    signal, duration_ms, "terraform {name} was ended by a signal"
                );
            }
            Err(_) => info!(event = event::TERRAFORM_STOPPED, duration_ms, "terraform {name} was stopped"),
        }
        ended.map_err(TerraformError::from)
    }
}

/// The terraform that tests run: on `PATH`, or where `make setup` puts it.
#[cfg(test)]
pub(crate) fn real() -> Terraform {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/bin/terraform");
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings file; it looks where a shell would"
    )]
    let path = |name: &str| (name == "PATH").then(|| std::env::var(name).ok()).flatten();
    let on_tools = || Some(Terraform::new(Path::new(tools).canonicalize().ok()?));
    Terraform::find(path).ok().or_else(on_tools).expect("these tests need terraform: run `make setup`")
}

/// The program itself, for what no check does.
#[cfg(test)]
pub(crate) fn real_program() -> PathBuf {
    real().binary
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;
    use tempfile::TempDir;

    /// A shell in terraform's place.
    async fn run(script: &str, directory: &Path, limit: Duration) -> Result<Finished, TerraformError> {
        let shell = Terraform::new("/bin/sh").time_limit(limit);
        shell.run(&["-c", script], directory, shell.deadline()).await
    }

    const LONG: Duration = Duration::from_secs(60);

    /// no key, no token and no setting of ours reaches the child.
    #[tokio::test]
    async fn the_environment_is_clean() {
        let directory = TempDir::new().unwrap();
        // What the kernel was given; the shell adds to its own.
        let printed = run("cat /proc/$$/environ >&2", directory.path(), LONG).await.unwrap().stderr;
        let printed = String::from_utf8(printed).unwrap();
        let names: BTreeSet<_> =
            printed.split('\0').filter_map(|it| it.split_once('=')).map(|it| it.0).collect();
        let expected = [
            "CHECKPOINT_DISABLE",
            "HOME",
            "LANG",
            "PATH",
            "TF_CLI_CONFIG_FILE",
            "TF_IN_AUTOMATION",
            "TMPDIR",
        ];
        assert_eq!(names, BTreeSet::from(expected));
        let home = printed.split('\0').find_map(|it| it.strip_prefix("HOME=")).unwrap();
        assert!(!Path::new(home).exists(), "the private directory is left behind");
    }

    /// what is run is logged, then how it ended.
    #[tokio::test]
    async fn a_run_is_logged() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("log");
        // An event that is met for the first time while somebody begins to listen may not be heard, and other tests run
        // at the same time.
        run("exit 3", directory.path(), LONG).await.unwrap();
        let log = tracing_subscriber::fmt().json().with_writer(Arc::new(fs::File::create(&path).unwrap()));
        let guard = tracing::subscriber::set_default(log.finish());
        run("exit 3", directory.path(), LONG).await.unwrap();
        drop(guard);
        let log = fs::read_to_string(path).unwrap();
        let events: Vec<serde_json::Value> =
            log.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(events[0]["fields"]["event"], event::TERRAFORM_STARTED);
        assert_eq!(events[0]["fields"]["command"], "terraform -c exit 3");
        assert_eq!(events[1]["fields"]["event"], event::TERRAFORM_ENDED);
        assert_eq!(events[1]["fields"]["exit_code"], 3);
        assert!(events[1]["fields"]["duration_ms"].is_number(), "{}", events[1]);
    }

    #[test]
    fn the_binary_is_found_by_setting_or_path() {
        let directory = TempDir::new().unwrap();
        let program = |name: &str| {
            let path = directory.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let (terraform, tofu) = (program("terraform"), program("tofu"));
        let path = format!("/nonexistent:{}", directory.path().display());
        let find = |setting: Option<&str>, path: &str| {
            let lookup = |name: &str| match name {
                "RUNTASK_TERRAFORM" => setting.map(str::to_owned),
                _ => Some(path.to_owned()),
            };
            Terraform::find(lookup).map(|it| it.binary)
        };
        assert_eq!(find(None, &path), Ok(terraform.clone()));
        assert_eq!(find(Some(""), &path), Ok(terraform.clone()));
        assert_eq!(find(Some("tofu"), &path), Ok(tofu.clone()));
        assert_eq!(find(tofu.to_str(), ""), Ok(tofu));
        assert_eq!(find(Some("nothing"), &path), Err(FindError::Setting));
        assert_eq!(find(directory.path().to_str(), &path), Err(FindError::Setting));
        if !is_program(Path::new("/opt/bin/terraform")) {
            assert_eq!(find(None, "/nonexistent"), Err(FindError::Nowhere));
        }
        fs::set_permissions(&terraform, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(find(terraform.to_str(), &path), Err(FindError::Setting));
    }
}
