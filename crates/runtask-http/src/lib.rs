#![doc = include_str!("../README.md")]

mod connections;
mod limits;
mod server;

pub use limits::Limits;
pub use server::serve;
