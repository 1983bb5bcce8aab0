//! What an approval does, from outside.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod outbox;
mod properties;
mod record;
mod results;
mod token;
mod votes;
