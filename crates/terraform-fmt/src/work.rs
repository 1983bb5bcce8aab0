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
    #[cfg(test)]
    STEPS.set(STEPS.get() + 1);
}

/// How many steps this thread made, which are forgotten.
#[cfg(test)]
pub(crate) fn take() -> u64 {
    STEPS.take()
}
