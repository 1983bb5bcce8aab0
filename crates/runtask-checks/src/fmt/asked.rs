//! Asks terraform about files.

use super::copies::Copies;
use super::diff::Budget;
use super::error::FmtError;
use super::judged::{Faults, Judged};
use super::output::{self, Diagnostic};
use crate::terraform::Terraform;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use tokio::time::Instant;

/// Exit codes of `terraform fmt`: nothing to do, errors, and (with `-check`) files that differ.
const OK: i32 = 0;
const ERRORS: i32 = 2;
const DIFFERENT: i32 = 3;

/// What terraform has made of copies.
#[derive(Debug)]
pub(super) struct Answers {
    copies: Copies,
    /// The errors of those that it cannot parse, by their numbers.
    broken: BTreeMap<usize, Vec<Diagnostic>>,
}

/// What terraform says of one file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer<'a> {
    /// It would write this.
    Formatted(&'a [u8]),
    /// It cannot parse it.
    Errors(&'a [Diagnostic]),
}

/// Whether terraform objects to anything in a directory; what is not said.
pub(super) async fn objects(
    terraform: &Terraform,
    directory: &Path,
    deadline: Instant,
) -> Result<bool, FmtError> {
    let arguments = ["fmt", "-check", "-recursive", "-list=false", "-no-color", "."];
    match terraform.run(&arguments, directory, deadline).await?.code {
        OK => Ok(false),
        DIFFERENT | ERRORS => Ok(true),
        code => Err(FmtError::ExitCode(code)),
    }
}

/// Has terraform format copies.
pub(super) async fn format(
    terraform: &Terraform,
    copies: Copies,
    deadline: Instant,
) -> Result<Answers, FmtError> {
    let arguments = ["fmt", "-recursive", "-list=false", "-write=true", "-no-color", "."];
    let finished = terraform.run(&arguments, copies.path(), deadline).await?;
    let broken = match finished.code {
        OK => BTreeMap::new(),
        ERRORS => by_file(output::diagnostics(&finished.stderr), &copies)?,
        code => return Err(FmtError::ExitCode(code)),
    };
    Ok(Answers { copies, broken })
}

/// Sorts terraform's errors by the copy that they are about.
fn by_file(errors: Vec<Diagnostic>, copies: &Copies) -> Result<BTreeMap<usize, Vec<Diagnostic>>, FmtError> {
    let numbers: BTreeMap<&str, usize> =
        copies.files.iter().enumerate().map(|(number, copy)| (&*copy.name, number)).collect();
    let mut sorted: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
    for error in errors {
        // One without a file is not about a configuration: terraform could not read or write its files.
        let number = error.place.as_ref().and_then(|it| numbers.get(&*it.file)).ok_or(FmtError::NoFile)?;
        sorted.entry(*number).or_default().push(error);
    }
    if sorted.is_empty() { Err(FmtError::NoFile) } else { Ok(sorted) }
}

impl Answers {
    /// Goes through the files in the order in which they were copied.
    pub(super) fn each(&self, mut take: impl FnMut(&Path, Answer<'_>) -> io::Result<()>) -> io::Result<()> {
        for (number, copy) in self.copies.files.iter().enumerate() {
            match self.broken.get(&number) {
                Some(errors) => take(&copy.original, Answer::Errors(errors))?,
                None => take(&copy.original, Answer::Formatted(&self.copies.read(copy)?))?,
            }
        }
        Ok(())
    }
}

impl Answer<'_> {
    /// The verdict on a file with this content.
    pub(super) fn judged(self, content: &[u8], budget: &Budget) -> Judged {
        match self {
            Self::Formatted(formatted) if formatted == content => Judged::Formatted,
            Self::Formatted(formatted) => Judged::Unformatted(budget.compare(content, formatted)),
            Self::Errors(errors) => Judged::Unparsable(Faults::of(
                content,
                errors.iter().map(|it| (it.summary.as_str(), it.line())),
            )),
        }
    }
}
