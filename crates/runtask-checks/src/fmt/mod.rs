//! Is every Terraform file as `terraform fmt` would write it?
//!
//! Two can say: terraform (`asked.rs`) and the crate `terraform-fmt` (`native.rs`), which reads files as their archive
//! streams past (`stream.rs`) and needs no directory. The verdict on a file is the same type, whoever has judged
//! (`judged.rs`), and so is the report (`report.rs`).
//!
//! Terraform runs once in the directory itself, which is what a person would run, and mostly there is nothing
//! more to do. Only when it objects do copies of the files show which ones it means and what it would change:
//! it runs on them a second time, and writes. Both must agree; where terraform objects and no file explains
//! why, the check could not be made, and has not passed.
//!
//! Nothing is ever written to the directory: it may be somebody's checkout.

mod asked;
mod compared;
mod copies;
mod diff;
mod error;
mod files;
mod gathered;
mod judged;
mod native;
#[doc(hidden)]
pub mod output;
mod report;
mod settings;
mod stream;

pub use compared::{Compared, Different, compare};
pub use diff::unified_hunks;
pub use judged::Faults;
pub use native::workers;

use crate::check::{Check, FileReader, Given, Loading, Needs};
use crate::terraform::{FindError, Terraform};
use asked::Answer;
use copies::Copies;
use diff::Budget;
use error::FmtError;
use files::{Files, is_formatted_file, read, walk};
use gathered::Gathered;
use judged::{Judged, Verdicts};
use report::{CHECK, report};
use runtask_archive::Receiver;
use runtask_findings::CheckReport;
use runtask_log::event;
use runtask_tasks::SettingsEntry;
use settings::{Engine, FmtSettings, SETTINGS};
use std::error::Error;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use stream::{Stream, Streamed};
use tokio::task::spawn_blocking;
use tracing::warn;

/// The check `fmt`.
#[derive(Debug, Clone)]
pub struct Fmt {
    engine: Engine,
    /// The terraform to run, or why there is none.
    terraform: Result<Terraform, FindError>,
    settings: FmtSettings,
}

impl Check for Fmt {
    const NAME: &'static str = CHECK;
    const NEEDS: Needs = Needs { configuration: Some(may_be_formatted), plan: false };
    const SETTINGS: Option<SettingsEntry> = Some(SETTINGS);

    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        let settings = loading.of_task.and_then(|it| it.get::<FmtSettings>()).copied().unwrap_or_default();
        let terraform = Terraform::from_settings(loading.settings);
        Ok(Self { engine: settings.engine(&terraform, loading.settings), terraform, settings })
    }

    fn obstacle(&self) -> Option<String> {
        match self.engine {
            Engine::Native => None,
            Engine::Terraform | Engine::Both => self.terraform.as_ref().err().map(ToString::to_string),
        }
    }

    fn reader(&self, directory: &Path) -> Option<Box<dyn FileReader>> {
        (self.engine == Engine::Native).then(|| {
            let stream = Stream::new(directory, self.terraform.is_ok());
            Box::new(Reader { check: self.clone(), stream }) as Box<dyn FileReader>
        })
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        self.reported(self.judge(given.configuration).await)
    }
}

/// Whether a file of a configuration may be one that this check reads. Below the working directory, hidden directories do
/// not count; but the working directory itself may be hidden, so here only the file's own name does.
fn may_be_formatted(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_formatted_file(Path::new(name)))
}

impl Fmt {
    /// Judges the files of a directory.
    async fn judge(&self, directory: &Path) -> Result<Verdicts, FmtError> {
        let root = directory.to_path_buf();
        let files = spawn_blocking({
            let root = root.clone();
            move || walk(&root)
        });
        let files = files.await?.map_err(FmtError::Directory)?;
        match (self.engine, &self.terraform) {
            (Engine::Native, _) => {
                let judging = spawn_blocking(move || {
                    let mut gathered = native::judge_all(&root, &files.readable);
                    add_unreadable(&mut gathered, &files);
                    (gathered.into_verdicts(), root)
                });
                let (verdicts, root) = judging.await?;
                Ok(self.settle_doubts(verdicts, move |path| read(&root.join(path)).ok()).await)
            }
            (Engine::Terraform | Engine::Both, Ok(terraform)) => {
                by_terraform(terraform, root, files, self.engine == Engine::Both).await
            }
            (Engine::Terraform | Engine::Both, Err(error)) => Err(FmtError::NoTerraform(*error)),
        }
    }

    /// Asks terraform, where there is one, about the files about which the crate is not sure. Where it does not answer, they
    /// stay in doubt, and what was found in others counts.
    async fn settle_doubts(
        &self,
        mut verdicts: Verdicts,
        content: impl Fn(&Path) -> Option<Vec<u8>> + Send + 'static,
    ) -> Verdicts {
        let Ok(terraform) = &self.terraform else { return verdicts };
        let doubts = verdicts.iter().filter(|(_, judged)| matches!(judged, Judged::NotSure(_)));
        let doubts: Vec<_> = doubts.filter_map(|(path, _)| Some((path.clone(), content(path)?))).collect();
        if doubts.is_empty() {
            return verdicts;
        }
        match judged_by(terraform, doubts).await {
            Ok(settled) => verdicts.extend(settled),
            Err(error) => tell(&error),
        }
        verdicts
    }

