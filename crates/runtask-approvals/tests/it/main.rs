//! What an approval does, from outside.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod deliver;
mod outbox;
mod properties;
mod record;
mod results;
mod settings;
mod sweep;
mod token;
mod votes;
mod world;
