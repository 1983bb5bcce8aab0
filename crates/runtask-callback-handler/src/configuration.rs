//! Downloads a run's configuration as far as the checks need it: into a directory, or past checks that read files as they
//! come, where all of them do.

use crate::disk::is_full;
use crate::stream::{Reader, pipe};
use runtask_archive::{Limits, Receiver, UnpackError, Unpacked, read, unpack};
use runtask_checks::FileReader;
use runtask_client::{Client, FetchError};
use runtask_log::{Chain, event};
use runtask_process::PrivateDirectory;
use runtask_protocol::AccessToken;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tracing::{Span, info, warn};

/// How often a download that breaks off is started again.
const ATTEMPTS: u32 = 3;

/// A configuration that was downloaded. Where it is on disk, its directory goes when this is dropped, on a thread of its own,
/// because removing a hundred thousand files takes longer than a runtime may be kept from its timers.
#[derive(Debug)]
pub(crate) struct Configuration {
    unpacked: Unpacked,
    files: Files,
}

/// Where the files are.
enum Files {
    OnDisk(Removal),
    /// With the checks that have read them, in the order of the checks.
    Read(Readers),
}

/// The checks of a task that read files as they come; `None` for one that reads no files of a configuration.
pub(crate) type Readers = Vec<Option<Box<dyn FileReader>>>;

/// What is asked of a configuration.
pub(crate) struct Wanted<W, R> {
    /// Whether a check wants a file, by its path.
    pub(crate) file: W,
    /// Makes the checks ready to read; `None` where one of them wants a directory.
    pub(crate) readers: R,
}

/// A directory that is removed on a thread when this is dropped inside a runtime.
#[derive(Debug)]
struct Removal(Option<PrivateDirectory>);

impl Removal {
    fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), PrivateDirectory::path)
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        let directory = self.0.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop(directory)));
        }
    }
}

/// Why there is no configuration to check. The texts are fit for a run's page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigurationError {
    #[error("the configuration could not be downloaded: {0}")]
    Fetch(#[from] FetchError),
    #[error("the configuration archive was not accepted: {0}")]
    Unpack(#[source] UnpackError),
    #[error("there is no space left on disk for the configuration")]
    DiskFull,
    #[error("the configuration could not be kept: {0}")]
    Write(#[source] io::Error),
    #[error("a temporary directory could not be made")]
    Directory(#[source] io::Error),
    #[error("the download of the configuration kept breaking off")]
    BrokenOff,
    #[error("unpacking the configuration ended unexpectedly")]
    Died,
}

/// Why the workspace's working directory cannot be checked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum WorkingDirectoryError {
    #[error("the workspace's working directory leads out of the configuration")]
    Outside,
    #[error("the workspace's working directory `{0}` is not in the configuration")]
    Missing(String),
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OnDisk(_) => "OnDisk",
            Self::Read(_) => "Read",
        })
    }
}

impl Configuration {
    /// Downloads, and unpacks or reads at the same time, without ever holding the archive.
    pub(crate) async fn fetch(
        client: &Client,
        url: &str,
        token: &AccessToken,
        limits: &Limits,
        wanted: Wanted<
            impl Fn(&Path) -> bool + Send + Sync + 'static,
            impl Fn() -> Option<Readers> + Send + Sync + 'static,
        >,
    ) -> Result<Self, ConfigurationError> {
        let wanted = Arc::new(wanted);
        for attempt in 1..=ATTEMPTS {
            let mut body = client.fetch(url, token).await?;
            let (writer, reader) = pipe();
            let (limits, wanted, job) = (limits.clone(), Arc::clone(&wanted), Span::current());
            // The directory belongs to the thread until it is done: if this future is dropped, the thread ends with
            // the stream and takes the directory with it.
            let take = move || {
                job.in_scope(|| match (wanted.readers)() {
                    Some(readers) => Self::read_past(reader, &limits, &wanted.file, readers),
                    None => Self::unpack(reader, &limits, &wanted.file),
                })
            };
            let (filled, taken) = tokio::join!(writer.fill(&mut body), tokio::task::spawn_blocking(take));
            let error = match taken {
                Ok(Ok(configuration)) => return Ok(configuration),
                Ok(Err(error)) => error,
                Err(_panicked) => ConfigurationError::Died,
            };
            match filled {
                Err(broken) if matches!(error, ConfigurationError::BrokenOff) => {
                    warn!(
                        event = event::DOWNLOAD_BROKEN_OFF,
                        attempt,
                        error = %Chain(&broken),
                        "the download broke off"
                    );
                }
                _ => return Err(error),
            }
        }
        Err(ConfigurationError::BrokenOff)
    }

