#![doc = include_str!("../README.md")]

mod claim;
mod memory;

pub use claim::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
pub use memory::MemoryClaims;
