//! The check `scanner`: other people's scanners, all of a task at once, each on a copy of its own.

use crate::files::{self, Copied, is_code, is_of};
use crate::findings::{Judging, judge};
use crate::found::{environment, find};
use crate::plan_copy::{read_plan, write_plan};
use crate::profiles::PROFILES;
use crate::read_settings::SETTINGS;
use crate::run::{Place, Runnable, ScanError, TREE, run};
use crate::settings::{Input, ScannerSettings};
use futures_util::future::join_all;
use runtask_checks::{Check, Given, Loading, Needs};
use runtask_findings::{CheckReport, Code, Finding, Level, Subject, counted, printable, shown_path};
use runtask_log::event;
use runtask_policy::{MemoryLimit, SensitivePlan};
use runtask_process::PrivateDirectory;
use runtask_tasks::SettingsEntry;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use terraform_fmt::Refusal;
use tokio::task::spawn_blocking;
use tracing::warn;

/// The name of this check.
const CHECK: &str = Scanner::NAME;
/// Where terraform keeps what `terraform init` has fetched.
const INITIALIZED: &str = ".terraform";

/// The scanners of one task.
#[derive(Debug)]
pub struct Scanner {
    scanners: Vec<Loaded>,
    memory: MemoryLimit,
}

#[derive(Debug)]
struct Loaded {
    settings: ScannerSettings,
    /// What is run, or a sentence that says why there is nothing to run.
    runnable: Result<Runnable, String>,
}

/// What one scanner comes to.
struct Outcome {
    headline: String,
    findings: Vec<Finding>,
}

impl Check for Scanner {
    const NAME: &'static str = "scanner";
    const NEEDS: Needs = Needs { configuration: Some(is_code), plan: false };
    const SETTINGS: Option<SettingsEntry> = Some(SETTINGS);

    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        let settings = loading.of_task.and_then(|it| it.get::<Vec<ScannerSettings>>());
        let settings = settings.ok_or("which scanners to run, only a file can say: set RUNTASK_CONFIG")?;
        let mut scanners = Vec::new();
        for it in settings {
            let config = it.config.as_ref().map(|it| loading.directory.join(it));
            let config = config.map(|it| std::path::absolute(&it).unwrap_or(it));
            if let Some(config) = config.as_ref().filter(|it| !it.exists()) {
                return Err(format!(
                    "the scanner {} of task {}: {} is not there",
                    it.name,
                    loading.task,
                    shown_path(config)
                ));
            }
            let program = find(&it.name, &it.program, loading.directory, loading.settings);
            let passed_on = it.profile.map(|it| it.passed_on).unwrap_or_default().iter().copied();
            let passed_on = passed_on.chain(it.environment.iter().map(String::as_str));
            let environment = environment(passed_on, loading.settings);
            let runnable =
                program.map(|program| Runnable { settings: it.clone(), program, config, environment });
            scanners.push(Loaded { settings: it.clone(), runnable });
        }
        Ok(Self { scanners, memory: MemoryLimit::from_settings(loading.settings) })
    }

    fn needs(&self) -> Needs {
        let of = |input| self.scanners.iter().filter(move |it| it.settings.input == input);
        let trusting = of(Input::Configuration).any(|it| it.settings.trust_tree_settings);
        let wanted: fn(&Path) -> bool = if trusting { is_code_or_settings } else { is_code };
        Needs {
            configuration: of(Input::Configuration).next().map(|_| wanted),
            plan: of(Input::Plan).next().is_some(),
        }
    }

    fn obstacle(&self) -> Option<String> {
        let missing: Vec<&str> =
            self.scanners.iter().filter_map(|it| it.runnable.as_ref().err()).map(String::as_str).collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.scanners.iter().filter_map(|it| it.settings.config.clone()).collect()
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        let plan = match given.plan.as_ref().filter(|_| self.needs().plan) {
            Some(plan) => Some(read_plan(plan, self.memory).await),
            None => None,
        };
        let results = join_all(self.scanners.iter().map(|it| it.result(&given, plan.as_ref()))).await;
        let headlines: Vec<&str> = results.iter().map(|it| it.headline.as_str()).collect();
        let headline = headlines.join("; ");
        let mut findings: Vec<Finding> = results.into_iter().flat_map(|it| it.findings).collect();
        findings.sort_by_key(|it| it.level);
        CheckReport::new(CHECK, headline, findings)
    }
}

