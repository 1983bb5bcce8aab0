//! Makes the tasks of a file ready, or what there is without one.

use crate::asking::{Asking, approval};
use crate::checks::{CHECKS, DEFAULT_CHECK, check};
use crate::tasks_file::TasksFile;
use runtask_approvals::TaskApproval;
use runtask_checks::{LoadedCheck, Loading, Tried};
use runtask_findings::printable;
use runtask_notify::{Channel, Events};
use runtask_settings::SettingsReader;
use runtask_tasks::{CheckSettings, Problems, Task, Tasks};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

/// Tasks by their names, each with its checks ready to run.
#[derive(Debug, Clone)]
pub struct TaskSet {
    tasks: BTreeMap<String, LoadedTask>,
    channels: BTreeMap<String, CheckSettings>,
    /// Where relative paths of the file begin.
    directory: PathBuf,
    /// Who is asked by tasks that ask people; `None` where none does.
    pub asking: Option<Asking>,
    /// What is odd about the file, such as exceptions that have expired: whoever runs this must get to read it.
    pub warnings: Problems,
}

/// A task, with its checks ready to run.
#[derive(Debug, Clone)]
pub struct LoadedTask {
    /// What the file says of it.
    pub task: Task,
    /// Its checks, in the order of the file.
    pub checks: Vec<LoadedCheck>,
}

/// What `RUNTASK_CHECKS` lists.
struct CheckList(Vec<&'static str>);

impl FromStr for CheckList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = |it: &str| check(it.trim()).map(|it| it.name);
        let names = text.split(',').map(name).collect::<Option<_>>();
        names.map(Self).ok_or_else(|| {
            let names: Vec<_> = CHECKS.iter().map(|it| format!("`{}`", it.name)).collect();
            format!("there is no such check; there are {}", names.join(", "))
        })
    }
}

impl TaskSet {
    /// Reads the tasks of `fetched`, or of the file that `RUNTASK_CONFIG` names, and makes the checks of each ready; what is
    /// wrong with them is a problem of the settings. `now` decides what has expired.
    pub fn read(settings: &mut SettingsReader<'_>, fetched: Option<TasksFile>, now: SystemTime) -> Self {
        let CheckList(checks) = settings.parsed("RUNTASK_CHECKS", CheckList(vec![DEFAULT_CHECK]));
        let (tasks, warnings, file) = match tasks_from(settings, fetched, &checks, now) {
            Some((tasks, warnings, file)) => (tasks, warnings, Some(file)),
            None => {
                let checks = checks.into_iter().filter(|it| !check(it).is_some_and(|it| it.needs_settings()));
                let checks: Vec<_> = checks.collect();
                (Tasks::only_default(&checks), Problems::default(), None)
            }
        };
        let loaded = tasks.iter().map(|task| {
            let checks = loaded(settings, task, file.as_ref());
            (task.name.clone(), LoadedTask { task: task.clone(), checks })
        });
        let loaded = loaded.collect();
        let directory = file.map(|it| it.directory).unwrap_or_default();
        let asking = Asking::of(&tasks, &directory);
        Self { tasks: loaded, channels: tasks.channels().clone(), directory, asking, warnings }
    }

    /// Makes the channels ready, with their secrets; what is wrong with them is a problem of the settings. Only whoever works
    /// on jobs needs them: `check` runs where the secrets are not. `events` is the way to EventBridge of whoever has one.
    pub fn channels(
        &self,
        settings: &mut SettingsReader<'_>,
        events: Option<&Arc<dyn Events>>,
    ) -> Vec<Channel> {
        let load = |name: &str| match self.channel(name, settings, events)? {
            Ok(channel) => Some(channel),
            Err(why) => {
                settings.problem(why);
                None
            }
        };
        self.channel_names().filter_map(load).collect()
    }

    /// Makes the channel of this name ready, if there is one.
    ///
    /// # Errors
    ///
    /// Why it cannot be told.
    pub fn channel(
        &self,
        name: &str,
        settings: &SettingsReader<'_>,
        events: Option<&Arc<dyn Events>>,
    ) -> Option<Result<Channel, String>> {
        let of_channel = self.channels.get(name)?;
        Some(Channel::load(name, of_channel, settings, &self.directory, events))
    }

