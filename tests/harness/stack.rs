//! Applies `infra/` with the real terraform and the real AWS provider to an AWS that moto plays.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use crate::binaries::binary;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::infra_copy::{
    INFRA_BEFORE_MODULE, RUNNER_INFRA, copy_of, infra_copy, placeholder_packages, terraform_files,
};
use crate::moto::Moto;
use crate::provider::{Provider, with_aws};
use crate::tools::{terraform_settings, tool};

/// The command that applies it.
pub const APPLY: [&str; 3] = ["apply", "-input=false", "-auto-approve"];
/// The command that takes it away.
pub const DESTROY: [&str; 3] = ["destroy", "-input=false", "-auto-approve"];

/// A deployment. Dropping the last one in an AWS ends that.
#[derive(Debug)]
pub struct Stack {
    /// The AWS.
    pub moto: Arc<Moto>,
    directory: TempDir,
    /// What its commands are attached to. Before the directory is initialized there is none.
    provider: Option<Provider>,
    packages: Packages,
    variables: Vec<String>,
}

/// The zips that are deployed.
#[derive(Debug)]
enum Packages {
    /// As `make package` leaves them.
    Plain(PathBuf),
    /// Those that were made for one deployment: as `make package POLICY=…` would, the same and a layer of policies; as
    /// `make package APPROVALS=1` would, a callback handler that can ask; or the GitLab runner's.
    Own(TempDir),
}

impl Stack {
    /// Applies a copy of `infra/` with these variables.
    ///
    /// # Panics
    ///
    /// If terraform fails, or the packages are not there.
    pub async fn apply(variables: &[(&str, &str)]) -> Self {
        Self::apply_packages(Packages::Plain(packages()), variables).await
    }

    /// As [`Self::apply`], with the tasks and policies in a directory.
    ///
    /// # Panics
    ///
    /// Also if the directory is none that can be packed.
    pub async fn apply_with_policy(policy: &Path, variables: &[(&str, &str)]) -> Self {
        Self::apply_packages(Packages::Own(packages_with(policy).await), variables).await
    }

    /// As [`Self::apply`], with what approvals need.
    ///
    /// # Panics
    ///
    /// If terraform fails, or the packages are not there.
    pub async fn apply_with_approvals(variables: &[(&str, &str)]) -> Self {
        Self::apply_packages(Packages::Own(packages_that_ask()), variables).await
    }

    /// A copy of `infra/` with these variables, of which nothing is applied yet, in an AWS that may have deployments.
    /// Its packages hold no programs.
    ///
    /// # Panics
    ///
    /// If terraform fails.
    pub async fn beside(moto: &Arc<Moto>, variables: &[(&str, &str)]) -> Self {
        let packages = Packages::Plain(placeholder_packages().join("x86_64"));
        Self::prepare(moto.clone(), infra_copy(), packages, variables).await
    }

    /// A copy of `infra/` as it was when it had a provider block, likewise.
    ///
    /// # Panics
    ///
    /// If terraform fails.
    pub async fn as_it_was_before_the_module(moto: &Arc<Moto>, variables: &[(&str, &str)]) -> Self {
        let packages = Packages::Plain(placeholder_packages().join("x86_64"));
        Self::prepare(moto.clone(), copy_of(Path::new(INFRA_BEFORE_MODULE)), packages, variables).await
    }

    /// Puts `infra/` as it is now in the place of what it was.
    ///
    /// # Panics
    ///
    /// If terraform fails.
    pub async fn upgrade(&mut self) {
        let (old, new) = (self.directory(), infra_copy());
        for name in terraform_files(old) {
            std::fs::remove_file(old.join(name)).unwrap();
        }
        for name in terraform_files(new.path()) {
            std::fs::copy(new.path().join(&name), old.join(&name)).unwrap();
        }
        self.init().await;
    }

    /// A copy of `infra/gitlab-runner/`, likewise.
    ///
    /// # Panics
    ///
    /// If terraform fails.
    pub async fn runner(moto: &Arc<Moto>, variables: &[(&str, &str)]) -> Self {
        let directory = copy_of(Path::new(RUNNER_INFRA));
        let packages = tempfile::Builder::new().prefix("packages-").tempdir().unwrap();
        let to = packages.path().join(architecture());
        std::fs::create_dir(&to).unwrap();
        for name in ["gitlab-failure-function.zip", "gitlab-hook-function.zip"] {
            // Nothing is unpacked, so it need not be a zip.
            std::fs::write(to.join(name), name).unwrap();
        }
        let architecture = architecture();
        let variables = [variables, &[("architecture", &*architecture)]].concat();
        Self::prepare(moto.clone(), directory, Packages::Own(packages), &variables).await
    }

    async fn apply_packages(packages: Packages, variables: &[(&str, &str)]) -> Self {
        let stack = Self::prepare(Arc::new(Moto::start().await), infra_copy(), packages, variables).await;
        stack.terraform_with_variables(&APPLY).await;
        stack
    }

    async fn prepare(
        moto: Arc<Moto>,
        directory: TempDir,
        packages: Packages,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut all = vec![format!("package_directory={}", packages.directory().parent().unwrap().display())];
        all.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
        let mut stack = Self { moto, directory, provider: None, packages, variables: all };
        stack.init().await;
        stack
    }

    async fn init(&mut self) {
        self.provider = None;
        self.terraform(&["init", "-input=false"]).await;
        self.provider = Some(Provider::start(self.directory(), self.moto.endpoint()).await);
    }

    /// Applies again, with one more variable, or one that is different.
    pub async fn apply_with(&mut self, name: &str, value: &str) {
        self.variables.push(format!("{name}={value}"));
        self.terraform_with_variables(&APPLY).await;
    }

