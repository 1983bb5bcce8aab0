//! Keeps documents in the memory of one process.

use crate::document::{
    Created, Document, DocumentError, DocumentStore, Due, MAX_CONTENT_BYTES, Record, Saved, Version,
};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Documents that live as long as the process, and are lost with it.
///
/// It holds a number of documents and no more, so its memory is bounded: by that number times
/// [`MAX_CONTENT_BYTES`]. Those that have expired are dropped whenever one is created. When it is full of others, the
/// next one is refused ([`DocumentError::Full`]); none that somebody waits for is dropped for it, and each of them can
/// still be saved.
#[derive(Debug)]
pub struct MemoryDocuments {
    max_documents: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    documents: HashMap<String, Document>,
    writes: u128,
}

impl Inner {
    fn live(&self, key: &str, now: SystemTime) -> Option<&Document> {
        self.documents.get(key).filter(|it| it.record.expires_at > now)
    }

    fn write(&mut self, key: &str, record: &Record) -> Version {
        self.writes += 1;
        let version = Version(self.writes);
        self.documents.insert(key.to_owned(), Document { version, record: record.clone() });
        version
    }
}

impl MemoryDocuments {
    /// A store with room for this many documents.
    #[must_use]
    pub fn new(max_documents: usize) -> Self {
        Self { max_documents, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done while the lock is held, so a panic elsewhere does not spoil the map.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DocumentStore for MemoryDocuments {
    async fn create(&self, key: &str, record: &Record, now: SystemTime) -> Result<Created, DocumentError> {
        within_bounds(record)?;
        let mut inner = self.lock();
        inner.documents.retain(|_, it| it.record.expires_at > now);
        if inner.documents.contains_key(key) {
            return Ok(Created::Exists);
        }
        if inner.documents.len() >= self.max_documents {
            return Err(DocumentError::Full);
        }
        Ok(Created::Yes(inner.write(key, record)))
    }

    async fn load(&self, key: &str, now: SystemTime) -> Result<Option<Document>, DocumentError> {
        Ok(self.lock().live(key, now).cloned())
    }

    async fn save(
        &self,
        key: &str,
        version: Version,
        record: &Record,
        now: SystemTime,
    ) -> Result<Saved, DocumentError> {
        within_bounds(record)?;
        let mut inner = self.lock();
        if inner.live(key, now).is_none_or(|it| it.version != version) {
            return Ok(Saved::Changed);
        }
        Ok(Saved::Yes(inner.write(key, record)))
    }

    async fn delete(&self, key: &str, version: Version, now: SystemTime) -> Result<bool, DocumentError> {
        let mut inner = self.lock();
        if inner.live(key, now).is_some_and(|it| it.version != version) {
            return Ok(false);
        }
        inner.documents.remove(key);
        Ok(true)
    }

    async fn due(&self, now: SystemTime, limit: usize) -> Result<Vec<Due>, DocumentError> {
        let mut due: Vec<_> = self
            .lock()
            .documents
            .iter()
            .filter(|(_, it)| it.record.expires_at > now)
            .filter_map(|(key, it)| Some(Due { key: key.clone(), due_at: it.record.due_at? }))
            .filter(|it| it.due_at <= now)
            .collect();
        due.sort_by(|left, right| (left.due_at, &left.key).cmp(&(right.due_at, &right.key)));
        due.truncate(limit);
        Ok(due)
    }
}

fn within_bounds(record: &Record) -> Result<(), DocumentError> {
    let bytes = record.content.len();
    if bytes > MAX_CONTENT_BYTES { Err(DocumentError::TooLarge { bytes }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(minutes: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(minutes * 60)
    }

    fn until(expires_at: SystemTime) -> Record {
        Record { content: b"content".to_vec(), expires_at, due_at: Some(at(0)) }
    }

    fn version(created: Created) -> Version {
        let Created::Yes(version) = created else { panic!("not created") };
        version
    }

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        contract::documents::check(&MemoryDocuments::new(100)).await;
        contract::documents::check(&Arc::new(MemoryDocuments::new(100))).await;
    }

    #[tokio::test]
    async fn a_full_store_refuses_the_next_document_and_keeps_those_it_has() {
        let store = MemoryDocuments::new(2);
        let first = version(store.create("first", &until(at(9)), at(0)).await.unwrap());
        store.create("second", &until(at(5)), at(0)).await.unwrap();
        assert!(matches!(store.create("third", &until(at(9)), at(1)).await, Err(DocumentError::Full)));
        assert_eq!(store.create("first", &until(at(9)), at(1)).await.unwrap(), Created::Exists);
        assert!(matches!(store.save("first", first, &until(at(9)), at(1)).await, Ok(Saved::Yes(_))));
        assert!(store.load("second", at(1)).await.unwrap().is_some());
        // The second has expired.
        version(store.create("third", &until(at(9)), at(5)).await.unwrap());
        assert!(store.load("first", at(5)).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn what_has_expired_takes_no_memory_once_another_is_created() {
        let store = MemoryDocuments::new(100);
        for key in ["a", "b", "c"] {
            store.create(key, &until(at(1)), at(0)).await.unwrap();
        }
        store.create("d", &until(at(9)), at(1)).await.unwrap();
        assert_eq!(store.lock().documents.keys().collect::<Vec<_>>(), ["d"]);
    }

    /// T-34: of threads that save the same version at once, one does.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_threads_that_save_at_once_one_wins() {
        let store = Arc::new(MemoryDocuments::new(1));
        let loaded = version(store.create("approval", &until(at(9)), at(0)).await.unwrap());
        let save = |store: Arc<MemoryDocuments>| async move {
            store.save("approval", loaded, &until(at(9)), at(1)).await.unwrap()
        };
        let writers: Vec<_> = (0..16).map(|_| tokio::spawn(save(Arc::clone(&store)))).collect();
        let mut winners = 0;
        for writer in writers {
            winners += usize::from(writer.await.unwrap() != Saved::Changed);
        }
        assert_eq!(winners, 1);
    }
}
