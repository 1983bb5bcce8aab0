//! `GET /approve` and `GET /reject`: the addresses that the original wrote into messages.
//!
//! They decide nothing unless `RUNTASK_INSECURE_ONE_CLICK` is set, and then only with the token that their message has: who
//! knows the id of a run, as everybody does who may look at it, cannot make such an address.

use super::reply::{method_not_allowed, reply};
use super::settings::Dialect;
use crate::sweeping::Approvals;
use bytes::Bytes;
use http::header::{HeaderValue, LOCATION};
use http::{Method, Response, StatusCode, Uri};
use runtask_approvals::Choice;
use runtask_approvals::pages::Followed;
use url::form_urlencoded;

/// Decides by a token of a message, for a run, what somebody chose.
pub(crate) trait Deciding {
    fn decide(&self, token: &str, run_id: &str, choice: Choice) -> impl Future<Output = Followed> + Send;
}

impl Deciding for Approvals {
    async fn decide(&self, token: &str, run_id: &str, choice: Choice) -> Followed {
        self.follow(token, run_id, choice).await
    }
}

/// What a path of a link stands for; nothing for any other path.
pub(crate) fn choice(path: &str) -> Option<Choice> {
    match path {
        "/approve" => Some(Choice::Approve),
        "/reject" => Some(Choice::Reject),
        _ => None,
    }
}

/// Answers a request to one of the two paths.
pub(crate) async fn answer_link(
    dialect: Dialect,
    method: &Method,
    uri: &Uri,
    choice: Choice,
    deciding: &impl Deciding,
) -> Response<Bytes> {
    // HEAD as well: programs that look at links send it, and the original took it for a decision.
    if method != Method::GET {
        return method_not_allowed("GET");
    }
    let query = uri.query().unwrap_or_default();
    let parameter = |name: &str| {
        let mut all = form_urlencoded::parse(query.as_bytes());
        all.find(|(it, value)| it == name && !value.is_empty()).map(|(_, value)| value)
    };
    let Some(run_id) = parameter("run_id") else {
        return reply(StatusCode::BAD_REQUEST, "Missing 'run_id' parameter");
    };
    let token = parameter("token").filter(|it| is_token(it));
    match token {
        None => nowhere(),
        Some(token) if !dialect.one_click => to_the_page(&token),
        Some(token) => decided(&run_id, choice, deciding.decide(&token, &run_id, choice).await),
    }
}

/// Of what a token is made: it may stand in an address as it is.
fn is_token(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'))
}

/// A link from when links decided: it leads where people decide now.
fn to_the_page(token: &str) -> Response<Bytes> {
    let Ok(page) = HeaderValue::from_str(&format!("/-/a/{token}")) else { return nowhere() };
    let mut response = reply(StatusCode::SEE_OTHER, "");
    response.headers_mut().insert(LOCATION, page);
    response
}

