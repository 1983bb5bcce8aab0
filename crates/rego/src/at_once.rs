//! Does the same to many things, on several threads.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each item, in their order. Whoever has nothing to do takes the next one.
pub(crate) fn at_once<I: Send, O: Send>(
    threads: usize,
    items: Vec<I>,
    work: impl Fn(I) -> O + Sync,
) -> Vec<O> {
    at_once_after(threads, || {}, items, work)
}

/// The same, with something that each thread does `first`.
pub(crate) fn at_once_after<I: Send, O: Send>(
    threads: usize,
    first: impl Fn() + Sync,
    items: Vec<I>,
    work: impl Fn(I) -> O + Sync,
) -> Vec<O> {
    let others = 1..threads.min(items.len());
    if others.is_empty() {
        first();
        return items.into_iter().map(work).collect();
    }
    let mut made: Vec<Option<O>> = items.iter().map(|_| None).collect();
    {
        let waiting = Mutex::new(items.into_iter().zip(&mut made));
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work_on = || {
            first();
            while let Some((item, made)) = next() {
                *made = Some(work(item));
            }
        };
        thread::scope(|scope| {
            for _ in others {
                // Where no thread can be started, this one does everything.
                let _started = thread::Builder::new().spawn_scoped(scope, work_on);
            }
            work_on();
        });
    }
    made.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_made_in_its_order() {
        for threads in [0, 1, 2, 7] {
            for count in [0, 1, 2, 100] {
                let made = at_once(threads, (0..count).collect(), |it: u32| it * it);
                assert_eq!(made, (0..count).map(|it| it * it).collect::<Vec<_>>(), "{threads}");
            }
        }
    }

    #[test]
    fn a_panic_is_everybodys() {
        let made = std::panic::catch_unwind(|| {
            at_once(2, vec![1, 2, 3], |it| assert!(it != 2, "two"));
        });
        assert!(made.is_err());
    }
}
