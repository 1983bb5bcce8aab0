//! Judges the files of an archive as they stream past: nothing is written to disk.

use super::diff::Budget;
use super::files::{
    LEADS_NOWHERE, MAX_FILE_BYTES, OPENING_FAILED, TO_DIRECTORY, TOO_LARGE, is_formatted_file,
};
use super::gathered::Gathered;
use super::judged::{Judged, Verdicts};
use super::native::{judge, workers};
use runtask_archive::Receiver;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::mem;
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use terraform_fmt::Formatter;

/// Files that are handed to a thread together: as many as have so many bytes. So little is allocated from memory that was freed
/// before; a large piece would be new memory from the system each time.
const BATCH_BYTES: usize = 64 * 1024;
/// What a batch has room for at first; a usual file that comes last fits as well.
const BATCH_ROOM: usize = BATCH_BYTES + BATCH_BYTES / 4;
/// How many files are handed on together at most.
const BATCH_FILES: usize = 1024;
/// Links that are followed from one to the next, as Linux does it.
const MAX_LINKS: usize = 40;
/// Bytes of files that are kept for terraform to judge.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// Takes the files of an archive and judges them.
#[derive(Debug)]
pub(super) struct Stream {
    /// Every file and link that was wanted.
    entries: BTreeMap<PathBuf, Entry>,
    /// The file that has begun.
    current: PathBuf,
    batch: Batch,
    /// The threads that judge; none while one batch is enough, or where there is one processor.
    threads: Vec<JoinHandle<()>>,
    sender: Option<SyncSender<Batch>>,
    shared: Arc<Shared>,
    /// For what no thread judges.
    formatter: Formatter,
    /// How many threads judge, once there is enough for them.
    workers: usize,
}

/// What a path of the archive is.
#[derive(Debug)]
enum Entry {
    File,
    Link(PathBuf),
}

/// Files one behind the other.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Their paths, and where each ends.
    files: Vec<(PathBuf, usize)>,
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    /// Where the workspace works.
    directory: PathBuf,
    budget: Budget,
    judged: Mutex<JudgedSoFar>,
}

#[derive(Debug, Default)]
struct JudgedSoFar {
    gathered: Gathered,
    /// Whether files are kept for terraform where the crate is not sure.
    keeps: bool,
    kept: BTreeMap<PathBuf, Vec<u8>>,
    kept_bytes: usize,
}

/// What was found below a directory.
#[derive(Debug)]
pub(super) struct Streamed {
    /// By their paths below the directory.
    pub(super) verdicts: Verdicts,
    /// The contents of those about which the crate is not sure, as far as there was room.
    pub(super) kept: BTreeMap<PathBuf, Vec<u8>>,
}

/// A thread that judged has panicked.
#[derive(Debug)]
pub(super) struct ThreadDied;

impl Stream {
    /// For one archive of a workspace that works in `directory`. `keeps` says whether the content of a
    /// file is of use about which the crate is not sure.
    pub(super) fn new(directory: &Path, keeps: bool) -> Self {
        let judged = JudgedSoFar { keeps, ..JudgedSoFar::default() };
        Self {
            entries: BTreeMap::new(),
            current: PathBuf::new(),
            batch: Batch::default(),
            threads: Vec::new(),
            sender: None,
            shared: Arc::new(Shared {
                directory: directory.to_owned(),
                budget: Budget::new(),
                judged: Mutex::new(judged),
            }),
            formatter: Formatter::default(),
            workers: workers(usize::MAX),
        }
    }

