//! Says what a check is: its name, what it needs, its settings, how it is made ready for a task, and how it runs.
//!
//! A check knows Terraform. It does not know HCP Terraform, HTTP or Lambda: its caller fetches what it needs.

use crate::stop::Stop;
use runtask_archive::Receiver;
use runtask_findings::CheckReport;
use runtask_log::event;
use runtask_settings::SettingsReader;
use runtask_tasks::{CheckEntry, CheckSettings, Date, RunFacts, SettingsEntry};
use std::any::Any;
use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tracing::info;

/// The time that a check has to say what it has found when it is asked to stop.
const GRACE: Duration = Duration::from_millis(800);

/// A check, ready for one task.
pub trait Check: Send + Sync + 'static {
    /// Its name in settings, logs and findings, in kebab-case: `plan-summary`.
    const NAME: &'static str;
    /// What it reads of a run, unless its settings say otherwise.
    const NEEDS: Needs;
    /// Its table of settings, `[tasks.NAME.<name>]`, where it has one.
    const SETTINGS: Option<SettingsEntry> = None;

    /// Makes it ready for a task, at start. What is wrong with its settings in the environment is noted in
    /// [`Loading::settings`].
    ///
    /// # Errors
    ///
    /// Why the program must not start, in a sentence that names the task: files that its settings name and that cannot be
    /// read, say. What may still be mended when a run comes, such as a missing program, is no error: [`Check::run`] says it.
    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String>
    where
        Self: Sized;

    /// What it reads of a run, with the settings that it has.
    fn needs(&self) -> Needs {
        Self::NEEDS
    }

    /// Why it could not run now, whatever it were given; said when a program starts.
    fn obstacle(&self) -> Option<String> {
        None
    }

    /// Tries out, at start, what needs no run: policies are compiled, say.
    fn try_out(&self) -> impl Future<Output = Tried> + Send {
        async { Tried::default() }
    }

    /// The files that were read for it at start, as its settings name them.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Takes the files of a run's configuration as they are downloaded, where it needs no directory of them. It is started
    /// anew for each attempt at a download.
    ///
    /// The workspace works in `directory`, which lies below the archive's root, or below one directory that wraps everything.
    /// Files elsewhere are handed on as well, as links may lead to them.
    fn reader(&self, directory: &Path) -> Option<Box<dyn FileReader>> {
        let _nothing_is_read = directory;
        None
    }

    /// Runs it. What keeps it from running is in the report, as [`CheckReport::unavailable`].
    fn run(&self, given: Given<'_>) -> impl Future<Output = CheckReport> + Send;
}

/// A check while the archive of a configuration streams past. Of the files and links it is handed those that its
/// [`Needs`] name.
pub trait FileReader: Receiver + Send {
    /// Reports on the files below `directory`, which is relative to the archive's root, when all were read.
    fn report(self: Box<Self>, directory: &Path) -> Pin<Box<dyn Future<Output = CheckReport> + Send>>;
}

/// What is wrong with checks that were tried out. Each text may have several lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// Why the program must not start.
    pub errors: Vec<String>,
    /// What is odd, and whoever runs it should get to read.
    pub warnings: Vec<String>,
}

/// The parts of a run that a check reads. The facts of the run come in any case.
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs {
    /// Of the configuration, the files of which this is true; it is asked with their paths below the configuration's
    /// root. `None` where it reads none.
    pub configuration: Option<fn(&Path) -> bool>,
    /// Whether it reads the plan.
    pub plan: bool,
}

/// Everything that makes a check ready for a task.
#[derive(Debug)]
pub struct Loading<'a, 'b> {
    /// The task's name.
    pub task: &'a str,
    /// The check's settings, where the task has them.
    pub of_task: Option<&'a CheckSettings>,
    /// The channels that are told of the task's results.
    pub notify: &'a [String],
    /// Where the relative paths in them begin.
    pub directory: &'a Path,
    /// Settings of the environment.
    pub settings: &'a mut SettingsReader<'b>,
}

/// The parts of a run that were fetched for its checks.
#[derive(Debug)]
pub struct Inputs {
    /// The directory with the configuration, or a sentence that says why there is none. For a check that has read the files
    /// as they came, it is relative to the archive's root.
    pub configuration: Result<PathBuf, String>,
    /// The directory that holds all of it, where that is known to be another: modules may lie beside the configuration.
    pub root: Option<PathBuf>,
    /// The plan, JSON as `terraform show -json` prints it, or a sentence that says why it is not there. `None` where
    /// there cannot be one yet.
    pub plan: Option<Result<File, String>>,
    /// What is known of the run.
    pub run: RunFacts,
    /// The day.
    pub today: Date,
    /// When the checks have to stop.
    pub stop: Stop,
}

/// The parts of a run that one check is given: those that it needs, as far as they are there.
#[derive(Debug)]
pub struct Given<'a> {
    /// The directory with the configuration; there if the check needs it.
    pub configuration: &'a Path,
    /// The directory that holds all of it; the same, where nobody knows of another.
    pub root: &'a Path,
    /// The plan, from its beginning; `None` where there is none yet.
    pub plan: Option<File>,
    /// What is known of the run.
    pub run: &'a RunFacts,
    /// The day.
    pub today: Date,
    /// When it has to stop. A check that finds one thing after the other should report what it has by then; one that does
    /// not listen is dropped soon after.
    pub stop: &'a Stop,
}

/// A check as the list of checks has it.
#[derive(Debug, Clone, Copy)]
pub struct CheckKind {
    /// Its name.
    pub name: &'static str,
    /// What it reads of a run, unless its settings say otherwise.
    pub needs: Needs,
    settings: Option<SettingsEntry>,
    load: fn(&mut Loading<'_, '_>) -> Result<Arc<dyn AnyCheck>, String>,
}

