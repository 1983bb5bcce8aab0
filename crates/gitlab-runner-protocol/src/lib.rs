#![doc = include_str!("../README.md")]

pub mod job;
mod secret;

pub use secret::{JobToken, RunnerToken};
