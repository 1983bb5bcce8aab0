#![doc = include_str!("../README.md")]

mod claim;
#[cfg(any(test, feature = "test-util"))]
pub mod contract;
mod memory;

pub use claim::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
pub use memory::MemoryClaims;
