//! Keeps reports in a directory: `HASH/index.html`, `HASH/report.json` and `HASH/report.sarif`.

use runtask_state::{ReportAnswer, ReportFile, ReportName, ReportStore, ReportStoreError, is_over};
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tracing::debug;

/// How long nobody looks for reports whose time is over. They are not read any more in the meantime.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Reports in a directory that nobody else writes to.
#[derive(Debug, Clone)]
pub struct DirectoryReports(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    keep: Duration,
    swept_at: Mutex<SystemTime>,
}

/// The directory cannot be made, or not be written to.
#[derive(Debug)]
pub struct NoDirectory(pub io::Error);

impl DirectoryReports {
    /// Keeps reports in `directory`, which is made if it is not there, readable by its owner alone; each for that long after it
    /// was written.
    ///
    /// # Errors
    ///
    /// When it cannot be made, or nothing can be written there.
    pub fn new(directory: PathBuf, keep: Duration) -> Result<Self, NoDirectory> {
        let made = private().recursive(true).create(&directory);
        // Who may not write there should hear of it now and not with the first run.
        made.and_then(|()| tempfile::tempfile_in(&directory)).map_err(NoDirectory)?;
        Ok(Self(Arc::new(Inner { directory, keep, swept_at: Mutex::new(SystemTime::UNIX_EPOCH) })))
    }
}

fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

impl Inner {
    fn directory_of(&self, name: ReportName) -> PathBuf {
        self.directory.join(name.to_string())
    }

    fn put(&self, name: ReportName, file: ReportFile, content: &[u8], now: SystemTime) -> io::Result<()> {
        self.sweep(now);
        let directory = self.directory_of(name);
        private().recursive(true).create(&directory)?;
        // Whole or not at all; such a file is readable by its owner alone.
        let mut part = tempfile::NamedTempFile::new_in(&directory)?;
        part.write_all(content)?;
        part.persist(directory.join(file.name()))?;
        Ok(())
    }

    fn get(&self, name: ReportName, file: ReportFile, now: SystemTime) -> io::Result<Option<Vec<u8>>> {
        let path = self.directory_of(name).join(file.name());
        let content = fs::metadata(&path).and_then(|it| it.modified()).and_then(|kept_at| {
            if is_over(kept_at, self.keep, now) { Ok(None) } else { fs::read(&path).map(Some) }
        });
        match content {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            content => content,
        }
    }

    /// Deletes what is read no more.
    fn sweep(&self, now: SystemTime) {
        let mut swept_at = self.swept_at.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_over(*swept_at, SWEEP_EVERY, now) {
            return;
        }
        *swept_at = now;
        drop(swept_at);
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if self.is_forgotten(&path, now)
                && let Err(error) = fs::remove_dir_all(&path)
            {
                debug!("a report whose time is over could not be removed: {error}");
            }
        }
    }

    /// Whether it is one of ours, and old. What else somebody has put there stays.
    fn is_forgotten(&self, path: &Path, now: SystemTime) -> bool {
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        let is_ours = name.len() == 64 && name.bytes().all(|it| it.is_ascii_hexdigit());
        let modified = || fs::symlink_metadata(path).ok().filter(fs::Metadata::is_dir)?.modified().ok();
        is_ours && modified().is_some_and(|it| is_over(it, self.keep, now))
    }
}

impl ReportStore for DirectoryReports {
    fn put(
        &self,
        name: ReportName,
        file: ReportFile,
        content: Vec<u8>,
        now: SystemTime,
    ) -> ReportAnswer<'_, ()> {
        let inner = Arc::clone(&self.0);
        Box::pin(blocking(move || inner.put(name, file, &content, now)))
    }

    fn get(&self, name: ReportName, file: ReportFile, now: SystemTime) -> ReportAnswer<'_, Option<Vec<u8>>> {
        let inner = Arc::clone(&self.0);
        Box::pin(blocking(move || inner.get(name, file, now)))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ReportStoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| ReportStoreError(error.into())),
        Err(error) => Err(ReportStoreError(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_state::contract;
    use std::os::unix::fs::PermissionsExt;

    const DAY: Duration = Duration::from_secs(86_400);

    #[expect(clippy::disallowed_methods, reason = "files have their times by the system's clock")]
    fn now() -> SystemTime {
        SystemTime::now()
    }

    #[tokio::test]
    async fn a_directory_keeps_the_contract() {
        let place = tempfile::tempdir().unwrap();
        let store = DirectoryReports::new(place.path().join("new/reports"), DAY).unwrap();
        contract::reports::check(&store, DAY, now()).await;
    }

    #[tokio::test]
    async fn reports_are_their_owners_alone_and_go_when_they_are_deleted_or_old() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("reports");
        let store = DirectoryReports::new(directory.clone(), DAY).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (one, other) = (ReportName::of_hash([1; 32]), ReportName::of_hash([2; 32]));
        let start = now();
        store.put(one, ReportFile::Page, b"page".to_vec(), start).await.unwrap();
        let of_one = directory.join(one.to_string());
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&of_one), 0o700);
        assert_eq!(mode(&of_one.join("index.html")), 0o600);
        assert_eq!(fs::read_dir(&of_one).unwrap().count(), 1, "nothing half written is left");

        fs::create_dir(directory.join("somebody-elses")).unwrap();
        store.put(other, ReportFile::Page, b"page".to_vec(), start + 2 * DAY).await.unwrap();
        assert!(!of_one.exists(), "what is old is removed");
        assert!(directory.join("somebody-elses").exists());

        fs::remove_dir_all(directory.join(other.to_string())).unwrap();
        assert_eq!(store.get(other, ReportFile::Page, start).await.unwrap(), None);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_told_at_once() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(DirectoryReports::new(file.join("reports"), DAY).is_err());
    }
}
