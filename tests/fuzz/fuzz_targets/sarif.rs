//! Reads arbitrary bytes as SARIF: they are findings in the tree that was scanned, or say why there are none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_findings::{Level, Subject};
use runtask_scanners::{FailOn, MAX_ISSUES, Reading, Thresholds, Tree, judge_files, read_sarif};
use std::path::{Component, Path};

fuzz_target!(|bytes: &[u8]| {
    let tree = Tree::new(Path::new("/scratch/tree"), Path::new("/scratch"));
    let with = |fail_on, honor_suppressions| Reading {
        thresholds: Thresholds { fail_on, ..Thresholds::default() },
        tree: &tree,
        honor_suppressions,
    };
    let Ok(scan) = read_sarif(bytes, with(FailOn::Any, true)) else {
        let report = judge_files(&[("file".to_owned(), bytes.to_vec())], with(FailOn::Never, true));
        assert!(report.findings.iter().all(|it| it.level == Level::Error && it.code.is_of_no_check()));
        return;
    };
    assert!(scan.issues.len() <= MAX_ISSUES);
    let found = |it: &runtask_scanners::Scan| it.left_out + it.issues.iter().map(|it| it.count).sum::<usize>();
    // What is suppressed is either told, or found.
    let deaf = read_sarif(bytes, with(FailOn::Any, false)).unwrap();
    assert_eq!(found(&deaf), found(&scan) + scan.suppressed_count);
    let report = judge_files(&[("file".to_owned(), bytes.to_vec())], with(FailOn::Never, true));
    assert!(report.findings.iter().all(|it| it.level != Level::Error));
    assert!(!report.headline.contains(char::is_control));
    for finding in &report.findings {
        assert!(!finding.summary.is_empty() && !finding.summary.contains(char::is_control));
        assert!(!finding.explained().contains(|it: char| it.is_control() && it != '\n'));
        if let Some(Subject::File { path, line }) = &finding.subject {
            assert!(path.components().next().is_some());
            assert!(path.components().all(|it| matches!(it, Component::Normal(_))));
            assert_ne!(*line, Some(0));
        }
    }
});