    /// The parameters of AWS in which secrets of channels are, as `ssm:///NAME`. Whoever can read them gives them to
    /// [`TaskSet::channels`] as settings of these names.
    pub fn channel_parameters(&self) -> impl Iterator<Item = &str> {
        self.channels.values().flat_map(Channel::parameters)
    }

    /// The names of all channels, in alphabetical order.
    pub fn channel_names(&self) -> impl Iterator<Item = &str> {
        self.channels.keys().map(String::as_str)
    }

    /// Tries the checks of all tasks out, as far as that goes without a run. What is wrong with them would be wrong in every
    /// run, so a program that starts with them must not start.
    pub async fn try_out(&self) -> Tried {
        let mut all = Tried::default();
        for check in self.iter().flat_map(|it| &it.checks) {
            let tried = check.try_out().await;
            all.errors.extend(tried.errors);
            all.warnings.extend(tried.warnings);
        }
        all
    }

    /// The task of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&LoadedTask> {
        self.tasks.get(name)
    }

    /// The names of all tasks, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.keys().map(String::as_str)
    }

    /// All tasks, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &LoadedTask> {
        self.tasks.values()
    }
}

impl LoadedTask {
    /// Which files of a configuration its checks read, by what each check says; empty where none reads any.
    #[must_use]
    pub fn wanted_files(&self) -> Vec<fn(&Path) -> bool> {
        self.checks.iter().filter_map(|it| it.needs().configuration).collect()
    }

    /// Whether a check of it reads the plan, or people are to see what it would do.
    #[must_use]
    pub fn reads_plan(&self) -> bool {
        self.checks.iter().any(|it| it.needs().plan) || self.approval().is_some()
    }

    /// When who has to approve its runs; `None` where nobody has to.
    #[must_use]
    pub fn approval(&self) -> Option<&TaskApproval> {
        approval(&self.task)
    }
}

/// The tasks of a file; none where there is no file, or where it cannot be used, which is noted.
fn tasks_from(
    settings: &mut SettingsReader<'_>,
    fetched: Option<TasksFile>,
    checks: &[&str],
    now: SystemTime,
) -> Option<(Tasks, Problems, TasksFile)> {
    if fetched.is_none() && settings.text("RUNTASK_CONFIG").is_none() {
        for name in checks.iter().filter(|it| check(it).is_some_and(|it| it.needs_settings())) {
            settings.problem(format!(
                "RUNTASK_CHECKS: the check `{name}` needs settings, which only a runtask.toml has: write one, and unset RUNTASK_CHECKS"
            ));
        }
        return None;
    }
    let file = TasksFile::named(settings, fetched)?;
    if settings.text("RUNTASK_CHECKS").is_some() {
        settings.problem(format!(
            "RUNTASK_CHECKS is set beside {}: the file says what is checked, so unset RUNTASK_CHECKS",
            printable(&file.name)
        ));
    }
    let (tasks, warnings) = file.parse(settings, now)?;
    Some((tasks, warnings, file))
}

