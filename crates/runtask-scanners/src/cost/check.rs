//! Runs who estimates, on a plan without what it marks as sensitive.

use super::read_settings::SETTINGS;
use super::report;
use super::settings::{CostSettings, Source};
use super::{c3x, infracost};
use crate::found::{environment, find};
use crate::launch::{Launch, own_words};
use crate::plan_copy::{read_plan, write_plan};
use crate::scan::MAX_OUTPUT_BYTES;
use runtask_checks::{Check, Given, Loading, Needs};
use runtask_findings::{CheckReport, Code, Finding, Level, printable, shown_path};
use runtask_log::event;
use runtask_policy::{MemoryLimit, SensitivePlan};
use runtask_process::{PrivateDirectory, RunError};
use runtask_settings::numbers::SCANNER_MEMORY;
use runtask_tasks::SettingsEntry;
use secrecy::SecretString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

/// The name of this check.
const CHECK: &str = Cost::NAME;
/// The key of Infracost's prices; it wants one even where it asks somebody else.
const KEY: &str = "INFRACOST_API_KEY";
/// What it is given where nobody asks for one.
const NO_KEY: &str = "none";
/// Variables that whoever estimates gets of our environment.
const PASSED_ON: [&str; 8] =
    [KEY, "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "GIT_SSL_CAINFO"];

/// The check `cost`: what does the plan change about the monthly cost?
#[derive(Debug)]
pub struct Cost {
    settings: CostSettings,
    /// What is run, or a sentence that says why there is nothing to run.
    program: Result<PathBuf, String>,
    /// Absolute.
    usage_file: Option<PathBuf>,
    environment: Vec<(String, SecretString)>,
    memory: MemoryLimit,
}

impl Check for Cost {
    const NAME: &'static str = "cost";
    const NEEDS: Needs = Needs { configuration: None, plan: true };
    const SETTINGS: Option<SettingsEntry> = Some(SETTINGS);

    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        let settings = loading.of_task.and_then(|it| it.get::<CostSettings>());
        let settings =
            settings.ok_or("who estimates costs, only a file can say: set RUNTASK_CONFIG")?.clone();
        let usage_file = settings.usage_file.as_ref().map(|it| loading.directory.join(it));
        let usage_file = usage_file.map(|it| std::path::absolute(&it).unwrap_or(it));
        if let Some(missing) = usage_file.as_ref().filter(|it| !it.is_file()) {
            return Err(format!("the costs of task {}: {} is not there", loading.task, shown_path(missing)));
        }
        let name = settings.source.as_str();
        let mut program = find(name, &settings.program, loading.directory, loading.settings);
        let environment = environment(PASSED_ON.into_iter(), loading.settings);
        let has_key = environment.iter().any(|(name, _)| name == KEY) || settings.endpoint.is_some();
        if settings.source == Source::Infracost && !has_key {
            program = Err(format!(
                "infracost has no source of prices: set {KEY}, or `endpoint` to a server of your own"
            ));
        }
        let memory = MemoryLimit::from_settings(loading.settings);
        Ok(Self { settings, program, usage_file, environment, memory })
    }

    fn obstacle(&self) -> Option<String> {
        self.program.as_ref().err().cloned()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.settings.usage_file.iter().cloned().collect()
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        let Some(plan) = &given.plan else {
            let stage = printable(given.stage());
            let headline = format!("No plan to estimate: at stage {stage} there is none yet");
            let finding = Finding::new(Code::NO_PLAN, Level::Info, headline.clone());
            return CheckReport::new(CHECK, headline, vec![finding]);
        };
        match self.estimate(plan).await {
            Ok(finding) => CheckReport::new(CHECK, finding.summary.clone(), vec![finding]),
            Err(reason) => {
                let reason = printable(&reason);
                warn!(
                    event = event::CHECK_UNAVAILABLE,
                    check = CHECK,
                    "check {CHECK} could not run: {reason}"
                );
                CheckReport::unavailable(CHECK, &reason)
            }
        }
    }
}

