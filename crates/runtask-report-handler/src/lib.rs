#![doc = include_str!("../README.md")]

mod directory;
mod pages;
mod token;

pub use directory::{DirectoryReports, NoDirectory};
pub use pages::{PATH, Pages};
pub use token::{NoRandomness, Token};
