//! Checks, their findings and the verdict.
