//! Says why files could not be judged.

use crate::terraform::{FindError, TerraformError};
use std::io;
use tokio::task::JoinError;

/// Why the check could not be made. The texts are plain sentences for people, without paths of this machine.
#[derive(Debug, thiserror::Error)]
pub(super) enum FmtError {
    #[error("the directory to check cannot be read")]
    Directory(#[source] io::Error),
    #[error("the files to check could not be copied to a private directory")]
    Copy(#[source] io::Error),
    #[error("the formatted files could not be compared")]
    Compare(#[source] io::Error),
    #[error("the work was interrupted")]
    Interrupted(#[from] JoinError),
    #[error("a thread that formats ended unexpectedly")]
    Died,
    #[error(transparent)]
    Terraform(#[from] TerraformError),
    #[error("terraform ended with exit code {0}, which `terraform fmt` does not use")]
    ExitCode(i32),
    #[error("terraform reported a problem that belongs to no file")]
    NoFile,
    #[error("terraform objected to the files, but not to a copy of them")]
    Disagreement,
    #[error(transparent)]
    NoTerraform(FindError),
}
