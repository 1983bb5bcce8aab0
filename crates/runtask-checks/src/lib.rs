#![doc = include_str!("../README.md")]

pub mod fmt;
pub mod plan_summary;
mod terraform;

pub use terraform::{FindError, TIME_LIMIT, Terraform};