    fn reported(&self, judged: Result<Verdicts, FmtError>) -> CheckReport {
        match judged {
            Ok(verdicts) => report(&verdicts, self.settings.show_variable_files),
            Err(error) => {
                tell(&error);
                CheckReport::unavailable(CHECK, &error.to_string())
            }
        }
    }
}

/// Judges the `files` of a directory by what terraform does, and with `compares` tells where the crate would not.
async fn by_terraform(
    terraform: &Terraform,
    root: PathBuf,
    files: Files,
    compares: bool,
) -> Result<Verdicts, FmtError> {
    let deadline = terraform.deadline();
    if files.readable.is_empty() && files.unreadable.is_empty() {
        return Ok(Verdicts::new());
    }
    // Where something is in the way the verdict is clear, and terraform might wait for it forever (a named pipe).
    let objects = !files.unreadable.is_empty() || asked::objects(terraform, &root, deadline).await?;
    if !objects {
        return all_formatted(root, files, compares).await;
    }

    let copying = spawn_blocking(move || {
        let (mut copies, mut gathered) = (Copies::new()?, Gathered::default());
        add_unreadable(&mut gathered, &files);
        for path in files.readable {
            match read(&root.join(&path)) {
                Ok(content) => copies.add(path, &content)?,
                Err(reason) => gathered.add(path, Judged::Unreadable(reason)),
            }
        }
        Ok((copies, gathered, root))
    });
    let (copies, mut gathered, root) = copying.await?.map_err(FmtError::Copy)?;
    let answers = asked::format(terraform, copies, deadline).await?;
    let comparing = spawn_blocking(move || {
        let (budget, mut compared) = (Budget::new(), Compared::default());
        answers.each(|path, answer| {
            let judged = match read(&root.join(path)) {
                Ok(content) => {
                    if compares {
                        compared.add(path, &content, answer);
                    }
                    answer.judged(&content, &budget)
                }
                Err(reason) => Judged::Unreadable(reason),
            };
            gathered.add(path.to_owned(), judged);
            Ok(())
        })?;
        compared.tell();
        Ok(gathered.into_verdicts())
    });
    let verdicts = comparing.await?.map_err(FmtError::Compare)?;
    if verdicts.values().all(|it| *it == Judged::Formatted) {
        return Err(FmtError::Disagreement);
    }
    Ok(verdicts)
}

/// The verdicts where terraform objects to nothing. It is not asked again: with `compares`, each file is what it would write.
async fn all_formatted(root: PathBuf, files: Files, compares: bool) -> Result<Verdicts, FmtError> {
    let comparing = spawn_blocking(move || {
        let mut compared = Compared::default();
        for path in files.readable.iter().filter(|_| compares) {
            if let Ok(content) = read(&root.join(path)) {
                compared.add(path, &content, Answer::Formatted(&content));
            }
        }
        compared.tell();
        files.readable.into_iter().map(|path| (path, Judged::Formatted)).collect()
    });
    Ok(comparing.await?)
}

/// The verdicts of terraform on files with these contents.
async fn judged_by(terraform: &Terraform, files: Vec<(PathBuf, Vec<u8>)>) -> Result<Verdicts, FmtError> {
    let copying = spawn_blocking(move || {
        let mut copies = Copies::new()?;
        for (path, content) in &files {
            copies.add(path.clone(), content)?;
        }
        Ok((copies, files))
    });
    let (copies, files) = copying.await?.map_err(FmtError::Copy)?;
    let answers = asked::format(terraform, copies, terraform.deadline()).await?;
    let comparing = spawn_blocking(move || {
        let (budget, mut verdicts, mut files) = (Budget::new(), Verdicts::new(), files.into_iter());
        answers.each(|_, answer| {
            if let Some((path, content)) = files.next() {
                verdicts.insert(path, answer.judged(&content, &budget));
            }
            Ok(())
        })?;
        Ok(verdicts)
    });
    comparing.await?.map_err(FmtError::Compare)
}

/// Tells operators why the check could not be made.
fn tell(error: &FmtError) {
    let cause = error.source().map(ToString::to_string);
    warn!(event = event::CHECK_UNAVAILABLE, check = CHECK, cause, "check {CHECK} could not run: {error}");
}

fn add_unreadable(gathered: &mut Gathered, files: &Files) {
    for file in &files.unreadable {
        gathered.add(file.path.clone(), Judged::Unreadable(file.reason));
    }
}

/// The check, while an archive streams past.
#[derive(Debug)]
struct Reader {
    check: Fmt,
    stream: Stream,
}

impl Receiver for Reader {
    fn begin(&mut self, path: &Path, size: u64) -> bool {
        self.stream.begin(path, size)
    }

    fn contents(&mut self, bytes: &[u8]) {
        self.stream.contents(bytes);
    }

    fn end(&mut self) {
        self.stream.end();
    }

    fn link(&mut self, path: &Path, target: &Path) -> bool {
        self.stream.link(path, target)
    }
}

impl FileReader for Reader {
    fn report(self: Box<Self>, directory: &Path) -> Pin<Box<dyn Future<Output = CheckReport> + Send>> {
        let directory = directory.to_owned();
        Box::pin(async move {
            let Self { check, stream } = *self;
            let judged = async {
                let finishing = spawn_blocking(move || stream.finish(&directory));
                let Streamed { verdicts, kept } = finishing.await?.map_err(|_died| FmtError::Died)?;
                Ok(check.settle_doubts(verdicts, move |path| kept.get(path).cloned()).await)
            };
            let judged = judged.await;
            check.reported(judged)
        })
    }
}

#[cfg(test)]
mod tests;
