#![doc = include_str!("../README.md")]

mod limits;
mod server;

pub use limits::Limits;
pub use server::serve;
