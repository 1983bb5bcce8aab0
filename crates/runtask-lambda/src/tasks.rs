//! Fetches the tasks' file, where it is kept in AWS.

use crate::environment::{Aws, lookup};
use runtask_aws::{BadFileUrl, FileError, FileUrl};
use runtask_log::event;
use runtask_setup::TasksFile;
use runtask_tasks::MAX_FILE_BYTES;
use std::path::Path;
use tracing::info;

/// Where a layer puts the files that a tasks' file from elsewhere can name.
const LAYER: &str = "/opt/runtask";

/// Why there is no tasks' file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// It is at no place that we read.
    #[error("RUNTASK_CONFIG: {url:?}")]
    Url {
        /// What the setting says.
        url: String,
        /// Why not.
        source: BadFileUrl,
    },
    /// It could not be read there.
    #[error("RUNTASK_CONFIG: {url}")]
    Read {
        /// Where it is.
        url: String,
        /// Why not.
        source: FileError,
    },
}

/// The tasks' file, where `RUNTASK_CONFIG` is a URL and not a path.
///
/// # Errors
///
/// When it cannot be read there.
pub async fn fetch_tasks(aws: &Aws) -> Result<Option<TasksFile>, FetchError> {
    let Some(url) = lookup("RUNTASK_CONFIG").filter(|it| it.contains("://")) else { return Ok(None) };
    let file: FileUrl = match url.parse() {
        Ok(file) => file,
        Err(source) => return Err(FetchError::Url { url, source }),
    };
    let content = match file.read(aws, MAX_FILE_BYTES).await {
        Ok(content) => content,
        Err(source) => return Err(FetchError::Read { url, source }),
    };
    info!(event = event::TASKS_READ, "read the tasks from {url}");
    Ok(Some(TasksFile::fetched(&url, content, Path::new(LAYER))))
}
