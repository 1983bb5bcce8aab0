//! Holds the formatter against what terraform 1.11.4 answers, recorded file by file; see `vectors/README.md`.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use terraform_fmt::Refusal;

/// What is wrong with the answer for one file; nothing if it is terraform's.
fn judge(file: &Path) -> Option<String> {
    let input = fs::read(file).unwrap();
    let answer = terraform_fmt::format(&input);
    if let Ok(expected) = fs::read(file.with_extension("out")) {
        return match answer {
            Ok(formatted) => {
                let is_unchanged = formatted.is_unchanged();
                let result = formatted.into_changed().unwrap_or_else(|| input.clone());
                let is_right = result == expected && is_unchanged == (input == expected);
                (!is_right).then(|| {
                    let texts = [result, expected].map(|it| it.escape_ascii().to_string());
                    format!("ours:\n{}\nterraform's:\n{}", texts[0], texts[1])
                })
            }
            Err(refusal) => Some(refusal.to_string()),
        };
    }
    let recorded = fs::read_to_string(file.with_extension("err")).unwrap();
    let expected: Vec<&str> = recorded.lines().skip(1).collect();
    match answer {
        Ok(_) => Some(format!("no error, and not {expected:?}")),
        Err(Refusal::Errors(errors)) => {
            let ours: Vec<String> =
                errors.iter().map(|it| format!("{}:{} {}", it.line, it.column, it.summary)).collect();
            (ours != expected).then(|| format!("ours: {ours:?}\nterraform's: {expected:?}"))
        }
        Err(Refusal::NotSure(doubt)) => Some(doubt.to_string()),
    }
}

#[test]
fn every_recorded_answer_is_given() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let inputs: BTreeSet<PathBuf> = files.filter(|it| it.extension().is_some_and(|it| it == "in")).collect();
    assert_eq!(inputs.len(), 376);
    let wrong: Vec<String> = inputs
        .iter()
        .filter_map(|file| judge(file).map(|it| format!("{}\n{it}", file.file_stem().unwrap().display())))
        .collect();
    assert!(wrong.is_empty(), "{} differ\n\n{}", wrong.len(), wrong.join("\n\n"));
}
