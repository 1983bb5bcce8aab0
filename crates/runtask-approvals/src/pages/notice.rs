//! Pages that say one thing.

use super::page::page;
use super::reply::html;
use bytes::Bytes;
use http::{Response, StatusCode};
use maud::html;

/// A page with a heading, a sentence, and perhaps a link to go on.
pub(super) fn notice(
    status: StatusCode,
    heading: &str,
    text: &str,
    onward: Option<(&str, &str)>,
) -> Response<Bytes> {
    let body = html! {
        h1 { (heading) }
        p { (text) }
        @if let Some((href, label)) = onward {
            p { a.button href=(href) { (label) } }
        }
    };
    html(status, page(heading, &body))
}

/// For every link that leads nowhere: forged, expired, or of an approval that is forgotten.
pub(super) fn not_found() -> Response<Bytes> {
    notice(
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "The link is incomplete, or what it led to is more than a day old. Look for the latest message in the channel.",
        None,
    )
}

/// The store does not answer.
pub(super) fn unavailable() -> Response<Bytes> {
    notice(
        StatusCode::SERVICE_UNAVAILABLE,
        "Not available at the moment",
        "Nothing was decided. Try again in a minute.",
        None,
    )
}

/// A page to leave by.
pub(super) fn sign_out() -> Response<Bytes> {
    let body = html! {
        h1 { "Sign out" }
        p { "You stay signed in at your identity provider; only these pages forget you." }
        form method="post" action="/-/signout" { button type="submit" { "Sign out" } }
    };
    html(StatusCode::OK, page("Sign out", &body))
}
