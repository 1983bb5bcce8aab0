//! Who answers, and how they are asked: sign-in, proxies, channels, pages, against stand-ins on loopback.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod channels;
mod deciding_links;
mod house;
mod pages;
mod proxies;
mod reach;
mod sign_in;
mod signed_in;
mod slack_clicks;
mod surroundings;
