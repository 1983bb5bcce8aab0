#![doc = include_str!("../README.md")]

mod directory;
mod find;
mod group;
pub mod guard;
mod hidden;
mod interrupts;
mod leftovers;
mod output;
mod program;
mod table;

pub use directory::PrivateDirectory;
pub use find::{find_program, is_program};
pub use group::StopSignal;
pub use hidden::{hide_from_others, is_hidden_from_others};
pub use interrupts::let_children_be_interrupted;
pub use leftovers::{Leftovers, NotGone, Whose};
pub use output::{Flooded, read_bounded, read_tail};
pub use program::{Finished, Program, RunError, Running, this_program};
