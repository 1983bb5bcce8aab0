//! Judges files within this process, by the crate `terraform-fmt`.

use super::diff::{Budget, Difference};
use super::files::read;
use super::gathered::Gathered;
use super::judged::Judged;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use terraform_fmt::Formatter;

/// As many files are worth a thread.
const FILES_OF_A_THREAD: usize = 8;

/// The verdict on a file with this content; `compare` says how it differs from what it should be.
pub(super) fn judge(
    formatter: &mut Formatter,
    content: &[u8],
    compare: impl Fn(&[u8], &[u8]) -> Difference,
) -> Judged {
    match formatter.format(content) {
        Ok(formatted) => match formatted.changed() {
            None => Judged::Formatted,
            Some(changed) => Judged::Unformatted(compare(content, changed)),
        },
        Err(refusal) => Judged::of_refusal(content, refusal),
    }
}

/// Judges the files with these paths below `root`, several at once where there are processors.
pub(super) fn judge_all(root: &Path, files: &[PathBuf]) -> Gathered {
    let (next, budget, gathered) = (AtomicUsize::new(0), Budget::new(), Mutex::new(Gathered::default()));
    let work = || {
        let mut formatter = Formatter::default();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let judged = match read(&root.join(path)) {
                Ok(content) => judge(&mut formatter, &content, |one, other| budget.compare(one, other)),
                Err(reason) => Judged::Unreadable(reason),
            };
            gathered.lock().unwrap_or_else(PoisonError::into_inner).add(path.clone(), judged);
        }
    };
    thread::scope(|scope| {
        for _ in 1..workers(files.len()) {
            scope.spawn(work);
        }
        work();
    });
    gathered.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// How many threads are to format so many files at once, where one has this thread already: a start of another takes as long as
/// a few files, and so does asking for the number of processors.
pub fn workers(files: usize) -> usize {
    match files.div_ceil(FILES_OF_A_THREAD) {
        0 | 1 => 1,
        most => thread::available_parallelism().map_or(1, |it| it.get()).min(most),
    }
}