    /// Runs terraform in the deployment's directory; returns what it printed.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub async fn terraform(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert!(output.status.success(), "terraform {arguments:?}:\n{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn output(&self, arguments: &[&str]) -> Output {
        output(self.directory.path(), self.moto.endpoint(), self.provider.as_ref(), arguments).await
    }

    /// As [`Self::terraform`], for commands that take variables.
    pub async fn terraform_with_variables(&self, arguments: &[&str]) -> String {
        self.terraform(&self.with_variables(arguments)).await
    }

    /// As [`Self::terraform_with_variables`], of a command that must fail.
    ///
    /// # Panics
    ///
    /// If it succeeds.
    pub async fn terraform_refuses(&self, arguments: &[&str]) -> String {
        let arguments = self.with_variables(arguments);
        let output = self.output(&arguments).await;
        assert!(!output.status.success(), "terraform {arguments:?}:\n{}", said(&output));
        said(&output)
    }

    fn with_variables<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let variables = self.variables.iter().flat_map(|it| ["-var", it]);
        arguments.iter().copied().chain(variables).collect()
    }

    /// The outputs, by their names.
    pub async fn outputs(&self) -> Value {
        let outputs: Value = serde_json::from_str(&self.terraform(&["output", "-json"]).await).unwrap();
        outputs.as_object().unwrap().iter().map(|(name, it)| (name.clone(), it["value"].clone())).collect()
    }

    /// Where the zips are that it was applied with.
    #[must_use]
    pub fn packages(&self) -> PathBuf {
        self.packages.directory()
    }

    /// Where it was applied: configuration, state, plans.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs the tests that `infra/` brings; returns what terraform printed.
    ///
    /// # Panics
    ///
    /// If they fail.
    pub async fn test() -> String {
        let directory = infra_copy();
        let nowhere = "http://127.0.0.1:9";
        run(directory.path(), nowhere, &["init", "-input=false"]).await;
        run(directory.path(), nowhere, &["test"]).await
    }
}

impl Packages {
    fn directory(&self) -> PathBuf {
        match self {
            Self::Plain(directory) => directory.clone(),
            Self::Own(directory) => directory.path().join(architecture()),
        }
    }
}

/// The callback handler that can ask, in the place of the other.
fn packages_that_ask() -> TempDir {
    let (directory, to) = linked_packages();
    let handler = to.join("callback-handler.zip");
    std::fs::remove_file(&handler).unwrap();
    std::os::unix::fs::symlink(packages().join("callback-handler-with-approvals.zip"), &handler).unwrap();
    directory
}

/// A directory with links to all packages, and where in it they are.
fn linked_packages() -> (TempDir, PathBuf) {
    let directory = tempfile::Builder::new().prefix("packages-").tempdir().unwrap();
    let to = directory.path().join(architecture());
    std::fs::create_dir(&to).unwrap();
    for zip in std::fs::read_dir(packages()).unwrap().map(|it| it.unwrap()) {
        std::os::unix::fs::symlink(zip.path(), to.join(zip.file_name())).unwrap();
    }
    (directory, to)
}

/// The packages, and beside them what `tools/policy.py` makes of a directory.
async fn packages_with(policy: &Path) -> TempDir {
    let (directory, to) = linked_packages();
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/policy.py");
    let mut pack = Command::new("python3");
    pack.args(["-B", tool]).arg(policy).arg("--into").arg(&to).arg("--runtask").arg(binary("runtask"));
    let packed = pack.output().await.unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    directory
}

/// Lambda's name of this machine's processor.
fn architecture() -> String {
    std::env::consts::ARCH.replace("aarch64", "arm64")
}

/// Runs terraform in `directory`, with an AWS at `endpoint`; returns what it printed.
///
/// # Panics
///
/// If it fails.
pub async fn run(directory: &Path, endpoint: &str, arguments: &[&str]) -> String {
    let output = output(directory, endpoint, None, arguments).await;
    assert!(output.status.success(), "terraform {arguments:?}:\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Everything that terraform printed.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

async fn output(directory: &Path, endpoint: &str, provider: Option<&Provider>, arguments: &[&str]) -> Output {
    let mut command = Command::new(tool("terraform"));
    command
        .args([arguments, &["-no-color"]].concat())
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", directory)
        .env("TF_CLI_CONFIG_FILE", terraform_settings())
        .env("CHECKPOINT_DISABLE", "1")
        .envs(provider.map(|it| ("TF_REATTACH_PROVIDERS", it.attachment())))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    with_aws(&mut command, endpoint).output().await.unwrap()
}

/// The zips for this machine's processor: from the directory that `RUNTASK_TEST_PACKAGES` names, else from where
/// `tools/package.py --for-tests` leaves them.
///
/// # Panics
///
/// If they are not there.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the environment says which packages are tried")]
pub fn packages() -> PathBuf {
    let named = std::env::var_os("RUNTASK_TEST_PACKAGES").map(PathBuf::from);
    let directory = named.unwrap_or_else(packages_for_tests).join(architecture());
    assert!(
        directory.is_dir(),
        "{} is not there: run `python3 tools/package.py --for-tests`, or unset RUNTASK_TEST_PACKAGES",
        directory.display()
    );
    directory
}

fn packages_for_tests() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().find(|it| it.join("CACHEDIR.TAG").is_file()).unwrap();
    target.join("package-for-tests")
}

/// Unpacks one of them; the programs in it can be run.
pub async fn unpack(zip: &Path, to: &Path) {
    let status = Command::new("python3").arg("-m").arg("zipfile").arg("-e").args([zip, to]).status().await;
    assert!(status.unwrap().success(), "{} cannot be unpacked", zip.display());
    for entry in ["bootstrap", "bin/terraform"] {
        let program = to.join(entry);
        if program.is_file() {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}
