//! Fetches a small document of JSON or text, or says in the log why not.

use super::kept::Unavailable;
use crate::outbound::Outbound;
use http::{Request, StatusCode, header};
use tracing::warn;
use url::Url;

/// Bytes of a document that are read. Lists of keys with certificates have about 20 000.
const DOCUMENT_BYTES: usize = 256 * 1024;

/// The document at `url`; `what` names it in the log.
pub(super) async fn fetch(outbound: &Outbound, what: &str, url: &Url) -> Result<Vec<u8>, Unavailable> {
    let refused = |why: &dyn std::fmt::Display| {
        // The address of an issuer's document is public.
        warn!(host = url.host_str(), "{what} could not be had: {why}");
        Unavailable
    };
    let request = Request::get(url.as_str()).header(header::ACCEPT, "application/json, text/plain;q=0.5");
    let request = request.body(Vec::new()).map_err(|error| refused(&error))?;
    let answer = outbound.send(request, DOCUMENT_BYTES).await;
    let answer = answer.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|it| format!(": {it}")).unwrap_or_default();
        refused(&format!("{error}{cause}"))
    })?;
    if answer.status != StatusCode::OK {
        return Err(refused(&format!("the answer is {}", answer.status)));
    }
    Ok(answer.body)
}
