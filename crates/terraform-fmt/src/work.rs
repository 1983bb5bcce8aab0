//! Counts steps, for the tests which hold that work grows with the input and no faster. Outside of tests it does nothing.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts one step.
#[inline]
pub(crate) fn step() {
    steps(1);
}

/// Counts as many steps as `count` bytes took.
#[inline]
pub(crate) fn steps(count: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + count as u64);
    let _counted_in_tests_alone = count;
}

/// How many steps this thread made, which are forgotten.
#[cfg(test)]
pub(crate) fn take() -> u64 {
    STEPS.take()
}