fn decided(run_id: &str, choice: Choice, followed: Followed) -> Response<Bytes> {
    let (noun, verb) = match choice {
        Choice::Reject => ("REJECTED", "rejecting"),
        Choice::Approve | Choice::BreakGlass => ("APPROVED", "approving"),
    };
    match followed {
        Followed::Reported => {
            let run_id = escaped(run_id);
            reply(StatusCode::OK, format!("Run {run_id} {noun}. You can close this page."))
        }
        Followed::Decided => {
            let text = format!(
                "Error {verb} run: it is decided, and HCP Terraform has not taken the result yet. It is sent again."
            );
            reply(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
        Followed::InVain => {
            let text = format!("Error {verb} run: HCP Terraform does not wait for a result any more.");
            reply(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
        Followed::Nowhere => nowhere(),
        Followed::Unavailable => {
            reply(StatusCode::SERVICE_UNAVAILABLE, format!("Error {verb} run: try again later."))
        }
    }
}

fn nowhere() -> Response<Bytes> {
    reply(StatusCode::NOT_FOUND, "No pending run task for this run_id or it has expired.")
}

/// What others wrote, in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Notes what is decided, and says what came of it.
    struct Notes(Followed, Mutex<Vec<(String, String, Choice)>>);

    impl Deciding for Notes {
        async fn decide(&self, token: &str, run_id: &str, choice: Choice) -> Followed {
            self.1.lock().unwrap().push((token.to_owned(), run_id.to_owned(), choice));
            self.0
        }
    }

    fn dialect(one_click: bool) -> Dialect {
        Dialect { one_click, ..Dialect::default() }
    }

    async fn get(one_click: bool, uri: &str, notes: &Notes) -> (u16, String) {
        let uri: Uri = uri.parse().unwrap();
        let choice = choice(uri.path()).unwrap();
        let answer = answer_link(dialect(one_click), &Method::GET, &uri, choice, notes).await;
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
    }

    /// T-30: as the original says it, with and without links that decide.
    #[tokio::test]
    async fn a_link_without_a_run_or_to_nothing_is_answered_as_ever() {
        let expired = "No pending run task for this run_id or it has expired.".to_owned();
        for one_click in [true, false] {
            let notes = Notes(Followed::Nowhere, Mutex::default());
            let missing = (400, "Missing 'run_id' parameter".to_owned());
            for uri in ["/approve", "/reject?run_id=", "/approve?token=a.b"] {
                assert_eq!(get(one_click, uri, &notes).await, missing, "{uri}");
            }
            for uri in ["/approve?run_id=run-1", "/reject?run_id=x&token=", "/reject?run_id=x&token=a%0d%0ab"]
            {
                assert_eq!(get(one_click, uri, &notes).await, (404, expired.clone()), "{uri}");
            }
            assert!(notes.1.lock().unwrap().is_empty());
        }
        let notes = Notes(Followed::Nowhere, Mutex::default());
        assert_eq!(get(true, "/reject?run_id=x&token=a.b", &notes).await, (404, expired));
    }

    /// T-31, T-32: what is decided is said, with what others wrote as text.
    #[tokio::test]
    async fn what_was_decided_is_said_in_the_words_of_the_original() {
        let notes = Notes(Followed::Reported, Mutex::default());
        let approve = get(true, "/approve?run_id=run-%3Cb%3E&token=a.b", &notes).await;
        assert_eq!(approve, (200, "Run run-&lt;b&gt; APPROVED. You can close this page.".to_owned()));
        let reject = get(true, "/reject?run_id=run-1&token=a.b", &notes).await;
        assert_eq!(reject, (200, "Run run-1 REJECTED. You can close this page.".to_owned()));
        let noted = notes.1.into_inner().unwrap();
        assert_eq!(noted[0], ("a.b".to_owned(), "run-<b>".to_owned(), Choice::Approve));
        assert_eq!(noted[1].2, Choice::Reject);
        let notes = Notes(Followed::Decided, Mutex::default());
        let (status, text) = get(true, "/approve?run_id=run-1&token=a.b", &notes).await;
        assert!(status == 500 && text.starts_with("Error approving run"), "{status} {text}");
    }

    /// T-33, T-37: GET decides where that is asked for by name, and nowhere else; HEAD never does.
    #[tokio::test]
    async fn nothing_is_decided_by_looking_unless_asked_for() {
        let notes = Notes(Followed::Reported, Mutex::default());
        let uri: Uri = "/approve?run_id=run-1&token=a.b".parse().unwrap();
        let answer = answer_link(dialect(false), &Method::GET, &uri, Choice::Approve, &notes).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
            (303, "/-/a/a.b")
        );
        for method in [Method::HEAD, Method::POST, Method::OPTIONS] {
            let answer = answer_link(dialect(true), &method, &uri, Choice::Approve, &notes).await;
            assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "GET"));
        }
        assert!(notes.1.lock().unwrap().is_empty());
    }
}
