//! Holds the test that every store of reports has to pass.

#![expect(clippy::expect_used, reason = "it is a test")]

use crate::report::{ReportFile, ReportName, ReportStore};
use std::time::{Duration, SystemTime};

/// Checks a store that keeps reports for `keep`, at a moment that is `now` by the clock with which the store notes when
/// something was kept.
///
/// # Panics
///
/// Where it does not keep to what [`ReportStore`] promises.
pub async fn check(store: &dyn ReportStore, keep: Duration, now: SystemTime) {
    let (one, other) = (ReportName::of_hash([0xab; 32]), ReportName::of_hash([0xcd; 32]));
    for file in ReportFile::ALL {
        assert_eq!(get(store, one, file, now).await, None, "nothing is there before it is kept");
        let content = format!("content of {}", file.name()).into_bytes();
        store.put(one, file, content.clone(), now).await.expect("the store answers");
        assert_eq!(get(store, one, file, now).await, Some(content), "what was kept is there");
        assert_eq!(get(store, other, file, now).await, None, "under its name alone");
    }
    store.put(one, ReportFile::Page, b"again".to_vec(), now).await.expect("the store answers");
    assert_eq!(get(store, one, ReportFile::Page, now).await, Some(b"again".to_vec()), "the last one counts");
    let before = now + keep - Duration::from_secs(60);
    assert!(get(store, one, ReportFile::Page, before).await.is_some(), "it is kept until its time is over");
    let after = now + keep + Duration::from_secs(60);
    assert_eq!(get(store, one, ReportFile::Page, after).await, None, "and no longer");
}

async fn get(
    store: &dyn ReportStore,
    name: ReportName,
    file: ReportFile,
    now: SystemTime,
) -> Option<Vec<u8>> {
    store.get(name, file, now).await.expect("the store answers")
}
