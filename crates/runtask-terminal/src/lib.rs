#![doc = include_str!("../README.md")]

pub mod environment;
pub mod exit;
pub mod logging;
pub mod options;
pub mod output;
pub mod signals;
