//! Which tasks there are, from where the settings say.

use runtask_policy::{BUILTINS, Evaluator, Policy};
use runtask_settings::Settings;
use runtask_tasks::{CheckName, Date, MAX_FILE_BYTES, Problems, Tasks, UnknownCheck};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

/// What evaluating policies may allocate, unless told otherwise.
const MEMORY_BYTES: u64 = 1 << 30;
/// What a Lambda function keeps for everything else.
const MEMORY_KEPT_BYTES: u64 = 96 << 20;

/// A tasks' file, read.
#[derive(Debug, Clone)]
pub struct TasksFile {
    name: String,
    content: Vec<u8>,
    directory: PathBuf,
}

impl TasksFile {
    /// Reads it from disk; its relative paths are below its own directory.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut content = Vec::new();
        File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut content)?;
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { name: path.display().to_string(), content, directory })
    }

    /// From elsewhere; its relative paths are below `directory`.
    #[must_use]
    pub fn fetched(name: &str, content: Vec<u8>, directory: &Path) -> Self {
        Self { name: name.to_owned(), content, directory: directory.to_owned() }
    }
}

/// What `RUNTASK_CHECKS` lists.
struct CheckList(Vec<CheckName>);

impl FromStr for CheckList {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        text.split(',').map(|it| it.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// Tasks, and the policies of those that have any.
#[derive(Debug, Clone)]
pub struct TaskSet {
    /// The tasks.
    pub tasks: Tasks,
    /// The policies, by the task's name.
    pub policies: HashMap<String, Policy>,
    /// What is odd about the file, such as exceptions that have expired: whoever runs this must get to read it.
    pub warnings: Problems,
}

impl TaskSet {
    /// Reads the tasks of `fetched`, or of the file that `RUNTASK_CONFIG` names, and the policies of each; what is wrong
    /// with them is a problem of the settings. `now` decides which exceptions have expired.
    pub fn read(settings: &mut Settings<'_>, fetched: Option<TasksFile>, now: SystemTime) -> Self {
        let CheckList(checks) = settings.parsed("RUNTASK_CHECKS", CheckList(vec![CheckName::Fmt]));
        let is_policy = checks.contains(&CheckName::Policy);
        let only_default = || Self::without_policies(Tasks::only_default(checks.clone()));
        let evaluator = evaluator_from(settings);
        let file = match (fetched, settings.text("RUNTASK_CONFIG")) {
            (Some(file), _) => file,
            (None, None) => {
                if is_policy {
                    settings.problem(
                        "RUNTASK_CHECKS: which policies to ask, only a file can say: set RUNTASK_CONFIG",
                    );
                }
                return only_default();
            }
            (None, Some(path)) if path.contains("://") => {
                settings.problem(
                "RUNTASK_CONFIG: ssm:// and s3:// are for the Lambda functions; here it is the path of a file",
            );
                return only_default();
            }
            (None, Some(path)) => match TasksFile::read(Path::new(&path)) {
                Ok(file) => file,
                Err(error) => {
                    settings.problem(format!("RUNTASK_CONFIG: the file cannot be read: {error}"));
                    return only_default();
                }
            },
        };
        if settings.text("RUNTASK_CHECKS").is_some() {
            settings.problem("RUNTASK_CHECKS and RUNTASK_CONFIG are both set: the file says what is checked");
        }
        let (tasks, warnings) = match Tasks::parse(&file.name, &file.content, Date::of(now), BUILTINS) {
            Ok(read) => read,
            Err(problems) => {
                settings.problem(format!("RUNTASK_CONFIG:\n{problems}"));
                return only_default();
            }
        };
        let policies = policies_from(settings, &tasks, &file.directory, evaluator);
        Self { tasks, policies, warnings }
    }

    /// Without a file, or where it cannot be read.
    fn without_policies(tasks: Tasks) -> Self {
        Self { tasks, policies: HashMap::new(), warnings: Problems::default() }
    }
}

/// The process that evaluates policies: this program, within `RUNTASK_POLICY_MEMORY_BYTES`.
///
/// `None` where the system does not say where this program is, which is noted.
pub fn evaluator_from(settings: &mut Settings<'_>) -> Option<Evaluator> {
    // A function has so many MB; a process that takes them all takes the function with it.
    let of_function = settings.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|it| it.parse::<u64>().ok());
    let of_function = of_function.map(|it| (it << 20).saturating_sub(MEMORY_KEPT_BYTES));
    let default = of_function.map_or(MEMORY_BYTES, |it| it.min(MEMORY_BYTES));
    let memory_bytes = settings.parsed("RUNTASK_POLICY_MEMORY_BYTES", default);
    let evaluator = Evaluator::this_program(memory_bytes);
    evaluator.map_err(|error| settings.problem(format!("where is this program? {error}"))).ok()
}

fn policies_from(
    settings: &mut Settings<'_>,
    tasks: &Tasks,
    directory: &Path,
    evaluator: Option<Evaluator>,
) -> HashMap<String, Policy> {
    let mut policies = HashMap::new();
    for task in tasks.iter() {
        let (Some(policy), Some(evaluator)) = (&task.policy, &evaluator) else { continue };
        match Policy::load(&task.name, policy, directory, evaluator.clone()) {
            Ok(loaded) => {
                policies.insert(task.name.clone(), loaded);
            }
            Err(error) => {
                let error = runtask_log::Chain(&error);
                settings.problem(format!("RUNTASK_CONFIG: the policies of task {}: {error}", task.name));
            }
        }
    }
    policies
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(pairs: &[(&str, &str)]) -> Result<TaskSet, String> {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut settings = Settings::new(&lookup);
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
        assert!(
            error.starts_with("RUNTASK_CONFIG: the policies of task policy: rules cannot be read"),
            "{error}"
        );
        fs::create_dir(directory.path().join("rules")).unwrap();
        let error = read(&[("RUNTASK_CONFIG", &path)]).unwrap_err();
        assert!(error.contains("rules holds no Rego"), "{error}");
        fs::write(directory.path().join("rules/a.rego"), "package main").unwrap();
        let set = read(&[("RUNTASK_CONFIG", &path)]).unwrap();
        assert_eq!(set.tasks.names().collect::<Vec<_>>(), ["policy"]);
        assert!(set.policies.contains_key("policy"));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_a_problem_of_the_setting() {
        let (_directory, path) = file("[tasks.policy]\nchecks = [\"polcy\"]\n");
        let error = read(&[("RUNTASK_CONFIG", &path)]).unwrap_err();
        assert!(error.starts_with("RUNTASK_CONFIG:\n"), "{error}");
        assert!(error.contains("runtask.toml:2:11"), "{error}");
        let error = read(&[("RUNTASK_CONFIG", "/nowhere.toml")]).unwrap_err();
        assert!(error.starts_with("RUNTASK_CONFIG: the file cannot be read"), "{error}");
    }

    #[test]
    fn a_url_is_no_path_of_a_file() {
        let expected =
            "RUNTASK_CONFIG: ssm:// and s3:// are for the Lambda functions; here it is the path of a file";
        for url in ["ssm:///acme/runtask.toml", "s3://acme/runtask.toml", "https://acme.net/runtask.toml"] {
            assert_eq!(read(&[("RUNTASK_CONFIG", url)]).unwrap_err(), expected);
        }
        let lookup = |name: &str| (name == "RUNTASK_CONFIG").then(|| "s3://acme/runtask.toml".to_owned());
        let mut settings = Settings::new(&lookup);
        let content = b"[tasks.policy]\nchecks = [\"policy\"]\npolicy.paths = [\"rules\"]\n".to_vec();
        let file = TasksFile::fetched("s3://acme/runtask.toml", content, Path::new("/nowhere"));
        let set = TaskSet::read(&mut settings, Some(file), SystemTime::UNIX_EPOCH);
        assert_eq!(set.tasks.names().collect::<Vec<_>>(), ["policy"]);
        let error = settings.finish().unwrap_err().to_string();
        assert!(
            error.starts_with("RUNTASK_CONFIG: the policies of task policy: rules cannot be read"),
            "{error}"
        );
    }

    #[test]
    fn checks_are_listed_in_one_place() {
        let (_directory, path) = file("[tasks.default]\nchecks = [\"fmt\"]\n");
        let error = read(&[("RUNTASK_CONFIG", &path), ("RUNTASK_CHECKS", "fmt")]).unwrap_err();
        assert_eq!(error, "RUNTASK_CHECKS and RUNTASK_CONFIG are both set: the file says what is checked");
        let error = read(&[("RUNTASK_CHECKS", "policy")]).unwrap_err();
        assert_eq!(error, "RUNTASK_CHECKS: which policies to ask, only a file can say: set RUNTASK_CONFIG");
    }

    #[test]
    fn a_function_keeps_memory_for_itself() {
        let limit = |pairs: &[(&str, &str)]| {
            let lookup =
                |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            evaluator_from(&mut Settings::new(&lookup)).unwrap().memory_bytes >> 20
        };
        assert_eq!(limit(&[]), 1024);
        assert_eq!(limit(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")]), 416);
        assert_eq!(limit(&[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")]), 1024);
        assert_eq!(limit(&[("RUNTASK_POLICY_MEMORY_BYTES", "2147483648")]), 2048);
    }
}
