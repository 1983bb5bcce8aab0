//! Holds the test that every store of documents has to pass.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

use crate::{
    Created, Document, DocumentError, DocumentStore, Due, MAX_CONTENT_BYTES, Record, Saved, Version,
};
use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the contract against an empty store that nobody else uses.
///
/// # Panics
///
/// When the store breaks it.
pub async fn check(store: &impl DocumentStore) {
    a_document_is_created_once_and_read_as_it_was_written(store).await;
    a_save_replaces_the_version_that_was_loaded_and_no_other(store).await;
    of_many_that_create_at_once_one_does(store).await;
    of_many_that_save_at_once_one_does(store).await;
    an_expired_document_is_as_if_it_were_not_there(store).await;
    a_save_decides_anew_when_a_document_expires(store).await;
    a_deletion_spares_a_version_that_is_not_the_one_loaded(store).await;
    a_document_that_was_created_again_is_not_the_one_before(store).await;
    every_write_has_a_version_of_its_own(store).await;
    keys_and_contents_are_opaque(store).await;
    a_content_has_a_limit(store).await;
    the_due_list_begins_with_who_has_waited_longest(store).await;
    the_due_list_moves_when_a_document_is_saved(store).await;
    the_due_list_forgets_what_is_gone(store).await;
}

fn at(minutes: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000 + minutes * 60)
}

/// A record that nobody has to see to.
fn record(content: &str, expires_at: SystemTime) -> Record {
    Record { content: content.as_bytes().to_vec(), expires_at, due_at: None }
}

fn due_at(due_at: SystemTime, expires_at: SystemTime) -> Record {
    Record { due_at: Some(due_at), ..record("due", expires_at) }
}

async fn create(store: &impl DocumentStore, key: &str, record: &Record, now: SystemTime) -> Version {
    let Created::Yes(version) = store.create(key, record, now).await.unwrap() else { panic!("{key} exists") };
    version
}

async fn load(store: &impl DocumentStore, key: &str, now: SystemTime) -> Option<Document> {
    store.load(key, now).await.unwrap()
}

async fn save(
    store: &impl DocumentStore,
    key: &str,
    version: Version,
    record: &Record,
    now: SystemTime,
) -> Saved {
    store.save(key, version, record, now).await.unwrap()
}

fn written(saved: Saved) -> Version {
    let Saved::Yes(version) = saved else { panic!("not saved") };
    version
}

/// T-19: whoever comes second does not create it again, and changes nothing.
async fn a_document_is_created_once_and_read_as_it_was_written(store: &impl DocumentStore) {
    assert_eq!(load(store, "created", at(0)).await, None);
    let first = Record { due_at: Some(at(700_000)), ..record("first", at(60) + Duration::from_millis(1)) };
    let version = create(store, "created", &first, at(0)).await;
    let second = record("second", at(90));
    assert_eq!(store.create("created", &second, at(1)).await.unwrap(), Created::Exists);
    assert_eq!(load(store, "created", at(1)).await, Some(Document { version, record: first }));
    assert_eq!(load(store, "another", at(1)).await, None);
}

async fn a_save_replaces_the_version_that_was_loaded_and_no_other(store: &impl DocumentStore) {
    let [one, two, three] = ["one", "two", "three"].map(|it| record(it, at(60)));
    assert_eq!(save(store, "saved", Version(1), &one, at(0)).await, Saved::Changed, "nothing to replace");
    assert_eq!(load(store, "saved", at(0)).await, None);
    let first = create(store, "saved", &one, at(0)).await;
    let second = written(save(store, "saved", first, &two, at(1)).await);
    assert_eq!(save(store, "saved", first, &three, at(2)).await, Saved::Changed);
    assert_eq!(load(store, "saved", at(2)).await, Some(Document { version: second, record: two }));
    let third = written(save(store, "saved", second, &three, at(3)).await);
    assert_eq!(load(store, "saved", at(3)).await, Some(Document { version: third, record: three }));
}

async fn of_many_that_create_at_once_one_does(store: &impl DocumentStore) {
    let records: Vec<_> = (0..8).map(|it| record(&format!("writer {it}"), at(60))).collect();
    let answers = at_once(records.iter().map(|it| store.create("created at once", it, at(0)))).await;
    let versions = answers.into_iter().map(|it| match it.unwrap() {
        Created::Yes(version) => Some(version),
        Created::Exists => None,
    });
    assert_one_won(store, "created at once", versions.zip(records).collect()).await;
}

/// T-34: an approval and a rejection at the same instant.
async fn of_many_that_save_at_once_one_does(store: &impl DocumentStore) {
    let version = create(store, "saved at once", &record("open", at(60)), at(0)).await;
    let records: Vec<_> = (0..8).map(|it| record(&format!("writer {it}"), at(60))).collect();
    let answers = at_once(records.iter().map(|it| store.save("saved at once", version, it, at(1)))).await;
    let versions = answers.into_iter().map(|it| match it.unwrap() {
        Saved::Yes(version) => Some(version),
        Saved::Changed => None,
    });
    assert_one_won(store, "saved at once", versions.zip(records).collect()).await;
}

