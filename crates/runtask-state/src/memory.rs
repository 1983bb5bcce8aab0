//! Holds the stores that live as long as the process.

mod claims;
mod documents;

pub use claims::MemoryClaims;
pub use documents::MemoryDocuments;
