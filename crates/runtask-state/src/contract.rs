//! What every store must keep to, as tests that all of them run.

pub mod claims;
pub mod documents;
