//! Runs whole tasks with scanners: real ones, and programs that stand in for those that go wrong.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod cost;
mod real;
mod settings;
mod stand_ins;

use runtask_checks::{CheckKind, Inputs, LoadedCheck, Loading, Stop};
use runtask_findings::CheckReport;
use runtask_scanners::Scanner;
use runtask_settings::SettingsReader;
use runtask_tasks::{Date, NO_CHANNELS, RunFacts, Tasks};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const KIND: CheckKind = CheckKind::of::<Scanner>();

/// A directory with programs, and one with a configuration.
struct Bench {
    directory: TempDir,
    /// Where the configuration is: below the directory, or the directory itself.
    working_directory: String,
    /// What is in the environment.
    environment: Vec<(String, String)>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("bin")).unwrap();
        fs::create_dir(directory.path().join("configuration")).unwrap();
        let path = directory.path().join("bin").to_str().unwrap().to_owned();
        let working_directory = "configuration".to_owned();
        Self { directory, working_directory, environment: vec![("PATH".to_owned(), path)] }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program that is a script.
    fn program(&self, name: &str, script: &str) -> &Self {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A file of the configuration.
    fn file(&self, name: &str, content: &str) -> &Self {
        let path = self.path("configuration").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The check of a task with these scanners, which are TOML.
    fn check(&self, scanners: &str) -> LoadedCheck {
        self.check_of(KIND, scanners)
    }

    /// A check of a task with these settings, which are TOML.
    fn check_of(&self, kind: CheckKind, settings: &str) -> LoadedCheck {
        let text = format!("[tasks.scan]\nchecks = [\"{}\"]\n{settings}", kind.name);
        let (tasks, _) =
            Tasks::parse("runtask.toml", &text, today(), &[kind.entry()], &NO_CHANNELS, &[]).unwrap();
        let task = tasks.iter().next().unwrap();
        let of_task = task.checks.first().unwrap().settings.as_ref();
        let lookup =
            |name: &str| self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let mut settings = SettingsReader::new(&lookup);
        let directory = self.directory.path();
        kind.load(&mut Loading { task: "scan", of_task, notify: &[], directory, settings: &mut settings })
            .unwrap()
    }

    /// Scans the configuration.
    async fn scan(&self, scanners: &str) -> CheckReport {
        self.check(scanners).run(&self.inputs(None), None).await
    }

    /// Scans a plan.
    async fn scan_plan(&self, scanners: &str, plan: &Path) -> CheckReport {
        self.check(scanners).run(&self.inputs(Some(plan)), None).await
    }

    fn inputs(&self, plan: Option<&Path>) -> Inputs {
        Inputs {
            configuration: Ok(self.path(&self.working_directory)),
            root: Some(self.path("configuration")),
            plan: plan.map(|it| Ok(File::open(it).unwrap())),
            run: RunFacts::default(),
            today: today(),
            stop: Stop::never(),
        }
    }
}

fn today() -> Date {
    Date::new(2027, 3, 31).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A program that `make setup` has brought, or that is on `PATH`.
fn tool(name: &str) -> PathBuf {
    let of_setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin").join(name);
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings file; it looks where a shell would"
    )]
    let path = std::env::var("PATH").unwrap_or_default();
    let found = of_setup.canonicalize().ok().or_else(|| runtask_process::find_program(name, &path));
    found.unwrap_or_else(|| panic!("these tests need {name}: run `make setup`"))
}

/// Its headline, and a line for each finding: level, code, place, summary.
fn shown(report: &CheckReport) -> String {
    let mut lines = vec![report.headline.clone()];
    for it in &report.findings {
        let place = it.subject.as_ref().map_or("-".to_owned(), ToString::to_string);
        lines.push(format!("{} {} {place}: {}", it.level.as_str(), it.code, it.summary));
    }
    lines.join("\n")
}