/// One of the writers was told in which version its record is written, and that is what is there now.
async fn assert_one_won(store: &impl DocumentStore, key: &str, writers: Vec<(Option<Version>, Record)>) {
    let won = |(version, record): (Option<Version>, _)| Some(Document { version: version?, record });
    let mut winners: Vec<_> = writers.into_iter().filter_map(won).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(load(store, key, at(2)).await, winners.pop());
}

async fn an_expired_document_is_as_if_it_were_not_there(store: &impl DocumentStore) {
    let short = record("short", at(5));
    let version = create(store, "expired", &short, at(0)).await;
    let just_before = at(5) - Duration::from_millis(1);
    assert_eq!(store.create("expired", &short, just_before).await.unwrap(), Created::Exists);
    assert!(load(store, "expired", just_before).await.is_some());
    assert_eq!(load(store, "expired", at(5)).await, None);
    assert_eq!(save(store, "expired", version, &record("late", at(60)), at(5)).await, Saved::Changed);
    assert_eq!(load(store, "expired", at(5)).await, None);
    let next = record("next", at(60));
    let next_version = create(store, "expired", &next, at(5)).await;
    assert_eq!(save(store, "expired", version, &record("late", at(60)), at(6)).await, Saved::Changed);
    assert_eq!(load(store, "expired", at(6)).await, Some(Document { version: next_version, record: next }));
}

async fn a_save_decides_anew_when_a_document_expires(store: &impl DocumentStore) {
    let version = create(store, "prolonged", &record("open", at(5)), at(0)).await;
    let version = written(save(store, "prolonged", version, &record("longer", at(60)), at(4)).await);
    assert!(load(store, "prolonged", at(59)).await.is_some());
    written(save(store, "prolonged", version, &record("shorter", at(61)), at(59)).await);
    assert!(load(store, "prolonged", at(60)).await.is_some());
    assert_eq!(load(store, "prolonged", at(61)).await, None);
}

async fn a_deletion_spares_a_version_that_is_not_the_one_loaded(store: &impl DocumentStore) {
    let old = create(store, "deleted", &record("old", at(60)), at(0)).await;
    let new = written(save(store, "deleted", old, &record("new", at(60)), at(1)).await);
    assert!(!store.delete("deleted", old, at(2)).await.unwrap());
    assert!(load(store, "deleted", at(2)).await.is_some());
    assert!(store.delete("deleted", new, at(3)).await.unwrap());
    assert_eq!(load(store, "deleted", at(3)).await, None);
    assert_eq!(save(store, "deleted", new, &record("late", at(60)), at(4)).await, Saved::Changed);
    assert!(store.delete("deleted", new, at(4)).await.unwrap(), "it is gone, as was asked");
    assert!(store.delete("never there", new, at(4)).await.unwrap());
}

async fn a_document_that_was_created_again_is_not_the_one_before(store: &impl DocumentStore) {
    let before = create(store, "again", &record("before", at(60)), at(0)).await;
    store.delete("again", before, at(1)).await.unwrap();
    let after = record("after", at(60));
    let version = create(store, "again", &after, at(2)).await;
    assert_eq!(save(store, "again", before, &record("late", at(60)), at(3)).await, Saved::Changed);
    assert!(!store.delete("again", before, at(3)).await.unwrap());
    assert_eq!(load(store, "again", at(3)).await, Some(Document { version, record: after }));
}

async fn every_write_has_a_version_of_its_own(store: &impl DocumentStore) {
    let same = record("the same", at(60));
    let mut versions = Vec::new();
    for round in 0..3 {
        for key in ["versions-a", "versions-b"] {
            let created = create(store, key, &same, at(round)).await;
            let saved = written(save(store, key, created, &same, at(round)).await);
            assert!(store.delete(key, saved, at(round)).await.unwrap());
            versions.extend([created, saved]);
        }
    }
    let distinct: HashSet<_> = versions.iter().collect();
    assert_eq!(distinct.len(), versions.len(), "{versions:?}");
}

async fn keys_and_contents_are_opaque(store: &impl DocumentStore) {
    let keys =
        ["approval#taskrs-1", "approval#taskrs-10", "APPROVAL#taskrs-1", "{a}:b*?[c]", " \u{e4}\n\"'\\"];
    let contents = [&b""[..], b"\0", b"{\"pending\":1}", b"\xff\xfe not text \x00", "\u{1f980}".as_bytes()];
    for (key, content) in keys.iter().zip(contents) {
        create(store, key, &Record { content: content.to_vec(), ..record("", at(60)) }, at(0)).await;
    }
    for (key, content) in keys.iter().zip(contents) {
        assert_eq!(load(store, key, at(1)).await.unwrap().record.content, content, "{key:?}");
    }
}

