#![doc = include_str!("../README.md")]

mod claim;
#[cfg(any(test, feature = "test-util"))]
pub mod contract;
mod document;
mod memory;
mod report;

pub use claim::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
pub use document::{
    Created, Document, DocumentError, DocumentStore, Due, MAX_CONTENT_BYTES, Record, Saved, Version,
};
pub use memory::{MemoryClaims, MemoryDocuments, MemoryReports};
pub use report::{ReportAnswer, ReportFile, ReportName, ReportStore, ReportStoreError, is_over};