    fn unpack(
        reader: Reader,
        limits: &Limits,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<Self, ConfigurationError> {
        let directory = PrivateDirectory::new().map_err(ConfigurationError::Directory)?;
        let unpacked = unpack(reader, directory.path(), limits, wanted)?;
        Ok(Self::told(unpacked, Files::OnDisk(Removal(Some(directory)))))
    }

    fn read_past(
        reader: Reader,
        limits: &Limits,
        wanted: impl Fn(&Path) -> bool,
        readers: Readers,
    ) -> Result<Self, ConfigurationError> {
        let mut passing = Passing { wanted, readers, takes: Vec::new() };
        let unpacked = read(reader, limits, &mut passing)?;
        Ok(Self::told(unpacked, Files::Read(passing.readers)))
    }

    fn told(unpacked: Unpacked, files: Files) -> Self {
        info!(
            event = event::CONFIGURATION_UNPACKED,
            entries = unpacked.entries,
            files = unpacked.files,
            unpacked_bytes = unpacked.unpacked_bytes,
            "unpacked {} of {} entries",
            unpacked.files,
            unpacked.entries
        );
        Self { unpacked, files }
    }

    /// Removes it from disk before this returns.
    pub(crate) fn remove(self) {
        if let Files::OnDisk(mut removal) = self.files {
            drop(removal.0.take());
        }
    }

    /// The checks that have read the files as they came; empty where the files are on disk. Can be taken once.
    pub(crate) fn readers(&mut self) -> Readers {
        match &mut self.files {
            Files::OnDisk(_) => Readers::new(),
            Files::Read(readers) => std::mem::take(readers),
        }
    }

    /// Where all of it is; nothing where it is not on disk.
    pub(crate) fn root(&self) -> Option<&Path> {
        match &self.files {
            Files::OnDisk(directory) => Some(directory.path()),
            Files::Read(_) => None,
        }
    }

    /// The directory that the workspace works in: `setting` as typed, below the archive's root or below the one
    /// directory that wraps everything. On disk where the files are, else relative to the archive's root.
    pub(crate) fn working_directory(&self, setting: Option<&str>) -> Result<PathBuf, WorkingDirectoryError> {
        let relative = relative(setting.unwrap_or_default())?;
        let wrapped = self.unpacked.wrapping_directory.as_ref().map(|it| it.join(&relative));
        for candidate in [Some(&relative), wrapped.as_ref()].into_iter().flatten() {
            let is_in_archive = self.unpacked.contains_directory(candidate);
            let Files::OnDisk(directory) = &self.files else {
                if is_in_archive {
                    return Ok(candidate.clone());
                }
                continue;
            };
            let root = directory.path();
            let path = root.join(candidate);
            if is_in_archive {
                // A directory without any file that was wanted was not made.
                return match std::fs::create_dir_all(&path) {
                    Ok(()) => Ok(path),
                    Err(_made_no_directory) => {
                        Err(WorkingDirectoryError::Missing(relative.display().to_string()))
                    }
                };
            }
            if let Some(path) = inside(root, &path) {
                return Ok(path);
            }
        }
        Err(WorkingDirectoryError::Missing(relative.display().to_string()))
    }
}

impl From<UnpackError> for ConfigurationError {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Read { .. } => Self::BrokenOff,
            // Its path is this machine's, and nothing for a run's page.
            UnpackError::Write { source, .. } if is_full(&source) => Self::DiskFull,
            UnpackError::Write { source, .. } => Self::Write(source),
            error => Self::Unpack(error),
        }
    }
}

/// Hands what an archive holds to every check that reads it.
struct Passing<W> {
    wanted: W,
    readers: Readers,
    /// Which of the readers take the file that has begun.
    takes: Vec<bool>,
}

impl<W> Passing<W> {
    /// Those who take the file that has begun.
    fn takers(&mut self) -> impl Iterator<Item = &mut Box<dyn FileReader>> {
        let takes = self.takes.iter();
        self.readers.iter_mut().zip(takes).filter(|(_, takes)| **takes).filter_map(|(it, _)| it.as_mut())
    }
}

impl<W: Fn(&Path) -> bool> Receiver for Passing<W> {
    fn begin(&mut self, path: &Path, size: u64) -> bool {
        if !(self.wanted)(path) {
            return false;
        }
        let takes = self.readers.iter_mut().map(|it| it.as_mut().is_some_and(|it| it.begin(path, size)));
        self.takes = takes.collect();
        self.takes.contains(&true)
    }

