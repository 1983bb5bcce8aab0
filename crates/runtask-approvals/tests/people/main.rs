//! Who answers, and how they are asked: sign-in, proxies, channels, pages, against stand-ins on loopback.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod channels;
mod pages;
mod proxies;
mod reach;
mod sign_in;
mod surroundings;
