//! Stores that live as long as the process.

mod claims;

pub use claims::MemoryClaims;