async fn a_content_has_a_limit(store: &impl DocumentStore) {
    let of = |bytes| Record { content: vec![0xa5; bytes], ..record("", at(60)) };
    let largest = of(MAX_CONTENT_BYTES);
    let version = create(store, "large", &largest, at(0)).await;
    let larger = of(MAX_CONTENT_BYTES + 1);
    let saved = store.save("large", version, &larger, at(1)).await;
    assert!(matches!(saved, Err(DocumentError::TooLarge { .. })), "{saved:?}");
    assert_eq!(load(store, "large", at(1)).await, Some(Document { version, record: largest }));
    let created = store.create("larger", &larger, at(1)).await;
    assert!(matches!(created, Err(DocumentError::TooLarge { .. })), "{created:?}");
    assert_eq!(load(store, "larger", at(1)).await, None);
}

/// Asserts what is due: keys, and since which minute.
async fn assert_due(store: &impl DocumentStore, now: SystemTime, limit: usize, expected: &[(&str, u64)]) {
    let expected: Vec<_> =
        expected.iter().map(|(key, minutes)| Due { key: (*key).to_owned(), due_at: at(*minutes) }).collect();
    assert_eq!(store.due(now, limit).await.unwrap(), expected);
}

async fn the_due_list_begins_with_who_has_waited_longest(store: &impl DocumentStore) {
    let mut versions = Vec::new();
    for (key, minutes) in [("due-3", 3), ("due-1", 1), ("due-9", 9), ("due-2", 2)] {
        versions.push((key, create(store, key, &due_at(at(minutes), at(60)), at(0)).await));
    }
    assert_due(store, at(1) - Duration::from_millis(1), 10, &[]).await;
    assert_due(store, at(1), 10, &[("due-1", 1)]).await;
    assert_due(store, at(5), 10, &[("due-1", 1), ("due-2", 2), ("due-3", 3)]).await;
    assert_due(store, at(5), 2, &[("due-1", 1), ("due-2", 2)]).await;
    assert_due(store, at(5), 0, &[]).await;
    for (key, version) in versions {
        assert!(store.delete(key, version, at(6)).await.unwrap());
    }
    assert_due(store, at(10), 10, &[]).await;
}

/// How those who find the same document due divide the work: they save a later due time, and one of them may.
async fn the_due_list_moves_when_a_document_is_saved(store: &impl DocumentStore) {
    let taken = create(store, "due-taken", &due_at(at(1), at(60)), at(0)).await;
    let other = create(store, "due-other", &due_at(at(2), at(60)), at(0)).await;
    assert_due(store, at(2), 1, &[("due-taken", 1)]).await;
    let later = due_at(at(3), at(60));
    let first = save(store, "due-taken", taken, &later, at(2)).await;
    assert_eq!(save(store, "due-taken", taken, &due_at(at(1), at(60)), at(2)).await, Saved::Changed);
    assert_due(store, at(2), 1, &[("due-other", 2)]).await;
    assert_due(store, at(3), 10, &[("due-other", 2), ("due-taken", 3)]).await;
    let done = written(save(store, "due-taken", written(first), &record("done", at(60)), at(3)).await);
    assert_due(store, at(30), 10, &[("due-other", 2)]).await;
    let reopened = written(save(store, "due-taken", done, &due_at(at(1), at(60)), at(4)).await);
    assert_due(store, at(30), 10, &[("due-taken", 1), ("due-other", 2)]).await;
    for (key, version) in [("due-taken", reopened), ("due-other", other)] {
        assert!(store.delete(key, version, at(31)).await.unwrap());
    }
}

/// However many have expired, those behind them are found.
async fn the_due_list_forgets_what_is_gone(store: &impl DocumentStore) {
    for number in 0..5 {
        create(store, &format!("due-expired-{number}"), &due_at(at(1), at(5)), at(0)).await;
    }
    let deleted = create(store, "due-deleted", &due_at(at(1), at(60)), at(0)).await;
    let alive = create(store, "due-alive", &due_at(at(2), at(60)), at(0)).await;
    assert!(store.delete("due-deleted", deleted, at(1)).await.unwrap());
    assert_due(store, at(5), 1, &[("due-alive", 2)]).await;
    assert!(store.delete("due-alive", alive, at(6)).await.unwrap());
    assert_due(store, at(7), 10, &[]).await;
}

/// Waits for all of them together, so that their requests are under way at the same time.
async fn at_once<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let mut answers: Vec<_> = calls.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (call, answer) in calls.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(it) = call.as_mut().poll(context) {
                *answer = Some(it);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}
