//! Holds the state of the double: its functions, their processes, and the wishes of tests.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::activity::Activity;
use super::environment::Environment;
use super::function::Function;
use super::process_group::ProcessGroup;
use super::record::InvocationRecord;

/// The account of every function, AWS's example account.
pub(super) const ACCOUNT: &str = "123456789012";
/// The region of every function.
pub(super) const REGION: &str = "eu-central-1";
/// The concurrency of an account, and so of a function that has none of its own.
const ACCOUNT_CONCURRENCY: usize = 1000;

/// The double as its servers and tasks see it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) invoke_endpoint: String,
    pub(super) activity: Activity,
    functions: RwLock<BTreeMap<String, Arc<FunctionState>>>,
    /// `None` when the double is closed.
    tasks: Mutex<Option<JoinSet<()>>>,
}

/// A registered function.
#[derive(Debug)]
pub(super) struct FunctionState {
    pub(super) settings: Function,
    /// Holds everything of the function; goes with the double.
    pub(super) directory: TempDir,
    /// The unpacked deployment package.
    pub(super) task_root: PathBuf,
    pub(super) log: PathBuf,
    pub(super) url: Option<SocketAddr>,
    pub(super) permits: Arc<Semaphore>,
    pub(super) controls: Mutex<Controls>,
    pub(super) history: Mutex<History>,
    processes: Mutex<Processes>,
}

/// What tests asked for and did not get yet.
#[derive(Debug, Default)]
pub(super) struct Controls {
    pub(super) throttled_calls: usize,
    pub(super) hanging_calls: usize,
    /// How many calls fail, and with which status.
    pub(super) failing_calls: (usize, u16),
    /// How the next events are delivered; one after that once.
    pub(super) deliveries: VecDeque<Delivery>,
}

/// How an event is delivered that is delivered twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Concurrently,
    InTurn,
}

/// What happened to a function.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) cold_starts: usize,
    pub(super) invocations: Vec<InvocationRecord>,
    pub(super) invoke_statuses: Vec<u16>,
    pub(super) failures: Vec<Value>,
    pub(super) delivery_failures: usize,
}

#[derive(Debug, Default)]
struct Processes {
    /// Last used, last in the list: it is used first.
    idle: Vec<Environment>,
    /// Of all environments, idle or not.
    groups: Vec<std::sync::Weak<ProcessGroup>>,
    is_closed: bool,
}

impl Shared {
    pub(super) fn new(invoke_endpoint: String) -> Arc<Self> {
        Arc::new(Self {
            invoke_endpoint,
            activity: Activity::new(),
            functions: RwLock::default(),
            tasks: Mutex::new(Some(JoinSet::new())),
        })
    }

    pub(super) fn add(&self, function: FunctionState) -> Arc<FunctionState> {
        let function = Arc::new(function);
        let name = function.settings.name.clone();
        let before = self.functions.write().unwrap().insert(name.clone(), Arc::clone(&function));
        assert!(before.is_none(), "there already is a function `{name}`");
        function
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<FunctionState>> {
        self.functions.read().unwrap().get(name).cloned()
    }

    /// Runs `task` until the double is closed.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.tasks.lock().unwrap().as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }

    /// Ends all tasks and kills all processes.
    pub(super) fn close(&self) {
        drop(self.tasks.lock().unwrap().take());
        for function in self.functions.read().unwrap().values() {
            function.processes.lock().unwrap().is_closed = true;
            function.kill();
        }
    }
}

impl FunctionState {
    pub(super) fn new(settings: Function, url: Option<SocketAddr>) -> std::io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("lambda-").tempdir()?;
        let task_root = directory.path().join("task");
        std::fs::create_dir(&task_root)?;
        std::os::unix::fs::symlink(&settings.binary, task_root.join("bootstrap"))?;
        for (path, contents) in &settings.files {
            let path = task_root.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(&task_root))?;
            std::fs::write(path, contents)?;
        }
        let executions = settings.reserved_concurrency.unwrap_or(ACCOUNT_CONCURRENCY);
        Ok(Self {
            log: directory.path().join("log"),
            task_root,
            directory,
            url,
            permits: Arc::new(Semaphore::new(executions)),
            controls: Mutex::default(),
            history: Mutex::default(),
            processes: Mutex::default(),
            settings,
        })
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.settings.name)
    }

    /// A warm environment, or a new one; and whether it is new.
    pub(super) fn take_environment(&self, invoke_endpoint: &str) -> std::io::Result<(Environment, bool)> {
        let mut processes = self.processes.lock().unwrap();
        while let Some(warm) = processes.idle.pop() {
            if warm.is_alive() {
                return Ok((warm, false));
            }
        }
        if processes.is_closed {
            return Err(std::io::Error::other("the double is closed"));
        }
        let cold = Environment::start(self, invoke_endpoint)?;
        processes.groups.retain(|it| it.strong_count() > 0);
        processes.groups.push(Arc::downgrade(cold.group()));
        self.history.lock().unwrap().cold_starts += 1;
        Ok((cold, true))
    }

    /// Keeps an environment for the next invocation, unless it is dead or the double is.
    pub(super) fn return_environment(&self, environment: Environment) {
        let mut processes = self.processes.lock().unwrap();
        if environment.is_alive() && !processes.is_closed {
            processes.idle.push(environment);
        }
    }

    /// Kills all processes of the function; returns of how many environments.
    pub(super) fn kill(&self) -> usize {
        self.end(ProcessGroup::kill)
    }

    /// Ends all processes of the function as if their time were up; returns of how many environments.
    pub(super) fn time_out(&self) -> usize {
        self.end(ProcessGroup::time_out)
    }

    fn end(&self, how: fn(&ProcessGroup) -> bool) -> usize {
        let mut processes = self.processes.lock().unwrap();
        let ended = processes.groups.iter().filter_map(std::sync::Weak::upgrade).filter(|it| how(it)).count();
        processes.idle.clear();
        ended
    }
}
