#![doc = include_str!("../README.md")]

mod answer;
mod config;
mod handler;
mod keys;
mod rotation;

pub use config::{KeySetting, RequestSettings};
pub use handler::{BadTaskNames, HandOver, HandOverError, RequestHandler, TaskNames};
pub use keys::{FixedKey, KeySource, KeysUnavailable, Trust};
pub use rotation::{KeyVersion, ReadKey, ReadKeyError, RotatingKey};
