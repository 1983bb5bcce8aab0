//! Makes answers, each with the headers that keep a page to itself.

use crate::identity::SetCookie;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use maud::Markup;

/// On every answer, whatever it is.
///
/// `Referrer-Policy` is not `no-referrer`: with that, browsers send `Origin: null` along with our own forms.
const HEADERS: [(HeaderName, &str); 9] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// An answer of a media type.
pub(super) fn answer(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A page.
pub(super) fn html(status: StatusCode, page: Markup) -> Response<Bytes> {
    answer(status, "text/html; charset=utf-8", page.into_string())
}

/// A line of text.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Bytes> {
    answer(status, "text/plain; charset=utf-8", text)
}

/// Nothing, for whoever is no browser.
pub(super) fn empty(status: StatusCode) -> Response<Bytes> {
    text(status, "")
}

/// To another address, with `GET`.
pub(super) fn see_other(location: &str) -> Response<Bytes> {
    let mut response = empty(StatusCode::SEE_OTHER);
    match HeaderValue::from_str(location) {
        Ok(location) => {
            response.headers_mut().insert(header::LOCATION, location);
        }
        // Addresses are URLs, or paths that were checked: neither has characters that a header cannot hold.
        Err(_characters) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
}

/// What is allowed, in place of what was tried.
pub(super) fn not_allowed(allowed: &'static str) -> Response<Bytes> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The same answer, which sets a cookie too.
pub(super) fn with_cookie(mut response: Response<Bytes>, cookie: &SetCookie) -> Response<Bytes> {
    if let Ok(mut value) = HeaderValue::from_str(cookie.header()) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
