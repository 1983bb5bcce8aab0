//! Finds the sources that a file of tasks names.

use anyhow::{Context, anyhow};
use runtask_findings::shown_path;
use runtask_setup::TasksFile;
use runtask_sources::{Places, Source, cache_directory};
use runtask_terminal::environment::{lookup, now};
use std::path::Path;

/// What a file of tasks has fetched.
#[derive(Debug)]
pub(crate) struct Named {
    /// The sources, in the order of their texts.
    pub(crate) sources: Vec<Source>,
    /// Where they are pinned and kept.
    pub(crate) places: Places,
}

impl Named {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, and everything that is wrong with it.
    pub(crate) fn by(file: &Path) -> anyhow::Result<Self> {
        let read = TasksFile::read(file).with_context(|| format!("{} cannot be read", shown_path(file)))?;
        let mut sources = read.sources(now()).map_err(|problems| anyhow!("{problems}"))?;
        sources.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        Ok(Self { sources, places: Places::new(read.directory(), cache_directory(lookup)) })
    }
}