    fn contents(&mut self, bytes: &[u8]) {
        self.takers().for_each(|it| it.contents(bytes));
    }

    fn end(&mut self) {
        self.takers().for_each(|it| it.end());
    }

    fn link(&mut self, path: &Path, target: &Path) -> bool {
        (self.wanted)(path)
            && self.readers.iter_mut().flatten().filter_map(|it| it.link(path, target).then_some(())).count()
                > 0
    }
}

/// A setting such as `/live/prod/` as a relative path.
pub(crate) fn relative(setting: &str) -> Result<PathBuf, WorkingDirectoryError> {
    let parts =
        Path::new(setting).components().filter(|it| !matches!(it, Component::RootDir | Component::CurDir));
    let parts = parts.map(|part| match part {
        Component::Normal(name) => Ok(name),
        _ => Err(WorkingDirectoryError::Outside),
    });
    parts.collect()
}

/// `path` with its links followed, if it is a directory below `root`.
fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let (root, path) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
    (path.starts_with(root) && path.is_dir()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_archive::ArchiveBuilder;

    fn configuration(archive: ArchiveBuilder) -> Configuration {
        let archive = archive.tar_gz().unwrap();
        let directory = PrivateDirectory::new().unwrap();
        let unpacked = unpack(&archive[..], directory.path(), &Limits::default(), |_| true).unwrap();
        Configuration { unpacked, files: Files::OnDisk(Removal(Some(directory))) }
    }

    /// The same as one that was read as it came.
    fn read_as_it_came(archive: ArchiveBuilder) -> Configuration {
        let archive = archive.tar_gz().unwrap();
        let mut nobody = Passing { wanted: |_: &Path| true, readers: Vec::new(), takes: Vec::new() };
        let unpacked = read(&archive[..], &Limits::default(), &mut nobody).unwrap();
        Configuration { unpacked, files: Files::Read(Vec::new()) }
    }

    fn resolve(configuration: &Configuration, setting: &str) -> Result<String, String> {
        let path = configuration.working_directory(Some(setting)).map_err(|error| error.to_string())?;
        let Files::OnDisk(directory) = &configuration.files else { return Ok(path.display().to_string()) };
        let root = directory.path().canonicalize().unwrap();
        Ok(path.canonicalize().unwrap().strip_prefix(root).unwrap().display().to_string())
    }

    /// the working directory is honoured, however it was typed.
    #[test]
    fn a_working_directory_is_found_as_typed() {
        let archive = ArchiveBuilder::new()
            .file("live/prod/main.tf", b"")
            .directory("empty")
            .symlink("current", "live/prod");
        for configuration in [configuration(archive.clone()), read_as_it_came(archive)] {
            for setting in ["live/prod", "/live/prod", "live/prod/", "./live//prod", "//live/./prod"] {
                assert_eq!(resolve(&configuration, setting).unwrap(), "live/prod", "{setting}");
            }
            assert_eq!(resolve(&configuration, "").unwrap(), "");
            assert_eq!(resolve(&configuration, "/").unwrap(), "");
            assert_eq!(resolve(&configuration, "empty").unwrap(), "empty");
        }
    }

    #[test]
    fn a_working_directory_may_be_a_link_that_was_wanted() {
        let archive = ArchiveBuilder::new().file("live/prod/main.tf", b"").symlink("current", "live/prod");
        assert_eq!(resolve(&configuration(archive), "current").unwrap(), "live/prod");
    }

    #[test]
    fn a_working_directory_stays_inside_and_exists() {
        let archive = ArchiveBuilder::new().file("main.tf", b"");
        for configuration in [configuration(archive.clone()), read_as_it_came(archive)] {
            for setting in ["..", "../x", "a/../../x", "/../etc"] {
                let error = resolve(&configuration, setting).unwrap_err();
                let expected = "the workspace's working directory leads out of the configuration";
                assert_eq!(error, expected, "{setting}");
            }
            let error = resolve(&configuration, "live").unwrap_err();
            assert_eq!(error, "the workspace's working directory `live` is not in the configuration");
            assert!(resolve(&configuration, "main.tf").is_err(), "a file is no directory");
        }
    }

    #[test]
    fn one_wrapping_directory_is_looked_through() {
        let archive = ArchiveBuilder::new().file("acme-net-3e9a1c5/live/main.tf", b"");
        for configuration in [configuration(archive.clone()), read_as_it_came(archive)] {
            assert_eq!(resolve(&configuration, "live").unwrap(), "acme-net-3e9a1c5/live");
            assert_eq!(resolve(&configuration, "acme-net-3e9a1c5").unwrap(), "acme-net-3e9a1c5");
        }
    }
}
