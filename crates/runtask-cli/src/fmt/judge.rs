//! Formats files in memory, several at once.

use runtask_checks::{Faults, workers};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fs, io, thread};
use terraform_fmt::{Doubt, Formatter, Loss, Refusal, SyntaxError};

/// A file, and what came of it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) outcome: Outcome,
}

/// What comes of a file.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is formatted already.
    Formatted,
    /// It is to be changed.
    Changed(Change),
    /// It is not well formed.
    Errors {
        /// In words.
        faults: Faults,
        /// The same for programs.
        errors: Vec<SyntaxError>,
    },
    /// It is not known what terraform would do.
    NotSure(Doubt),
    /// It cannot be read.
    Unreadable(io::Error),
    /// The command was interrupted before it was looked at.
    Skipped,
}

/// A file as it is, and as it is to be.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    /// What is lost.
    pub(super) losses: Vec<Loss>,
    /// Whether it was written, where files are.
    pub(super) is_written: bool,
}

impl Outcome {
    /// Whether it keeps the file from being judged.
    pub(super) fn is_error(&self) -> bool {
        !matches!(self, Self::Formatted | Self::Changed(_))
    }
}

/// Formats these files; what came of each, in their order. Once `stopped` is set, no other is begun.
pub(super) fn judge_all(paths: Vec<PathBuf>, stopped: &AtomicBool) -> Vec<File> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        let mut formatter = Formatter::default();
        let mut judged = Vec::new();
        while !stopped.load(Ordering::Relaxed)
            && let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(path) = paths.get(number)
        {
            judged.push((number, judge_file(&mut formatter, path)));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut judged);
    };
    thread::scope(|scope| {
        for _ in 1..workers(paths.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut outcomes: Vec<Outcome> = paths.iter().map(|_| Outcome::Skipped).collect();
    for (number, outcome) in done.into_inner().unwrap_or_else(PoisonError::into_inner) {
        if let Some(place) = outcomes.get_mut(number) {
            *place = outcome;
        }
    }
    paths.into_iter().zip(outcomes).map(|(path, outcome)| File { path, outcome }).collect()
}

fn judge_file(formatter: &mut Formatter, path: &Path) -> Outcome {
    match fs::read(path) {
        Ok(content) => judge(formatter, &content),
        Err(error) => Outcome::Unreadable(error),
    }
}

/// What comes of a file with this content.
pub(super) fn judge(formatter: &mut Formatter, content: &[u8]) -> Outcome {
    match formatter.format(content) {
        Ok(formatted) => {
            let losses = formatted.losses().to_vec();
            match formatted.into_changed() {
                None => Outcome::Formatted,
                Some(after) => {
                    Outcome::Changed(Change { before: content.to_vec(), after, losses, is_written: true })
                }
            }
        }
        Err(Refusal::Errors(errors)) => {
            Outcome::Errors { faults: Faults::of_errors(content, &errors), errors }
        }
        Err(Refusal::NotSure(doubt)) => Outcome::NotSure(doubt),
    }
}