/// A check of a task, ready to run.
#[derive(Clone)]
pub struct LoadedCheck {
    kind: CheckKind,
    check: Arc<dyn AnyCheck>,
}

/// A [`Check`] whose type is forgotten.
trait AnyCheck: Any + Send + Sync {
    fn needs(&self) -> Needs;
    fn obstacle(&self) -> Option<String>;
    fn try_out(&self) -> Pin<Box<dyn Future<Output = Tried> + Send + '_>>;
    fn files(&self) -> Vec<PathBuf>;
    fn reader(&self, directory: &Path) -> Option<Box<dyn FileReader>>;
    fn run<'a>(&'a self, given: Given<'a>) -> Pin<Box<dyn Future<Output = CheckReport> + Send + 'a>>;
}

impl<C: Check> AnyCheck for C {
    fn needs(&self) -> Needs {
        Check::needs(self)
    }

    fn obstacle(&self) -> Option<String> {
        Check::obstacle(self)
    }

    fn try_out(&self) -> Pin<Box<dyn Future<Output = Tried> + Send + '_>> {
        Box::pin(Check::try_out(self))
    }

    fn files(&self) -> Vec<PathBuf> {
        Check::files(self)
    }

    fn reader(&self, directory: &Path) -> Option<Box<dyn FileReader>> {
        Check::reader(self, directory)
    }

    fn run<'a>(&'a self, given: Given<'a>) -> Pin<Box<dyn Future<Output = CheckReport> + Send + 'a>> {
        Box::pin(Check::run(self, given))
    }
}

impl CheckKind {
    /// The kind of this check.
    #[must_use]
    pub const fn of<C: Check>() -> Self {
        Self {
            name: C::NAME,
            needs: C::NEEDS,
            settings: C::SETTINGS,
            load: |loading| C::load(loading).map(|it| Arc::new(it) as Arc<dyn AnyCheck>),
        }
    }

    /// Describes the check to the reader of a file.
    #[must_use]
    pub const fn entry(&self) -> CheckEntry {
        CheckEntry { name: self.name, reads_plan: self.needs.plan, settings: self.settings }
    }

    /// Whether it can do nothing without settings of a file.
    #[must_use]
    pub fn needs_settings(&self) -> bool {
        self.settings.is_some_and(|it| it.required.is_some())
    }

    /// Makes it ready for a task.
    ///
    /// # Errors
    ///
    /// Why the program must not start.
    pub fn load(&self, loading: &mut Loading<'_, '_>) -> Result<LoadedCheck, String> {
        Ok(LoadedCheck { kind: *self, check: (self.load)(loading)? })
    }
}

impl LoadedCheck {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// What it reads of a run.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.check.needs()
    }

    /// Why it could not run now, whatever it were given.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        self.check.obstacle()
    }

    /// Tries out, at start, what needs no run.
    pub async fn try_out(&self) -> Tried {
        self.check.try_out().await
    }

    /// The files that were read for it at start, as its settings name them.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.check.files()
    }

    /// What takes the files of a configuration as they are downloaded; `None` where it wants a directory of them. The
    /// workspace works in `directory`, below the archive's root or below one directory that wraps everything.
    #[must_use]
    pub fn reader(&self, directory: &Path) -> Option<Box<dyn FileReader>> {
        self.check.reader(directory)
    }

    /// The check itself; `None` where it is another one.
    #[must_use]
    pub fn get<C: Check>(&self) -> Option<&C> {
        let check: &dyn Any = &*self.check;
        check.downcast_ref()
    }

    /// Runs it on what there is, and on what `reader` has read, where it is one that reads. Where something that it needs is
    /// missing, or where there is no time, the report says so.
    pub async fn run(&self, inputs: &Inputs, reader: Option<Box<dyn FileReader>>) -> CheckReport {
        let (name, needs) = (self.name(), self.needs());
        if let Some(reason) = inputs.stop.reason() {
            return CheckReport::unavailable(name, reason);
        }
        info!(event = event::CHECK_STARTED, check = name, "checking {name}");
        let configuration = match &inputs.configuration {
            Ok(directory) => directory.as_path(),
            Err(reason) if needs.configuration.is_some() => return CheckReport::unavailable(name, reason),
            Err(_) => Path::new(""),
        };
        let plan = match inputs.plan.as_ref().filter(|_| needs.plan) {
            Some(Ok(plan)) => match from_its_beginning(plan) {
                Ok(plan) => Some(plan),
                Err(_broken) => {
                    return CheckReport::unavailable(name, "the plan on disk could not be read");
                }
            },
            Some(Err(reason)) => return CheckReport::unavailable(name, reason),
            None => None,
        };
        let root = inputs.root.as_deref().unwrap_or(configuration);
        let given =
            Given { configuration, root, plan, run: &inputs.run, today: inputs.today, stop: &inputs.stop };
        let stopped = async {
            let reason = inputs.stop.asked().await;
            sleep(GRACE).await;
            reason
        };
        let running = match reader {
            Some(reader) => reader.report(configuration),
            None => self.check.run(given),
        };
        tokio::select! {
            biased;
            report = running => report,
            reason = stopped => CheckReport::unavailable(name, reason),
        }
    }
}

impl fmt::Debug for LoadedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedCheck").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Given<'_> {
    /// The stage, in words for people.
    #[must_use]
    pub fn stage(&self) -> &str {
        self.run.stage.as_deref().unwrap_or("this")
    }
}

fn from_its_beginning(plan: &File) -> io::Result<File> {
    let mut plan = plan.try_clone()?;
    plan.rewind()?;
    Ok(plan)
}
