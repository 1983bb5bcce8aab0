//! Compares with the real terraform on files that are made for it: `differential SEED COUNT [DIRECTORY…]`.
//!
//! They are made of the recorded cases, and of the files of the directories, such as a fuzzer's corpus.
//! It prints the differences that it finds, and how many files there were of each kind. The tests do the same with fewer
//! files; a new release of terraform is worth an hour of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that is run by hand: it says what it found, and ends where it cannot go on"
)]

#[path = "../tests/judge/generate.rs"]
mod generate;
#[path = "../tests/judge/mod.rs"]
mod judge;
#[path = "../tests/judge/mutate.rs"]
mod mutate;

use fastrand::Rng;
use judge::{Count, compare, terraform};
use std::collections::BTreeMap;
use terraform_fmt::Refusal;

/// How many files one process of terraform gets.
const BATCH: usize = 1000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(default, |it| it.parse().expect("a number"));
    let (seed, files) = (number(1), number(10_000));
    let mut rng = Rng::with_seed(seed);
    let terraform = terraform();
    let mut pool = mutate::vectors();
    for directory in arguments {
        let entries = std::fs::read_dir(directory).unwrap().map(|it| it.unwrap().path());
        pool.extend(entries.filter_map(|it| std::fs::read(it).ok()));
    }
    let mut count = Count::default();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    while (count.files as u64) < files {
        let batch: Vec<Vec<u8>> = (0..BATCH).map(|index| made(index, &pool, &mut rng)).collect();
        for difference in compare(&terraform, &batch, &mut count) {
            println!("{}\n", difference.show(&batch[difference.index]));
        }
        for file in &batch {
            if let Err(Refusal::NotSure(doubt)) = terraform_fmt::format(file) {
                *reasons.entry(doubt.reason.to_string()).or_insert(0) += 1;
            }
        }
    }
    for (reason, times) in reasons {
        println!("not sure, {times} times: {reason}");
    }
    let Count { files, accepted, rejected, different, not_sure } = count;
    println!(
        "{files} files, {accepted} accepted, {rejected} rejected, {different} different, {not_sure} not sure"
    );
}

/// Of four files one is generated, one is a mutant of that, and two are mutants of the pool.
fn made(index: usize, pool: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    match index % 4 {
        0 => generate::generated(rng),
        1 => mutate::mutated(&[generate::generated(rng), generate::generated(rng)], rng),
        _ => mutate::mutated(pool, rng),
    }
}
