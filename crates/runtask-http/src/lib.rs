#![doc = include_str!("../README.md")]

mod server;

pub use server::serve;
