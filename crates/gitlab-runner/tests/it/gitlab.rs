//! Whole jobs beside a GitLab that judges: over HTTP, with real git.

mod cancel;
mod deadline;
mod jobs;
mod runner;
mod terraform;
mod trouble;
