#![doc = include_str!("../README.md")]

mod directory;
mod find;
mod group;
pub mod guard;
mod hidden;
mod output;
mod program;

pub use directory::PrivateDirectory;
pub use find::{find_program, is_program};
pub use hidden::hide_from_others;
pub use output::{Flooded, read_bounded, read_tail};
pub use program::{Finished, Program, RunError, Running, this_program};