/// Whether a file of a configuration is code, or may be settings of a scanner.
fn is_code_or_settings(path: &Path) -> bool {
    is_code(path) || PROFILES.iter().any(|it| is_of(path, it.tree_settings))
}

impl Loaded {
    /// What it comes to, before somebody wants all to stop.
    async fn result(&self, given: &Given<'_>, plan: Option<&Result<Arc<SensitivePlan>, String>>) -> Outcome {
        let runnable = match &self.runnable {
            Ok(runnable) => runnable,
            Err(reason) => return self.unavailable(reason),
        };
        let scanning = async {
            match self.settings.input {
                Input::Configuration => {
                    self.scan_configuration(runnable, given.configuration, given.root).await
                }
                Input::Plan => match plan {
                    Some(Ok(plan)) => self.scan_plan(runnable, plan).await,
                    Some(Err(reason)) => Ok(self.unavailable(reason)),
                    None => Ok(self.no_plan(given.stage())),
                },
            }
        };
        tokio::select! {
            result = scanning => result.unwrap_or_else(|error| self.unavailable(&self.sentence(&error))),
            reason = given.stop.asked() => self.unavailable(reason),
        }
    }

    async fn scan_configuration(
        &self,
        runnable: &Runnable,
        configuration: &Path,
        root: &Path,
    ) -> Result<Outcome, ScanError> {
        let scratch = PrivateDirectory::new().map_err(ScanError::Place)?;
        let profile = self.settings.profile;
        let in_place = profile.is_some_and(|it| it.in_place);
        if in_place && !configuration.join(INITIALIZED).is_dir() {
            return Ok(self.unavailable(
                "it needs a directory where `terraform init` was run, as only `runtask check` can have one",
            ));
        }
        let also = profile.filter(|_| self.settings.trust_tree_settings).map(|it| it.tree_settings);
        let root = if in_place { configuration } else { root };
        let (from, all, to) = (configuration.to_path_buf(), root.to_path_buf(), scratch.path().join(TREE));
        let copied = spawn_blocking(move || {
            let (copied, tree) = files::copy_with_root(&from, &all, &to, also.unwrap_or_default())?;
            let unparsable = unparsable(&tree, &copied);
            Ok((copied, tree, unparsable))
        });
        let copied = copied.await.map_err(|_panicked| ScanError::Interrupted)?;
        let (copied, tree, mut findings) = copied.map_err(ScanError::Copy)?;
        findings.extend(copied.unreadable.iter().map(|(path, why)| unreadable(path, why)));
        if copied.code.is_empty() && findings.is_empty() {
            let summary = format!("{}: no Terraform files were found in the directory", self.settings.name);
            let findings = vec![Finding::new(Code::NO_FILES, Level::Info, summary.clone())];
            return Ok(Outcome { headline: summary, findings });
        }
        let input = if in_place { configuration.to_path_buf() } else { tree };
        let place = Place { scratch: scratch.path().to_path_buf(), input };
        let mut scan = run(runnable, &place).await?;
        if scan.looked_at.is_none() {
            scan.looked_at = Some(counted(copied.code.len(), "file"));
        }
        let redact = |it: &str| it.to_owned();
        let judged = judge(
            &scan,
            &Judging { scanner: &self.settings.name, skip: &self.settings.skip, redact: &redact },
        );
        findings.extend(judged.findings);
        if copied.settings > 0 {
            let summary =
                format!("{}: settings of the configuration were used, as the task says", self.settings.name);
            findings.push(Finding::new(Code::TREE_SETTINGS_TRUSTED, Level::Info, summary));
        }
        Ok(Outcome { headline: judged.headline, findings })
    }

