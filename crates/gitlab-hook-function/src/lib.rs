#![doc = include_str!("../README.md")]

mod hook;
mod proof;
mod settings;

pub use hook::{Hook, NotStarted, ReadSecrets, StartRunner};
pub use proof::{BadSecrets, HookSecrets, Refusal};
pub use settings::HookSettings;
