#![doc = include_str!("../README.md")]

mod approvals_key;
mod environment;
mod process;
mod scanner_secrets;
mod secrets;
mod sweep_event;
mod tasks;
mod time_left;

pub use approvals_key::{NoApprovalsKey, read_approvals_key};
pub use environment::{Aws, aws, lookup, now, start};
pub use process::run_function;
pub use scanner_secrets::{BadScannerSecrets, read_scanner_secrets};
pub use secrets::{SecretError, Secrets, read_secrets};
pub use sweep_event::{SweepEvent, SweepEventError};
pub use tasks::{FetchError, fetch_tasks};
pub use time_left::time_left;
