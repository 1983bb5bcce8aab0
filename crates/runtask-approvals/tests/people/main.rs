//! Who answers, and how they are asked: sign-in, proxies, channels, pages, against stand-ins on loopback.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod proxies;
mod sign_in;
