//! Keeps reports in the memory of one process.

use crate::report::{ReportAnswer, ReportFile, ReportName, ReportStore, is_over};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Reports that live as long as the process, at most; the oldest give way to new ones.
pub struct MemoryReports {
    keep: Duration,
    max_bytes: usize,
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    name: ReportName,
    file: ReportFile,
    content: Vec<u8>,
    at: SystemTime,
}

impl MemoryReports {
    /// Keeps each for that long, and no more than so many bytes of all.
    #[must_use]
    pub const fn new(keep: Duration, max_bytes: usize) -> Self {
        Self { keep, max_bytes, kept: Mutex::new(VecDeque::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        // Nothing is left half done while the lock is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_now(&self, new: Kept) {
        let mut kept = self.lock();
        let now = new.at;
        kept.retain(|it| !is_over(it.at, self.keep, now) && (it.name, it.file) != (new.name, new.file));
        kept.push_back(new);
        let mut bytes: usize = kept.iter().map(|it| it.content.len()).sum();
        while bytes > self.max_bytes
            && let Some(oldest) = kept.pop_front()
        {
            bytes -= oldest.content.len();
        }
    }

    fn get_now(&self, name: ReportName, file: ReportFile, now: SystemTime) -> Option<Vec<u8>> {
        let kept = self.lock();
        let found = kept.iter().find(|it| (it.name, it.file) == (name, file))?;
        (!is_over(found.at, self.keep, now)).then(|| found.content.clone())
    }
}

impl fmt::Debug for MemoryReports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReports").field("files", &self.lock().len()).finish_non_exhaustive()
    }
}

impl ReportStore for MemoryReports {
    fn put(
        &self,
        name: ReportName,
        file: ReportFile,
        content: Vec<u8>,
        now: SystemTime,
    ) -> ReportAnswer<'_, ()> {
        self.put_now(Kept { name, file, content, at: now });
        Box::pin(std::future::ready(Ok(())))
    }

    fn get(&self, name: ReportName, file: ReportFile, now: SystemTime) -> ReportAnswer<'_, Option<Vec<u8>>> {
        Box::pin(std::future::ready(Ok(self.get_now(name, file, now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    const DAY: Duration = Duration::from_secs(86_400);

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        contract::reports::check(&MemoryReports::new(DAY, 1 << 20), DAY, SystemTime::UNIX_EPOCH + DAY).await;
    }

    #[test]
    fn the_oldest_give_way_where_there_is_no_room() {
        let store = MemoryReports::new(DAY, 10);
        let at = SystemTime::UNIX_EPOCH;
        let name = |number: u8| ReportName::of_hash([number; 32]);
        for number in 0..3 {
            store.put_now(Kept { name: name(number), file: ReportFile::Page, content: vec![0; 5], at });
        }
        let there = |number: u8| store.get_now(name(number), ReportFile::Page, at).is_some();
        assert_eq!([there(0), there(1), there(2)], [false, true, true]);
        store.put_now(Kept { name: name(3), file: ReportFile::Page, content: vec![0; 11], at });
        assert_eq!([there(1), there(2), there(3)], [false, false, false]);
    }
}
