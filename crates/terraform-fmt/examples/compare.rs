//! Compares with the real terraform on every file of directory trees: `compare DIRECTORY…`.
//!
//! Files are copied, a few hundred for one process of terraform. Of each tree it prints how many files there were, how many
//! of them terraform accepts and rejects, for how many our answer is another one, and for how many we are not sure. Each
//! difference is shown, and makes it fail.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that is run by hand: it says what it found, and ends where it cannot go on"
)]

#[path = "../tests/judge/mod.rs"]
mod judge;

use judge::{Count, compare, terraform};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use terraform_fmt::{Flavour, Formatter, Refusal, Version};

/// How many files one process of terraform gets, at most.
const BATCH_FILES: usize = 500;
/// How many bytes of files it gets, at most, unless one file has more.
const BATCH_BYTES: u64 = 1 << 20;
/// Larger files are left out: terraform takes the square of their size.
const MAX_BYTES: u64 = 1 << 19;

/// A version that knows all suffixes.
const NEWEST: Version = Version::new(u32::MAX, 0);

fn main() -> ExitCode {
    let directories: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if directories.is_empty() {
        eprintln!("compare DIRECTORY…");
        return ExitCode::from(2);
    }
    let terraform = terraform();
    let mut total = Count::default();
    // The same file in several places is asked for once.
    let mut seen = BTreeSet::new();
    for directory in &directories {
        let mut files = Vec::new();
        walk(directory, &mut files);
        let mut count = Count::default();
        let mut batch: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        for file in files {
            let Ok(content) = std::fs::read(&file) else { continue };
            if !seen.insert(content.clone()) {
                continue;
            }
            bytes += content.len() as u64;
            batch.push((file, content));
            if batch.len() == BATCH_FILES || bytes > BATCH_BYTES {
                judge_batch(&terraform, &std::mem::take(&mut batch), &mut count);
                bytes = 0;
            }
        }
        judge_batch(&terraform, &batch, &mut count);
        print(&directory.display().to_string(), count);
        total.files += count.files;
        total.accepted += count.accepted;
        total.rejected += count.rejected;
        total.different += count.different;
        total.not_sure += count.not_sure;
    }
    print("all", total);
    if total.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(name: &str, count: Count) {
    let Count { files, accepted, rejected, different, not_sure } = count;
    println!(
        "{name}: {files} files, {accepted} accepted, {rejected} rejected, {different} different, {not_sure} not sure"
    );
}

fn judge_batch(terraform: &Path, batch: &[(PathBuf, Vec<u8>)], count: &mut Count) {
    if batch.is_empty() {
        return;
    }
    let contents: Vec<Vec<u8>> = batch.iter().map(|it| it.1.clone()).collect();
    for difference in compare(terraform, &contents, count) {
        let (file, content) = &batch[difference.index];
        println!("{}\n{}\n", file.display(), difference.show(content));
    }
    let mut formatter = Formatter::default();
    for (file, content) in batch {
        if let Err(Refusal::NotSure(doubt)) = formatter.format(content) {
            println!("{}: not sure: {doubt}", file.display());
        }
    }
}

/// All files below a directory whose names say that they are formatted, hidden ones too. Links are not followed.
fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        let is_ours = || {
            let bytes = name.as_encoded_bytes();
            let mut suffixes =
                Flavour::Terraform.suffixes(NEWEST).chain(Flavour::OpenTofu.suffixes(NEWEST)).chain([".hcl"]);
            suffixes.any(|it| bytes.ends_with(it.as_bytes()))
        };
        if kind.is_dir() {
            walk(&entry.path(), files);
        } else if kind.is_file() && is_ours() && entry.metadata().is_ok_and(|it| it.len() <= MAX_BYTES) {
            files.push(entry.path());
        }
    }
}
