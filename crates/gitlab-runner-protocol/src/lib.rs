#![doc = include_str!("../README.md")]

pub mod job;
pub mod log;
mod secret;

pub use secret::{JobToken, RunnerToken, SecretText};
