//! Finds out who looks at a page.

use crate::identity::{
    OidcSignIn, PersonError, ProxyError, ProxySignIn, ReturnPath, Sessions, SetCookie, easy_auth_identity,
    link_cookie, read_link_cookie,
};
use crate::person::{Identity, Proof};
use crate::public_address::PublicAddress;
use crate::text::fitted;
use crate::time::UnixTime;
use http::HeaderMap;
use std::collections::BTreeSet;

/// How people say who they are.
#[derive(Debug)]
pub enum SignIn {
    /// With OpenID Connect.
    Oidc(Box<OidcSignIn>),
    /// By a proxy that signs.
    Proxy(Box<ProxySignIn>),
    /// By Azure's headers, for people of this tenant. Nothing may reach us around it.
    EasyAuth {
        /// Directory (tenant) id.
        tenant: String,
    },
    /// In Slack: the page shows, and the message there has the buttons.
    Slack,
    /// Not at all: whoever has the link writes a name.
    Link,
}

/// Who looks.
#[derive(Debug)]
pub(super) enum Visitor {
    /// Somebody who is known. Their forms are bound to `session`.
    Known { identity: Box<Identity>, session: String },
    /// Somebody with the link. Their forms are bound to a cookie, which may have to be set first.
    Anybody { session: String, cookie: Option<SetCookie> },
    /// Somebody who can look, and answers in Slack.
    Reader,
}

/// Nobody is let in.
#[derive(Debug)]
pub(super) enum Stranger {
    /// They can sign in.
    SignedOut,
    /// They cannot: a sentence why.
    Refused(String),
    /// Nobody can tell at the moment.
    Unavailable,
}

/// Who sent a request with these headers.
pub(super) async fn visitor(
    sign_in: &SignIn,
    sessions: &Sessions,
    address: &PublicAddress,
    headers: &HeaderMap,
    now: UnixTime,
) -> Result<Visitor, Stranger> {
    let known = |identity: Identity| {
        let session = format!("{} {}", identity.issuer, identity.subject);
        Visitor::Known { identity: Box::new(identity), session }
    };
    match sign_in {
        SignIn::Oidc(_) => {
            let session = sessions.read(headers, now).ok_or(Stranger::SignedOut)?;
            Ok(Visitor::Known { identity: Box::new(session.identity), session: session.id })
        }
        SignIn::Proxy(proxy) => match proxy.identity(headers, now).await {
            Ok(identity) => Ok(known(identity)),
            Err(ProxyError::Unavailable) => Err(Stranger::Unavailable),
            Err(error) => Err(Stranger::Refused(error.to_string())),
        },
        SignIn::EasyAuth { tenant } => match easy_auth_identity(headers, tenant) {
            Ok(identity) => Ok(known(identity)),
            Err(error) => Err(Stranger::Refused(cannot(error))),
        },
        SignIn::Slack => Ok(Visitor::Reader),
        SignIn::Link => match read_link_cookie(headers, address) {
            Some(session) => Ok(Visitor::Anybody { session, cookie: None }),
            None => match link_cookie(address) {
                Ok((session, cookie)) => Ok(Visitor::Anybody { session, cookie: Some(cookie) }),
                Err(_no_randomness) => Err(Stranger::Unavailable),
            },
        },
    }
}

fn cannot(error: PersonError) -> String {
    format!("You cannot answer with this account: {error}.")
}

/// Bytes of a name that somebody writes.
const NAME_BYTES: usize = 80;

/// Somebody of whom nothing is known but the name they wrote; `None` when they wrote none.
pub(super) fn unverified(name: &str) -> Option<Identity> {
    let name = Some(fitted(name, NAME_BYTES)).filter(|it| !it.is_empty())?;
    Some(Identity {
        proof: Proof::Link,
        issuer: "link".to_owned(),
        subject: name.to_lowercase(),
        email: None,
        identifiers: BTreeSet::new(),
        // Whoever writes the creator's name is taken at their word, to their disadvantage.
        hints: BTreeSet::from([name.to_lowercase()]),
        name: Some(name),
        roles: BTreeSet::new(),
        groups: Some(BTreeSet::new()),
    })
}

/// Where somebody signs in who wants to come back to `path`.
pub(super) fn sign_in_address(path: &ReturnPath) -> String {
    let then = url::form_urlencoded::byte_serialize(path.as_str().as_bytes()).collect::<String>();
    format!("/-/signin?then={then}")
}