impl Cost {
    /// The finding about a plan, or a sentence that says why there is none.
    async fn estimate(&self, plan: &File) -> Result<Finding, String> {
        let program = self.program.as_ref().map_err(Clone::clone)?;
        let plan = read_plan(plan, self.memory).await?;
        let scratch = PrivateDirectory::new().map_err(|_full| "no private directory could be made")?;
        let input = scratch.path().join("plan.json");
        let (copied, to) = (Arc::clone(&plan), input.clone());
        let written = spawn_blocking(move || write_plan(&copied, &to)).await;
        let written = written.is_ok_and(|it| it.is_ok());
        written.then_some(()).ok_or("the plan could not be copied to a private directory")?;
        let name = self.settings.source.as_str();
        info!(event = event::SCANNER_STARTED, scanner = name, "running {name}");
        let said = self.say(program, scratch.path(), &input).await;
        info!(event = event::SCANNER_ENDED, scanner = name, "{name} ended");
        let (settings, plan) = (self.settings.clone(), Arc::clone(&plan));
        let judged = spawn_blocking(move || judge(said, &settings, &plan)).await;
        judged.unwrap_or_else(|_panicked| Err("it ended unexpectedly".to_owned()))
    }

    /// What whoever estimates prints.
    async fn say(&self, program: &Path, scratch: &Path, input: &Path) -> Result<Vec<u8>, String> {
        let name = self.settings.source.as_str();
        let launch = |arguments: Vec<String>| Launch {
            program,
            arguments,
            variables: self.variables(),
            environment: &self.environment,
            current: scratch,
            scratch,
            time_limit: self.settings.time_limit,
            memory_bytes: SCANNER_MEMORY.default,
        };
        let failed = |error: RunError| format!("{name} {error}");
        let finished = launch(self.arguments(input)).run(MAX_OUTPUT_BYTES).await.map_err(failed)?;
        if finished.code == 0 {
            return Ok(finished.stdout);
        }
        // The second Infracost is another program of the same name, and has no such command.
        if self.settings.source == Source::Infracost
            && let Ok(version) = launch(vec!["--version".to_owned()]).run(MAX_OUTPUT_BYTES).await
            && String::from_utf8_lossy(&version.stdout).contains("v2.")
        {
            return Err(
                "this is Infracost 2, which reads no plans: install Infracost 0.10, or name it as `program`"
                    .to_owned(),
            );
        }
        let words = own_words(&finished.stderr, &self.environment, &[input, scratch]);
        Err(format!("{name} ended with exit code {}{words}", finished.code))
    }

    /// Sources: Infracost, `cmd/infracost/run.go`; c3x's documentation of its command line.
    fn arguments(&self, input: &Path) -> Vec<String> {
        let input = input.to_string_lossy().into_owned();
        let mut arguments: Vec<String> = match self.settings.source {
            Source::Infracost => {
                ["diff", "--path", &input, "--format", "json", "--no-color"].map(str::to_owned).into()
            }
            Source::C3x => ["estimate", "--path", &input, "--format", "json"].map(str::to_owned).into(),
        };
        if let Some(usage_file) = &self.usage_file {
            arguments.extend(["--usage-file".to_owned(), usage_file.to_string_lossy().into_owned()]);
        }
        arguments
    }

    /// Source: Infracost, `internal/config/config.go`.
    fn variables(&self) -> Vec<(&str, String)> {
        let settings = &self.settings;
        if settings.source != Source::Infracost {
            return Vec::new();
        }
        let mut variables = vec![
            ("INFRACOST_CURRENCY", settings.currency.to_string()),
            ("INFRACOST_SKIP_UPDATE_CHECK", "true".to_owned()),
            ("INFRACOST_ENABLE_CLOUD", "false".to_owned()),
        ];
        if let Some(endpoint) = &settings.endpoint {
            variables.push(("INFRACOST_PRICING_API_ENDPOINT", endpoint.clone()));
            variables.push((KEY, NO_KEY.to_owned()));
        }
        variables
    }
}

/// What was said, read and compared with limits.
fn judge(
    said: Result<Vec<u8>, String>,
    settings: &CostSettings,
    plan: &SensitivePlan,
) -> Result<Finding, String> {
    let redactor = plan.redactor();
    let redact = |it: &str| redactor.redact(it);
    let name = settings.source.as_str();
    let read = match settings.source {
        Source::Infracost => infracost::read,
        Source::C3x => c3x::read,
    };
    let estimate = said.and_then(|it| read(&it).map_err(|error| format!("{name} {error}")));
    let estimate = estimate.map_err(|error| redact(&error))?;
    report::finding(&estimate, &settings.limits, name, &redact).map_err(|error| error.to_string())
}