    /// Hands the batch to a thread.
    fn pass_on(&mut self) {
        let batch = mem::take(&mut self.batch);
        if self.workers == 1 {
            return self.shared.judge(&mut self.formatter, &batch);
        }
        let sender = self.sender.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::sync_channel::<Batch>(self.workers);
            let receiver = Arc::new(Mutex::new(receiver));
            self.threads.extend((0..self.workers).map(|_| {
                let (receiver, shared) = (Arc::clone(&receiver), Arc::clone(&self.shared));
                thread::spawn(move || {
                    let next = || receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let mut formatter = Formatter::default();
                    while let Ok(batch) = next() {
                        shared.judge(&mut formatter, &batch);
                    }
                })
            }));
            sender
        });
        // Where no thread is left, the files have no verdict, and that is noticed.
        let _none_is_left = sender.send(batch);
    }

    /// Waits until all files so far are judged.
    fn settle(&mut self) -> Result<(), ThreadDied> {
        let batch = mem::take(&mut self.batch);
        self.shared.judge(&mut self.formatter, &batch);
        drop(self.sender.take());
        let mut all = Ok(());
        for thread in self.threads.drain(..) {
            all = all.and(thread.join().map_err(|_panic| ThreadDied));
        }
        all
    }

    /// Forgets what an earlier entry of the archive has put there.
    fn replace(&mut self, path: &Path, entry: Entry) {
        if self.entries.insert(path.to_owned(), entry).is_some() {
            // Its verdict may be on the way.
            let _noticed_at_the_end = self.settle();
            self.shared.with(|it| {
                it.gathered.remove(path);
                it.kept.remove(path);
            });
        }
    }

    /// What was found below `directory`, when the archive is at its end.
    pub(super) fn finish(mut self, directory: &Path) -> Result<Streamed, ThreadDied> {
        self.settle()?;
        let JudgedSoFar { gathered, kept, .. } = self.shared.with(mem::take);
        let judged = gathered.into_verdicts();
        let mut streamed = Streamed { verdicts: Verdicts::new(), kept: BTreeMap::new() };
        for (path, entry) in &self.entries {
            let Ok(below) = path.strip_prefix(directory) else { continue };
            if !is_formatted_file(below) {
                continue;
            }
            let target = match entry {
                Entry::File => Ok(path.clone()),
                Entry::Link(_) => self.followed(path),
            };
            let verdict = match target {
                Ok(target) => {
                    if let Some(content) = kept.get(&target) {
                        streamed.kept.insert(below.to_owned(), content.clone());
                    }
                    // A file without a verdict must not pass for one that is formatted.
                    judged.get(&target).cloned().ok_or(ThreadDied)?
                }
                Err(reason) => Judged::Unreadable(reason),
            };
            streamed.verdicts.insert(below.to_owned(), verdict);
        }
        Ok(streamed)
    }

    /// The file that a path leads to, as if all that was wanted were on disk.
    fn followed(&self, path: &Path) -> Result<PathBuf, &'static str> {
        let mut links = 0;
        let mut at = PathBuf::new();
        let mut ahead: Vec<PathBuf> = parts(path);
        while let Some(part) = ahead.pop() {
            if part == Path::new("..") {
                at.pop();
                continue;
            }
            at.push(part);
            match self.entries.get(&at) {
                Some(Entry::Link(target)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(OPENING_FAILED);
                    }
                    at.pop();
                    ahead.extend(parts(target));
                }
                Some(Entry::File) if ahead.is_empty() => return Ok(at),
                Some(Entry::File) => return Err(OPENING_FAILED),
                None if self.is_directory(&at) => {}
                None => return Err(LEADS_NOWHERE),
            }
        }
        Err(TO_DIRECTORY)
    }

    fn is_directory(&self, path: &Path) -> bool {
        let next = self.entries.range::<Path, _>((Bound::Included(path), Bound::Unbounded)).next();
        next.is_some_and(|(next, _)| next.starts_with(path))
    }
}

/// Whether `path` lies in `directory`, or in the one of that name below a directory that may wrap everything.
fn may_be_in(path: &Path, directory: &Path) -> bool {
    let mut below = path.components();
    below.next();
    path.starts_with(directory) || below.as_path().starts_with(directory)
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter(|it| !matches!(it, Component::CurDir | Component::RootDir));
    parts.rev().map(|it| Path::new::<OsStr>(it.as_os_str()).to_owned()).collect()
}

impl Receiver for Stream {
    fn begin(&mut self, path: &Path, size: u64) -> bool {
        self.replace(path, Entry::File);
        if size > MAX_FILE_BYTES {
            let judged = Judged::Unreadable(TOO_LARGE);
            self.shared.with(|it| it.gathered.add(path.to_owned(), judged));
            return false;
        }
        self.current = path.to_owned();
        true
    }

    fn contents(&mut self, bytes: &[u8]) {
        if self.batch.bytes.capacity() == 0 {
            self.batch.bytes.reserve(BATCH_ROOM);
        }
        self.batch.bytes.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.batch.files.push((mem::take(&mut self.current), self.batch.bytes.len()));
        if self.batch.bytes.len() >= BATCH_BYTES || self.batch.files.len() >= BATCH_FILES {
            self.pass_on();
        }
    }

    fn link(&mut self, path: &Path, target: &Path) -> bool {
        self.replace(path, Entry::Link(target.to_owned()));
        true
    }
}

impl Shared {
    fn with<T>(&self, what: impl FnOnce(&mut JudgedSoFar) -> T) -> T {
        what(&mut self.judged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn judge(&self, formatter: &mut Formatter, batch: &Batch) {
        let mut start = 0;
        for (path, end) in &batch.files {
            let content = batch.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            let is_here = may_be_in(path, &self.directory);
            let judged = judge(formatter, content, |one, other| match is_here {
                true => self.budget.compare(one, other),
                false => Budget::compare_elsewhere(one, other),
            });
            self.with(|it| {
                if matches!(judged, Judged::NotSure(_))
                    && it.keeps
                    && it.kept_bytes + content.len() <= KEPT_BYTES
                {
                    it.kept_bytes += content.len();
                    it.kept.insert(path.clone(), content.to_owned());
                }
                it.gathered.add(path.clone(), judged);
            });
        }
    }
}