/// The checks of a task, made ready. What keeps one from that is noted.
fn loaded(settings: &mut SettingsReader<'_>, task: &Task, file: Option<&TasksFile>) -> Vec<LoadedCheck> {
    let directory = file.map(|it| it.directory.as_path()).unwrap_or(Path::new(""));
    let mut checks = Vec::new();
    for named in &task.checks {
        let Some(kind) = check(named.name) else {
            settings.problem(format!("task {}: there is no check {}", task.name, named.name));
            continue;
        };
        let of_task = named.settings.as_ref();
        match kind.load(&mut Loading { task: &task.name, of_task, notify: &task.notify, directory, settings })
        {
            Ok(loaded) => checks.push(loaded),
            Err(reason) => {
                let name = file.map(|it| format!("{}: ", printable(&it.name))).unwrap_or_default();
                settings.problem(format!("{name}{reason}"));
            }
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_policy::{MemoryLimit, Policy};
    use std::fs;

    fn read(pairs: &[(&str, &str)]) -> Result<TaskSet, String> {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let set = TaskSet::read(&mut settings, None, SystemTime::UNIX_EPOCH);
        settings.finish().map(|()| set).map_err(|error| error.to_string())
    }

    /// A directory with a tasks' file, and the path of that.
    fn file(text: &str) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("runtask.toml");
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (directory, path)
    }

    #[test]
    fn policies_are_read_from_beside_the_file() {
        let (directory, path) = file("[tasks.policy]\nchecks = [\"policy\"]\npolicy.paths = [\"rules\"]\n");
        let error = read(&[("RUNTASK_CONFIG", &path)]).unwrap_err();
        let expected = format!("{path}: the policies of task policy: rules cannot be read");
        assert!(error.starts_with(&expected), "{error}");
        fs::create_dir(directory.path().join("rules")).unwrap();
        let error = read(&[("RUNTASK_CONFIG", &path)]).unwrap_err();
        assert!(error.contains("rules holds no Rego"), "{error}");
        fs::write(directory.path().join("rules/a.rego"), "package main").unwrap();
        let set = read(&[("RUNTASK_CONFIG", &path)]).unwrap();
        assert_eq!(set.names().collect::<Vec<_>>(), ["policy"]);
        assert!(set.get("policy").unwrap().checks[0].get::<Policy>().is_some());
    }

    /// U-04: by the name of the file, which is there whoever has named it.
    #[test]
    fn a_task_that_only_tells_needs_whom_to_tell() {
        let (_directory, path) = file("[tasks.applied]\nchecks = [\"notify\"]\n");
        let error = read(&[("RUNTASK_CONFIG", &path)]).unwrap_err();
        assert!(error.contains("task applied: the check notify tells nobody: add `notify = "), "{error}");
        let error = read(&[("RUNTASK_CHECKS", "notify")]).unwrap_err();
        assert!(error.contains("the check notify tells nobody"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_the_file_is_said_of_the_file() {
        let (_directory, path) = file("[tasks.policy]\nchecks = [\"polcy\"]\n");
        let error = read(&[("RUNTASK_CONFIG", &path)]).unwrap_err();
        assert!(error.starts_with("error: there is no check"), "{error}");
        assert!(error.contains("runtask.toml:2:11"), "{error}");
        let error = read(&[("RUNTASK_CONFIG", "/nowhere.toml")]).unwrap_err();
        assert!(error.starts_with("/nowhere.toml: the file cannot be read: "), "{error}");
    }

    #[test]
    fn a_url_is_no_path_of_a_file() {
        let expected =
            "RUNTASK_CONFIG: ssm:// and s3:// are for the Lambda functions; here it is the path of a file";
        for url in ["ssm:///acme/runtask.toml", "s3://acme/runtask.toml", "https://acme.net/runtask.toml"] {
            assert_eq!(read(&[("RUNTASK_CONFIG", url)]).unwrap_err(), expected);
        }
        let lookup = |name: &str| (name == "RUNTASK_CONFIG").then(|| "s3://acme/runtask.toml".to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let content = b"[tasks.policy]\nchecks = [\"policy\"]\npolicy.paths = [\"rules\"]\n".to_vec();
        let file = TasksFile::fetched("s3://acme/runtask.toml", content, Path::new("/nowhere"));
        let set = TaskSet::read(&mut settings, Some(file), SystemTime::UNIX_EPOCH);
        assert_eq!(set.names().collect::<Vec<_>>(), ["policy"]);
        let error = settings.finish().unwrap_err().to_string();
        let expected = "s3://acme/runtask.toml: the policies of task policy: rules cannot be read";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn checks_are_listed_in_one_place() {
        let (_directory, path) = file("[tasks.default]\nchecks = [\"fmt\"]\n");
        let error = read(&[("RUNTASK_CONFIG", &path), ("RUNTASK_CHECKS", "fmt")]).unwrap_err();
        assert_eq!(
            error,
            format!(
                "RUNTASK_CHECKS is set beside {path}: the file says what is checked, so unset RUNTASK_CHECKS"
            )
        );
        let error = read(&[("RUNTASK_CHECKS", "policy")]).unwrap_err();
        assert_eq!(
            error,
            "RUNTASK_CHECKS: the check `policy` needs settings, which only a runtask.toml has: write one, and unset RUNTASK_CHECKS"
        );
    }

    #[test]
    fn a_function_keeps_memory_for_itself() {
        let limit = |pairs: &[(&str, &str)]| {
            let lookup =
                |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            MemoryLimit::from_settings(&mut SettingsReader::new(&lookup)).0 >> 20
        };
        assert_eq!(limit(&[]), 1024);
        assert_eq!(limit(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")]), 416);
        assert_eq!(limit(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")]), 1024);
        assert_eq!(limit(&[("RUNTASK_POLICY_MEMORY_BYTES", "2147483648")]), 2048);
    }
}
