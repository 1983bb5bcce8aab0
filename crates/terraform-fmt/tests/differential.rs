//! Holds the formatter against the real terraform, on files that are made for it.
//!
//! `examples/differential.rs` does the same for longer.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

#[path = "judge/generate.rs"]
mod generate;
mod judge;
#[path = "judge/mutate.rs"]
mod mutate;

use fastrand::Rng;
use judge::{Answer, Count, compare, terraform};

/// How many files one process of terraform gets.
const BATCH: usize = 1000;

/// Asks both about files that `make` makes, and shows the first differences.
fn check(seed: u64, batches: usize, mut make: impl FnMut(&mut Rng) -> Vec<u8>) -> Count {
    let terraform = terraform();
    let mut rng = Rng::with_seed(seed);
    let mut count = Count::default();
    for _ in 0..batches {
        let files: Vec<Vec<u8>> = (0..BATCH).map(|_| make(&mut rng)).collect();
        let differences = compare(&terraform, &files, &mut count);
        let shown: Vec<String> = differences.iter().take(5).map(|it| it.show(&files[it.index])).collect();
        assert!(shown.is_empty(), "{} differ\n\n{}", differences.len(), shown.join("\n\n"));
    }
    count
}

#[test]
fn mutants_of_the_recorded_cases_are_judged_as_terraform_judges_them() {
    let vectors = mutate::vectors();
    let count = check(1, 3, |rng| mutate::mutated(&vectors, rng));
    assert!(count.accepted > 400 && count.rejected > 1500 && count.not_sure * 10 < count.files, "{count:?}");
}

#[test]
fn generated_files_are_formatted_as_terraform_formats_them() {
    let count = check(2, 2, generate::generated);
    assert!(count.accepted > 1200 && count.not_sure == 0, "{count:?}");
}

#[test]
fn mutants_of_generated_files_are_judged_as_terraform_judges_them() {
    let make = |rng: &mut Rng| mutate::mutated(&[generate::generated(rng), generate::generated(rng)], rng);
    let count = check(3, 1, make);
    assert!(count.not_sure * 10 < count.files, "{count:?}");
}

/// A judge that always agrees would not be one.
#[test]
fn a_wrong_answer_is_found() {
    let files = [b"a=1\n".to_vec(), b"a = )\n".to_vec()];
    let mut count = Count::default();
    assert!(compare(&terraform(), &files, &mut count).is_empty());
    assert_eq!((count.files, count.accepted, count.rejected), (2, 1, 1));
    let ours = judge::ours(&mut terraform_fmt::Formatter::default(), &files[1]);
    assert_eq!(ours, Answer::Rejected(vec![(1, "Invalid expression".to_owned())]));
}
