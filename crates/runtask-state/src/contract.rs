//! Holds the tests that every store has to pass.

pub mod claims;
pub mod documents;
pub mod reports;
