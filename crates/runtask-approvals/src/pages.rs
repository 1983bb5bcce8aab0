//! The pages on which people answer: from a request to an answer, without a server.
//!
//! Looking changes nothing, whoever looks and how often: `GET` and `HEAD` only read. A vote is a `POST` from a form of our
//! own, by somebody who has said who they are.
//!
//! There is no script and nothing of third parties; every text is escaped by the one library that makes the pages.

mod approval_page;
mod csrf;
mod form;
mod notice;
mod page;
mod reply;
mod router;
mod slack_clicks;
mod visitor;

pub use form::FORM_BYTES;
pub use router::{Followed, Pages};
pub use visitor::SignIn;
