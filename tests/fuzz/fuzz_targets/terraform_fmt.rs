//! Formats arbitrary bytes as terraform would: it ends, places are within the file, and memory that a formatter keeps from
//! one file to the next changes no answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terraform_fmt::{Formatter, Refusal};

fuzz_target!(|bytes: &[u8]| {
    let mut formatter = Formatter::default();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    drop(formatter.format(first));
    drop(formatter.format(second));
    let answer = formatter.format(bytes);
    assert_eq!(answer, terraform_fmt::format(bytes));
    match answer {
        Ok(formatted) => assert!(formatted.changed().is_none_or(|it| it != bytes)),
        Err(Refusal::Errors(errors)) => {
            assert!(!errors.is_empty());
            assert!(errors.iter().all(|it| it.range.start <= it.range.end && it.range.end <= bytes.len()));
        }
        Err(Refusal::NotSure(_)) => {}
    }
});
