//! Holds the stores that live as long as the process.

mod claims;
mod documents;
mod reports;

pub use claims::MemoryClaims;
pub use documents::MemoryDocuments;
pub use reports::MemoryReports;