    async fn scan_plan(&self, runnable: &Runnable, plan: &Arc<SensitivePlan>) -> Result<Outcome, ScanError> {
        let scratch = PrivateDirectory::new().map_err(ScanError::Place)?;
        let input = scratch.path().join("plan.json");
        let (to, written) = (input.clone(), Arc::clone(plan));
        let written = spawn_blocking(move || write_plan(&written, &to)).await;
        written.map_err(|_panicked| ScanError::Interrupted)?.map_err(ScanError::Place)?;
        let place = Place { scratch: scratch.path().to_path_buf(), input };
        let scan = run(runnable, &place).await;
        let (settings, plan) = (self.settings.clone(), Arc::clone(plan));
        let judged = spawn_blocking(move || {
            let redactor = plan.redactor();
            let redact = |it: &str| redactor.redact(it);
            match scan {
                Ok(scan) if scan.looked_at.as_deref() == Some("0 resources") && plan.changes_resources() => {
                    Err("it looked at none of the plan's resources".to_owned())
                }
                Ok(scan) => Ok(judge(
                    &scan,
                    &Judging { scanner: &settings.name, skip: &settings.skip, redact: &redact },
                )),
                Err(error) => Err(redact(&error.to_string())),
            }
        });
        Ok(match judged.await.map_err(|_panicked| ScanError::Interrupted)? {
            Ok(judged) => Outcome { headline: judged.headline, findings: judged.findings },
            Err(reason) => self.unavailable(&format!("{} {reason}", self.settings.name)),
        })
    }

    fn sentence(&self, error: &ScanError) -> String {
        format!("{} {error}", self.settings.name)
    }

    fn no_plan(&self, stage: &str) -> Outcome {
        let headline = format!(
            "{}: no plan to scan: at stage {} there is none yet",
            self.settings.name,
            printable(stage)
        );
        let findings = vec![Finding::new(Code::NO_PLAN, Level::Info, headline.clone())];
        Outcome { headline, findings }
    }

    fn unavailable(&self, reason: &str) -> Outcome {
        let name = &self.settings.name;
        let reason = printable(reason);
        warn!(
            event = event::CHECK_UNAVAILABLE,
            check = CHECK,
            scanner = name,
            "scanner {name} could not run: {reason}"
        );
        let headline = format!("Scanner {name} could not run: {reason}");
        let findings = vec![Finding::new(Code::CHECK_UNAVAILABLE, Level::Error, headline.clone())];
        Outcome { headline, findings }
    }
}

/// Files that Terraform cannot parse: some scanners pass them over in silence.
fn unparsable(tree: &Path, copied: &Copied) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in &copied.code {
        let Ok(bytes) = fs::read(tree.join(path)) else {
            findings.push(unreadable(path, "it is closed to us"));
            continue;
        };
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let wrong = if name.ends_with(".json") {
            let json = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes);
            json.err().map(|it| ("it is not JSON".to_owned(), it.line()))
        } else {
            match terraform_fmt::format(&bytes) {
                Err(Refusal::Errors(errors)) => errors.first().map(|it| (it.summary.to_string(), it.line)),
                Ok(_) | Err(Refusal::NotSure(_)) => None,
            }
        };
        if let Some((what, line)) = wrong {
            let summary = format!("{} cannot be parsed: {what}", shown_path(path));
            let subject = Subject::File { path: path.clone(), line: u32::try_from(line).ok() };
            findings.push(Finding::new(Code::UNPARSABLE_FILE, Level::Error, summary).subject(subject));
        }
    }
    findings
}

fn unreadable(path: &Path, why: &str) -> Finding {
    let summary = format!("{} cannot be scanned: {why}", shown_path(path));
    let subject = Subject::File { path: path.to_path_buf(), line: None };
    Finding::new(Code::UNREADABLE_FILE, Level::Error, summary).subject(subject)
}
