//! Unpacks a run's configuration as far as the checks need it.

use crate::disk::is_full;
use crate::stream::{Reader, pipe};
use runtask_archive::{Limits, UnpackError, Unpacked, unpack};
use runtask_client::{Client, FetchError};
use runtask_log::{Chain, event};
use runtask_process::PrivateDirectory;
use runtask_protocol::AccessToken;
use std::io;
use std::path::{Component, Path, PathBuf};
use tracing::{Span, info, warn};

/// How often a download that breaks off is started again.
const ATTEMPTS: u32 = 3;

/// A configuration on disk; the directory goes when this is dropped, on a thread of its own, because removing a hundred
/// thousand files takes longer than a runtime may be kept from its timers.
#[derive(Debug)]
pub(crate) struct Configuration {
    directory: Removal,
    unpacked: Unpacked,
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

impl Configuration {
    /// Downloads and unpacks at the same time, without ever holding the archive.
    pub(crate) async fn fetch(
        client: &Client,
        url: &str,
        token: &AccessToken,
        limits: &Limits,
        wanted: impl Fn(&Path) -> bool + Clone + Send + 'static,
    ) -> Result<Self, ConfigurationError> {
        for attempt in 1..=ATTEMPTS {
            let mut body = client.fetch(url, token).await?;
            let (writer, reader) = pipe();
            let (limits, wanted, job) = (limits.clone(), wanted.clone(), Span::current());
            // The directory belongs to the thread until it is done: if this future is dropped, the thread ends with
            // the stream and takes the directory with it.
            let unpack = move || job.in_scope(|| Self::unpack(reader, &limits, wanted));
            let unpacking = tokio::task::spawn_blocking(unpack);
            let (filled, unpacked) = tokio::join!(writer.fill(&mut body), unpacking);
            let error = match unpacked {
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
        match unpack(reader, directory.path(), limits, wanted) {
            Ok(unpacked) => {
                info!(
                    event = event::CONFIGURATION_UNPACKED,
                    entries = unpacked.entries,
                    files = unpacked.files_written,
                    unpacked_bytes = unpacked.unpacked_bytes,
                    "unpacked {} of {} entries",
                    unpacked.files_written,
                    unpacked.entries
                );
                Ok(Self { directory: Removal(Some(directory)), unpacked })
            }
            Err(UnpackError::Read { .. }) => Err(ConfigurationError::BrokenOff),
            // Its path is this machine's, and nothing for a run's page.
            Err(UnpackError::Write { source, .. }) if is_full(&source) => Err(ConfigurationError::DiskFull),
            Err(UnpackError::Write { source, .. }) => Err(ConfigurationError::Write(source)),
            Err(error) => Err(ConfigurationError::Unpack(error)),
        }
    }

    /// Removes it from disk before this returns.
    pub(crate) fn remove(mut self) {
        drop(self.directory.0.take());
    }

    /// Where all of it is.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The directory that the workspace works in: `setting` as typed, below the archive's root or below the one
    /// directory that wraps everything.
    pub(crate) fn working_directory(&self, setting: Option<&str>) -> Result<PathBuf, WorkingDirectoryError> {
        let relative = relative(setting.unwrap_or_default())?;
        let root = self.directory.path();
        let wrapped = self.unpacked.wrapping_directory.as_ref().map(|it| it.join(&relative));
        for candidate in [Some(&relative), wrapped.as_ref()].into_iter().flatten() {
            let path = root.join(candidate);
            if self.unpacked.contains_directory(candidate) {
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

/// A setting such as `/live/prod/` as a relative path.
fn relative(setting: &str) -> Result<PathBuf, WorkingDirectoryError> {
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
        Configuration { directory: Removal(Some(directory)), unpacked }
    }

    fn resolve(configuration: &Configuration, setting: &str) -> Result<String, String> {
        let root = configuration.directory.path().canonicalize().unwrap();
        let path = configuration.working_directory(Some(setting)).map_err(|error| error.to_string())?;
        Ok(path.canonicalize().unwrap().strip_prefix(root).unwrap().display().to_string())
    }

    /// the working directory is honoured, however it was typed.
    #[test]
    fn a_working_directory_is_found_as_typed() {
        let archive = ArchiveBuilder::new()
            .file("live/prod/main.tf", b"")
            .directory("empty")
            .symlink("current", "live/prod");
        let configuration = configuration(archive);
        for setting in ["live/prod", "/live/prod", "live/prod/", "./live//prod", "//live/./prod", "current"] {
            assert_eq!(resolve(&configuration, setting).unwrap(), "live/prod", "{setting}");
        }
        assert_eq!(resolve(&configuration, "").unwrap(), "");
        assert_eq!(resolve(&configuration, "/").unwrap(), "");
        assert_eq!(resolve(&configuration, "empty").unwrap(), "empty");
    }

    #[test]
    fn a_working_directory_stays_inside_and_exists() {
        let configuration = configuration(ArchiveBuilder::new().file("main.tf", b""));
        for setting in ["..", "../x", "a/../../x", "/../etc"] {
            let error = resolve(&configuration, setting).unwrap_err();
            assert_eq!(
                error, "the workspace's working directory leads out of the configuration",
                "{setting}"
            );
        }
        let error = resolve(&configuration, "live").unwrap_err();
        assert_eq!(error, "the workspace's working directory `live` is not in the configuration");
        assert!(resolve(&configuration, "main.tf").is_err(), "a file is no directory");
    }

    #[test]
    fn one_wrapping_directory_is_looked_through() {
        let archive = ArchiveBuilder::new().file("acme-net-3e9a1c5/live/main.tf", b"");
        let configuration = configuration(archive);
        assert_eq!(resolve(&configuration, "live").unwrap(), "acme-net-3e9a1c5/live");
        assert_eq!(resolve(&configuration, "acme-net-3e9a1c5").unwrap(), "acme-net-3e9a1c5");
    }
}
