//! Who answers, and how they are asked: sign-in, proxies, channels, pages, against stand-ins on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod channels;
mod pages;
mod proxies;
mod sign_in;
